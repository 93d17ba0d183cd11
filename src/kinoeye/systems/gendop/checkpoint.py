"""Official GenDoP checkpoints, read strictly: their keys and ours as a table, their sizes from their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from kinoeye.base.errors import InputError
from kinoeye.networks import KeyMap, LoadReport, Rule, TensorFile, open_tensors, write_tensors
from kinoeye.networks.checkpoint_kinds import recognise
from kinoeye.networks.saved_config import FILE_NAME, saved_config
from kinoeye.systems.gendop.config import (
    MODALITIES,
    GenDoPConfig,
    Modality,
    TextTower,
    VisionTower,
    cond_mode_of,
)
from kinoeye.systems.gendop.official import GenDoP, GenDoPDecoder, materialise
from kinoeye.systems.gendop.tokens import OFFSET

NAME = "GenDoP"
WEIGHTS = "model.safetensors"
_HEADS = 8
"""Of the released checkpoints."""
_LEVEL: Mapping[Modality, str] = {"text": "text_model.", "image": "vision_model.", "depth": "vision_model."}
"""The level between an encoder and its parts, which some versions of transformers write and others do not."""
_LAYER = "mesh_decoder.model.layers.{i}."
_OURS = "layers.{i}."
_DECODER = (
    Rule("norm_cond.{kind}", "condition_norm.{kind}"),
    Rule("mesh_decoder.model.embd.weight", "embedding.weight"),
    Rule("mesh_decoder.model.embed_positions.weight", "positions.weight", rows=True),
    Rule(
        tuple(f"{_LAYER}self_attn.{part}_proj.{{kind}}" for part in ("q", "k", "v")), f"{_OURS}attention.qkv.{{kind}}"
    ),
    Rule(f"{_LAYER}self_attn.out_proj.{{kind}}", f"{_OURS}attention.out.{{kind}}"),
    Rule(f"{_LAYER}self_attn_layer_norm.{{kind}}", f"{_OURS}attention_norm.{{kind}}"),
    Rule(f"{_LAYER}fc1.{{kind}}", f"{_OURS}fc1.{{kind}}"),
    Rule(f"{_LAYER}fc2.{{kind}}", f"{_OURS}fc2.{{kind}}"),
    Rule(f"{_LAYER}final_layer_norm.{{kind}}", f"{_OURS}norm.{{kind}}"),
    Rule("mesh_decoder.lm_head.weight", "head.weight"),
)


def decoder_key_map(config: GenDoPConfig) -> KeyMap:
    """Official keys of the decoder and the projections of its conditions, without the encoders."""
    if len(config.modalities) == 1:
        projections = [Rule("proj_cond.{kind}", f"projections.{config.modalities[0]}.{{kind}}")]
    else:
        projections = [Rule(f"proj_cond_{name}.{{kind}}", f"projections.{name}.{{kind}}") for name in config.modalities]
    return KeyMap(NAME, (*projections, *_DECODER))


def key_map(model: GenDoP, tensors: TensorFile | None = None) -> KeyMap:
    """Official keys of a whole model.

    Args:
        model: whose encoders are as this version of transformers names them.
        tensors: the checkpoint, whose encoders may be named with or without the level `text_model.` or
            `vision_model.`; None for the names that the released checkpoints have.
    """
    ours = [replace(rule, ours=f"decoder.{rule.ours}") for rule in decoder_key_map(model.config).rules]
    encoders = []
    for name in model.config.modalities:
        level = _LEVEL[name]
        official = level if tensors is None or _has(tensors, f"{name}_encoder.{level}") else ""
        own = level if any(key.startswith(level) for key in model.encoders[name].state_dict()) else ""
        encoders.append(Rule(f"{name}_encoder.{official}{{rest*}}", f"encoders.{name}.{own}{{rest*}}"))
    return KeyMap(NAME, (*encoders, *ours), ignored=("{any*}.position_ids",))


def config_of(tensors: TensorFile, *, num_heads: int = _HEADS) -> GenDoPConfig:
    """The sizes of a checkpoint from the shapes of its tensors.

    Args:
        tensors: the checkpoint.
        num_heads: of the decoder; shapes do not tell it, and the released checkpoints have 8.

    Raises:
        InputError: it is another kind of model, or its encoders have sizes whose head count is not known.
    """
    check_kind(tensors)
    shapes = tensors.shapes
    found = [name for name in MODALITIES if _has(tensors, f"{name}_encoder.")]
    if not found:
        raise InputError(
            f"{tensors.name} has no text, image or depth encoder, which a {NAME} checkpoint contains; give the whole "
            "checkpoint"
        )
    hidden = shapes["mesh_decoder.lm_head.weight"][1]
    intermediate = shapes.get("mesh_decoder.model.layers.0.fc1.weight", (4 * hidden, hidden))[0]
    return GenDoPConfig(
        cond_mode=cond_mode_of(frozenset(found)),
        discrete_bins=shapes["mesh_decoder.lm_head.weight"][0] - OFFSET - 1,
        hidden_dim=hidden,
        intermediate_dim=intermediate,
        num_layers=_count(tensors, "mesh_decoder.model.layers."),
        num_heads=num_heads,
        text=_text_tower(tensors) if "text" in found else TextTower(),
        vision=_vision_tower(tensors, next(n for n in found if n != "text")) if found != ["text"] else VisionTower(),
    )


def check_kind(tensors: TensorFile) -> None:
    """Hold that a checkpoint is one of GenDoP.

    Raises:
        InputError: it is not; what it is instead is named where that can be told.
    """
    if "mesh_decoder.lm_head.weight" in tensors.shapes:
        return
    known = recognise(set(tensors))
    if known is not None:
        raise InputError(f"{tensors.name} is a checkpoint of {known[0].title}, not of {NAME}")
    shown = ", ".join(list(tensors)[:3]) or "nothing"
    raise InputError(f"{tensors.name} is no {NAME} checkpoint: it has no mesh_decoder.lm_head.weight but {shown}, ...")


def load_model(
    tensors: TensorFile,
    config: GenDoPConfig | None = None,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> tuple[GenDoP, LoadReport]:
    """A whole model from an official checkpoint, or from one that `save` wrote.

    Args:
        tensors: the checkpoint; only the position rows that are used are read.
        config: its sizes; None takes them from the shapes.
        device: where the weights go; "meta" checks shapes and reads nothing.
        dtype: of the weights; None is float32.

    Raises:
        InputError: it is another kind of model, or anything is missing, unexpected or of another shape.
    """
    check_kind(tensors)
    config = config_of(tensors) if config is None else config
    with torch.device("meta"):
        model = GenDoP(config)
    model = model.to(dtype or torch.float32)
    if torch.device(device).type != "meta":
        materialise(model, device)
    report = key_map(model, tensors).load(model, tensors)
    return model.eval(), report


def load_decoder(tensors: TensorFile, config: GenDoPConfig) -> tuple[GenDoPDecoder, LoadReport]:
    """A decoder alone, from official tensors without encoders.

    Raises:
        InputError: as `load_model`.
    """
    check_kind(tensors)
    decoder = GenDoPDecoder(config)
    report = decoder_key_map(config).load(decoder, tensors)
    return decoder.eval(), report


def load_folder(
    folder: Path | str,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    num_heads: int | None = None,
) -> tuple[GenDoP, LoadReport]:
    """The model of a folder, or of a checkpoint file; sizes are in its config.json, else in the shapes.

    Args:
        folder: or the file.
        device: as `load_model`.
        dtype: as `load_model`.
        num_heads: of the decoder, where there is no config.json; None is 8.

    Raises:
        InputError: as `load_model`, there is no checkpoint, or the number of heads contradicts the config.json.
    """
    config = config_of_folder(folder, num_heads=num_heads)
    return load_model(open_tensors(folder), config, device=device, dtype=dtype)


def config_of_folder(folder: Path | str, *, num_heads: int | None = None) -> GenDoPConfig:
    """The sizes of the model in a folder or checkpoint file, without reading its weights.

    Raises:
        InputError: as `load_folder`.
    """
    config = saved_config(folder, GenDoPConfig, version=GenDoPConfig.VERSION)
    if config is None:
        return config_of(open_tensors(folder), num_heads=num_heads or _HEADS)
    if num_heads not in (None, config.num_heads):
        raise InputError(f"the {FILE_NAME} of {folder} says num_heads {config.num_heads}; {num_heads} was asked for")
    return config


def save(model: GenDoP, folder: Path) -> None:
    """Write weights under their official names, and the configuration.

    Raises:
        InputError: the folder cannot be written.
    """
    official = {key: value.detach().cpu() for key, value in key_map(model).to_official(model).items()}
    write_tensors(folder / WEIGHTS, official)
    model.config.save(folder)


def config_from_options(options: Mapping[str, Any]) -> GenDoPConfig:
    """The sizes in options as upstream names them; other keys are left alone.

    Raises:
        InputError: as `GenDoPConfig`, or they contradict one another.
    """
    names = ("cond_mode", "discrete_bins", "pose_length", "hidden_dim", "intermediate_dim", "num_layers", "num_heads")
    config = GenDoPConfig(**{name: options[name] for name in names if name in options})
    for name, own in (("num_cond_tokens", config.num_cond_tokens), ("vocab_size", config.vocab_size)):
        if options.get(name, own) != own:
            raise InputError(
                f"{name} is {options[name]}; {config.cond_mode} with {config.discrete_bins} bins has {own}"
            )
    return config


def _has(tensors: TensorFile, beginning: str) -> bool:
    return any(key.startswith(beginning) for key in tensors.shapes)


def _count(tensors: TensorFile, stack: str) -> int:
    """How many blocks a stack has, whatever stands before it."""
    found = (re.search(rf"(?:^|\.){re.escape(stack)}(\d+)\.", key) for key in tensors.shapes)
    return 1 + max((int(match.group(1)) for match in found if match), default=-1)


def _tower_shapes(tensors: TensorFile, modality: str) -> TensorFile:
    tower = tensors.under(f"{modality}_encoder.")
    level = "text_model." if modality == "text" else "vision_model."
    return tower.under(level) if _has(tower, level) else tower


def _text_tower(tensors: TensorFile) -> TextTower:
    tower = _tower_shapes(tensors, "text")
    vocab_size, hidden = tower.shape("embeddings.token_embedding.weight")
    sizes = TextTower(
        hidden_dim=hidden,
        intermediate_dim=tower.shape("encoder.layers.0.mlp.fc1.weight")[0],
        num_layers=_count(tower, "encoder.layers."),
        vocab_size=vocab_size,
        num_tokens=tower.shape("embeddings.position_embedding.weight")[0],
    )
    _check_heads(tensors, "text", sizes.hidden_dim, TextTower().hidden_dim)
    return sizes


def _vision_tower(tensors: TensorFile, modality: str) -> VisionTower:
    tower = _tower_shapes(tensors, modality)
    hidden, _, patch, _ = tower.shape("embeddings.patch_embedding.weight")
    patches = tower.shape("embeddings.position_embedding.weight")[0] - 1
    sizes = VisionTower(
        hidden_dim=hidden,
        intermediate_dim=tower.shape("encoder.layers.0.mlp.fc1.weight")[0],
        num_layers=_count(tower, "encoder.layers."),
        patch_size=patch,
        image_size=patch * round(patches**0.5),
    )
    _check_heads(tensors, modality, sizes.hidden_dim, VisionTower().hidden_dim)
    return sizes


def _check_heads(tensors: TensorFile, modality: str, hidden: int, known: int) -> None:
    if hidden != known:
        raise InputError(
            f"the {modality} encoder of {tensors.name} is {hidden} wide, for which shapes do not tell the number of "
            f"heads; put the {FILE_NAME} that it was saved with beside it"
        )
