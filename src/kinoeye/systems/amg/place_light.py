"""How places light those who stand in them, and how dark their shadows are."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

_SURFACE = 3
"""Numbers that say how a surface stands: towards the sun, upwards, and how near it is."""


class PlaceLight(nn.Module):
    """Colours of actors in a mixture of places, from colours in even light and how their surfaces stand.

    Untrained it changes nothing.

    Args:
        places: that have light of their own.
        code: numbers that tell a place's light.
        width: of the layers that turn these into a gain and an offset.
    """

    def __init__(self, places: int, *, code: int = 8, width: int = 32) -> None:
        super().__init__()
        self.code = nn.Parameter(0.3 * torch.randn(places, code))
        self.dark = nn.Parameter(torch.zeros(places, 3))
        self.decode = nn.Sequential(
            nn.Linear(code + _SURFACE + 3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 6)
        )
        nn.init.zeros_(self.decode[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.decode[-1].bias)  # type: ignore[arg-type]

    def lit(
        self, places: Float[Tensor, "*n k"], rgb: Float[Tensor, "*n 3"], surface: Float[Tensor, "*n 3"]
    ) -> Float[Tensor, "*n 3"]:
        """Colours in a place's light.

        Args:
            places: share of each place.
            rgb: colours in even light, from 0 to 1.
            surface: cosine to the sun, height of the normal, and 1 / depth in 1 / metres.
        """
        gain, offset = self.decode(torch.cat([places @ self.code, surface, rgb], dim=-1)).chunk(2, dim=-1)
        return rgb * torch.exp(gain) + offset

    def darkened(
        self, places: Float[Tensor, "b k"], rgb: Float[Tensor, "b *n 3"], cast: Float[Tensor, "b *n"]
    ) -> Float[Tensor, "b *n 3"]:
        """Colours of a place where actors keep the sun away.

        Args:
            places: share of each place.
            rgb: colours where nobody is.
            cast: how much of the sun is kept away, from 0 to 1.
        """
        strength = (places @ self.dark).view(len(places), *(1,) * (rgb.ndim - 2), 3)
        return rgb * (1 - strength * cast[..., None])
