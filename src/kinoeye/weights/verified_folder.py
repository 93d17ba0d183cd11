"""A name or folder -> a folder of weights whose files are whole."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file
from kinoeye.base.run_record import RUN_FILE, RunRecord
from kinoeye.formats.containers.safetensors_header import read_safetensors_header
from kinoeye.weights.index import ROOT, SHARED, Entry, FileRecord, WeightsIndex, folder_sha256

_PATTERNS = ("*.json", "*.safetensors")
_TRAINED = "model"
"""The folder of a training run with its model; the run's record stands beside it."""


@dataclass(frozen=True)
class VerifiedFolder(os.PathLike[str]):
    """A folder of weights that was found whole; it can be given wherever a path can."""

    path: Path
    entry: Entry | None
    """What is known of it, if it ships."""

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def sha256(self) -> str:
        """One checksum of its weights and configuration, as run.json and weights.json hold it."""
        if self.entry is not None:
            return self.entry.sha256
        return folder_sha256({name: file.sha256 for name, file in file_records(self.path).items()})


def resolve(name_or_folder: str | Path, *, system: str, root: Path = ROOT) -> VerifiedFolder:
    """The folder of a checkpoint that ships, by name, or a folder of one's own; a name goes before a folder.

    What ships is held to its sha256, once in a process. A folder of one's own is held to be complete safetensors,
    and, where its run.json (or that of the training run it lies in) says what shared checkpoints it was trained on,
    to those.

    Args:
        name_or_folder: such as "tiny", or a folder with config.json and one or more .safetensors files.
        system: such as "gendop", or "shared" for a part that several systems use.
        root: the folder of weights.json.

    Raises:
        InputError: there is no such name or folder, or a file is missing, damaged or cut off.
    """
    index = WeightsIndex.read(root)
    name = str(name_or_folder)
    if index.has(name, system):
        entry = index.entry(name, system)
        folder = root / system / name
        for file, expected in entry.files.items():
            _check_file(folder / file, expected, name)
        return VerifiedFolder(folder, entry)
    folder = Path(name_or_folder)
    if not folder.is_dir():
        if folder.exists():
            raise InputError(
                f"{folder} is a file; a folder of weights is needed (`kinoeye weights import {folder} --as {system} "
                "-o DIR` makes one from an official checkpoint)"
            )
        index.entry(name, system)
    _check_own_folder(folder, index)
    return VerifiedFolder(folder, None)


def file_records(folder: Path) -> dict[str, FileRecord]:
    """The sha256 and size of each file of weights and configuration in a folder; run.json is none of them."""
    paths = sorted(path for pattern in _PATTERNS for path in folder.glob(pattern) if path.name != RUN_FILE)
    return {path.name: FileRecord(sha256=_sha256_of(path), bytes=path.stat().st_size) for path in paths}


def _check_file(path: Path, expected: FileRecord, name: str) -> None:
    again = f"checkpoint {name!r} is damaged: install kinoeye again"
    if not path.is_file():
        raise InputError(f"{path} is missing; {again}")
    size = path.stat().st_size
    if size != expected.bytes:
        raise InputError(f"{path} has {size:,} bytes instead of {expected.bytes:,}; {again}")
    if _sha256_of(path) != expected.sha256:
        raise InputError(f"{path} does not have the sha256 that weights.json says; {again}")


def _check_own_folder(folder: Path, index: WeightsIndex) -> None:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputError(
            f"{folder} holds no .safetensors; give a folder of weights (`kinoeye weights import FILE --as SYSTEM "
            "-o DIR` makes one from an official checkpoint)"
        )
    for file in files:
        read_safetensors_header(file)
    whole = folder.resolve()
    for place in (whole, whole.parent) if whole.name == _TRAINED else (whole,):
        if (place / RUN_FILE).is_file():
            trained_on = RunRecord.read(place).weights_sha256
            shared = {name: sha256 for name, sha256 in trained_on.items() if index.has(name, SHARED)}
            index.check_dependencies(shared, str(folder))


def _sha256_of(path: Path) -> str:
    status = path.stat()
    return _hashed(str(path.resolve()), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hashed(path: str, size: int, modified_ns: int) -> str:
    """The sha256 of a file's bytes; size and time stand for the bytes, so that a changed file is read again."""
    return sha256_of_file(path)
