"""Jobs for tests, in a module of their own that worker processes can import."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item


@dataclass(frozen=True)
class Add:
    """Adds to a number and draws one from the seed; some items fail as their data says."""

    name: str = "add"
    version: str = "1"
    amount: int = 1
    calls: Path | None = None

    def setup(self) -> None:
        pass

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        if self.calls is not None:
            with self.calls.open("a") as file:
                file.write(f"{self.name} {item.name}\n")
        way = item.data.get("way") if item.data.get("at", self.name) == self.name else None
        if way == "refuse":
            return Failure("refused", item.name)
        if way == "raise":
            raise ZeroDivisionError("on purpose")
        if way == "foreseen":
            raise InputError("a foreseen error")
        if way == "exit":
            os._exit(3)
        if way == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if way == "rename":
            return Item("another")
        if way == "nothing":
            return None  # type: ignore[return-value]
        if way == "not json":
            return Item(item.name, {"n": object()})
        if way == "no file":
            return Item(item.name, {}, {"made": "/nowhere/at/all"})
        drawn = int(np.random.default_rng(seed).integers(1000))
        return Item(item.name, {**item.data, "n": item.data["n"] + self.amount, self.name: drawn})


@dataclass(frozen=True)
class Write:
    """Writes its number into a file."""

    folder: Path
    name: str = "write"
    version: str = "1"

    def setup(self) -> None:
        pass

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        path = self.folder / item.name
        path.write_text(str(item.data["n"]))
        return Item(item.name, item.data, {"number": str(path)})


@dataclass(frozen=True)
class Unable:
    """A job that cannot be set up."""

    name: str = "unable"
    version: str = "1"

    def setup(self) -> None:
        raise InputError("a library is missing")

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        return item
