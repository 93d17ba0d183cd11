"""Places, distances, speeds and headings of all tracks over time, in the unit of the tracks and the world's axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.geometry.convention import Float64, axes_matrix

WINDOW_S = 0.25
"""Length of time over which velocities are taken."""
_VERTICAL = 0.05
"""A direction whose horizontal part is shorter has no heading."""
_CAM_FROM_FLU = axes_matrix("RDF").T


class Rate(NamedTuple):
    """How fast a quantity changes, and how its noise shows in that."""

    per_s: Float64
    """[..., t]"""
    gain: Float64
    """[..., t] standard deviation of the rate over that of the quantity, in 1/s; NaN where the rate is."""


def axes(tracks: SceneTracks) -> Float64:
    """Forward, left and up of everybody: R_world_flu [a, t, 3, 3], unit columns; the camera's forward is its axis."""
    R = tracks.T_world_body[..., :3, :3].copy()
    R[0] = R[0] @ _CAM_FROM_FLU
    return R


def ground_points(tracks: SceneTracks) -> Float64:
    """World points [a, t, 3] where bodies touch the ground, under their boxes' centres; the camera's own centre."""
    return tracks.T_world_body[..., :3, 3]


def centres(tracks: SceneTracks) -> Float64:
    """World points [a, t, 3] in the middle of the boxes; the camera's centre of projection.

    An actor of unknown size is a point: its origin.
    """
    up = tracks.T_world_body[..., :3, 2]
    height = tracks.sizes[:, 2, None, None]
    return ground_points(tracks) + np.where(height > 0, 0.5 * height * up, 0.0)


def distances(tracks: SceneTracks) -> Float64:
    """Distance [a, a, t] between the centres of any two."""
    points = centres(tracks)
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def rate(times_s: Float64, values: Float64, window_s: float = WINDOW_S) -> Rate:
    """How fast quantities change: the slope of the line that fits them best over a window around each time.

    Over the window from t - window_s / 2 to t + window_s / 2 the slope of least squares is
    sum((t_i - t_mean) x_i) / sum((t_i - t_mean)^2); the sample before and the one after are always in. Of evenly
    spaced frames with no more than those in the window that is the central difference; at the ends it is one-sided.

    Args:
        times_s: [t]
        values: [..., t]; NaN is left out of the fits around it, and has no rate itself.
        window_s: length of the window in seconds.

    Example:
        >>> rate(np.arange(4.0), np.array([0.0, 2.0, 4.0, 6.0])).per_s
        array([2., 2., 2., 2.])
    """
    index = np.arange(len(times_s))
    first = np.minimum(np.searchsorted(times_s, times_s - window_s / 2 - 1e-9), np.maximum(index - 1, 0))
    last = np.searchsorted(times_s, times_s + window_s / 2 + 1e-9, side="right") - 1
    last = np.maximum(last, np.minimum(index + 1, len(times_s) - 1))
    window = first[:, None] + np.arange((last - first).max() + 1)  # [t, k]
    inside = window <= last[:, None]
    window = np.minimum(window, len(times_s) - 1)
    nearby = values[..., window]  # [..., t, k]
    used = inside & np.isfinite(nearby)
    count = np.maximum(used.sum(axis=-1, keepdims=True), 1)
    local = np.where(used, times_s[window] - times_s[:, None], 0.0)
    local = np.where(used, local - local.sum(axis=-1, keepdims=True) / count, 0.0)
    spread = (local * local).sum(axis=-1)
    known = (spread > 0) & np.isfinite(values)
    spread = np.where(known, spread, np.nan)
    # Values are taken from the one in the middle, which loses no digits where they are large and change little.
    change = np.where(used, nearby - np.where(np.isfinite(values), values, 0.0)[..., None], 0.0)
    return Rate((local * change).sum(axis=-1) / spread, 1.0 / np.sqrt(spread))


def velocity(tracks: SceneTracks, window_s: float = WINDOW_S) -> Float64:
    """Velocity [a, t, 3] of the centres in the world, per second, over a window (see `rate`)."""
    return along_time(tracks, centres(tracks), window_s)


def speed(tracks: SceneTracks, window_s: float = WINDOW_S) -> Float64:
    """Length [a, t] of the velocity of the centres."""
    return np.linalg.norm(velocity(tracks, window_s), axis=-1)


def acceleration(tracks: SceneTracks, window_s: float = WINDOW_S) -> Float64:
    """Acceleration [a, t, 3] of the centres in the world, per second squared: the rate of their velocity."""
    return along_time(tracks, velocity(tracks, window_s), window_s)


def headings(tracks: SceneTracks) -> Float64:
    """Horizontal direction [a, t] in radians in which bodies and the camera point: 0 along +x, pi/2 along +y.

    NaN for one that points straight up or down.

    Raises:
        InputError: the world's vertical is not known.
    """
    need_vertical(tracks)
    forward = axes(tracks)[..., 0]
    upright = np.linalg.norm(forward[..., :2], axis=-1) > _VERTICAL
    return np.where(upright, np.arctan2(forward[..., 1], forward[..., 0]), np.nan)


def turn_rates(tracks: SceneTracks, window_s: float = WINDOW_S) -> Float64:
    """How fast headings change [a, t] in radians per second, positive to the left.

    Raises:
        InputError: the world's vertical is not known.
    """
    return rate(tracks.times_s, unwrapped(headings(tracks)), window_s).per_s


def range_rates(tracks: SceneTracks, window_s: float = WINDOW_S) -> Float64:
    """How fast the distance of any two centres grows [a, a, t], per second; negative while they approach."""
    return rate(tracks.times_s, distances(tracks), window_s).per_s


def depths(tracks: SceneTracks) -> Float64:
    """Depth [a, t] of the centres along the camera's axis; negative behind the camera."""
    from_camera = centres(tracks) - centres(tracks)[:1]
    return np.einsum("atk,tk->at", from_camera, axes(tracks)[0, :, :, 0])


def along_time(tracks: SceneTracks, vectors: Float64, window_s: float) -> Float64:
    """Rates [..., t, 3] of vectors [..., t, 3] over time."""
    return np.moveaxis(rate(tracks.times_s, np.moveaxis(vectors, -1, -2), window_s).per_s, -2, -1)


def unwrapped(angles: Float64) -> Float64:
    """Angles [..., t] without jumps of whole turns; NaN stays, and does not hide the turns on its other side."""
    flat = angles.reshape(-1, angles.shape[-1]).copy()
    for row in flat:
        known = np.isfinite(row)
        row[known] = np.unwrap(row[known])
    return flat.reshape(angles.shape)


def need_vertical(tracks: SceneTracks) -> None:
    """Hold that the world's vertical is known.

    Raises:
        InputError: it is not.
    """
    if tracks.up != "z":
        raise InputError("the tracks' world has no known vertical; ask in an observer's own axes, or align it first")
