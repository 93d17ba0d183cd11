"""Official CLaTr checkpoints (Lightning) and our own folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.networks.captioned_folder import read_captioned, write_captioned
from kinoeye.networks.clatr.captioned import CaptionedClatr
from kinoeye.networks.clatr.config import VERSION, ClatrConfig
from kinoeye.networks.clatr.model import Clatr
from kinoeye.networks.key_map import KeyMap, LoadReport, Rule
from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.saved_config import saved_config
from kinoeye.networks.tensor_files import TensorFile, open_tensors

KEYS = KeyMap(
    "CLaTr",
    [
        Rule("traj_encoder.seqTransEncoder.layers.{rest*}", "path_encoder.layers.{rest*}"),
        Rule("traj_encoder.{rest*}", "path_encoder.{rest*}"),
        Rule("text_encoder.seqTransEncoder.layers.{rest*}", "text_encoder.layers.{rest*}"),
        Rule("text_encoder.{rest*}", "text_encoder.{rest*}"),
        Rule("traj_decoder.seqTransDecoder.layers.{rest*}", "path_decoder.layers.{rest*}"),
        Rule("traj_decoder.final_layer.{kind}", "path_decoder.output.{kind}"),
    ],
    ignored=("{any*}.pe",),
)
"""Official keys, without a prefix, and ours."""

_MARK = "traj_encoder.tokens"
_HEADS = 4
"""Of the published checkpoints."""


def official_tensors(tensors: TensorFile) -> TensorFile:
    """The tensors of a CLaTr inside of a checkpoint, without the prefix that they have there, such as `clatr.`.

    Raises:
        InputError: there is no CLaTr in it, or more than one.
    """
    return tensors.under(_prefix(tensors))


def load_official(
    path: Path | str,
    *,
    heads: int | None = None,
    features: PathFeatures | None = None,
    device: torch.device | str | None = None,
) -> tuple[Clatr, LoadReport]:
    """A CLaTr from an official Lightning `.ckpt` (or the same tensors as safetensors), in evaluation mode.

    Args:
        path: the checkpoint, or the folder that it was imported into; only weights are read from it, never objects.
        heads: attention heads, which the weights do not tell; None for those of the folder's configuration, or 4.
        features: how paths were encoded for it; None for the folder's, or GenDoP's way; `PathFeatures.et()` for E.T.'s.
        device: where to put it; on "meta" shapes are checked and nothing is read.

    Returns:
        The model, and which tensors filled it; those outside of the CLaTr are listed as ignored.

    Raises:
        InputError: the file is no CLaTr, a tensor is missing, unexpected or of another shape, or the configuration
            beside it says otherwise.
    """
    whole = open_tensors(path)
    prefix = _prefix(whole)
    tensors = whole.under(prefix)
    config = saved_config(path, ClatrConfig, version=VERSION)
    if config is None:
        config = ClatrConfig.of_tensors(tensors, heads=heads or _HEADS, path=features)
    elif heads not in (None, config.heads) or features not in (None, config.path):
        raise InputError(f"{path} says its own heads ({config.heads}) and path features; leave them out")
    model = Clatr(config, device=device)
    return model.eval(), KEYS.load(model, whole, prefix=prefix)


def save_clatr(model: CaptionedClatr, folder: Path | str, *, captions: Mapping[str, Any]) -> None:
    """Write a model with its caption module in 16 bits; see `write_captioned`."""
    write_captioned(model, folder, config=model.clatr.config, version=VERSION, captions=captions)


def load_clatr(
    folder: Path | str,
    build_captions: Callable[[Any], nn.Module],
    *,
    device: torch.device | str | None = None,
) -> CaptionedClatr:
    """A model that `save_clatr` wrote, in evaluation mode; see `read_captioned`.

    Raises:
        InputError: a file is missing, or does not fit the others.
    """

    def build(config: ClatrConfig, captions: nn.Module) -> CaptionedClatr:
        return CaptionedClatr(Clatr(config), captions)

    return read_captioned(
        folder, ClatrConfig, version=VERSION, build_captions=build_captions, build=build, device=device
    )


def _prefix(tensors: TensorFile) -> str:
    prefixes = [key.removesuffix(_MARK) for key in tensors if key.endswith(_MARK)]
    if len(prefixes) != 1:
        first = next(iter(tensors), "nothing")
        raise InputError(
            f"{tensors.name} holds {len(prefixes)} trajectory encoders ({_MARK}) and begins with {first}; "
            "one CLaTr is needed: give another checkpoint"
        )
    return prefixes[0]
