"""Plans against plans: whether a director understood the moves, and how nearly."""

from __future__ import annotations

import math

from kinoeye.language.plan import Action, Move, Plan

AMOUNT_TOLERANCE = 0.25
"""Share of a stated amount by which an understood one may differ."""
FEWEST_HARD_ITEMS = 20
"""With fewer items a share of them says nothing."""


def exact_program(true: Plan, predicted: Plan) -> bool:
    """Whether a plan has the true plan's moves in their order, with the amounts that it states.

    Two moves are the same if they have the same set of actions, each by kind and direction; holds are moves. An amount
    is stated if the true action has one, or has a rate and its move a duration (their product, or for a zoom its
    exponential). The predicted action must then have one within `AMOUNT_TOLERANCE`: of the amount, or for a zoom of
    the logarithm of its ratio. Speeds, easings, durations, subjects and distances are not part of the program.

    Example:
        >>> from kinoeye.language import parse
        >>> exact_program(parse("pan left 40 degrees"), parse("turn left by 45 degrees"))
        True
        >>> exact_program(parse("pan left 40 degrees"), parse("pan left"))
        False
    """
    if len(true.moves) != len(predicted.moves):
        return False
    return all(_same(ours, theirs) for ours, theirs in zip(true.moves, predicted.moves, strict=True))


def segment_similarity(true: Plan, predicted: Plan) -> float:
    """1 less the edit distance between two plans' moves (Levenshtein 1966), over the moves of the longer one.

    Moves are compared by their sets of kinds and directions, without amounts.

    Example:
        >>> from kinoeye.language import parse
        >>> segment_similarity(parse("pan left, then push in"), parse("pan left"))
        0.5
    """
    ours, theirs = ([_actions(move) for move in plan.moves] for plan in (true, predicted))
    longest = max(len(ours), len(theirs))
    return 1.0 - _edits(ours, theirs) / longest if longest else 1.0


def _actions(move: Move) -> frozenset[tuple[str, str]]:
    return frozenset((action.kind, action.direction) for action in move.actions)


def _same(true: Move, predicted: Move) -> bool:
    if _actions(true) != _actions(predicted):
        return False
    found = {(action.kind, action.direction): action for action in predicted.actions}
    return all(_same_amount(action, true, found[action.kind, action.direction], predicted) for action in true.actions)


def _same_amount(true: Action, true_move: Move, predicted: Action, predicted_move: Move) -> bool:
    asked, got = _amount(true, true_move), _amount(predicted, predicted_move)
    if asked is None:
        return True
    return got is not None and abs(got - asked) <= AMOUNT_TOLERANCE * abs(asked) * (1 + 1e-9)


def _amount(action: Action, move: Move) -> float | None:
    """What an action states, in metres, radians, factors, or e-folds of a zoom."""
    is_zoom = action.kind == "zoom"
    if action.amount is not None:
        return math.log(action.amount) if is_zoom else action.amount
    if action.rate is not None and move.duration_s is not None:
        return action.rate * move.duration_s
    return None


def _edits(a: list[frozenset[tuple[str, str]]], b: list[frozenset[tuple[str, str]]]) -> int:
    """The fewest insertions, removals and replacements that make one sequence of the other."""
    row = list(range(len(b) + 1))
    for i, ours in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, theirs in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (ours != theirs))
    return row[-1]
