"""Takes per CPU-second that `kinoeye data make takes` films, and the processor time of a Take with two workers to one.

    python benchmarks/takes.py

Films of 25 frames with depth and instances, their facts, files and previews, by the command's own job in processes of
the executor. What is counted is the processor time of the job in its worker, all threads of it; the first Take of each
worker, which also loads and compiles, is left out, and so are checksums and the making of the set.

Where Ray is installed, its pool is compared with that of processes: the wall time of a run of no items but one, and of
each further item whose job does nothing; and a Take's processor time in a worker of Ray, to one in a process.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1")

from kinoeye.base.executor import LoggedExecutor, PoolName
from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.datasets.takes_jobs import FilmTake

COUNT = 24
SIZES = (64, 128, 256)
IDLE_COUNT = 4000


@dataclass(frozen=True, kw_only=True)
class TimedFilm(FilmTake):
    """The job, which also says who did it and in which processor time."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Film and time it."""
        begun = time.process_time()
        made = super().__call__(item, seed)
        if isinstance(made, Failure):
            return made
        return Item(made.name, {"worker": os.getpid(), "cpu_s": time.process_time() - begun}, made.files)


@dataclass(frozen=True)
class Nothing:
    """A job of no work."""

    name: str = "nothing"
    version: str = "1"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item:
        """The item as it is."""
        return item


def wall_of_nothing(pool: PoolName, count: int) -> float:
    """Seconds of a run of so many items whose job does nothing."""
    with tempfile.TemporaryDirectory() as name:
        begun = time.perf_counter()
        items = [Item(str(number)) for number in range(count)]
        LoggedExecutor(workers=1, pool=pool).run([Nothing()], items, Path(name) / "run.json")
        return time.perf_counter() - begun


def overhead(pool: PoolName) -> dict[str, float]:
    """Seconds to start and end a pool, and milliseconds of an item that needs none itself."""
    start_s = min(wall_of_nothing(pool, 1) for _ in range(3))
    return {
        "start_s": round(start_s, 2),
        "item_ms": round(1000 * (wall_of_nothing(pool, IDLE_COUNT + 1) - start_s) / IDLE_COUNT, 2),
    }


def cpu_of_a_take(side: int, workers: int, pool: PoolName = "processes") -> float:
    """Mean CPU-seconds of a Take behind the first of each worker."""
    with tempfile.TemporaryDirectory() as name:
        film = TimedFilm(folder=Path(name), layers=("depth", "instance"), size_wh=(side, side), num_frames=25)
        items = [Item(str(number)) for number in range(COUNT)]
        report = LoggedExecutor(workers=workers, pool=pool).run([film], items, Path(name) / "run.json")
    by_worker: dict[int, list[float]] = defaultdict(list)
    for item in report.done.values():
        by_worker[item.data["worker"]].append(item.data["cpu_s"])
    later = [seconds for times in by_worker.values() for seconds in sorted(times)[:-1]]  # the first is the slowest
    return sum(later) / len(later)


def main() -> None:
    """Measure and print one JSON object."""
    alone = {side: cpu_of_a_take(side, workers=1) for side in SIZES}
    shared = {side: cpu_of_a_take(side, workers=2) for side in SIZES}
    results: dict[str, Any] = {
        "takes_per_cpu_second": {side: round(1 / cost, 2) for side, cost in alone.items()},
        "cpu_of_a_take_two_workers_to_one": {side: round(shared[side] / alone[side], 2) for side in SIZES},
    }
    if find_spec("ray") is not None:
        results["overhead"] = {pool: overhead(pool) for pool in ("processes", "ray")}
        results["cpu_of_a_take_ray_to_process"] = round(cpu_of_a_take(64, 1, "ray") / alone[64], 2)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
