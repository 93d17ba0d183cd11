"""Official DIRECTOR checkpoints (Lightning, with their averaged weights) and our own folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.networks.captioned_folder import read_captioned, write_captioned
from kinoeye.networks.director.captioned import CaptionedDirector
from kinoeye.networks.director.config import VERSION, DirectorConfig
from kinoeye.networks.director.model import Director, build_director
from kinoeye.networks.director.quirks import Quirks
from kinoeye.networks.key_map import KeyMap, LoadReport, Rule
from kinoeye.networks.saved_config import saved_config
from kinoeye.networks.tensor_files import TensorFile, open_tensors


def _block(official: str, ours: str) -> list[Rule]:
    """Rows for what self-attention and MLP of a block have in every variant."""
    return [
        Rule(f"{official}.{{layer}}.sa.{{part}}.{{kind}}", f"{ours}.{{layer}}.attention.{{part}}.{{kind}}"),
        Rule(f"{official}.{{layer}}.ffn.0.{{kind}}", f"{ours}.{{layer}}.mlp.expand.{{kind}}"),
        Rule(f"{official}.{{layer}}.ffn.3.{{kind}}", f"{ours}.{{layer}}.mlp.contract.{{kind}}"),
        Rule(f"{official}.{{layer}}.initial_ln.{{kind}}", f"{ours}.{{layer}}.attention_norm.{{kind}}"),
        Rule(f"{official}.{{layer}}.middle_ln.{{kind}}", f"{ours}.{{layer}}.mlp_norm.{{kind}}"),
    ]


KEYS = KeyMap(
    "DIRECTOR",
    [
        Rule("model.input_projection.0.{kind}", "input.{kind}"),
        Rule("model.time_embedding.map_time.0.{kind}", "noise.expand.{kind}"),
        Rule("model.time_embedding.map_time.2.{kind}", "noise.output.{kind}"),
        Rule("model.cond_registers", "registers"),
        Rule("model.cond_projection.0.{kind}", "character.{kind}"),
        Rule("model.cond_projection.1.{kind}", "text.{kind}"),
        Rule("model.joint_cond_projection.{kind}", "condition.{kind}"),
        *_block("model.cond_sa", "condition_blocks"),
        *_block("model.backbone_module", "blocks"),
        Rule("model.backbone_module.{layer}.ca.{part}.{kind}", "blocks.{layer}.cross.{part}.{kind}"),
        Rule("model.backbone_module.{layer}.ca_ln.{kind}", "blocks.{layer}.cross_norm.{kind}"),
        Rule("model.backbone_module.{layer}.adaln_modulation.1.{kind}", "blocks.{layer}.modulation.{kind}"),
        Rule("model.final_norm.{kind}", "output_norm.{kind}"),
        Rule("model.final_adaln.1.{kind}", "output_modulation.{kind}"),
        Rule("model.final_linear.{kind}", "output.{kind}"),
    ],
    # Sinusoids, which are computed.
    ignored=("{any*}.pe", "{any*}.freqs"),
)
"""Official keys of all three variants, without a prefix, and ours."""

_MARK = "model.input_projection.0.weight"
_HEADS, _FRAMES = 16, 300
"""Of the published checkpoints."""
_PREFIXES = ("ema.ema_model.", "net.", "")
"""Where the network stands in a checkpoint, the averaged weights before the last ones."""


def official_tensors(tensors: TensorFile) -> TensorFile:
    """The tensors of a DIRECTOR inside of a checkpoint, averaged ones if it has them, without their prefix.

    Raises:
        InputError: there is none in it.
    """
    return tensors.under(_prefix(tensors))


def load_official(
    path: Path | str,
    *,
    heads: int | None = None,
    frames: int | None = None,
    quirks: Quirks | None = None,
    device: torch.device | str | None = None,
) -> tuple[Director, LoadReport]:
    """A DIRECTOR of any variant from an official Lightning `.ckpt` or safetensors file, in evaluation mode.

    Args:
        path: the checkpoint, or the folder that it was imported into; only weights are read from it, never objects.
        heads: attention heads, which the weights do not tell; None for those of the folder's configuration, or 16.
        frames: longest path, which the weights do not tell either; None likewise, or 300.
        quirks: upstream defects to keep; None for those of the folder's configuration, or none.
        device: where to put it; on "meta" shapes are checked and nothing is read.

    Returns:
        The model, and which tensors filled it; those of other copies in the checkpoint are listed as ignored.

    Raises:
        InputError: the file is no DIRECTOR, a tensor is missing, unexpected or of another shape, or the configuration
            beside it says otherwise.
    """
    whole = open_tensors(path)
    prefix = _prefix(whole)
    tensors = whole.under(prefix)
    config = saved_config(path, DirectorConfig, version=VERSION)
    if config is None:
        config = DirectorConfig.of_tensors(tensors, heads=heads or _HEADS, frames=frames or _FRAMES)
        config = replace(config, quirks=Quirks.none())
    elif heads not in (None, config.heads) or frames not in (None, config.frames):
        raise InputError(f"{path} says its own heads ({config.heads}) and frames ({config.frames}); leave them out")
    model = build_director(config if quirks is None else replace(config, quirks=quirks), device=device)
    return model.eval(), KEYS.load(model, whole, prefix=prefix)


def save_director(model: CaptionedDirector, folder: Path | str, *, captions: Mapping[str, Any]) -> None:
    """Write a model with its caption module in 16 bits; see `write_captioned`."""
    write_captioned(model, folder, config=model.director.config, version=VERSION, captions=captions)


def load_director(
    folder: Path | str,
    build_captions: Callable[[Any], nn.Module],
    *,
    device: torch.device | str | None = None,
) -> CaptionedDirector:
    """A model that `save_director` wrote, in evaluation mode; see `read_captioned`.

    Raises:
        InputError: a file is missing, or does not fit the others.
    """

    def build(config: DirectorConfig, captions: nn.Module) -> CaptionedDirector:
        return CaptionedDirector(build_director(config), captions)

    return read_captioned(
        folder, DirectorConfig, version=VERSION, build_captions=build_captions, build=build, device=device
    )


def _prefix(tensors: TensorFile) -> str:
    for prefix in _PREFIXES:
        if prefix + _MARK in tensors.shapes:
            return prefix
    first = next(iter(tensors), "nothing")
    raise InputError(f"{tensors.name} has no {_MARK} and begins with {first}; give a checkpoint of DIRECTOR")
