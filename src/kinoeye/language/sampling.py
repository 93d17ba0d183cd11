"""Random Plans: for measuring round trips, and for training on captions that are exact by construction."""

from __future__ import annotations

import math

import numpy as np

from kinoeye.language.lexicon import QUICKLY, SLOWLY
from kinoeye.language.plan import EASINGS, KINDS, Action, Move, Plan

MIN_FRAMES, MAX_FRAMES = 28, 60
_TRANSLATIONS = ("truck", "pedestal", "dolly")
_ROTATIONS = ("yaw", "pitch", "roll")


def random_plan(rng: np.random.Generator, *, fps: float = 24.0, amounts: bool = False) -> Plan:
    """A plan of 1 to 4 moves of 28 to 60 frames, neighbours different.

    A move is a hold, up to two translations and a rotation at once, an orbit, a zoom or a dolly zoom, with a speed,
    an easing and "slightly" at times.

    Args:
        rng: the source of chance.
        fps: frames per second that the durations are whole frames of.
        amounts: whether single translations, rotations and orbits state an amount at times.
    """
    count = int(rng.integers(1, 5))
    moves: list[Move] = []
    while len(moves) < count:
        move = _random_move(rng, fps, amounts)
        if not moves or not _alike(move, moves[-1]):
            moves.append(move)
    return Plan(tuple(moves))


def _random_move(rng: np.random.Generator, fps: float, amounts: bool) -> Move:
    actions = _random_actions(rng)
    if amounts and len(actions) == 1 and rng.random() < 0.5:
        actions = [_with_amount(actions[0], rng)]
    still = actions[0].kind == "hold"
    return Move(
        tuple(actions),
        duration_s=int(rng.integers(MIN_FRAMES, MAX_FRAMES + 1)) / fps,
        speed=1.0 if still else float(rng.choice([1.0, 1.0, SLOWLY, QUICKLY])),
        slight=not still and rng.random() < 0.25,
        easing=None if still or rng.random() < 0.4 else EASINGS[rng.integers(len(EASINGS))],
    )


def _random_actions(rng: np.random.Generator) -> list[Action]:
    draw = rng.random()
    if draw < 0.12:
        return [Action("hold")]
    if draw < 0.22:
        return [_directed("orbit", rng)]
    if draw < 0.27:
        return [_directed("dolly_zoom", rng)]
    if draw < 0.32:
        return [_directed("zoom", rng)]
    translations = list(rng.permutation(_TRANSLATIONS)[: rng.integers(0, 3)])
    rotations = list(rng.permutation(_ROTATIONS)[: rng.integers(0 if translations else 1, 2)])
    return [_directed(str(kind), rng) for kind in sorted(translations, key=_TRANSLATIONS.index) + rotations]


def _directed(kind: str, rng: np.random.Generator) -> Action:
    directions = KINDS[kind].directions
    return Action(kind, directions[rng.integers(len(directions))])


def _with_amount(action: Action, rng: np.random.Generator) -> Action:
    unit = KINDS[action.kind].unit
    if unit == "rad":
        return Action(action.kind, action.direction, amount=math.radians(int(rng.integers(15, 91))))
    if unit == "m" and action.kind != "dolly_zoom":
        return Action(action.kind, action.direction, amount=float(rng.integers(5, 41)) / 10)
    return action


def _alike(a: Move, b: Move) -> bool:
    return {(x.kind, x.direction) for x in a.actions} == {(x.kind, x.direction) for x in b.actions}
