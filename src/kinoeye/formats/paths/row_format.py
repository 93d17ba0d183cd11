"""What the formats of SLAM with one row a pose share: telling them apart, and reading a file whole or in parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.orbit_keys import sniff_keys
from kinoeye.formats.paths.rows import BLOCK_BYTES, FirstRows, RowBlock, first_rows, read_rows, row_blocks

_BY_COLUMNS = {7: "tartanair", 8: "tum", 12: "kitti", 16: "pose-list", 17: "pose-list"}
_EUROC_NAMES = re.compile(r"q_?\w*w\b.*q_?\w*x\b|\[ns\]")
_NANOSECOND_DIGITS = 16


@dataclass(frozen=True)
class RowLayout:
    """How the rows of one file are read."""

    columns: int
    table: Callable[[RowBlock], PathTable]
    """Rows of the file -> their path; called once for each part, in order."""
    header_lines: int = 0
    """How many lines of column names come first."""
    first_words: bool = False
    """Whether the first word of a row is needed as written."""

    def read(self, path: Path) -> PathTable:
        """The whole file.

        Raises:
            InputError: anything is wrong with its layout.
        """
        block = read_rows(path, self.columns, header_lines=self.header_lines, first_words=self.first_words)
        return replace(self.table(block), findings=block.findings) if block.findings else self.table(block)

    def parts(self, path: Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[PathTable]:
        """The file a part at a time; the last part has no frames but the findings about the file's end.

        Raises:
            InputError: anything is wrong with its layout.
        """
        blocks = row_blocks(
            path,
            self.columns,
            header_lines=self.header_lines,
            first_words=self.first_words,
            block_bytes=block_bytes,
        )
        for block in blocks:
            yield replace(self.table(block), findings=block.findings)


def row_kind(head: FileHead) -> str | None:
    """The name of the format of rows that a text is in, by its first rows; None for any other text."""
    first = first_rows(head)
    if first.columns not in _BY_COLUMNS and first.columns < 8:
        return None
    if len(first.rows) > 2 and len(first.rows[1]) != first.columns:
        return None
    if len(first.rows) == 3 and sniff_keys(head) is not None:
        return None
    if first.columns == 8 and monst3r_intrinsics(head.path) is not None:
        return "monst3r"
    if _is_chan(first, head.path):
        return "chan"
    return "euroc" if first.columns >= 8 and _is_euroc(first) else _BY_COLUMNS.get(first.columns)


def monst3r_intrinsics(path: Path) -> Path | None:
    """The file of calibrations beside a trajectory of MonST3R; None where there is none."""
    beside = path.with_name(path.name.removesuffix("traj.txt") + "intrinsics.txt")
    return beside if path.name.endswith("traj.txt") and beside.is_file() else None


def _is_chan(first: FirstRows, path: Path) -> bool:
    """Counted frames with angles (and a field of view) where others have a quaternion; a name decides at rest.

    A file of that name may leave frames out.
    """
    is_named = path.suffix.lower() == ".chan"
    words = [row for row in first.rows if len(row) == first.columns]
    if first.columns not in (7, 8) or not all(row[0].isdecimal() and len(row[0]) < 10 for row in words):
        return False
    if not is_named and any(int(b[0]) - int(a[0]) != 1 for a, b in pairwise(words)):
        return False
    rows = [[float(word) for word in row] for row in words]
    is_quaternion = all(abs(sum(x * x for x in row[-4:]) - 1) < 0.05 for row in rows)
    has_view = first.columns == 7 or all(1 < row[7] < 180 for row in rows)
    return is_named or (has_view and not is_quaternion)


def _is_euroc(first: FirstRows) -> bool:
    """Comma-separated, with whole nanoseconds or the names of EuRoC's columns (real part of the quaternion first)."""
    stamp = first.rows[0][0]
    has_nanoseconds = stamp.isdecimal() and len(stamp) >= _NANOSECOND_DIGITS
    return first.has_commas and (has_nanoseconds or any(map(_EUROC_NAMES.search, first.preamble)))
