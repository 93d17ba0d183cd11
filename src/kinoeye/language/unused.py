"""Report of the words that had no effect: neighbours joined to spans, with a suggestion for a typo."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from kinoeye.language.plan import UnusedWords
from kinoeye.language.text.items import Item, vocabulary
from kinoeye.language.text.tokens import Token

_SHORTEST_TYPO = 4


def unused_words(
    text: str, tokens: Sequence[Token], items: Sequence[Item], unused: set[int]
) -> tuple[UnusedWords, ...]:
    """Spans of unused tokens; function words between two of them belong to the span."""
    bridges = {index for item in items if item.kind == "function" for index in range(item.first, item.last)}
    spans: list[list[int]] = []
    for index in sorted(unused):
        if tokens[index].kind == "sign":
            continue
        if spans and all(between in bridges for between in range(spans[-1][-1] + 1, index)):
            spans[-1].append(index)
        else:
            spans.append([index])
    return tuple(_report(text, tokens[span[0]].start, tokens[span[-1]].end) for span in spans)


def _report(text: str, start: int, end: int) -> UnusedWords:
    words = text[start:end]
    near = []
    if words.isalpha() and len(words) >= _SHORTEST_TYPO:
        near = get_close_matches(words.lower(), sorted(vocabulary()), n=1, cutoff=0.78)
    return UnusedWords(words, start, end, near[0] if near else None)
