"""Files that one process at a time writes to."""

from __future__ import annotations

import fcntl
from pathlib import Path

from kinoeye.base.errors import InputError


def hold(file: int, path: Path) -> None:
    """Keep other processes from holding an open file, until it is closed; a killed process lets go by itself.

    Args:
        file: its descriptor.
        path: what is written to, as the messages name it.

    Raises:
        InputError: another process holds it, or its disk has no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"another run writes to {path}; wait for it or choose another output folder") from error
    except OSError as error:
        raise InputError(f"{path} cannot be locked: {error.strerror or error}; choose another disk") from error
