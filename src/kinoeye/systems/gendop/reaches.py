"""How far a move goes when nobody says: shares of its default amount."""

from __future__ import annotations

from dataclasses import replace

from kinoeye.language.motion.timing import amount_of, natural_duration
from kinoeye.language.plan import Action, Move

REACHES = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.12, 0.06)
"""Shares of the default amount that a move may cover, the whole of it first."""
_TRAVELLING = ("truck", "pedestal", "dolly", "orbit", "dolly_zoom")


def is_open(action: Action) -> bool:
    """Whether an action moves the camera by an amount that nobody stated."""
    return action.kind in _TRAVELLING and action.amount is None and action.rate is None


def with_reach(move: Move, reach: float) -> Move:
    """A move whose unstated amounts are this share of what they would be.

    Example:
        >>> with_reach(Move((Action("dolly", "forward"),)), 0.5).actions[0].amount
        1.0
    """
    duration = natural_duration(move)
    return replace(
        move,
        actions=tuple(
            replace(action, amount=reach * amount_of(action, move, duration)) if is_open(action) else action
            for action in move.actions
        ),
    )
