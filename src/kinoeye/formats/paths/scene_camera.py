"""What cameras of 3-D tools have in common: scaled transforms, fields of view instead of calibrations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.diagnosis import TOLERANCE
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.geometry.convention import NORMALISED, Float64

Y_UP = "FUR"
"""The axes of a world of which a file says only that +y is up. The way from y-up to z-up that 3-D tools share is a
quarter turn about x, which stays: our +x is their +x, and a camera means the same place here, in Blender and beside
the cloud.glb of `scenes`."""
MAX_FRAMES = 100_000
"""Longer animations are refused."""
ASSUMED_ASPECT = 16 / 9
"""Width by height of an image, assumed, and said to be, where a file has the vertical field of view alone."""


@dataclass
class Effort:
    """What is left of the transforms that reading one file may compute: files of strangers may ask for billions."""

    where: str
    left: int = 2_000_000

    def spend(self, frames: int, transforms: int) -> None:
        """Count a camera of so many frames under so many transforms.

        Raises:
            InputError: the file asks for more than is left.
        """
        self.left -= 1000 + frames * (1 + transforms)
        if self.left < 0:
            raise InputError(f"{self.where} has more cameras, frames and parents than are read; export fewer cameras")


def camera_blocks(matrices: Float64, notes: list[str]) -> Float64:
    """Poses [n, 3, 4] whose axes have unit length; a note says what was ignored.

    A camera's view ignores the scale of its transform (glTF 2.0, 3.10.2; USD's GfFrustum), so a scaled one is no fault
    of the file. Shear and reflections stay as written.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.linalg.norm(matrices[:, :, :3], axis=1)
        scaled = (lengths > 0) & np.isfinite(lengths) & (abs(lengths - 1) > TOLERANCE)
    if not scaled.any():
        return matrices
    low, high = lengths[scaled].min(), lengths[scaled].max()
    size = f"{low:.4g}" if high - low < 1e-3 * high else f"{low:.4g} to {high:.4g}"
    notes.append(f"the camera's transform is scaled by {size}, which its view ignores")
    poses = matrices.copy()
    poses[:, :, :3] /= np.where(scaled, lengths, 1.0)[:, None, :]
    return poses


def intrinsics_of_height(fov_y: Float64, aspect: float | None, notes: list[str]) -> Float64:
    """Normalised calibrations [n, 3, 3] of vertical fields of view [n] in radians, with the principal point centred.

    Args:
        fov_y: in radians.
        aspect: width by height of the image; None where the file does not say, so that `ASSUMED_ASPECT` is taken.
        notes: where that is said.
    """
    if aspect is None:
        notes.append("the file states the vertical field of view alone; an image of 16:9 with square pixels is assumed")
    with np.errstate(divide="ignore", invalid="ignore"):
        focal_y = 0.5 / np.tan(fov_y / 2)
        focal_x = focal_y / (ASSUMED_ASPECT if aspect is None else aspect)
    middle = np.full(len(fov_y), 0.5)
    return calibration_matrices(np.stack([focal_x, focal_y, middle, middle], -1))


def fov_y_and_aspect(table: PathTable) -> tuple[Float64, Float64]:
    """Vertical field of view [n] in radians about the principal point's axis, and the ratio of both views [n]."""
    K = table.with_size(NORMALISED).intrinsics
    assert K is not None
    return 2 * np.arctan(0.5 / K[:, 1, 1]), K[:, 1, 1] / K[:, 0, 0]


def lost_intrinsics(table: PathTable, *, zooms: bool, aspect: bool = True) -> list[str]:
    """What a format that holds centred fields of view alone loses of intrinsics: one sentence each.

    Args:
        table: with intrinsics and their size.
        zooms: whether the format holds a field of view for every frame.
        aspect: whether it holds the horizontal one too.
    """
    K = table.with_size(NORMALISED).intrinsics
    assert K is not None
    lost = []
    if abs(K[:, :2, 2] - 0.5).max() > 1e-9:
        lost.append("the principal point is lost: the format's cameras are centred")
    if not zooms and abs(K - K[:1]).max() > 1e-9:
        lost.append("the zoom is lost: the field of view of the first frame is written")
    kept = "the fields of view are kept" if aspect else "the vertical field of view is kept, the horizontal one is not"
    return [kept, *lost]
