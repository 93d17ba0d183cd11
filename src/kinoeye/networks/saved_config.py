"""The record of a model's sizes, where it was saved beside its weights."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self, TypeVar

from kinoeye.base.files import read_json, read_text, write_json
from kinoeye.base.records import read_record, record_name, write_record

FILE_NAME = "config.json"

Config = TypeVar("Config")


class SavedConfig:
    """A frozen record of a model's sizes that is saved beside its weights."""

    VERSION: ClassVar[int] = 1

    def save(self, folder: Path) -> None:
        """Write the record into a folder.

        Raises:
            InputError: the folder cannot be written.
        """
        write_json(folder / FILE_NAME, write_record(self, version=self.VERSION))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The record in a folder.

        Raises:
            InputError: there is none, it is damaged, or a key is unknown.
        """
        path = folder / FILE_NAME
        return read_record(cls, read_json(path), version=cls.VERSION, where=str(path))


def saved_config(checkpoint: Path | str, kind: type[Config], *, version: int) -> Config | None:
    """The record in a checkpoint's folder; None where there is none, or only another program's `config.json`.

    Args:
        checkpoint: a folder, or a file in one.
        kind: the record.
        version: of the record.

    Raises:
        InputError: the record is damaged, or has a key that is not known.
    """
    path = Path(checkpoint)
    file = (path if path.is_dir() else path.parent) / FILE_NAME
    if not file.is_file() or record_name(read_text(file)) != kind.__name__:
        return None
    return read_record(kind, read_json(file), version=version, where=str(file))
