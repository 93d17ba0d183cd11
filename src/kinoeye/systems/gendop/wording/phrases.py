"""The wordings of one stream of captions, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kinoeye.systems.gendop.wording.directions import Key


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """Verbs, sentence patterns, fillers and subjects.

    A star marks the word of a phrase that is inflected. Patterns hold a clause in one of its forms: {F} finite
    ("moves left"), {B} base ("move left"), {G} participle ("moving left"), {N} noun phrase ("a move to the left");
    {S} is the sentence's subject.
    """

    verbs: Mapping[str, tuple[str, ...]]
    """Family of direction phrases -> verbs that may stand before them."""
    idioms: Mapping[Key, tuple[str, ...]]
    """Whole verb phrases by action."""
    nouns: Mapping[Key, tuple[str, ...]]
    openings: tuple[str, ...]
    """What acts: the camera and its other names."""
    lead_ins: tuple[str, ...]
    imperative_lead_ins: tuple[str, ...]
    nominal_lead_ins: tuple[str, ...]
    """What stands before a list of noun phrases."""
    begin_by: tuple[str, ...]
    then: tuple[str, ...]
    finally_: tuple[str, ...]
    then_imperative: tuple[str, ...]
    finally_imperative: tuple[str, ...]
    inverted: tuple[str, ...]
    """Patterns of two clauses in another order, or without a verb."""
    numbered: tuple[str, ...]
    listed: tuple[str, ...]
    joins: tuple[str, ...]
    """How a second action joins the first one of its move."""
    joins_imperative: tuple[str, ...]
    fillers: tuple[str, ...]
    """What the picture shows, inside of a sentence."""
    in_place: tuple[str, ...]
    """That a camera which only turns or zooms stays where it is."""
    centred: tuple[str, ...]
    """That an orbit faces its subject."""
    going_on: tuple[str, ...]
    """Verbs that carry a later clause."""
    hedges: tuple[str, ...]
    """Before an amount."""
    during: tuple[str, ...]
    """Before a time."""
    sentences: tuple[str, ...]
    """Sentences about anything but the camera."""
    things: tuple[str, ...]
    people: tuple[str, ...]
    doings: tuple[str, ...]
    places: tuple[str, ...]
    slow: tuple[str, ...]
    fast: tuple[str, ...]
    slow_adjectives: tuple[str, ...]
    fast_adjectives: tuple[str, ...]
    slight: tuple[str, ...]
    still: tuple[str, ...]
    """Clauses with a subject of their own that say that nothing happens."""
    shaky: tuple[str, ...]
    """Adjectives of a shaken move."""
    shakes: tuple[str, ...]
