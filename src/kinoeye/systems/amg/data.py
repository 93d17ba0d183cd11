"""Batches of what the small film model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from torch import Tensor
from torch.nn import functional

from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.avatar_maps import cast_on_ground, surfaces, world_points
from kinoeye.systems.amg.conditions import AvatarFilms
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.pairs import AvatarCondition, AvatarPair, PairSource
from kinoeye.systems.amg.rays import pixel_rays

PAIR_ARRAYS = ("film_rgb", "avatar_rgb", "alpha", "nearness", "person", "cast", "T_world_cam", "fx_fy_cx_cy")
"""Of an `AvatarPair`."""
_OTHERS_EVERY = 5
"""One pair of so many is of the distribution with all kinds of actors."""


@dataclass(frozen=True, kw_only=True)
class TrainingPairs:
    """Pairs by number, most of them of people alone, the others of all kinds of actors.

    Args:
        folder: where rendered pairs are kept.
        first: seed of the first world of either distribution.
        size_wh: width and height in pixels.
    """

    folder: Path
    first: int = 2_000_000
    size_wh: tuple[int, int] = (128, 128)
    _words: dict[int, tuple[tuple[str, ...], str]] = field(default_factory=dict, init=False, repr=False)

    def __getitem__(self, number: int) -> AvatarPair:
        turn, place = divmod(number, _OTHERS_EVERY)
        if place == _OTHERS_EVERY - 1:
            return self._others[turn]
        return self._people[turn * (_OTHERS_EVERY - 1) + place]

    def told(self, number: int) -> tuple[tuple[str, ...], str]:
        """The captions of a pair, and its place."""
        if number not in self._words:
            pair = self[number]
            self._words[number] = pair.captions, pair.environment
        return self._words[number]

    @cached_property
    def _people(self) -> PairSource:
        return PairSource(folder=self.folder, first=self.first, size_wh=self.size_wh)

    @cached_property
    def _others(self) -> PairSource:
        return PairSource(folder=self.folder, first=self.first, size_wh=self.size_wh, distribution="worlds-v1")


def one_hot(places: Sequence[int]) -> Float[Tensor, "b k"]:
    """Shares of places, each whole."""
    return functional.one_hot(torch.tensor(places), len(PLACES)).float()


def avatar_films(pairs: Sequence[AvatarCondition]) -> AvatarFilms:
    """What a film model is shown of pairs."""

    def stacked(name: str, scale: float = 1.0) -> Tensor:
        return torch.from_numpy(np.stack([getattr(pair, name) for pair in pairs])).float() * scale

    return AvatarFilms(
        rgb=stacked("avatar_rgb", 1 / 255), alpha=stacked("alpha", 1 / 255), nearness=stacked("nearness"),
        person=stacked("person"), T_world_cam=stacked("T_world_cam"),
        fx_fy_cx_cy=stacked("fx_fy_cx_cy")[:, None].expand(-1, pairs[0].alpha.shape[0], -1),
    )  # fmt: skip


def pair_camera(pair: AvatarCondition) -> tuple[Float[Tensor, "1 f 3 4"], Float[Tensor, "1 f 4"]]:
    """Poses and lenses of a pair's frames."""
    poses = torch.from_numpy(pair.T_world_cam)[None]
    return poses, torch.from_numpy(pair.fx_fy_cx_cy).expand(1, poses.shape[1], 4)


@dataclass(frozen=True)
class PlacePixels:
    """Some pixels of a film that show its place, and some that show actors in its light; colours in 8 bits."""

    place: int
    origins: Float32[NDArray, "n 3"]
    directions: Float32[NDArray, "n 3"]
    angles: Float32[NDArray, "n"]
    cast: Float32[NDArray, "n"]
    """How much of the sun actors are reckoned to keep away."""
    rgb: UInt8[NDArray, "n 3"]
    surface: Float32[NDArray, "m 3"]
    """How surfaces of actors stand, see `surfaces`."""
    even_rgb: UInt8[NDArray, "m 3"]
    """Their colours in even light."""
    lit_rgb: UInt8[NDArray, "m 3"]
    """Their colours in the film."""

    def chosen(self, places: NDArray[np.int64], actors: NDArray[np.int64]) -> dict[str, Any]:
        """Arrays of some pixels of either kind."""
        of_places = {name: getattr(self, name)[places] for name in ("origins", "directions", "angles", "cast", "rgb")}
        return of_places | {name: getattr(self, name)[actors] for name in ("surface", "even_rgb", "lit_rgb")}


def place_pixels(pair: AvatarPair, place: int, counts: tuple[int, int], rng: np.random.Generator) -> PlacePixels:
    """So many pixels of a film's place, and of its actors.

    Pixels that lie in the true shadow of an actor count where the shadow that is reckoned from what is seen covers
    them too.

    Args:
        pair: the film.
        place: number of its place.
        counts: of pixels of the place and of actors.
        rng: draws them.
    """
    camera = pair_camera(pair)
    shown = avatar_films([pair])
    sun = torch.tensor([ENVIRONMENTS[pair.environment].sun.direction_xyz()])
    points = world_points(shown.nearness, *camera)
    cast = cast_on_ground(points, *camera, sun)[0].numpy()
    shaded = np.asarray(binary_dilation(pair.cast, np.ones((1, 3, 3))), bool)
    at = _drawn((pair.alpha == 0) & (~shaded | (pair.cast & (cast > 0.5))), counts[0], rng)
    on = _drawn(pair.alpha == 255, counts[1], rng)
    surface = surfaces(points, shown.nearness, camera[0][..., 3], sun).reshape(-1, 3).numpy()[on]
    rays = pixel_rays(*camera, (pair.alpha.shape[2], pair.alpha.shape[1]))
    film, even = pair.film_rgb.reshape(-1, 3), pair.avatar_rgb.reshape(-1, 3)
    origins, directions = (part.reshape(-1, 3).numpy()[at] for part in (rays.origins, rays.directions))
    return PlacePixels(
        place=place, origins=origins, directions=directions, angles=rays.angles.reshape(-1).numpy()[at],
        cast=cast.reshape(-1)[at], rgb=film[at],
        surface=surface, even_rgb=even[on], lit_rgb=film[on],
    )  # fmt: skip


def _drawn(mask: Bool[NDArray, "f h w"], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    found = np.flatnonzero(mask)
    return rng.choice(found, count, replace=len(found) < count)
