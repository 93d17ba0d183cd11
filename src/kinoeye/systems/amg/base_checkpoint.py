"""What training of the released architecture begins from: the text-to-video model under it, or a checkpoint of AMG."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from kinoeye.networks import TensorFile, open_tensors
from kinoeye.systems.amg.checkpoint import (
    ADAPTED_KEY,
    adapted_layers,
    check_kind,
    config_of,
    load_model,
    merged_tensors,
)
from kinoeye.systems.amg.config import AMGConfig
from kinoeye.systems.amg.model import AMG
from kinoeye.systems.amg.quirks import Quirks

_ENTRY = "input_blocks.0.0.weight"


def base_config(file: Path | str, *, lora_rank: int, quirks: Quirks) -> AMGConfig:
    """Sizes of the model that training makes of a checkpoint, before its weights are read.

    Args:
        file: as `load_base`.
        lora_rank: of the adapters that are trained.
        quirks: that the trained model is saved with.

    Raises:
        InputError: it is another kind of model, or a tensor that tells a size is missing.
    """
    return replace(config_of(_widened(open_tensors(file))), lora_rank=lora_rank, quirks=quirks)


def load_base(file: Path | str, config: AMGConfig, *, seed: int) -> AMG:
    """A model to be trained, whose adapters do nothing yet and which does not see the avatar yet.

    The input convolution of a text-to-video model (ModelScope's, arXiv 2308.06571) is copied to the channels of the
    film; those of the avatar begin with zeros. Adapters begin as upstream's: the first matrix normal with deviation
    1 / rank, the second zero. A checkpoint of AMG is gone on with: adapters of the rank that is asked for are trained
    further, those of another are added to its weights.

    Args:
        file: checkpoint under official keys, or a folder of one.
        config: as `base_config`.
        seed: of the adapters.

    Raises:
        InputError: it is another kind of model, or anything is missing, unexpected or of another shape.
    """
    tensors = _widened(open_tensors(file))
    assert config.lora_rank is not None
    rank = config_of(tensors).lora_rank
    if rank is not None and rank != config.lora_rank:
        tensors, rank = merged_tensors(tensors, adapted_layers(tensors, rank)), None
    if rank is None:
        tensors = _with_adapters(tensors, config.lora_rank, seed)
    model, _ = load_model(tensors, config, adapters="kept")
    return model


def _widened(tensors: TensorFile) -> TensorFile:
    """With an input convolution that also takes the avatar's latents, of which it makes nothing."""
    check_kind(tensors)
    entry, latent = tensors.shape(_ENTRY), tensors.shape("out.2.weight")[0]
    if entry[1:2] != (latent,):
        return tensors

    def read(key: str, rows: int | None) -> Tensor:
        value = tensors[key] if rows is None else tensors.rows(key, rows)
        return functional.pad(value, (0, 0, 0, 0, 0, latent)) if key == _ENTRY else value

    return TensorFile(tensors.name, {**tensors.shapes, _ENTRY: (entry[0], 2 * latent, *entry[2:])}, read)


def _with_adapters(tensors: TensorFile, rank: int, seed: int) -> TensorFile:
    """With new adapters beside every attention; each follows from the seed and its name alone."""
    shapes: dict[str, tuple[int, ...]] = {}
    for key in tensors:
        layer = ADAPTED_KEY.fullmatch(key)
        if layer is not None:
            rows, columns = tensors.matrix_shape(key)
            shapes[f"{layer[1]}_lora.down_linear.weight"] = (rank, columns)
            shapes[f"{layer[1]}_lora.up_linear.weight"] = (rows, rank)

    def read(key: str, rows: int | None) -> Tensor:
        if key not in shapes:
            return tensors[key] if rows is None else tensors.rows(key, rows)
        if ".up_linear." in key:
            return torch.zeros(shapes[key])[:rows]
        digest = hashlib.sha256(f"{seed}/{key}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
        return (torch.randn(shapes[key], generator=generator) / rank)[:rows]

    return TensorFile(tensors.name, {**tensors.shapes, **shapes}, read)
