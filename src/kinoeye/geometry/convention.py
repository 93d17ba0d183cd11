"""Conventions of poses as data, the one function that converts between them, and NumPy rotations (no torch).

A frame's axes are three letters for where +x, +y and +z point: R right, L left, U up, D down, F forward,
B backward. OpenCV cameras are "RDF", OpenGL cameras "RUB", our worlds and bodies "FLU", Unreal worlds "FRU"
(left-handed).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]
NORMALISED = (1, 1)
"""The image size that means "intrinsics as fractions of the image": fx of the width, fy of the height."""

_DIRECTIONS = {
    "F": (1.0, 0.0, 0.0),
    "B": (-1.0, 0.0, 0.0),
    "L": (0.0, 1.0, 0.0),
    "R": (0.0, -1.0, 0.0),
    "U": (0.0, 0.0, 1.0),
    "D": (0.0, 0.0, -1.0),
}


@dataclass(frozen=True)
class Convention:
    """How a file writes its poses: camera and world axes, direction, unit and quaternion order."""

    camera_axes: str = "RDF"
    """Where the camera's +x, +y, +z point."""
    world_axes: str | None = None
    """Where the world's +x, +y, +z point; None when the file does not say (its world is left as it is)."""
    direction: Literal["cam_to_world", "world_to_cam"] = "cam_to_world"
    metres_per_unit: float | None = None
    """Length of one unit in metres; None when the scale is arbitrary."""
    quaternion_order: Literal["wxyz", "xyzw"] | None = None
    """Order of quaternions in the file; None when it has matrices."""

    def __post_init__(self) -> None:
        for axes in (self.camera_axes, self.world_axes):
            if axes is not None:
                axes_matrix(axes)

    @property
    def handedness(self) -> Literal["right", "left"]:
        """Handedness of the world's axes; a world that is not named is taken as right-handed."""
        if self.world_axes is None:
            return "right"
        return "right" if np.linalg.det(axes_matrix(self.world_axes)) > 0 else "left"

    def with_world(self, world_axes: str | None) -> Convention:
        """The same convention for a world with other axes."""
        return replace(self, world_axes=world_axes)


