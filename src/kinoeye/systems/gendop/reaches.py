"""What a director chooses that nobody said: how far moves go, and that a push keeps its eye on its subject."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from kinoeye.language.motion.path import Anchor
from kinoeye.language.motion.timing import amount_of, natural_duration
from kinoeye.language.plan import Action, Move, Plan

REACHES = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.12, 0.06)
"""Shares of the default amount that a move may cover, the whole of it first."""
_TRAVELLING = ("truck", "pedestal", "dolly", "orbit", "dolly_zoom")
_AIMED = ("look_at", "follow", "orbit", "dolly_zoom", "yaw", "pitch")
"""What turns the camera already, or keeps it where it is told to look."""
_WELL_AIMED = math.radians(8.0)
"""A push whose subject is no farther off the first camera's axis than this keeps it in the picture without turning."""


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


def with_aims(plan: Plan, anchors: Mapping[str, Anchor]) -> Plan:
    """The plan with dollies turned to their subjects, where these are known to be off the axis of the first camera.

    A move that has an aim of its own keeps it.

    Args:
        plan: its moves.
        anchors: of its actors, in the axes of the first camera.

    Example:
        >>> push = Plan((Move((Action("dolly", "forward", target="red cone"),)),))
        >>> with_aims(push, {"red cone": Anchor((1.0, 1.0, 3.0))}).moves[0].find("look_at").target
        'red cone'
    """
    aside = {name for name, anchor in anchors.items() if _off_axis(anchor) > _WELL_AIMED}
    return replace(plan, moves=tuple(_aimed(move, aside) for move in plan.moves))


def _off_axis(anchor: Anchor) -> float:
    x, y, z = anchor.position_xyz
    return math.atan2(math.hypot(x, y - anchor.size_xyz[2] / 2), z)


def _aimed(move: Move, aside: set[str]) -> Move:
    dolly = move.find("dolly")
    if dolly is None or dolly.target not in aside or any(move.find(kind) for kind in _AIMED):
        return move
    return replace(move, actions=(*move.actions, Action("look_at", target=dolly.target)))
