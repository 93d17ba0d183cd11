"""One phase of a run: its steps, its checkpoints and its validation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.base.progress import note, progress_bar
from kinoeye.networks.recipe import Batch, Phase, Precision, Recipe
from kinoeye.networks.seeding import seeded
from kinoeye.training.checkpoints import Checkpoints, Progress
from kinoeye.training.ema import Ema
from kinoeye.training.interruption import Interruption, TrainingInterruptedError
from kinoeye.training.optimizer import adamw, moments, set_learning_rate, set_updates, trained_parameters, updates
from kinoeye.training.parallel import Parallel, Shared
from kinoeye.training.prefetch import Prefetched
from kinoeye.training.processes import Processes
from kinoeye.training.randomness import seed_of
from kinoeye.training.run_folder import MetricsLog
from kinoeye.training.schedule import learning_rate

Validate = Callable[[nn.Module, Phase, int], Mapping[str, float]]
"""Numbers by name for a model, the phase that it is in, and how many of its steps are done."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all phases of a run share."""

    recipe: Recipe
    seed: int
    """Of all randomness."""
    processes: Processes
    parallel: Parallel
    validate: Validate | None
    checkpoints: Checkpoints
    log: MetricsLog | None
    """In the first process."""
    interruption: Interruption
    """What asks the run to stop."""
    cpu_before: float
    """What to add to this process's CPU-seconds to have those of the run."""

    @property
    def cpu_s(self) -> float:
        """CPU-seconds of this process in the run, up to now."""
        return self.cpu_before + time.process_time()


