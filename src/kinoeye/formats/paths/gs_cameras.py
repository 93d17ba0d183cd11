"""cameras.json of 3D Gaussian Splatting: camera centres and camera-to-world rotations with OpenCV axes.

A list of objects with id, img_name, width, height, position, rotation, fx, fy, as training saves them beside its
splats (github.com/graphdeco-inria/gaussian-splatting); principal points are the middle of the image. Gen3R's file
has the same name: what it holds tells them apart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import MAX_SIDE, calibration_matrices, is_centred, of_one_size
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV
from kinoeye.geometry.record import json_array

NAME = "3dgs"
TITLE = "3D Gaussian Splatting cameras.json"
FILE_NAMES = ("*.3dgs.json",)
DEFAULT_NAME = "cameras.3dgs.json"
CONVENTION = OPENCV
HOLDS = frozenset({"size", "names", "ids"})
NEEDS = frozenset({"intrinsics", "pixels"})


def sniff(head: FileHead) -> bool:
    """A list of objects with position and rotation as matrices."""
    if re.match(r"\s*\[\s*\{", head.text) is None:
        return False
    position = re.search(r'"position"\s*:\s*\[\s*[-\d]', head.text)
    return position is not None and re.search(r'"rotation"\s*:\s*\[\s*\[', head.text) is not None


def read(path: Path) -> PathTable:
    """Read cameras in the order of the file."""
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path} is not a list of objects with position and rotation")
    if not rows:
        raise InputError(f"{path} holds no poses: the list is empty")
    position = json_array([row.get("position") for row in rows], (len(rows), 3), f"{path}.position")
    rotation = json_array([row.get("rotation") for row in rows], (len(rows), 3, 3), f"{path}.rotation")
    K, size, notes, found = _intrinsics(rows, path)
    return PathTable(
        matrices=np.concatenate([rotation, position[:, :, None]], -1),
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        size_wh=size,
        names=_column(rows, "img_name", str),
        ids=_column(rows, "id", int),
        notes=notes,
        findings=found,
    )


def keeps(table: PathTable) -> frozenset[str]:
    """Intrinsics about the middle of the image."""
    return frozenset({"intrinsics"} if is_centred(table) else ())


def write(table: PathTable, path: Path) -> list[str]:
    """Write one object a frame."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    names = table.names or tuple(f"frame_{i + 1:05d}.png" for i in range(len(table)))
    ids = table.ids or tuple(range(len(table)))
    rows = [
        {
            "id": ids[i],
            "img_name": names[i],
            "width": table.size_wh[0],
            "height": table.size_wh[1],
            "position": table.matrices[i, :, 3].tolist(),
            "rotation": table.matrices[i, :, :3].tolist(),
            "fy": float(table.intrinsics[i, 1, 1]),
            "fx": float(table.intrinsics[i, 0, 0]),
        }
        for i in range(len(table))
    ]
    write_json(path, rows)
    return [] if is_centred(table) else [f"{NAME} has no principal point: readers take the middle of the image"]


def _intrinsics(
    rows: list[dict[str, Any]], path: Path
) -> tuple[np.ndarray | None, tuple[int, int] | None, tuple[str, ...], tuple[Diagnosis, ...]]:
    keys = ("fx", "fy", "width", "height")
    if not all(row.get(key) is not None for row in rows for key in keys):
        return None, None, ("some cameras give no fx, fy, width and height: there are no intrinsics",), ()
    values = json_array([[row[key] for key in keys] for row in rows], (len(rows), 4), f"{path}: {', '.join(keys)}")
    if not ((values[:, 2:] >= 1) & (values[:, 2:] < MAX_SIDE)).all():
        raise InputError(f"{path} has cameras whose width or height is no number of pixels")
    sizes = [(round(w), round(h)) for w, h in values[:, 2:].tolist()]
    K, size, found = of_one_size(calibration_matrices(np.column_stack([values[:, :2], values[:, 2:] / 2])), sizes)
    return K, size, (), found


def _column(rows: list[dict[str, Any]], key: str, kind: type) -> tuple[Any, ...]:
    values = [row.get(key) for row in rows]
    return tuple(values) if all(type(value) is kind for value in values) else ()
