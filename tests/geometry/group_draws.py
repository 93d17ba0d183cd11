"""Draws of rotations, twists and points at the angles where formulas fail."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

DTYPES = (torch.float32, torch.float64)
BATCHES = ((), (4,), (2, 3), (0,))
ANGLES = {
    "identity": lambda u: torch.zeros_like(u),
    "1e-7": lambda u: 1e-7 * u,
    "series boundary": lambda u: 1e-2 * (0.9 + 0.2 * u),
    "any": lambda u: math.pi * u,
    "180 - 1e-4": lambda u: math.pi - 1e-4 * u,
    "180": lambda u: torch.full_like(u, math.pi),
}
"""Name -> angle in radians of a uniform number."""

seeds = st.integers(0, 2**31 - 1)


def tolerance(dtype: torch.dtype) -> float:
    """What rounding may add over a few operations on numbers near 1."""
    return 2e-5 if dtype == torch.float32 else 1e-9


def rotvecs(batch: tuple[int, ...], angle: str, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Rotation vectors [*batch, 3] of random axes with angles of a kind."""
    generator = torch.Generator().manual_seed(seed)
    axis = torch.randn((*batch, 3), generator=generator, dtype=torch.float64)
    axis = axis / axis.norm(dim=-1, keepdim=True)
    share = torch.rand(batch, generator=generator, dtype=torch.float64)
    return (axis * ANGLES[angle](share)[..., None]).to(dtype)


def twists(batch: tuple[int, ...], angle: str, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Twists [*batch, 6]: velocities of about 1, rotation vectors of a kind."""
    velocity = torch.randn((*batch, 3), generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    return torch.cat([velocity.to(dtype), rotvecs(batch, angle, seed, dtype)], dim=-1)
