"""SEVA scenes (Stable Virtual Camera): a folder with transforms.json and train_test_split_N.json.

A split names the frames that are given (train_ids) and those to film (test_ids); its N is the number of the given.
The poses are camera-to-world in OpenGL axes, with all intrinsics in every frame (docs/CLI_USAGE.md and
seva/data_io.py of github.com/Stability-AI/stable-virtual-camera).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.nerf_frames import image_names, intrinsics_keys, read_nerf_json
from kinoeye.geometry.convention import OPENGL, homogeneous

NAME = "seva"
TITLE = "SEVA scene folder"
FILE_NAMES = ("*.seva", "seva")
DEFAULT_NAME = "seva"
CONVENTION = OPENGL
HOLDS = frozenset({"intrinsics", "size", "names"})
NEEDS = frozenset({"intrinsics", "pixels"})
_POSES = "transforms.json"
_SPLIT = re.compile(r"train_test_split_\w+\.json")


def sniff(head: FileHead) -> bool:
    """A folder with both files."""
    return _POSES in head.entries and any(map(_SPLIT.fullmatch, head.entries))


def read(path: Path) -> PathTable:
    """Read all frames, given ones and those to film, in the order of transforms.json; notes say which are given."""
    if not path.is_dir():
        raise InputError(f"{path} is a file; a SEVA scene is a folder with {_POSES} and train_test_split_N.json")
    table = read_nerf_json(path / _POSES, CONVENTION, NAME, number_key="id")
    for name in sorted(filter(_SPLIT.fullmatch, file_head(path).entries)):
        split = read_json(path / name)
        given = split.get("train_ids") if isinstance(split, dict) else None
        wanted = split.get("test_ids") if isinstance(split, dict) else None
        if not isinstance(given, list) or not isinstance(wanted, list):
            raise InputError(f"{path / name} has no lists train_ids and test_ids")
        numbers = [*given, *wanted]
        if not all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < len(table) for i in numbers):
            raise InputError(f"{path / name} names frames that are not among the {len(table)} of {_POSES}")
        shown = ", ".join(map(str, given[:8])) + (", ..." if len(given) > 8 else "")
        table = table.noted(f"{name}: frames {shown} are given, {len(wanted)} are to be filmed")
    return table


def write(table: PathTable, path: Path) -> list[str]:
    """Write the two files, with the first frame as the one that is given."""
    if path.is_file():
        raise InputError(f"{path} is a file; a SEVA scene is a folder")
    pinhole = replace(table, distortion={})
    frames = [
        {"file_path": name, **intrinsics_keys(pinhole, i), "transform_matrix": pose}
        for i, (name, pose) in enumerate(zip(image_names(table), homogeneous(table.matrices).tolist(), strict=True))
    ]
    split = {"train_ids": [0], "test_ids": list(range(1, len(table)))}
    write_json(path / "train_test_split_1.json", split)
    write_json(path / _POSES, {"orientation_override": "none", "frames": frames})
    return [
        f"SEVA opens a picture for every frame: put {frames[0]['file_path']} into {path}, and black ones for the rest"
    ]
