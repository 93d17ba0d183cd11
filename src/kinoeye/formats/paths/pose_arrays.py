"""Arrays of strangers as poses, calibrations and numbers, whatever axes of length 1 stand before them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npz_shapes, read_npz
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.geometry.convention import Float64

MAX_POSES = 1_000_000


def pose_matrices(array: NDArray, where: str) -> Float64:
    """[n, 3, 4] of an array [n, 3, 4] or [n, 4, 4], or of one pose.

    Raises:
        InputError: it has another shape, more than a million poses, or holds something else than numbers.
    """
    if array.ndim > 2 and max(array.shape[:-2]) > MAX_POSES:
        raise InputError(f"{where} has {max(array.shape[:-2]):,} poses; at most {MAX_POSES:,} are read")
    values = _numbers(array, where)
    while values.ndim > 3 and values.shape[0] == 1:
        values = values[0]
    values = values[None] if values.ndim == 2 else values
    if not is_pose_shape(values.shape) or values.ndim != 3:
        raise InputError(f"{where} has shape {_shape(array)}; poses are n x 3 x 4 or n x 4 x 4")
    if not len(values):
        raise InputError(f"{where} holds no poses")
    return values[:, :3]


def numbered_matrices(path: Path, *kinds: str) -> tuple[tuple[int, ...], list[Float64]]:
    """The numbers i of an .npz, in order, and of each kind the matrices [n, 4, 4] that are named KIND_i.

    Raises:
        InputError: there is none of the first kind, or a view lacks one.
    """
    pattern = re.compile(rf"{kinds[0]}_(\d{{1,6}})")
    views = sorted(int(match.group(1)) for match in map(pattern.fullmatch, npz_shapes(path)) if match)
    if not views:
        raise InputError(f"{path} holds no poses: there is no {kinds[0]}_0")
    arrays = read_npz(path, [f"{kind}_{i}" for i in views for kind in kinds])
    for name in (f"{kind}_{i}" for i in views for kind in kinds):
        if name not in arrays or arrays[name].shape != (4, 4) or arrays[name].dtype.kind != "f":
            raise InputError(f"{path} has no 4x4 matrix {name}")
    return tuple(views), [np.stack([arrays[f"{kind}_{i}"] for i in views]).astype(np.float64) for kind in kinds]


def frame_calibrations(array: NDArray, frames: int, where: str) -> Float64:
    """[frames, 3, 3] of an array of 3x3 or 4x4 matrices or of fx fy cx cy, one for all frames or one for each.

    Raises:
        InputError: it has another shape, or holds something else than numbers.
    """
    values = _numbers(array, where)
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    if values.shape == (4, 4) and values[3, 0] == 0:  # a matrix; four rows of fx fy cx cy have no zero
        K = values[None, :3, :3]
    elif values.shape in ((4,), (1, 4), (frames, 4)):
        K = calibration_matrices(values.reshape(-1, 4))
    elif values.shape == (3, 3):
        K = values[None]
    elif values.ndim == 3 and values.shape[1:] in ((3, 3), (4, 4), (3, 4)):
        K = values[:, :3, :3]
    else:
        raise InputError(f"{where} has shape {_shape(array)}; calibrations are n x 3 x 3, or n x 4 of fx fy cx cy")
    if len(K) not in (1, frames):
        raise InputError(f"{where} has {len(K)} calibrations for {frames} poses; one, or one a pose is needed")
    return np.broadcast_to(K, (frames, 3, 3)).copy()


def column(array: NDArray, frames: int, where: str) -> Float64:
    """[frames] numbers.

    Raises:
        InputError: there are more or fewer, or they are something else.
    """
    values = _numbers(array, where).reshape(-1)
    if len(values) != frames:
        raise InputError(f"{where} has {len(values)} values for {frames} poses; one a pose is needed")
    return values


def whole_numbers(array: NDArray, frames: int, where: str) -> tuple[int, ...]:
    """`column` as whole numbers.

    Raises:
        InputError: as `column`, or a value is not whole.
    """
    values = column(array, frames, where)
    if not np.isfinite(values).all() or (values != np.round(values)).any() or np.abs(values).max(initial=0) > 2**53:
        raise InputError(f"{where} holds something else than whole numbers")
    return tuple(int(value) for value in values)


def is_pose_shape(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape may be matrices 3x4 or 4x4."""
    return len(shape) >= 2 and shape[-2:] in ((3, 4), (4, 4))


def _numbers(array: NDArray, where: str) -> Float64:
    if array.dtype.kind not in "fiu":
        raise InputError(f"{where} is an array of {array.dtype}; numbers are needed")
    return array.astype(np.float64)


def _shape(array: NDArray) -> str:
    return " x ".join(map(str, array.shape)) or "of one number"
