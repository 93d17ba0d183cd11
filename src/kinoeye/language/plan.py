"""The Plan of a shot: its moves, the actors and the place that were mentioned, and the words nobody could use.

This is the one vocabulary of camera motion in Kinoeye: the grammar writes it, `compile` reads it, the tags, the
learned director and `--explain` speak it. Plans hold only strings, numbers, booleans, tuples and None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from kinoeye.base.errors import InputError
from kinoeye.language.acting_words import ACTS

Unit = Literal["", "m", "rad", "ratio"]
MAX_DURATION_S, MAX_SPEED = 3600.0, 100.0
"""Bounds of a move's duration and speed factor."""
Easing = Literal["linear", "ease_in", "ease_out", "ease_in_out"]
EASINGS: tuple[Easing, ...] = ("linear", "ease_in", "ease_out", "ease_in_out")


@dataclass(frozen=True)
class Kind:
    """A kind of action: the directions it can take, the unit of its amount, and its speed when none is stated."""

    directions: tuple[str, ...]
    unit: Unit
    rate: float
    """Default speed in `unit` per second; for ratios the speed of the logarithm."""


KINDS: dict[str, Kind] = {
    "hold": Kind(("",), "", 0.0),
    "truck": Kind(("left", "right"), "m", 1.0),
    "pedestal": Kind(("up", "down"), "m", 1.0),
    "dolly": Kind(("forward", "backward"), "m", 1.0),
    "yaw": Kind(("left", "right"), "rad", math.radians(25.0)),
    "pitch": Kind(("up", "down"), "rad", math.radians(25.0)),
    "roll": Kind(("left", "right"), "rad", math.radians(25.0)),
    "orbit": Kind(("left", "right", "up", "down"), "rad", math.radians(25.0)),
    "zoom": Kind(("in", "out"), "ratio", 0.25),
    "dolly_zoom": Kind(("in", "out"), "m", 0.75),
    "look_at": Kind(("",), "", 0.0),
    "follow": Kind(("",), "", 0.0),
    "handheld": Kind(("",), "ratio", 0.0),
}
"""Every kind of action. Left and right, up and down, forward and backward are the camera's own at each instant.

Orbit right travels to the camera's right with the subject held in view: counter-clockwise seen from above. Roll
right turns the camera clockwise as its operator sees it. Zoom amounts are ratios of the focal length above 1.
A dolly zoom in moves forward while it widens the lens. A handheld amount scales the shake.
"""


@dataclass(frozen=True)
class Action:
    """One thing that the camera does during a move, such as truck left.

    Raises:
        InputError: an unknown kind, a direction that the kind does not have, or an amount that is not positive.
    """

    kind: str
    direction: str = ""
    amount: float | None = None
    """Metres, radians or a ratio, as `KINDS[kind].unit` says; None is the default for the move's duration."""
    rate: float | None = None
    """Stated speed in metres, radians or e-folds per second."""
    target: str | None = None
    """Name of the actor that the action is about: the pivot of an orbit, the subject of a dolly zoom."""
    distance: float | None = None
    """Metres between the camera and the subject at the start, when the text states it."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"unknown action {self.kind!r}; use one of {', '.join(KINDS)}")
        if self.direction not in KINDS[self.kind].directions:
            allowed = ", ".join(KINDS[self.kind].directions) or "no direction"
            raise InputError(f"{self.kind} cannot go {self.direction!r}; it takes {allowed}")
        for name in ("amount", "rate", "distance"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < 1e6:
                raise InputError(f"the {name} {value:g} of {self.kind} is out of range; use 0 to a million")


@dataclass(frozen=True)
class Move:
    """Actions that happen at the same time, and how they are timed."""

    actions: tuple[Action, ...]
    duration_s: float | None = None
    speed: float = 1.0
    """Factor on every default speed: slowly is below one, quickly above."""
    slight: bool = False
    """"Slightly": scales the whole move, so that the ratio of its components stays."""
    easing: str | None = None
    """One of `EASINGS`; None is the default profile."""

    def __post_init__(self) -> None:
        if not self.actions:
            raise InputError("a move has no action; give at least a hold")
        names = [(action.kind, action.direction) for action in self.actions]
        if len(set(names)) != len(names):
            raise InputError(f"a move says {' '.join(names[-1])} twice; say it once, with the whole amount")
        if self.easing is not None and self.easing not in EASINGS:
            raise InputError(f"unknown easing {self.easing!r}; use one of {', '.join(EASINGS)}")
        if self.duration_s is not None and not 0.0 < self.duration_s <= MAX_DURATION_S:
            raise InputError(f"a move of {self.duration_s:g} s is out of range; use more than 0 and at most 3600 s")
        if not 0.0 < self.speed <= MAX_SPEED:
            raise InputError(f"the speed factor {self.speed:g} is out of range; use more than 0 and at most 100")

    @property
    def is_hold(self) -> bool:
        """Whether the camera stays where it is."""
        return all(action.kind == "hold" for action in self.actions)

    def find(self, kind: str) -> Action | None:
        """The first action of a kind, or None."""
        return next((action for action in self.actions if action.kind == kind), None)


@dataclass(frozen=True)
class ActorAction:
    """One thing that an actor does, after what it did before.

    Raises:
        InputError: an unknown action, or a duration, speed or scale out of range.
    """

    name: str
    """A name in `acting_words.ACTS`: circle, follow, wave ..."""
    pace: str = "walk"
    """walk, run or fly, for ways and relations."""
    side: str | None = None
    """left or right: the actor's own, as it goes."""
    other: str | None = None
    """Name of the actor that it is about, or camera."""
    duration_s: float | None = None
    """How long it lasts, when the text says."""
    speed: float = 1.0
    """Factor on the usual speed."""
    scale: float = 1.0
    """How much larger than usual a way is."""
    together: bool = False
    """Whether it begins with what the actor did before, and not when that ends."""
    after: tuple[str, int] | None = None
    """Another actor and how many of its actions must have ended before this one begins."""

    def __post_init__(self) -> None:
        if self.name not in ACTS:
            raise InputError(f"no actor can {self.name!r}; the actions are {', '.join(ACTS)}")
        if self.duration_s is not None and not 0.0 < self.duration_s <= MAX_DURATION_S:
            raise InputError(
                f"{self.name} for {self.duration_s:g} s is out of range; use more than 0 and at most 3600 s"
            )
        if not 0.0 < self.speed <= MAX_SPEED or not 0.0 < self.scale <= 100.0:
            raise InputError(f"the speed {self.speed:g} or scale {self.scale:g} of {self.name} is not from 0 to 100")


