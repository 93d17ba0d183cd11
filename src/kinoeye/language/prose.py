"""Phrases put together: articles, lists, and one of several wordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinoeye.language.lexicon import VOWELS

_ARTICLES = ("a", "an", "the")


def with_article(phrase: str) -> str:
    """A phrase behind "a" or "an".

    Example:
        >>> with_article("orange ball")
        'an orange ball'
    """
    return f"{'an' if phrase[0].lower() in VOWELS else 'a'} {phrase}"


def without_article(phrase: str) -> str:
    """A phrase without the article that it begins with, if it does.

    Example:
        >>> without_article("The desert")
        'desert'
    """
    first, _, rest = phrase.partition(" ")
    return rest if first.lower() in _ARTICLES and rest else phrase


def definite(phrase: str) -> str:
    """A phrase that was said before: "a red robot" becomes "the red robot".

    Example:
        >>> definite("an orange ball")
        'the orange ball'
    """
    first, _, rest = phrase.partition(" ")
    return f"the {rest}" if first in ("a", "an") and rest else phrase


def within_sentence(phrase: str) -> str:
    """A phrase whose article is small, as it is behind the first word of a sentence.

    Example:
        >>> within_sentence("A man in blue")
        'a man in blue'
    """
    first = phrase.partition(" ")[0]
    return first.lower() + phrase[len(first) :] if first.lower() in _ARTICLES else phrase


def capitalised(words: str) -> str:
    """Words with a capital at their beginning.

    Example:
        >>> capitalised("a man in Rome waves.")
        'A man in Rome waves.'
    """
    return words[0].upper() + words[1:]


def listed(phrases: Sequence[str]) -> str:
    """One or more phrases as a list.

    Example:
        >>> listed(["a man", "a dog", "a car"])
        'a man, a dog and a car'
    """
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def drawn(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """One of several wordings.

    Example:
        >>> drawn(np.random.default_rng(0), ["so"])
        'so'
    """
    return choices[int(rng.integers(len(choices)))]
