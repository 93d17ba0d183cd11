"""What to try instead: formats by the name of a file, and the cameras inside a folder that is none itself."""

from __future__ import annotations

import fnmatch
import os
import shlex
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.path_format import PathFormat

ALL_FORMATS = "`kinoeye convert --help` lists all formats"
MAX_NAMED = 5
"""So many formats or files are named."""
MAX_TRIED = 200
"""So many entries of a folder, and of the folders in it together, are tried."""


def formats_by_name(path: Path, formats: Mapping[str, PathFormat]) -> list[str]:
    """The formats whose files are named like this one, then those that have its suffix, at most `MAX_NAMED`."""
    name, suffix = path.name.lower(), path.suffix.lower()
    patterns = {key: (*form.FILE_NAMES, form.DEFAULT_NAME) for key, form in formats.items()}
    fitting = {key: [len(p) for p in found if fnmatch.fnmatch(name, p)] for key, found in patterns.items()}
    named = sorted((key for key, sizes in fitting.items() if sizes), key=lambda key: -max(fitting[key]))
    alike = [key for key, found in patterns.items() if suffix and any(p.lower().endswith(suffix) for p in found)]
    return list(dict.fromkeys([*named, *alike]))[:MAX_NAMED]


def either(names: list[str]) -> str:
    """Such as "a, b or c"."""
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def cameras_inside(folder: Path, recognised: Callable[[FileHead], str | None]) -> str:
    """Which entries of a folder, or of the folders in it, are camera files; empty where none of the first ones is.

    Args:
        folder: a folder that no format recognises.
        recognised: the name of the format of a file or folder.
    """
    entries = _entries(folder)
    found = _recognised(entries, recognised)
    if not found:
        deeper = (inner for entry in entries if entry.is_dir() for inner in _entries(entry))
        found = _recognised(list(islice(deeper, MAX_TRIED)), recognised)
    if not found:
        return ""
    named = ", ".join(f"{path.relative_to(folder)} ({form})" for path, form in found[:MAX_NAMED])
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return f"; inside are {named}{more}: give one, such as `kinoeye inspect {shlex.quote(str(found[0][0]))}`"


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return sorted(Path(entry.path) for entry in islice(found, MAX_TRIED))
    except OSError:
        return []


def _recognised(entries: list[Path], recognised: Callable[[FileHead], str | None]) -> list[tuple[Path, str]]:
    found = []
    for entry in entries:
        try:
            name = recognised(file_head(entry))
        except InputError:  # empty, a pipe, or not to be opened
            continue
        if name is not None:
            found.append((entry, name))
    return found
