"""The ways of who acts with regard to another: behind, beside, around, up to, away from and across before it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.language.plan import ActorAction
from kinoeye.shot.course import Course
from kinoeye.shot.templates.path import SAMPLES, Path, smooth_step
from kinoeye.shot.templates.pieces import FULL
from kinoeye.shot.templates.relations import along_course, around, behind, beside, watching

_FAR_M = 3.0
"""How much farther than its gap somebody is who is still to approach, or who has gone away."""


@dataclass(frozen=True)
class Row:
    """Which one an actor is of those who do the same with regard to the same one."""

    rank: int
    """From 0."""
    count: int
    pitch_m: float
    """Between the middles of two neighbours, so that they are clear of each other."""
    with_it: tuple[tuple[Course, float], ...] = ()
    """Who else has to do with the one, and the gap to them: who crosses goes in front of, or behind, all of them."""

    @property
    def aside(self) -> int:
        """Places to either side in turn: 0, 1, -1, 2, -2."""
        return (self.rank + 1) // 2 * (1 if self.rank % 2 else -1)


def related_path(
    action: ActorAction,
    other: Course,
    start_s: float,
    offset_xy: Float64 | None,
    gap: float,
    speed: float,
    row: Row,
    camera_heading: float,
) -> tuple[float, Path]:
    """How long an action with regard to another lasts, and the path that it is.

    Args:
        action: what is done.
        other: where the other one is.
        start_s: when it begins.
        offset_xy: from the other one to the actor then; None where the action says where it begins.
        gap: between the middles of both.
        speed: of the actor.
        row: its place among those who do the same.
        camera_heading: where the camera is from the other one, around +z.
    """
    radius = max((gap + 0.5) * action.scale, row.count * row.pitch_m / 4.0)
    if offset_xy is not None:
        radius += row.rank * row.pitch_m
    if action.name == "follow":
        gap += row.rank * row.pitch_m
    reach = float(np.linalg.norm(offset_xy)) if offset_xy is not None else None
    # As far to the side as the other is covered from, also for a camera that does not look at it straight on.
    reach_m = max(_FAR_M + 0.5, gap + 0.6 * gap + 1.0)
    natural = {
        "follow": max(other.seconds - start_s, 0.0) + 0.6 + 1.5 * max((reach or gap) - gap, 0.0) / speed,
        "beside": max(other.seconds - start_s, 0.0),
        "orbit": FULL * radius / speed,
        "approach": max((reach or gap + _FAR_M) - gap, 0.1) / speed,
        "sit": max((reach or gap) - gap, 0.1) / speed,
        "wait": max((reach or gap) - gap, 0.1) / speed,
        "leave": _FAR_M / speed,
        "retreat": 0.7 * _FAR_M / (0.7 * speed),
        "cross in front": (2 * reach_m + (row.count - 1) * row.pitch_m) / speed,
        "cross behind": (2 * reach_m + (row.count - 1) * row.pitch_m) / speed,
    }[action.name]
    lasts = max(action.duration_s or natural, 0.5)
    times = start_s + np.linspace(0.0, lasts, SAMPLES)
    xyz, facing = other.at(times)
    led = Path(xyz * np.array([1.0, 1.0, 0.0]), facing, lasts)
    u = smooth_step(np.linspace(0.0, 1.0, SAMPLES))
    # Who joins in later waits at the side, where the other one has not come along.
    aside = float(facing[0]) + (0.5 * math.pi if start_s > 0.0 else 0.0)
    step = 2.0 * math.asin(min(0.5 * row.pitch_m / gap, 1.0))
    spread = row.rank * FULL / row.count if action.name == "orbit" else row.aside * step
    angle = math.atan2(offset_xy[1], offset_xy[0]) if offset_xy is not None and reach else aside + spread
    spoke = np.array([math.cos(angle), math.sin(angle), 0.0])
    if action.name == "follow":
        # What the leader did before counts too: whoever is behind goes where it went.
        before_s = start_s + lasts
        whole_xyz, whole_facing = other.at(np.linspace(0.0, before_s, SAMPLES))
        tail = behind(Path(whole_xyz * np.array([1.0, 1.0, 0.0]), whole_facing, before_s), gap)
        since_xyz, since_facing = tail.sampled(times)
        return lasts, Path(since_xyz, since_facing, lasts)
    if action.name == "beside":
        left = (gap + row.rank // 2 * row.pitch_m) * (1 if row.rank % 2 == 0 else -1)
        return lasts, beside(led, -left if action.side == "right" else left)
    if action.name == "orbit":
        turn = -FULL if action.side == "right" else FULL
        return lasts, around(led, radius, turn, start=angle)
    if action.name in ("cross in front", "cross behind"):
        toward = camera_heading if action.name == "cross in front" else camera_heading + math.pi
        forward = np.array([math.cos(toward), math.sin(toward), 0.0])
        ahead = [float(((course.at(times)[0] - led.xyz) @ forward).max()) + more for course, more in row.with_it]
        return lasts, _across(led, max([gap, *ahead]), reach_m, forward, offset_xy, row)
    near, far = (reach, reach) if reach is not None else (gap, gap + _FAR_M)
    if action.name in ("approach", "sit", "wait"):
        lengths = far + (min(gap, far) - far) * u
    else:
        lengths = near + lasts * speed * (0.7 if action.name == "retreat" else 1.0) * u
    way = replace(led, xyz=led.xyz + lengths[:, None] * spoke)
    return lasts, watching(way, led) if action.name == "retreat" else along_course(way)


def _across(led: Path, ahead: float, reach_m: float, forward: Float64, offset_xy: Float64 | None, row: Row) -> Path:
    """A straight way from one side of another to the other, so many metres along a direction [3] away from it."""
    left = np.array([-forward[1], forward[0], 0.0])
    drift = float((led.xyz[-1] - led.xyz[0]) @ left)
    from_left = drift >= -1e-3 if offset_xy is None else float(offset_xy @ left[:2]) >= 0.0
    # Against the way of who goes across too, so that they do not go along together; from beyond it to beyond it.
    sign = 1.0 if from_left else -1.0
    aside = sign * (led.xyz @ left)
    begin = max(aside[0], aside[SAMPLES // 2]) + reach_m + row.rank * row.pitch_m
    end = min(aside[-1], aside[SAMPLES // 2]) - reach_m - (row.count - 1 - row.rank) * row.pitch_m
    across = sign * np.linspace(begin, end, SAMPLES)
    towards = led.xyz @ forward + ahead
    return along_course(replace(led, xyz=towards[:, None] * forward + across[:, None] * left))
