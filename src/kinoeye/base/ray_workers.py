"""Workers of a Ray cluster that call jobs: the same jobs, log and seeds as on one machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from kinoeye.base.failure import Failure
from kinoeye.base.job_log import Outcome
from kinoeye.base.jobs import Item, Job
from kinoeye.base.optional import require
from kinoeye.base.workers import Served, raise_setup_problem


class RayPool:
    """Actors of Ray, a core each; one that dies costs the item that it held, and another takes its place.

    It joins the cluster that `RAY_ADDRESS` names, or starts one on this machine that nobody else reaches. Files of
    items must be where every node finds them.
    """

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        self._ray = require("ray", extra="scale")
        self._jobs, self._workers = list(jobs), workers
        self._free: list[Any] = []
        self._busy: dict[Any, tuple[Any, int]] = {}

    def __enter__(self) -> RayPool:
        self._began = not self._ray.is_initialized()
        if self._began:
            own = {} if os.environ.get("RAY_ADDRESS") else {
                "num_cpus": self._workers, "include_dashboard": False, "_node_ip_address": "127.0.0.1",
                "runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}},
            }  # fmt: skip
            self._ray.init(log_to_driver=False, logging_level="ERROR", **own)
        self._hire = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Served)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for actor in (*self._free, *(actor for actor, _ in self._busy.values())):
            self._ray.kill(actor)
        if self._began:
            self._ray.shutdown()

    @property
    def has_room(self) -> bool:
        """Whether an actor is free or may be hired."""
        return len(self._busy) < self._workers

    def start(self, ticket: int, stage: int, item: Item, seed: int) -> None:
        """Give a free actor the item."""
        actor = self._free.pop() if self._free else self._hire.remote(self._jobs)
        self._busy[actor.serve.remote(stage, item, seed)] = (actor, ticket)

    def wait(self) -> tuple[int, Outcome]:
        """The ticket and the outcome of whatever ends next; a dead actor's outcome is a failure of its item."""
        (ended,), _ = self._ray.wait(list(self._busy), num_returns=1)
        actor, ticket = self._busy.pop(ended)
        try:
            problem, outcome = self._ray.get(ended)
        except self._ray.exceptions.RayError as error:
            self._ray.kill(actor)
            return ticket, Outcome(Failure(f"the worker died: {type(error).__name__}"), kept=False)
        self._free.append(actor)
        raise_setup_problem(problem)
        return ticket, outcome
