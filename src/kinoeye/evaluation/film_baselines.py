"""Films that nothing learned makes: actors pasted on pictures of their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.evaluation.film_worlds import FILM_WORLDS
from kinoeye.render.color import linear_to_bytes, srgb_to_linear
from kinoeye.render.film import render
from kinoeye.render.worlds import world
from kinoeye.shot.captions.words import PLACES
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.pairs import AvatarCondition

CAMERAS = 16
"""Of the train stream that places are pictured by."""
_EVERY = 5
"""Frames from one picture of a camera to its next."""
_LINEAR: Float32[NDArray, "256"] = srgb_to_linear(np.arange(256) / 255).astype(np.float32)


@dataclass(frozen=True)
class PlacePictures:
    """What cameras of the train stream see of one place without actors."""

    pictures: UInt8[NDArray, "n h w 3"]

    @property
    def mean(self) -> UInt8[NDArray, "h w 3"]:
        """Of all."""
        return np.rint(self.pictures.astype(np.float32).mean(axis=0)).astype(np.uint8)

    def one(self, seed: int) -> UInt8[NDArray, "h w 3"]:
        """One at random."""
        return self.pictures[np.random.default_rng(seed).integers(len(self.pictures))]


@lru_cache(maxsize=2 * len(ENVIRONMENTS))
def place_pictures(name: str, size_wh: tuple[int, int]) -> PlacePictures:
    """Pictures of an environment by the first `CAMERAS` cameras of the train stream.

    Args:
        name: of the environment.
        size_wh: width and height in pixels.
    """
    times_s = np.arange(0, FRAMES, _EVERY) / FPS
    films = []
    for seed in range(CAMERAS):
        shot = world("train", seed, num_frames=FRAMES, fps=FPS, size_wh=size_wh, distribution=FILM_WORLDS)
        empty = replace(shot, actors=(), environment=ENVIRONMENTS[name])
        films.append(render(empty, layers=(), times_s=times_s).rgb.values)
    return PlacePictures(np.concatenate(films))


def pasted(condition: AvatarCondition, background_rgb: UInt8[NDArray, "*f h w 3"]) -> UInt8[NDArray, "f h w 3"]:
    """Actors as they are rendered on black, over a picture or a film, in linear light.

    Args:
        condition: the actors.
        background_rgb: a picture, or a frame for each.
    """
    through = 1 - condition.alpha[..., None].astype(np.float32) / 255
    return linear_to_bytes(_LINEAR[condition.avatar_rgb] + through * _LINEAR[background_rgb])


def paste_as_told(
    conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int
) -> UInt8[NDArray, "b f h w 3"]:
    """Films of actors over the mean picture of the place that the caption names; chance plays no part.

    Raises:
        InputError: a caption names none of the places.
    """
    films = []
    for condition, caption in zip(conditions, captions, strict=True):
        height, width = condition.avatar_rgb.shape[1:3]
        films.append(pasted(condition, place_pictures(place_named(caption), (width, height)).mean))
    return np.stack(films)


def place_named(caption: str) -> str:
    """Name of the environment whose words, of either stream, are in a caption; of several the longest.

    Raises:
        InputError: there are none.

    Example:
        >>> place_named("A tall person waves, at the seashore.")
        'beach'
    """
    told = caption.lower()
    found = [
        (len(phrase), name)
        for words in PLACES.values()
        for name, phrases in words.items()
        for phrase in (name, *phrases)
        if phrase.lower() in told
    ]
    if not found:
        raise InputError(f"no place is named in {caption!r}; places: {', '.join(sorted(ENVIRONMENTS))}")
    return max(found)[1]
