"""cameras_sphere.npz of IDR, VolSDF and NeuS: world_mat_i, the projection K [R | t] of view i, and scale_mat_i.

world_mat is 4x4 with a last row of 0 0 0 1 and maps points of the world to pixels of a camera with OpenCV axes;
scale_mat maps the unit sphere, in which these models work, to the world. Source: DATA_CONVENTION.md of
github.com/lioryariv/idr. DVR and UNISURF write other matrices under the same names: there world_mat is [R | t] alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import read_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.pose_arrays import numbered_matrices
from kinoeye.geometry.convention import OPENCV_W2C, Float64

NAME = "idr"
TITLE = "IDR, VolSDF, NeuS cameras_sphere.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "cameras_sphere.npz"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics", "ids"})
NEEDS: frozenset[str] = frozenset()
LEAST_FOCAL = 2.0
"""Pixels; a shorter one is none of an image, but of a pose without a calibration."""


def sniff(head: FileHead) -> bool:
    """An .npz with world and scale matrices that are numbered."""
    return {"world_mat_0", "scale_mat_0"} <= head.members


def read(path: Path) -> PathTable:
    """Read the views in the order of their numbers; the scale matrix is noted and not applied."""
    views, (projections,) = numbered_matrices(path, "world_mat")
    K, poses = factored(projections[:, :3])
    focal = K[:, [0, 1], [0, 1]]
    if np.isfinite(focal).all() and (focal < LEAST_FOCAL).all():
        raise InputError(
            f"{path}: world_mat_{views[0]} is a pose without a calibration, as DVR and UNISURF write it; K [R | t] in "
            "pixels is needed"
        )
    return PathTable(
        matrices=poses,
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        ids=views,
        notes=_notes(read_npz(path, [f"scale_mat_{views[0]}"])),
    )


def factored(projections: Float64) -> tuple[Float64, Float64]:
    """Calibrations [n, 3, 3] and world-to-camera poses [n, 3, 4] of projections [n, 3, 4], each up to a factor.

    By RQ decomposition (Hartley and Zisserman 2004, 6.2.4): the diagonal of K is positive and its corner 1. What has no
    calibration is NaN.
    """
    with np.errstate(all="ignore"):
        blocks = projections[:, :, :3]
        front = np.where(np.linalg.det(blocks) < 0, -1.0, 1.0)[:, None, None]  # a rotation does not mirror
        blocks, offset = front * blocks, front * projections[:, :, 3:]
        Q, upper = np.linalg.qr(np.swapaxes(blocks[:, ::-1], 1, 2))
        K, rotation = np.swapaxes(upper, 1, 2)[:, ::-1, ::-1], np.swapaxes(Q, 1, 2)[:, ::-1]
        signs = np.where(np.diagonal(K, axis1=1, axis2=2) < 0, -1.0, 1.0)
        K, rotation = K * signs[:, None, :], signs[:, :, None] * rotation
        translation = rotation @ _solved(blocks, offset)
        K = K / K[:, 2:, 2:]
    return np.where(np.isfinite(K), K, np.nan), np.concatenate([rotation, translation], -1)


def _solved(blocks: Float64, offset: Float64) -> Float64:
    """Solutions [n, 3, 1] of small systems by cross products (Cramer's rule); NaN or infinite where there is none."""
    first, second, third = np.moveaxis(blocks, 1, 0)
    columns = [np.cross(second, third), np.cross(third, first), np.cross(first, second)]
    adjugate = np.stack(columns, -1)
    return (adjugate @ offset) / (first * columns[0]).sum(-1)[:, None, None]


def _notes(scales: dict[str, NDArray]) -> tuple[str, ...]:
    for name, scale in scales.items():
        if scale.shape == (4, 4) and scale.dtype.kind == "f" and np.isfinite(scale).all():
            centre = ", ".join(f"{x:.4g}" for x in scale[:3, 3])
            return (f"{name} was not applied: its unit sphere has the radius {scale[0, 0]:.4g} about {centre}",)
    return ()
