"""Checkpoints of a run: named tensors and a few numbers, written all or nothing, the last two kept."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.networks.tensor_files import write_tensors
from kinoeye.training.processes import Processes

KEPT = 2
VERSION = 1
_STATE_FILE = "progress.json"
_SINGLE_FILE = "shard-00001-model-00001-of-00001.safetensors"
"""As torch's distributed checkpoint names the only part of a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands."""

    phase: int
    """Index of the phase."""
    steps: int
    """Steps done in it."""
    updates: tuple[int, ...]
    """How often each trained parameter was updated in it."""
    cpu_s: float
    """CPU-seconds of the first process since the run began."""


class Checkpoints:
    """The checkpoints in a folder, one sub-folder each: `<phase>-<steps>` with safetensors and a JSON file.

    One process writes one file; several write their shards through torch's distributed checkpoint in its safetensors
    form. Either is read back by any number of processes.

    Args:
        folder: where they are; it may not exist yet.
        processes: who trains; all of them save and load together.
    """

    def __init__(self, folder: Path, processes: Processes) -> None:
        self._folder = folder
        self._processes = processes

    def save(self, progress: Progress, tensors: Mapping[str, Tensor]) -> Path:
        """Write a checkpoint and remove those before the last two.

        Raises:
            InputError: the folder cannot be written; the checkpoints before stay.
        """
        from torch.distributed.checkpoint import CheckpointException

        path = self._folder / f"{progress.phase:02d}-{progress.steps:09d}"
        unfinished = self._folder / f".{path.name}.unfinished"
        self._processes.first_does(lambda: _make_empty(unfinished))
        try:
            if self._processes.world == 1:
                _save_alone(tensors, unfinished / _SINGLE_FILE)
            else:
                _save_together(tensors, unfinished)
        except (CheckpointException, InputError, OSError) as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            reason = str(error).strip().splitlines()[-1]
            raise InputError(f"the checkpoint {path.name} cannot be written ({reason}); earlier ones stay") from error
        self._processes.first_does(lambda: self._finish(unfinished, path, progress))
        return path

    def latest(self) -> Path | None:
        """The newest checkpoint, if there is one."""
        return max(complete_checkpoints(self._folder), default=None)

    def progress(self, path: Path) -> Progress:
        """Where the run stood when a checkpoint was written.

        Raises:
            InputError: the checkpoint is damaged.
        """
        where = path / _STATE_FILE
        return read_record(Progress, read_json(where), version=VERSION, where=str(where))

    def load(self, path: Path, tensors: Mapping[str, Tensor]) -> None:
        """Read a checkpoint into tensors that are there already.

        Raises:
            InputError: its names or shapes are not those of the tensors, or it is damaged.
        """
        from torch.distributed import checkpoint as distributed_checkpoint
        from torch.distributed.checkpoint import CheckpointException, HuggingFaceStorageReader

        try:
            found = HuggingFaceStorageReader(str(path)).read_metadata().state_dict_metadata
            _require_same(
                {name: tuple(getattr(data, "size", ())) for name, data in found.items()},
                {name: tuple(value.shape) for name, value in tensors.items()},
                str(path),
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that there is only one process is no news
                distributed_checkpoint.load(
                    dict(tensors),
                    storage_reader=HuggingFaceStorageReader(str(path)),
                    no_dist=self._processes.world == 1,
                )
        except (CheckpointException, OSError, RuntimeError, _safetensors_error()) as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(f"{path} is damaged ({reason}); remove it to go on from the one before") from error

    def _finish(self, unfinished: Path, path: Path, progress: Progress) -> None:
        write_json(unfinished / _STATE_FILE, write_record(progress, version=VERSION))
        if path.exists():
            shutil.rmtree(path)
        unfinished.replace(path)
        kept = sorted(complete_checkpoints(self._folder))[-KEPT:]
        for other in self._folder.iterdir():  # older ones, and what a killed run was writing or removing
            if other not in kept:
                shutil.rmtree(other, ignore_errors=True)


def complete_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, in no order; not those that a killed run was writing or removing."""
    return [path.parent for path in folder.glob(f"[0-9]*/{_STATE_FILE}")]


def _make_empty(folder: Path) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror or error}; earlier ones stay") from error


def _save_alone(tensors: Mapping[str, Tensor], path: Path) -> None:
    seen: set[int] = set()
    separate: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        value = tensor.detach().contiguous()
        # Tied weights share memory, which the format refuses: each name gets its own copy.
        separate[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    write_tensors(path, separate)


def _save_together(tensors: Mapping[str, Tensor], folder: Path) -> None:
    from torch.distributed import checkpoint as distributed_checkpoint
    from torch.distributed.checkpoint import HuggingFaceStorageWriter

    writer = HuggingFaceStorageWriter(str(folder), save_distributed=True)
    separate = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    distributed_checkpoint.save(separate, storage_writer=writer)


def _require_same(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    for name in [*wanted, *found]:
        if found.get(name) != wanted.get(name):
            has = f"has {list(found[name])}" if name in found else "is missing"
            needs = f"{list(wanted[name])} is needed" if name in wanted else "the model has none"
            raise InputError(f"{where} is of another model: {name} {has}, {needs}; choose another output folder")


def _safetensors_error() -> type[Exception]:
    from safetensors import SafetensorError

    return SafetensorError
