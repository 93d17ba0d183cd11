"""Dense optical flow of pictures of any size."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

_LEAST_HEIGHT = 256
"""Rows of the pictures that flow is looked for in; smaller ones are scaled."""


def working_scale(height: int) -> float:
    """How much larger pictures of a height are when flow is looked for.

    Example:
        >>> working_scale(64), working_scale(300)
        (4.0, 1.0)
    """
    return max(_LEAST_HEIGHT / height, 1.0)


def resized(frame: NDArray, scale: float, *, smooth: bool = True) -> NDArray:
    """A picture [h, w, ...] so many times as large."""
    height, width = frame.shape[:2]
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size_wh == (width, height):
        return frame
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size_wh, interpolation=how))


def dense_flow(before: UInt8[NDArray, "h w"], after: UInt8[NDArray, "h w"]) -> Float32[NDArray, "h w 2"]:
    """Pixels from each place of a grey picture to the same thing in another (Kroeger et al. 2016)."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(dis.calc(before, after, None), np.float32)  # type: ignore[call-overload]


def film_flow(film_rgb: UInt8[NDArray, "f h w 3"]) -> Float32[NDArray, "g h w 2"]:
    """Pixels from each frame of a film but the last to the next one."""
    height, width = film_rgb.shape[1:3]
    scale = working_scale(height)
    grey = [cv2.cvtColor(resized(frame, scale), cv2.COLOR_RGB2GRAY) for frame in film_rgb]
    factor = np.array([width / grey[0].shape[1], height / grey[0].shape[0]], np.float32)
    flows = [dense_flow(np.asarray(a), np.asarray(b)) for a, b in pairwise(grey)]
    return np.stack([np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA)) * factor
                     for flow in flows])  # fmt: skip


def agreement(found: Float32[NDArray, "*n 2"], exact: Float32[NDArray, "*n 2"]) -> float | None:
    """2 sum(f . g) / sum(|f|^2 + |g|^2) of two flows f and g; None where neither moves.

    1 where both are equal, 0 where one is at rest, -1 where one is the other reversed.

    Example:
        >>> right = np.array([[1.0, 0.0]], np.float32)
        >>> agreement(right, right), agreement(0 * right, right), agreement(-right, right)
        (1.0, 0.0, -1.0)
    """
    f, g = found.astype(np.float64), exact.astype(np.float64)
    size = float((f**2).sum() + (g**2).sum())
    return 2 * float((f * g).sum()) / size if size else None
