"""TUM trajectories: `time tx ty tz qx qy qz qw` a row, camera-to-world; what SLAM systems and evo exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.row_format import RowLayout, row_kind
from kinoeye.formats.paths.rows import RowBlock, first_rows, format_rows, poses_of_quaternions
from kinoeye.geometry.convention import OPENCV, matrix_to_wxyz

NAME = "tum"
TITLE = "TUM RGB-D, SLAM systems, evo"
FILE_NAMES = ("tum.txt", "*.tum", "*.tum.txt")
DEFAULT_NAME = "tum.txt"
CONVENTION = replace(OPENCV, quaternion_order="xyzw")
HOLDS = frozenset({"times", "unit"})
NEEDS = frozenset({"times"})
COLUMNS = 8
NANOSECONDS = 1e14
"""Stamps above this, three million years in seconds, are nanoseconds, as ORB-SLAM3 writes them for EuRoC."""
_METRES = "unit: m"
_UNIT_NOTE = "the file states no unit: ground truth is in metres, a monocular estimate is not; --unit m states it"


def sniff(head: FileHead) -> bool:
    """The first rows hold eight numbers."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read times and poses; the scale is unknown unless a comment `# unit: m` before the rows states it."""
    return layout(path).read(path)


def layout(path: Path) -> RowLayout:
    """How the rows of a file are read, by its first lines."""
    first = first_rows(file_head(path))
    is_metric = _METRES in first.preamble
    divisor = 1e9 if first.columns == COLUMNS and float(first.rows[0][0]) > NANOSECONDS else 1.0
    notes = () if is_metric else (_UNIT_NOTE,)
    if divisor != 1:
        notes += ("the stamps are taken as nanoseconds",)

    def table(block: RowBlock) -> PathTable:
        rows = block.values
        return PathTable(
            matrices=poses_of_quaternions(rows[:, 1:4], rows[:, [7, 4, 5, 6]]),
            convention=replace(CONVENTION, metres_per_unit=1.0 if is_metric else None),
            format=NAME,
            times_s=rows[:, 0] / divisor,
            notes=notes,
        )

    return RowLayout(COLUMNS, table, first.header_lines)


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame."""
    write_text(path, "\n".join([*header(table), *lines(table), ""]))
    return []


def header(table: PathTable) -> list[str]:
    """The lines before the rows."""
    return ["# timestamp tx ty tz qx qy qz qw", *([f"# {_METRES}"] if table.unit == "m" else [])]


def lines(table: PathTable) -> Iterator[str]:
    """One row a frame."""
    assert table.times_s is not None
    xyzw = np.roll(matrix_to_wxyz(table.matrices[:, :, :3]), -1, axis=-1)
    return format_rows(np.concatenate([table.times_s[:, None], table.matrices[:, :, 3], xyzw], -1))
