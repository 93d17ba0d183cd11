"""The words that a single actor's path is composed of: go, hop, turn, wait; and how they are joined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from kinoeye.geometry.convention import Float64
from kinoeye.shot.templates.path import SAMPLES, Path, smooth_step

GRAVITY_M_PER_S2 = 9.81
QUARTER, HALF, FULL = math.pi / 2, math.pi, 2 * math.pi
"""Angles in radians; a turn to the left is positive, as seen from above."""
BACK, LEFTWARD, RIGHTWARD = HALF, QUARTER, -QUARTER
"""Directions of going, from where the body faces."""
EIGHT = 2.404825557695773
"""First zero of the Bessel function J0: a course that sways by so much, as a sine of the way, closes a figure eight."""
_RAMP = 0.35
"""Share of a piece in which its speed changes from its neighbour's to its own."""
_PIECE_SAMPLES = 600


@dataclass(frozen=True, kw_only=True)
class Go:
    """Goes a distance over a line, an arc, a spiral or a winding course."""

    length: float
    """Metres."""
    turn: float = 0.0
    """Angle in radians by which the course turns from start to end: an arc of radius length / turn."""
    tighten: float = 1.0
    """Curvature at the end over curvature at the start: 1 is an arc, more a spiral inwards, less one outwards."""
    gradual: bool = False
    """Whether the turn begins and ends with no curvature, so that those beside it need not jump to another speed."""
    sway: float = 0.0
    """Largest angle in radians by which the course swings to either side, first left where positive."""
    swings: float = 1.0
    """How many times it swings to both sides."""
    direction: float = 0.0
    """Course at the start, from where the body faces: 0 forwards, `BACK`, `LEFTWARD`, `RIGHTWARD`."""
    keeps_facing: bool = False
    """Whether the body faces where it faced, and does not turn with the course."""
    spin: float = 0.0
    """Angle in radians by which the body turns on its own axis on the way."""
    climb: float = 0.0
    """Metres by which it rises, with no vertical speed at the ends."""
    bob: float = 0.0
    """Height in metres of the waves that it flies in; each starts and ends at their foot."""
    waves: int = 1
    pace: float = 1.0
    """Metres per second between its changes of speed."""


@dataclass(frozen=True, kw_only=True)
class Hop:
    """Leaves the ground and lands again, ballistic."""

    height: float = 0.35
    """Metres."""
    length: float = 0.0
    """Metres forwards."""
    turn: float = 0.0
    """Angle in radians by which the body turns in the air."""

    @property
    def seconds(self) -> float:
        """How long the fall from its height and the rise to it last."""
        return 2.0 * math.sqrt(2.0 * self.height / GRAVITY_M_PER_S2)


