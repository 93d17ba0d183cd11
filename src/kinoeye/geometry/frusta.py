"""What cameras see as pyramids in the world."""

from __future__ import annotations

import numpy as np

from kinoeye.geometry.convention import Float64


def frustum_corners(T_world_cam: Float64, intrinsics: Float64, size_wh: tuple[int, int], distance: float) -> Float64:
    """The corners [n, 4, 3] of each camera's image at a distance along its view, clockwise from the top left.

    Args:
        T_world_cam: [n, 3, 4], OpenCV camera axes.
        intrinsics: [n, 3, 3] calibration matrices without skew, in pixels of `size_wh`.
        size_wh: width and height of the image.
        distance: of the plane of the corners from the cameras' centres, in the unit of the poses.

    Example:
        >>> K = np.array([[[50.0, 0, 50], [0, 50, 25], [0, 0, 1]]])
        >>> frustum_corners(np.eye(4)[None, :3], K, (100, 50), 2.0)[0, 0].tolist()
        [-2.0, -1.0, 2.0]
    """
    width, height = size_wh
    pixels = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    focal = np.diagonal(intrinsics, axis1=1, axis2=2)[:, None, :2]
    flat = (pixels - intrinsics[:, None, :2, 2]) / focal
    rays = np.concatenate([flat, np.ones((*flat.shape[:2], 1))], axis=-1) * distance
    return np.einsum("nij,nkj->nki", T_world_cam[:, :, :3], rays) + T_world_cam[:, None, :, 3]


def key_poses(count: int, most: int) -> list[int]:
    """Indices of at most so many poses, spread evenly over all and with both ends.

    Example:
        >>> key_poses(9, 3), key_poses(2, 5)
        ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)).tolist()
