"""DataDoP shots: 120 camera-to-world poses in OpenGL axes, from MonST3R; a file, or the folder of a video's shots.

A shot is SHOT_transforms_cleaning.json beside SHOT_caption.json, SHOT_depth.npy and others (GenDoP, arXiv 2504.07083).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.nerf_frames import intrinsics_keys, read_nerf_json
from kinoeye.geometry.convention import OPENGL, homogeneous

NAME = "datadop"
TITLE = "DataDoP, GenDoP *_transforms_cleaning.json"
FILE_NAMES = ("*_transforms_cleaning.json",)
DEFAULT_NAME = "shot_transforms_cleaning.json"
CONVENTION = OPENGL
HOLDS = frozenset({"intrinsics", "size", "ids"})
NEEDS = frozenset({"intrinsics", "pixels"})
FRAMES = 120
_ENDING = "_transforms_cleaning.json"
_NUMBER = "monst3r_im_id"


def sniff(head: FileHead) -> bool:
    """An object whose frames have MonST3R's image numbers, or a folder with files of DataDoP's name."""
    if head.is_folder:
        return any(name.endswith(_ENDING) for name in head.entries)
    has_poses = re.search(r'"transform_matrix"\s*:\s*\[', head.text) is not None
    return has_poses and re.search(rf'"{_NUMBER}"\s*:', head.text) is not None


def read(path: Path) -> PathTable | Mapping[str, PathTable]:
    """Read one shot, or each shot of a folder by its name; a caption beside a shot becomes a note."""
    if not path.is_dir():
        return _shot(path)
    files = sorted(name for name in file_head(path).entries if name.endswith(_ENDING))
    if not files:
        raise InputError(f"{path} has no file that ends in {_ENDING}")
    return {name.removesuffix(_ENDING): _shot(path / name) for name in files}


def write(table: PathTable, path: Path) -> list[str]:
    """Write one object; the intrinsics of the first frame at its top, and a frame each where they change."""
    pinhole = replace(table, distortion={})
    per_frame = [intrinsics_keys(pinhole, i) for i in range(len(table))]
    shared = all(keys == per_frame[0] for keys in per_frame)
    numbers = table.ids or tuple(range(1, len(table) + 1))
    frames = [
        {"transform_matrix": pose, _NUMBER: number, **({} if shared else keys)}
        for pose, number, keys in zip(homogeneous(table.matrices).tolist(), numbers, per_frame, strict=True)
    ]
    write_json(path, {**per_frame[0], "frames": frames})
    warnings = [] if shared else ["GenDoP reads one set of intrinsics for a shot: that of the first frame"]
    if len(table) != FRAMES:
        warnings.append(f"GenDoP reads exactly {FRAMES} cameras; {len(table)} are written")
    return warnings


def _shot(path: Path) -> PathTable:
    table = read_nerf_json(path, CONVENTION, NAME, number_key=_NUMBER)
    caption = path.with_name(path.name.removesuffix(_ENDING) + "_caption.json")
    if path.name.endswith(_ENDING) and caption.is_file():
        words = read_json(caption)
        if isinstance(words, dict) and isinstance(words.get("Movement"), str):
            table = table.noted(f"caption: {' '.join(words['Movement'].split())}")
    return table
