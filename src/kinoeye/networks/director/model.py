"""DIRECTOR's three networks, which differ in how conditions enter (arXiv 2407.01516, section 4.2)."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.base.errors import InputError
from kinoeye.networks.director.blocks import NORM_EPS, Block, CrossBlock, ModulatedBlock, NoiseEmbedding
from kinoeye.networks.director.conditions import Conditions
from kinoeye.networks.director.config import DirectorConfig, Variant
from kinoeye.networks.sinusoids import sinusoids

_CONDITION_LAYERS = 2


class Director(nn.Module, ABC):
    """What the variants share: how noisy features come in, the noise level, and how features go out."""

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__()
        self.config = config
        self.input = nn.Linear(config.feature_dim, config.width)
        self.noise = NoiseEmbedding(config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.width, config.feature_dim)

    @abstractmethod
    def forward(
        self,
        features: Float[Tensor, "b f 9"],
        noise: Float[Tensor, " b"],
        conditions: Conditions,
        valid: Bool[Tensor, "b f"],
    ) -> Float[Tensor, "b f 9"]:
        """The raw prediction F of the preconditioned network; frames that are not valid are not attended to.

        Args:
            features: noisy path features, scaled by c_in.
            noise: c_noise = ln(sigma) / 4.
            conditions: of the same batch.
            valid: which frames are real.
        """

    def _embedded(self, features: Float[Tensor, "b f 9"]) -> Float[Tensor, "b f d"]:
        return self.dropout(_with_positions(self.input(features)))


class CrossAttentionDirector(Director):
    """The default: registers, noise level, character and caption tokens form a memory that every block looks at.

    Neither the character's padded frames nor the caption's padded tokens are masked in the memory: zeros are part of
    what the model was trained on.
    """

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__(config)
        self.registers = nn.Parameter(torch.randn(config.registers, config.width))
        self.character = nn.Linear(config.character_dim, config.width)
        self.text = nn.Linear(config.text_dim, config.width)
        self.condition_blocks = nn.ModuleList(Block(config) for _ in range(_CONDITION_LAYERS))
        self.blocks = nn.ModuleList(CrossBlock(config) for _ in range(config.layers))
        self.output_norm = nn.LayerNorm(config.width, eps=NORM_EPS)

    def forward(
        self,
        features: Float[Tensor, "b f 9"],
        noise: Float[Tensor, " b"],
        conditions: Conditions,
        valid: Bool[Tensor, "b f"],
    ) -> Float[Tensor, "b f 9"]:
        """See `Director`."""
        registers = self.registers.expand(len(features), -1, -1)
        told = (self.character(conditions.character), self.text(conditions.text))
        memory = torch.cat([registers, self.noise(noise)[:, None], *told], dim=1)
        memory = self.dropout(_with_positions(memory))
        for block in self.condition_blocks:
            memory = block(memory)
        hidden = self._embedded(features)
        for block in self.blocks:
            hidden = block(hidden, valid, memory)
        return self.output(self.output_norm(hidden))


class InContextDirector(Director):
    """Noise level, the whole character path and the sentence are three tokens before the frames.

    The order in which the character's numbers are flattened (axis by axis) is not fixed by any tensor shape.
    """

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__(config)
        self.character = nn.Linear(config.character_dim * config.frames, config.width)
        self.text = nn.Linear(config.text_dim, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = nn.LayerNorm(config.width, eps=NORM_EPS)

    def forward(
        self,
        features: Float[Tensor, "b f 9"],
        noise: Float[Tensor, " b"],
        conditions: Conditions,
        valid: Bool[Tensor, "b f"],
    ) -> Float[Tensor, "b f 9"]:
        """See `Director`."""
        character, sentence = _flat(conditions, self.config)
        context = torch.stack([self.noise(noise), self.character(character), self.text(sentence)], dim=1)
        hidden = torch.cat([context, self._embedded(features)], dim=1)
        seen = functional.pad(valid, (context.shape[1], 0), value=True)
        for block in self.blocks:
            hidden = block(hidden, seen)
        return self.output(self.output_norm(hidden[:, context.shape[1] :]))


class AdaptiveNormDirector(Director):
    """One vector of noise level, character path and sentence sets the norms and gates of every block.

    The order in which the character's numbers are flattened (axis by axis) is not fixed by any tensor shape.
    """

    def __init__(self, config: DirectorConfig) -> None:
        super().__init__(config)
        self.condition = nn.Linear(config.character_dim * config.frames + config.text_dim, config.width)
        self.blocks = nn.ModuleList(ModulatedBlock(config) for _ in range(config.layers))
        self.output_norm = nn.LayerNorm(config.width, eps=NORM_EPS, elementwise_affine=False)
        self.output_modulation = nn.Linear(config.width, 2 * config.width)

    def forward(
        self,
        features: Float[Tensor, "b f 9"],
        noise: Float[Tensor, " b"],
        conditions: Conditions,
        valid: Bool[Tensor, "b f"],
    ) -> Float[Tensor, "b f 9"]:
        """See `Director`."""
        condition = self.noise(noise) + self.condition(torch.cat(_flat(conditions, self.config), dim=-1))
        hidden = self._embedded(features)
        for block in self.blocks:
            hidden = block(hidden, valid, condition)
        shift, scale = self.output_modulation(functional.silu(condition))[:, None].chunk(2, dim=-1)
        return self.output(self.output_norm(hidden) * (1 + scale) + shift)


_NETWORKS: dict[Variant, type[Director]] = {
    "cross_attention": CrossAttentionDirector,
    "in_context": InContextDirector,
    "adaptive_norm": AdaptiveNormDirector,
}


def build_director(
    config: DirectorConfig, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> Director:
    """The network of a configuration's variant with new weights.

    Example:
        >>> sum(p.numel() for p in build_director(DirectorConfig(), device="meta").parameters())
        40549385
    """
    if device is not None and torch.device(device).type == "meta":
        with torch.device("meta"):
            return _NETWORKS[config.variant](config).to(dtype)
    return _NETWORKS[config.variant](config).to(device=device, dtype=dtype)


def _with_positions(tokens: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
    return tokens + sinusoids(*tokens.shape[1:], device=tokens.device, dtype=tokens.dtype)


def _flat(conditions: Conditions, config: DirectorConfig) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b d"]]:
    if conditions.character.shape[1] != config.frames or conditions.text.shape[1] != 1:
        raise InputError(
            f"conditions of {conditions.character.shape[1]} frames and {conditions.text.shape[1]} text tokens are "
            f"given; this DIRECTOR takes {config.frames} frames and one sentence vector: pad the character, or load "
            "the cross-attention variant"
        )
    return conditions.character.transpose(1, 2).flatten(1), conditions.text[:, 0]
