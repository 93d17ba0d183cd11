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
    captions = {name: text for name, text in data.items() if isinstance(text, str)} if isinstance(data, dict) else {}
    if key not in captions:
        raise InputError(f"{path} has no caption {key!r}; it has {', '.join(captions) or 'none'}")
    if not captions[key].strip():
        raise InputError(f"{path} has a caption {key!r} without words; say there what the camera does")
    return captions[key]
