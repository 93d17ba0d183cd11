"""Real processes for tests of kills and of training together, forked from a server that has loaded torch once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from kinoeye.training.launch import free_port

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    "torch torch._dynamo torch.distributed.checkpoint torch.distributed.fsdp matplotlib.figure "
    "kinoeye.training.fitting".split()
)


def start(task: Callable[..., Any], *arguments: object, world: int = 1) -> list[BaseProcess]:
    """Run a task of an importable module in so many processes, which find one another as torchrun has it."""
    shared = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    processes: list[BaseProcess] = []
    for rank in range(world):
        environment = {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} if world > 1 else {}
        processes.append(_CONTEXT.Process(target=_run, args=(environment, task, arguments), daemon=True))
    for process in processes:
        process.start()
    return processes


def finish(processes: Sequence[BaseProcess]) -> list[int | None]:
    """Their exit codes."""
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def kill(processes: Sequence[BaseProcess]) -> None:
    """Kill them with what cannot be caught, and hold that they had not ended by themselves."""
    for process in processes:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    assert finish(processes) == [-signal.SIGKILL] * len(processes)


def wait_for_lines(processes: Sequence[BaseProcess], log: Path, count: int) -> None:
    """Wait until a log has so many lines."""
    while not log.exists() or log.read_text().count("\n") < count:
        assert all(process.is_alive() for process in processes)
        time.sleep(0.002)


def _run(environment: dict[str, str], task: Callable[..., Any], arguments: Sequence[object]) -> None:
    import torch

    os.environ.update(environment)
    torch.set_num_threads(1)
    task(*arguments)
