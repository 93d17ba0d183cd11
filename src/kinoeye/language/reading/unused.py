"""Report of the words that had no effect: neighbours joined to spans, with a suggestion for a typo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from kinoeye.language.lexicon import CREATURES, FUNCTION_WORDS, SHAPES
from kinoeye.language.plan import UnusedWords
from kinoeye.language.text.items import Item, known_words
from kinoeye.language.text.tokens import Token

_SHORTEST_TYPO = 4
_MOST_WORDS = 2
"""Longer spans are prose, not typos."""


def unused_words(
    text: str,
    tokens: Sequence[Token],
    items: Sequence[Item],
    unused: set[int],
    foreign: set[int],
    notes: Mapping[int, str],
    of_actors: set[int],
) -> tuple[UnusedWords, ...]:
    """Spans of unused tokens; function words between two of them belong to the span.

    Args:
        text: what was typed.
        tokens: of the text.
        items: of the tokens.
        unused: indices of tokens.
        foreign: those of them that name a subject which nobody can stage; a note says which subjects there are.
        notes: why others of them have no effect.
        of_actors: those of them that say what an actor does.
    """
    bridges = {index for item in items if item.kind == "function" for index in range(item.first, item.last)}
    bridges |= {index for index, token in enumerate(tokens) if token.text in FUNCTION_WORDS}
    spans: list[list[int]] = []
    for index in sorted(unused):
        if tokens[index].kind == "sign":
            continue
        if spans and all(between in bridges for between in range(spans[-1][-1] + 1, index)):
            spans[-1].append(index)
        else:
            spans.append([index])
    spans = [span for span in spans if any(index not in bridges for index in span)]
    reports = []
    for span in spans:
        nouns = [tokens[index].text for index in span if index in foreign]
        note = f"no subject {nouns[-1]!r}; there are {', '.join([*SHAPES, *CREATURES])}" if nouns else None
        note = note or next((notes[index] for index in span if index in notes), None)
        acted = all(index in of_actors or index in bridges for index in span)
        report = _report(text, tokens[span[0]].start, tokens[span[-1]].end, note)
        reports.append(replace(report, of_actors=acted))
    return tuple(reports)


def _report(text: str, start: int, end: int, note: str | None) -> UnusedWords:
    words = text[start:end]
    few = words.lower().split()[:3]
    near = [nearest(word) for word in few] if len(few) <= _MOST_WORDS else []
    return UnusedWords(words, start, end, next(filter(None, near), None), note)


def nearest(word: str) -> str | None:
    """The known word that a typo probably means."""
    if not word.isalpha() or len(word) < _SHORTEST_TYPO or word in known_words():
        return None
    candidates = [known for known in sorted(known_words()) if known[0] == word[0]]
    return next(iter(get_close_matches(word, candidates, n=1, cutoff=0.8)), None)
