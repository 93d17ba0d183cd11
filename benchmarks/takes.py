"""Takes per CPU-second that `kinoeye data make takes` films, and the processor time of a Take with two workers to one.

    python benchmarks/takes.py

Films of 25 frames with depth and instances, their facts, files and previews, by the command's own job in processes of
the executor. What is counted is the processor time of the job in its worker, all threads of it; the first Take of each
worker, which also loads and compiles, is left out, and so are checksums and the making of the set.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1")

from kinoeye.base.executor import LoggedExecutor
from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.datasets.takes_jobs import FilmTake

COUNT = 24
SIZES = (64, 128, 256)


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


def cpu_of_a_take(side: int, workers: int) -> float:
    """Mean CPU-seconds of a Take behind the first of each worker."""
    with tempfile.TemporaryDirectory() as name:
        film = TimedFilm(folder=Path(name), layers=("depth", "instance"), size_wh=(side, side), num_frames=25)
        items = [Item(str(number)) for number in range(COUNT)]
        report = LoggedExecutor(workers=workers).run([film], items, Path(name) / "run.json")
    by_worker: dict[int, list[float]] = defaultdict(list)
    for item in report.done.values():
        by_worker[item.data["worker"]].append(item.data["cpu_s"])
    later = [seconds for times in by_worker.values() for seconds in sorted(times)[:-1]]  # the first is the slowest
    return sum(later) / len(later)


def main() -> None:
    """Measure and print one JSON object."""
    alone = {side: cpu_of_a_take(side, workers=1) for side in SIZES}
    shared = {side: cpu_of_a_take(side, workers=2) for side in SIZES}
    results = {
        "takes_per_cpu_second": {side: round(1 / cost, 2) for side, cost in alone.items()},
        "cpu_of_a_take_two_workers_to_one": {side: round(shared[side] / alone[side], 2) for side in SIZES},
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
