"""EuRoC MAV (ASL) state csv: nanoseconds, position, quaternion real part first, then columns that are not poses."""

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
from kinoeye.geometry.convention import OPENCV, Float64, matrix_to_wxyz

NAME = "euroc"
TITLE = "EuRoC MAV, ASL state csv"
FILE_NAMES = ("data.csv", "*.euroc", "*.euroc.csv")
DEFAULT_NAME = "data.csv"
CONVENTION = replace(OPENCV, quaternion_order="wxyz")
HOLDS = frozenset({"times", "unit"})
NEEDS = frozenset({"times"})
MIN_COLUMNS = 8
_BODY_NOTE = "the poses are of the body (the IMU in EuRoC), taken as the camera; T_BS of sensor.yaml is not applied"
_MAX_SECONDS = 9e9
"""Nanoseconds of later times do not fit 64 bits."""


def sniff(head: FileHead) -> bool:
    """Rows separated by commas whose first number counts nanoseconds, or whose header has EuRoC's names."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read times and poses; the unit is metres where the header says [m]."""
    return layout(path).read(path)


def layout(path: Path) -> RowLayout:
    """How the rows of a file are read, by its first lines."""
    first = first_rows(file_head(path))
    columns = max(first.columns, MIN_COLUMNS)
    is_metric = any("[m]" in line for line in first.preamble)
    notes = (_BODY_NOTE,)
    if columns > MIN_COLUMNS:
        notes += (f"{columns - MIN_COLUMNS} columns after the pose (velocity, biases) are ignored",)

    def table(block: RowBlock) -> PathTable:
        rows = block.values
        return PathTable(
            matrices=poses_of_quaternions(rows[:, 1:4], rows[:, 4:8]),
            convention=replace(CONVENTION, metres_per_unit=1.0 if is_metric else None),
            format=NAME,
            times_s=_seconds(block),
            notes=notes,
        )

    return RowLayout(columns, table, first.header_lines, first_words=True)


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame, times in whole nanoseconds."""
    write_text(path, "\n".join([*header(table), *lines(table), ""]))
    return _time_warnings(table)


def header(table: PathTable) -> list[str]:
    """The line of column names."""
    unit = " [m]" if table.unit == "m" else ""
    position = [f"p_RS_R_{axis}{unit}" for axis in "xyz"]
    return [",".join(["#timestamp [ns]", *position, *(f"q_RS_{axis} []" for axis in "wxyz")])]


def lines(table: PathTable) -> Iterator[str]:
    """One row a frame."""
    wxyz = matrix_to_wxyz(table.matrices[:, :, :3])
    rows = format_rows(np.concatenate([table.matrices[:, :, 3], wxyz], -1), ",")
    return (f"{stamp},{row}" for stamp, row in zip(_nanoseconds(table).tolist(), rows, strict=True))


def _seconds(block: RowBlock) -> Float64:
    """[n] times to the nearest float64: whole nanoseconds since 1970 have two digits more than one holds."""
    try:
        stamps = np.array([int(word) for word in block.first_words], np.int64)
    except (ValueError, OverflowError):  # not whole numbers: NaN, 1.4e18
        return block.values[:, 0] / 1e9
    return stamps // 10**9 + (stamps % 10**9) / 1e9


def _nanoseconds(table: PathTable) -> np.ndarray:
    """[n] int64."""
    assert table.times_s is not None
    seconds = np.floor(table.times_s.clip(-_MAX_SECONDS, _MAX_SECONDS))
    return seconds.astype(np.int64) * 10**9 + np.rint((table.times_s - seconds).clip(0, 1) * 1e9).astype(np.int64)


def _time_warnings(table: PathTable) -> list[str]:
    assert table.times_s is not None
    stamps = _nanoseconds(table)
    if (np.diff(stamps) <= 0).any():
        return ["times closer than a nanosecond, or beyond the year 2255, become equal in whole nanoseconds"]
    return []
