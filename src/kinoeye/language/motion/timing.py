"""How long each move of a plan lasts, and how far it goes when the text does not say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.language.plan import KINDS, Action, Move, Plan

DEFAULT_FPS = 24.0
DEFAULT_MOVE_S = 2.0
SHORTEST_MOVE_S, LONGEST_MOVE_S = 0.5, 20.0
"""Bounds of a duration that follows from an amount; a stated duration may lie outside."""
SLIGHT = 0.55
"""What "slightly" multiplies every unstated amount of a move by."""
MAX_FRAMES = 100_000
MAX_FPS = 1000.0


@dataclass(frozen=True)
class Timing:
    """When the moves of a plan happen."""

    times_s: NDArray[np.float64]
    """[n] frame times from 0."""
    bounds_s: NDArray[np.float64]
    """[m + 1] times at which the moves begin and end."""


def schedule(
    plan: Plan, *, num_frames: int | None = None, fps: float | None = None, duration_s: float | None = None
) -> Timing:
    """Frame times, and move boundaries on the frame grid.

    Stated durations are kept; the others last as long as their amount needs, two seconds when there is none, and
    share what is left when the whole length is given.

    Args:
        plan: its moves; its duration and fps are used where the arguments are None.
        num_frames: frames of the whole path, both ends included; wins over `duration_s`.
        fps: frames per second, 24 when nobody says.
        duration_s: length of the whole path.

    Raises:
        InputError: fewer than one or too many frames, or a rate or duration that is not positive.
    """
    fps = fps or plan.fps or DEFAULT_FPS
    if not 0.0 < fps <= MAX_FPS:
        raise InputError(f"{fps:g} frames per second is out of range; use more than 0 and at most 1000")
    if duration_s is not None and not 0.0 < duration_s < math.inf:
        raise InputError(f"a duration of {duration_s:g} s is out of range; give a positive number of seconds")
    natural = np.array([natural_duration(move) for move in plan.moves])
    fixed = np.array([_is_fixed(move) for move in plan.moves])
    if num_frames is None:
        total = duration_s or plan.duration_s or float(natural.sum())
        num_frames = round(total * fps) + 1
    if not 1 <= num_frames <= MAX_FRAMES:
        raise InputError(f"{num_frames} frames is out of range; give 1 to {MAX_FRAMES}, or a shorter duration")
    total = (num_frames - 1) / fps
    bounds = np.concatenate([[0.0], np.cumsum(_fill(natural, fixed, total))])
    bounds = _snap(bounds * fps, num_frames - 1) / fps
    return Timing(times_s=np.arange(num_frames) / fps, bounds_s=bounds)


def natural_duration(move: Move) -> float:
    """Seconds that a move lasts on its own: as stated, as its amounts need at their speed, or two."""
    if move.duration_s is not None:
        return move.duration_s
    needed = [_size(a) / (a.rate or KINDS[a.kind].rate * move.speed) for a in move.actions if _takes_time(a)]
    if not needed:
        return DEFAULT_MOVE_S
    stated = any(a.amount is not None and a.rate is not None for a in move.actions)
    return max(needed) if stated else min(max(max(needed), SHORTEST_MOVE_S), LONGEST_MOVE_S)


def amount_of(action: Action, move: Move, duration_s: float) -> float:
    """Metres, radians or ratio that an action covers in a move of the given duration; stated amounts are exact."""
    if action.amount is not None:
        return action.amount
    rate = action.rate or KINDS[action.kind].rate * move.speed * (SLIGHT if move.slight else 1.0)
    return math.exp(rate * duration_s) if KINDS[action.kind].unit == "ratio" else rate * duration_s


def _takes_time(action: Action) -> bool:
    return action.amount is not None and KINDS[action.kind].rate > 0.0


def _size(action: Action) -> float:
    assert action.amount is not None
    if KINDS[action.kind].unit == "ratio":
        return max(abs(math.log(action.amount)), 1e-3)
    return action.amount


def _is_fixed(move: Move) -> bool:
    return move.duration_s is not None or any(a.amount is not None and a.rate is not None for a in move.actions)


def _fill(natural: NDArray[np.float64], fixed: NDArray[np.bool_], total: float) -> NDArray[np.float64]:
    """Stretch the moves without a stated duration so that all last `total`; all of them when that cannot be."""
    flexible, stated = float(natural[~fixed].sum()), float(natural[fixed].sum())
    left = total - stated
    if flexible > 0.0 and left > 0.1 * flexible:
        return np.where(fixed, natural, natural * (left / flexible))
    return natural * (total / (flexible + stated))


def _snap(bounds: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Round boundaries to whole frames, at least one frame a move, so that each move ends on a frame exactly."""
    moves = len(bounds) - 1
    if steps < moves:
        return bounds
    snapped = np.rint(bounds)
    for i in range(1, moves):
        snapped[i] = min(max(snapped[i], snapped[i - 1] + 1), steps - (moves - i))
    snapped[-1] = steps
    return snapped
