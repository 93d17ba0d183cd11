"""Footfalls along a path: when and where each foot stands, planned before anything is posed.

A foot is placed where the body will stand over it in the middle of its stance, and does not move until it is lifted.
The rhythm is the integral of the stride rate over the path, stretched so that every stretch of movement between two
rests holds a whole number of steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kinoeye.shot.bodies.body import Float64
from kinoeye.shot.bodies.motions.ground_path import GroundPath
from kinoeye.shot.bodies.motions.limbs import smooth_step

STILL_M_S, STILL_RAD_S = 0.004, 0.015
"""Slower than this, a body stands."""
SHORTEST_REST_S = 0.5
"""A shorter rest between two movements is walked through."""
SLACK_M, SLACK_RAD = 0.015, 0.07
"""A foot that is no further from its place than this stays where it is."""
SHORTEST_SWING_S = 0.16


@dataclass(frozen=True, kw_only=True, eq=False)
class Rhythm:
    """How legs step along a path, on the path's grid [n]."""

    stride_hz: Float64
    """Strides a second; each leg steps once a stride."""
    swing_s: Float64
    """How long a foot is off the ground."""
    pass_over: Float64
    """Part of a stride from a touchdown until the body is over the foot."""
    homes_xy: Float64
    """[legs, n, 2] where each foot stands in heading axes when the body is over it."""
    toe_out: Float64
    """[legs] yaw of a standing foot, relative to the heading."""
    offsets: tuple[float, ...]
    """Stride phase, 0 to 1, at which each leg touches down."""
    lead_phases: tuple[float, ...] = (0.0,)
    """Stride phases at which a movement may begin, the one that suits its direction first; see `lead`."""
    reach_m: tuple[float, float, float]
    """How far a standing foot may stay behind, ahead and to the side of its home before it is lifted."""
    apart_m: float = 0.0
    """Legs 0 and 1 (left, right) keep at least this distance sideways."""


@dataclass(kw_only=True)
class Footing:
    """The places [p] where one foot stands, in order; between two of them it swings."""

    touch_s: list[float] = field(default_factory=list)
    lift_s: list[float] = field(default_factory=list)
    places: list[Float64] = field(default_factory=list)
    """Of the foot's reference point on the ground, in the world."""
    yaws: list[float] = field(default_factory=list)

    def at(self, times_s: Float64) -> FootMotion:
        """Where the foot is at times [f]."""
        touch, lift = np.array(self.touch_s), np.array(self.lift_s)
        places, yaws = np.array(self.places), np.array(self.yaws)
        here = np.clip(np.searchsorted(touch, times_s, side="right") - 1, 0, None)
        there = np.minimum(here + 1, len(touch) - 1)
        swinging = (times_s > lift[here]) & (there > here)
        span = np.where(there > here, touch[there] - lift[here], 1.0)
        span = np.where(np.isfinite(span) & (span > 0), span, 1.0)
        s = np.where(swinging, np.clip((times_s - np.where(swinging, lift[here], 0.0)) / span, 0.0, 1.0), 0.0)
        way = smooth_step(s)[:, None]
        step = places[there] - places[here]
        bend = (yaws[there] - yaws[here] + np.pi) % (2 * np.pi) - np.pi
        previous = np.maximum(here - 1, 0)
        return FootMotion(
            places=places[here] + np.where(swinging[:, None], way, 0.0) * step,
            yaws=yaws[here] + np.where(swinging, way[:, 0], 0.0) * bend,
            swing=s,
            swinging=swinging,
            since_touch_s=times_s - touch[here],
            until_lift_s=lift[here] - times_s,
            stance_s=lift[here] - touch[here],
            swing_span_s=span,
            step_to=step,
            step_from=places[here] - places[previous],
            lift_s=lift[here],
            touch_s=touch[there],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FootMotion:
    """One foot over frames [f]."""

    places: Float64
    """[f, 3] the reference point, as if the foot were dragged over the ground; the lift is the gait's to add."""
    yaws: Float64
    swing: Float64
    """0 to 1 through a swing, 0 in stance."""
    swinging: NDArray[np.bool_]
    since_touch_s: Float64
    until_lift_s: Float64
    stance_s: Float64
    """Duration of the present or last stance; infinite at the ends."""
    swing_span_s: Float64
    step_to: Float64
    """[f, 3] from this place to the next."""
    step_from: Float64
    """[f, 3] to this place from the one before."""
    lift_s: Float64
    """When this place is left."""
    touch_s: Float64
    """When the next one is met."""


def lead(path: GroundPath, start: int, end: int, last: int) -> int:
    """Which of two legs, 0 left or 1 right, takes the first step of the movement between two indices of the grid."""
    early = slice(start, min(end, start + 90) + 1)
    sideways = path.velocity_in_heading[early]
    if abs(sideways[:, 1]).mean() > abs(sideways[:, 0]).mean() + 0.02:
        return 0 if sideways[:, 1].mean() > 0 else 1
    if path.speed[early].mean() < 0.15:
        return 0 if path.turn_rate[early].mean() > 0 else 1
    return 1 - last


def movements(path: GroundPath) -> list[tuple[int, int]]:
    """Stretches of the grid, first and last index, in which the body moves or turns."""
    moves = (path.speed > STILL_M_S) | (np.abs(path.turn_rate) > STILL_RAD_S)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], moves, [False]]).astype(int)))
    found: list[tuple[int, int]] = []
    gap = SHORTEST_REST_S / (path.times_s[1] - path.times_s[0])
    for start, end in zip(edges[::2], edges[1::2] - 1, strict=True):
        if found and start - found[-1][1] < gap:
            found[-1] = (found[-1][0], int(end))
        else:
            found.append((int(start), int(end)))
    return found


