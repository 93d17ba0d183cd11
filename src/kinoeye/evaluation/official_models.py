"""Official checkpoints that this version loads: what their own loaders say of them, and folders made of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_folder, write_json
from kinoeye.base.records import write_record
from kinoeye.networks import open_tensors, write_tensors
from kinoeye.networks.tensor_files import MissingTensorError

if TYPE_CHECKING:
    from kinoeye.networks import LoadReport

CONFIG, WEIGHTS = "config.json", "model.safetensors"


class OfficialModel(ABC):
    """How a system reads official checkpoints; heads are what shapes do not tell, None for the released models'."""

    system: str

    def load(self, path: Path, *, heads: int | None, device: str) -> tuple[torch.nn.Module, LoadReport]:
        """The model of a checkpoint, strictly; on "meta" shapes are checked and nothing is read.

        Raises:
            InputError: anything is missing, unexpected or of another shape.
        """
        try:
            return self._load(path, heads, device)
        except MissingTensorError:
            raise
        except KeyError as error:  # a tensor whose shape tells a size
            raise InputError(f"{path} lacks {error.args[0]}, from which a size is read; is it whole?") from error

    @abstractmethod
    def _load(self, path: Path, heads: int | None, device: str) -> tuple[torch.nn.Module, LoadReport]: ...

    @abstractmethod
    def write(self, model: torch.nn.Module, folder: Path) -> None:
        """Configuration and weights into a folder that is there."""

    def refusal(self, path: Path, *, heads: int | None = None) -> str | None:
        """Why the checkpoint would not load; None if it would."""
        try:
            self.load(path, heads=heads, device="meta")
        except InputError as error:
            return str(error)
        return None

    def convert(self, path: Path, out: Path, *, heads: int | None = None) -> LoadReport:
        """A folder that `from_pretrained` and `resolve` read, from an official checkpoint.

        Raises:
            InputError: anything is missing, unexpected or of another shape, or the folder cannot be written.
        """
        model, report = self.load(path, heads=heads, device="cpu")
        with atomic_folder(out, marker=CONFIG) as temporary:
            self.write(model, temporary)
            self.load(temporary, heads=heads, device="meta")
        return report


class _GenDoP(OfficialModel):
    system = "gendop"

    def _load(self, path: Path, heads: int | None, device: str) -> tuple[torch.nn.Module, LoadReport]:
        from kinoeye.systems.gendop.checkpoint import load_folder

        return load_folder(path, num_heads=heads, device=device)

    def write(self, model: torch.nn.Module, folder: Path) -> None:
        from kinoeye.systems.gendop.checkpoint import save
        from kinoeye.systems.gendop.official import GenDoP

        assert isinstance(model, GenDoP)
        save(model, folder)


class _Clatr(OfficialModel):
    system = "clatr"

    def _load(self, path: Path, heads: int | None, device: str) -> tuple[torch.nn.Module, LoadReport]:
        from kinoeye.networks.clatr.checkpoint import load_official

        return load_official(path, heads=heads, device=device)

    def write(self, model: torch.nn.Module, folder: Path) -> None:
        from kinoeye.networks.clatr.checkpoint import KEYS
        from kinoeye.networks.clatr.config import VERSION
        from kinoeye.networks.clatr.model import Clatr

        assert isinstance(model, Clatr)
        write_tensors(folder / WEIGHTS, KEYS.to_official(model))
        write_json(folder / CONFIG, write_record(model.config, version=VERSION))


class _Director(OfficialModel):
    system = "director"

    def _load(self, path: Path, heads: int | None, device: str) -> tuple[torch.nn.Module, LoadReport]:
        from kinoeye.networks.director.checkpoint import load_official

        return load_official(path, heads=heads, device=device)

    def write(self, model: torch.nn.Module, folder: Path) -> None:
        from kinoeye.networks.director.checkpoint import KEYS
        from kinoeye.networks.director.config import VERSION
        from kinoeye.networks.director.model import Director

        assert isinstance(model, Director)
        write_tensors(folder / WEIGHTS, KEYS.to_official(model))
        write_json(folder / CONFIG, write_record(model.config, version=VERSION))


class _AMG(OfficialModel):
    """The network, its adapters merged; its image autoencoder is looked at too, but stays the file that it is."""

    system = "amg"

    def _load(self, path: Path, heads: int | None, device: str) -> tuple[torch.nn.Module, LoadReport]:
        from kinoeye.systems.amg.autoencoder import is_autoencoder, load_autoencoder
        from kinoeye.systems.amg.checkpoint import load_folder

        if heads is not None:
            raise InputError(f"{heads} heads are given; the heads of AMG are told by its shapes: leave --heads out")
        tensors = open_tensors(path)
        if is_autoencoder(tensors):
            return load_autoencoder(tensors, device=device)
        return load_folder(path, device=device)

    def write(self, model: torch.nn.Module, folder: Path) -> None:
        from kinoeye.systems.amg.checkpoint import save
        from kinoeye.systems.amg.model import AMG

        if not isinstance(model, AMG):
            raise InputError("this is AMG's image autoencoder; it is not imported: give the file as the autoencoder")
        save(model, folder)


MODELS: dict[str, OfficialModel] = {model.system: model for model in (_GenDoP(), _Clatr(), _Director(), _AMG())}
"""System -> how its official checkpoints are read."""


def import_checkpoint(path: Path, out: Path, *, system: str, heads: int | None = None) -> LoadReport:
    """Make a folder of ours from an official checkpoint, or say why not.

    Args:
        path: a .safetensors file, a folder of one or of shards, or a torch file of weights.
        out: the folder to make.
        system: whose checkpoint it is.
        heads: attention heads, which weights do not tell; None for those of the released models.

    Raises:
        InputError: the system has no official checkpoints, or the file is another kind's, damaged or not whole.
    """
    from kinoeye.evaluation.checkpoint_report import check_checkpoint

    if system not in MODELS:
        raise InputError(f"official checkpoints of {system!r} are not read; those of {', '.join(MODELS)} are")
    report = check_checkpoint(path, system=system)
    if report.missing:
        raise InputError(
            f"{path} is an incomplete checkpoint of {report.kind.title}; {len(report.missing)} parts are missing: "
            f"{', '.join(report.missing[:4])}"
        )
    return MODELS[system].convert(path, out, heads=heads)
