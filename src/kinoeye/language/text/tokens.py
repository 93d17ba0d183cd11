"""Words, numbers and punctuation of a sentence, with their place."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?|[½¼¾⅓⅔])"
    r"|(?P<word>[^\W\d_]+(?:'t\b)?)"
    r"|(?P<arrow>-+>|=+>|→|⇒|>)"
    r"|(?P<end>\.{2,}|…|[.!?\n]+)"
    r"|(?P<sign>[,;:°%/()\[\]+]|--+|—|(?<=\s)–(?=\s)|(?<=\s)-(?=\s))"
    r"|(?P<minus>(?<!\S)[-−](?=\d))"
    r"|(?P<joiner>[-–‐‑‒−_'\"“”‘’`*])"
    r"|(?P<other>\S)"
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})


@dataclass(frozen=True)
class Token:
    """One word, number or sign: `text` is lower case, `start` and `end` are its place in the sentence."""

    kind: str
    """number, word, arrow, end, sign, minus or other."""
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of a sentence; hyphens and quotation marks only separate words."""
    straight = text.translate(_APOSTROPHES)
    return [
        Token(str(match.lastgroup), match[0].casefold(), match.start(), match.end())
        for match in _TOKEN.finditer(straight)
        if match.lastgroup != "joiner"
    ]