def plan_footfalls(path: GroundPath, rhythm: Rhythm) -> list[Footing]:
    """One footing a leg along the whole path, both ends of which are taken as rests."""
    legs = range(len(rhythm.offsets))
    footings = [Footing() for _ in legs]
    for leg, footing in enumerate(footings):
        place, yaw = _home(path, rhythm, leg, 0.0, 0)
        footing.touch_s.append(-np.inf)
        footing.lift_s.append(np.inf)
        footing.places.append(place)
        footing.yaws.append(yaw)
    last = 1
    for start, end in movements(path):
        last = _step_through(path, rhythm, footings, start, end, last)
    for leg, footing in enumerate(footings):
        _let_go(path, rhythm, leg, footing)
    return footings


def _let_go(path: GroundPath, rhythm: Rhythm, leg: int, footing: Footing) -> None:
    """Shorten stances in which the body comes too far from the foot, in place: it is set down later, lifted sooner."""
    t = path.times_s
    behind, ahead, aside = rhythm.reach_m
    for i in range(len(footing.touch_s)):
        first, last = np.searchsorted(t, [footing.touch_s[i], footing.lift_s[i]])
        if last - first < 3:
            continue
        window = slice(int(first), int(last))
        yaw = path.yaw[window]
        c, s = np.cos(yaw), np.sin(yaw)
        x, y = (footing.places[i][:2] - path.xyz[window, :2]).T
        x, y = c * x + s * y - rhythm.homes_xy[leg, window, 0], c * y - s * x - rhythm.homes_xy[leg, window, 1]
        far = np.hypot(np.where(x < 0, x / behind, x / ahead), y / aside)
        near = np.flatnonzero(far <= 1)
        middle = int(np.argmin(far)) if not len(near) else int(near[np.argmin(far[near])])
        left = middle
        while left > 0 and far[left - 1] <= 1:
            left -= 1
        right = middle
        while right < len(far) - 1 and far[right + 1] <= 1:
            right += 1
        times = t[window]
        if left > 0 and np.isfinite(footing.touch_s[i]):
            footing.touch_s[i] = float(times[left])
        if right < len(far) - 1 and np.isfinite(footing.lift_s[i]):
            footing.lift_s[i] = float(max(times[right], footing.touch_s[i] + 0.02))


def _home(path: GroundPath, rhythm: Rhythm, leg: int, time_s: float, index: int | None = None) -> tuple[Float64, float]:
    at = path.times_s[index : index + 1] if index is not None else np.array([time_s])
    yaw = float(path.sampled(path.yaw, at)[0])
    center = path.sampled(path.xyz, at)[0]
    x, y = path.sampled(rhythm.homes_xy[leg], at)[0]
    c, s = np.cos(yaw), np.sin(yaw)
    return center + np.array([c * x - s * y, s * x + c * y, 0.0]), yaw + float(rhythm.toe_out[leg])


