"""Items of a sentence: the longest phrases of the lexicon, quantities, noun phrases and places, left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kinoeye.language import lexicon
from kinoeye.language.text.nouns import match_actor, match_place, noun_words
from kinoeye.language.text.quantities import QUANTITY_WORDS, UNITS, match_quantity
from kinoeye.language.text.tokens import Token

_SIGNS = {",": "comma", ";": "then", ":": "stop", "(": "comma", ")": "comma", "[": "comma", "]": "comma",
          "--": "comma", "—": "comma", "–": "comma", "-": "comma", "+": "and"}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A phrase with its meaning; `first` to `last` (exclusive) are its tokens."""

    kind: str
    """verb, direction, quantity, speed, easing, slight, shake, actor, place, camera, pronoun, subject, prep,
    aspect, next_aspect, filler, function, comma, stop, a connective of the lexicon, or word for an unknown one."""
    value: Any
    first: int
    last: int
    form: str = ""
    """Of verbs: base, s, ing, ed, or noun."""


def scan(tokens: Sequence[Token]) -> list[Item]:
    """The items of a tokenised text; together they cover every token."""
    items, at = [], 0
    while at < len(tokens):
        item = _match(tokens, at)
        items.append(item)
        at = item.last
    return [_keep_in_view(items, index) for index in range(len(items))]


def vocabulary() -> frozenset[str]:
    """Every word of the phrases that the grammar knows, for suggestions."""
    return frozenset(word for phrase in _phrases() for word in phrase)


@cache
def known_words() -> frozenset[str]:
    """The vocabulary with the words of quantities, actors and places."""
    return vocabulary() | QUANTITY_WORDS | noun_words()


def single_words() -> dict[str, tuple[str, Any]]:
    """Item kind and value of every phrase of one word."""
    return {phrase[0]: found[:2] for phrase, found in _phrases().items() if len(phrase) == 1}


def _keep_in_view(items: Sequence[Item], index: int) -> Item:
    """The item, or for "keep" before a noun a look at that noun ("keeping the robot in frame")."""
    item = items[index]
    if item.kind != "aspect" or item.value != "keep":
        return item
    after = next((other for other in items[index + 1 :] if other.kind != "function"), None)
    looks = after is not None and after.kind in ("actor", "pronoun", "subject")
    return Item("verb", lexicon.Verb("look"), item.first, item.last, item.form) if looks else item


def _match(tokens: Sequence[Token], at: int) -> Item:
    token = tokens[at]
    if token.kind == "end":
        return Item("stop", None, at, at + 1)
    if token.kind == "arrow":
        return Item("then", None, at, at + 1)
    phrase = _match_phrase(tokens, at)
    if phrase and phrase.last - phrase.first > 1:
        return phrase
    actor = match_actor(tokens, at, _is_known)
    if actor:
        return Item("actor", actor[0], at, actor[1])
    quantity = match_quantity(tokens, at)
    if quantity:
        return Item("quantity", quantity[0], at, max(quantity[1], at + 1))
    place = match_place(tokens, at)
    if place:
        return Item("place", place[0], at, place[1])
    if phrase:
        return phrase
    if token.kind in ("sign", "other", "number", "minus"):
        kind = "word" if token.kind == "minus" else _SIGNS.get(token.text, "word")
        return Item(kind, None, at, at + 1)
    return Item("word", token.text, at, at + 1)


def _match_phrase(tokens: Sequence[Token], at: int) -> Item | None:
    longest = min(len(tokens), at + _longest_phrase())
    for last in range(longest, at, -1):
        found = _phrases().get(tuple(token.text for token in tokens[at:last]))
        if found:
            return Item(found[0], found[1], at, last, found[2])
    return None


def _is_known(word: str) -> bool:
    return (word,) in _phrases() or word in UNITS


@cache
def _longest_phrase() -> int:
    return max(map(len, _phrases()))


@cache
def _phrases() -> dict[tuple[str, ...], tuple[str, Any, str]]:
    """Phrase -> (item kind, value, form). Later tables win where a word stands in two."""
    table: dict[tuple[str, ...], tuple[str, Any, str]] = {}

    def add(phrase: str, kind: str, value: Any, form: str = "") -> None:
        table[tuple(phrase.split())] = (kind, value, form)

    for word in lexicon.FUNCTION_WORDS:
        add(word, "function", None)
    for phrase in lexicon.FUNCTION_PHRASES:
        add(phrase, "function", None)
    for word in lexicon.NEGATIONS:
        add(word, "filler", word)
    for phrase in lexicon.FRAMING:
        add(phrase, "word", phrase)
    for verbs, kind in ((lexicon.FILLER_VERBS, "filler"), (lexicon.ASPECTS, "aspect")):
        for verb in verbs.split():
            for word, form in lexicon.inflect(verb).items():
                add(word, kind, verb, form)
    for verb in lexicon.NEXT_ASPECTS.split():
        for word, form in lexicon.inflect(verb).items():
            add(word, "next_aspect", verb, form)
    for meaning, verbs in lexicon.VERBS.items():
        for verb in verbs.split():
            for word, form in lexicon.inflect(verb).items():
                add(word, "verb", meaning, form)
    for meaning, phrases in lexicon.PHRASE_VERBS.items():
        for phrase in phrases:
            *first, verb = phrase.split()
            for word, form in lexicon.inflect(verb).items():
                add(" ".join([*first, word]), "verb", meaning, form)
    for meaning, phrases in lexicon.NOUNS.items():
        for phrase in phrases:
            add(phrase, "verb", meaning, "noun")
    for kind, groups in (
        ("direction", lexicon.DIRECTIONS),
        ("speed", lexicon.SPEEDS),
        ("easing", lexicon.EASING_WORDS),
        ("shake", lexicon.SHAKE),
        ("prep", lexicon.PREPOSITIONS),
    ):
        for value, phrases in groups.items():
            for phrase in phrases:
                add(phrase, kind, value)
    for phrase in lexicon.SLIGHT:
        add(phrase, "slight", None)
    for kind, phrases in lexicon.CONNECTIVES.items():
        for phrase in phrases:
            add(phrase, kind, None)
    for kind, words in (("camera", lexicon.CAMERA), ("pronoun", lexicon.PRONOUNS), ("subject", lexicon.SUBJECTS)):
        for word in words:
            add(word, kind, word)
    return table
