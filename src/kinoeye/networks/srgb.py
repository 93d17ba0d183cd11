"""sRGB (IEC 61966-2-1) to and from linear light, of tensors; light adds up only in the latter."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_DARK_SRGB, _DARK_LINEAR = 0.04045, 0.0031308


def srgb_to_linear(srgb: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Linear light, 0 to 1, of sRGB values; those beyond 0 and 1 are clipped."""
    v = srgb.clamp(0, 1)
    return torch.where(v <= _DARK_SRGB, v / 12.92, ((v.clamp_min(_DARK_SRGB) + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """SRGB values, 0 to 1, of linear light; light beyond 0 and 1 is clipped."""
    v = linear.clamp(0, 1)
    return torch.where(v <= _DARK_LINEAR, 12.92 * v, 1.055 * v.clamp_min(_DARK_LINEAR) ** (1 / 2.4) - 0.055)
