"""Work on many items in steps that can be interrupted: items, jobs, and what an executor reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.files import sha256_of_file


@dataclass(frozen=True)
class Item:
    """One thing that jobs work on.

    Example:
        >>> Item("clip 1", {"fps": 24}, {"video": "clip1.mp4"}).data["fps"]
        24
    """

    name: str
    """Unique among the items of a run; jobs keep it."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON data; NaN is null once an executor has seen it."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What a file is -> its path."""


class Job(Protocol):
    """One step: a pure function of its item and seed, so that what is finished never has to be made again."""

    @property
    def name(self) -> str:
        """Short name, unique in a run."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever results may change; holds the job's own parameters."""
        ...

    def setup(self) -> None:
        """Load what calls share; called once in each worker before the first call."""
        ...

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """The item one step further, under the same name.

        A `Failure` that is returned is the answer and is kept; an exception is a failure that another run tries again.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of the items of a run; every one of them is in exactly one of `done`, `failed` and `skipped`."""

    given: tuple[str, ...]
    """Names of the items in their order."""
    done: Mapping[str, Item]
    """Name -> result made in this run."""
    skipped: Mapping[str, Item]
    """Name -> result found from an earlier run."""
    failed: Mapping[str, Failure]
    """Name -> why it has no result."""

    def __post_init__(self) -> None:
        named = [*self.done, *self.skipped, *self.failed]
        if sorted(named) != sorted(self.given):
            raise ValueError(f"{len(named)} outcomes for {len(self.given)} items: a run lost or doubled one")

    @property
    def results(self) -> list[Item]:
        """Results of this run and of earlier ones, in the order in which the items were given."""
        found = {**self.done, **self.skipped}
        return [found[name] for name in self.given if name in found]

    def counts(self) -> dict[str, int]:
        """How many items were given, done, failed and skipped."""
        kinds = {"given": self.given, "done": self.done, "failed": self.failed, "skipped": self.skipped}
        return {name: len(items) for name, items in kinds.items()}


class Executor(Protocol):
    """Runs jobs over items, each item through all jobs in their order."""

    def run(self, jobs: Sequence[Job], items: Sequence[Item], manifest: Path) -> Report:
        """Bring every item to its end.

        Args:
            jobs: in the order in which each item goes through them.
            items: names are unique.
            manifest: a .json file that says what ran and how it ended; beside it a .jsonl log, a line for each finished
                step. What the log holds is not run again.

        Raises:
            InputError: names are not unique, a job cannot be set up, or another run writes this log.
        """
        ...


class FileDigests:
    """sha256 of files, each read once as long as its size and time stay the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def __call__(self, path: str) -> str:
        """The sha256 of a file.

        Raises:
            InputError: it is missing or cannot be read.
        """
        try:
            stat = Path(path).stat()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
        key = (path, stat.st_size, stat.st_mtime_ns)
        if key not in self._known:
            self._known[key] = sha256_of_file(path)
        return self._known[key]


def step_key(job: Job, item: Item, seed: int, digests: FileDigests) -> str:
    """Hash of all that a step's result depends on: the job's name and version, the item, its files' content, the seed.

    Raises:
        InputError: a file of the item is missing.
    """
    files = {label: digests(path) for label, path in sorted(item.files.items())}
    content = [job.name, job.version, item.name, item.data, files, seed]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def item_seed(run_seed: int, name: str) -> int:
    """The seed of an item, 0 to 2^63 - 1: the same whatever else is in the run and in whichever order.

    Example:
        >>> item_seed(0, "a") == item_seed(0, "a") != item_seed(0, "b")
        True
    """
    digest = hashlib.sha256(json.dumps([run_seed, name]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
