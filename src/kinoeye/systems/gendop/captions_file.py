"""The captions beside a DataDoP shot."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json

TextKey = Literal["Movement", "Concise Interaction", "Detailed Interaction"]
TEXT_KEYS: tuple[TextKey, ...] = ("Movement", "Concise Interaction", "Detailed Interaction")


def read_caption(path: Path, key: str) -> str:
    """A caption of a shot.

    Raises:
        InputError: the file has none under this key.
    """
    data = read_json(path)
    text = data.get(key) if isinstance(data, dict) else None
    if not isinstance(text, str) or not text.strip():
        known = ", ".join(data) if isinstance(data, dict) else "nothing"
        raise InputError(f"{path} has no caption {key!r}; it has {known}")
    return text
