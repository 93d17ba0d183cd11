"""Blender's synthetic NeRF scenes: one horizontal angle, camera-to-world in OpenGL axes, a world with +z up.

The layout is that of the data set of Mildenhall et al. 2020 (arXiv 2003.08934), which says neither w and h nor a
unit. Its world is Blender's: x right, y forward, z up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import has_square_pixels, is_centred
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.nerf_frames import read_nerf_json
from kinoeye.geometry.convention import OPENGL, homogeneous

NAME = "blender-synthetic"
TITLE = "NeRF's Blender scenes (transforms_train.json)"
FILE_NAMES = ("*.blender.json",)
DEFAULT_NAME = "scene.blender.json"
CONVENTION = OPENGL.with_world("RFU")
HOLDS = frozenset({"names", "up"})
NEEDS = frozenset({"intrinsics", "pixels", "up"})
_SPLITS = ("train", "val", "test")
_PIXEL_KEYS = re.compile(r'"(w|h|fl_x|fl_y|cx|cy|camera_angle_y|camera_model|monst3r_im_id)"\s*:')


def sniff(head: FileHead) -> bool:
    """Frames with `transform_matrix` and a `camera_angle_x`, but nothing in pixels; or the folder of splits."""
    if head.is_folder:
        return any(sniff(file_head(file)) for file in _splits(head.path).values())
    text = head.text
    if not text.lstrip().startswith("{") or re.search(r'"transform_matrix"\s*:\s*\[', text) is None:
        return False
    return re.search(r'"camera_angle_x"\s*:', text) is not None and _PIXEL_KEYS.search(text) is None


def read(path: Path) -> PathTable | Mapping[str, PathTable]:
    """Read one file, or the splits of a folder as cameras named train, val and test."""
    if not path.is_dir():
        return read_nerf_json(path, CONVENTION, NAME, number_key="id")
    splits = _splits(path)
    if not splits:
        raise InputError(f"{path} has no transforms_train.json, transforms_val.json or transforms_test.json")
    return {split: read_nerf_json(file, CONVENTION, NAME, number_key="id") for split, file in splits.items()}


def keeps(table: PathTable) -> frozenset[str]:
    """The intrinsics where one horizontal angle says all of them."""
    return frozenset({"intrinsics"} if _is_one_angle(table) else ())


def write(table: PathTable, path: Path) -> list[str]:
    """Write the horizontal angle of the first frame, and names without the ending that readers add."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    angle = 2 * math.atan(table.size_wh[0] / (2 * float(table.intrinsics[0, 0, 0])))
    names = table.names or tuple(f"./train/r_{i}" for i in range(len(table)))
    poses = homogeneous(table.matrices).tolist()
    frames = [{"file_path": name, "transform_matrix": pose} for name, pose in zip(names, poses, strict=True)]
    write_json(path, {"camera_angle_x": angle, "frames": frames})
    if _is_one_angle(table):
        return []
    return [f"{NAME} has one angle for all frames: {math.degrees(angle):.4g} degrees, that of the first, are written"]


def _splits(folder: Path) -> dict[str, Path]:
    files = {split: folder / f"transforms_{split}.json" for split in _SPLITS}
    return {split: file for split, file in files.items() if file.is_file() and file.stat().st_size}


def _is_one_angle(table: PathTable) -> bool:
    if table.intrinsics is None or not (is_centred(table) and has_square_pixels(table)):
        return False
    return bool(np.ptp(table.intrinsics[:, 0, 0]) <= 1e-6 * table.intrinsics[0, 0, 0])
