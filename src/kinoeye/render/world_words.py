"""Sentences for worlds; the two streams share colours and grammar, and no noun, verb, place or template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "train": ("{actors} in {place}.", "In {place}: {actors}.", "A film of {actors}, in {place}."),
    "eval": (
        "{place}, with {actors}.",
        "We see {actors} on the set of {place}.",
        "There is {place}. It holds {actors}.",
    ),
}
NOUNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "train": {
        "robot": ("robot", "blocky robot"),
        "box": ("box", "cube"),
        "sphere": ("ball", "sphere"),
        "cylinder": ("cylinder", "pillar"),
        "cone": ("cone",),
        "capsule": ("capsule",),
        "pyramid": ("pyramid",),
    },
    "eval": {
        "robot": ("android", "droid"),
        "box": ("crate", "block"),
        "sphere": ("orb", "globe"),
        "cylinder": ("column", "barrel"),
        "cone": ("traffic marker", "pointed hat"),
        "capsule": ("pill", "rounded post"),
        "pyramid": ("obelisk tip", "four-sided spire"),
    },
}
PATTERNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "train": {"plain": ("",), "stripes": ("striped ",), "checker": ("checkered ",)},
    "eval": {"plain": ("",), "stripes": ("banded ",), "checker": ("chequerboard ",)},
}
MOTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "train": {"walk": ("that walks",), "glide": ("that slides along",), "rest": ("that stands still", "")},
    "eval": {"walk": ("taking a stroll", "on the march"), "glide": ("gliding past",), "rest": ("at rest", "")},
}
PLACES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "train": {
        "desert": ("a sandy desert", "the desert at noon"),
        "meadow": ("a green meadow", "a meadow on a clear day"),
        "snow": ("a snowy field", "fresh snow"),
        "beach": ("a bright beach", "a sandy beach"),
        "night street": ("a street at night", "a dark street"),
        "studio": ("a photo studio", "a plain grey studio"),
        "forest clearing": ("a forest clearing", "a clearing in the forest"),
        "sunset plain": ("a plain at sunset", "a wide plain at sunset"),
        "overcast plaza": ("a paved plaza under clouds", "an overcast plaza"),
        "checkerboard hall": ("a hall with a checkerboard floor", "a checkerboard hall"),
        "foggy moor": ("a foggy moor", "a moor in the fog"),
        "warehouse": ("a warehouse", "a warehouse with a striped floor"),
    },
    "eval": {
        "desert": ("hot dunes", "an arid sea of dunes"),
        "meadow": ("lush grassland", "a grassy pasture"),
        "snow": ("a white winter landscape", "an arctic expanse"),
        "beach": ("the seashore", "a turquoise coast"),
        "night street": ("a lamplit road after dark", "the city past midnight"),
        "studio": ("an empty grey backdrop", "a seamless paper set"),
        "forest clearing": ("a mossy glade", "a gap in shady woods"),
        "sunset plain": ("a savanna at dusk", "flat land in the golden hour"),
        "overcast plaza": ("a stone square beneath a dull sky", "a town square on a grey day"),
        "checkerboard hall": ("a room tiled like a chessboard", "a chessboard interior"),
        "foggy moor": ("a misty heath", "heathland lost in mist"),
        "warehouse": ("a hangar with yellow bands", "an industrial depot"),
    },
}


def world_prompt(
    rng: np.random.Generator, stream: str, environment: str, actors: Sequence[tuple[str, str, str, bool]]
) -> tuple[list[str], str]:
    """A phrase for each actor and a sentence about the world.

    Args:
        rng: draws the words.
        stream: "train" or "eval".
        environment: name of the environment.
        actors: colour, shape, pattern and whether it moves, each.
    """

    def pick(choices: tuple[str, ...]) -> str:
        return choices[int(rng.integers(len(choices)))]

    phrases, clauses = [], []
    for colour, shape, pattern, moves in actors:
        thing = f"{colour} {pick(PATTERNS[stream][pattern])}{pick(NOUNS[stream][shape])}"
        phrase = f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"
        motion = ("walk" if shape == "robot" else "glide") if moves else "rest"
        phrases.append(phrase)
        clauses.append(f"{phrase} {pick(MOTIONS[stream][motion])}".strip())
    listed = " and ".join([", ".join(clauses[:-1]), clauses[-1]] if len(clauses) > 1 else clauses)
    sentence = pick(TEMPLATES[stream]).format(actors=listed, place=pick(PLACES[stream][environment]))
    return phrases, sentence[0].upper() + sentence[1:]
