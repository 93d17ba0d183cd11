"""Image pyramids for photometric alignment: intensity, log depth and their slopes, packed for one bilinear look-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

Float32 = NDArray[np.float32]
CHANNELS = ("intensity", "intensity_x", "intensity_y", "log_depth", "log_depth_x", "log_depth_y")
_STEEPEST_LOG_DEPTH = 0.2
"""Slopes of log depth above this a pixel are edges between surfaces, not surfaces."""
_COARSEST_SIDE = 16


@dataclass(frozen=True)
class Level:
    """One frame at one resolution."""

    image: Float32
    """[h, w, 6] as in `CHANNELS`: intensity 0 to 1, log of depth, slopes a pixel; NaN where depth is unknown."""
    fx_fy_cx_cy: Float64
    """[4] in pixels of this level."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.shape[0], self.image.shape[1]


def pyramid(rgb: NDArray[np.uint8], depth: Float32, fx_fy_cx_cy: Float64, *, levels: int = 5) -> tuple[Level, ...]:
    """Levels of one frame, finest first, each half the size of the one before, none under 16 pixels a side.

    Args:
        rgb: uint8 [h, w, 3].
        depth: [h, w]; infinite, NaN and non-positive values are unknown.
        fx_fy_cx_cy: [4] in pixels.
        levels: at most so many.
    """
    intensity: NDArray[Any] = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    known = np.isfinite(depth) & (depth > 0)
    unknown_as_nan: NDArray[Any] = np.where(known, depth, np.nan).astype(np.float32)
    height, width = depth.shape
    found = []
    for _ in range(levels):
        h, w = unknown_as_nan.shape
        found.append(Level(_pack(intensity, unknown_as_nan), fx_fy_cx_cy * np.array([w / width, h / height] * 2)))
        if min(h, w) < 2 * _COARSEST_SIDE:
            break
        smaller = (w // 2, h // 2)
        intensity = cv2.resize(intensity, smaller, interpolation=cv2.INTER_AREA)
        unknown_as_nan = cv2.resize(unknown_as_nan, smaller, interpolation=cv2.INTER_AREA)
    return tuple(found)


def _pack(intensity: NDArray[Any], depth: NDArray[Any]) -> Float32:
    log_depth = np.log(depth)
    slopes_y, slopes_x = np.gradient(log_depth)
    edge = ~(np.hypot(slopes_x, slopes_y) < _STEEPEST_LOG_DEPTH)
    slopes_x[edge] = slopes_y[edge] = np.nan
    dx = cv2.Scharr(intensity, cv2.CV_32F, 1, 0, scale=1 / 32)
    dy = cv2.Scharr(intensity, cv2.CV_32F, 0, 1, scale=1 / 32)
    return np.stack([intensity, dx, dy, log_depth, slopes_x, slopes_y], axis=-1).astype(np.float32)
