"""Progress on standard error: a bar with an estimate on a terminal, silence elsewhere; and notes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet(enabled: bool = True) -> Iterator[None]:
    """Silence progress bars and notes inside the block."""
    token = _quiet.set(enabled)
    try:
        yield
    finally:
        _quiet.reset(token)


def track(items: Sequence[T], label: str) -> Iterator[T]:
    """The items, with a bar and an estimate of the time left on standard error if that is a terminal."""
    with progress_bar(label, len(items)) as advance:
        for item in items:
            yield item
            advance(label)


@contextmanager
def progress_bar(label: str, total: int, *, done: int = 0) -> Iterator[Callable[[str], None]]:
    """A function that counts one more of `total` as done and gives the bar a new label.

    Args:
        label: what stands before the bar at first.
        total: how many there are.
        done: how many were done before.
    """
    if _quiet.get() or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, completed=done)
        yield lambda text: bar.update(task, advance=1, description=text)


def note(message: str) -> None:
    """One line for a user on standard error."""
    if not _quiet.get():
        sys.stderr.write(f"{message}\n")
