"""What findings of every kind share: how bad they are, and how the frames that they are about are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Severity = Literal["error", "warning", "hint"]
_NAMED_STRETCHES = 4


def severity_rank(severity: Severity) -> int:
    """Sorts errors before warnings before hints."""
    return ("error", "warning", "hint").index(severity)


def frames_in_words(stretches: Sequence[tuple[int, int]], *, count: int | None = None) -> str:
    """Stretches of frames, each the first and the last of them, in words.

    Args:
        stretches: in order; at least one.
        count: how many stretches there are, where not all are given.

    Example:
        >>> frames_in_words([(3, 3)]), frames_in_words([(0, 4), (7, 7)])
        ('frame 3', 'frames 0-4 and 7')
    """
    count = len(stretches) if count is None else count
    words = [str(first) if first == last else f"{first}-{last}" for first, last in stretches[:_NAMED_STRETCHES]]
    if count > _NAMED_STRETCHES:
        words = [*words[:-1], f"{count - len(words) + 1} more runs"]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{'frame' if joined.isdecimal() else 'frames'} {joined}"
