"""What the small film model is shown: avatars, the camera that they were rendered by, and a place."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.networks.codec import PatchCodec
from kinoeye.networks.latent_maps import unshuffled
from kinoeye.networks.srgb import linear_to_srgb, srgb_to_linear
from kinoeye.systems.amg.avatar_maps import cast_on_ground, surfaces, world_points
from kinoeye.systems.amg.place_light import PlaceLight

MAPS = ("alpha", "nearness", "person", "cast", "sunlit")
"""What is known of each pixel beside colours."""
GREY = 0.5
"""The picture of a place that nothing is known of."""
_PERSONS = 3
"""Numbers of persons are told as shares of so many."""


@dataclass(frozen=True)
class AvatarFilms:
    """Renderings of avatars on black, and their cameras; RGB and alpha from 0 to 1."""

    rgb: Float[Tensor, "b f h w 3"]
    alpha: Float[Tensor, "b f h w"]
    nearness: Float[Tensor, "b f h w"]
    """1 / depth in 1 / metres, 0 for nothing."""
    person: Float[Tensor, "b f h w"]
    """1, 2, ... for the persons, 0 for nothing."""
    T_world_cam: Float[Tensor, "b f 3 4"]
    fx_fy_cx_cy: Float[Tensor, "b f 4"]

    def to(self, device: torch.device | str) -> AvatarFilms:
        """The same on a device."""
        return AvatarFilms(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[3], self.rgb.shape[2]


@dataclass(frozen=True)
class FilmConditions:
    """The same on the grid of latents, and what latents leave out."""

    composite: Float[Tensor, "b c n y x"]
    """Latents of the avatars in the place's light, laid over its picture with their shadows."""
    maps: Float[Tensor, "b m n y x"]
    """Every pixel of `MAPS`."""
    places: Float[Tensor, "b k"]
    """Share of each place; all zero where nothing is known of it."""
    detail: Float[Tensor, "b f 3 h w"]
    """What latents leave out of the picture that the composite is of; films get it back."""

    def frames(self, window: slice) -> FilmConditions:
        """Those of a window of latent frames."""
        per_latent = self.detail.shape[1] // self.composite.shape[2]
        first, last, _ = window.indices(self.composite.shape[2])
        seen = slice(first * per_latent, last * per_latent)
        return FilmConditions(self.composite[:, :, window], self.maps[:, :, window], self.places, self.detail[:, seen])


def film_conditions(
    codec: PatchCodec,
    light: PlaceLight,
    avatars: AvatarFilms,
    backdrop: Float[Tensor, "b f h w 3"],
    suns: Float[Tensor, "b 3"],
    places: Float[Tensor, "b k"],
) -> FilmConditions:
    """Conditions of films; where a place's shares are zero its picture is grey and it has no sun.

    Args:
        codec: of the films.
        light: of the places.
        avatars: what is rendered.
        backdrop: the place's picture from 0 to 1.
        suns: unit vectors towards the sun.
        places: share of each place.
    """
    told = (places.sum(dim=-1) > 0).to(places.dtype)[:, None, None, None]
    backdrop = torch.where(told[..., None] > 0, backdrop, GREY)
    points = world_points(avatars.nearness, avatars.T_world_cam, avatars.fx_fy_cx_cy)
    cast = told * cast_on_ground(points, avatars.T_world_cam, avatars.fx_fy_cx_cy, suns)
    surface = surfaces(points, avatars.nearness, avatars.T_world_cam[..., 3], suns)
    composite = _laid_over(light.darkened(places, backdrop, cast), light, avatars, surface, places)
    person = avatars.person / _PERSONS
    maps = torch.stack([avatars.alpha, 2 * avatars.nearness, person, cast, surface[..., 0] * told], dim=1)
    picture = (2 * composite - 1).permute(0, 1, 4, 2, 3)
    latents = codec.encode(picture)
    return FilmConditions(
        composite=latents,
        maps=unshuffled(maps, frames=codec.config.frames, side=codec.config.side),
        places=places,
        detail=picture - codec.decode(latents),
    )


def _laid_over(
    ground: Float[Tensor, "b f h w 3"],
    light: PlaceLight,
    avatars: AvatarFilms,
    surface: Float[Tensor, "b f h w 3"],
    places: Float[Tensor, "b k"],
) -> Float[Tensor, "b f h w 3"]:
    """A place's picture with its actors in its light, mixed where they are soft as light adds up."""
    film, *_ = on = torch.nonzero(avatars.alpha > 0, as_tuple=True)
    alpha, shares = avatars.alpha[on][:, None], places[film]
    even = linear_to_srgb(srgb_to_linear(avatars.rgb[on]) / alpha)
    told = shares.sum(dim=-1, keepdim=True) > 0
    lit = torch.where(told, light.lit(shares, even, surface[on]), even)
    mixed = alpha * srgb_to_linear(lit) + (1 - alpha) * srgb_to_linear(ground[on])
    return ground.index_put(on, linear_to_srgb(mixed))
