"""A motion template: a named family of motions of one, two or three actors, and the words that describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.shot.templates.path import Path

Pace = Literal["walk", "run", "fly"]
Heading = Literal["along", "free"]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A family of motions: parameters in, one nominal path an actor out.

    Example:
        >>> from kinoeye.shot.templates import find_template
        >>> find_template("circle left").caption("a red robot")
        'a red robot walks in a circle to the left'
    """

    name: str
    phrase: str
    """What happens: {0}, {1}, {2} are the actors, {moves} the verb of one, {move} of several; no full stop."""
    build: Callable[..., Path | tuple[Path, ...]]
    """Parameters by name -> nominal paths."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Least and greatest value of each parameter: what shapes the motion, beyond place, heading, size and speed."""
    actors: int = 1
    pace: Pace = "walk"
    heading: Heading | tuple[Heading, ...] = "along"
    """"along": the body faces where it goes, whenever it goes; "free": not always. One for all actors, or one each."""
    flyers: tuple[int, ...] = ()
    """Which actors leave the ground other than by hopping."""
    seen_from: bool = False
    """Whether it is what its words say only from the camera's side, which is -y in the nominal frame."""
    number: int = 0
    """m in the code t{k}n{m}; 1 for the first template of k actors."""

    @property
    def code(self) -> str:
        """Its name in the 360-Motion style: t, how many actors, n, its number among those."""
        return f"t{self.actors}n{self.number}"

    @property
    def headings(self) -> tuple[Heading, ...]:
        """Whether each actor faces where it goes."""
        return self.heading if isinstance(self.heading, tuple) else (self.heading,) * self.actors

    def middle(self) -> dict[str, float]:
        """Every parameter in the middle of its range."""
        return {name: 0.5 * (low + high) for name, (low, high) in self.ranges.items()}

    def drawn(self, rng: np.random.Generator) -> dict[str, float]:
        """Every parameter drawn evenly from its range."""
        return {name: float(rng.uniform(low, high)) for name, (low, high) in self.ranges.items()}

    def paths(self, parameters: Mapping[str, float] | None = None) -> tuple[Path, ...]:
        """One nominal path an actor, all lasting as long as the longest.

        Args:
            parameters: as `middle` where not given.

        Raises:
            InputError: a parameter that the template does not have, or one out of its range.
        """
        values = self.middle() | self._checked(parameters or {})
        built = self.build(**values)
        paths = built if isinstance(built, tuple) else (built,)
        seconds = max(path.seconds for path in paths)
        return tuple(path.lasting(seconds) for path in paths)

    def suits(self, place: int, *, agile: bool) -> bool:
        """Whether a body can be one of its actors.

        Args:
            place: which one, from 0.
            agile: whether it can go sideways and backwards and jump, as people do; nobody can fly.
        """
        if self.flyers or self.pace == "fly":
            return False
        return agile or (self.headings[place] == "along" and not any(path.leaps for path in self.paths()))

    def caption(self, *subjects: str, verb: str | None = None) -> str:
        """The phrase with its subjects.

        Args:
            subjects: one noun phrase an actor, in order.
            verb: how they move: "drive"; as the template's pace if not given.

        Raises:
            InputError: not one subject an actor.
        """
        if len(subjects) != self.actors:
            raise InputError(f"template {self.name!r} has {self.actors} actors; {len(subjects)} subjects were given")
        move = verb or self.pace
        return self.phrase.format(*subjects, move=move, moves=_third_person(move))

    def _checked(self, parameters: Mapping[str, float]) -> dict[str, float]:
        for name, value in parameters.items():
            if name not in self.ranges:
                known = ", ".join(self.ranges) or "none"
                raise InputError(f"template {self.name!r} has no parameter {name!r}; its parameters: {known}")
            low, high = self.ranges[name]
            if not low <= value <= high:
                raise InputError(f"{name} of template {self.name!r} is {low:g} to {high:g}; given {value:g}")
        return dict(parameters)


def _third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "o", "sh", "ch")) else f"{verb}s"


def numbered(templates: Sequence[Template], *, actors: int) -> tuple[Template, ...]:
    """The templates of so many actors with their numbers, in order from 1."""
    return tuple(replace(template, actors=actors, number=m) for m, template in enumerate(templates, start=1))
