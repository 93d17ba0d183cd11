"""What stands around in places, as shells of opacity: how far a ray gets."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinoeye.systems.amg.place_texels import looked_up, mixed, on_cylinder, texels

_SUNK_M = 0.3
"""Nothing stands deeper in the ground."""
_EMPTY_LOGIT = -3.0
"""Of opacity that nothing is known of yet."""
_FAINT = 1e-4
"""Opacity that counts as nothing."""


class Reach(NamedTuple):
    """How rays end."""

    opacity: Float[Tensor, "b n"]
    """Share of what a ray sees that stands around; the rest is ground or sky."""
    nearness: Float[Tensor, "b n"]
    """1 / distance of that from the upright axis through the origin, in 1 / metres."""


class PlaceShells(nn.Module):
    """Opacity on upright cylinders around the origin, evenly in 1 / radius: multiplane images (Zhou et al. 2018, arXiv
    1805.09817) that close around their middle.

    Args:
        places: that have their own.
        shells: how many cylinders.
        size: texels around and upwards.
        radii_m: of the nearest and the farthest.
    """

    radius_m: Tensor

    def __init__(self, places: int, shells: int, size: tuple[int, int], radii_m: tuple[float, float]) -> None:
        super().__init__()
        nearest, farthest = radii_m
        self.register_buffer("radius_m", 1 / torch.linspace(1 / nearest, 1 / farthest, shells), persistent=False)
        self.opacity = texels(places, shells, *size, mean=_EMPTY_LOGIT)

    def forward(
        self, places: Float[Tensor, "b k"], origins: Float[Tensor, "b n 3"], directions: Float[Tensor, "b n 3"]
    ) -> Reach:
        """How rays end, by what they meet from the nearest shell to the farthest.

        Args:
            places: share of each place.
            origins: eyes inside the nearest shell, in world metres.
            directions: unit vectors in the world.
        """
        at, height = on_cylinder(origins[:, None], directions[:, None], self.radius_m[None, :, None])
        logit = looked_up(mixed(self.opacity, places).flatten(0, 1)[:, None], at.flatten(0, 1), around=True)
        opacity = logit[..., 0].view(height.shape).sigmoid() * (height > -_SUNK_M)
        passed = torch.cumprod(1 - opacity, dim=1)
        seen = opacity * torch.cat([torch.ones_like(passed[:, :1]), passed[:, :-1]], dim=1)
        whole = seen.sum(dim=1)
        nearness = (seen / self.radius_m[:, None]).sum(dim=1) + _FAINT / self.radius_m[-1]
        return Reach(whole, nearness / (whole + _FAINT))

    def missed(self, origins: Float[Tensor, "b n 3"], directions: Float[Tensor, "b n 3"]) -> Bool[Tensor, "b n"]:
        """Whether rays are in the ground before they get to the nearest shell: nothing that stands
        around can be seen along them.

        Args:
            origins: eyes inside the nearest shell, in world metres.
            directions: unit vectors in the world.
        """
        _, height = on_cylinder(origins, directions, self.radius_m[0])
        return height <= -_SUNK_M
