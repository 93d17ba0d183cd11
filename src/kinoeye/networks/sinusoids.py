"""Sinusoidal positions, as in "Attention Is All You Need" (arXiv 1706.03762, section 3.5)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

_LONGEST = 10_000.0
"""Ratio between the longest and the shortest wavelength."""


def sinusoids(
    count: int, width: int, *, device: torch.device | None = None, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "count width"]:
    """Encodings of positions 0 to `count - 1`, sine and cosine interleaved along the width.

    Raises:
        ValueError: the width is odd.

    Example:
        >>> sinusoids(2, 4)[0]
        tensor([0., 1., 0., 1.])
    """
    if width % 2:
        raise ValueError(f"a width of {width} is odd; sine and cosine come in pairs")
    rate = torch.exp(torch.arange(0, width, 2, device=device).float() * (-math.log(_LONGEST) / width))
    angle = torch.arange(count, device=device).float()[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).to(dtype)


def wave_numbers(count: int, *, device: torch.device | None = None) -> Float[Tensor, " count"]:
    """Frequencies from 1 down to (not including) 1 / 10000, evenly spaced in their logarithm."""
    return torch.exp(torch.arange(count, device=device).float() * (-math.log(_LONGEST) / count))
