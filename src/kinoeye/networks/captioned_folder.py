"""Folders of a small model that was trained with its caption module: weights in 16 bits, and both configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.tensor_files import open_tensors, write_tensors

CONFIG_FILE, CAPTIONS_FILE, WEIGHTS_FILE = "config.json", "captions.json", "model.safetensors"

Config = TypeVar("Config")
Model = TypeVar("Model", bound=nn.Module)


def write_captioned(
    model: nn.Module, folder: Path | str, *, config: object, version: int, captions: Mapping[str, Any]
) -> None:
    """Write `model.safetensors`, `config.json` and `captions.json`, each whole or not at all.

    Args:
        model: with all its parts; floating-point tensors are stored in 16 bits.
        folder: where.
        config: the record of the model's sizes.
        version: of that record.
        captions: JSON data from which the caption module can be built again.
    """
    folder = Path(folder)
    state = {key: value.detach().cpu().to(_stored(value)).contiguous() for key, value in model.state_dict().items()}
    write_tensors(folder / WEIGHTS_FILE, state)
    write_json(folder / CONFIG_FILE, write_record(config, version=version))
    write_json(folder / CAPTIONS_FILE, dict(captions))


def read_captioned(
    folder: Path | str,
    kind: type[Config],
    *,
    version: int,
    build_captions: Callable[[Any], nn.Module],
    build: Callable[[Config, nn.Module], Model],
    device: torch.device | str | None = None,
) -> Model:
    """The model in a folder that `write_captioned` wrote, in evaluation mode.

    Args:
        folder: what was written to.
        kind: the record of the model's sizes.
        version: of that record.
        build_captions: makes the caption module from the data in `captions.json`.
        build: from the sizes and the caption module to a model with any weights.
        device: where to put it.

    Raises:
        InputError: a file is missing, or does not fit the others.
    """
    folder = Path(folder)
    where = folder / CONFIG_FILE
    config = read_record(kind, read_json(where), version=version, where=str(where))
    model = build(config, build_captions(read_json(folder / CAPTIONS_FILE)))
    KeyMap(kind.__name__, [Rule("{key*}", "{key*}")]).load(model, open_tensors(folder / WEIGHTS_FILE))
    return model.eval().to(device)


def _stored(value: torch.Tensor) -> torch.dtype:
    return torch.float16 if value.is_floating_point() else value.dtype
