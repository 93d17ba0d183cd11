"""Hints from motion: poses stored in the other direction, and OpenGL mixed up with OpenCV axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinoeye.formats.diagnosis import Diagnosis
    from kinoeye.formats.path_table import PathTable


def motion_hints(table: PathTable) -> Iterator[Diagnosis]:
    return iter(())
