"""Sentences for worlds of solids and robots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from kinoeye.language.prose import capitalised, drawn, listed, with_article
from kinoeye.shot.captions.words import NOUNS, PATTERNS, PLACES, Stream

TEMPLATES: Mapping[Stream, tuple[str, ...]] = {
    "train": ("{actors} in {place}.", "In {place}: {actors}.", "A film of {actors}, in {place}."),
    "eval": (
        "{place}, with {actors}.",
        "We see {actors} on the set of {place}.",
        "There is {place}. It holds {actors}.",
    ),
}
MOTIONS: Mapping[Stream, Mapping[str, tuple[str, ...]]] = {
    "train": {"walk": ("that walks",), "glide": ("that slides along",), "rest": ("that stands still", "")},
    "eval": {"walk": ("taking a stroll", "on the march"), "glide": ("gliding past",), "rest": ("at rest", "")},
}


def world_prompt(
    rng: np.random.Generator, stream: Stream, environment: str, actors: Sequence[tuple[str, str, str, bool]]
) -> tuple[list[str], str]:
    """A phrase for each actor and a sentence about the world.

    Args:
        rng: draws the words.
        stream: "train" or "eval".
        environment: name of the environment.
        actors: colour, shape, pattern and whether it moves, each.
    """
    pick = partial(drawn, rng)
    phrases, clauses = [], []
    for colour, shape, pattern, moves in actors:
        thing = f"{colour} {pick(PATTERNS[stream][pattern])}{pick(NOUNS[stream][shape])}"
        phrase = with_article(thing)
        motion = ("walk" if shape == "robot" else "glide") if moves else "rest"
        phrases.append(phrase)
        clauses.append(f"{phrase} {pick(MOTIONS[stream][motion])}".strip())
    sentence = pick(TEMPLATES[stream]).format(actors=listed(clauses), place=pick(PLACES[stream][environment]))
    return phrases, capitalised(sentence)
