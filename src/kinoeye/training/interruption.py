"""Ctrl-C and SIGTERM end a run after the step that is under way."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from kinoeye.base.errors import KinoeyeError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingInterruptedError(KinoeyeError):
    """A run that was asked to stop; its checkpoint is written and the message says how to go on."""

    exit_code = 2


class Interruption:
    """Inside the block, the first Ctrl-C or SIGTERM is noted in `requested`; a second one acts at once as usual."""

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():  # others may not set handlers
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}
