"""Whether official checkpoints would work: fixtures of the official code, held against ours.

A fixture is a folder of small random weights, inputs, and what the official code made of them. It is loaded through
the code that loads official checkpoints, so that nothing stands between the two but size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.networks import TensorFile, open_tensors
from kinoeye.networks.checkpoint_kinds import recognise

CONFIG, WEIGHTS = "config.json", "weights.safetensors"


@dataclass(frozen=True)
class Parity:
    """How far ours is from the official code on one fixture."""

    system: str
    fixture: str
    outputs: dict[str, float]
    """Output -> largest absolute difference; for tokens, how many differ."""


@dataclass(frozen=True)
class Fixture:
    """A folder of a fixture; every size comes from its configuration and its tensors."""

    folder: Path
    config: Mapping[str, Any]
    weights: TensorFile

    @classmethod
    def open(cls, folder: Path, system: str, suffix: str = "") -> Fixture:
        """The fixture of a system in a folder, or the one with a suffix such as "_rgbd".

        Raises:
            InputError: a file is missing or damaged, or the weights are another system's.
        """
        config = read_json(folder / CONFIG.replace(".", f"{suffix}.", 1))
        if not isinstance(config, dict):
            raise InputError(f"the configuration in {folder} is no JSON object; give a folder of a parity fixture")
        weights = open_tensors(folder / WEIGHTS.replace(".", f"{suffix}.", 1))
        found = recognise(set(weights))
        if found is None or found[0].system != system:
            given = "no known model" if found is None else found[0].title
            raise InputError(f"{weights.name} holds weights of {given}; a fixture of {system} is needed")
        return cls(folder, config, weights)

    def tensors(self, name: str) -> TensorFile:
        """The named tensors of `<name>.safetensors`; none if there is no such file."""
        return tensors_of(self.folder, name)


def tensors_of(folder: Path, name: str) -> TensorFile:
    """The tensors of `<name>.safetensors` in a folder; none if there is no such file."""
    path = folder / f"{name}.safetensors"
    return open_tensors(path) if path.is_file() else TensorFile.of({}, str(path))


def difference(ours: Tensor, official: Tensor) -> float:
    """Largest absolute difference, or how many whole numbers differ; NaN where ours is not a number.

    Example:
        >>> difference(torch.tensor([1, 2, 3]), torch.tensor([1, 5, 7]))
        2.0
    """
    if not official.is_floating_point():
        return float((ours != official).sum())
    return float((ours.double() - official.double()).abs().max())


def differences(ours: Mapping[str, Tensor], official: Mapping[str, Tensor]) -> dict[str, float]:
    """Output -> difference, of each that both have.

    Raises:
        InputError: an output has another shape than the fixture's.
    """
    for name, value in ours.items():
        if name in official and value.shape != official[name].shape:
            raise InputError(
                f"{name} has shape {list(value.shape)} where the fixture has {list(official[name].shape)}; is its "
                "configuration that of its weights?"
            )
    return {name: difference(value, official[name]) for name, value in ours.items() if name in official}


def _runners() -> dict[str, Callable[[Path], dict[str, float]]]:
    from kinoeye.evaluation.parity_amg import amg_parity
    from kinoeye.evaluation.parity_clatr import clatr_parity
    from kinoeye.evaluation.parity_director import director_parity
    from kinoeye.evaluation.parity_gendop import gendop_parity

    return {"gendop": gendop_parity, "amg": amg_parity, "clatr": clatr_parity, "director": director_parity}


def measure_parity(system: str, folder: Path | str) -> Parity:
    """Run ours on a fixture of the official code.

    Args:
        system: "gendop", also for the fixtures inside of its own, "amg", or "clatr" or "director" alone.
        folder: laid out as the readme of that system's fixture says, with weights of any size.

    Raises:
        InputError: the system has no fixtures, or the folder is none of its fixtures, or is damaged.
    """
    runners = _runners()
    if system not in runners:
        raise InputError(f"there are no fixtures of {system!r}; known: {', '.join(runners)}")
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give the folder of a parity fixture")
    with torch.no_grad():
        outputs = runners[system](folder)
    if not outputs:
        raise InputError(f"{folder} has nothing to compare; a fixture holds outputs of the official code")
    return Parity(system, str(folder), outputs)
