"""From tags to a caption in the manner of DataDoP's "Movement" captions."""

from __future__ import annotations

from collections.abc import Sequence

from kinoeye.language.tags import tag_words

_FINITE = {"yaw": "yaws", "pitch": "pitches", "roll": "rolls"}
_PARTICIPLE = {"yaw": "yawing", "pitch": "pitching", "roll": "rolling"}


def caption(segments: Sequence[tuple[int, int, int]]) -> str:
    """One sentence that says the motion of each segment in order; neighbours of the same class are said once.

    Args:
        segments: (start, end, class) as `tags.segments` gives them.

    Example:
        >>> caption([(0, 30, 0), (30, 60, 7 * 2)])
        'The camera remains static, and finally moves forward.'
    """
    classes = [tag for index, (_, _, tag) in enumerate(segments) if index == 0 or segments[index - 1][2] != tag]
    phrases = [_phrase(tag) for tag in classes] or ["remains static"]
    if len(phrases) == 1:
        return f"The camera {phrases[0]}."
    middle = [f"then {phrase}" for phrase in phrases[1:-1]]
    return f"The camera {', '.join([phrases[0], *middle, f'and finally {phrases[-1]}'])}."


def _phrase(tag: int) -> str:
    moves, turn = tag_words(tag)
    if not moves and not turn:
        return "remains static"
    verb, _, side = turn.partition(" ")
    if not moves:
        return f"{_FINITE[verb]} {side}"
    moving = f"moves {' and '.join(moves)}"
    return f"{moving} while {_PARTICIPLE[verb]} {side}" if turn else moving