@dataclass(frozen=True)
class ActorMention:
    """An actor that the text names: what it looks like, what it does, and where the text says so."""

    name: str
    """Unique in the plan: colour and shape, numbered when repeated, such as "red robot"."""
    prompt: str
    """The words of the text, such as "a tall red robot"."""
    shape: str
    """Canonical noun: robot, person, box, sphere, cylinder, cone, capsule, pyramid, dog or car."""
    colour: str | None = None
    size: str | None = None
    """Canonical size word: tiny, small, large, huge, tall, short, wide or narrow."""
    behaviour: str = "stand"
    """stand, walk or run."""
    direction: str | None = None
    """left, right, forward (away from the camera) or backward (towards it), as seen from the first camera; None when
    the text does not say."""
    clothes: str = ""
    """What a person wears, as the text says it: "a red shirt and jeans"."""
    actions: tuple[ActorAction, ...] = ()
    """What it does in turn; where there are any, `behaviour` only says how it sets off."""
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class PlaceMention:
    """Where the text says the shot happens."""

    environment: str
    """Canonical name of an environment, such as "desert"."""
    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class UnusedWords:
    """Words of the text that had no effect, with their character span and, for a typo, the nearest known word."""

    text: str
    start: int
    end: int
    suggestion: str | None = None
    note: str | None = None
    """Why they had none, when that helps."""
    of_actors: bool = False
    """Whether they say what an actor does, which cannot be shown."""


@dataclass(frozen=True)
class ReadAs:
    """A misspelt word of the text with its character span, and the word that it was read as."""

    text: str
    start: int
    end: int
    word: str


@dataclass(frozen=True)
class Plan:
    """What a sentence asks for, in the order it asks."""

    moves: tuple[Move, ...]
    actors: tuple[ActorMention, ...] = ()
    place: PlaceMention | None = None
    unused: tuple[UnusedWords, ...] = ()
    text: str = field(default="", compare=False)
    duration_s: float | None = None
    """Length of the whole shot when stated."""
    fps: float | None = None
    read_as: tuple[ReadAs, ...] = ()
    acting: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    """Starts and ends, in characters, of sentences in which actors act, and which say no more than a place."""

    def __post_init__(self) -> None:
        names = [actor.name for actor in self.actors]
        if len(set(names)) != len(names):
            raise InputError(f"actor names repeat in {names}; make each one unique")

    def without_text(self) -> Plan:
        """The plan's meaning alone: no source text, spans, prompts, misspelt or unused words; for comparing plans."""
        actors = tuple(replace(actor, prompt="", start=0, end=0) for actor in self.actors)
        place = self.place and PlaceMention(self.place.environment, "")
        return replace(self, actors=actors, place=place, unused=(), text="", read_as=())
