"""Workers that call jobs: processes, whose death costs one item, or threads for jobs that mostly wait."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_connections
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Protocol

from kinoeye.base.errors import InputError, KinoeyeError
from kinoeye.base.failure import Failure
from kinoeye.base.job_log import Outcome
from kinoeye.base.jobs import Item, Job
from kinoeye.base.records import to_json


class Pool(Protocol):
    """A bounded number of workers."""

    def __enter__(self) -> Pool: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    @property
    def has_room(self) -> bool:
        """Whether a worker is free."""
        ...

    def start(self, ticket: int, stage: int, item: Item, seed: int) -> None:
        """Give a free worker the item for the job of index `stage`."""
        ...

    def wait(self) -> tuple[int, Outcome]:
        """The ticket and the outcome of whatever ends next.

        Raises:
            KinoeyeError: a job could not be set up.
        """
        ...


class SetupError(KinoeyeError):
    """A job that cannot begin, so that no item can be done."""


class ThreadPool:
    """Threads of this process; a job is set up once for all of them."""

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        self._jobs, self._workers = jobs, workers
        self._ready: set[int] = set()
        self._running: dict[Future[Outcome], int] = {}

    def __enter__(self) -> ThreadPool:
        self._threads = ThreadPoolExecutor(self._workers)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def has_room(self) -> bool:
        """Whether a thread is free."""
        return len(self._running) < self._workers

    def start(self, ticket: int, stage: int, item: Item, seed: int) -> None:
        """Give a free thread the item; the job's first use sets it up."""
        job = self._jobs[stage]
        if stage not in self._ready:
            raise_setup_problem(set_up(job))
            self._ready.add(stage)
        self._running[self._threads.submit(call, job, item, seed)] = ticket

    def wait(self) -> tuple[int, Outcome]:
        """The ticket and the outcome of whatever ends next."""
        ended = next(iter(wait(self._running, return_when=FIRST_COMPLETED).done))
        return self._running.pop(ended), ended.result()


class ProcessPool:
    """Processes, each with jobs of its own; one that dies costs the item that it held, and another takes its place."""

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        self._jobs, self._workers = jobs, workers
        self._free: list[_Worker] = []
        self._busy: dict[Any, _Worker] = {}

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._free:
            worker.connection.close()  # an idle worker leaves at the end of its input
        for worker in self._busy.values():
            worker.process.kill()
        for worker in (*self._free, *self._busy.values()):
            worker.process.join()

    @property
    def has_room(self) -> bool:
        """Whether a process is free or may be started."""
        return len(self._busy) < self._workers

    def start(self, ticket: int, stage: int, item: Item, seed: int) -> None:
        """Give a free process the item."""
        worker = self._free.pop() if self._free else _Worker(self._jobs, self._workers)
        while not worker.give(stage, item, seed):
            worker = _Worker(self._jobs, self._workers)
        worker.ticket = ticket
        self._busy[worker.connection] = worker

    def wait(self) -> tuple[int, Outcome]:
        """The ticket and the outcome of whatever ends next; a dead worker's outcome is a failure of its item."""
        ready = wait_for_connections(list(self._busy))[0]
        worker = self._busy.pop(ready)
        try:
            problem, outcome = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            return worker.ticket, Outcome(Failure(f"the worker died: {_how(worker.process)}"), kept=False)
        self._free.append(worker)
        raise_setup_problem(problem)
        return worker.ticket, outcome


class _Worker:
    """A process and the way to it."""

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        # Fresh interpreters: a fork of a process with threads, as torch has them, can stand still for ever.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, workers), daemon=True)
        self.process.start()
        theirs.close()
        self.ticket = -1
        self.connection.send(list(jobs))

    def give(self, stage: int, item: Item, seed: int) -> bool:
        """Send an item; False if the process has died while it was idle."""
        if not self.process.is_alive():
            return False
        try:
            self.connection.send((stage, item, seed))
        except OSError:
            return False
        return True


def _serve(connection: Connection, workers: int) -> None:
    """Call jobs until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, str(max(1, (os.cpu_count() or 1) // workers)))
    try:
        served = Served(connection.recv())  # only now are the jobs' modules imported
        while True:
            connection.send(served.serve(*connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


class Served:
    """Jobs in a worker of their own, each set up at its first use."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs, self._ready = jobs, set[int]()

    def serve(self, stage: int, item: Item, seed: int) -> tuple[KinoeyeError | None, Outcome | None]:
        """What prevents the job of index `stage`, or the outcome of the item."""
        problem = None if stage in self._ready else set_up(self._jobs[stage])
        self._ready.add(stage)
        return problem, None if problem else call(self._jobs[stage], item, seed)


def set_up(job: Job) -> KinoeyeError | None:
    """Set a job up; what prevents it."""
    try:
        job.setup()
    except InputError as error:
        return InputError(str(error))
    except Exception as error:
        return SetupError(f"{job.name} cannot begin: {type(error).__name__}: {error}")
    return None


def call(job: Job, item: Item, seed: int) -> Outcome:
    """Call a job and hold its result to the rules: the same name, and JSON data."""
    begun = time.perf_counter()
    try:
        result = job(item, seed)
        if isinstance(result, Item):
            if result.name != item.name:
                raise ValueError(f"it renamed the item to {result.name!r}")
            data = to_json(result.data)
            json.dumps(data, allow_nan=False)
            result = Item(result.name, data, {label: str(path) for label, path in result.files.items()})
        elif isinstance(result, Failure):
            result = Failure(" ".join(result.reason.split()), result.where)
        else:
            raise TypeError(f"it returned {type(result).__name__}, not an Item or a Failure")
        return Outcome(result, seconds=time.perf_counter() - begun)
    except KinoeyeError as error:
        failure = Failure(str(error), job.name)
    except Exception as error:
        failure = Failure(str(KinoeyeError(f"{type(error).__name__}: {error}")), job.name)
    return Outcome(failure, kept=False, seconds=time.perf_counter() - begun)


def raise_setup_problem(problem: KinoeyeError | None) -> None:
    """Raise what prevents a job, if anything does."""
    if problem is not None:
        raise problem


def _how(process: SpawnProcess) -> str:
    code = process.exitcode or 0
    if code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
