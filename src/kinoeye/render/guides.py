"""Guide passes: the actors of a shot on black, as the pictures that avatar-guided video models are conditioned on."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_json
from kinoeye.footage.store import write_take
from kinoeye.footage.take import Layer, Take
from kinoeye.render import robot
from kinoeye.render.film import Backend, render
from kinoeye.render.scene import build_scene
from kinoeye.render.skeleton_drawing import RGB, draw_skeletons, skeletons
from kinoeye.shot.bodies import creatures, joint_names
from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.environment import Environment, Ground, Sky
from kinoeye.shot.shot import Actor, Shot, SkinnedAvatar

PASSES = ("avatar", "alpha", "depth", "normals", "skeleton", "persons", "parts")
"""The guide passes of a shot."""
LEGEND_FILE = "guides.json"
_FARTHEST_BYTE, _NEAREST_BYTE = 55, 255
"""Of the depth pass: what is far stays apart from the black of nothing."""
_BLACK = (0.0, 0.0, 0.0)
_AMBIENT = 1.0 / 0.65
"""Under a black sky this lights what faces up with exactly the actors' own colours."""
_GOLDEN = 0.6180339887498949
"""Hues at multiples of this share of a turn stay apart, however many there are."""


@dataclass(frozen=True, kw_only=True)
class Guides:
    """The guide passes of a shot, and what their colours mean."""

    passes: Mapping[str, Take]
    """Name of `PASSES` -> a take whose "rgb" is the pass, with the camera of the shot."""
    depth_range_m: tuple[float, float] | None
    """Depths in metres that are the brightest and the darkest of the depth pass, whose brightness is even in 1 / depth;
    None where no actor is seen."""
    person_rgb: Mapping[str, RGB]
    """Name of an actor -> its colour."""
    part_rgb: Mapping[str, RGB]
    """Name of a body part -> its colour, the same in every shot."""


def guide_passes(
    shot: Shot, *, size_wh: tuple[int, int] | None = None, samples: int = 2, backend: Backend = "fast"
) -> Guides:
    """The actors of a shot on black, seen by its camera: pixel for pixel where `render` shows them in the film.

    They are lit evenly from above, without sun, shadows, fog or ground. Props hide them as in the film. "alpha" has
    soft edges; "depth" is bright where it is near; "normals" are red to the right, green up, blue towards the camera;
    "skeleton" has OpenPose's colours, without what hides it.

    Args:
        shot: with actors that are drawn.
        size_wh: width and height in pixels; the camera's own size when None.
        samples: rays a side in each pixel at an edge.
        backend: who draws them, as in `render`.

    Raises:
        InputError: the shot has no drawn actors, or as `render`.

    Example:
        >>> from kinoeye.render.worlds import world
        >>> guides = guide_passes(world("train", 1, num_frames=2), size_wh=(32, 32))
        >>> guides.passes["avatar"].rgb.values.shape
        (2, 32, 32, 3)
    """
    drawn = [actor for actor in shot.actors if actor.avatar is not None]
    if not drawn:
        raise InputError("the shot has no actors that are drawn; guide passes show actors, so give it one")
    layers = ("alpha", "depth", "normals", "instance", "part")
    take = render(on_black(shot), layers=layers, size_wh=size_wh, samples=samples, backend=backend)
    scene = build_scene(shot, take.cameras["truth"])
    values = {name: take.layers[name].values for name in take.layers}
    is_actor = values["instance"] > 0
    depth_range_m, depth = _depth_picture(values["depth"], is_actor)
    person_rgb = {actor.name: _color(shot.mask_id(actor.name) - 1) for actor in drawn}
    pictures = {
        "avatar": values["rgb"],
        "alpha": _grey(values["alpha"]),
        "depth": _grey(depth),
        "normals": _normals_picture(values["normals"], is_actor),
        "skeleton": draw_skeletons(scene, skeletons(shot, scene)),
        "persons": _persons_picture(values["instance"], shot, person_rgb),
        "parts": _parts_picture(values["instance"], values["part"], shot),
    }
    bare = replace(take, requested=None, captions=())
    return Guides(
        passes={name: replace(bare, layers={"rgb": Layer(pictures[name], "truth")}) for name in PASSES},
        depth_range_m=depth_range_m,
        person_rgb=person_rgb,
        part_rgb={name: _part_colors()[name] for actor in drawn for name in _part_names(actor)},
    )


def avatar_take(shot: Shot, *, size_wh: tuple[int, int] | None = None, samples: int = 2) -> Take:
    """The "avatar" pass with its numbers: colours on black, alpha, depth in metres and instances.

    Args:
        shot: with actors that are drawn.
        size_wh: width and height in pixels; the camera's own size when None.
        samples: rays a side in each pixel at an edge.

    Raises:
        InputError: the shot has no drawn actors, or as `render`.
    """
    if not any(actor.avatar is not None for actor in shot.actors):
        raise InputError("the shot has no actors that are drawn; AMG films actors, so give it one")
    take = render(on_black(shot), layers=("alpha", "depth", "instance"), size_wh=size_wh, samples=samples)
    return replace(take, requested=None, captions=())


