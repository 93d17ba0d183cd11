"""AC3D camera_info.json: image size, calibrations in pixels and world-to-camera matrices, one a frame.

A file with `metric_scale` has been rescaled: its translations are metres already, that factor times those of the file
that it was made from. Source: github.com/snap-research/ac3d, data/metric_scale_camera and inference/create_camera.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV_W2C
from kinoeye.geometry.record import json_array

NAME = "ac3d"
TITLE = "AC3D camera_info.json"
FILE_NAMES = ("*camera_info.json", "*camera_info_metric_rescaled*.json", "*.ac3d.json")
DEFAULT_NAME = "camera_info.json"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics", "size", "unit"})
NEEDS = frozenset({"intrinsics", "pixels"})
_MOST_PIXELS = 100_000


def sniff(head: FileHead) -> bool:
    """An object that begins with the image size, or with what moves, as AC3D's scripts write it."""
    return re.match(r'\s*\{\s*"(?:imH|imW|moving_camera|moving_object)"\s*:', head.text) is not None


def read(path: Path) -> PathTable:
    """Read poses and calibrations; metres where the file says that it was rescaled."""
    data = read_json(path)
    missing = [key for key in ("imH", "imW", "intrinsics", "w2c") if not isinstance(data, dict) or key not in data]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; AC3D's camera files have imH, imW, intrinsics and w2c")
    matrices = json_array(data["w2c"], (-1, 3, 4), f"{path}.w2c")
    is_metric = "metric_scale" in data
    note = "translations are metres: `metric_scale` says that they were rescaled"
    return PathTable(
        matrices=matrices,
        convention=replace(CONVENTION, metres_per_unit=1.0 if is_metric else None),
        format=NAME,
        intrinsics=json_array(data["intrinsics"], (len(matrices), 3, 3), f"{path}.intrinsics"),
        size_wh=(_side(data["imW"], f"{path}.imW"), _side(data["imH"], f"{path}.imH")),
        notes=(note,) if is_metric else (),
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write poses and calibrations; metres are said by a `metric_scale` of 1."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    data = {
        "imH": table.size_wh[1],
        "imW": table.size_wh[0],
        "intrinsics": table.intrinsics.tolist(),
        "w2c": table.matrices.tolist(),
        **({"metric_scale": 1.0} if table.unit == "m" else {}),
    }
    write_json(path, data)
    return []


def _side(value: object, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_PIXELS:
        return value
    raise InputError(f"{where} is {str(value)[:40]!r}; a number of pixels is needed")