def _step_through(path: GroundPath, rhythm: Rhythm, footings: list[Footing], start: int, end: int, last: int) -> int:
    """Plan the steps of one movement; returns the leg that stepped last, 0 or 1 (of two)."""
    t = path.times_s[start : end + 1]
    if len(t) < 2:
        return last
    count = len(footings)
    middle = float(np.median(rhythm.pass_over[start : end + 1]))
    hz = rhythm.stride_hz[start : end + 1]
    run = np.concatenate([[0.0], np.cumsum((hz[1:] + hz[:-1]) / 2 * np.diff(t))])
    half_strides = round(2 * run[-1] + 0.25)
    homes = [_home(path, rhythm, leg, 0.0, end) for leg in range(count)]
    if half_strides < 1:
        if all(_near(footing, home) for footing, home in zip(footings, homes, strict=True)):
            return last
        half_strides = 1
    first = lead(path, start, end, last)
    # The leg that leads has its touchdown half a stride after the phase at which the body stands over the other.
    begin = float(np.median(rhythm.pass_over[start : start + 60])) + rhythm.lead_phases[first % len(rhythm.lead_phases)]
    phase = begin + run * (0.5 * half_strides / run[-1])
    finish = phase[-1]

    touches: list[tuple[float, int, bool]] = []
    for leg, offset in enumerate(rhythm.offsets):
        n = np.ceil(begin + 0.1 - offset)
        while n + offset <= finish - 1e-9:
            touches.append((float(n + offset), leg, False))
            n += 1
        touches.append((float(n + offset), leg, True))
    touches.sort()
    walked = [touch for touch in touches if not touch[2]]
    anchor = walked[-1][0] if walked else finish
    anchor_s = float(np.interp(anchor, phase, t))
    closing_hz = max(float(np.interp(anchor_s, t, hz)) * 0.5 * half_strides / run[-1], 0.7)

    for touch_phase, leg, closing in touches:
        footing = footings[leg]
        time_s = anchor_s + (touch_phase - anchor) / closing_hz if closing else float(np.interp(touch_phase, phase, t))
        over = touch_phase + middle
        ends = closing or over >= finish
        place, yaw = homes[leg] if ends else _home(path, rhythm, leg, float(np.interp(over, phase, t)))
        if closing and _near(footing, homes[leg]):
            continue
        if rhythm.apart_m:
            place = _kept_apart(place, yaw, leg, footings[1 - leg].places[-1], rhythm.apart_m)
        swing_s = float(path.sampled(rhythm.swing_s, np.array([time_s - 0.1]))[0])
        earliest = max(footing.touch_s[-1] + 0.08, float(t[0]) - 0.05)
        lift_s = max(time_s - swing_s, earliest)
        if time_s - lift_s < SHORTEST_SWING_S:
            lift_s = max(time_s - SHORTEST_SWING_S, footing.touch_s[-1] + 0.02)
            time_s = max(time_s, lift_s + SHORTEST_SWING_S)
        footing.lift_s[-1] = lift_s
        footing.touch_s.append(time_s)
        footing.lift_s.append(np.inf)
        footing.places.append(place)
        footing.yaws.append(yaw)
        last = leg % 2
    return last


def _near(footing: Footing, home: tuple[Float64, float]) -> bool:
    turn = (footing.yaws[-1] - home[1] + np.pi) % (2 * np.pi) - np.pi
    return bool(np.linalg.norm(footing.places[-1] - home[0]) < SLACK_M and abs(turn) < SLACK_RAD)


def _kept_apart(place: Float64, yaw: float, leg: int, other: Float64, apart_m: float) -> Float64:
    left = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    side = 1.0 if leg == 0 else -1.0
    gap = side * float((place - other) @ left)
    return place + side * max(apart_m - gap, 0.0) * left


def leap(footings: list[Footing], path: GroundPath, rhythm: Rhythm, start_s: float, end_s: float) -> list[Footing]:
    """The same footings with every foot off the ground between two times, standing at home where the body lands."""
    found = []
    for leg, footing in enumerate(footings):
        before = [i for i, touch in enumerate(footing.touch_s) if touch < start_s]
        after = [i for i, touch in enumerate(footing.touch_s) if touch > end_s + 0.1]
        keep = before[-1]
        landing, yaw = _home(path, rhythm, leg, end_s)
        lift_s = list(footing.lift_s[: keep + 1])
        lift_s[keep] = min(lift_s[keep], start_s)
        found.append(
            replace(
                footing,
                touch_s=[*footing.touch_s[: keep + 1], end_s, *(footing.touch_s[i] for i in after)],
                lift_s=[
                    *lift_s,
                    max(footing.lift_s[after[0] - 1], end_s + 0.05) if after else np.inf,
                    *(footing.lift_s[i] for i in after),
                ],
                places=[*footing.places[: keep + 1], landing, *(footing.places[i] for i in after)],
                yaws=[*footing.yaws[: keep + 1], yaw, *(footing.yaws[i] for i in after)],
            )
        )
    return found
