"""Captions that say what a camera's motion does to its subject, from truth and templates of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinoeye.language.prose import definite, drawn, listed
from kinoeye.language.tags import tag_words
from kinoeye.shot.captions.words import Stream, Words

Side = Literal["left", "middle", "right", "out of view"]
Ending = Literal["leaves", "grows", "shrinks", "stays"]
GROWTH = 1.2
"""A subject this many times as near at the end grows; this many times as far, it shrinks."""


@dataclass(frozen=True, kw_only=True)
class _Phrases:
    """How a stream speaks of cameras."""

    along: Words
    diagonal: tuple[str, ...]
    turning: Words
    turns: Words
    still: tuple[str, ...]
    endings: Words
    """{it} is the subject."""
    last: Words
    opening: str
    then: tuple[str, str, str]
    """Beginnings of the first sentence, of one between, and of the last."""


_PHRASES: Mapping[Stream, _Phrases] = {
    "train": _Phrases(
        along={
            "right": ("glides right", "tracks right", "slides to the right"),
            "left": ("glides left", "tracks left", "slides to the left"),
            "up": ("rises", "lifts up", "climbs"),
            "down": ("sinks", "lowers", "descends"),
            "forward": ("pushes forward", "advances", "moves ahead"),
            "backward": ("pulls back", "retreats", "draws backward"),
        },
        diagonal=("drifts", "travels", "floats"),
        turning={"yaw": ("panning", "turning"), "pitch": ("tilting",), "roll": ("rolling",)},
        turns={"yaw": ("pans", "turns"), "pitch": ("tilts",), "roll": ("rolls",)},
        still=("holds still", "rests", "stays in place"),
        endings={
            "leaves": ("leaving {it} out of the frame", "moving on from {it}", "losing sight of {it}"),
            "grows": ("bringing {it} closer", "as {it} fills more of the frame", "drawing attention to {it}"),
            "shrinks": (
                "giving {it} more room",
                "as {it} becomes small in the frame",
                "opening up the space around {it}",
            ),
            "stays": ("keeping {it} in the frame", "with {it} in view", "holding its look on {it}"),
        },
        last={
            "leaves": ("At the end {it} is out of the picture.",),
            "grows": ("At the end {it} is seen from nearer than before.",),
            "shrinks": ("At the end {it} is seen from farther away than before.",),
            "stays": ("At the end {it} is about as large as at the beginning.",),
        },
        opening="The shot begins in {place} with {subject} {where}{beside}.",
        then=("The camera", "Then it", "Finally it"),
    ),
    "eval": _Phrases(
        along={
            "right": ("trucks rightwards", "sweeps off to the right"),
            "left": ("trucks leftwards", "sweeps off to the left"),
            "up": ("cranes upwards", "ascends"),
            "down": ("cranes downwards", "drops"),
            "forward": ("dollies in", "creeps nearer"),
            "backward": ("dollies out", "backs away"),
        },
        diagonal=("flies", "wanders"),
        turning={"yaw": ("swinging",), "pitch": ("tipping",), "roll": ("banking",)},
        turns={"yaw": ("swings",), "pitch": ("tips",), "roll": ("banks",)},
        still=("is locked off", "keeps to its spot"),
        endings={
            "leaves": ("until {it} has slipped from sight",),
            "grows": ("so that {it} looms larger", "homing in on {it}"),
            "shrinks": ("so that {it} dwindles", "leaving {it} far off"),
            "stays": ("never letting go of {it}", "with eyes on {it} throughout"),
        },
        last={
            "leaves": ("When it is over, {it} can no longer be seen.",),
            "grows": ("When it is over, {it} appears closer.",),
            "shrinks": ("When it is over, {it} appears more distant.",),
            "stays": ("When it is over, {it} takes up the same space.",),
        },
        opening="We open on {place}: {subject} {where}{beside}.",
        then=("Our lens", "Next it", "In the end it"),
    ),
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
    segments: Sequence[tuple[int, int, int]], story: SubjectStory, rng: np.random.Generator, *, stream: Stream = "train"
) -> dict[str, str]:
    """DataDoP's "Concise Interaction" and "Detailed Interaction" of a shot.

    Args:
        segments: (start, end, class) as `tags.segments` gives them.
        story: what the shot shows.
        rng: draws the words.
        stream: whose words.

    Example:
        >>> story = SubjectStory(subject="a red cone", others=(), place="a desert", side="middle", ending="grows")
        >>> interaction_captions([(0, 119, 7 * 2)], story, np.random.default_rng(0))["Concise Interaction"]
        'The camera moves ahead, as the red cone fills more of the frame.'
    """
    words, it = _PHRASES[stream], definite(story.subject)
    classes = [tag for i, (_, _, tag) in enumerate(segments) if i == 0 or segments[i - 1][2] != tag]
    phrases = [_phrase(tag, words, rng) for tag in classes]
    concise = f"{words.then[0]} {_in_order(phrases)}, {drawn(rng, words.endings[story.ending])}."
    where = "out of view" if story.side == "out of view" else f"in the {story.side} of the frame"
    where = where if story.side in ("out of view", "middle") else f"on the {story.side} of the frame"
    beside = f", together with {listed(story.others)}" if story.others else ""
    opening = words.opening.format(place=story.place, subject=story.subject, where=where, beside=beside)
    sentences = [_sentence(i, len(classes), _phrase(tag, words, rng), words) for i, tag in enumerate(classes)]
    detailed = " ".join([opening, *sentences, drawn(rng, words.last[story.ending])])
    return {"Detailed Interaction": detailed.format(it=it), "Concise Interaction": concise.format(it=it)}


def _phrase(tag: int, words: _Phrases, rng: np.random.Generator) -> str:
    """What the camera does, as a verb and what goes with it."""
    moves, turn = tag_words(tag)
    kind, _, side = turn.partition(" ")
    if not moves:
        return f"{drawn(rng, words.turns[kind])} {side}" if turn else drawn(rng, words.still)
    if len(moves) == 1:
        moving = drawn(rng, words.along[moves[0]])
    else:
        moving = f"{drawn(rng, words.diagonal)} {' and '.join(moves)}"
    return f"{moving} while {drawn(rng, words.turning[kind])} {side}" if turn else moving


def _in_order(phrases: list[str]) -> str:
    if len(phrases) == 1:
        return phrases[0]
    *before, last = phrases
    return f"{', then '.join(before)} and finally {last}" if len(before) > 1 else f"{before[0]} and then {last}"


def _sentence(index: int, count: int, phrase: str, words: _Phrases) -> str:
    first, between, last = words.then
    return f"{first if index == 0 else last if index == count - 1 else between} {phrase}."
