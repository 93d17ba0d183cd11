"""A finished training run becomes a checkpoint that ships, or the stored scores of a baseline that does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.run_record import RunRecord
from kinoeye.networks import open_tensors, write_tensors
from kinoeye.training.run_folder import METRICS, MODEL, read_metrics
from kinoeye.weights import CurvePoint, Entry, StoredRow, WeightsIndex
from kinoeye.weights.index import PARTS, ROOT, folder_sha256
from kinoeye.weights.verified_folder import file_records

CURVE_POINTS = 32
"""A stored learning curve has at most so many."""
_RECIPE_FILE = "training.json"
_SECONDS_PER_HOUR = 3600
_MAX_SETTING = 80


@dataclass(frozen=True)
class Evaluated:
    """What a system's evaluation said of a folder of weights."""

    metrics: Mapping[str, float | None]
    argv: tuple[str, ...]
    """The command line after `kinoeye` that measures them on the checkpoint that ships."""
    worlds_sha256: str = ""
    """Of what it was scored on."""


Evaluate = Callable[[Path], Evaluated]
"""Loads a folder through the system's own pipeline and scores it."""


@dataclass(frozen=True)
class TrainingRun:
    """The folder of a finished run of `kinoeye train`."""

    folder: Path
    record: RunRecord
    recipe: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]

    @classmethod
    def open(cls, folder: Path) -> TrainingRun:
        """The run in a folder.

        Raises:
            InputError: it is no run, or it has not finished.
        """
        record = RunRecord.read(folder)
        if not (folder / MODEL).is_dir():
            raise InputError(f"{folder} has no {MODEL}: its training has not finished; run its command again to go on")
        rows = read_metrics(folder / METRICS)
        if not any("losses" in row for row in rows):
            raise InputError(f"{folder} has no {METRICS} with losses; give the folder of a run of `kinoeye train`")
        recipe = read_json(folder / _RECIPE_FILE)
        return cls(folder, record, recipe, rows)

    @property
    def model(self) -> Path:
        """What it exported: averaged weights and their configuration."""
        return self.folder / MODEL

    @property
    def system(self) -> str:
        """What `kinoeye train` was given; for a part, the system under which it stands.

        Raises:
            InputError: the run was not started by it.
        """
        if self._trained is None:
            raise InputError(f"{self.folder}/run.json does not say which system was trained; give --system")
        return PARTS.get(self._trained, self._trained)

    @property
    def is_part(self) -> bool:
        """Whether it is of use only within something else, so that no system's evaluation scores it alone."""
        return self._trained in PARTS

    @property
    def _trained(self) -> str | None:
        argv = self.record.argv
        return argv[1] if len(argv) > 1 and argv[0] == "train" else None

    @property
    def command(self) -> tuple[str, ...]:
        """Its command line, without where on this machine its files were."""
        return tuple(_without_folder(word) for word in self.record.argv)

    @property
    def data(self) -> str:
        """Its recipe with the settings that decide what it is trained on."""
        settings = {**self.recipe.get("settings", {})}
        told = [f"{name} {_short(value)}" for name, value in settings.items()]
        phases = [
            f"phase {name}: {phase['steps']} steps of {phase['batch_size']}"
            for name, phase in self.recipe.get("phases", {}).items()
        ]
        return "; ".join([", ".join([str(self.recipe.get("recipe", "unknown recipe")), *told]), *phases])

    @property
    def cpu_seconds(self) -> float:
        """Of the first process."""
        return float(self._steps[-1]["cpu_s"])

    @property
    def hours(self) -> float:
        """Wall-clock time of all steps."""
        sizes = {name: phase["batch_size"] for name, phase in self.recipe.get("phases", {}).items()}
        seconds = sum(sizes.get(row["phase"], 0) / row["items_per_s"] for row in self._steps if row["items_per_s"] > 0)
        return seconds / _SECONDS_PER_HOUR

    @property
    def learning_curve(self) -> tuple[CurvePoint, ...]:
        """Validations over steps of all phases, or losses where nothing was validated; evenly thinned."""
        done, before, last = 0, 0, {"phase": None, "step": 0, "cpu_s": 0.0}
        validations: list[CurvePoint] = []
        losses: list[CurvePoint] = []
        for row in self.rows:
            if row["phase"] != last["phase"]:
                before, last = done, {**last, "phase": row["phase"]}
            done = before + row["step"]
            if "losses" in row:
                last = row
                losses.append(CurvePoint(step=done, cpu_seconds=row["cpu_s"], metrics=dict(row["losses"])))
            elif "validation" in row:
                found = dict(row["validation"])
                validations.append(CurvePoint(step=done, cpu_seconds=last["cpu_s"], metrics=found))
        points = validations or losses
        chosen = torch.linspace(0, len(points) - 1, min(CURVE_POINTS, len(points))).round().int().tolist()
        return tuple(points[index] for index in chosen)

    @property
    def validation(self) -> dict[str, float]:
        """What the last validation said; empty if there was none."""
        return next((dict(row["validation"]) for row in reversed(self.rows) if "validation" in row), {})

    @property
    def _steps(self) -> list[Mapping[str, Any]]:
        return [row for row in self.rows if "losses" in row]


