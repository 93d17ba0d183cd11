"""Captions that say what a camera's motion does to its subject, from truth and templates of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinoeye.language.tags import tag_words

Side = Literal["left", "middle", "right", "out of view"]
Ending = Literal["leaves", "grows", "shrinks", "stays"]
GROWTH = 1.2
"""A subject this many times as near at the end grows; this many times as far, it shrinks."""
_ALONG: Mapping[str, tuple[str, ...]] = {
    "right": ("glides right", "tracks right", "slides to the right"),
    "left": ("glides left", "tracks left", "slides to the left"),
    "up": ("rises", "lifts up", "climbs"),
    "down": ("sinks", "lowers", "descends"),
    "forward": ("pushes forward", "advances", "moves ahead"),
    "backward": ("pulls back", "retreats", "draws backward"),
}
_DIAGONAL = ("drifts", "travels", "floats")
_TURNING = {"yaw": ("panning", "turning"), "pitch": ("tilting",), "roll": ("rolling",)}
_TURNS = {"yaw": ("pans", "turns"), "pitch": ("tilts",), "roll": ("rolls",)}
_STILL = ("holds still", "rests", "stays in place")
_ENDINGS: Mapping[Ending, tuple[str, ...]] = {
    "leaves": ("leaving {it} out of the frame", "moving on from {it}", "losing sight of {it}"),
    "grows": ("bringing {it} closer", "as {it} fills more of the frame", "drawing attention to {it}"),
    "shrinks": ("giving {it} more room", "as {it} becomes small in the frame", "opening up the space around {it}"),
    "stays": ("keeping {it} in the frame", "with {it} in view", "holding its look on {it}"),
}
_LAST: Mapping[Ending, str] = {
    "leaves": "At the end {it} is out of the picture.",
    "grows": "At the end {it} is seen from nearer than before.",
    "shrinks": "At the end {it} is seen from farther away than before.",
    "stays": "At the end {it} is about as large as at the beginning.",
}


@dataclass(frozen=True, kw_only=True)
class SubjectStory:
    """What a shot shows of its subject."""

    subject: str
    """"a red robot"."""
    others: tuple[str, ...]
    """Other things in the first frame."""
    place: str
    """"a snowy field in winter light"."""
    side: Side
    """Where the subject is in the first frame."""
    ending: Ending


def interaction_captions(
    segments: Sequence[tuple[int, int, int]], story: SubjectStory, rng: np.random.Generator
) -> dict[str, str]:
    """DataDoP's "Concise Interaction" and "Detailed Interaction" of a shot.

    Args:
        segments: (start, end, class) as `tags.segments` gives them.
        story: what the shot shows.
        rng: draws the words.

    Example:
        >>> story = SubjectStory(subject="a red cone", others=(), place="a desert", side="middle", ending="grows")
        >>> interaction_captions([(0, 119, 7 * 2)], story, np.random.default_rng(0))["Concise Interaction"]
        'The camera moves ahead, as the red cone fills more of the frame.'
    """
    it = definite(story.subject)
    classes = [tag for i, (_, _, tag) in enumerate(segments) if i == 0 or segments[i - 1][2] != tag]
    concise = f"The camera {_in_order([_phrase(tag, rng) for tag in classes])}, {_drawn(rng, _ENDINGS[story.ending])}."
    where = "out of view" if story.side == "out of view" else f"in the {story.side} of the frame"
    where = where if story.side in ("out of view", "middle") else f"on the {story.side} of the frame"
    beside = f", together with {_list(story.others)}" if story.others else ""
    opening = f"The shot begins in {story.place} with {story.subject} {where}{beside}."
    sentences = [_sentence(i, len(classes), _phrase(tag, rng)) for i, tag in enumerate(classes)]
    detailed = " ".join([opening, *sentences, _LAST[story.ending]])
    return {"Detailed Interaction": detailed.format(it=it), "Concise Interaction": concise.format(it=it)}


def definite(phrase: str) -> str:
    """A phrase that was said before: "a red robot" becomes "the red robot".

    Example:
        >>> definite("an orange ball")
        'the orange ball'
    """
    first, _, rest = phrase.partition(" ")
    return f"the {rest}" if first in ("a", "an") and rest else phrase


def _phrase(tag: int, rng: np.random.Generator) -> str:
    """What the camera does, as a verb and what goes with it."""
    moves, turn = tag_words(tag)
    kind, _, side = turn.partition(" ")
    if not moves:
        return f"{_drawn(rng, _TURNS[kind])} {side}" if turn else _drawn(rng, _STILL)
    moving = _drawn(rng, _ALONG[moves[0]]) if len(moves) == 1 else f"{_drawn(rng, _DIAGONAL)} {' and '.join(moves)}"
    return f"{moving} while {_drawn(rng, _TURNING[kind])} {side}" if turn else moving


def _in_order(phrases: list[str]) -> str:
    if len(phrases) == 1:
        return phrases[0]
    *before, last = phrases
    return f"{', then '.join(before)} and finally {last}" if len(before) > 1 else f"{before[0]} and then {last}"


def _sentence(index: int, count: int, phrase: str) -> str:
    beginning = "The camera" if index == 0 else "Finally it" if index == count - 1 else "Then it"
    return f"{beginning} {phrase}."


def _list(phrases: Sequence[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _drawn(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