@cache
def _axes_matrix(axes: str) -> Float64:
    families = sorted("FLU"["FBLRUD".index(letter) // 2] for letter in axes if letter in _DIRECTIONS)
    if len(axes) != 3 or families != ["F", "L", "U"]:
        raise ValueError(f"axes {axes!r} are not three of F/B, L/R, U/D, each pair once, such as 'RDF'")
    matrix = np.array([_DIRECTIONS[letter] for letter in axes]).T
    matrix.flags.writeable = False
    return matrix


def axes_matrix(axes: str) -> Float64:
    """The signed permutation [3, 3] from coordinates in `axes` to coordinates in "FLU".

    Raises:
        ValueError: `axes` is not three letters of F/B, L/R, U/D with each pair once.
    """
    return _axes_matrix(axes)


KINOEYE = Convention("RDF", "FLU", "cam_to_world", 1.0, "wxyz")
"""Ours: OpenCV camera, right-handed world with +z up, camera-to-world, metres."""
OPENCV = Convention("RDF")
"""OpenCV camera-to-world in a world that the file does not name."""
OPENCV_W2C = Convention("RDF", direction="world_to_cam")
"""OpenCV world-to-camera (extrinsics), as in COLMAP and RealEstate10K."""
OPENGL = Convention("RUB")
"""OpenGL camera-to-world, as in nerfstudio, instant-ngp, Blender and DataDoP."""


def convert(matrices: ArrayLike, source: Convention, target: Convention) -> Float64:
    """Poses written in one convention, written in another.

    Direction, camera axes, world axes (when both name theirs) and unit (when both state one) are applied. Nothing
    is repaired: a reflection stays a reflection.

    Args:
        matrices: [..., 3, 4] or [..., 4, 4] in `source`.
        source: how they are written.
        target: how they shall be written.

    Returns:
        [..., 3, 4] float64.

    Example:
        >>> convert(np.eye(4)[:3], OPENGL, OPENCV).diagonal()
        array([ 1., -1., -1.])
    """
    poses = np.asarray(matrices, dtype=np.float64)[..., :3, :]
    if source.direction == "world_to_cam":
        poses = invert(poses)
    camera = axes_matrix(source.camera_axes).T @ axes_matrix(target.camera_axes)
    world = np.eye(3)
    if source.world_axes is not None and target.world_axes is not None:
        world = axes_matrix(target.world_axes).T @ axes_matrix(source.world_axes)
    scale = 1.0
    if source.metres_per_unit is not None and target.metres_per_unit is not None:
        scale = source.metres_per_unit / target.metres_per_unit
    rotation = world @ poses[..., :3] @ camera
    translation = scale * (world @ poses[..., 3:])
    converted = np.concatenate([rotation, translation], axis=-1)
    return invert(converted) if target.direction == "world_to_cam" else converted


def invert(matrices: ArrayLike) -> Float64:
    """The inverse [..., 3, 4] of affine matrices [..., 3, 4], without assuming that they are rotations."""
    matrices = np.asarray(matrices, dtype=np.float64)
    # A file may hold a degenerate pose: its pseudo-inverse lets the diagnosis say so.
    inverse = np.linalg.pinv if _singular(matrices) else np.linalg.inv
    linear: Float64 = np.asarray(inverse(matrices[..., :3]), dtype=np.float64)
    return np.concatenate([linear, -linear @ matrices[..., 3:]], axis=-1)


def homogeneous(matrices: ArrayLike) -> Float64:
    """[..., 4, 4] from [..., 3, 4]."""
    matrices = np.asarray(matrices, dtype=np.float64)
    last = np.broadcast_to(np.array([0.0, 0.0, 0.0, 1.0]), (*matrices.shape[:-2], 1, 4))
    return np.concatenate([matrices[..., :3, :], last], axis=-2)


def rotvec_to_matrix(rotvecs: ArrayLike) -> Float64:
    """The exponential map so(3) -> SO(3): rotation vectors [..., 3] in radians to matrices [..., 3, 3] (Rodrigues)."""
    w = np.asarray(rotvecs, dtype=np.float64)
    angle = np.linalg.norm(w, axis=-1)[..., None, None]
    W = _skew(w)
    # sinc is exact at zero, so no branch is needed near the identity.
    return np.eye(3) + np.sinc(angle / np.pi) * W + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * (W @ W)


def matrix_to_rotvec(matrices: ArrayLike) -> Float64:
    """The logarithm SO(3) -> so(3): matrices [..., 3, 3] to rotation vectors [..., 3] in radians, length at most pi."""
    wxyz = matrix_to_wxyz(matrices)
    vector = wxyz[..., 1:]
    sine = np.linalg.norm(vector, axis=-1)
    half = np.arctan2(sine, wxyz[..., 0])
    small = sine < 1e-12
    return vector * np.where(small, 2.0, 2.0 * half / np.where(small, 1.0, sine))[..., None]


def matrix_to_wxyz(matrices: ArrayLike) -> Float64:
    """Unit quaternions wxyz [..., 4] with w >= 0 of rotation matrices [..., 3, 3] (Shepperd: stable at every angle)."""
    R = np.asarray(matrices, dtype=np.float64)
    xx, yy, zz = R[..., 0, 0], R[..., 1, 1], R[..., 2, 2]
    yz, zx, xy = R[..., 2, 1], R[..., 0, 2], R[..., 1, 0]
    zy, xz, yx = R[..., 1, 2], R[..., 2, 0], R[..., 0, 1]
    # Row k is the quaternion times four times its k-th component.
    candidates = np.stack(
        [
            np.stack([1 + xx + yy + zz, yz - zy, zx - xz, xy - yx], -1),
            np.stack([yz - zy, 1 + xx - yy - zz, xy + yx, zx + xz], -1),
            np.stack([zx - xz, xy + yx, 1 - xx + yy - zz, yz + zy], -1),
            np.stack([xy - yx, zx + xz, yz + zy, 1 - xx - yy + zz], -1),
        ],
        -2,
    )
    best = np.argmax(np.diagonal(candidates, axis1=-2, axis2=-1), axis=-1)
    wxyz = np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :]
    wxyz = wxyz / np.linalg.norm(wxyz, axis=-1, keepdims=True)
    return np.where(wxyz[..., :1] < 0, -wxyz, wxyz)


def wxyz_to_matrix(quaternions: ArrayLike) -> Float64:
    """Rotation matrices [..., 3, 3] of quaternions wxyz [..., 4] of any length but zero."""
    q = np.asarray(quaternions, dtype=np.float64)
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    w, x, y, z = np.moveaxis(q, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _skew(w: Float64) -> Float64:
    x, y, z = np.moveaxis(w, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([np.stack(r, -1) for r in ([zero, -z, y], [z, zero, -x], [-y, x, zero])], -2)


def _singular(matrices: Float64) -> bool:
    return bool(np.any(np.abs(np.linalg.det(matrices[..., :3])) < 1e-300))
