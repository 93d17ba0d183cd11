"""`weights.json`: what each checkpoint that ships was made by, how good it is, and what its bytes are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record

ROOT = Path(__file__).parent
INDEX_FILE = "weights.json"
VERSION = 1
SHARED = "shared"
"""The system under which parts stand that several systems use, such as codecs."""
PARTS = {"clatr": SHARED, "frames": "gendop"}
"""What `kinoeye train` names and is no system -> where it stands; it is scored by its run's own validation."""
BUDGET_BYTES = 12_000_000
"""What the checkpoints of one system may take together; the shared ones count as one system."""


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """One file of a checkpoint."""

    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One point of a learning curve."""

    step: int
    cpu_seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A checkpoint that ships, with all it takes to make it again and to judge it.

    Raises:
        InputError: a name is not a plain one.
    """

    system: str
    """The system it belongs to, or "shared"."""
    name: str
    files: dict[str, FileRecord]
    command: tuple[str, ...]
    """The command line after `kinoeye` that trained it."""
    seeds: dict[str, int]
    data: str
    """What it was trained on, so that it can be made again."""
    hours: float
    """Wall-clock time of the training."""
    cpu_seconds: float
    learning_curve: tuple[CurvePoint, ...]
    metrics: dict[str, float]
    evaluation: tuple[str, ...]
    """The command line after `kinoeye` that measured the metrics."""
    depends_on: dict[str, str] = field(default_factory=dict)
    """Name of a shared checkpoint -> the sha256 that it had when this one was trained on it."""
    licence: str = "Apache-2.0"

    def __post_init__(self) -> None:
        for name in (self.system, self.name, *self.files):
            if not name or name != Path(name).name or name.startswith("."):
                raise InputError(f"{name!r} in the entry {self.system} {self.name} is no plain file name")

    @property
    def bytes(self) -> int:
        """The size of its files together."""
        return sum(file.bytes for file in self.files.values())

    @property
    def sha256(self) -> str:
        """One checksum for all its files, see `folder_sha256`."""
        return folder_sha256({name: file.sha256 for name, file in self.files.items()})


@dataclass(frozen=True, kw_only=True)
class StoredRow:
    """The scores of a learned baseline whose weights do not ship; tables mark them `stored`."""

    system: str
    name: str
    """A metric of the row is called `<metric>_<name>` in tables."""
    command: tuple[str, ...]
    seeds: dict[str, int]
    sha256: str
    """Of the folder of weights that was scored."""
    cpu_seconds: float
    metrics: dict[str, float]
    evaluation: tuple[str, ...]
    worlds_sha256: str
    """Of what it was scored on; tables show the row beside scores on the same alone."""


@dataclass(frozen=True, kw_only=True)
class WeightsIndex:
    """The record of every checkpoint that ships and of every stored baseline.

    Example:
        >>> WeightsIndex().entry("tiny", "gendop")
        Traceback (most recent call last):
        kinoeye.base.errors.InputError: gendop has no checkpoint 'tiny'; known: none; a folder can be given instead

    Raises:
        InputError: two rows have one name, a system is over its budget, or a shared checkpoint is not the one that
            another was trained on.
    """

    entries: tuple[Entry, ...] = ()
    stored: tuple[StoredRow, ...] = ()

    def __post_init__(self) -> None:
        for rows in (self.entries, self.stored):
            names = [(row.system, row.name) for row in rows]
            for system, name in names:
                if names.count((system, name)) > 1:
                    raise InputError(f"{system} has {name!r} twice in {INDEX_FILE}; each name stands once")
        for system in dict.fromkeys(entry.system for entry in self.entries):
            used = self.bytes_of(system)
            if used > BUDGET_BYTES:
                raise InputError(
                    f"the checkpoints of {system} would take {used:,} bytes together; {BUDGET_BYTES:,} are allowed: "
                    "train a smaller model or replace one"
                )
        for entry in self.entries:
            self.check_dependencies(entry.depends_on, f"{entry.system} {entry.name}")

    def bytes_of(self, system: str) -> int:
        """What the checkpoints of a system take together."""
        return sum(entry.bytes for entry in self.entries if entry.system == system)

    def entry(self, name: str, system: str) -> Entry:
        """The entry of a system by name.

        Raises:
            InputError: there is none.
        """
        known = {entry.name: entry for entry in self.entries if entry.system == system}
        if name not in known:
            raise InputError(
                f"{system} has no checkpoint {name!r}; known: {', '.join(sorted(known)) or 'none'}; "
                "a folder can be given instead"
            )
        return known[name]

    def has(self, name: str, system: str) -> bool:
        """Whether a system has a checkpoint of this name."""
        return any((entry.name, entry.system) == (name, system) for entry in self.entries)

    def stored_rows(self, system: str) -> tuple[StoredRow, ...]:
        """The stored baselines of a system."""
        return tuple(row for row in self.stored if row.system == system)

    def check_dependencies(self, depends_on: Mapping[str, str], what: str) -> None:
        """Hold that shared checkpoints are those that something was trained on.

        Args:
            depends_on: name of a shared checkpoint -> the sha256 that it must have.
            what: what was trained on them, for the message.

        Raises:
            InputError: one is missing or another.
        """
        for name, sha256 in depends_on.items():
            if not self.has(name, SHARED):
                raise InputError(f"{what} was trained on the shared checkpoint {name!r}, which {INDEX_FILE} lacks")
            found = self.entry(name, SHARED).sha256
            if found != sha256:
                raise InputError(
                    f"{what} was trained on the shared checkpoint {name!r} with sha256 {sha256[:12]}; the one here "
                    f"has {found[:12]}: train it again, or publish the changed part under a new name"
                )

    def with_entry(self, entry: Entry) -> WeightsIndex:
        """The index with an entry added, or replaced where its name stands already."""
        others = [row for row in self.entries if (row.system, row.name) != (entry.system, entry.name)]
        return replace(self, entries=tuple(sorted([*others, entry], key=lambda row: (row.system, row.name))))

    def with_stored(self, row: StoredRow) -> WeightsIndex:
        """The index with a stored baseline added, or replaced where its name stands already."""
        others = [other for other in self.stored if (other.system, other.name) != (row.system, row.name)]
        return replace(self, stored=tuple(sorted([*others, row], key=lambda other: (other.system, other.name))))

    @classmethod
    def read(cls, root: Path = ROOT) -> WeightsIndex:
        """The index in a folder of checkpoints (default: those that ship).

        Raises:
            InputError: it is damaged, or breaks a rule of this class.
        """
        path = root / INDEX_FILE
        return read_record(cls, read_json(path), version=VERSION, where=str(path))

    def write(self, root: Path) -> None:
        """Write it into a folder of checkpoints, all or nothing."""
        write_json(root / INDEX_FILE, write_record(self, version=VERSION))


def folder_sha256(sha256_by_file: Mapping[str, str]) -> str:
    """One checksum of several files: the sha256 of the lines `sha256  name` in the order of names.

    Example:
        >>> folder_sha256({"a": "0"}) != folder_sha256({"b": "0"})
        True
    """
    lines = "".join(f"{sha256_by_file[name]}  {name}\n" for name in sorted(sha256_by_file))
    return hashlib.sha256(lines.encode()).hexdigest()
