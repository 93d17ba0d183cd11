"""The training loop: a recipe's phases, one after another, into a folder from which they can be gone on with."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_folder
from kinoeye.networks.recipe import Phase, Recipe
from kinoeye.networks.seeding import seeded
from kinoeye.training import run_folder
from kinoeye.training.checkpoints import Checkpoints, Progress
from kinoeye.training.interruption import Interruption
from kinoeye.training.learning_curve import draw_learning_curve
from kinoeye.training.parallel import Parallel
from kinoeye.training.phase_training import PhaseTraining, Setting, Validate
from kinoeye.training.processes import Processes, joined_processes
from kinoeye.training.randomness import seed_of


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What came out of a run."""

    model: Path
    """The folder that the recipe exported to."""
    steps: int
    """Of all phases together."""
    losses: dict[str, float]
    """Of the last step."""
    validation: dict[str, float]
    """Of the last validation; empty if there was none."""
    cpu_s: float
    """CPU-seconds of the first process, interrupted parts included."""


def fit(
    recipe: Recipe,
    out: Path | str,
    *,
    seed: int,
    device: str = "auto",
    phases: Sequence[Phase] | None = None,
    validate: Validate | None = None,
    resume: bool = True,
    parallel: Parallel = "ddp",
    argv: Sequence[str] = (),
) -> Fitted:
    """Train a recipe phase after phase and export the model to `out/model`; an interrupted run goes on where it was.

    Every batch, every dropout mask and the first weights follow from the seed and the step alone, so a run that was
    killed and resumed ends in the same bits as an unbroken one on the same machine. Where torchrun has started several
    processes, they share every step. A phase begins with the averaged weights (EMA) of the one before, if it had them.
    Where the recipe is `BuiltOnWeights`, `run.json` says on which.

    Args:
        recipe: what is trained.
        out: the run's folder; checkpoints, `metrics.jsonl`, `learning-curve.png` and `run.json` lie beside the model.
        seed: of all randomness.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        phases: instead of the recipe's own, such as `adjusted_phases` of them.
        validate: called with the model (in evaluation mode, with averaged weights where there are any), the phase
            and the number of its steps, every `validate_every` steps and at the phase's end; its numbers are logged.
        resume: whether to go on with a run that the folder holds.
        parallel: how several processes share the model: "ddp" replicates it, "fsdp" shards it.
        argv: the command line to remember in `run.json`.

    Raises:
        InputError: the folder holds another run or is in use, a number is out of range, or the loss is not finite.
        TrainingInterruptedError: Ctrl-C or SIGTERM; a checkpoint was written.
    """
    folder = Path(out)
    phases = tuple(recipe.phases if phases is None else phases)
    with joined_processes(device) as processes, Interruption() as interruption:
        _check_phases(phases, processes.world)
        with _OpenFolder(folder, processes):
            ours = run_folder.identity(recipe, phases, seed)
            processes.first_does(lambda: run_folder.begin(folder, ours, resume=resume, argv=argv))
            run = _Run(recipe, folder, processes, phases, seed, validate, parallel, interruption)
            return run.finish()


class _OpenFolder:
    """The lock of a run's folder, held by the first process."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self._processes = processes
        self._lock = run_folder.locked(folder)

    def __enter__(self) -> None:
        self._processes.first_does(self._lock.__enter__)

    def __exit__(self, *error: Any) -> None:
        if self._processes.is_first:
            self._lock.__exit__(*error)


@dataclass(frozen=True)
class _Run:
    recipe: Recipe
    folder: Path
    processes: Processes
    phases: tuple[Phase, ...]
    seed: int
    validate: Validate | None
    parallel: Parallel
    interruption: Interruption

    def finish(self) -> Fitted:
        """Train what is left, export, and draw the curve."""
        exported = self.folder / run_folder.MODEL
        if not exported.is_dir():
            model = self._train()
            self.processes.first_does(lambda: _export(self.recipe, model, exported))
        return self.processes.first_does(self._summary)

    def _train(self) -> nn.Module:
        checkpoints = Checkpoints(self.folder / run_folder.CHECKPOINTS, self.processes)
        latest = checkpoints.latest()
        self.processes.barrier()  # nobody writes a checkpoint before all have seen which is the latest
        begun = Progress(phase=0, steps=0, updates=(), cpu_s=0.0) if latest is None else checkpoints.progress(latest)
        with self._opened_log(begun) as log:
            setting = Setting(
                recipe=self.recipe, seed=self.seed, processes=self.processes, parallel=self.parallel,
                validate=self.validate, checkpoints=checkpoints, log=log, interruption=self.interruption,
                cpu_before=begun.cpu_s - time.process_time(),
            )  # fmt: skip
            model: nn.Module | None = None
            for index, phase in enumerate(self.phases):
                model = self._build(phase, model)
                if index < begun.phase:
                    continue
                training = PhaseTraining(setting, model, phase, index)
                if index == begun.phase and latest is not None:
                    training.load(latest)
                model = training.train()
        assert model is not None
        return model

    def _opened_log(self, begun: Progress) -> AbstractContextManager[run_folder.MetricsLog | None]:
        if not self.processes.is_first:
            return nullcontext()
        names = [phase.name for phase in self.phases]
        path = self.folder / run_folder.METRICS
        return closing(run_folder.MetricsLog(path, names, phase=begun.phase, steps=begun.steps))

    def _build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        with seeded(seed_of(self.seed, "build", phase.name), self.processes.device):
            return self.recipe.build(phase, previous).to(self.processes.device)

    def _summary(self) -> Fitted:
        path = self.folder / run_folder.METRICS
        rows = run_folder.read_metrics(path)
        if not any("losses" in row for row in rows):
            raise InputError(f"{path} has no steps of the run that made the {run_folder.MODEL} beside it; restore it")
        draw_learning_curve(rows, self.folder / run_folder.CURVE)
        last: Mapping[str, Any] = [row for row in rows if "losses" in row][-1]
        validations = [row["validation"] for row in rows if "validation" in row]
        return Fitted(
            model=self.folder / run_folder.MODEL,
            steps=sum(phase.steps for phase in self.phases),
            losses=last["losses"],
            validation=validations[-1] if validations else {},
            cpu_s=last["cpu_s"],
        )


def _check_phases(phases: Sequence[Phase], world: int) -> None:
    if not phases:
        raise InputError("the recipe has no phase; at least one is needed")
    twice = [name for name, times in Counter(phase.name for phase in phases).items() if times > 1]
    if twice:
        raise InputError(f"two phases are named {twice[0]!r}; names must differ")
    for phase in phases:
        if phase.batch_size % (phase.accumulation * world):
            raise InputError(
                f"batch_size {phase.batch_size} of phase {phase.name} cannot be split into {phase.accumulation} "
                f"batches for each of {world} processes; choose a multiple of {phase.accumulation * world}"
            )


def _export(recipe: Recipe, model: nn.Module, folder: Path) -> None:
    model.eval()
    with atomic_folder(folder, marker=run_folder.MODEL) as made:  # nothing is there yet, so no marker is looked for
        recipe.export(model, made)
