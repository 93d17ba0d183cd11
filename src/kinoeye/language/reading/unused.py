"""Report of the words that had no effect: neighbours joined to spans, with a suggestion for a typo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache

from kinoeye.language.lexicon import CONNECTIVES, CREATURES, FUNCTION_WORDS, SHAPES
from kinoeye.language.plan import UnusedWords
from kinoeye.language.text.items import Item, known_words
from kinoeye.language.text.nouns import before_nouns
from kinoeye.language.text.spelling import meant_noun, meant_verb
from kinoeye.language.text.tokens import Token

_SHORTEST_TYPO = 4
_MOST_WORDS = 2
"""Longer spans are prose, not typos, but for nouns right after an article, a number, a colour or a size."""


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
        start, end = tokens[span[0]].start, tokens[span[-1]].end
        meant = _meant(tokens, items, span)
        reports.append(UnusedWords(text[start:end], start, end, meant, note, acted))
    return tuple(reports)


def _meant(tokens: Sequence[Token], items: Sequence[Item], span: Sequence[int]) -> str | None:
    """The known word that one in a span probably is."""
    words = [tokens[index].text for index in range(span[0], span[-1] + 1) if tokens[index].kind == "word"]
    before_direction = {item.first - 1 for item in items if item.kind == "direction"}
    if _begins_clause(tokens, span[0]) and span[0] in before_direction:
        verb = meant_verb(tokens[span[0]].text)
        if verb is not None:
            return verb
    if len(words) <= _MOST_WORDS:
        return next(filter(None, map(nearest, words)), None)
    nouns = [tokens[index].text for index in span if index and tokens[index - 1].text in before_nouns()]
    return next(filter(None, map(meant_noun, nouns)), None)


def _begins_clause(tokens: Sequence[Token], index: int) -> bool:
    return index == 0 or tokens[index - 1].kind in ("end", "sign") or tokens[index - 1].text in _opening()


def nearest(word: str) -> str | None:
    """The known word that a typo probably means."""
    noun = meant_noun(word)
    if noun is not None or not word.isalpha() or len(word) < _SHORTEST_TYPO or word in known_words():
        return noun
    candidates = [known for known in sorted(known_words()) if known[0] == word[0]]
    return next(iter(get_close_matches(word, candidates, n=1, cutoff=0.8)), None)


@cache
def _opening() -> frozenset[str]:
    """Words after which a clause may begin."""
    return frozenset(word for phrases in CONNECTIVES.values() for phrase in phrases for word in phrase.split())
