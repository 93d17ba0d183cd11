"""Whether a file is a shot's record, told from its beginning; nothing that needs torch may live here."""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.records import record_name

VERSION = 1
SHOT_FILE = "shot.json"
_HEAD_BYTES = 4096


def is_shot(path: Path) -> bool:
    """Whether a path is a file that begins as a shot's record, or a folder with `shot.json`.

    Example:
        >>> is_shot(Path("nowhere.json"))
        False
    """
    if path.is_dir():
        return (path / SHOT_FILE).is_file()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return record_name(file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")) == "Shot"


def shot_file(path: Path) -> Path:
    """The file that a shot is written to: a path that ends in .json, or the `shot.json` of a folder that exists.

    Raises:
        InputError: it is neither.

    Example:
        >>> shot_file(Path("walk.json")).name
        'walk.json'
    """
    if path.is_dir():
        return path / SHOT_FILE
    if path.suffix.lower() != ".json":
        raise InputError(f"{path} is no name for a shot, which is JSON: end it in .json, or name a folder that exists")
    return path
