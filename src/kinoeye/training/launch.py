"""Several processes of one command line on this machine; torchrun starts them on several machines."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
_GRACE_S = 5.0
"""What processes have to end by themselves after one of them has failed."""


def is_launched() -> bool:
    """Whether this process is one of several that `launch` or torchrun has started."""
    return "RANK" in os.environ


def launch(command: Sequence[str], processes: int) -> int:
    """Run a command in so many processes that train together, and return the exit code of the first that failed.

    Ctrl-C and SIGTERM reach all of them once. When one fails, the others are ended.
    """
    environment = {
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes)),
        **os.environ,
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
    }
    children = [
        subprocess.Popen(
            command,
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            process_group=0,  # or a Ctrl-C at the terminal would reach them twice
            preexec_fn=_end_with_parent,
        )
        for rank in range(processes)
    ]

    def forward(*_: object) -> None:
        for child in children:
            child.send_signal(signal.SIGTERM)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _wait(children)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(children: Sequence[subprocess.Popen[bytes]]) -> int:
    failed_at: float | None = None
    code = 0
    while None in (codes := [child.poll() for child in children]):
        failures = list(filter(None, codes))
        if failures and failed_at is None:
            failed_at, code = time.monotonic(), failures[0]
        if failed_at is not None and time.monotonic() - failed_at > _GRACE_S:
            for child in children:
                child.kill()
        time.sleep(0.05)
    code = code or next((child.returncode for child in children if child.returncode), 0)
    return code if code >= 0 else 1


def _end_with_parent() -> None:
    """Have Linux kill this process when the one that started it dies, so that none goes on training unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
