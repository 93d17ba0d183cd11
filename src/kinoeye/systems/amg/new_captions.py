"""The captions of `change_background`: names of films, and what they should show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json

MAX_BYTES = 4_000_000
MAX_CHARACTERS = 10_000
_TEXTS, _NAMES = "new_captions", "new_caption_file_names"


@dataclass(frozen=True)
class NewCaption:
    """A film to be made."""

    name: str
    """Of its file."""
    text: str


def read_new_captions(folder: Path | str, numbers: Sequence[int]) -> tuple[NewCaption, ...]:
    """The captions of a clip from `frame_%06d.json`: two lists side by side, of captions and of names.

    Args:
        folder: of the files.
        numbers: the frame may be any of these; the first that has a file decides.

    Raises:
        InputError: there is no such file, it is damaged, or a name is no file name or is there twice.
    """
    candidates = [Path(folder) / f"frame_{number:06d}.json" for number in numbers]
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        raise InputError(f"{folder} has no {' nor '.join(path.name for path in candidates)}; write the captions there")
    data = read_json(file, max_bytes=MAX_BYTES)
    if not isinstance(data, dict):
        raise InputError(f"{file} holds no object; lists {_TEXTS} and {_NAMES} are needed")
    texts, names = (_strings(data, key, file) for key in (_TEXTS, _NAMES))
    if len(texts) != len(names) or not texts:
        raise InputError(f"{file} has {len(texts)} captions and {len(names)} names; as many of both are needed")
    for name in names:
        if not name or Path(name).name != name or name.startswith(".") or names.count(name) > 1:
            raise InputError(f"{file} names a film {name!r}; give each a file name of its own, without a folder")
    for text in texts:
        check_caption(text, where=str(file))
    return tuple(NewCaption(name, text) for name, text in zip(names, texts, strict=True))


def check_caption(text: str, *, where: str) -> None:
    """Hold that a caption has words, and not more than a page of them.

    Raises:
        InputError: it has not.
    """
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise InputError(f"a caption of {where} has {len(text)} characters; say in a few sentences what the film shows")


def _strings(data: dict[str, object], key: str, file: Path) -> list[str]:
    values = data.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InputError(f"{file} has no list of texts {key}; add it")
    return [str(value) for value in values]
