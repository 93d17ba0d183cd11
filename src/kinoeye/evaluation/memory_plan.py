"""How much memory each stage of a model takes, from the head of its checkpoint alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from kinoeye.evaluation.checkpoint_report import CheckpointReport
from kinoeye.formats.containers.safetensors_header import TensorHead

Dtype = Literal["fp32", "bf16", "fp16"]
DTYPE_BYTES: dict[Dtype, int] = {"fp32": 4, "bf16": 2, "fp16": 2}
_MLP_RATIO = 4


@dataclass(frozen=True, kw_only=True)
class StageMemory:
    """What one stage needs while it runs, in bytes."""

    name: str
    groups: tuple[str, ...]
    """The parts of the checkpoint that it uses."""
    weights: int
    cache: int = 0
    """Keys and values of attention that are kept from step to step."""
    activations: int | None = None
    """An estimate of the largest intermediate values; None where no estimate is made."""

    @property
    def total(self) -> int:
        """Weights, cache and, where estimated, activations."""
        return self.weights + self.cache + (self.activations or 0)


@dataclass(frozen=True)
class MemoryPlan:
    """The stages of a model in order, and the most that they need at once."""

    dtype: Dtype
    stages: tuple[StageMemory, ...]
    resident: int
    """All weights together."""
    assumptions: tuple[str, ...]

    @property
    def peak(self) -> dict[str, int]:
        """Most bytes at once for each way of offloading: "none" keeps all weights, "model" one stage's."""
        largest = max((stage.total for stage in self.stages), default=0)
        beside = max((stage.cache + (stage.activations or 0) for stage in self.stages), default=0)
        return {"none": self.resident + beside, "model": largest}


def plan_memory(report: CheckpointReport, dtype: Dtype = "fp32") -> MemoryPlan:
    """Memory by stage of a checkpoint that is not loaded yet.

    Args:
        report: of `check_checkpoint`.
        dtype: what the weights would be loaded as.
    """
    stages, assumptions = _STAGES.get(report.kind.system, _one_stage_a_group)(report, DTYPE_BYTES[dtype])
    resident = sum({stage.groups: stage.weights for stage in stages}.values())
    return MemoryPlan(dtype, stages, resident, assumptions)


def _one_stage_a_group(report: CheckpointReport, size: int) -> tuple[tuple[StageMemory, ...], tuple[str, ...]]:
    stages = tuple(
        StageMemory(name=group.name, groups=(group.name,), weights=group.parameters * size) for group in report.groups
    )
    return stages, ("weights only: the activations of this model are not estimated",)


_GENDOP_ENCODERS = {"text_encoder": ("text", 77), "image_encoder": ("image", 257), "depth_encoder": ("depth", 257)}
_PATH_TOKENS = 30 * 10
_ENCODER_HEADS = 16
_DECODER_HEADS = 8
_POSITIONS = "mesh_decoder.model.embed_positions.weight"


def _gendop_stages(report: CheckpointReport, size: int) -> tuple[tuple[StageMemory, ...], tuple[str, ...]]:
    """Encoders one after the other, their projections, the prefix of conditions at once, then a token a step."""
    heads = report.heads
    stages: list[StageMemory] = []
    conditions = 0
    for group, (modality, tokens) in _GENDOP_ENCODERS.items():
        if f"proj_cond_{modality}.weight" in heads or any(key.startswith(f"{group}.") for key in heads):
            conditions += tokens
        weights = _weights(heads, (group,), size)
        if weights:
            width = next(head.shape[0] for key, head in heads.items() if key.startswith(group) and "norm" in key)
            estimate = _block_activations(tokens, width, _ENCODER_HEADS, size)
            stages.append(
                StageMemory(name=f"encode {modality}", groups=(group,), weights=weights, activations=estimate)
            )
    conditions = conditions or _GENDOP_ENCODERS["text_encoder"][1]
    width = heads["mesh_decoder.lm_head.weight"].shape[1]
    layers = {key.split(".")[3] for key in heads if key.startswith("mesh_decoder.model.layers.")}
    rows = heads[_POSITIONS].shape[0]
    used = min(rows, conditions + _PATH_TOKENS + 2)  # begin and end
    decoder = _weights(heads, ("mesh_decoder",), size) - (rows - used) * width * size
    cache = 2 * len(layers) * used * width * size
    projections = tuple(dict.fromkeys(group for key in heads if "_cond" in (group := key.partition(".")[0])))
    stages += [
        StageMemory(
            name="project conditions", groups=projections, weights=_weights(heads, projections, size),
            activations=2 * conditions * width * size,
        ),
        StageMemory(
            name="read conditions", groups=("mesh_decoder",), weights=decoder, cache=cache,
            activations=_block_activations(conditions + 1, width, _DECODER_HEADS, size),
        ),
        StageMemory(
            name="generate tokens", groups=("mesh_decoder",), weights=decoder, cache=cache,
            activations=_block_activations(1, width, _DECODER_HEADS, size, keys=used),
        ),
    ]  # fmt: skip
    return tuple(stages), (
        "activations are an estimate: the widest block, with its attention scores held in memory",
        f"one path at a time, {_PATH_TOKENS} tokens, {conditions} tokens of conditions",
        f"{used:,} of {rows:,} rows of positions are loaded",
        f"{_ENCODER_HEADS} heads in encoders, {_DECODER_HEADS} in the decoder: a checkpoint does not say",
    )


def _block_activations(tokens: int, width: int, heads: int, size: int, keys: int | None = None) -> int:
    """Queries, keys, values, the block's input, its widened copy, and the scores of attention."""
    return (tokens * width * (4 + _MLP_RATIO) + heads * tokens * (keys or tokens)) * size


def _weights(heads: Mapping[str, TensorHead], groups: tuple[str, ...], size: int) -> int:
    return sum(head.count * size for key, head in heads.items() if key.partition(".")[0] in groups)


_STAGES: dict[str, Callable[[CheckpointReport, int], tuple[tuple[StageMemory, ...], tuple[str, ...]]]] = {
    "gendop": _gendop_stages,
}
"""Systems whose stages are known; the others are planned by the parts of their checkpoint."""
