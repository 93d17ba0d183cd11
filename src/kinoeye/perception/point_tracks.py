"""Point tracks through a film: corners followed by pyramidal Lucas-Kanade, checked forwards and backwards."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

_MAX_POINTS = 500
"""Points that are followed at a time."""
_REFILL = 0.8
"""New corners are sought when fewer than this share of the points is left."""
_ROUND_TRIP_PIXELS = 0.3
"""A point that does not come back this near to where it was is lost (Kalal et al. 2010)."""
_QUALITY = 0.005
_SIDE = 192
"""Frames with a shorter side of half of this or less are enlarged."""


def track_points(rgb: NDArray[np.uint8]) -> Float64:
    """Image coordinates [frames, tracks, 2] of corners (pixel centres at +0.5); NaN where a track is not seen.

    Args:
        rgb: uint8 [frames, h, w, 3].
    """
    # Windows of Lucas-Kanade have a fixed size, too large for what small frames show: these are enlarged.
    zoom = max(1, _SIDE // min(rgb.shape[1:3]))
    gray = [_enlarged(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), zoom) for frame in rgb]
    spacing = max(3, min(gray[0].shape) // 40)
    tracks = np.full((len(gray), 0, 2), np.nan)
    for i, image in enumerate(gray):
        if i > 0:
            tracks[i] = _follow(gray[i - 1], image, tracks[i - 1])
        alive = ~np.isnan(tracks[i, :, 0])
        if alive.sum() < _REFILL * _MAX_POINTS:
            fresh = _corners(image, tracks[i, alive], spacing, _MAX_POINTS - int(alive.sum()))
            added = np.full((len(gray), len(fresh), 2), np.nan)
            added[i] = fresh
            tracks = np.concatenate([tracks, added], axis=1)
    seen_twice = (~np.isnan(tracks[..., 0])).sum(axis=0) >= 2
    return (tracks[:, seen_twice] + 0.5) / zoom


def _enlarged(image: NDArray[Any], zoom: int) -> NDArray[Any]:
    return image if zoom == 1 else cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)


def _follow(before: NDArray[np.uint8], after: NDArray[np.uint8], points: Float64) -> Float64:
    found = np.full_like(points, np.nan)
    alive = np.flatnonzero(~np.isnan(points[:, 0]))
    if alive.size == 0:
        return found
    start = points[alive].astype(np.float32)
    window = {"winSize": (13, 13), "maxLevel": 3, "criteria": (3, 30, 0.003)}
    end, ok, _ = cv2.calcOpticalFlowPyrLK(before, after, start, None, **window)  # type: ignore[call-overload]
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(after, before, end, None, **window)  # type: ignore[call-overload]
    height, width = after.shape
    inside = ((end >= 0) & (end <= [width - 1, height - 1])).all(axis=1)
    returned = np.linalg.norm(back - start, axis=1) < _ROUND_TRIP_PIXELS
    good = (ok.ravel() == 1) & (ok_back.ravel() == 1) & inside & returned
    found[alive[good]] = end[good]
    return found


def _corners(image: NDArray[np.uint8], taken: Float64, spacing: int, most: int) -> Float64:
    """Corners of Shi and Tomasi (1994) that are not near those already followed."""
    free = np.full(image.shape, 255, np.uint8)
    for x, y in taken:
        cv2.circle(free, (round(x), round(y)), spacing, 0, -1)
    corners = cv2.goodFeaturesToTrack(image, most, _QUALITY, spacing, mask=free, blockSize=5)
    return np.zeros((0, 2)) if corners is None else corners.reshape(-1, 2).astype(np.float64)
