"""Poses along constant body twists, and rotations that look somewhere (NumPy, OpenCV camera axes)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.geometry.convention import matrix_to_rotvec, rotvec_to_matrix

Array = NDArray[np.float64]

AXES: dict[tuple[str, str], tuple[float, ...]] = {
    # linear x y z, angular x y z
    ("truck", "right"): (1, 0, 0, 0, 0, 0),
    ("truck", "left"): (-1, 0, 0, 0, 0, 0),
    ("pedestal", "up"): (0, -1, 0, 0, 0, 0),
    ("pedestal", "down"): (0, 1, 0, 0, 0, 0),
    ("dolly", "forward"): (0, 0, 1, 0, 0, 0),
    ("dolly", "backward"): (0, 0, -1, 0, 0, 0),
    ("dolly_zoom", "in"): (0, 0, 1, 0, 0, 0),
    ("dolly_zoom", "out"): (0, 0, -1, 0, 0, 0),
    ("pitch", "up"): (0, 0, 0, 1, 0, 0),
    ("pitch", "down"): (0, 0, 0, -1, 0, 0),
    ("yaw", "right"): (0, 0, 0, 0, 1, 0),
    ("yaw", "left"): (0, 0, 0, 0, -1, 0),
    ("roll", "right"): (0, 0, 0, 0, 0, 1),
    ("roll", "left"): (0, 0, 0, 0, 0, -1),
}
"""Unit body twist of each action in OpenCV camera axes."""


def exp_se3(twists: ArrayLike) -> Array:
    """The exponential map se(3) -> SE(3) of twists (linear, angular) [..., 6] to [..., 4, 4]."""
    twists = np.asarray(twists, dtype=np.float64)
    v, w = twists[..., :3], twists[..., 3:]
    angle = np.linalg.norm(w, axis=-1)[..., None]
    wv = np.cross(w, v)
    half = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    # (angle - sin angle) / angle^3, by its series where the difference cancels.
    small = angle < 1e-3
    safe = np.where(small, 1.0, angle)
    third = np.where(small, 1 / 6 - angle**2 / 120, (safe - np.sin(safe)) / safe**3)
    poses = np.zeros((*twists.shape[:-1], 4, 4))
    poses[..., :3, :3] = rotvec_to_matrix(w)
    poses[..., :3, 3] = v + half * wv + third * np.cross(w, wv)
    poses[..., 3, 3] = 1.0
    return poses


def rotate_about(pivot: ArrayLike, rotvecs: ArrayLike) -> Array:
    """Rigid motions [..., 4, 4] that turn the world about a point [3] by rotation vectors [..., 3]."""
    pivot = np.asarray(pivot, dtype=np.float64)
    R = rotvec_to_matrix(rotvecs)
    poses = np.zeros((*R.shape[:-2], 4, 4))
    poses[..., :3, :3] = R
    poses[..., :3, 3] = pivot - R @ pivot
    poses[..., 3, 3] = 1.0
    return poses


def turn_towards(poses: Array, points: ArrayLike, up: Array, share: ArrayLike = 1.0) -> Array:
    """Turn cameras [n, 4, 4] in place so that they face points [n, 3]: a pan, then a tilt, so that the horizon stays.

    Args:
        poses: T_world_cam.
        points: world points, [3] or [n, 3].
        up: the world's vertical [3].
        share: how much of the turn is done, [] or [n]; 1 faces the point.
    """
    direction = np.asarray(points, dtype=np.float64) - poses[..., :3, 3]
    axis = poses[..., :3, 2]
    height, wanted = axis @ up, direction @ up
    level, level_wanted = axis - height[..., None] * up, direction - wanted[..., None] * up
    # A camera or a direction that is vertical has no azimuth: the sums below are zero then, and so is the pan.
    pan = np.arctan2(np.cross(level, level_wanted) @ up, np.einsum("...i,...i->...", level, level_wanted))
    tilt = np.arctan2(wanted, np.linalg.norm(level_wanted, axis=-1)) - np.arctan2(
        height, np.linalg.norm(level, axis=-1)
    )
    share = np.asarray(share, dtype=np.float64)
    panned = rotvec_to_matrix((pan * share)[..., None] * up) @ poses[..., :3, :3]
    sideways = np.cross(panned[..., 2], up)
    length = np.linalg.norm(sideways, axis=-1, keepdims=True)
    sideways = np.where(length > 1e-9, sideways / np.maximum(length, 1e-12), panned[..., 0])
    turned = poses.copy()
    turned[..., :3, :3] = rotvec_to_matrix((tilt * share)[..., None] * sideways) @ panned
    return turned


def body_motion(T_world_cam: Array) -> tuple[Array, Array]:
    """Translation [n - 1, 3] and rotation vector [n - 1, 3] of each transition, in the camera's axes before it."""
    motion = np.linalg.inv(T_world_cam[:-1]) @ T_world_cam[1:]
    return motion[:, :3, 3], matrix_to_rotvec(motion[:, :3, :3])
