"""What a director chooses that nobody said: how far moves go, and that a push keeps its eye on its subject."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from kinoeye.language.motion.timing import amount_of, natural_duration
from kinoeye.language.plan import Action, Move, Plan

REACHES = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.12, 0.06)
"""Shares of the default amount that a move may cover, the whole of it first."""
_TRAVELLING = ("truck", "pedestal", "dolly", "orbit", "dolly_zoom")
_AIMED = ("look_at", "follow", "orbit", "dolly_zoom", "yaw", "pitch")
"""What turns the camera already, or keeps it where it is told to look."""


def is_open(action: Action) -> bool:
    """Whether an action moves the camera by an amount that nobody stated."""
    return action.kind in _TRAVELLING and action.amount is None and action.rate is None


def with_reach(move: Move, reach: float) -> Move:
    """A move whose unstated amounts are this share of what they would be.

    Example:
        >>> with_reach(Move((Action("dolly", "forward"),)), 0.5).actions[0].amount
        1.0
    """
    if reach == 1.0:
        return move  # as it is, so that an open push still stops short of its subject
    duration = natural_duration(move)
    return replace(
        move,
        actions=tuple(
            replace(action, amount=reach * amount_of(action, move, duration)) if is_open(action) else action
            for action in move.actions
        ),
    )


def with_aims(plan: Plan, placed: Container[str]) -> Plan:
    """The plan with every dolly about an actor whose place is known turned to it, unless its move has an aim already.

    Example:
        >>> push = Plan((Move((Action("dolly", "forward", target="red cone"),)),))
        >>> with_aims(push, {"red cone"}).moves[0].find("look_at").target
        'red cone'
    """
    return replace(plan, moves=tuple(_aimed(move, placed) for move in plan.moves))


def _aimed(move: Move, placed: Container[str]) -> Move:
    dolly = move.find("dolly")
    if dolly is None or dolly.target is None or dolly.target not in placed or any(move.find(kind) for kind in _AIMED):
        return move
    return replace(move, actions=(*move.actions, Action("look_at", target=dolly.target)))
