"""Gen3R cameras.json: world-to-camera matrices and calibrations for its 560x560 centre crop."""

from __future__ import annotations

import re
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV_W2C, homogeneous
from kinoeye.geometry.record import json_array

NAME = "gen3r"
TITLE = "Gen3R cameras.json"
FILE_NAMES = ("*cameras.json",)
DEFAULT_NAME = "cameras.json"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics", "size"})
NEEDS = frozenset({"intrinsics", "pixels"})
SIDE = 560
FRAMES = 49


def sniff(head: FileHead) -> bool:
    """An object that begins with `extrinsics` or `intrinsics` as nested lists."""
    return re.match(r'\s*\{\s*"(ex|in)trinsics"\s*:\s*\[\s*\[\s*\[', head.text) is not None


def read(path: Path) -> PathTable:
    """Read poses and calibrations."""
    data = read_json(path)
    if not isinstance(data, dict) or not data.get("extrinsics") or not data.get("intrinsics"):
        raise InputError(f"{path} lacks the lists `extrinsics` and `intrinsics`, or holds no poses")
    matrices = json_array(data["extrinsics"], (-1, 4, 4), f"{path}.extrinsics")[:, :3]
    return PathTable(
        matrices=matrices,
        convention=CONVENTION,
        format=NAME,
        intrinsics=json_array(data["intrinsics"], (len(matrices), 3, 3), f"{path}.intrinsics"),
        size_wh=(SIDE, SIDE),
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write poses, and calibrations of the image scaled and cropped to 560x560 as Gen3R does with its pictures."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    warnings = []
    width, height = table.size_wh
    ratio = SIDE / min(width, height)
    scaled = (round(width * ratio), round(height * ratio))
    K = table.with_size(scaled).intrinsics
    assert K is not None
    K = K.copy()
    K[:, 0, 2] -= (scaled[0] - SIDE) // 2
    K[:, 1, 2] -= (scaled[1] - SIDE) // 2
    if width != height:
        warnings.append(f"the image of {width}x{height} is cropped to its centre, as Gen3R does")
    if len(table) != FRAMES:
        warnings.append(f"Gen3R reads exactly {FRAMES} cameras; {len(table)} are written")
    write_json(path, {"extrinsics": homogeneous(table.matrices).tolist(), "intrinsics": K.tolist()})
    return warnings
