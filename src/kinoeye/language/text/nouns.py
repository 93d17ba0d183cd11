"""Noun phrases of actors ("two tall blue cones") and phrases of places ("on a checkerboard floor")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from kinoeye.language import lexicon
from kinoeye.language.text.quantities import SMALL
from kinoeye.language.text.tokens import Token

_ARTICLES = {
    "a": 1,
    "an": 1,
    "the": 1,
    "another": 1,
    "some": 1,
    "this": 1,
    "that": 1,
    "its": 1,
    "her": 1,
    "his": 1,
    "their": 1,
}
_WEARING = (("in",), ("wearing",), ("dressed", "in"), ("clad", "in"), ("who", "wears"), ("with",))
_LONGEST_OUTFIT = 20
_MOST_UNKNOWN = 2
_MOST_COPIES = 8


@dataclass(frozen=True)
class ActorPhrase:
    """A noun phrase: what it looks like, how many, and whether it can point back ("the red robot")."""

    shape: str
    colour: str | None
    size: str | None
    count: int
    definite: bool
    clothes: str
    """What a person wears: "a red shirt and jeans"; else empty."""
    gait: str
    """walk, run or stand when an adjective says so ("the walking robot"); else empty."""


def match_actor(tokens: Sequence[Token], at: int, is_known: Callable[[str], bool]) -> tuple[ActorPhrase, int] | None:
    """The noun phrase that starts at a token, and the index after it.

    Adjectives that nobody knows may stand between an article and the noun; they stay in the actor's prompt.
    """
    first = tokens[at].text
    article = first in _ARTICLES
    number = tokens[at + article].text if at + article < len(tokens) else ""
    counted = number in SMALL and 1 <= SMALL[number] <= _MOST_COPIES
    colour = size = None
    gait, unknown = "", 0
    for index in range(at + article + counted, min(len(tokens), at + 8)):
        word = tokens[index].text
        shape = _shapes().get(word)
        if shape:
            if _possessive(tokens, index):
                return None
            count = int(SMALL[number]) if counted else 1
            clothes, end = _clothes(tokens, index + 1) if shape == "person" else ("", index + 1)
            return ActorPhrase(shape, colour, size, count, first in ("the", "this", "that"), clothes, gait), end
        if word in _colours():
            colour = _colours()[word]
        elif word in _sizes():
            size = _sizes()[word]
        elif word in _gaits():
            gait = _gaits()[word]
        elif (article or counted) and not is_known(word) and tokens[index].kind == "word" and unknown < _MOST_UNKNOWN:
            unknown += 1
        else:
            return None
    return None


def _clothes(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """What is worn, told from a token on ("in a red coat and jeans"), and the index after it."""
    words = [_one_garment(token.text) for token in tokens[at : at + _LONGEST_OUTFIT]]
    begun = next((len(lead) for lead in _WEARING if tuple(words[: len(lead)]) == lead), 0)
    if not begun:
        return "", at
    end = last = begun
    told = _garment(words, end, alone=True)
    while told:
        end = last = told
        if words[end : end + 1] in (["and"], [","], ["with"]):
            end += 1
        told = _garment(words, end, alone=False)
    if last == begun:
        return "", at
    return " ".join(words[begun:last]), at + last


def _one_garment(word: str) -> str:
    """The word, or the singular of several garments: "jackets", "dresses"."""
    return next(
        (one for one in (word, word.removesuffix("s"), word.removesuffix("es")) if one in lexicon.GARMENTS), word
    )


def _garment(words: Sequence[str], at: int, *, alone: bool) -> int:
    """The index after one garment with its colours; a colour `alone` is one too, where no article precedes it."""
    end = at + (words[at : at + 1] in (["a"], ["an"], ["the"], ["her"], ["his"]))
    first = end
    while end < len(words) and words[end] in lexicon.CLOTH_COLOURS:
        end += 1
    coloured = end > first and words[end - 1] not in lexicon.SHADES
    if words[end : end + 2] in (["t", "shirt"], ["tank", "top"]):
        return end + 2
    if words[end : end + 1] and words[end] in (lexicon.GARMENTS if coloured else lexicon.PLAIN_GARMENTS):
        return end + 1
    return end if alone and first == at and coloured else 0


def match_place(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """The environment that a phrase at a token names, and the index after it."""
    for last in range(min(len(tokens), at + _longest_place()), at, -1):
        name = _places().get(tuple(token.text for token in tokens[at:last]))
        if name:
            return name, last
    return None


@cache
def noun_words() -> frozenset[str]:
    """Every word of actors, of what they look like, and of places."""
    places = {word for words in _places() for word in words}
    return frozenset({*_shapes(), *_colours(), *_sizes(), *_gaits(), *places, *_ARTICLES})


@cache
def single_nouns() -> dict[str, str]:
    """Every noun of one word -> the shape or the environment that it means."""
    return {words[0]: name for words, name in _places().items() if len(words) == 1} | _shapes()


@cache
def before_nouns() -> frozenset[str]:
    """Words that stand right before the noun of an actor: articles, numbers, colours and sizes."""
    return frozenset({*_ARTICLES, *SMALL, *_colours(), *_sizes()})


def _possessive(tokens: Sequence[Token], index: int) -> bool:
    return (
        index + 1 < len(tokens) and tokens[index + 1].text == "s" and tokens[index + 1].start == tokens[index].end + 1
    )


def _invert(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words}


@cache
def _shapes() -> dict[str, str]:
    return _invert(lexicon.SHAPES | lexicon.CREATURES)


@cache
def _colours() -> dict[str, str]:
    return _invert(lexicon.COLOURS)


@cache
def _sizes() -> dict[str, str]:
    return _invert(lexicon.SIZES)


@cache
def _gaits() -> dict[str, str]:
    return {
        word: meaning.behaviour
        for meaning, verbs in lexicon.VERBS.items()
        if meaning.frame == "actor" or meaning.behaviour == "stand"
        for verb in verbs.split()
        for word, form in lexicon.inflect(verb).items()
        if form == "ing"
    }


@cache
def _places() -> dict[tuple[str, ...], str]:
    return {tuple(words.split()): name for words, name in _invert(lexicon.PLACES).items()}


@cache
def _longest_place() -> int:
    return max(map(len, _places()))
