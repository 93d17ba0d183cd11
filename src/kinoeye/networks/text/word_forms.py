"""English word forms: what an inflected or derived word may be a form of."""

from __future__ import annotations

from collections.abc import Iterator

_LEAST = 3
"""Letters of a stem; shorter ones are chance."""
_VOWELS = frozenset("aeiou")
_ENDINGS: dict[str, tuple[str, ...]] = {
    "'s": ("",),
    "'": ("",),
    "men": ("man",),
    "ies": ("y", "ie"),
    "ves": ("f", "fe", "ve"),
    "s": ("", "es"),
    "es": ("", "is"),
    "ied": ("y", "ie"),
    "ed": ("", "e"),
    "ing": ("", "e", "ie"),
    "ier": ("y",),
    "iest": ("y",),
    "er": ("", "e"),
    "est": ("", "e"),
    "ily": ("y",),
    "ly": ("", "le", "ll"),
    "iness": ("y",),
    "ness": ("",),
    "ish": ("", "e"),
    "like": ("",),
    "less": ("",),
    "y": ("", "e"),
}
"""Ending -> what stands in its place in the word that it was put to, the likelier first."""
_UNDOUBLED = ("ed", "ing", "er", "est", "ish", "y")
"""Endings before which a last consonant is doubled."""
_SPELLINGS = (("our", "or"), ("yse", "yze"), ("ys", "yz"), ("ise", "ize"), ("isi", "izi"), ("grey", "gray"))
_HISSING = ("ses", "xes", "zes", "ches", "shes", "oes")
"""Ends of words to which "es" was put; others have an e of their own."""
_LONGEST_ENDINGS_FIRST = sorted(_ENDINGS, key=len, reverse=True)


def stems(word: str) -> Iterator[str]:
    """Words that a word in lower case may be a form of, the likeliest first; which of them exist is not known here.

    Example:
        >>> next(stems("ponies")), list(stems("jogging"))[:3]
        ('pony', ['jogg', 'jogge', 'joggie'])
    """
    for ending in _LONGEST_ENDINGS_FIRST:
        if not word.endswith(ending) or (ending == "es" and not word.endswith(_HISSING)):
            continue
        stem = word[: -len(ending)]
        if len(stem) < _LEAST and ending != "men":
            continue
        yield from (stem + replacement for replacement in _ENDINGS[ending])
        doubled = len(stem) > _LEAST and stem[-1] == stem[-2] and stem[-1] not in _VOWELS
        if doubled and ending in _UNDOUBLED:
            yield stem[:-1]


def respelt(word: str) -> Iterator[str]:
    """The other spellings of a word on the other side of the Atlantic.

    Example:
        >>> list(respelt("harbour"))
        ['harbor']
    """
    for british, american in _SPELLINGS:
        for ours, other in ((british, american), (american, british)):
            if ours in word:
                yield word.replace(ours, other)
