"""Words of the train stream without which a caption cannot be understood."""

from __future__ import annotations

import re
from functools import cache

from kinoeye.language.lexicon import inflect
from kinoeye.systems.gendop.wording.directions import PHRASES
from kinoeye.systems.gendop.wording.train_phrases import TRAIN

_ORDER = (
    "then and , . ; : ( ) / + -> followed by before after next finally while as with at same time together "
    "simultaneously begins starts first second ends until once also it"
).split()


@cache
def essential_words() -> frozenset[str]:
    """Words of direction phrases, of idioms and nouns of the camera, and those of order and simultaneity."""
    words = set(_ORDER)
    phrases = [phrase for group in (PHRASES, TRAIN.idioms, TRAIN.nouns) for entry in group.values() for phrase in entry]
    for phrase in phrases:
        for verb in re.findall(r"(\w+)\*", phrase):
            words |= set(inflect(verb))
        words |= set(re.findall(r"[a-z]+", phrase.replace("{subject}", "").replace("{side}", "")))
    return frozenset(words)