def publish(
    run: Path, evaluate: Evaluate, *, name: str, system: str | None = None, licence: str = "Apache-2.0",
    root: Path = ROOT,
) -> Entry:  # fmt: skip
    """Export a run's averaged weights in 16 bits, read them back, score them, and enter them into `weights.json`.

    Nothing is changed until all of it has succeeded.

    Args:
        run: folder of a finished run.
        evaluate: scores a folder; it is given the 16-bit weights, so that their loading is proven too.
        name: of the checkpoint.
        system: "shared" for a part that several systems use; None for what the run trained.
        licence: of the weights.
        root: the folder of weights.json.

    Raises:
        InputError: the run has not finished, was trained on another shared checkpoint, its weights are not numbers
            or do not come back as they were written, or the system would be over its budget.
    """
    training = TrainingRun.open(run)
    system = system or training.system
    index = WeightsIndex.read(root)
    place = root / system / name
    staged = root / system / f".{name}.staged"
    facts = {
        "system": system, "name": name, "command": training.command, "seeds": dict(training.record.seeds),
        "data": training.data, "hours": round(training.hours, 3), "cpu_seconds": round(training.cpu_seconds, 3),
        "learning_curve": training.learning_curve, "depends_on": dict(training.record.weights_sha256),
        "licence": licence,
    }  # fmt: skip
    Entry(**facts, files={}, metrics={}, evaluation=())  # refuses a bad name before anything is written
    try:
        export_16_bits(training.model, staged)
        files = file_records(staged)
        index.with_entry(Entry(**facts, files=files, metrics={}, evaluation=()))  # its budget, before it is scored
        scored = evaluate(staged)
        entry = Entry(**facts, files=files, metrics=_known(scored.metrics), evaluation=scored.argv)
        with _in_place(staged, place):
            index.with_entry(entry).write(root)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return entry


def publish_stored(
    run: Path, evaluate: Evaluate, *, name: str, system: str | None = None, root: Path = ROOT
) -> StoredRow:
    """Score a run's weights and store the scores as those of a baseline whose weights do not ship.

    Args:
        run: folder of a finished run.
        evaluate: scores a folder.
        name: of the baseline; tables call a metric of it `<metric>_<name>`.
        system: None for what the run trained.
        root: the folder of weights.json.

    Raises:
        InputError: the run has not finished or cannot be scored.
    """
    training = TrainingRun.open(run)
    scored = evaluate(training.model)
    row = StoredRow(
        system=system or training.system,
        name=name,
        command=training.command,
        seeds=dict(training.record.seeds),
        sha256=folder_sha256({file: record.sha256 for file, record in file_records(training.model).items()}),
        cpu_seconds=round(training.cpu_seconds, 3),
        metrics=_known(scored.metrics),
        evaluation=scored.argv,
        worlds_sha256=scored.worlds_sha256,
    )
    WeightsIndex.read(root).with_stored(row).write(root)
    return row


def validated(run: Path) -> Evaluate:
    """For parts, which no system's evaluation scores alone: what the run's last validation said.

    Raises:
        InputError: the run had none.
    """
    found = TrainingRun.open(run).validation
    if not found:
        raise InputError(f"{run} was never validated and no system scores it alone; train it with validation")
    return lambda folder: Evaluated(found, ())


def export_16_bits(model: Path, folder: Path) -> None:
    """Copy a folder of weights with every float in 16 bits, and hold that it reads back as it was written.

    A file's floats become float16 where all of them fit, else bfloat16.

    Args:
        model: config.json, other JSON, and .safetensors.
        folder: where; it is made anew.

    Raises:
        InputError: another kind of file lies there, a weight is not a number, or what is read back differs.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder.parent} cannot be written: {error.strerror or error}") from error
    for path in sorted(model.iterdir()):
        if path.suffix == ".safetensors":
            _export_file(path, folder / path.name)
        elif path.suffix == ".json":
            shutil.copyfile(path, folder / path.name)
        else:
            raise InputError(f"{path} is neither .json nor .safetensors, which is all that ships")


def _export_file(source: Path, target: Path) -> None:
    tensors = dict(open_tensors(source))
    for key, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise InputError(f"{key} of {source} has values that are not finite; the run has diverged")
    wide = [value for value in tensors.values() if value.is_floating_point() and value.element_size() > 2]
    fits = all(bool(value.half().isfinite().all()) for value in wide)
    dtype = torch.float16 if fits else torch.bfloat16
    stored = {key: _narrowed(value, dtype).contiguous().clone() for key, value in tensors.items()}
    write_tensors(target, stored)
    again = open_tensors(target)
    different = [key for key in {*stored, *again} if key not in again or not _same(stored.get(key), again[key])]
    if different:
        raise InputError(f"{different[0]} does not read back from {target.name} as it was written; is the disk sound?")


def _narrowed(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype) if value.is_floating_point() and value.element_size() > 2 else value


def _same(written: Tensor | None, read: Tensor) -> bool:
    return written is not None and written.dtype == read.dtype and torch.equal(written, read)


@contextmanager
def _in_place(staged: Path, place: Path) -> Iterator[None]:
    """Give a folder its name inside the block; if the block fails, what had the name before has it again."""
    before = place.with_name(f".{place.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    if place.exists():
        place.replace(before)
    try:
        staged.replace(place)
        yield
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if before.exists():
            before.replace(place)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _known(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else float(value) for name, value in metrics.items()}


def _without_folder(word: str) -> str:
    option, mark, value = word.rpartition("=")
    return f"{option}{mark}{Path(value).name}" if Path(value).is_absolute() else word


def _short(value: Any) -> str:
    text = _without_folder(str(value))
    return text if len(text) <= _MAX_SETTING else f"{text[:_MAX_SETTING]}..."