@dataclass(frozen=True)
class Turn:
    """Turns in place, gently at both ends."""

    angle: float
    """Radians, to the left."""
    rate: float = 2.0
    """Mean radians per second."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return abs(self.angle) / self.rate


@dataclass(frozen=True)
class Wait:
    """Stands or hovers where it is, or rises and sinks there."""

    seconds: float
    climb: float = 0.0
    """Metres by which it rises, with no speed at the ends."""


Piece = Go | Hop | Turn | Wait


def trace(
    *pieces: Piece,
    at: tuple[float, float] = (0.0, 0.0),
    heading: float = 0.0,
    z: float = 0.0,
    from_rest: bool = False,
    to_rest: bool = False,
) -> Path:
    """One path out of pieces, each starting where the last one ended.

    The speed is continuous: pieces that go on in the same direction share one where they meet, and at every other
    joint the body is at rest. At the two ends it moves at its pace, unless it is said to start or end at rest.

    Args:
        pieces: at least one.
        at: where it starts, in metres.
        heading: where the body faces at the start, in radians.
        z: height at the start, in metres.
        from_rest: it sets off.
        to_rest: it comes to a stop.

    Example:
        >>> around = trace(Go(length=6.0, turn=FULL))
        >>> bool(abs(around.xyz[-1] - around.xyz[0]).max() < 1e-3)
        True
    """
    speeds = _joint_speeds(pieces, from_rest, to_rest)
    state = _State(np.array([*at, z], float), heading)
    parts = [_played(piece, state, *speeds[index : index + 2]) for index, piece in enumerate(pieces)]
    starts = np.cumsum([0.0, *(part.seconds for part in parts)])
    times = np.concatenate([start + part.seconds * _U for start, part in zip(starts, parts, strict=False)])
    xyz, facing = np.concatenate([part.xyz for part in parts]), np.concatenate([part.facing for part in parts])
    even = np.linspace(0.0, starts[-1], SAMPLES)
    return Path(
        xyz=np.stack([np.interp(even, times, axis) for axis in xyz.T], axis=-1),
        facing=np.interp(even, times, facing),
        seconds=float(starts[-1]),
        leaps=any(isinstance(piece, Hop) for piece in pieces),
    )


_U: Float[Float64, "m"] = np.linspace(0.0, 1.0, _PIECE_SAMPLES)


@dataclass
class _State:
    xyz: Float64
    facing: float


def _joint_speeds(pieces: tuple[Piece, ...], from_rest: bool, to_rest: bool) -> list[float]:
    """Speed in metres per second at the start of the first piece, at each joint and at the end of the last."""
    first, last = pieces[0], pieces[-1]
    start = 0.0 if from_rest else _pace(first)
    end = 0.0 if to_rest else _pace(last)
    joints = [
        min(_pace(before), _pace(after)) if _goes_on(before, after) else 0.0 for before, after in pairwise(pieces)
    ]
    return [start, *joints, end]


def _pace(piece: Piece) -> float:
    if isinstance(piece, Hop):
        return piece.length / piece.seconds
    return piece.pace if isinstance(piece, Go) else 0.0


def _goes_on(before: Piece, after: Piece) -> bool:
    """Whether the course at the end of a piece is the course at the start of the next."""
    if not isinstance(before, Go | Hop) or not isinstance(after, Go | Hop):
        return False
    off_course = _direction(after) - _direction(before)
    if isinstance(before, Go):
        body_turned = (0.0 if before.keeps_facing else before.turn) + before.spin
        off_course += body_turned - before.turn
    else:
        off_course += before.turn
    return abs(math.remainder(off_course, FULL)) < 1e-9


def _direction(piece: Go | Hop) -> float:
    return piece.direction if isinstance(piece, Go) else 0.0


def _played(piece: Piece, state: _State, start_speed: float, end_speed: float) -> Path:
    """The piece from a state on, at `_U` of its time; leaves its last pose in the state."""
    match piece:
        case Go():
            part = _go(piece, state, start_speed, end_speed)
        case Hop():
            part = _hop(piece, state, start_speed, end_speed)
        case Turn():
            part = _stand(piece.seconds, state, turn=piece.angle)
        case Wait():
            part = _stand(piece.seconds, state, climb=piece.climb)
    state.xyz, state.facing = part.xyz[-1], float(part.facing[-1])
    return part


def _go(piece: Go, state: _State, start_speed: float, end_speed: float) -> Path:
    speed = _speed_profile(start_speed, piece.pace, end_speed)
    way = _integral(speed)
    w = way / way[-1]
    spiral = (2.0 * w + (piece.tighten - 1.0) * w**2) / (1.0 + piece.tighten)
    bent = piece.turn * (smooth_step(w) if piece.gradual else spiral)
    bent = bent + piece.sway * np.sin(FULL * piece.swings * w)
    rise = piece.climb * smooth_step(_U) + 0.5 * piece.bob * (1.0 - np.cos(FULL * piece.waves * _U))
    facing = state.facing + piece.spin * smooth_step(_U) + (0.0 if piece.keeps_facing else bent)
    xyz = state.xyz + _advanced(piece.length * w, state.facing + piece.direction + bent, rise)
    return Path(xyz, facing, piece.length / way[-1])


def _hop(piece: Hop, state: _State, start_speed: float, end_speed: float) -> Path:
    pace = _pace(piece)
    way = _integral(_speed_profile(start_speed, pace, end_speed)) if pace else _U
    course = np.full_like(_U, state.facing)
    rise = 4.0 * piece.height * _U * (1.0 - _U)
    xyz = state.xyz + _advanced(piece.length * way / way[-1], course, rise)
    return Path(xyz, state.facing + piece.turn * smooth_step(_U), piece.seconds)


def _stand(seconds: float, state: _State, *, turn: float = 0.0, climb: float = 0.0) -> Path:
    xyz = state.xyz + np.outer(climb * smooth_step(_U), [0.0, 0.0, 1.0])
    return Path(xyz, state.facing + turn * smooth_step(_U), seconds)


def _speed_profile(start: float, pace: float, end: float) -> Float64:
    up = start + (pace - start) * smooth_step(_U / _RAMP)
    return up - (pace - end) * smooth_step((_U - 1.0 + _RAMP) / _RAMP)


def _integral(values: Float64) -> Float64:
    return np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(_U))])


def _advanced(way: Float64, course: Float64, rise: Float64) -> Float[Float64, "m 3"]:
    """Displacement along a course: each step is the chord of an arc, so that arcs are exact."""
    half_turn = 0.5 * np.diff(course)
    chord = np.diff(way) * np.sinc(half_turn / np.pi)
    middle = 0.5 * (course[1:] + course[:-1])
    steps = np.stack([chord * np.cos(middle), chord * np.sin(middle)], axis=-1)
    ground = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return np.concatenate([ground, rise[:, None]], axis=-1)
