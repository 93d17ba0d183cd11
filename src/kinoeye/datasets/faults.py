"""What is wrong with a data set: faults of its items and files, whatever its layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text, sha256_of_file
from kinoeye.base.findings import Severity
from kinoeye.base.progress import track

CHECKSUMS = "SHA256SUMS"
"""Name of the list of all files' sha256."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong."""

    item: str
    """What in the set it is about, such as "SPLIT/VIDEO/SHOT"; "" for the folder."""
    file: str
    """Name of the file within the folder."""
    code: str
    """Short name of the kind of fault."""
    severity: Severity
    """An error keeps the set's own loader from reading the item as it is; a warning does not."""
    message: str


@dataclass(frozen=True, kw_only=True)
class SetReport:
    """What was checked and found."""

    shots: dict[str, int]
    """Part of the set, such as a split -> entries in it."""
    faults: tuple[Fault, ...]
    """Errors first, then in the order of the set."""

    @property
    def holds(self) -> bool:
        """Whether there is no error."""
        return all(fault.severity != "error" for fault in self.faults)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file."""

    code: str
    message: str
    severity: Severity = "error"


Problems = list[Problem]


def faults_of(item: str, file: str, problems: Iterable[Problem]) -> list[Fault]:
    """Problems of a file as faults of the set."""
    return [Fault(item, file, problem.code, problem.severity, problem.message) for problem in problems]


def checksums_of(folder: Path) -> str:
    """The list of the sha256 of all files of a folder."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return "".join(f"{sha256_of_file(folder / name)}  {name}\n" for name in files)


def checksum_problems(folder: Path) -> Iterator[Problem]:
    """Files that are not what the folder's list of their sha256 says, where there is one."""
    path = folder / CHECKSUMS
    if not path.is_file():
        return
    try:
        lines = read_text(path).splitlines()
    except InputError as error:
        yield Problem("unreadable", str(error))
        return
    for line in track(lines, "checksums"):
        digest, _, name = line.partition("  ")
        file = folder / name
        if not name or ".." in Path(name).parts or Path(name).is_absolute():
            yield Problem("bad-entry", f"{line!r} is no sha256 and file name")
        elif not file.is_file():
            yield Problem("missing-file", f"{name} is listed and missing")
        elif sha256_of_file(file) != digest:
            yield Problem("changed-file", f"{name} is not the file that was listed")
