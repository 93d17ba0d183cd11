"""The image autoencoder that AMG works in: that of Stable Diffusion 2.1, from its official checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from kinoeye.base.optional import require
from kinoeye.networks import KeyMap, LoadReport, Rule, TensorFile
from kinoeye.systems.amg.config import NORM_GROUPS

LATENT_SCALE = 0.18215
"""What latents are multiplied with, so that films have about unit variance."""
_NAME = "Stable Diffusion autoencoder"
_PREFIX = "first_stage_model."
"""Where it stands in a checkpoint of the whole image model."""


def autoencoder_key_map(levels: int) -> KeyMap:
    """Official keys of an autoencoder with this many levels, and diffusers' `AutoencoderKL`'s."""
    rules = [Rule(f"{name}quant_conv.{{kind}}", f"{name}quant_conv.{{kind}}") for name in ("", "post_")]
    for half in ("encoder", "decoder"):
        for part in ("conv_in", "conv_out"):
            rules.append(Rule(f"{half}.{part}.{{kind}}", f"{half}.{part}.{{kind}}"))
        rules.append(Rule(f"{half}.norm_out.{{kind}}", f"{half}.conv_norm_out.{{kind}}"))
        rules += _middle(half)
    for level in range(levels):
        upwards = levels - 1 - level
        rules += _residual(f"encoder.down.{level}.block.{{j}}", f"encoder.down_blocks.{level}.resnets.{{j}}")
        rules += _residual(f"decoder.up.{level}.block.{{j}}", f"decoder.up_blocks.{upwards}.resnets.{{j}}")
        rules += [
            Rule(
                f"encoder.down.{level}.downsample.conv.{{kind}}",
                f"encoder.down_blocks.{level}.downsamplers.0.conv.{{kind}}",
            ),
            Rule(
                f"decoder.up.{level}.upsample.conv.{{kind}}", f"decoder.up_blocks.{upwards}.upsamplers.0.conv.{{kind}}"
            ),
        ]
    return KeyMap(_NAME, rules)


def is_autoencoder(tensors: TensorFile) -> bool:
    """Whether a checkpoint has an image autoencoder, by itself or with the image model around it."""
    return _prefix(tensors) + "encoder.down.0.block.0.norm1.weight" in tensors


def load_autoencoder(
    tensors: TensorFile, *, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
) -> tuple[Any, LoadReport]:
    """Diffusers' `AutoencoderKL` from an official checkpoint of it, or of the image model that contains it.

    Args:
        tensors: the checkpoint; what else is in it is reported as ignored and not read.
        device: where the weights go; "meta" checks shapes and reads nothing.
        dtype: of the weights; None is float32.

    Raises:
        InputError: anything is missing, unexpected or of another shape.
    """
    prefix = _prefix(tensors)
    own = tensors.under(prefix)
    levels = _count(own, r"encoder\.down\.(\d+)\.")
    widths = tuple(own.shape(f"encoder.down.{level}.block.0.conv1.weight")[0] for level in range(levels))
    diffusers = require("diffusers", extra="models")
    with torch.device("meta"):
        model = diffusers.AutoencoderKL(
            in_channels=own.shape("encoder.conv_in.weight")[1],
            out_channels=own.shape("decoder.conv_out.weight")[0],
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=widths,
            layers_per_block=_count(own, r"encoder\.down\.0\.block\.(\d+)\."),
            latent_channels=own.shape("post_quant_conv.weight")[0],
            norm_num_groups=NORM_GROUPS,
            scaling_factor=LATENT_SCALE,
        )
    model = nn.Module.to(model, dtype or torch.float32)  # diffusers' own warns, and here of nothing
    if torch.device(device).type != "meta":
        model = model.to_empty(device=device)
    report = autoencoder_key_map(levels).load(model, tensors, prefix=prefix)
    return model.eval(), report


def _prefix(tensors: TensorFile) -> str:
    return _PREFIX if any(key.startswith(_PREFIX) for key in tensors) else ""


def _middle(half: str) -> Iterator[Rule]:
    for block in range(2):
        yield from _residual(f"{half}.mid.block_{block + 1}", f"{half}.mid_block.resnets.{block}")
    official, ours = f"{half}.mid.attn_1", f"{half}.mid_block.attentions.0"
    yield Rule(f"{official}.norm.{{kind}}", f"{ours}.group_norm.{{kind}}")
    for theirs, name in (("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "to_out.0")):
        yield Rule(f"{official}.{theirs}.weight", f"{ours}.{name}.weight", trailing=2)
        yield Rule(f"{official}.{theirs}.bias", f"{ours}.{name}.bias")


def _residual(official: str, ours: str) -> Iterator[Rule]:
    for part in ("norm1", "conv1", "norm2", "conv2"):
        yield Rule(f"{official}.{part}.{{kind}}", f"{ours}.{part}.{{kind}}")
    yield Rule(f"{official}.nin_shortcut.{{kind}}", f"{ours}.conv_shortcut.{{kind}}")


def _count(tensors: TensorFile, pattern: str) -> int:
    return 1 + max((int(found[1]) for key in tensors if (found := re.match(pattern, key))), default=-1)
