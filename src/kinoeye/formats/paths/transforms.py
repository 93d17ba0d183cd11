"""transforms.json of nerfstudio, instant-ngp, Blender's NeRF data and DataDoP: camera-to-world, OpenGL axes."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENGL, homogeneous
from kinoeye.geometry.record import json_array

NAME = "transforms"
TITLE = "nerfstudio, instant-ngp, DataDoP transforms.json"
FILE_NAMES = ("*transforms*.json",)
DEFAULT_NAME = "transforms.json"
CONVENTION = OPENGL
HOLDS = frozenset({"intrinsics", "size", "names", "ids", "distortion"})
NEEDS = frozenset({"pixels"})
_COEFFICIENTS = ("k1", "k2", "k3", "k4", "p1", "p2")
_PERSPECTIVE = ("", "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE")


def sniff(head: FileHead) -> bool:
    """An object whose frames hold `transform_matrix`."""
    return head.text.lstrip().startswith("{") and re.search(r'"transform_matrix"\s*:\s*\[', head.text) is not None


def read(path: Path) -> PathTable:
    """Read poses in file order; intrinsics of a frame override those of the file."""
    data = read_json(path)
    frames = data.get("frames") if isinstance(data, dict) else None
    if not isinstance(frames, list) or not all(isinstance(f, dict) and "transform_matrix" in f for f in frames):
        raise InputError(f"{path} has no list `frames` of objects with a transform_matrix")
    if not frames:
        raise InputError(f"{path} holds no poses: `frames` is empty")
    matrices = np.stack([_matrix(f["transform_matrix"], f"{path}.frames[{i}]") for i, f in enumerate(frames)])
    rows = [_Camera({**data, **frame}, f"{path}.frames[{i}]") for i, frame in enumerate(frames)]
    intrinsics, size, notes = _shared_intrinsics(rows)
    model = str(data.get("camera_model", "")).upper()
    return PathTable(
        matrices=matrices,
        convention=CONVENTION,
        format=NAME,
        intrinsics=intrinsics,
        size_wh=size,
        names=_column(frames, "file_path", str),
        ids=_column(frames, "monst3r_im_id", int),
        distortion={
            k: np.array([row.coefficients[k] for row in rows])
            for k in _COEFFICIENTS
            if any(row.coefficients[k] for row in rows)
        },
        lens="perspective" if model in _PERSPECTIVE else model,
        notes=notes,
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one object; intrinsics at the top where they never change, otherwise a frame each."""
    data: dict[str, Any] = {} if table.lens == "perspective" else {"camera_model": table.lens}
    per_frame = [_keys(table, i) for i in range(len(table))]
    shared = all(keys == per_frame[0] for keys in per_frame)
    if shared:
        data |= per_frame[0]
    poses = homogeneous(table.matrices).tolist()
    names = table.names or [f"images/frame_{i + 1:05d}.png" for i in range(len(table))]
    ids = table.ids or range(1, len(table) + 1)
    data["frames"] = [
        {"file_path": name, "monst3r_im_id": number, **({} if shared else keys), "transform_matrix": pose}
        for name, number, keys, pose in zip(names, ids, per_frame, poses, strict=True)
    ]
    write_json(path, data)
    lost = [name for name in table.distortion if name not in _COEFFICIENTS]
    return [f"{NAME} cannot hold the distortion coefficients {', '.join(lost)}"] if lost else []


class _Camera:
    """The intrinsics that hold for one frame: K in pixels of `size_wh`, or normalised where only angles are given."""

    def __init__(self, keys: dict[str, Any], where: str) -> None:
        number = {key: _number(keys[key], f"{where}.{key}") for key in _KNOWN if keys.get(key) is not None}
        self.coefficients = {key: number.get(key, 0.0) for key in _COEFFICIENTS}
        self.notes: tuple[str, ...] = ()
        self.size_wh = _size(number, where)
        width, height = self.size_wh or (None, None)
        fx, fy = number.get("fl_x"), number.get("fl_y", number.get("fl_x"))
        if fx is None:
            if width is None and "camera_angle_x" in number:
                self.size_wh, (width, height) = (1, 1), (1, 1)
                if "camera_angle_y" not in number:
                    self.notes = ("the file gives an angle without w and h: a square image is assumed",)
            fx = _focal(number.get("camera_angle_x"), width)
            fy = _focal(number.get("camera_angle_y"), height) or fx
        cx = number.get("cx", None if width is None else width / 2)
        cy = number.get("cy", None if height is None else height / 2)
        known = None not in (fx, fy, cx, cy)
        self.K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64) if known else None


_KNOWN = ("w", "h", "fl_x", "fl_y", "cx", "cy", "camera_angle_x", "camera_angle_y", *_COEFFICIENTS)


def _shared_intrinsics(rows: list[_Camera]) -> tuple[np.ndarray | None, tuple[int, int] | None, tuple[str, ...]]:
    """Intrinsics [n, 3, 3], their size and notes; frames of different sizes are normalised."""
    notes = tuple(dict.fromkeys(note for row in rows for note in row.notes))
    matrices = [row.K for row in rows]
    sizes = [row.size_wh for row in rows]
    if any(K is None for K in matrices):
        return None, sizes[0] if len(set(sizes)) == 1 else None, (*notes, "the file gives no complete intrinsics")
    K = np.stack([K for K in matrices if K is not None])
    if len(set(sizes)) == 1:
        return K, sizes[0], notes
    if any(size is None for size in sizes):
        return None, None, (*notes, "only some frames give their image size: intrinsics are left out")
    scale = np.array([[1 / size[0], 1 / size[1], 1.0] for size in sizes if size is not None])
    return K * scale[:, :, None], (1, 1), (*notes, "frames have different image sizes: intrinsics are normalised")


def _keys(table: PathTable, i: int) -> dict[str, float]:
    keys: dict[str, float] = {}
    if table.size_wh is not None:
        keys |= {"w": table.size_wh[0], "h": table.size_wh[1]}
    if table.intrinsics is not None:
        K = table.intrinsics[i].tolist()
        keys |= {"fl_x": K[0][0], "fl_y": K[1][1], "cx": K[0][2], "cy": K[1][2]}
    return keys | {name: float(table.distortion[name][i]) for name in _COEFFICIENTS if name in table.distortion}


def _matrix(data: Any, where: str) -> np.ndarray:
    rows = 3 if isinstance(data, list) and len(data) == 3 else 4
    return json_array(data, (rows, 4), f"{where}.transform_matrix")[:3]


def _size(number: dict[str, float], where: str) -> tuple[int, int] | None:
    if "w" not in number or "h" not in number:
        return None
    size = (round(number["w"]), round(number["h"]))
    if min(size) <= 0:
        raise InputError(f"{where} has an image of {size[0]}x{size[1]}; w and h are pixels")
    return size


def _focal(angle: float | None, pixels: float | None) -> float | None:
    return None if angle is None or pixels is None or not 0 < angle < math.pi else pixels / (2 * math.tan(angle / 2))


def _number(value: Any, where: str) -> float:
    number = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a whole number beyond the largest float
            number = float(value)
    if not math.isfinite(number):
        raise InputError(f"{where} is {value!r:.40}; a finite number is needed")
    return number


def _column(frames: list[dict[str, Any]], key: str, kind: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A column of the frames, where every frame has it."""
    values = [frame.get(key) for frame in frames]
    return tuple(map(kind, values)) if all(isinstance(value, kind) for value in values) else ()  # type: ignore[arg-type]
