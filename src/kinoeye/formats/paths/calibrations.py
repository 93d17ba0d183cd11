"""Calibration matrices of files: made of their numbers, brought to one image size, and tested for what they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from kinoeye.formats.diagnosis import Diagnosis, describe_frames
from kinoeye.formats.path_table import PathTable
from kinoeye.geometry.convention import NORMALISED, Float64

SizeWH = tuple[int, int]
MAX_SIDE = 1_000_000
"""No image is larger; a file that says so is damaged."""


def calibration_matrices(fx_fy_cx_cy: ArrayLike) -> Float64:
    """[n, 3, 3] calibration matrices of focal lengths and principal points [n, 4]."""
    values = np.asarray(fx_fy_cx_cy, np.float64)
    K = np.tile(np.eye(3), (len(values), 1, 1))
    K[:, [0, 1, 0, 1], [0, 1, 2, 2]] = values
    return K


def calibration_rows(K: Float64) -> Float64:
    """[n, 4] focal lengths and principal points of calibration matrices [n, 3, 3]."""
    return K[:, [0, 1, 0, 1], [0, 1, 2, 2]]


def of_one_size(K: Float64, sizes: Sequence[SizeWH]) -> tuple[Float64, SizeWH, tuple[Diagnosis, ...]]:
    """[n, 3, 3] in pixels of one size, that size, and findings; those of images of different sizes are normalised."""
    if len(set(sizes)) == 1:
        return K, sizes[0], ()
    scale = np.array([[1 / width, 1 / height, 1.0] for width, height in sizes])
    others = tuple(i for i, size in enumerate(sizes) if size != sizes[0])
    text = (
        f"{describe_frames(np.array(others), len(sizes))}: the images are not {sizes[0][0]}x{sizes[0][1]} as the first"
    )
    found = Diagnosis("mixed-sizes", "warning", others, f"{text}; intrinsics are normalised")
    return K * scale[:, :, None], NORMALISED, (found,)


def is_centred(table: PathTable) -> bool:
    """Whether every principal point is the middle of the image, to a millionth of its side."""
    if table.intrinsics is None or table.size_wh is None:
        return False
    return bool(np.abs(table.intrinsics[:, :2, 2] / np.asarray(table.size_wh) - 0.5).max() < 1e-6)


def has_square_pixels(table: PathTable) -> bool:
    """Whether the two focal lengths in pixels are one, to a millionth."""
    if table.intrinsics is None or table.size_wh in (None, NORMALISED):
        return False
    return bool(np.abs(table.intrinsics[:, 0, 0] / table.intrinsics[:, 1, 1] - 1).max() < 1e-6)
