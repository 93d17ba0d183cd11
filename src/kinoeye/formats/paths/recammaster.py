"""ReCamMaster and SynCamMaster camera_extrinsics.json: frame -> camera -> Unreal pose, several cameras a file.

Source: github.com/KwaiVGI/ReCamMaster, inference_recammaster.py and example_test_data/cameras.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.unreal_rows import MAX_POSES, UNREAL, frame_numbers, gap_ids, pose_of, text_of

NAME = "recammaster"
TITLE = "ReCamMaster, SynCamMaster camera_extrinsics.json"
FILE_NAMES = ("*camera_extrinsics.json", "*.recammaster.json")
DEFAULT_NAME = "camera_extrinsics.json"
CONVENTION = UNREAL
HOLDS = frozenset({"unit", "up"})
NEEDS = frozenset({"unit", "up"})
CAMERA = "cam01"
FRAMES = 81


def sniff(head: FileHead) -> bool:
    """An object of frames, the first of them an object of strings that begin with a bracket."""
    return re.match(r'\s*\{\s*"frame\d+"\s*:\s*\{\s*"[^"]*"\s*:\s*"\s*\[', head.text[:4096]) is not None


def read(path: Path) -> dict[str, PathTable]:
    """Read every camera, by its name in the first frame."""
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f'{path} is no object of "frame0", "frame1", ...')
    frames = frame_numbers(data, "frame", str(path))
    first = data[next(iter(frames.values()))]
    if not isinstance(first, dict) or not first:
        raise InputError(f"{path} has no cameras in its first frame")
    if len(first) * len(frames) > MAX_POSES:
        raise InputError(f"{path} has {len(first)} cameras in {len(frames)} frames; at most {MAX_POSES:,} are read")
    for key in frames.values():
        lacking = [name for name in first if not isinstance(data[key], dict) or name not in data[key]]
        if lacking:
            raise InputError(f"{path} {key} lacks the camera {lacking[0][:80]!r} of the first frame: is it truncated?")
    return {
        name: PathTable(
            matrices=np.array([pose_of(data[key][name], f"{path} {key} {name}") for key in frames.values()]),
            convention=CONVENTION,
            format=NAME,
            ids=gap_ids(frames),
        )
        for name in first
    }


def write(table: PathTable, path: Path) -> list[str]:
    """Write the path as the camera "cam01", which `--cam_type 1` of ReCamMaster's inference reads."""
    write_json(path, {f"frame{i}": {CAMERA: text_of(matrix)} for i, matrix in enumerate(table.matrices)})
    return [] if len(table) == FRAMES else [f"ReCamMaster reads {FRAMES} frames; {len(table)} are written"]
