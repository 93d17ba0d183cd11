"""The executor: processes, threads or a Ray cluster, a log of every step, and going on where a run was cut off."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.files import write_json
from kinoeye.base.job_log import JobLog, Outcome
from kinoeye.base.jobs import FileDigests, Item, Job, Report, item_seed, step_key
from kinoeye.base.optional import require
from kinoeye.base.progress import track
from kinoeye.base.records import to_json
from kinoeye.base.workers import Pool, ProcessPool, ThreadPool

VERSION = 1
PoolName = Literal["processes", "threads", "ray"]


@dataclass(frozen=True, kw_only=True)
class LoggedExecutor:
    """Runs jobs, and keeps the log on this machine.

    Example:
        >>> class Double:
        ...     name, version = "double", "1"
        ...     def setup(self): pass
        ...     def __call__(self, item, seed): return Item(item.name, {"n": 2 * item.data["n"]})
        >>> run = LoggedExecutor(workers=1, pool="threads").run
        >>> run([Double()], [Item("a", {"n": 3})], Path("run.json")).done["a"].data  # doctest: +SKIP
        {'n': 6}
    """

    workers: int = 1
    """How many items are worked on at once."""
    pool: PoolName = "processes"
    """Processes, whose crash fails one item; threads, for jobs that mostly wait for others; or a Ray cluster."""
    seed: int = 0
    """Of the run; each item's own follows from it and the item's name."""
    label: str = "items"
    """Of the progress bar."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InputError(f"{self.workers} workers cannot do anything; use 1 or more")
        if self.pool == "ray":
            # Before anything is written, not when the first item is sent.
            require("ray", extra="scale")

    def run(self, jobs: Sequence[Job], items: Sequence[Item], manifest: Path) -> Report:
        """Bring every item through all jobs; see `Executor.run`.

        A step whose result an earlier run logged is not run again, nor is a job asked again about an item that it
        refused with a `Failure`; an exception or a dead worker is tried again.

        Raises:
            InputError: names of items or jobs are not unique, a job cannot be set up, the log cannot be written, or
                another run writes it.
        """
        _refuse_repeated("items", [item.name for item in items])
        _refuse_repeated("jobs", [job.name for job in jobs])
        with JobLog(manifest.with_suffix(".jsonl")) as log:
            steps = _Steps(jobs, log, self.seed)
            journeys = [_Journey(steps, item) for item in items]
            facts = {
                "record": "JobManifest",
                "version": VERSION,
                "seed": self.seed,
                "jobs": [{"name": job.name, "version": job.version} for job in jobs],
            }
            write_json(manifest, {**facts, "finished": False, "given": len(items)})
            waiting = [journey for journey in journeys if not journey.ended]
            skipped = {j.item.name: j.item for j in journeys if j.ended and j.failure is None}
            if waiting:
                with self._pool(jobs) as pool:
                    for _ in zip(track(range(len(waiting)), self.label), _travel(pool, waiting), strict=True):
                        pass
        report = Report(
            given=tuple(item.name for item in items),
            done={j.item.name: j.item for j in waiting if j.failure is None},
            skipped=skipped,
            failed={j.item.name: j.failure for j in journeys if j.failure is not None},
        )
        failures = {name: str(failure) for name, failure in report.failed.items()}
        write_json(manifest, {**facts, "finished": True, **report.counts(), "failures": failures})
        return report

    def _pool(self, jobs: Sequence[Job]) -> Pool:
        if self.pool == "ray":
            from kinoeye.base.ray_workers import RayPool

            return RayPool(jobs, self.workers)
        kind = ProcessPool if self.pool == "processes" else ThreadPool
        return kind(jobs, self.workers)


class _Steps:
    """The jobs of a run and what is known of their results."""

    def __init__(self, jobs: Sequence[Job], log: JobLog, seed: int) -> None:
        self.jobs, self.log, self.seed = jobs, log, seed
        self.digests = FileDigests()


class _Journey:
    """An item on its way through the jobs, beginning behind the steps that the log holds."""

    def __init__(self, steps: _Steps, item: Item) -> None:
        self._steps = steps
        self.item = Item(item.name, to_json(item.data), dict(item.files))
        self.stage, self.failure, self._key = 0, None, ""
        self.seed = item_seed(steps.seed, item.name)
        self._advance()

    failure: Failure | None

    @property
    def ended(self) -> bool:
        """Whether it is through, or has failed."""
        return self.failure is not None or self.stage == len(self._steps.jobs)

    def take(self, outcome: Outcome) -> None:
        """Log what the present step gave, and go on."""
        steps = self._steps
        try:
            steps.log.add(self._key, steps.jobs[self.stage], self.item, self.seed, outcome, steps.digests)
        except InputError as error:
            # A file that the job names and did not write is its own mistake, not that of the run.
            if isinstance(outcome.result, Failure) or all(map(_is_file, outcome.result.files.values())):
                raise
            return self.take(Outcome(Failure(str(error), steps.jobs[self.stage].name), kept=False))
        self._move(outcome.result)
        return self._advance()

    def _advance(self) -> None:
        """Take every step whose result is known."""
        steps = self._steps
        while not self.ended:
            try:
                self._key = step_key(steps.jobs[self.stage], self.item, self.seed, steps.digests)
            except InputError as error:
                self.failure = Failure(str(error))
                return
            known = steps.log.find(self._key, self.item.name, steps.digests)
            if known is None:
                return
            self._move(known)

    def _move(self, result: Item | Failure) -> None:
        if isinstance(result, Failure):
            self.failure = result
        else:
            self.item, self.stage = result, self.stage + 1


def _travel(pool: Pool, journeys: Sequence[_Journey]) -> Iterator[_Journey]:
    """Yield each journey as it ends; an item goes through all its steps before a new one sets out."""
    waiting = collections.deque(enumerate(journeys))
    running = 0
    while waiting or running:
        while waiting and pool.has_room:
            ticket, journey = waiting.popleft()
            pool.start(ticket, journey.stage, journey.item, journey.seed)
            running += 1
        ticket, outcome = pool.wait()
        journey = journeys[ticket]
        journey.take(outcome)
        if journey.ended:
            running -= 1
            yield journey
        else:
            pool.start(ticket, journey.stage, journey.item, journey.seed)


def _is_file(path: Any) -> bool:
    return Path(path).is_file()


def _refuse_repeated(what: str, names: Sequence[str]) -> None:
    repeated = [name for name, count in collections.Counter(names).items() if count > 1]
    if repeated:
        raise InputError(f"{what} need names of their own; {repeated[0]!r} is given more than once")
