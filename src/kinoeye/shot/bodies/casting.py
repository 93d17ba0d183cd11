"""The body of an actor, in its size and colours, and where its joints are along the actor's track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies import creatures
from kinoeye.shot.bodies.body import Body, Float64, joint_transforms
from kinoeye.shot.bodies.clothing import Clothing, clothed_by, dressed
from kinoeye.shot.bodies.motions import animate, animate_quadruped, animate_vehicle
from kinoeye.shot.bodies.packed import load_body

if TYPE_CHECKING:
    from kinoeye.shot.shot import RGB, Actor, BodyName, SkinnedAvatar

_TOP = ("torso", "upper arms", "lower arms")
"""Regions of an adult that have the avatar's colour where its clothes are not told."""


@lru_cache(maxsize=64)
def cast_body(name: BodyName, color_rgb: RGB, clothes: str, height_m: float) -> Body:
    """The body of an avatar (see `SkinnedAvatar`), so tall.

    Raises:
        InputError: words of its clothes mean nothing that can be shown.
    """
    if name == "dog":
        return _scaled(creatures.dog(color_rgb=color_rgb), height_m)
    if name == "car":
        return _scaled(creatures.car(color_rgb=color_rgb), height_m)
    clothing = clothed_by(clothes)
    if clothing.unused:
        raise InputError(f"{clothing.unused[0]!r} of the clothes {clothes!r} cannot be shown; name colours and "
                         "garments, such as 'a red shirt and blue jeans'")  # fmt: skip
    if not clothes:
        clothing = Clothing(colours=dict.fromkeys(_TOP, color_rgb))
    return _scaled(dressed(load_body("adult"), clothing), height_m)


def perform(actor: Actor, avatar: SkinnedAvatar, times_s: Float64, *, seed: int = 0) -> tuple[Body, Float64]:
    """An actor's body, and its joints T_body_rest [f, j, 3, 4] at times.

    Args:
        actor: with its track and its box.
        avatar: of the actor.
        times_s: [f] increasing.
        seed: of the small movements that make two bodies differ.

    Raises:
        InputError: its body cannot do what it is cued to, or as `cast_body`.
    """
    if avatar.still:
        start = actor.track.times_s[:1].double().numpy()
        body, T_body_rest = perform(actor, replace(avatar, still=False), start, seed=seed)
        return body, np.repeat(T_body_rest, len(times_s), axis=0)
    body = cast_body(avatar.body, avatar.color_rgb, avatar.clothes, actor.size_xyz[2])
    if avatar.recorded is not None:
        return body, avatar.recorded.transforms(body.skeleton, actor.size_xyz[2], times_s)
    if avatar.body == "adult":
        local, root = animate(body.skeleton, actor.track, times_s, avatar.cues, seed=seed)
    elif avatar.body == "dog":
        local, root = animate_quadruped(body.skeleton, actor.track, times_s, avatar.cues, seed=seed)
    else:
        _refuse_cues(avatar.cues)
        local, root = animate_vehicle(body.skeleton, actor.track, times_s)
    return body, joint_transforms(body.skeleton, local, root)


def _refuse_cues(cues: Sequence[object]) -> None:
    if cues:
        raise InputError("a car cannot be cued to do anything; it goes its way")


def _scaled(body: Body, height_m: float) -> Body:
    factor = height_m / body.size_xyz[2]
    bones = replace(body.skeleton, heads=factor * body.skeleton.heads, tails=factor * body.skeleton.tails)
    return replace(body, skeleton=bones, vertices=factor * body.vertices)