def write_guides(guides: Guides, folder: Path) -> None:
    """Write the passes into a folder: each as a take with lossless frames and a preview, and the legend beside them.

    Raises:
        InputError: they cannot be written.
    """
    for name, take in guides.passes.items():
        (folder / name).mkdir(parents=True)
        write_take(take, folder / name)
    colors = {"persons": guides.person_rgb, "parts": guides.part_rgb}
    legend = {kind: {name: f"#{bytes(rgb).hex()}" for name, rgb in table.items()} for kind, table in colors.items()}
    depth = None
    if guides.depth_range_m is not None:
        near, far = guides.depth_range_m
        depth = {"near_m": near, "far_m": far, "near_byte": _NEAREST_BYTE, "far_byte": _FARTHEST_BYTE}
    write_json(folder / LEGEND_FILE, {**legend, "depth": depth})


def on_black(shot: Shot) -> Shot:
    """The same actors and cameras in an even light, where all else is black; props still hide what they hide.

    Its render is the "avatar" pass of `guide_passes`.
    """
    black = Environment(
        name="black",
        prompt="",
        ground=Ground(pattern="plain", color_a_rgb=_BLACK, color_b_rgb=_BLACK, grain=0.0),
        sky=Sky(horizon_rgb=_BLACK, zenith_rgb=_BLACK, glow=0.0),
        # Where it stood: pixels at edges of shadows are smoothed in the film, and so they are here.
        sun=replace(shot.environment.sun, strength=0.0, ambient=_AMBIENT),
        props=tuple(replace(prop, color_rgb=_BLACK, pattern="plain") for prop in shot.environment.props),
    )
    return replace(shot, environment=black)


def _grey(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[..., None], 3, axis=-1)


def _depth_picture(
    depth: NDArray[np.float32], is_actor: NDArray[np.bool_]
) -> tuple[tuple[float, float] | None, NDArray[np.uint8]]:
    """The range of depths that the picture tells apart, and the picture."""
    picture = np.zeros(depth.shape, np.uint8)
    seen = depth[is_actor].astype(np.float64)
    if not len(seen):
        return None, picture
    near, far = (float(depth_m) for depth_m in np.percentile(seen, (0.5, 99.5)))
    share = np.clip((1 / seen - 1 / far) / max(1 / near - 1 / far, 1e-9), 0.0, 1.0)
    picture[is_actor] = np.rint(_FARTHEST_BYTE + (_NEAREST_BYTE - _FARTHEST_BYTE) * share)
    return (near, far), picture


def _normals_picture(normals: NDArray[np.float32], is_actor: NDArray[np.bool_]) -> NDArray[np.uint8]:
    turned = normals[is_actor] * np.array([1.0, -1.0, -1.0])
    picture = np.zeros(normals.shape, np.uint8)
    picture[is_actor] = np.rint(255 * np.clip(0.5 + 0.5 * turned, 0.0, 1.0))
    return picture


def _persons_picture(instance: NDArray[np.uint8], shot: Shot, colors: Mapping[str, RGB]) -> NDArray[np.uint8]:
    table = np.zeros((256, 3), np.uint8)
    for name, rgb in colors.items():
        table[shot.mask_id(name)] = rgb
    return table[instance]


def _parts_picture(instance: NDArray[np.uint8], part: NDArray[np.uint8], shot: Shot) -> NDArray[np.uint8]:
    table = np.zeros((256, 256, 3), np.uint8)
    for actor in shot.actors:
        names = _part_names(actor)
        table[shot.mask_id(actor.name), 1 : len(names) + 1] = [_part_colors()[name] for name in names]
    return table[instance, part]


def _part_names(actor: Actor) -> tuple[str, ...]:
    """What the values 1, 2, ... of an actor's part layer mean."""
    if not isinstance(actor.avatar, SkinnedAvatar):
        return robot.PART_NAMES
    avatar = actor.avatar
    return cast_body(avatar.body, avatar.color_rgb, avatar.clothes, actor.size_xyz[2]).part_names


@cache
def _part_colors() -> dict[str, RGB]:
    """A colour for every part of every body."""
    bodies: Any = (joint_names, robot)
    names = [name for body in bodies for name in body.PART_NAMES]
    names += [name for body in (creatures.dog(), creatures.car()) for name in body.part_names]
    return {name: _color(place) for place, name in enumerate(dict.fromkeys(names))}


def _color(place: int) -> RGB:
    """A bright colour far from those of neighbouring places."""
    saturation = (1.0, 0.55, 0.8)[place % 3]
    red, green, blue = colorsys.hsv_to_rgb((place * _GOLDEN) % 1.0, saturation, (1.0, 0.85)[place // 3 % 2])
    return round(255 * red), round(255 * green), round(255 * blue)
