"""Official AMG checkpoints, read strictly: their keys and diffusers' as a table, their sizes from their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks import KeyMap, LoadReport, Rule, TensorFile, open_tensors, write_tensors
from kinoeye.networks.checkpoint_kinds import recognise
from kinoeye.networks.saved_config import saved_config
from kinoeye.systems.amg.config import ENTRY_HEADS, AMGConfig
from kinoeye.systems.amg.model import ADAPTED, ADAPTER, AMG
from kinoeye.systems.amg.quirks import Quirks

NAME = "AMG"
WEIGHTS = "model.safetensors"
Adapters = Literal["merged", "kept"]
_MARKS = ("input_blocks.0.0.weight", "input_blocks.0.1.proj_in.weight", "time_embed.0.weight")
_OURS = "unet."
_RESIDUAL: Mapping[str, str] = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
"""Parts of a residual block."""
ADAPTED_KEY = re.compile(r"(.*\.attn[12]\.to_(?:q|k|v|out))(?:\.0)?\.weight")


def key_map(config: AMGConfig) -> KeyMap:
    """Official keys of a network of these sizes; adapters have rows where the configuration has them."""
    rules = [
        *(
            Rule(f"{official}.{{kind}}", f"{ours}.{{kind}}")
            for official, ours in (
                ("time_embed.0", "time_embedding.linear_1"),
                ("time_embed.2", "time_embedding.linear_2"),
                ("input_blocks.0.0", "conv_in"),
                ("out.0", "conv_norm_out"),
                ("out.2", "conv_out"),
            )
        ),
        *_temporal("input_blocks.0.1", "transformer_in", config),
        *_down(config),
        *_residual("middle_block.0", "mid_block", 0),
        *_attentions("middle_block", "mid_block", 0, config),
        *_residual("middle_block.3", "mid_block", 1),
        *_up(config),
    ]
    return KeyMap(NAME, [replace(rule, ours=_OURS + rule.ours) for rule in rules])


def config_of(tensors: TensorFile) -> AMGConfig:
    """The sizes of an official checkpoint from the shapes of its tensors.

    Raises:
        InputError: it is another kind of model, or a tensor that tells a size is missing.
    """
    check_kind(tensors)
    down = sorted(int(found[1]) for key in tensors if (found := re.fullmatch(r"input_blocks\.(\d+)\.op\.weight", key)))
    last = max(int(found[1]) for key in tensors if (found := re.match(r"input_blocks\.(\d+)\.", key)))
    blocks = (down[0] if down else last + 1) - 1
    firsts = [1 + level * (blocks + 1) for level in range(len(down) + 1)]
    attended = tuple(level for level, first in enumerate(firsts) if f"input_blocks.{first}.1.norm.weight" in tensors)
    width, in_channels = tensors.shape("input_blocks.0.0.weight")[:2]
    latent = tensors.shape("out.2.weight")[0]
    if in_channels != 2 * latent:
        raise InputError(
            f"{tensors.name} takes {in_channels} channels and gives {latent}; {NAME} takes twice what it gives, so "
            "this is the text-to-video model that it began as"
        )
    adapter = "input_blocks.0.1.transformer_blocks.0.attn1.to_q_lora.down_linear.weight"
    return AMGConfig(
        latent_channels=latent,
        width=width,
        multipliers=tuple(tensors.shape(f"input_blocks.{n}.0.out_layers.3.weight")[0] // width for n in firsts),
        blocks=blocks,
        attention_levels=attended,
        head_dim=tensors.shape("input_blocks.0.1.proj_in.weight")[0] // ENTRY_HEADS,
        text_dim=tensors.matrix_shape("middle_block.1.transformer_blocks.0.attn2.to_k.weight")[1],
        lora_rank=tensors.matrix_shape(adapter)[0] if adapter in tensors else None,
    )


def check_kind(tensors: TensorFile) -> None:
    """Hold that a checkpoint is one of AMG.

    Raises:
        InputError: it is not; what it is instead is named where that can be told.
    """
    if all(mark in tensors for mark in _MARKS):
        return
    known = recognise(set(tensors))
    if known is not None:
        raise InputError(f"{tensors.name} is a checkpoint of {known[0].title}, not of {NAME}")
    shown = ", ".join(list(tensors)[:3]) or "nothing"
    absent = next(mark for mark in _MARKS if mark not in tensors)
    raise InputError(f"{tensors.name} is no {NAME} checkpoint: it has no {absent} but {shown}, ...")


def load_model(
    tensors: TensorFile,
    config: AMGConfig | None = None,
    *,
    adapters: Adapters = "merged",
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> tuple[AMG, LoadReport]:
    """A model from an official checkpoint, or from one that `save` wrote, in evaluation mode.

    Args:
        tensors: the checkpoint.
        config: its sizes; None takes them from the shapes.
        adapters: "merged" adds those of the checkpoint to its weights, "kept" leaves them beside, to be trained.
        device: where the weights go; "meta" checks shapes and reads nothing.
        dtype: of the weights; None is float32.

    Returns:
        The model, whose configuration has no `lora_rank` where adapters were merged, and which official tensors filled
        each of its own.

    Raises:
        InputError: it is another kind of model, or anything is missing, unexpected or of another shape.
    """
    check_kind(tensors)
    config = config_of(tensors) if config is None else config
    parts: dict[str, tuple[str, str, str]] = {}
    if config.lora_rank is not None and adapters == "merged":
        parts = adapted_layers(tensors, config.lora_rank)
        tensors, config = merged_tensors(tensors, parts), replace(config, lora_rank=None)
    with torch.device("meta"):
        model = AMG(config)
    model = model.to(dtype or torch.float32)
    if torch.device(device).type != "meta":
        model = model.to_empty(device=device)
    report = key_map(config).load(model, tensors)
    mapped = {ours: parts.get(official[0], official) for ours, official in report.mapped.items()}
    return model.eval(), replace(report, mapped=mapped)


def folder_config(path: Path | str, quirks: Quirks | None = None) -> AMGConfig:
    """Sizes and quirks of a checkpoint, before its weights are read.

    Args:
        path: a folder, whose config.json has them, or an official checkpoint file.
        quirks: None keeps those of the folder, and for a released checkpoint all of upstream's.

    Raises:
        InputError: it is missing, damaged, or another model's.
    """
    saved = saved_config(path, AMGConfig, version=AMGConfig.VERSION)
    config = saved or replace(config_of(open_tensors(path)), quirks=Quirks.official())
    return config.with_quirks(quirks)


def load_folder(
    folder: Path | str,
    *,
    adapters: Adapters = "merged",
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> tuple[AMG, LoadReport]:
    """The model of a folder, or of an official checkpoint file, which is read in place and never unpickled.

    Args:
        folder: or the file; sizes are in its config.json, else in the shapes.
        adapters: as `load_model`.
        device: as `load_model`.
        dtype: as `load_model`.

    Raises:
        InputError: as `load_model`, or there is no checkpoint.
    """
    return load_model(open_tensors(folder), folder_config(folder), adapters=adapters, device=device, dtype=dtype)


def save(model: AMG, folder: Path) -> None:
    """Write weights under their official names, and the configuration.

    Raises:
        InputError: the folder cannot be written.
    """
    official = key_map(model.config).to_official(model)
    write_tensors(folder / WEIGHTS, {key: value.detach().cpu() for key, value in official.items()})
    model.config.save(folder)


def _down(config: AMGConfig) -> Iterator[Rule]:
    """Upstream numbers the blocks of all levels and the halvings between them in one row."""
    number = 1
    for level in range(config.levels):
        ours = f"down_blocks.{level}"
        for block in range(config.blocks):
            yield from _residual(f"input_blocks.{number}.0", ours, block)
            if level in config.attention_levels:
                yield from _attentions(f"input_blocks.{number}", ours, block, config)
            number += 1
        if level < config.levels - 1:
            yield Rule(f"input_blocks.{number}.op.{{kind}}", f"{ours}.downsamplers.0.conv.{{kind}}")
            number += 1


def _up(config: AMGConfig) -> Iterator[Rule]:
    """A doubling is the last part of the last block of a level."""
    number = 0
    for level in reversed(range(config.levels)):
        ours = f"up_blocks.{config.levels - 1 - level}"
        attended = level in config.attention_levels
        for block in range(config.blocks + 1):
            yield from _residual(f"output_blocks.{number}.0", ours, block)
            if attended:
                yield from _attentions(f"output_blocks.{number}", ours, block, config)
            number += 1
        if level > 0:
            part = 3 if attended else 1
            yield Rule(f"output_blocks.{number - 1}.{part}.conv.{{kind}}", f"{ours}.upsamplers.0.conv.{{kind}}")


def _residual(official: str, ours: str, block: int) -> Iterator[Rule]:
    for theirs, name in _RESIDUAL.items():
        yield Rule(f"{official}.{theirs}.{{kind}}", f"{ours}.resnets.{block}.{name}.{{kind}}")
    yield Rule(f"{official}.temopral_conv.{{rest*}}", f"{ours}.temp_convs.{block}.{{rest*}}")  # misspelt upstream


def _attentions(official: str, ours: str, block: int, config: AMGConfig) -> Iterator[Rule]:
    yield from _adapters(f"{official}.1", f"{ours}.attentions.{block}", config)
    yield Rule(f"{official}.1.{{rest*}}", f"{ours}.attentions.{block}.{{rest*}}")
    yield from _temporal(f"{official}.2", f"{ours}.temp_attentions.{block}", config)


def _temporal(official: str, ours: str, config: AMGConfig) -> Iterator[Rule]:
    for part in ("proj_in", "proj_out"):
        yield Rule(f"{official}.{part}.weight", f"{ours}.{part}.weight", trailing=1)
    yield from _adapters(official, ours, config)
    yield Rule(f"{official}.{{rest*}}", f"{ours}.{{rest*}}")


def _adapters(official: str, ours: str, config: AMGConfig) -> Iterator[Rule]:
    """With adapters, peft puts what they adapt one level down, and each adapter beside it."""
    if config.lora_rank is None:
        return
    attention = "transformer_blocks.{i}.{attn}"
    for part in ADAPTED:
        base, theirs = f"{ours}.{attention}.{part}", f"{official}.{attention}"
        yield Rule(f"{theirs}.{part}.{{kind}}", f"{base}.base_layer.{{kind}}")
        adapter = part.removesuffix(".0")
        for official_side, our_side in (("down", "A"), ("up", "B")):
            yield Rule(
                f"{theirs}.{adapter}_lora.{official_side}_linear.weight", f"{base}.lora_{our_side}.{ADAPTER}.weight"
            )


def adapted_layers(tensors: TensorFile, rank: int) -> dict[str, tuple[str, str, str]]:
    """Official key of a weight -> it and the two sides of its adapter.

    Raises:
        InputError: an adapter does not fit its weight.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for key in tensors:
        layer = ADAPTED_KEY.fullmatch(key)
        if layer is None:
            continue
        down, up = (f"{layer[1]}_lora.{side}_linear.weight" for side in ("down", "up"))
        rows, columns = tensors.matrix_shape(key)
        if tensors.shape(down) != (rank, columns) or tensors.shape(up) != (rows, rank):
            raise InputError(
                f"the adapter {layer[1]}_lora of {tensors.name} has shapes {list(tensors.shape(down))} and "
                f"{list(tensors.shape(up))}; [{rank}, {columns}] and [{rows}, {rank}] are needed"
            )
        found[key] = (key, down, up)
    return found


def merged_tensors(tensors: TensorFile, adapted: Mapping[str, tuple[str, str, str]]) -> TensorFile:
    """The same tensors with each adapter added to its weight as it is read."""
    used = {side for _, *sides in adapted.values() for side in sides}

    def read(key: str, rows: int | None) -> Tensor:
        value = tensors[key] if rows is None else tensors.rows(key, rows)
        if key not in adapted:
            return value
        _, down, up = adapted[key]
        return value.float() + (tensors[up].float() @ tensors[down].float())[:rows]

    return TensorFile(tensors.name, {key: shape for key, shape in tensors.shapes.items() if key not in used}, read)
