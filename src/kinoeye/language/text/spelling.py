"""Misspelt words: an unknown word that is one slip of the finger away from one word of motion is read as that word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from kinoeye.language.lexicon import CONNECTIVES, LOOKALIKES, NOUN_LOOKALIKES, VERBS, inflect
from kinoeye.language.text.items import Item, known_words, scan, single_words
from kinoeye.language.text.nouns import single_nouns
from kinoeye.language.text.tokens import Token

_SHORTEST = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONGEST_GUESS, _LIKE = 12, 0.6
"""Letters of a verb that is guessed, and the least likeness (Ratcliff and Metzener 1988) to the verb that is meant."""
_CORRECTED = ("direction", "verb", "speed", *CONNECTIVES)


def correct(tokens: Sequence[Token]) -> tuple[list[Token], list[int]]:
    """The tokens with misspelt directions, camera verbs, speeds and connectives put right, and which these are.

    Only words that the grammar does not know are looked at, and only where they stand alone: the adjectives of an
    actor stay in its prompt.
    """
    mended, changed = list(tokens), []
    items = scan(tokens)
    for index, item in enumerate(items):
        meant = _meant(tokens[item.first].text, _follows_verb(items, index)) if _is_unknown(item) else None
        if meant is not None:
            mended[item.first] = replace(tokens[item.first], text=meant)
            changed.append(item.first)
    return mended, changed


def _is_unknown(item: Item) -> bool:
    return item.kind == "word" and item.last == item.first + 1


def _follows_verb(items: Sequence[Item], index: int) -> bool:
    before = (item.kind for item in reversed(items[:index]) if item.kind not in ("function", "speed", "slight"))
    return next(before, "") == "verb"


@cache
def _meant(word: str, direction_expected: bool) -> str | None:
    """The word that one edit leads to, when all words that it leads to mean the same; after a verb, directions win."""
    if not _may_be_slip(word):
        return None
    near = sorted(_one_edit_from(word) & _targets().keys(), key=lambda known: (-len(known), known))
    if direction_expected:
        near = [known for known in near if _targets()[known][0] == "direction"] or near
    meanings = {_targets()[known] for known in near}
    return near[0] if len(meanings) == 1 else None


@cache
def meant_noun(word: str) -> str | None:
    """The noun of actors or places that one edit leads an unknown word to, when all that it leads to mean the same."""
    if not _may_be_slip(word) or word in NOUN_LOOKALIKES:
        return None
    near = sorted(_one_edit_from(word) & single_nouns().keys(), key=lambda noun: (-len(noun), noun))
    return near[0] if len({single_nouns()[noun] for noun in near}) == 1 else None


@cache
def meant_verb(word: str) -> str | None:
    """The camera verb most like an unknown word of which only its place says that it is one: "pnu left"."""
    if not _may_be_slip(word) or len(word) > _LONGEST_GUESS:
        return None
    verbs = [verb for meaning, verbs in VERBS.items() if meaning.frame != "actor" for verb in verbs.split()]
    near = get_close_matches(word, sorted(verb for verb in verbs if verb[0] == word[0]), n=1, cutoff=_LIKE)
    return next(iter(near), None)


def _may_be_slip(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha() and word not in known_words() and word not in _lookalikes()


def _one_edit_from(word: str) -> set[str]:
    """All that a deletion, transposition, replacement or insertion of one letter turns a word into.

    The first letter stays, or changes places with the second: it is seldom the wrong one.
    """
    parts = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    deleted = {left + right[1:] for left, right in parts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    swapped.add(word[1] + word[0] + word[2:])
    replaced = {left + letter + right[1:] for left, right in parts if right for letter in _LETTERS}
    inserted = {left + letter + right for left, right in parts for letter in _LETTERS}
    return deleted | swapped | replaced | inserted


@cache
def _targets() -> dict[str, tuple[str, Any]]:
    """Words that a slip can mean -> kind and value; what only actors do is not among them."""
    return {
        word: (kind, value)
        for word, (kind, value) in single_words().items()
        if len(word) >= _SHORTEST and kind in _CORRECTED and not (kind == "verb" and value.frame == "actor")
    }


@cache
def _lookalikes() -> frozenset[str]:
    doubled = {f"{word}{word[-1]}{ending}" for word in LOOKALIKES.split() for ending in ("ed", "ing")}
    return frozenset(form for word in LOOKALIKES.split() for form in inflect(word)) | doubled
