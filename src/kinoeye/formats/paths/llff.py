"""LLFF poses_bounds.npy: 17 numbers a frame, camera-to-world with axes down, right, backward, and near and far.

The first 15 are a 3x5 matrix row by row: rotation, translation, and a column of height, width and focal length
(Mildenhall et al. 2019, arXiv 1905.00889; github.com/Fyusion/LLFF).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import read_npy, write_npy
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import (
    MAX_SIDE,
    calibration_matrices,
    has_square_pixels,
    is_centred,
    of_one_size,
)
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import Convention

NAME = "llff"
TITLE = "LLFF poses_bounds.npy"
FILE_NAMES = ("*poses_bounds*.npy",)
DEFAULT_NAME = "poses_bounds.npy"
CONVENTION = Convention("DRB")
HOLDS = frozenset({"size", "near_far"})
NEEDS = frozenset({"intrinsics", "pixels"})
COLUMNS = 17


def sniff(head: FileHead) -> bool:
    """An array of numbers with 17 columns."""
    return head.array is not None and head.array[0] == "f" and len(head.array[1]) == 2 and head.array[1][1] == COLUMNS


def read(path: Path) -> PathTable:
    """Read poses, focal lengths about the middle of the image, and bounds; bounds that are all NaN are not known."""
    rows = read_npy(path)
    if rows.dtype.kind != "f" or rows.ndim != 2 or rows.shape[1] != COLUMNS or not len(rows):
        raise InputError(f"{path} has shape {rows.shape}; n x {COLUMNS} numbers are needed")
    rows = rows.astype(np.float64)
    blocks = rows[:, :15].reshape(-1, 3, 5)
    height, width, focal = blocks[:, :, 4].T
    sides = blocks[:, :2, 4]
    if not ((sides >= 1) & (sides < MAX_SIDE)).all():
        raise InputError(f"{path} has frames without an image size in columns 4 and 9")
    sizes = [(round(w), round(h)) for w, h in zip(width.tolist(), height.tolist(), strict=True)]
    K, size, found = of_one_size(calibration_matrices(np.column_stack([focal, focal, width / 2, height / 2])), sizes)
    return PathTable(
        matrices=blocks[:, :, :4],
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        size_wh=size,
        near_far=None if np.isnan(rows[:, 15:]).all() else rows[:, 15:],
        findings=found,
    )


def keeps(table: PathTable) -> frozenset[str]:
    """Intrinsics that one focal length a frame says."""
    return frozenset({"intrinsics"} if is_centred(table) and has_square_pixels(table) else ())


def write(table: PathTable, path: Path) -> list[str]:
    """Write 17 columns; bounds that are not known are NaN."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    width, height = table.size_wh
    focal = table.intrinsics[:, 1, 1]
    lens = np.column_stack([np.full(len(table), float(height)), np.full(len(table), float(width)), focal])
    bounds = np.full((len(table), 2), np.nan) if table.near_far is None else table.near_far
    blocks = np.concatenate([table.matrices, lens[:, :, None]], -1)
    write_npy(path, np.concatenate([blocks.reshape(-1, 15), bounds], -1))
    warnings = []
    if table.near_far is None:
        warnings.append(
            "the near and far distances are not known and written as NaN: loaders need them (columns 15, 16)"
        )
    if not keeps(table):
        warnings.append(f"{NAME} has one focal length about the middle of the image: the vertical one is written")
    return warnings
