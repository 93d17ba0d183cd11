"""Random programs: the moves that captions are written for."""

from __future__ import annotations

from random import Random

from kinoeye.language.plan import KINDS, Action

COUNTS = {1: 0.2, 2: 0.3, 3: 0.25, 4: 0.15, 5: 0.06, 6: 0.04}
"""Number of moves -> how often."""
_TRAVELS, _TURNS = ("truck", "pedestal", "dolly"), ("yaw", "pitch", "roll")

Program = tuple[tuple[Action, ...], ...]
"""Moves in order; each one is a set of actions in the order of `KINDS`, without amounts."""


def random_program(rng: Random, *, count: int | None = None, rare: float = 0.0) -> Program:
    """Moves whose neighbours differ: holds, travels, turns, both at once, orbits, zooms, dolly zooms, aims, shake.

    Args:
        rng: the source of chance.
        count: number of moves; None draws 1 to 6.
        rare: share of moves that follow, look at something, shake or roll, beside those that are drawn anyway.
    """
    if count is None:
        count = rng.choices(tuple(COUNTS), weights=tuple(COUNTS.values()))[0]
    moves: list[tuple[Action, ...]] = []
    while len(moves) < count:
        move = _rare_move(rng) if rare and rng.random() < rare else _random_move(rng)
        if not moves or move != moves[-1]:
            moves.append(move)
    return tuple(moves)


def in_order(actions: tuple[Action, ...] | list[Action]) -> tuple[Action, ...]:
    """Actions that happen at the same time in the order in which programs list them: that of `KINDS`."""
    kinds = list(KINDS)
    return tuple(sorted(actions, key=lambda action: kinds.index(action.kind)))


def _random_move(rng: Random) -> tuple[Action, ...]:
    draw = rng.random()
    if draw < 0.13:
        return (Action("hold"),)
    if draw < 0.38:
        return (_directed(rng.choice(_TRAVELS), rng),)
    if draw < 0.54:
        return (_directed(rng.choices(_TURNS, weights=(3, 2, 1.5))[0], rng),)
    if draw < 0.56:
        return in_order([_directed(rng.choice((*_TRAVELS, "yaw", "pitch")), rng), Action("handheld")])
    if draw < 0.63:
        return in_order([_directed(kind, rng) for kind in rng.sample(_TRAVELS, 2)])
    if draw < 0.645:
        return in_order([_directed(kind, rng) for kind in _TRAVELS])
    if draw < 0.755:
        turn = rng.choices(_TURNS, weights=(3, 2, 1))[0]
        return in_order([_directed(rng.choice(_TRAVELS), rng), _directed(turn, rng)])
    if draw < 0.775:
        turn = rng.choices(_TURNS, weights=(3, 2, 1))[0]
        return in_order([*(_directed(kind, rng) for kind in rng.sample(_TRAVELS, 2)), _directed(turn, rng)])
    if draw < 0.785:
        return in_order([_directed("yaw", rng), _directed("pitch", rng)])
    if draw < 0.855:
        return (Action("orbit", rng.choices(("left", "right", "up", "down"), weights=(5, 5, 1, 1))[0]),)
    if draw < 0.875:
        return in_order(
            [Action("orbit", rng.choice(("left", "right"))), _directed(rng.choice(("pedestal", "dolly")), rng)]
        )
    if draw < 0.915:
        return (_directed("zoom", rng),)
    if draw < 0.93:
        return in_order([_directed("zoom", rng), _directed(rng.choice((*_TRAVELS, "yaw", "pitch")), rng)])
    if draw < 0.95:
        return (_directed("dolly_zoom", rng),)
    if draw < 0.96:
        return (Action("look_at"),)
    if draw < 0.975:
        return in_order([_directed(rng.choice(_TRAVELS), rng), Action("look_at")])
    if draw < 0.985:
        return (Action("follow"),)
    return in_order([_directed(rng.choice((*_TRAVELS, "yaw")), rng), Action("handheld")])


def _rare_move(rng: Random) -> tuple[Action, ...]:
    kind = rng.choice(("follow", "look_at", "handheld", "roll"))
    alone = (_directed(kind, rng),)
    if kind in ("follow", "roll") or rng.random() < 0.4:
        return alone
    return in_order([_directed(rng.choice((*_TRAVELS, "yaw") if kind == "handheld" else _TRAVELS), rng), *alone])


def _directed(kind: str, rng: Random) -> Action:
    return Action(kind, rng.choice(KINDS[kind].directions))
