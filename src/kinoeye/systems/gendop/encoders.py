"""Pretrained CLIP encoders from local folders, as training begins from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.networks import KeyMap, Rule, open_tensors
from kinoeye.systems.gendop.config import GenDoPConfig, Modality, TextTower, VisionTower
from kinoeye.systems.gendop.official import GenDoP

_SIZES = {
    "hidden_size": "hidden_dim", "intermediate_size": "intermediate_dim", "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
}  # fmt: skip
_TEXT_SIZES = {**_SIZES, "vocab_size": "vocab_size", "max_position_embeddings": "num_tokens"}
_VISION_SIZES = {**_SIZES, "patch_size": "patch_size", "image_size": "image_size"}


def with_encoder_sizes(config: GenDoPConfig, folders: Mapping[Modality, Path]) -> GenDoPConfig:
    """The same model with encoders of the sizes in transformers folders.

    Args:
        config: of the model.
        folders: of each modality that it looks at, with `config.json` and weights.

    Raises:
        InputError: a folder has no sizes, or an activation that these encoders do not have.
    """
    for name in config.modalities:
        if name == "text":
            config = replace(config, text=TextTower(**_sizes(folders[name], "text_config", _TEXT_SIZES)))
        else:
            config = replace(config, vision=VisionTower(**_sizes(folders[name], "vision_config", _VISION_SIZES)))
    return config


def load_encoders(model: GenDoP, folders: Mapping[Modality, Path]) -> None:
    """Fill a model's encoders from transformers folders, strictly.

    Raises:
        InputError: a tensor is missing or of another shape.
    """
    for name in model.config.modalities:
        tensors = open_tensors(folders[name])
        level = "text_model." if name == "text" else "vision_model."
        if any(key.startswith(level) for key in tensors):
            tensors = tensors.under(level)  # a whole CLIP model has the other encoder and projections beside it
        own = model.encoders[name]
        inner = level if any(key.startswith(level) for key in own.state_dict()) else ""
        rules = [Rule("{rest*}", f"{inner}{{rest*}}")]
        KeyMap("CLIP encoder", rules, ignored=("{any*}.position_ids",)).load(own, tensors)


def _sizes(folder: Path, part: str, names: Mapping[str, str]) -> dict[str, Any]:
    file = folder / "config.json"
    data = read_json(file)
    data = data.get(part, data) if isinstance(data, dict) else data
    if not isinstance(data, dict) or not names.keys() <= data.keys():
        raise InputError(f"{file} does not say the sizes of a CLIP encoder: {', '.join(names)} are needed")
    if data.get("hidden_act", "gelu") != "gelu":
        raise InputError(f"{file} has the activation {data['hidden_act']!r}; the encoders of GenDoP have 'gelu'")
    return {ours: data[theirs] for theirs, ours in names.items()}
