"""A thesaurus as Moby's is laid out: one entry a line, a word and what goes with it, between commas."""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text

_MAX_BYTES = 64 * 1024**2


def read_thesaurus(path: Path) -> dict[str, tuple[str, ...]]:
    """Word -> the words of its entry, in lower case.

    Raises:
        InputError: the file cannot be read, or no line of it is an entry.
    """
    lines = (line.strip().lower().split(",") for line in read_text(path, max_bytes=_MAX_BYTES).splitlines())
    entries = {words[0]: tuple(words[1:]) for words in lines if len(words) > 1}
    if not entries:
        raise InputError(f"{path} has no entry; each line of a thesaurus is `word,related word,another one`")
    return entries
