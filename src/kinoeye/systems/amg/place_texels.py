"""Grids of learnt numbers that places keep on the ground, on cylinders around the origin and in the sky."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

GAIN = 24.0
"""What texels are multiplied by, so that one learning rate suits them, of which each sees few rays, and the layers
behind them."""
_NEAR_M, _NEAR_SHARE = 8.0, 0.6
"""The texels of the ground lie evenly to so far from the origin, which takes that share of them."""
_WALL_LOWEST, _WALL_SPAN = -0.1, 1.0
"""Heights that the texels of a cylinder reach, as multiples of its radius."""


def texels(places: int, channels: int, width: int, height: int, *, mean: float = 0.0) -> nn.Parameter:
    """Numbers about `mean` to be learnt."""
    return nn.Parameter((mean + 0.05 * torch.randn(places, channels, height, width)) / GAIN)


def mixed(grids: Float[Tensor, "k c y x"], places: Float[Tensor, "b k"]) -> Float[Tensor, "b c y x"]:
    """Grids of mixtures of places."""
    return torch.einsum("bk,kcyx->bcyx", places * GAIN, grids)


def looked_up(
    grids: Float[Tensor, "b c y x"], at: Float[Tensor, "b n 2"], *, around: bool = False
) -> Float[Tensor, "b n c"]:
    """Numbers of grids between their texels.

    Args:
        grids: one for each item.
        at: places on them, from -1 to 1 across.
        around: whether the last column touches the first.
    """
    if around:
        width = grids.shape[-1]
        grids = functional.pad(grids, (1, 1, 0, 0), mode="circular")
        at = at * at.new_tensor([width / (width + 2), 1.0])
    found = functional.grid_sample(grids, at[:, None], align_corners=False, padding_mode="border")
    return found[:, :, 0].transpose(1, 2)


def on_ground(xy: Float[Tensor, "... 2"]) -> Float[Tensor, "... 2"]:
    """Points of the ground on its texels: evenly where it is near, the rest contracted into the rim of a disc.

    Barron et al. 2022 (arXiv 2111.12077), equation 10.
    """
    radius = xy.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    return torch.where(
        radius < _NEAR_M, xy * (_NEAR_SHARE / _NEAR_M), xy / radius * (1 - (1 - _NEAR_SHARE) * _NEAR_M / radius)
    )


def on_cylinder(
    origins: Float[Tensor, "... 3"], directions: Float[Tensor, "... 3"], radius_m: Float[Tensor, "..."]
) -> tuple[Float[Tensor, "... 2"], Float[Tensor, "..."]]:
    """Where rays leave an upright cylinder around the origin, on its texels, and the height there in metres.

    Args:
        origins: eyes.
        directions: unit vectors.
        radius_m: of the cylinder of each ray.
    """
    o, d = origins[..., :2], directions[..., :2]
    a = d.square().sum(-1).clamp_min(1e-6)
    b = (o * d).sum(-1)
    c = o.square().sum(-1) - radius_m**2
    distance = ((b * b - a * c).clamp_min(0).sqrt() - b) / a
    x, y, z = (origins[..., axis] + distance * directions[..., axis] for axis in range(3))
    height = (z / radius_m - _WALL_LOWEST) / _WALL_SPAN
    return torch.stack([torch.atan2(y, x) / math.pi, 2 * height - 1], dim=-1), z


def in_sky(directions: Float[Tensor, "... 3"]) -> Float[Tensor, "... 2"]:
    """Directions on the texels of the sky: azimuth, and height from straight down to straight up."""
    azimuth = torch.atan2(directions[..., 1], directions[..., 0]) / math.pi
    return torch.stack([azimuth, torch.asin(directions[..., 2].clamp(-1, 1)) / (math.pi / 2)], dim=-1)
