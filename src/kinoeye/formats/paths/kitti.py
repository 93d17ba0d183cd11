"""KITTI odometry poses: 12 numbers a row, a row-major 3x4 camera-to-world; also of E.T. clips. Times lie beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.row_format import RowLayout, row_kind
from kinoeye.formats.paths.rows import RowBlock, first_rows, format_rows, row_blocks, row_count
from kinoeye.geometry.convention import OPENCV, Float64

NAME = "kitti"
TITLE = "KITTI odometry, E.T. clips"
FILE_NAMES = ("kitti.txt", "*.kitti", "*.kitti.txt")
DEFAULT_NAME = "kitti.txt"
CONVENTION = OPENCV
HOLDS = frozenset({"times"})
NEEDS = frozenset[str]()
COLUMNS = 12


def sniff(head: FileHead) -> bool:
    """The first rows hold twelve numbers."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read poses, and times where a file of as many times lies beside it."""
    return layout(path).read(path)


def times_path(path: Path) -> Path:
    """Where the times of a file are written: NAME_times.txt beside it."""
    return path.with_name(f"{path.stem}_times.txt")


def layout(path: Path) -> RowLayout:
    """How the rows of a file are read: with times from NAME_times.txt or times.txt, if it has as many rows."""
    source, notes = _times_beside(path)
    times = None if source is None else _Times(source)

    def table(block: RowBlock) -> PathTable:
        matrices = block.values.reshape(-1, 3, 4)
        times_s = None if times is None else times.take(len(matrices))
        return PathTable(matrices=matrices, convention=CONVENTION, format=NAME, times_s=times_s, notes=notes)

    return RowLayout(COLUMNS, table, first_rows(file_head(path)).header_lines)


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame, and the times beside it."""
    write_text(path, "\n".join([*lines(table), ""]))
    beside = times_path(path)
    if table.times_s is not None:
        write_text(beside, "\n".join([*time_lines(table), ""]))
        return [f"the times are in {beside.name} beside it"]
    return [f"{beside.name} beside it is older and may hold other times"] if beside.exists() else []


def header(table: PathTable) -> list[str]:
    """No line: readers of KITTI files expect numbers alone."""
    return []


def lines(table: PathTable) -> Iterator[str]:
    """One row a frame."""
    return format_rows(table.matrices.reshape(-1, COLUMNS))


def time_lines(table: PathTable) -> Iterator[str]:
    """One time a frame."""
    assert table.times_s is not None
    return format_rows(table.times_s[:, None])


class _Times:
    """Times of a file, taken in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blocks = row_blocks(path, 1)
        self._ready = np.empty(0)

    def take(self, count: int) -> Float64:
        """The next times [count].

        Raises:
            InputError: a line of the file is no number.
        """
        while len(self._ready) < count:
            block = next(self._blocks, None)
            if block is None:
                raise InputError(f"{self._path} holds other lines than times; move it away to read the poses alone")
            self._ready = np.concatenate([self._ready, block.values[:, 0]])
        taken, self._ready = self._ready[:count], self._ready[count:]
        return taken


def _times_beside(path: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The file of times that belongs to a file of poses, and what is noted about it."""
    for beside in (times_path(path), path.with_name("times.txt")):
        if not beside.is_file() or beside == path:
            continue
        if row_count(path) == row_count(beside):
            return beside, (f"times are from {beside.name}",)
        return None, (f"{beside.name} beside it does not have as many rows: its times are not used",)
    return None, ()
