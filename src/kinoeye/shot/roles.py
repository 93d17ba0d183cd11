"""Who an actor of a plan is before it has a place: body, size, colours, and where it sets off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.language.plan import ActorMention
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.shot import RGB, Avatar, BodyName, Shape, SkinnedAvatar

WALK_M_PER_S, RUN_M_PER_S = 1.2, 3.0
_BODIES: Mapping[str, tuple[Shape | BodyName, tuple[float, float, float]]] = {
    "robot": ("robot", (0.55, 0.85, 1.7)),
    "person": ("adult", (0.50, 0.75, 1.7)),
    "box": ("box", (1.0, 1.0, 1.0)),
    "sphere": ("sphere", (1.1, 1.1, 1.1)),
    "cylinder": ("cylinder", (0.8, 0.8, 1.3)),
    "cone": ("cone", (1.0, 1.0, 1.5)),
    "capsule": ("capsule", (0.65, 0.65, 1.6)),
    "pyramid": ("pyramid", (1.3, 1.3, 1.2)),
    "dog": ("dog", (1.07, 0.23, 0.65)),
    "car": ("car", (4.2, 1.8, 1.45)),
}
"""Canonical noun of a mention -> shape or body, and its size in metres."""
AGENTS = ("robot", "adult", "dog")
_SIZES: Mapping[str | None, tuple[float, float, float]] = {
    None: (1.0, 1.0, 1.0),
    "tiny": (0.35, 0.35, 0.35),
    "small": (0.6, 0.6, 0.6),
    "large": (1.5, 1.5, 1.5),
    "huge": (2.5, 2.5, 2.5),
    "tall": (1.0, 1.0, 1.35),
    "short": (1.0, 1.0, 0.7),
    "wide": (1.3, 1.5, 1.0),
    "narrow": (0.7, 0.6, 1.0),
}
_GROWN = ("person",)
"""Who is never as much larger or smaller than usual as things are."""
_NATURAL: Mapping[str, tuple[RGB, ...]] = {
    "dog": (COLOURS["brown"], (0.58, 0.42, 0.27), (0.29, 0.20, 0.14)),
    "car": (COLOURS["grey"], COLOURS["red"], (0.30, 0.32, 0.35)),
    "adult": ((0.36, 0.42, 0.50), (0.44, 0.42, 0.36), (0.50, 0.36, 0.34), (0.34, 0.40, 0.34), (0.55, 0.52, 0.48)),
}
"""Bodies -> colours of them, or of their clothes, of which one is drawn when nobody says; others have any."""
_HEADINGS: Mapping[str | None, float] = {"left": 90.0, "right": -90.0, "forward": 0.0, "backward": 180.0, None: 90.0}
"""Walking direction as seen from the first camera -> heading in degrees around +z from where it looks."""


@dataclass(frozen=True)
class Role:
    """An actor without its place."""

    mention: ActorMention
    shape: Shape | BodyName
    size_xyz: tuple[float, float, float]
    speed: float

    @property
    def radius(self) -> float:
        """Of the circle around its box on the ground, in metres."""
        return 0.5 * math.hypot(self.size_xyz[0], self.size_xyz[1])

    def heading(self, view_heading: float) -> float:
        """Walking direction around +z from +x, for a first camera that looks along `view_heading`."""
        return view_heading + math.radians(_HEADINGS[self.mention.direction])

    def velocity_xyz(self, view_heading: float) -> Float64:
        """Walking velocity [3] in the world."""
        heading = self.heading(view_heading)
        return self.speed * np.array([math.cos(heading), math.sin(heading), 0.0])


def role_of(mention: ActorMention) -> Role:
    """The role of an actor that a text names."""
    shape, base = _BODIES[mention.shape]
    factors = _SIZES[mention.size]
    if mention.shape in _GROWN:
        factors = (float(np.prod(factors)) ** (1 / 9),) * 3 if mention.size in ("tiny", "small", "large", "huge") else (
            1.0, 1.0, factors[2] ** (1 / 3))  # fmt: skip
    size = (base[0] * factors[0], base[1] * factors[1], base[2] * factors[2])
    speed = {"walk": WALK_M_PER_S, "run": RUN_M_PER_S}.get(mention.behaviour, 0.0)
    return Role(mention, shape, size, speed)


def told_heading(role: Role, view_heading: float) -> float | None:
    """Walking direction around +z from +x where the text says one."""
    return None if role.mention.direction is None else role.heading(view_heading)


def avatar_of(role: Role, color_rgb: RGB, *, walks: bool, cues: tuple[Cue, ...] = ()) -> Avatar | SkinnedAvatar:
    """What is seen of a role."""
    if role.shape == "adult" or role.shape == "dog" or role.shape == "car":
        clothes = f"in {role.mention.clothes}" if role.mention.clothes else ""
        return SkinnedAvatar(body=role.shape, color_rgb=color_rgb, clothes=clothes, cues=cues)
    return Avatar(shape=role.shape, color_rgb=color_rgb, gait="walk" if walks else "stand")


def colour_of(role: Role, generator: np.random.Generator) -> RGB:
    """The colour that a text says, or one that is drawn."""
    if role.mention.colour:
        return COLOURS[role.mention.colour]
    usual = _NATURAL.get(role.shape, tuple(COLOURS.values()))
    return usual[int(generator.integers(len(usual)))]
