"""People, dogs and cars drawn at random: who is cast where nobody says what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.language.prose import drawn, with_article
from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.shot import BodyName, SkinnedAvatar

ADULT_WIDTHS_M = (0.5, 0.75)
"""Depth and width of an adult's box."""
TOPS = ("t-shirt", "sweater", "vest")
BOTTOMS = ("trousers", "shorts")
"""Garments that can be told from each other on the body that ships."""
CLOTH = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "black", "white", "grey", "teal", "beige")
FUR = ("brown", "black", "white", "grey", "orange", "yellow")
PAINT = ("red", "blue", "green", "white", "black", "grey", "yellow", "orange", "purple", "cyan")
_HAIR = ("black", "brown", "blonde", "ginger", "grey", "white")
_SHOES = ("black", "white", "brown", "red", "grey")


@dataclass(frozen=True, kw_only=True)
class Person:
    """An adult's looks: its height, and colours and garments in words."""

    height_m: float
    hair: str
    top_colour: str
    top: str
    bottom_colour: str
    bottom: str
    shoes: str

    @property
    def clothes(self) -> str:
        """What it wears, without its hair."""
        top = with_article(f"{self.top_colour} {self.top}")
        return f"{top}, {self.bottom_colour} {self.bottom} and {self.shoes} shoes"

    @property
    def stature(self) -> str:
        """The word "tall" or "short", or none."""
        return "tall" if self.height_m > 1.8 else "short" if self.height_m < 1.65 else ""

    @property
    def size_xyz(self) -> tuple[float, float, float]:
        """Its box in metres."""
        return (*ADULT_WIDTHS_M, self.height_m)

    @property
    def avatar(self) -> SkinnedAvatar:
        """What is seen of it."""
        clothes = f"{self.hair} hair, {self.clothes}"
        return SkinnedAvatar(body="adult", color_rgb=COLOURS["grey"], clothes=clothes)


@dataclass(frozen=True, kw_only=True)
class Creature:
    """A dog's or a car's looks."""

    body: BodyName
    height_m: float
    colour: str
    """Of its coat or paint."""

    @property
    def size_xyz(self) -> tuple[float, float, float]:
        """Its box in metres."""
        avatar = self.avatar
        x, y, z = cast_body(avatar.body, avatar.color_rgb, avatar.clothes, self.height_m).size_xyz
        return round(float(x), 3), round(float(y), 3), round(float(z), 3)

    @property
    def avatar(self) -> SkinnedAvatar:
        """What is seen of it."""
        return SkinnedAvatar(body=self.body, color_rgb=COLOURS[self.colour])


def draw_person(rng: np.random.Generator, *, tops: Sequence[str] = CLOTH) -> Person:
    """Anybody.

    Args:
        rng: draws it.
        tops: colours of what it may wear above its hips.

    Example:
        >>> draw_person(np.random.default_rng(0)).clothes
        'a pink t-shirt, yellow trousers and white shoes'
    """
    height = round(float(rng.uniform(1.52, 1.98)), 2)
    top, bottom, shoes, hair = (drawn(rng, words) for words in (tops, CLOTH, _SHOES, _HAIR))
    return Person(
        height_m=height, hair=hair, top_colour=top, top=drawn(rng, TOPS),
        bottom_colour=bottom, bottom=drawn(rng, BOTTOMS), shoes=shoes,
    )  # fmt: skip


def draw_dog(
    rng: np.random.Generator, *, heights_m: tuple[float, float] = (0.4, 0.8), coats: Sequence[str] = FUR
) -> Creature:
    """Any dog of those heights and colours."""
    return Creature(body="dog", height_m=round(float(rng.uniform(*heights_m)), 2), colour=drawn(rng, coats))


def draw_car(rng: np.random.Generator, *, paints: Sequence[str] = PAINT) -> Creature:
    """Any passenger car of those colours."""
    return Creature(body="car", height_m=round(float(rng.uniform(1.35, 1.6)), 2), colour=drawn(rng, paints))
