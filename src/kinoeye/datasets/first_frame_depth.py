"""Depth of a frame from how far its pixels move in the frames after it, whose cameras are known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.geometry.convention import Float64

VIEWS = 8
"""Frames that a pixel is followed into at most."""
_ROUND_TRIP_PIXELS = 1.0
_LEAST_PARALLAX_PIXELS = 1.0
"""Motion across which depth is trusted: what it would be if the pixel were at infinity is this far away."""
LEAST_SEEN = 0.2
"""Share of the pixels whose depth must be seen; the others take that of the nearest that has one."""
_TAIL = 0.01
"""Share of the depths at both ends that are taken as wrong, and moved to the quantile."""


def depth_of_first(
    frames: NDArray[np.uint8], T_world_cam: Float64, K: Float64
) -> tuple[NDArray[np.float32], float] | Failure:
    """Depth [h, w] of the first frame in the unit of the path, and the share of pixels where it was seen.

    Each pixel is followed by dense optical flow (Kroeger et al. 2016) and intersected in least squares.

    Args:
        frames: sRGB [n, h, w, 3]; the first eight after the first one are used.
        T_world_cam: [n, 4, 4], OpenCV camera axes.
        K: [3, 3] in pixels.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames[: VIEWS + 1]]
    height, width = gray[0].shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rays = np.stack([(x + 0.5 - K[0, 2]) / K[0, 0], (y + 0.5 - K[1, 2]) / K[1, 1], np.ones_like(x)], axis=-1)
    along, across = np.zeros((height, width)), np.zeros((height, width))
    for index in range(1, len(gray)):
        T = np.linalg.inv(T_world_cam[index]) @ T_world_cam[0]
        forth = flow.calc(gray[0], gray[index], None)  # type: ignore[call-overload]
        back = flow.calc(gray[index], gray[0], None)  # type: ignore[call-overload]
        returned = forth + cv2.remap(back, x + forth[..., 0], y + forth[..., 1], cv2.INTER_LINEAR)
        seen = np.linalg.norm(returned, axis=-1) < _ROUND_TRIP_PIXELS
        a = rays @ T[:3, :3].T
        for axis, (place, shift) in enumerate(((x, forth[..., 0]), (y, forth[..., 1]))):
            # u = (d a_i + t_i) / (d a_3 + t_3) is linear in the depth d.
            u = (place + shift + 0.5 - K[axis, 2]) / K[axis, axis]
            slope, offset = a[..., axis] - u * a[..., 2], u * T[2, 3] - T[axis, 3]
            focal = K[axis, axis] * seen
            along += focal**2 * slope * offset
            across += focal**2 * slope**2
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = along / across
        parallax = np.sqrt(across)
    good = np.isfinite(depth) & (depth > 0) & (parallax > _LEAST_PARALLAX_PIXELS)
    share = float(good.mean())
    if share < LEAST_SEEN:
        return Failure(f"depth can be seen at {share:.0%} of the first frame's pixels; {LEAST_SEEN:.0%} are needed")
    low, high = np.quantile(depth[good], [_TAIL, 1 - _TAIL])
    return _filled(np.where(good, depth.clip(low, high), 0.0), good), share


def _filled(values: Float64, good: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Values [h, w] with those of the nearest good pixel where they are not good."""
    holes = (~good).astype(np.uint8)
    labels = np.asarray(cv2.distanceTransformWithLabels(holes, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1], int)
    of_label = np.zeros(int(labels.max()) + 1)
    of_label[labels[good]] = values[good]
    return of_label[labels].astype(np.float32)
