"""What a checkpoint is before it is loaded: its kind, its parts, their types, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text
from kinoeye.base.records import record_name
from kinoeye.evaluation.official_models import CONFIG, MODELS
from kinoeye.formats.containers.safetensors_header import TensorHead
from kinoeye.networks.checkpoint_kinds import KINDS, CheckpointKind, recognise
from kinoeye.networks.tensor_heads import read_tensor_heads


@dataclass(frozen=True)
class TensorGroup:
    """The tensors whose keys begin alike, such as an encoder."""

    name: str
    tensors: int
    parameters: int
    bytes: int
    dtypes: tuple[str, ...]


@dataclass(frozen=True)
class CheckpointReport:
    """What the keys, types and shapes of a checkpoint say."""

    file: str
    kind: CheckpointKind
    prefix: str
    """What a training framework put before every key."""
    heads: Mapping[str, TensorHead]
    """Key without the prefix -> type and shape."""
    others: int
    """Tensors without the prefix, such as those of an optimizer or of another network."""
    missing: tuple[str, ...]
    """What a whole checkpoint of this kind also has."""
    problem: str | None
    """Why the system's own loader refuses it; None if it would load, or where no loader of ours reads this kind."""

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return sum(head.count for head in self.heads.values())

    @property
    def groups(self) -> tuple[TensorGroup, ...]:
        """Its parts in the order of the file, by the first word that their keys do not share."""
        words = [key.split(".") for key in self.heads]
        columns = enumerate(zip(*words, strict=False))
        shared = next((depth for depth, column in columns if len(set(column)) > 1), 0)
        members: dict[str, list[TensorHead]] = {}
        for parts, head in zip(words, self.heads.values(), strict=True):
            members.setdefault(parts[shared], []).append(head)
        return tuple(
            TensorGroup(
                name,
                len(heads),
                sum(head.count for head in heads),
                sum(head.bytes for head in heads),
                tuple(sorted({head.dtype for head in heads})),
            )
            for name, heads in members.items()
        )

    @property
    def holds(self) -> bool:
        """Whether nothing is missing and our loader, where there is one, takes it."""
        return not self.missing and self.problem is None


def check_checkpoint(path: Path | str, *, system: str | None = None) -> CheckpointReport:
    """Recognise an official checkpoint and say what it holds and lacks; no value is read.

    Args:
        path: a .safetensors file, a folder of one or of shards, or a torch file.
        system: which system's checkpoint it should be; None for any.

    Raises:
        InputError: the file is damaged, is no known model, or is another system's.
    """
    heads = read_tensor_heads(path)
    found = recognise(heads)
    if found is None:
        raise InputError(_unknown(Path(path), heads))
    kind, prefix = found
    if system is not None and kind.system != system:
        raise InputError(f"{path} is a checkpoint of {kind.title}; a checkpoint of {system} is needed")
    bare = {key[len(prefix) :]: head for key, head in heads.items() if key.startswith(prefix)}
    model = MODELS.get(kind.system)
    problem = None if model is None else model.refusal(Path(path))
    return CheckpointReport(str(path), kind, prefix, bare, len(heads) - len(bare), tuple(kind.missing(bare)), problem)


def _unknown(path: Path, heads: Mapping[str, TensorHead]) -> str:
    """That no published model has these tensors, and whether the folder is one that Kinoeye wrote."""
    config = (path if path.is_dir() else path.parent) / CONFIG
    own = record_name(read_text(config)) if config.is_file() else None
    if own is not None:
        return (
            f"{path} was written by Kinoeye ({CONFIG} holds a {own}) and is no published checkpoint; give it to --model"
        )
    known = ", ".join(dict.fromkeys(kind.system for kind in KINDS))
    example = ", ".join(list(heads)[:2])
    return (
        f"{path} holds {len(heads)} tensors ({example}, ...) of no model that is known here; known are those of {known}"
    )
