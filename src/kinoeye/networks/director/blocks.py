"""The blocks of DIRECTOR: pre-norm attention and MLP with stochastic depth, and the embedding of the noise level."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.networks.director.config import TIME_FRACTION, DirectorConfig
from kinoeye.networks.sinusoids import wave_numbers

NORM_EPS = 1e-6
_TIME_SCALE = 1000.0


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, values: Float[Tensor, "b n d"], valid: Bool[Tensor, "b n"] | None = None) -> Tensor:
        """The attended values [b, n, d]; tokens that are not valid are not seen."""
        q, k, v = _heads(self.qkv(values), 3, self.heads)
        mask = None if valid is None else valid[:, None, None, :]
        return self.out(_merged(functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)))


class CrossAttention(nn.Module):
    """Multi-head attention of a sequence to a memory."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, values: Float[Tensor, "b n d"], memory: Float[Tensor, "b m d"]) -> Tensor:
        """What the values [b, n, d] find in the memory."""
        (q,) = _heads(self.q(values), 1, self.heads)
        k, v = _heads(self.kv(memory), 2, self.heads)
        return self.out(_merged(functional.scaled_dot_product_attention(q, k, v)))


class FeedForward(nn.Module):
    """Two layers with a GELU between."""

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__()
        self.expand = nn.Linear(config.width, config.mlp_ratio * config.width)
        self.contract = nn.Linear(config.mlp_ratio * config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, values: Float[Tensor, "b n d"]) -> Tensor:
        """The same shape."""
        return self.dropout(self.contract(self.dropout(functional.gelu(self.expand(values)))))


class StochasticDepth(nn.Module):
    """Leaves out whole residual branches of items in training (Huang et al., arXiv 1603.09382)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, branch: Float[Tensor, "b n d"]) -> Tensor:
        """The branch, or zero, scaled so that the mean stays."""
        kept = functional.dropout(branch.new_ones(len(branch), 1, 1), self.probability, self.training)
        return branch * kept


class Block(nn.Module):
    """Self-attention and MLP, each behind a norm."""

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, eps=NORM_EPS)
        self.attention = SelfAttention(config.width, config.heads)
        self.mlp_norm = nn.LayerNorm(config.width, eps=NORM_EPS)
        self.mlp = FeedForward(config)
        self.depth = StochasticDepth(config.stochastic_depth)

    def forward(self, values: Float[Tensor, "b n d"], valid: Bool[Tensor, "b n"] | None = None) -> Tensor:
        """The same shape."""
        values = values + self.depth(self.attention(self.attention_norm(values), valid))
        return values + self.depth(self.mlp(self.mlp_norm(values)))


class CrossBlock(Block):
    """A block that looks at a memory first."""

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__(config)
        self.cross_norm = nn.LayerNorm(config.width, eps=NORM_EPS)
        self.cross = CrossAttention(config.width, config.heads)

    def forward(  # type: ignore[override]
        self, values: Float[Tensor, "b n d"], valid: Bool[Tensor, "b n"], memory: Float[Tensor, "b m d"]
    ) -> Tensor:
        """The same shape."""
        values = values + self.depth(self.cross(self.cross_norm(values), memory))
        return super().forward(values, valid)


class ModulatedBlock(nn.Module):
    """Self-attention and MLP whose norms and gates follow a condition (DiT's adaLN, arXiv 2212.09748, section 3.2)."""

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__()
        self.modulation = nn.Linear(config.width, 6 * config.width)
        self.norm = nn.LayerNorm(config.width, eps=NORM_EPS, elementwise_affine=False)
        self.attention = SelfAttention(config.width, config.heads)
        self.mlp = FeedForward(config)
        self.depth = StochasticDepth(config.stochastic_depth)

    def forward(
        self, values: Float[Tensor, "b n d"], valid: Bool[Tensor, "b n"], condition: Float[Tensor, "b d"]
    ) -> Tensor:
        """The same shape."""
        parts = self.modulation(functional.silu(condition))[:, None].chunk(6, dim=-1)
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = parts
        attended = self.attention(self.norm(values) * (1 + scale) + shift, valid)
        values = values + self.depth(gate * attended)
        return values + self.depth(mlp_gate * self.mlp(self.norm(values) * (1 + mlp_scale) + mlp_shift))


class NoiseEmbedding(nn.Module):
    """The noise level as a token: a sinusoid, standardised over its entries, and two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.waves = width // TIME_FRACTION // 2
        self.expand = nn.Linear(2 * self.waves, width)
        self.output = nn.Linear(width, width)

    def forward(self, noise: Float[Tensor, " b"]) -> Float[Tensor, "b d"]:
        """Embeddings of c_noise = ln(sigma) / 4."""
        angle = _TIME_SCALE * noise[:, None] * wave_numbers(self.waves, device=noise.device).to(noise.dtype)
        wave = torch.cat([angle.cos(), angle.sin()], dim=-1)
        wave = (wave - wave.mean(-1, keepdim=True)) / wave.std(-1, keepdim=True)
        return self.output(functional.silu(self.expand(wave.to(self.expand.weight.dtype))))


def _heads(fused: Float[Tensor, "b n k"], parts: int, heads: int) -> tuple[Tensor, ...]:
    """Parts [b, heads, n, head width] of a fused projection."""
    return fused.unflatten(-1, (parts, heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)


def _merged(attended: Float[Tensor, "b h n d"]) -> Float[Tensor, "b n k"]:
    return attended.transpose(1, 2).flatten(2)
