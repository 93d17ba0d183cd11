"""The decoder prepared for generation: weights in the chosen precision, and room for every key and value at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.base.errors import InputError
from kinoeye.systems.gendop.official import GenDoPDecoder

Precision = Literal["fp32", "bf16", "int8"]
Product = Callable[[Tensor], Tensor]
"""[r, k] -> [r, n]."""


@dataclass
class Cache:
    """Keys and values of the paths that are being written; a shared prefix is held once."""

    prefix_keys: list[Float[Tensor, "b h c e"]]
    prefix_values: list[Float[Tensor, "b h c e"]]
    keys: list[Float[Tensor, "s h m e"]]
    values: list[Float[Tensor, "s h m e"]]
    length: int = 0
    """Tokens that every path has; lowering it takes the last ones back."""

    @property
    def num_bytes(self) -> int:
        """Memory of all keys and values."""
        parts = (*self.prefix_keys, *self.prefix_values, *self.keys, *self.values)
        return sum(part.numel() * part.element_size() for part in parts)


class Engine:
    """A decoder that takes a few tokens at a time.

    "int8" rounds the weights of the blocks to 255 levels a row and keeps activations; "bf16" rounds both. Keys, values,
    norms and the head stay in the decoder's precision. On a CPU the products are compiled for few rows.

    Args:
        decoder: whose weights are used; "fp32" shares them.
        precision: of the products of the blocks.
        plain: whether to use the library's products and attention on a CPU too.

    Raises:
        InputError: "int8" is asked for on another device than a CPU.
    """

    def __init__(self, decoder: GenDoPDecoder, precision: Precision = "fp32", *, plain: bool = False) -> None:
        if precision not in get_args(Precision):
            raise InputError(f"there is no precision {precision!r}; give one of {', '.join(get_args(Precision))}")
        device = decoder.head.weight.device
        if precision == "int8" and device.type != "cpu":
            raise InputError(f"int8 runs on a CPU, and the model is on {device}; give bf16 there")
        self.decoder = decoder
        self.precision: Precision = precision
        self._compiled = device.type == "cpu" and decoder.head.weight.dtype == torch.float32 and not plain
        linears = [(layer.attention.qkv, layer.attention.out, layer.fc1, layer.fc2) for layer in decoder.blocks]
        self._products = [tuple(self._product(linear) for linear in four) for four in linears]

    @property
    def num_bytes(self) -> int:
        """Bytes of weights that every step reads."""
        size = {"fp32": 4, "bf16": 2, "int8": 1}[self.precision]
        blocks = sum(value.numel() for value in self.decoder.layers.parameters())
        return size * blocks + self.decoder.head.weight.numel() * self.decoder.head.weight.element_size()

    @torch.inference_mode()
    def start(self, prefix: Float[Tensor, "b c d"], *, copies: int = 1) -> Cache:
        """Read the conditions of b prompts, for `copies` paths each."""
        decoder, config = self.decoder, self.decoder.config
        batch, known, dim = prefix.shape
        heads, room = config.num_heads, config.num_positions - known
        x = prefix + decoder.positions.weight[:known].to(prefix.dtype)
        cache = Cache([], [], [], [])
        for layer in decoder.blocks:
            parts = layer.attention.qkv(x).view(batch, known, 3, heads, dim // heads)
            _, keys, values = parts.permute(2, 0, 3, 1, 4)
            cache.prefix_keys.append(keys.contiguous())
            cache.prefix_values.append(values.contiguous())
            shape = (batch * copies, heads, room, dim // heads)
            cache.keys.append(torch.zeros(shape, dtype=x.dtype, device=x.device))
            cache.values.append(torch.zeros(shape, dtype=x.dtype, device=x.device))
            x = layer(x, None)
        return cache

    @torch.inference_mode()
    def extend(self, cache: Cache, tokens: Int[Tensor, "s t"]) -> Float[Tensor, "s t v"]:
        """Give every path the same number of new tokens; logits after each of them."""
        decoder = self.decoder
        paths, steps = tokens.shape
        place = cache.prefix_keys[0].shape[2] + cache.length
        x = decoder.embedding(tokens) + decoder.positions.weight[place : place + steps]
        x = x.view(paths * steps, -1)
        for index, layer in enumerate(decoder.blocks):
            qkv, out, fc1, fc2 = self._products[index]
            mixed = self._attend(qkv(x), cache, index, paths, steps)
            x = layer.attention_norm(x + out(mixed))
            x = layer.norm(x + fc2(functional.relu(fc1(x))))
        cache.length += steps
        return decoder.head(x).view(paths, steps, -1)

    def _attend(self, qkv: Tensor, cache: Cache, index: int, paths: int, steps: int) -> Tensor:
        heads = self.decoder.config.num_heads
        parts = qkv.view(paths, steps, 3, heads, -1)
        stores = (cache.prefix_keys[index], cache.prefix_values[index], cache.keys[index], cache.values[index])
        if not self._compiled:
            return _attend(parts, *stores, cache.length).reshape(paths * steps, -1)
        from kinoeye.systems.gendop.kernels import attend

        out = torch.empty(paths, steps, heads, parts.shape[-1])
        scores = np.empty(stores[0].shape[2] + stores[2].shape[2], np.float32)
        known_keys, known_values, keys, values = (store.numpy() for store in stores)
        attend(parts.numpy(), known_keys, known_values, keys, values, cache.length, scores, out.numpy())
        return out.view(paths * steps, -1)

    def _product(self, linear: nn.Linear) -> Product:
        weight, bias = linear.weight.detach(), linear.bias.detach()
        if self.precision == "bf16":
            weight, bias = weight.bfloat16(), bias.bfloat16()
            return lambda x: functional.linear(x.bfloat16(), weight, bias).to(x.dtype)
        if self.precision == "int8":
            quantised, scale = to_int8(weight)
            if self._compiled:
                return _compiled_int8(quantised, scale, bias)
            return lambda x: functional.linear(x, quantised.to(x.dtype)) * scale + bias
        if self._compiled and weight.shape[0] % 4 == 0:
            return _compiled(weight, bias)
        return lambda x: functional.linear(x, weight, bias)


def to_int8(weight: Float[Tensor, "n k"]) -> tuple[Tensor, Float[Tensor, "n"]]:
    """A matrix rounded to -127..127 in units of a scale a row."""
    scale = weight.abs().amax(dim=1).clamp_min(torch.finfo(weight.dtype).tiny) / 127
    return (weight / scale[:, None]).round().to(torch.int8), scale


def _compiled(weight: Tensor, bias: Tensor) -> Product:
    from kinoeye.systems.gendop import kernels

    w, b = weight.contiguous().numpy(), bias.numpy()

    def product(x: Tensor) -> Tensor:
        count = len(x)
        if count == 1:
            out = torch.empty(1, len(w))
            kernels.one_row(x[0].numpy(), w, b, out[0].numpy())
            return out
        x, out = _padded(x, len(w))
        kernels.rows(x.numpy(), w, b, out.numpy())
        return out[:count]

    return product


def _compiled_int8(weight: Tensor, scale: Tensor, bias: Tensor) -> Product:
    from kinoeye.systems.gendop import kernels

    w, s, b = weight.contiguous().numpy(), scale.numpy(), bias.numpy()

    def product(x: Tensor) -> Tensor:
        count = len(x)
        if count == 1:
            out = torch.empty(1, len(w))
            kernels.one_row_int8(x[0].numpy(), w, s, b, out[0].numpy())
            return out
        x, out = _padded(x, len(w))
        kernels.rows_int8(x.numpy(), w, s, b, out.numpy())
        return out[:count]

    return product


def _padded(x: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The rows with zeros up to a whole number of blocks, and room for their products."""
    from kinoeye.systems.gendop.kernels import BLOCK

    missing = -len(x) % BLOCK
    x = torch.cat([x, x.new_zeros(missing, x.shape[1])]) if missing else x.contiguous()
    return x, torch.empty(len(x), width)


def _attend(
    qkv: Tensor, prefix_keys: Tensor, prefix_values: Tensor, keys: Tensor, values: Tensor, start: int
) -> Tensor:
    """The plain twin of `kernels.attend`; new keys and values are written in place."""
    paths, steps, _, _, _ = qkv.shape
    copies = paths // len(prefix_keys)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [s, h, t, e]
    end = start + steps
    keys[:, :, start:end], values[:, :, start:end] = k, v
    every_key = torch.cat([prefix_keys.repeat_interleave(copies, dim=0), keys[:, :, :end]], dim=2)
    every_value = torch.cat([prefix_values.repeat_interleave(copies, dim=0), values[:, :, :end]], dim=2)
    length = every_key.shape[2]
    places = torch.arange(length, device=q.device)
    seen = places[None, :] <= places[length - steps :, None]
    return functional.scaled_dot_product_attention(q, every_key, every_value, attn_mask=seen).transpose(1, 2)
