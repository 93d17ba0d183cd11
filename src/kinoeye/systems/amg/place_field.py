"""Places as a small neural field: what a camera sees where nobody is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.systems.amg.place_shells import PlaceShells
from kinoeye.systems.amg.place_texels import in_sky, looked_up, mixed, on_cylinder, on_ground, texels
from kinoeye.systems.amg.rays import ground_hits

_FARTHEST_M = 200.0
_FREQUENCIES_PER_M = (0.15, 1.6)
_DECAYS_M = (20.0, 60.0)
_USUAL_M = 10.0
"""Of distances, so that nearness is a number about 1."""


@dataclass(frozen=True, kw_only=True)
class PlaceFieldConfig:
    """Sizes of a `PlaceField`.

    Args:
        places: that have features of their own.
        channels: of features.
        ground_texels: a side.
        shells: cylinders around the origin that hold the opacity of what stands there.
        shell_texels: around and upwards.
        shell_radii_m: of the nearest and the farthest.
        wall_texels: around and upwards, of the colours of what stands there.
        sky_texels: around, and from straight down to straight up.
        waves: learnt frequencies of the ground's pattern.
        width: of the layers that turn features into colours.
    """

    places: int = 12
    channels: int = 3
    ground_texels: int = 192
    shells: int = 12
    shell_texels: tuple[int, int] = (256, 32)
    shell_radii_m: tuple[float, float] = (10.5, 30.0)
    wall_texels: tuple[int, int] = (512, 64)
    sky_texels: tuple[int, int] = (64, 16)
    waves: int = 16
    width: int = 64


class PlaceField(nn.Module):
    """Colour along a ray of a mixture of places: features of what stands there, of ground and of sky, decoded.

    Colours of what stands around are looked up once, where the ray meets the cylinder of the distance that the shells
    expect. Waves of the ground's pattern fade where a pixel spans more than they are long (integrated positional
    encoding, Barron et al. 2021, arXiv 2103.13415, equation 14).

    Args:
        config: sizes.
    """

    def __init__(self, config: PlaceFieldConfig) -> None:
        super().__init__()
        self.config = config
        k, c = config.places, config.channels
        self.shells = PlaceShells(k, config.shells, config.shell_texels, config.shell_radii_m)
        self.ground = texels(k, c, config.ground_texels, config.ground_texels)
        self.wall = texels(k, c, *config.wall_texels)
        self.sky = texels(k, c, *config.sky_texels)
        self.code = nn.Parameter(0.3 * torch.randn(k, 16))
        self.sun = nn.Parameter(torch.tensor([0.0, 0.0, 1.0]).repeat(k, 1))
        low, high = (math.log(frequency) for frequency in _FREQUENCIES_PER_M)
        self.per_m = nn.Parameter(torch.linspace(low, high, config.waves).exp())
        features = 3 * c + 2 + 4 * config.waves + self.code.shape[1] + 4 + len(_DECAYS_M)
        w = config.width
        self.decode = nn.Sequential(
            nn.Linear(features, w), nn.SiLU(), nn.Linear(w, w), nn.SiLU(), nn.Linear(w, w), nn.SiLU(), nn.Linear(w, 3)
        )

    def suns(self, places: Float[Tensor, "b k"]) -> Float[Tensor, "b 3"]:
        """Unit vectors towards the sun."""
        return functional.normalize(places @ self.sun, dim=-1)

    def forward(
        self,
        places: Float[Tensor, "b k"],
        origins: Float[Tensor, "b n 3"],
        directions: Float[Tensor, "b n 3"],
        angles: Float[Tensor, "b n"],
        *,
        ground_alone: bool = False,
    ) -> Float[Tensor, "b n 3"]:
        """Colours from 0 to 1.

        Args:
            places: share of each place.
            origins: eyes in world metres.
            directions: unit vectors in the world.
            angles: that a pixel spans, in radians.
            ground_alone: whether all rays are known to miss what stands around, see `PlaceShells.missed`; the colours
                are the same and cost less.
        """
        falls = directions[..., 2] < -1e-4
        distance, hit = ground_hits(origins, directions, farthest_m=_FARTHEST_M)
        down = falls.float()
        sky_at = in_sky(directions)
        along = [
            down, down * torch.log1p(distance) / 5, sky_at[..., 1],
            directions[..., 2], *(down * torch.exp(-distance / decay) for decay in _DECAYS_M),
        ]  # fmt: skip
        features = [
            looked_up(mixed(self.ground, places), on_ground(hit)) * down[..., None],
            self._around(places, origins, directions, seen=not ground_alone),
            looked_up(mixed(self.sky, places), sky_at, around=True),
            self._waves(hit, distance * angles / (-directions[..., 2]).clamp_min(0.02)) * down[..., None],
            torch.stack(along, dim=-1),
            (places @ self.code)[:, None].expand(-1, hit.shape[1], -1),
        ]
        return self.decode(torch.cat(features, dim=-1)).sigmoid()

    def _around(self, places: Tensor, origins: Tensor, directions: Tensor, *, seen: bool) -> Float[Tensor, "b n c"]:
        if not seen:
            return origins.new_zeros(*origins.shape[:2], self.config.channels + 2)
        opacity, nearness = self.shells(places, origins, directions)
        at, _ = on_cylinder(origins, directions, 1 / nearness)
        features = torch.cat(
            [
                looked_up(mixed(self.wall, places), at, around=True),
                torch.ones_like(at[..., :1]),
                _USUAL_M * nearness[..., None],
            ],
            dim=-1,
        )
        return features * opacity[..., None]

    def _waves(self, hit: Tensor, span_m: Tensor) -> Float[Tensor, "b n waves"]:
        phase = 2 * math.pi * hit[..., None, :] * self.per_m[:, None]
        fade = torch.exp(-0.5 * (math.pi * self.per_m * span_m[..., None]) ** 2)[..., None]
        return torch.cat([(phase.sin() * fade).flatten(-2), (phase.cos() * fade).flatten(-2)], dim=-1)
