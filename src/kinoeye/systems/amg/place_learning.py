"""How places and their light are learnt: from pixels of films where nobody stands, from actors, and from depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.networks.recipe import Batch
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.data import TrainingPairs
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.place_data import PlacePixels, PlaceRays, place_pixels, place_rays
from kinoeye.systems.amg.place_shells import Reach

_KEPT, _SEEN = (2_048, 512), (1_024, 256)
"""Pixels of places and of actors that are kept of a film and that a batch has of it."""
_VIEWED, _RAYS_KEPT, _RAYS_SEEN = 1_500, 3_072, 512
"""Worlds whose depth is rendered, and rays that are kept of one and that a batch has of it."""
_SUN_WEIGHT, _OPACITY_WEIGHT, _NEARNESS_WEIGHT = 0.01, 0.1, 10.0
_LEAST_OPACITY = 1e-4


class Painted(NamedTuple):
    """What a model makes of pixels and rays."""

    rgb: Float[Tensor, "b n 3"]
    """Of places under cast shadows."""
    lit_rgb: Float[Tensor, "b m 3"]
    """Of actors in the light."""
    suns: Float[Tensor, "b 3"]
    """Unit vectors towards the sun."""
    reach: Reach
    """Of the rays with known ends."""


class PlaceLearner(nn.Module):
    """The parts of a film model that paint places and light actors.

    Args:
        film: the model.
    """

    def __init__(self, film: AvatarFilm) -> None:
        super().__init__()
        self.film = film

    def forward(self, batch: Batch) -> Painted:
        """What the model makes of a batch of `PlaceLessons`."""
        film, places = self.film, _shares(batch["place"])
        rgb = film.field(places, batch["origins"], batch["directions"], batch["angles"])
        even = batch["even_rgb"].float() / 255
        return Painted(
            rgb=film.light.darkened(places, rgb, batch["cast"]),
            lit_rgb=film.light.lit(places[:, None].expand(-1, even.shape[1], -1), even, batch["surface"]),
            suns=film.field.suns(places),
            reach=film.field.shells(_shares(batch["viewed"]), batch["from_xyz"], batch["towards_xyz"]),
        )


@dataclass(frozen=True)
class PlaceLessons:
    """Batches of pixels and rays, those of a world drawn once and kept in memory.

    Args:
        source: of films.
        seed: of what is drawn of them.
    """

    source: TrainingPairs
    seed: int
    _pixels: dict[int, PlacePixels] = field(default_factory=dict, init=False, repr=False)
    _rays: dict[int, PlaceRays] = field(default_factory=dict, init=False, repr=False)

    def batch(self, numbers: Sequence[int], rng: np.random.Generator) -> Batch:
        """Some pixels of films, and some rays into worlds.

        Args:
            numbers: of the films.
            rng: draws what a batch has of them.
        """
        films = [self._pixels_of(number) for number in numbers]
        views = [self._rays_of(number % _VIEWED) for number in numbers]
        of_place, of_actors = (rng.integers(kept, size=seen) for kept, seen in zip(_KEPT, _SEEN, strict=True))
        of_view = rng.integers(_RAYS_KEPT, size=_RAYS_SEEN)
        pixels = [film.chosen(of_place, of_actors) for film in films]
        rays = [view.chosen(of_view) for view in views]
        arrays = {name: np.stack([one[name] for one in of]) for of in (pixels, rays) for name in of[0]}
        return {
            **{name: torch.from_numpy(array) for name, array in arrays.items()},
            "place": torch.tensor([film.place for film in films]),
            "viewed": torch.tensor([view.place for view in views]),
        }

    def _pixels_of(self, number: int) -> PlacePixels:
        if number not in self._pixels:
            pair = self.source[number]
            place = PLACES.index(pair.environment)
            self._pixels[number] = place_pixels(pair, place, _KEPT, np.random.default_rng([self.seed, number]))
        return self._pixels[number]

    def _rays_of(self, view: int) -> PlaceRays:
        if view not in self._rays:
            self._rays[view] = place_rays(self.source.first + view, _RAYS_KEPT, size_wh=self.source.size_wh)
        return self._rays[view]


def place_loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Mean squared errors of places and of actors in their light, how far suns are from the true ones, and the errors
    of what stands around: cross-entropy of its opacity and its nearness in 1 / metres.
    """
    painted: Painted = model(batch)
    colour = (painted.rgb - batch["rgb"].float() / 255).square().mean()
    light = (painted.lit_rgb - batch["lit_rgb"].float() / 255).square().mean()
    suns = torch.tensor([ENVIRONMENTS[name].sun.direction_xyz() for name in PLACES], device=colour.device)
    sun = (1 - (painted.suns * suns[batch["place"]]).sum(dim=-1)).mean()
    stands = batch["stands"]
    opacity = functional.binary_cross_entropy(painted.reach.opacity.clamp(_LEAST_OPACITY, 1 - _LEAST_OPACITY), stands)
    nearness = (stands * (painted.reach.nearness - batch["nearness"]).abs()).mean()
    loss = colour + light + _SUN_WEIGHT * sun + _OPACITY_WEIGHT * opacity + _NEARNESS_WEIGHT * nearness
    parts = {"colour": colour, "light": light, "sun": sun, "opacity": opacity, "nearness": nearness}
    return {"loss": loss, **{name: part.detach() for name, part in parts.items()}}


def _shares(places: Tensor) -> Float[Tensor, "b k"]:
    return functional.one_hot(places, len(PLACES)).float()
