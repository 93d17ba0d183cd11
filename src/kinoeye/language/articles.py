"""Articles before noun phrases."""

from __future__ import annotations

from kinoeye.language.lexicon import VOWELS


def with_article(phrase: str) -> str:
    """A phrase behind "a" or "an".

    Example:
        >>> with_article("orange ball")
        'an orange ball'
    """
    return f"{'an' if phrase[0].lower() in VOWELS else 'a'} {phrase}"


def definite(phrase: str) -> str:
    """A phrase that was said before: "a red robot" becomes "the red robot".

    Example:
        >>> definite("an orange ball")
        'the orange ball'
    """
    first, _, rest = phrase.partition(" ")
    return f"the {rest}" if first in ("a", "an") and rest else phrase
