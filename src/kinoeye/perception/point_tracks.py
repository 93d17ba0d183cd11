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


def track_points(rgb: NDArray[np.uint8], *, ignore: NDArray[np.bool_] | None = None) -> Float64:
    """Image coordinates [frames, tracks, 2] of corners (pixel centres at +0.5); NaN where a track is not seen.

    Args:
        rgb: uint8 [frames, h, w, 3].
        ignore: [frames, h, w] pixels, such as those of moving actors, that no track may be on or touch.
    """
    # Windows of Lucas-Kanade have a fixed size, too large for what small frames show: these are enlarged.
    zoom = max(1, _SIDE // min(rgb.shape[1:3]))
    gray = [_enlarged(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), zoom) for frame in rgb]
    spacing = max(3, min(gray[0].shape) // 40)
    free = None if ignore is None else [_free(pixels, image.shape) for pixels, image in zip(ignore, gray, strict=True)]
    tracks = np.full((len(gray), 0, 2), np.nan)
    for i, image in enumerate(gray):
        if i > 0:
            tracks[i] = _follow(gray[i - 1], image, tracks[i - 1])
        if free is not None:
            tracks[i, ~_at(free[i], tracks[i])] = np.nan
        alive = ~np.isnan(tracks[i, :, 0])
        if alive.sum() < _REFILL * _MAX_POINTS:
            allowed = None if free is None else free[i]
            fresh = _corners(image, tracks[i, alive], spacing, _MAX_POINTS - int(alive.sum()), allowed)
            added = np.full((len(gray), len(fresh), 2), np.nan)
            added[i] = fresh
            tracks = np.concatenate([tracks, added], axis=1)
    seen_twice = (~np.isnan(tracks[..., 0])).sum(axis=0) >= 2
    return (tracks[:, seen_twice] + 0.5) / zoom


def _free(ignore: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """255 where a window of Lucas-Kanade touches no ignored pixel."""
    grown = cv2.dilate(ignore.astype(np.uint8), np.ones((13, 13), np.uint8))
    resized = cv2.resize(grown, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.where(resized == 0, 255, 0).astype(np.uint8)


def _at(image: NDArray[np.uint8], points: Float64) -> NDArray[np.bool_]:
    """Whether points [n, 2] lie on pixels that are not 0; points that are not seen do not."""
    seen = ~np.isnan(points[:, 0])
    found = np.zeros(len(points), bool)
    column, row = np.round(points[seen]).astype(np.int64).T
    height, width = image.shape
    found[seen] = image[row.clip(0, height - 1), column.clip(0, width - 1)] > 0
    return found


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


def _corners(
    image: NDArray[np.uint8], taken: Float64, spacing: int, most: int, allowed: NDArray[np.uint8] | None
) -> Float64:
    """Corners of Shi and Tomasi (1994) on allowed pixels that are not near those already followed."""
    free = np.full(image.shape, 255, np.uint8) if allowed is None else allowed.copy()
    for x, y in taken:
        cv2.circle(free, (round(x), round(y)), spacing, 0, -1)
    corners = cv2.goodFeaturesToTrack(image, most, _QUALITY, spacing, mask=free, blockSize=5)
    return np.zeros((0, 2)) if corners is None else corners.reshape(-1, 2).astype(np.float64)
