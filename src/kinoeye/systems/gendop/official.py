"""The network of the released GenDoP checkpoints: CLIP encoders as a prefix of a post-norm causal decoder.

Zhang et al. 2025, arXiv 2504.07083, section 4; the decoder is that of OPT (arXiv 2205.01068) without a final norm.
Shapes: b batch, c condition features, t tokens, d width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.base.errors import InputError
from kinoeye.base.optional import require
from kinoeye.systems.gendop.config import GenDoPConfig, Modality, TextTower, VisionTower
from kinoeye.systems.gendop.tokens import PAD

INIT_STD = 0.02
IGNORED = -100
"""The label of positions that are not learned."""


class Attention(nn.Module):
    """Causal self-attention with one fused projection for queries, keys and values."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """Attend to every position up to the own one."""
        batch, length, dim = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, dim // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # each [b, heads, t, d / heads]
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, dim))


class Layer(nn.Module):
    """Attention and a ReLU network, each followed by the norm of its residual sum."""

    def __init__(self, config: GenDoPConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.attention = Attention(config.hidden_dim, config.num_heads)
        self.attention_norm = nn.LayerNorm(config.hidden_dim)
        self.fc1 = nn.Linear(config.hidden_dim, config.intermediate_dim)
        self.fc2 = nn.Linear(config.intermediate_dim, config.hidden_dim)
        self.norm = nn.LayerNorm(config.hidden_dim)

    def forward(self, x: Float[Tensor, "b t d"], generator: torch.Generator | None) -> Float[Tensor, "b t d"]:
        """One block; with a generator its residual branches are thinned by dropout."""
        x = self.attention_norm(x + _dropped(self.attention(x), self.dropout, generator))
        return self.norm(x + _dropped(self.fc2(functional.relu(self.fc1(x))), self.dropout, generator))


class GenDoPDecoder(nn.Module):
    """Condition features and path tokens become logits of the next token.

    Example:
        >>> config = GenDoPConfig(hidden_dim=32, intermediate_dim=64, num_layers=1, num_heads=2)
        >>> decoder = GenDoPDecoder(config)
        >>> prefix = decoder.prefix({"text": torch.zeros(2, 77, 1024)})
        >>> decoder(prefix, torch.ones(2, 5, dtype=torch.long)).shape
        torch.Size([2, 82, 260])
    """

    def __init__(self, config: GenDoPConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.hidden_dim
        self.projections = nn.ModuleDict({name: nn.Linear(config.features_of(name), dim) for name in config.modalities})
        self.condition_norm = nn.LayerNorm(dim)
        self.embedding = nn.Embedding(config.vocab_size, dim, padding_idx=PAD)
        self.positions = nn.Embedding(config.num_positions, dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.head = nn.Linear(dim, config.vocab_size, bias=False)

    @property
    def blocks(self) -> list[Layer]:
        """The layers, in order."""
        return cast("list[Layer]", list(self.layers))

    def prefix(self, features: Mapping[Modality, Float[Tensor, "b n f"]]) -> Float[Tensor, "b c d"]:
        """The condition features of every modality, projected, joined and normalised.

        Raises:
            InputError: a modality is missing, unknown to the model, or has features of another shape.
        """
        parts = []
        for name in self.config.modalities:
            if name not in features:
                raise InputError(f"this model looks at {self.config.cond_mode}; {name} is missing")
            expected = (self.config.tokens_of(name), self.config.features_of(name))
            if tuple(features[name].shape[1:]) != expected:
                raise InputError(
                    f"features of the {name} are {list(features[name].shape[1:])}; {list(expected)} are needed"
                )
            parts.append(self.projections[name](features[name]))
        extra = [name for name in features if name not in self.config.modalities]
        if extra:
            raise InputError(f"this model looks at {self.config.cond_mode} and not at {', '.join(extra)}")
        return self.condition_norm(torch.cat(parts, dim=1))

    def forward(
        self, prefix: Float[Tensor, "b c d"], tokens: Int[Tensor, "b t"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "b c+t v"]:
        """Logits after every condition feature and token; a generator draws dropout and means training.

        Raises:
            InputError: there are more tokens than the model has positions.
        """
        length = prefix.shape[1] + tokens.shape[1]
        if length > self.config.num_positions:
            raise InputError(f"{tokens.shape[1]} tokens are too many; {self.config.path_tokens + 2} fit")
        x = torch.cat([prefix, self.embedding(tokens).to(prefix.dtype)], dim=1)
        x = x + self.positions.weight[:length].to(prefix.dtype)
        for layer in self.blocks:
            x = layer(x, generator)
        return self.head(x)


class GenDoP(nn.Module):
    """The whole conditioned model: CLIP encoders of what it looks at, and the decoder.

    Raises:
        MissingExtraError: transformers is not installed.
    """

    def __init__(self, config: GenDoPConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = nn.ModuleDict(
            {
                name: _text_encoder(config.text) if name == "text" else _vision_encoder(config.vision)
                for name in config.modalities
            }
        )
        self.decoder = GenDoPDecoder(config)

    def features(self, inputs: Mapping[str, Tensor]) -> dict[Modality, Tensor]:
        """Features of each modality.

        Args:
            inputs: "text" [b, 77] ids with "text_mask" [b, 77], "image" and "depth" [b, 3, 224, 224], of those that
                the model looks at.

        Raises:
            InputError: one of them is missing.
        """
        found: dict[Modality, Tensor] = {}
        for name in self.config.modalities:
            if name not in inputs:
                raise InputError(f"this model looks at {self.config.cond_mode}; {name} is missing")
            if name == "text":
                output = self.encoders[name](input_ids=inputs[name], attention_mask=inputs["text_mask"])
            else:
                output = self.encoders[name](pixel_values=inputs[name])
            found[name] = output.last_hidden_state
        return found

    def prefix(self, inputs: Mapping[str, Tensor]) -> Float[Tensor, "b c d"]:
        """What stands before the tokens, from captions and pictures."""
        return self.decoder.prefix(self.features(inputs))

    def forward(
        self, inputs: Mapping[str, Tensor], tokens: Int[Tensor, "b t"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "b c+t v"]:
        """Logits after every condition feature and token."""
        return self.decoder(self.prefix(inputs), tokens, generator)


def next_token_loss(logits: Float[Tensor, "b n v"], labels: Int[Tensor, "b n"]) -> Float[Tensor, ""]:
    """Mean cross-entropy of each position's logits against the next position's label; -100 is not learned."""
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=IGNORED)


def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight as the released training draws the decoder's, N(0, 0.02), projections of conditions likewise.

    Outputs of attention are narrower by the root of twice the depth; norms are 1, biases and padding 0.
    """
    depth = sum(isinstance(module, Layer) for module in model.modules())
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim < 2 and "embedding" not in name:
                value.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
                continue
            narrow = name.endswith("attention.out.weight")
            value.normal_(0.0, INIT_STD / math.sqrt(2 * depth) if narrow else INIT_STD, generator=generator)
        for module in model.modules():
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                module.weight[module.padding_idx] = 0


