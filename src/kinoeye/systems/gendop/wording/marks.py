"""Private marks around quantities and actors while a caption is put together; a finished one has none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kinoeye.systems.gendop.caption_words import Span

_OPEN, CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}(\\d+)\\|([^{CLOSE}]*){CLOSE}")


def pointers(found: Sequence[Span], marks: dict[int, Span]) -> dict[int, int]:
    """Mark -> number, from 1, of what was read at its place."""
    pointers = {}
    for mark, span in marks.items():
        for number, place in enumerate(found, 1):
            if place.start < span.end and span.start < place.end:
                pointers[mark] = number
                break
    return pointers


def marked(number: int, words: str) -> str:
    """Words under the number of their mark."""
    return f"{_OPEN}{number}|{words}{CLOSE}"


def unmark(text: str) -> tuple[str, dict[int, Span]]:
    """The text without its marks, and where each marked phrase is."""
    plain, spans, at = "", {}, 0
    for found in _MARKED.finditer(text):
        plain += text[at : found.start()]
        start = len(plain)
        plain += found.group(2)
        spans.setdefault(int(found.group(1)), Span(start, len(plain)))
        at = found.end()
    return plain + text[at:], spans
