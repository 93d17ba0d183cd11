"""The characters of our own 360-Motion sets: skinned bodies, each with a caption that says what is seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.datasets.motion360_files import Character, Vector
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.shot import Actor, SkinnedAvatar
from kinoeye.shot.templates import Template

PEOPLE, DOGS, CARS = 46, 14, 10
"""Numbers of characters; together as many as 3DTrajMaster's own set is said to have."""
_ADULT_WIDTHS_M = (0.5, 0.75)
_HAIR = ("black", "brown", "blonde", "ginger", "grey", "white")
_TOPS = ("t-shirt", "sweater", "vest")
_BOTTOMS = ("trousers", "shorts")
"""Garments that can be told from each other on the body that ships."""
_CLOTH = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "black", "white", "grey", "teal", "beige")
_SHOES = ("black", "white", "brown", "red", "grey")
_FUR = ("brown", "black", "white", "grey", "orange", "yellow")
_PAINT = ("red", "blue", "green", "white", "black", "grey", "yellow", "orange", "purple", "cyan")


@dataclass(frozen=True, kw_only=True)
class Role:
    """A character and how it is shown."""

    character: Character
    avatar: SkinnedAvatar

    @property
    def size_xyz(self) -> Vector:
        """Its box in metres."""
        size = self.character.size_xyz
        assert size is not None
        return size

    def suits(self, template: Template, place: int) -> bool:
        """Whether its body can do what an actor of a template does: all but people only go ahead, on the ground."""
        if template.flyers or template.pace == "fly":
            return False
        if self.avatar.body == "adult":
            return True
        return template.headings[place] == "along" and not any(path.leaps for path in template.paths())

    def actor(self, track: Track) -> Actor:
        """It on its way."""
        return Actor(
            name=f"character {self.character.index}",
            prompt=self.character.prompt,
            category="agent",
            size_xyz=self.size_xyz,
            track=track,
            avatar=self.avatar,
        )


def cast(seed: int) -> tuple[Role, ...]:
    """The characters of a set by its seed, numbered from 1; no two have one caption.

    Example:
        >>> len(cast(0)), len({role.character.caption for role in cast(0)})
        (70, 70)
    """
    rng = np.random.default_rng([seed, 0xCA57])
    roles: list[Role] = []
    captions: set[str] = set()
    for draw, count in ((_person, PEOPLE), (_dog, DOGS), (_car, CARS)):
        end = len(roles) + count
        while len(roles) < end:
            role = draw(rng, len(roles) + 1)
            if role.character.caption not in captions:
                captions.add(role.character.caption)
                roles.append(role)
    return tuple(roles)


def _person(rng: np.random.Generator, index: int) -> Role:
    height = round(float(rng.uniform(1.52, 1.98)), 2)
    top, bottom, shoes, hair = (_one(rng, words) for words in (_CLOTH, _CLOTH, _SHOES, _HAIR))
    clothes = f"{_a(top)} {_one(rng, _TOPS)}, {bottom} {_one(rng, _BOTTOMS)} and {shoes} shoes"
    stature = "tall " if height > 1.8 else "short " if height < 1.65 else ""
    caption = f"{_a(stature + 'person' if stature else 'person')} with {hair} hair, wearing {clothes}"
    avatar = SkinnedAvatar(body="adult", color_rgb=COLOURS["grey"], clothes=f"{hair} hair, {clothes}")
    character = Character(index=index, caption=caption, size_xyz=(*_ADULT_WIDTHS_M, height))
    return Role(character=character, avatar=avatar)


def _dog(rng: np.random.Generator, index: int) -> Role:
    height, colour = round(float(rng.uniform(0.4, 0.8)), 2), _one(rng, _FUR)
    kind = "large" if height > 0.65 else "small" if height < 0.5 else "medium-sized"
    caption = f"a {kind} dog with short {colour} fur, four slim legs and a tail"
    return _creature(index, caption, SkinnedAvatar(body="dog", color_rgb=COLOURS[colour]), height)


def _car(rng: np.random.Generator, index: int) -> Role:
    height, colour = round(float(rng.uniform(1.35, 1.6)), 2), _one(rng, _PAINT)
    kind = "low " if height < 1.43 else "high " if height > 1.52 else ""
    caption = f"a {kind}passenger car with {colour} paint, dark windows and four black wheels"
    return _creature(index, caption, SkinnedAvatar(body="car", color_rgb=COLOURS[colour]), height)


def _creature(index: int, caption: str, avatar: SkinnedAvatar, height_m: float) -> Role:
    x, y, z = cast_body(avatar.body, avatar.color_rgb, avatar.clothes, height_m).size_xyz
    size = (round(float(x), 3), round(float(y), 3), round(float(z), 3))
    return Role(character=Character(index=index, caption=caption, size_xyz=size), avatar=avatar)


def _one(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
