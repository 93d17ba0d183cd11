"""ViPE's results: pose/NAME.npz with `data` [n, 4, 4], camera-to-world with OpenCV axes, and frame numbers `inds`.

intrinsics/NAME.npz holds `data` [n, 4] of fx fy cx cy in pixels of the film, and NAME_camera.txt the lens of each
frame (vipe/utils/io.py of github.com/nv-tlabs/vipe). A file of poses, or the folder above `pose`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text
from kinoeye.formats.containers.arrays import read_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.pose_arrays import pose_matrices, whole_numbers
from kinoeye.geometry.convention import OPENCV

NAME = "vipe"
TITLE = "ViPE pose/NAME.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "pose.npz"
CONVENTION = OPENCV
HOLDS = frozenset({"intrinsics", "ids"})
NEEDS: frozenset[str] = frozenset()
_LENS = re.compile(r"^\d+:\s*(\w+)\s*$", re.MULTILINE)


def sniff(head: FileHead) -> bool:
    """An .npz of `data` and `inds`, or a folder of results with a folder `pose`."""
    if head.is_folder:
        return {"pose", "intrinsics"} <= head.entries
    return {"data", "inds"} <= head.members


def read(path: Path) -> PathTable | Mapping[str, PathTable]:
    """Read one result, or each result of a folder by its name."""
    if not path.is_dir():
        return _result(path)
    folder = path / "pose" if (path / "pose").is_dir() else path
    names = sorted(name for name in file_head(folder).entries if name.endswith(".npz"))
    if not names:
        raise InputError(f"{folder} has no NAME.npz")
    return {name.removesuffix(".npz"): _result(folder / name) for name in names}


def _result(path: Path) -> PathTable:
    arrays = read_npz(path, ("data", "inds"))
    if len(arrays) != 2:
        raise InputError(f"{path} has no arrays data and inds")
    if arrays["data"].ndim == 2 and arrays["data"].shape[1:] == (4,) and path.parent.name == "intrinsics":
        raise InputError(f"{path} holds ViPE's intrinsics; give the poses, {path.parent.parent / 'pose' / path.name}")
    matrices = pose_matrices(arrays["data"], f"{path}: data")
    table = PathTable(
        matrices=matrices,
        convention=CONVENTION,
        format=NAME,
        ids=whole_numbers(arrays["inds"], len(matrices), f"{path}: inds"),
        notes=("the scale is ViPE's estimate of metres",),
    )
    beside = path.parent.parent / "intrinsics" / path.name
    return _with_intrinsics(table, beside) if path.parent.name == "pose" and beside.is_file() else table


def _with_intrinsics(table: PathTable, path: Path) -> PathTable:
    """The table with the calibrations of its frames, by their numbers, and the lens that they share."""
    arrays = read_npz(path, ("data", "inds"))
    values = arrays.get("data", np.zeros(0))
    if "inds" not in arrays or values.dtype.kind != "f" or values.ndim != 2 or values.shape[1] < 4:
        raise InputError(f"{path} has no array data of fx fy cx cy with inds")
    row_of = {number: i for i, number in enumerate(whole_numbers(arrays["inds"], len(values), f"{path}: inds"))}
    if not set(table.ids) <= set(row_of):
        return table.noted(f"{path.name} has no intrinsics for some frames: they are left out")
    K = calibration_matrices(values[[row_of[number] for number in table.ids], :4])
    kinds = path.with_name(f"{path.stem}_camera.txt")
    lenses = set(_LENS.findall(read_text(kinds))) if kinds.is_file() else {"PINHOLE"}
    lens = "perspective" if lenses <= {"PINHOLE"} else "/".join(sorted(lenses))
    return replace(table, intrinsics=K, lens=lens)
