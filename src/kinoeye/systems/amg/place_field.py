"""Places as a small neural field: what a camera sees where nobody is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.systems.amg.rays import ground_hits

_FARTHEST_M = 200.0
_NEAR_M, _NEAR_SHARE = 8.0, 0.6
"""The texels of the ground lie evenly to so far from the origin, which takes that share of them."""
_WALL_LOWEST, _WALL_SPAN = -0.2, 1.0
"""Heights that a wall's texels reach, as multiples of its radius."""
_FREQUENCIES_PER_M = (0.15, 1.6)
_DECAYS_M = (20.0, 60.0)
_GAIN = 6.0
"""What texels are multiplied by, so that one learning rate suits them and the layers behind them."""


@dataclass(frozen=True, kw_only=True)
class PlaceFieldConfig:
    """Sizes of a `PlaceField`.

    Args:
        places: that have features of their own.
        channels: of features.
        ground_texels: a side.
        wall_texels: around and upwards.
        sky_texels: around, and from straight down to straight up.
        wall_radii_m: of the cylinders around the origin on which things that stand far off are painted.
        waves: learnt frequencies of the ground's pattern.
        width: of the layers that turn features into colours.
    """

    places: int = 12
    channels: int = 4
    ground_texels: int = 128
    wall_texels: tuple[int, int] = (256, 32)
    sky_texels: tuple[int, int] = (64, 16)
    wall_radii_m: tuple[float, ...] = (10.0, 17.0)
    waves: int = 16
    width: int = 64


class PlaceField(nn.Module):
    """Colour along a ray of a mixture of places: features looked up where it meets ground, walls and sky, then decoded.

    Waves of the ground's pattern fade where a pixel spans more than they are long (integrated positional encoding,
    Barron et al. 2021, arXiv 2103.13415, equation 14); far ground is contracted (Barron et al. 2022, arXiv 2111.12077,
    equation 10).

    Args:
        config: sizes.
    """

    def __init__(self, config: PlaceFieldConfig) -> None:
        super().__init__()
        self.config = config
        k, c = config.places, config.channels

        def texels(width: int, height: int) -> nn.Parameter:
            return nn.Parameter(0.05 / _GAIN * torch.randn(k, c, height, width))

        self.ground = texels(config.ground_texels, config.ground_texels)
        self.walls = nn.ParameterList(texels(*config.wall_texels) for _ in config.wall_radii_m)
        self.sky = texels(*config.sky_texels)
        self.code = nn.Parameter(0.3 * torch.randn(k, 16))
        self.sun = nn.Parameter(torch.tensor([0.0, 0.0, 1.0]).repeat(k, 1))
        low, high = (math.log(frequency) for frequency in _FREQUENCIES_PER_M)
        self.per_m = nn.Parameter(torch.linspace(low, high, config.waves).exp())
        features = c * (2 + len(self.walls)) + 4 * config.waves + self.code.shape[1] + 4 + len(_DECAYS_M)
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
    ) -> Float[Tensor, "b n 3"]:
        """Colours from 0 to 1.

        Args:
            places: share of each place.
            origins: eyes in world metres.
            directions: unit vectors in the world.
            angles: that a pixel spans, in radians.
        """
        falls = directions[..., 2] < -1e-4
        distance, hit = ground_hits(origins, directions, farthest_m=_FARTHEST_M)
        down = falls.float()
        azimuth = torch.atan2(directions[..., 1], directions[..., 0]) / math.pi
        elevation = torch.asin(directions[..., 2].clamp(-1, 1)) / (math.pi / 2)
        along = [
            down, down * torch.log1p(distance) / 5, elevation, directions[..., 2],
            *(down * torch.exp(-distance / decay) for decay in _DECAYS_M),
        ]  # fmt: skip
        features = [
            _looked_up(self.ground, places, _contracted(hit)) * down[..., None],
            *(_looked_up(wall, places, _on_cylinder(origins, directions, radius), around=True)
              for wall, radius in zip(self.walls, self.config.wall_radii_m, strict=True)),
            _looked_up(self.sky, places, torch.stack([azimuth, elevation], dim=-1), around=True),
            self._waves(hit, distance * angles / (-directions[..., 2]).clamp_min(0.02)) * down[..., None],
            torch.stack(along, dim=-1),
            (places @ self.code)[:, None].expand(-1, hit.shape[1], -1),
        ]  # fmt: skip
        return self.decode(torch.cat(features, dim=-1)).sigmoid()

    def _waves(self, hit: Tensor, span_m: Tensor) -> Float[Tensor, "b n waves"]:
        phase = 2 * math.pi * hit[..., None, :] * self.per_m[:, None]
        fade = torch.exp(-0.5 * (math.pi * self.per_m * span_m[..., None]) ** 2)[..., None]
        return torch.cat([(phase.sin() * fade).flatten(-2), (phase.cos() * fade).flatten(-2)], dim=-1)


def _looked_up(
    texels: Float[Tensor, "k c y x"],
    places: Float[Tensor, "b k"],
    at: Float[Tensor, "b n 2"],
    *,
    around: bool = False,
) -> Float[Tensor, "b n c"]:
    """Features of a mixture of places, from -1 to 1 across their texels; the last column may touch the first."""
    mixed = torch.einsum("bk,kcyx->bcyx", places * _GAIN, texels)
    if around:
        width = mixed.shape[-1]
        mixed = functional.pad(mixed, (1, 1, 0, 0), mode="circular")
        at = at * at.new_tensor([width / (width + 2), 1.0])
    found = functional.grid_sample(mixed, at[:, None], align_corners=False, padding_mode="border")
    return found[:, :, 0].transpose(1, 2)


def _contracted(xy: Float[Tensor, "b n 2"]) -> Float[Tensor, "b n 2"]:
    """The plane to a disc: evenly where it is near, the rest into the rim."""
    radius = xy.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    return torch.where(
        radius < _NEAR_M, xy * (_NEAR_SHARE / _NEAR_M), xy / radius * (1 - (1 - _NEAR_SHARE) * _NEAR_M / radius)
    )


def _on_cylinder(
    origins: Float[Tensor, "b n 3"], directions: Float[Tensor, "b n 3"], radius_m: float
) -> Float[Tensor, "b n 2"]:
    """Where rays leave an upright cylinder around the origin: azimuth from -1 to 1, and height on its texels."""
    o, d = origins[..., :2], directions[..., :2]
    a = d.square().sum(-1).clamp_min(1e-6)
    b = (o * d).sum(-1)
    c = o.square().sum(-1) - radius_m**2
    hit = origins + (((b * b - a * c).clamp_min(0).sqrt() - b) / a)[..., None] * directions
    azimuth = torch.atan2(hit[..., 1], hit[..., 0]) / math.pi
    height = (hit[..., 2] / radius_m - _WALL_LOWEST) / _WALL_SPAN
    return torch.stack([azimuth, 2 * height - 1], dim=-1)
