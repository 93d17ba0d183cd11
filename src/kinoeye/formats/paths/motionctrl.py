"""MotionCtrl camera poses: a JSON list of frames, each the twelve numbers of a row-major 3x4 world-to-camera matrix.

The direction is told by the demo files: test_camera_I ("zoom in") has falling z translations, test_camera_L rising x
translations, and the demo's own table of moves calls them world-to-camera. Source: github.com/TencentARC/MotionCtrl,
app.py and dataset/camera_poses.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV_W2C
from kinoeye.geometry.record import json_array

NAME = "motionctrl"
TITLE = "MotionCtrl camera poses"
FILE_NAMES = ("motionctrl.json", "*.motionctrl.json", "test_camera_*.json")
DEFAULT_NAME = "motionctrl.json"
CONVENTION = OPENCV_W2C
HOLDS = frozenset[str]()
NEEDS = frozenset[str]()
FRAMES = 16

_NUMBER = r"\s*[\w.+-]+\s*"
_FIRST_FRAME = re.compile(rf"\s*\[\s*\[{_NUMBER}(?:,{_NUMBER}){{11}}\]")


def sniff(head: FileHead) -> bool:
    """A list whose first member is a list of twelve numbers."""
    return _FIRST_FRAME.match(head.text[:4096]) is not None


def read(path: Path) -> PathTable:
    """Read poses; there is nothing else in such a file."""
    matrices = json_array(read_json(path), (-1, 12), str(path))
    return PathTable(matrices=matrices.reshape(-1, 3, 4), convention=CONVENTION, format=NAME)


def write(table: PathTable, path: Path) -> list[str]:
    """Write poses in the world of the table."""
    warnings = []
    if not np.allclose(table.matrices[0, :, :3], np.eye(3), atol=1e-3):
        warnings.append(
            "the first camera is turned in its world, and MotionCtrl, trained on poses relative to the first camera, "
            "reads them as they are (--repair first-pose)"
        )
    if len(table) != FRAMES:
        warnings.append(f"MotionCtrl reads {FRAMES} cameras; {len(table)} are written")
    write_json(path, table.matrices.reshape(-1, 12).tolist())
    return warnings
