"""Attention of the stock Wan transformer for small grids: written out, which is faster on a CPU, and uniform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.base.errors import InputError
from kinoeye.base.optional import require

if TYPE_CHECKING:
    from diffusers import WanTransformer3DModel
    from diffusers.models.transformers.transformer_wan import WanAttention

SMALL_GRID_THETA = 100.0
"""A base of rotary wavelengths for grids of 4 to 16 places a side, where the stock 10,000 leaves most pairs still."""


class WanMatmulAttnProcessor:
    """What the stock `WanAttnProcessor` computes, in plain matrix products.

    Fused attention is slower than its parts on a CPU for some hundred tokens in bfloat16. Query, key and value are
    one product; norms and rotations are done at once for query and key, in single precision, with interleaved pairs as
    complex numbers (RoFormer, arXiv 2104.09864, equation 34), so that weights mean the same as in the stock class.

    Example:
        >>> from diffusers import WanTransformer3DModel
        >>> model = WanTransformer3DModel(num_layers=1, num_attention_heads=2, attention_head_dim=12, ffn_dim=24)
        >>> model.set_attn_processor(WanMatmulAttnProcessor())
    """

    def __call__(
        self,
        attn: WanAttention,
        hidden_states: Float[Tensor, "b l d"],
        encoder_hidden_states: Float[Tensor, "b s d"] | None = None,
        attention_mask: None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Float[Tensor, "b l d"]:
        """Attention of one layer; the names are those that the stock blocks pass.

        Args:
            attn: a stock `WanAttention`.
            hidden_states: tokens that ask.
            encoder_hidden_states: tokens that answer; None for the same.
            attention_mask: the stock blocks have none.
            rotary_emb: cosines and sines of the places, each repeated for its pair, as `WanRotaryPosEmbed` gives them.

        Raises:
            InputError: there is a mask, or the layer has keys of images beside those of text.
        """
        _check(attn, attention_mask)
        if encoder_hidden_states is None:
            query, key, value = _projected(hidden_states, attn.to_q, attn.to_k, attn.to_v)
        else:
            query = attn.to_q(hidden_states)
            key, value = _projected(encoder_hidden_states, attn.to_k, attn.to_v)
        turns = None if rotary_emb is None else _turns(*rotary_emb)
        head_width = value.shape[-1] // attn.heads
        query = _heads_first(_normed(query, attn.norm_q, attn.heads, turns, gain=head_width**-0.5))
        key = _heads_first(_normed(key, attn.norm_k, attn.heads, turns))
        scores = torch.bmm(query, key.transpose(1, 2))
        with torch.autocast(scores.device.type, enabled=False):  # maps are rounded for the product in any case
            shares = scores.softmax(dim=-1)
        mixed = torch.bmm(shares, _heads_first(value.unflatten(2, (attn.heads, -1))))
        return _output(attn, mixed.unflatten(0, (-1, attn.heads)).transpose(1, 2).flatten(2))


class WanUniformAttnProcessor:
    """The same layer with every attention map replaced by a uniform one: what a model without attention would do."""

    def __call__(
        self,
        attn: WanAttention,
        hidden_states: Float[Tensor, "b l d"],
        encoder_hidden_states: Float[Tensor, "b s d"] | None = None,
        attention_mask: None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Float[Tensor, "b l d"]:
        """The mean of values, for every token; see `WanMatmulAttnProcessor`."""
        _check(attn, attention_mask)
        answers = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        mean = attn.to_v(answers).mean(dim=1, keepdim=True)
        return _output(attn, mean.expand(-1, hidden_states.shape[1], -1))


def set_rope_theta(model: WanTransformer3DModel, theta: float = SMALL_GRID_THETA) -> None:
    """Replace the rotary positions of a stock `WanTransformer3DModel` by those of another base.

    The base is not in the model's configuration and the tables are not in its weights: do this after building the
    model, and again after `from_pretrained`.

    Raises:
        InputError: the base is not above 1.
    """
    if not theta > 1:
        raise InputError(f"a rotary base of {theta} was given; it must be above 1, such as {SMALL_GRID_THETA:g}")
    require("diffusers", extra="models")
    from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed

    old = model.rope
    new = WanRotaryPosEmbed(old.attention_head_dim, old.patch_size, old.max_seq_len, theta=theta)
    model.rope = new.to(old.get_buffer("freqs_cos").device)


def _check(attn: WanAttention, attention_mask: Tensor | None) -> None:
    if attention_mask is not None or attn.add_k_proj is not None:
        raise InputError(
            "this attention takes neither masks nor image tokens; leave image_dim and added_kv_proj_dim unset, or keep "
            "the stock processor"
        )


def _projected(tokens: Tensor, *layers: nn.Linear) -> tuple[Tensor, ...]:
    """What several layers make of the same tokens: in one product, unless adapters have wrapped one of them."""
    if any(type(layer) is not nn.Linear for layer in layers):
        return tuple(layer(tokens) for layer in layers)
    weight, bias = torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers])
    return functional.linear(tokens, weight, bias).split([len(layer.weight) for layer in layers], dim=-1)


def _turns(cosines: Tensor, sines: Tensor) -> Complex[Tensor, "1 l 1 pairs"]:
    return torch.complex(cosines[..., 0::2].float(), sines[..., 1::2].float())


def _normed(
    tokens: Float[Tensor, "b l d"], norm: nn.RMSNorm, heads: int, turns: Tensor | None, *, gain: float = 1.0
) -> Float[Tensor, "b l heads width"]:
    """Tokens over their root mean square across all heads, times weight and gain, turned to their places."""
    exact = tokens.to(torch.promote_types(tokens.dtype, torch.float32))
    eps = torch.finfo(exact.dtype).eps if norm.eps is None else norm.eps
    inverse = (exact.square().mean(dim=-1, keepdim=True) + eps).rsqrt()
    exact = (exact * (inverse * gain) * norm.weight).unflatten(-1, (heads, -1))
    if turns is not None:
        pairs = torch.view_as_complex(exact.unflatten(-1, (-1, 2)))
        exact = torch.view_as_real(pairs * turns).flatten(-2)
    return exact.to(tokens.dtype)


def _heads_first(tokens: Float[Tensor, "b l heads width"]) -> Float[Tensor, "b*heads l width"]:
    return tokens.transpose(1, 2).contiguous().flatten(0, 1)  # in one piece: products of strided heads are slower


def _output(attn: WanAttention, mixed: Tensor) -> Tensor:
    for layer in attn.to_out:  # the product and the dropout
        mixed = layer(mixed)
    return mixed
