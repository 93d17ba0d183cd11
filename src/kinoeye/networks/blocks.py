"""Transformer blocks of our own small models: pre-norm, rotary positions, normalised queries and keys."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

ROTARY_BASE = 1000.0
"""Sequences here have tens to hundreds of tokens; the usual 10,000 would leave most rotary dimensions constant."""


def rotary(length: int, width: int, *, device: torch.device | str, base: float = ROTARY_BASE) -> Float[Tensor, "l w 2"]:
    """Cosines and sines of rotary position embeddings (Su et al. 2021, RoFormer, equation 34) for one head.

    Args:
        length: number of positions.
        width: width of a head; half as many angles are made.
        device: where to.
        base: wavelength ratio.
    """
    rates = base ** (-torch.arange(0, width, 2, device=device, dtype=torch.float32) / width)
    angles = torch.arange(length, device=device, dtype=torch.float32)[:, None] * rates
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def rotate(x: Float[Tensor, "b h l d"], table: Float[Tensor, "l d2 2"]) -> Float[Tensor, "b h l d"]:
    """Queries or keys turned by their positions; pairs are interleaved."""
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = table[..., 0].to(x.dtype), table[..., 1].to(x.dtype)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class Attention(nn.Module):
    """Multi-head attention with normalised queries and keys, written as plain matrix products.

    For sequences of up to a few hundred tokens these are faster on a CPU in bf16 than the fused kernel.

    Args:
        width: channels.
        heads: heads; they divide the width.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.query_norm = nn.LayerNorm(width // heads)
        self.key_norm = nn.LayerNorm(width // heads)

    def forward(
        self,
        x: Float[Tensor, "b l c"],
        context: Float[Tensor, "b m c"] | None = None,
        *,
        mask: Bool[Tensor, "#b 1 #l m"] | None = None,
        positions: Float[Tensor, "l d2 2"] | None = None,
    ) -> Float[Tensor, "b l c"]:
        """Attend from `x` to `context` (default: itself) where the mask is True; `positions` turns both."""
        context = x if context is None else context
        query = self.query_norm(self._split(self.query(x)))
        key, value = self.key_value(context).chunk(2, dim=-1)
        key, value = self.key_norm(self._split(key)), self._split(value)
        if positions is not None:
            query, key = rotate(query, positions), rotate(key, positions)
        scores = (query @ key.transpose(-1, -2)).float() / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        found = scores.softmax(dim=-1).to(value.dtype) @ value
        return self.out(found.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """A pre-norm transformer layer, with cross-attention to a context when `crosses`."""

    def __init__(
        self, width: int, heads: int, *, crosses: bool = False, expansion: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.cross_norm = nn.LayerNorm(width) if crosses else None
        self.cross_attention = Attention(width, heads) if crosses else None
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, expansion * width),
            nn.GELU(),  # the tanh form is several times slower on a CPU in bf16
            nn.Linear(expansion * width, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "b l c"],
        *,
        mask: Bool[Tensor, "#b 1 #l l"] | None = None,
        positions: Float[Tensor, "l d2 2"] | None = None,
        context: Float[Tensor, "b m c"] | None = None,
        context_mask: Bool[Tensor, "#b 1 1 m"] | None = None,
    ) -> Float[Tensor, "b l c"]:
        """One layer."""
        x = x + self.dropout(self.attention(self.norm(x), mask=mask, positions=positions))
        if self.cross_attention is not None and self.cross_norm is not None:
            x = x + self.dropout(self.cross_attention(self.cross_norm(x), context, mask=context_mask))
        return x + self.dropout(self.mlp(x))
