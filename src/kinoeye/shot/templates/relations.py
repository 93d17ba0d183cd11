"""How one actor moves with regard to another: behind it, beside it, around it, with its eyes on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from kinoeye.geometry.convention import Float64
from kinoeye.shot.templates.path import SAMPLES, Path, rotation_about_z, smooth_step

Changing = float | tuple[float, float]
"""A number, or one that changes smoothly from its first value to its second."""


def still(x: float, y: float, heading: float = 0.0, *, z: float = 0.0, seconds: float = 1.0) -> Path:
    """Stands at a place and faces a heading in radians."""
    return Path(np.tile([x, y, z], (SAMPLES, 1)).astype(float), np.full(SAMPLES, float(heading)), seconds)


def behind(leader: Path, gap: Changing) -> Path:
    """Goes where the leader went, so many metres of way behind it; before the leader's start, straight."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(leader.xyz, axis=0), axis=-1))])
    fresh = np.concatenate([[True], np.diff(way) > 1e-9])
    course = _course(leader)
    place = way - _over_time(gap)
    before = np.minimum(place, 0.0)
    start = np.array([np.cos(course[0]), np.sin(course[0]), 0.0])
    xyz = np.stack([np.interp(place, way[fresh], axis[fresh]) for axis in leader.xyz.T], axis=-1)
    facing = np.interp(place, way[fresh], course[fresh])
    return replace(leader, xyz=xyz + before[:, None] * start, facing=facing)


def beside(leader: Path, left: Changing, ahead: Changing = 0.0) -> Path:
    """Keeps a place in the leader's body frame, in metres to its left and ahead of it, and faces as it does."""
    along = np.stack([np.cos(leader.facing), np.sin(leader.facing), np.zeros(SAMPLES)], axis=-1)
    across = np.stack([-along[:, 1], along[:, 0], np.zeros(SAMPLES)], axis=-1)
    offset = _over_time(ahead)[:, None] * along + _over_time(left)[:, None] * across
    return replace(leader, xyz=leader.xyz + offset)


def around(
    centre: Path,
    radius: Changing,
    turn: float,
    *,
    start: float = 0.0,
    climb: float = 0.0,
) -> Path:
    """Goes around another, who may move, by an angle in radians, to the left where positive, facing as it goes.

    Args:
        centre: who is gone around.
        radius: metres.
        turn: how far around, in radians.
        start: where it starts, as an angle about +z seen from the centre.
        climb: metres by which it rises.
    """
    u = np.linspace(0.0, 1.0, SAMPLES)
    angle = start + turn * u
    spoke = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * _over_time(radius)[:, None]
    lifted = climb * smooth_step(u)
    return along_course(replace(centre, xyz=centre.xyz + np.concatenate([spoke, lifted[:, None]], axis=-1)))


def along_course(path: Path) -> Path:
    """The same way with the body facing where it goes; while it stands, as it last did."""
    return replace(path, facing=_course(path))


def watching(path: Path, other: Path, *, turned: float = 0.0) -> Path:
    """The same way with the body facing another all the time, or turned from it by an angle in radians."""
    to_other = other.xyz - path.xyz
    return replace(path, facing=np.unwrap(np.arctan2(to_other[:, 1], to_other[:, 0])) + turned)


def opposite(path: Path) -> Path:
    """The same path turned by half a turn about the origin."""
    return replace(path, xyz=path.xyz @ rotation_about_z(np.pi).T, facing=path.facing + np.pi)


def _course(path: Path) -> Float[Float64, "n"]:
    velocity = np.gradient(path.xyz[:, :2], axis=0)
    moving = np.linalg.norm(velocity, axis=-1) > 1e-6
    if not moving.any():
        return path.facing
    course = np.unwrap(np.arctan2(velocity[moving, 1], velocity[moving, 0]))
    index = np.arange(len(moving))
    return np.interp(index, index[moving], course)


def _over_time(value: Changing) -> Float[Float64, "n"]:
    first, last = value if isinstance(value, tuple) else (value, value)
    return first + (last - first) * smooth_step(np.linspace(0.0, 1.0, SAMPLES))