class PhaseTraining:
    """The model, the optimizer and the average of a phase, and how they go forward a step.

    Args:
        setting: of the run.
        model: as `Recipe.build` made it, on its device.
        phase: the phase.
        index: its number among the phases.
    """

    def __init__(self, setting: Setting, model: nn.Module, phase: Phase, index: int) -> None:
        self._setting = setting
        self._processes = setting.processes
        self._phase = phase
        self._index = index
        self._done = 0
        _set_training_mode(model)
        self._shared = Shared(setting.recipe, model, setting.processes, setting.parallel)
        self._trained = trained_parameters(self._shared.model, phase)
        self._optimizer = adamw(self._trained.values(), phase)
        self._ema = None if phase.ema_decay is None else Ema(self._trained, phase.ema_decay)
        self._precision = usable_precision(phase.precision, setting.processes.device)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: it is of another model, or damaged.
        """
        progress = self._setting.checkpoints.progress(path)
        self._setting.checkpoints.load(path, self._tensors())
        set_updates(self._optimizer, self._trained, list(progress.updates))
        self._done = progress.steps

    def train(self) -> nn.Module:
        """Do the steps that are left and return the model, averaged where the phase has an average.

        Raises:
            InputError: a loss or gradient is not finite; the last checkpoint stays.
            TrainingInterruptedError: the run was asked to stop; a checkpoint was written.
        """
        if self._done < self._phase.steps:
            start = self._done * self._phase.accumulation
            share = {"rank": self._processes.rank, "world": self._processes.world}
            made = self._setting.recipe.batches(self._phase, **share, start=start)
            with Prefetched(made) as batches, progress_bar(self._phase.name, self._phase.steps, done=self._done) as bar:
                while self._done < self._phase.steps:
                    bar(f"{self._phase.name}, loss {self._forward(batches):.4g}")
        if self._ema is not None:
            self._ema.apply()
        return self._shared.whole()

    def _forward(self, batches: Iterator[Batch]) -> float:
        """One step with all that is due after it; its loss."""
        began = time.perf_counter()
        lr = learning_rate(self._phase, self._done)
        losses, grad_norm, interrupted = self._step(batches, lr)
        self._done += 1
        self._write(
            losses=losses,
            lr=lr,
            grad_norm=grad_norm,
            items_per_s=self._phase.batch_size / (time.perf_counter() - began),
            cpu_s=self._setting.cpu_s,
        )
        is_last = self._done == self._phase.steps
        every = self._phase.validate_every
        validate = self._setting.validate
        if validate is not None and every is not None and (is_last or self._done % every == 0):
            self._write(validation=self._validated(validate))
        if is_last or interrupted or self._done % self._phase.checkpoint_every == 0:
            self._save()
        if interrupted:
            raise TrainingInterruptedError(
                f"interrupted after step {self._done} of phase {self._phase.name}; a checkpoint is written, and the "
                "same command with --resume goes on from there"
            )
        return losses["loss"]

    def _step(self, batches: Iterator[Batch], lr: float) -> tuple[dict[str, float], float, bool]:
        """Losses averaged over the step, the norm of the gradient before clipping, and whether to stop."""
        accumulation = self._phase.accumulation
        totals: dict[str, Tensor] = {}
        for part in range(accumulation):
            self._shared.synchronize_gradients(part == accumulation - 1)
            losses = self._losses(next(batches), part)
            (losses["loss"] / accumulation).backward()
            for name, value in losses.items():
                totals[name] = totals.get(name, torch.zeros((), device=value.device)) + value.detach() / accumulation
        totals["interrupted"] = torch.tensor(float(self._setting.interruption.requested))
        means = self._processes.mean(totals)
        interrupted = means.pop("interrupted") > 0
        self._require_finite(means["loss"], "loss")
        grad_norm = self._clipped_norm()
        self._require_finite(grad_norm, "gradient")
        set_learning_rate(self._optimizer, lr)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        if self._ema is not None:
            self._ema.update()
        return means, grad_norm, interrupted

    def _losses(self, batch: Batch, part: int) -> dict[str, Tensor]:
        device = self._processes.device
        moved = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in batch.items()}
        seed = seed_of(self._setting.seed, self._phase.name, self._done, part, self._processes.rank)
        autocast = torch.autocast(device.type, torch.bfloat16) if self._precision == "bf16" else nullcontext()
        with seeded(seed, device) as generator, autocast:
            return self._shared.losses(moved, generator)

    def _clipped_norm(self) -> float:
        parameters = list(self._trained.values())
        if self._phase.clip_norm is None:
            norm = nn.utils.get_total_norm([value.grad for value in parameters if value.grad is not None])
        else:
            norm = nn.utils.clip_grad_norm_(parameters, self._phase.clip_norm)
        return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)  # type: ignore[operator]

    def _require_finite(self, value: float, name: str) -> None:
        if not math.isfinite(value):
            raise InputError(
                f"the {name} is {value} at step {self._done + 1} of phase {self._phase.name}; the last checkpoint "
                "stays, so try a lower learning rate, a longer warm-up, or clipping"
            )

    def _validated(self, validate: Validate) -> dict[str, float]:
        with nullcontext() if self._ema is None else self._ema.applied(), torch.no_grad():
            model = self._shared.whole()
            seed = seed_of(self._setting.seed, "validation", self._phase.name, self._done)
            with _evaluating(model), seeded(seed, self._processes.device):
                found = self._processes.first_does(lambda: validate(model, self._phase, self._done))
        return {name: float(value) for name, value in found.items()}

    def _tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint holds, by name, as it is in memory."""
        found = {f"model.{name}": value for name, value in self._shared.model.state_dict().items()}
        found |= moments(self._optimizer, self._trained)
        if self._ema is not None:
            found |= {f"ema.{name}": value for name, value in self._ema.averages.items()}
        return found

    def _save(self) -> None:
        progress = Progress(
            phase=self._index,
            steps=self._done,
            updates=tuple(updates(self._optimizer, self._trained)),
            cpu_s=self._setting.cpu_s,
        )
        self._setting.checkpoints.save(progress, self._tensors())

    def _write(self, **values: Any) -> None:
        if self._setting.log is not None:
            self._setting.log.write({"phase": self._phase.name, "step": self._done, **values})


def usable_precision(precision: Precision, device: torch.device) -> Precision:
    """The precision itself, or fp32 (and a note) where the processor has no bf16 instructions."""
    if precision == "bf16" and device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        note("this processor has no bf16 instructions: training in fp32")
        return "fp32"
    return precision


def _set_training_mode(model: nn.Module) -> None:
    """Training mode, except for modules whose parameters are all frozen."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
