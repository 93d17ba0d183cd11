"""The characters of our own 360-Motion sets: skinned bodies, each with a caption that says what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinoeye.datasets.motion360_files import Character, Vector
from kinoeye.geometry.track import Track
from kinoeye.language.prose import with_article
from kinoeye.shot.extras import draw_car, draw_dog, draw_person
from kinoeye.shot.shot import Actor, SkinnedAvatar
from kinoeye.shot.templates import Template

PEOPLE, DOGS, CARS = 46, 14, 10
"""Numbers of characters; together as many as 3DTrajMaster's own set is said to have."""


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
        return template.suits(place, agile=self.avatar.body == "adult")

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
    person = draw_person(rng)
    who = with_article(f"{person.stature} person".strip())
    caption = f"{who} with {person.hair} hair, wearing {person.clothes}"
    return Role(character=Character(index=index, caption=caption, size_xyz=person.size_xyz), avatar=person.avatar)


def _dog(rng: np.random.Generator, index: int) -> Role:
    dog = draw_dog(rng)
    kind = "large" if dog.height_m > 0.65 else "small" if dog.height_m < 0.5 else "medium-sized"
    caption = f"a {kind} dog with short {dog.colour} fur, four slim legs and a tail"
    return Role(character=Character(index=index, caption=caption, size_xyz=dog.size_xyz), avatar=dog.avatar)


def _car(rng: np.random.Generator, index: int) -> Role:
    car = draw_car(rng)
    kind = "low " if car.height_m < 1.43 else "high " if car.height_m > 1.52 else ""
    caption = f"a {kind}passenger car with {car.colour} paint, dark windows and four black wheels"
    return Role(character=Character(index=index, caption=caption, size_xyz=car.size_xyz), avatar=car.avatar)
