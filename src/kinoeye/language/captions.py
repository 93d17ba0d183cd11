"""From tags to a caption in the manner of DataDoP's "Movement" captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kinoeye.language.tags import tag_words


@dataclass(frozen=True, kw_only=True)
class MotionWords:
    """How a caption speaks of a camera's motion."""

    begins: str
    static: str
    moves: str
    finite: Mapping[str, str]
    """Kind of turn -> verb."""
    participle: Mapping[str, str]
    then: tuple[str, str]
    """What introduces a further motion, and the last."""


DATADOP = MotionWords(
    begins="The camera",
    static="remains static",
    moves="moves",
    finite={"yaw": "yaws", "pitch": "pitches", "roll": "rolls"},
    participle={"yaw": "yawing", "pitch": "pitching", "roll": "rolling"},
    then=("then", "and finally"),
)
"""The words of the data set itself."""


def caption(segments: Sequence[tuple[int, int, int]], words: MotionWords = DATADOP) -> str:
    """One sentence that says the motion of each segment in order; neighbours of the same class are said once.

    Args:
        segments: (start, end, class) as `tags.segments` gives them.
        words: to say it in.

    Example:
        >>> caption([(0, 30, 0), (30, 60, 7 * 2)])
        'The camera remains static, and finally moves forward.'
    """
    classes = [tag for index, (_, _, tag) in enumerate(segments) if index == 0 or segments[index - 1][2] != tag]
    phrases = [_phrase(tag, words) for tag in classes] or [words.static]
    if len(phrases) == 1:
        return f"{words.begins} {phrases[0]}."
    between, last = words.then
    middle = [f"{between} {phrase}" for phrase in phrases[1:-1]]
    return f"{words.begins} {', '.join([phrases[0], *middle, f'{last} {phrases[-1]}'])}."


def _phrase(tag: int, words: MotionWords) -> str:
    moves, turn = tag_words(tag)
    if not moves and not turn:
        return words.static
    verb, _, side = turn.partition(" ")
    if not moves:
        return f"{words.finite[verb]} {side}"
    moving = f"{words.moves} {' and '.join(moves)}"
    return f"{moving} while {words.participle[verb]} {side}" if turn else moving
