"""Whether a file is a shot's record, told from its beginning; nothing that needs torch may live here."""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.records import record_name

VERSION = 1
_HEAD_BYTES = 4096


def is_shot(path: Path) -> bool:
    """Whether a path is a file that begins as a shot's record, or a folder with `shot.json`.

    Example:
        >>> is_shot(Path("nowhere.json"))
        False
    """
    if path.is_dir():
        return (path / "shot.json").is_file()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return record_name(file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")) == "Shot"