def materialise(model: nn.Module, device: torch.device | str) -> nn.Module:
    """A model that was built on the meta device, on a real one; weights are then anything until they are filled."""
    model = model.to_empty(device=device)
    for name, buffer in model.named_buffers():
        assert name.endswith("position_ids"), f"{name} would stay empty"
        buffer.copy_(torch.arange(buffer.shape[-1], device=buffer.device).expand_as(buffer))
    return model


def _dropped(x: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    if generator is None or rate == 0:
        return x
    kept = torch.rand(x.shape, generator=generator, device=generator.device).to(x.device) >= rate
    return x * kept / (1 - rate)


def _text_encoder(sizes: TextTower) -> nn.Module:
    transformers = require("transformers", extra="models")
    return transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            hidden_size=sizes.hidden_dim,
            intermediate_size=sizes.intermediate_dim,
            num_hidden_layers=sizes.num_layers,
            num_attention_heads=sizes.num_heads,
            vocab_size=sizes.vocab_size,
            max_position_embeddings=sizes.num_tokens,
            hidden_act="gelu",
            # Only the pooled output, which is not used, reads these.
            bos_token_id=sizes.vocab_size - 2,
            eos_token_id=sizes.vocab_size - 1,
            pad_token_id=0,
        )
    )


def _vision_encoder(sizes: VisionTower) -> nn.Module:
    transformers = require("transformers", extra="models")
    return transformers.CLIPVisionModel(
        transformers.CLIPVisionConfig(
            hidden_size=sizes.hidden_dim,
            intermediate_size=sizes.intermediate_dim,
            num_hidden_layers=sizes.num_layers,
            num_attention_heads=sizes.num_heads,
            patch_size=sizes.patch_size,
            image_size=sizes.image_size,
            hidden_act="gelu",
        )
    )
