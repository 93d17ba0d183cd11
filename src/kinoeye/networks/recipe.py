"""What a system hands to the training loop: its phases, its model, its batches and its objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from kinoeye.base.errors import InputError

Schedule = Literal["constant", "cosine", "linear"]
Precision = Literal["fp32", "bf16"]
Batch = Mapping[str, Any]
"""Named tensors (and what else a loss needs); the loop moves the tensors to its device."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One stretch of training with one set of trained parameters and one learning-rate curve.

    Raises:
        InputError: a number is out of range.
    """

    name: str
    steps: int
    """Optimizer steps."""
    batch_size: int
    """Items a step over all processes and accumulated batches together."""
    lr: float
    warmup_steps: int = 0
    schedule: Schedule = "cosine"
    final_lr_fraction: float = 0.1
    """Share of `lr` that the schedule ends at."""
    schedule_steps: int | None = None
    """Steps over which the learning rate falls, where a phase ends before its schedule does; None is `steps`."""
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.01
    """On matrices; vectors (biases, norms) have none unless `decay_vectors`."""
    decay_vectors: bool = False
    clip_norm: float | None = 1.0
    accumulation: int = 1
    """Batches a step; the batch that `Recipe.batches` gives a process has
    `batch_size / (accumulation * processes)` items."""
    ema_decay: float | None = None
    precision: Precision = "fp32"
    """bf16 is autocast: the weights and the optimizer stay in fp32."""
    validate_every: int | None = None
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulation", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} of phase {self.name} is {getattr(self, name)}; at least 1 is needed")
        if self.batch_size % self.accumulation:
            raise InputError(
                f"batch_size {self.batch_size} of phase {self.name} is no multiple of accumulation "
                f"{self.accumulation}; choose one that is"
            )
        if self.schedule_steps is not None and self.schedule_steps < 1:
            raise InputError(f"schedule_steps of phase {self.name} is {self.schedule_steps}; at least 1 is needed")
        if not self.lr > 0:
            raise InputError(f"lr of phase {self.name} is {self.lr:g}; it must be above 0")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise InputError(f"ema_decay of phase {self.name} is {self.ema_decay:g}; it lies between 0 and 1")


class Recipe(Protocol):
    """What the loop needs to know of a system; everything random comes from the arguments.

    Batches are addressed by their number, so that a resumed run sees exactly the batches that an unbroken one sees.
    """

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What is trained, in order."""
        ...

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        """The model of a phase, with `requires_grad` set on what trains.

        Args:
            phase: the phase that begins.
            previous: the model of the phase before, trained; None at the start. It may be returned itself.
        """
        ...

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Batches for one process, the first being the one with the number `start`, without end.

        Args:
            phase: the phase that trains.
            rank: number of this process.
            world: how many processes share every step.
            start: how many batches this process has already had in this phase.
        """
        ...

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Scalars by name, averaged over the batch; `"loss"` is minimised, the others are logged."""
        ...

    def export(self, model: nn.Module, folder: Path) -> None:
        """Write what `from_pretrained` of the system loads: weights and configuration."""
        ...


@runtime_checkable
class BuiltOnWeights(Protocol):
    """A recipe whose model is of use only beside the shared checkpoints that it was trained on, such as a codec."""

    @property
    def weights_sha256(self) -> Mapping[str, str]:
        """Name of a shared checkpoint -> its sha256, as `kinoeye.weights.resolve` tells it."""
        ...


@runtime_checkable
class Validating(Protocol):
    """A recipe that also says how good its model is; `kinoeye train` asks it every `validate_every` steps."""

    def validate(self, model: nn.Module, phase: Phase, step: int) -> Mapping[str, float]:
        """Numbers by name, of the model in evaluation mode after so many steps of a phase."""
        ...


def item_numbers(phase: Phase, *, rank: int, world: int, start: int) -> Iterator[range]:
    """Numbers of the items of each batch of one process, without end; consecutive batches go round the processes.

    Args:
        phase: the phase that trains.
        rank: number of this process.
        world: how many processes share every step.
        start: how many batches this process has already had in this phase.

    Raises:
        InputError: the batch size is no multiple of the processes and accumulated batches.

    Example:
        >>> numbers = item_numbers(Phase(name="all", steps=1, batch_size=4, lr=1.0), rank=1, world=2, start=0)
        >>> next(numbers), next(numbers)
        (range(2, 4), range(6, 8))
    """
    shares = phase.accumulation * world
    if phase.batch_size % shares:
        raise InputError(
            f"batch_size {phase.batch_size} of phase {phase.name} is no multiple of {shares} (accumulation times "
            "processes); choose one that is"
        )
    size = phase.batch_size // shares
    for batch in count(start):
        first = (batch * world + rank) * size
        yield range(first, first + size)
