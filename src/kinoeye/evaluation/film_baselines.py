"""Films that nothing learned makes: actors pasted on pictures of their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.progress import track
from kinoeye.evaluation.film_worlds import FILM_WORLDS, AvatarCondition
from kinoeye.render.color import linear_to_bytes, srgb_to_linear
from kinoeye.render.film import render
from kinoeye.render.worlds import world
from kinoeye.shot.captions.words import PLACES
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.pairs import FPS, FRAMES

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


def place_pictures(names: Iterable[str], size_wh: tuple[int, int]) -> Mapping[str, PlacePictures]:
    """Name of an environment -> pictures of it by the first `CAMERAS` cameras of the train stream.

    Args:
        names: of environments.
        size_wh: width and height in pixels.
    """
    shots = [
        world("train", seed, num_frames=FRAMES, fps=FPS, size_wh=size_wh, distribution=FILM_WORLDS)
        for seed in range(CAMERAS)
    ]
    found: dict[str, PlacePictures] = {}
    for name in track(sorted(set(names)), "picturing places"):
        empty = [replace(shot, actors=(), environment=ENVIRONMENTS[name]) for shot in shots]
        times_s = np.arange(0, FRAMES, _EVERY) / FPS
        films = [render(shot, layers=(), times_s=times_s).rgb.values for shot in empty]
        found[name] = PlacePictures(np.concatenate(films))
    return found


def pasted(condition: AvatarCondition, background_rgb: UInt8[NDArray, "*f h w 3"]) -> UInt8[NDArray, "f h w 3"]:
    """Actors as they are rendered on black, over a picture or a film, in linear light.

    Args:
        condition: the actors.
        background_rgb: a picture, or a frame for each.
    """
    through = 1 - condition.alpha[..., None].astype(np.float32) / 255
    return linear_to_bytes(_LINEAR[condition.avatar_rgb] + through * _LINEAR[background_rgb])


@dataclass(frozen=True)
class PasteFilmer:
    """Pastes actors on the mean picture of the place that a caption names, in words of either stream."""

    _pictures: dict[tuple[str, tuple[int, int]], PlacePictures] = field(default_factory=dict)

    def __call__(
        self, conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int
    ) -> UInt8[NDArray, "b f h w 3"]:
        """Films of the size of the avatars; chance plays no part.

        Raises:
            InputError: a caption names none of the places.
        """
        return np.stack([self._film(*told) for told in zip(conditions, captions, strict=True)])

    def _film(self, condition: AvatarCondition, caption: str) -> UInt8[NDArray, "f h w 3"]:
        height, width = condition.avatar_rgb.shape[1:3]
        key = place_named(caption), (width, height)
        if key not in self._pictures:
            self._pictures[key] = place_pictures(key[:1], key[1])[key[0]]
        return pasted(condition, self._pictures[key].mean)


def place_named(caption: str) -> str:
    """Name of the environment whose words are in a caption; of several the longest words.

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
