"""Batches made one thread ahead of the step that uses them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

AHEAD = 4
"""Batches that wait at most."""


class Prefetched(Generic[T]):
    """An iterator over the items of another one, which runs in a background thread.

    What the other iterator raises is raised where its item was due. Leaving the `with` block stops the thread.

    Example:
        >>> with Prefetched(iter("abc")) as items:
        ...     "".join(items)
        'abc'
    """

    def __init__(self, items: Iterator[T], *, ahead: int = AHEAD) -> None:
        self._items = items
        self._ready: queue.Queue[tuple[T] | BaseException] = queue.Queue(ahead)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="batches", daemon=True)

    def __enter__(self) -> Prefetched[T]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        while self._thread.is_alive():  # a full queue would keep the thread from seeing that it is to stop
            try:
                self._ready.get(timeout=0.01)
            except queue.Empty:
                continue

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        item = self._ready.get()
        if isinstance(item, BaseException):
            self._ready.put(item)
            raise item
        return item[0]

    def _produce(self) -> None:
        end: BaseException = StopIteration()
        try:
            for item in self._items:
                self._ready.put((item,))
                if self._stopped.is_set():
                    return
        except BaseException as error:  # raised again in the thread that wants the item
            end = error
        self._ready.put(end)
