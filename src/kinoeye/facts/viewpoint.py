"""From where a question looks at a scene: an observer at every time or at one, in its own axes or level ones.

An observer's axes are forward, left, up (x, y, z), also the camera's. They serve DSR-Bench's two viewpoints: the
*relative* one follows the observer, the *absolute* one stays where the observer is at one time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kinoeye.facts.motion import WINDOW_S, along_time, axes, centres, need_vertical, velocity
from kinoeye.facts.scene_tracks import CAMERA, SceneTracks
from kinoeye.geometry.convention import Float64

LEVEL_AT_LEAST = 0.05
"""An observer whose forward has a shorter horizontal part looks straight up or down, and has no level axes."""


@dataclass(frozen=True)
class Viewpoint:
    """An observer, and when and how upright it looks.

    Example:
        >>> Viewpoint("dog", at_s=1.5).observer
        'dog'
    """

    observer: str = CAMERA
    at_s: float | None = None
    """None follows the observer; a time keeps the place and axes that it has then."""
    level: bool = False
    """Whether up is the world's vertical and forward the horizontal part of the observer's forward."""


class Frame(NamedTuple):
    """Axes and origin of a viewpoint at each time."""

    R_world_view: Float64
    """[t, 3, 3] columns forward, left, up; NaN where unknown."""
    origin: Float64
    """[t, 3] the observer's centre in the world."""


def frame(tracks: SceneTracks, view: Viewpoint) -> Frame:
    """The axes and origin of a viewpoint at the times of the tracks.

    Raises:
        InputError: there is no such observer, its time is beyond the tracks, or level axes are asked for in a world
            without a known vertical.
    """
    row = tracks.index(view.observer)
    looking = tracks if view.at_s is None else tracks.at([view.at_s])
    R, origin = axes(looking)[row], centres(looking)[row]
    if view.level:
        need_vertical(tracks)
        R = _levelled(R)
    count = len(tracks)
    return Frame(np.broadcast_to(R, (count, 3, 3)), np.broadcast_to(origin, (count, 3)))


def seen_from(tracks: SceneTracks, view: Viewpoint) -> Float64:
    """Where the centres of all are for an observer: [a, t, 3] forward, left, up.

    Example:
        >>> poses = np.tile(np.eye(4), (2, 1, 1, 1))
        >>> poses[1, :, :3, 3] = [0.0, 2.0, 5.0]  # two down and five forward for an OpenCV camera
        >>> tracks = SceneTracks(names=("camera", "dog"), times_s=[0.0], T_world_body=poses, source="file",
        ...     sizes=[[0, 0, 0], [np.nan] * 3], valid=np.ones((2, 1), bool), up=None)
        >>> seen_from(tracks, Viewpoint("camera"))[1, 0] + 0.0
        array([ 5.,  0., -2.])
    """
    R, origin = frame(tracks, view)
    return np.einsum("tki,atk->ati", R, centres(tracks) - origin)


def directions_seen(tracks: SceneTracks, vectors: Float64, view: Viewpoint) -> Float64:
    """World vectors [..., t, 3] in the axes of a viewpoint."""
    return np.einsum("tki,...tk->...ti", frame(tracks, view).R_world_view, vectors)


def velocities_seen(tracks: SceneTracks, view: Viewpoint, window_s: float = WINDOW_S) -> Float64:
    """How all move for an observer: [a, t, 3] forward, left, up, per second.

    From where the observer is at one time that is the velocity in the world, in its axes; to an observer who is
    followed, things move as their place in its axes changes, so that its own motion and turning count.
    """
    if view.at_s is not None:
        return directions_seen(tracks, velocity(tracks, window_s), view)
    return along_time(tracks, seen_from(tracks, view), window_s)


def bearings(tracks: SceneTracks, view: Viewpoint) -> Float64:
    """Direction [a, t] in radians of all centres for an observer: 0 ahead, positive to the left, up to pi behind."""
    place = seen_from(tracks, view)
    flat = np.linalg.norm(place[..., :2], axis=-1)
    return np.where(flat > 0, np.arctan2(place[..., 1], place[..., 0]), np.nan)


def _levelled(R_world_flu: Float64) -> Float64:
    forward = R_world_flu[..., 0] * [1.0, 1.0, 0.0]
    length = np.linalg.norm(forward, axis=-1, keepdims=True)
    forward = forward / np.where(length > LEVEL_AT_LEAST, length, np.nan)
    up = np.where(np.isfinite(forward), [0.0, 0.0, 1.0], np.nan)
    return np.stack([forward, np.cross(up, forward), up], axis=-1)
