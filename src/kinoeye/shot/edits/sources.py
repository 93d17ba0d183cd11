"""Where edits find what they name: files are read by who calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.recording import RecordedMotion
from kinoeye.shot.edits.motion import Motion
from kinoeye.shot.environment import Environment


def _unread(name: str, *_: object) -> NoReturn:
    raise InputError(f"no file is read here, and {name!r} names one; use functions that take what it holds")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """How names of files become what they hold; by default nothing is a file, and none is read."""

    is_file: Callable[[str], bool] = lambda _: False
    """Whether words are the name of a file and not words."""
    path: Callable[[str], Motion] = _unread
    """A camera file's path."""
    backdrop: Callable[[str, float], Environment] = _unread
    """The environment of a panorama, turned by so many degrees counter-clockwise from +x as seen from above."""
    motion: Callable[[str], RecordedMotion] = _unread
    """The recorded motion of a file, or of one of its clips."""
