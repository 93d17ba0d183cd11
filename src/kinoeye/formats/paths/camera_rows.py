"""Rows of 19 numbers, one a frame after a header line: what RealEstate10K, Wan-Fun and CamI2V text share.

Columns: a time stamp, fx fy cx cy in fractions of the image, two unused, and a row-major 3x4 world-to-camera matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.files import read_text
from kinoeye.formats.path_table import NORMALISED, PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.rows import columns_of, format_row, number_rows
from kinoeye.geometry.convention import OPENCV_W2C, Float64

COLUMNS = 19


@dataclass(frozen=True)
class FirstRows:
    """What tells one of these formats from another."""

    header: str | None
    """Without spaces around it; None where the file begins with numbers."""
    stamps: tuple[float, ...]
    """Time stamps of the first and, where there is one, the second row."""


def first_rows(head: FileHead) -> FirstRows | None:
    """The header and the first stamps; None where neither of the first two lines is a row of 19 numbers."""
    lines = head.text.splitlines()
    has_header = bool(lines) and columns_of(lines[0]) != COLUMNS
    rows = lines[has_header : has_header + 2]
    if not rows or columns_of(rows[0]) != COLUMNS:
        return None
    stamps = tuple(float(row.replace(",", " ").split()[0]) for row in rows if columns_of(row) == COLUMNS)
    return FirstRows(lines[0].strip() if has_header else None, stamps)


def read_rows(path: Path, name: str) -> tuple[PathTable, Float64, str]:
    """The table without times, the column of time stamps, and the header ("" where there is none).

    Raises:
        InputError: a row has another number of columns, or there is none.
    """
    lines = list(enumerate(read_text(path).splitlines(), start=1))
    has_header = bool(lines) and columns_of(lines[0][1]) != COLUMNS
    rows = number_rows([line for line in lines[has_header:] if line[1].strip()], COLUMNS, path)
    K = np.tile(np.eye(3), (len(rows), 1, 1))
    K[:, [0, 1, 0, 1], [0, 1, 2, 2]] = rows[:, 1:5]
    table = PathTable(
        matrices=rows[:, 7:].reshape(-1, 3, 4),
        convention=OPENCV_W2C,
        format=name,
        intrinsics=K,
        size_wh=NORMALISED,
        notes=("columns 6 and 7 are not zero; they are ignored",) if rows[:, 5:7].any() else (),
    )
    return table, rows[:, 0], lines[0][1].strip() if has_header else ""


def dummy_note(stamps: Float64) -> str | None:
    """Why the stamps are no times: they are constant, or count frames; None where they are times."""
    steps = np.diff(stamps)
    if len(stamps) > 1 and (steps == 0).all():
        return f"every timestamp is {stamps[0]:g}: a dummy, so there are no times"
    if len(stamps) > 1 and (steps == 1).all():
        return "the timestamps count frames: there are no times"
    return None


def rows_text(header: str, stamps: Iterable[int], fx_fy_cx_cy: Float64, matrices: Float64) -> str:
    """A file of one row a frame, from calibrations [n, 4] in fractions of the image and world-to-camera [n, 3, 4]."""
    rows = [
        f"{stamp} {format_row(calibration)} 0 0 {format_row(matrix.ravel())}"
        for stamp, calibration, matrix in zip(stamps, fx_fy_cx_cy, matrices, strict=True)
    ]
    return "\n".join([header, *rows]) + "\n"


def calibration_rows(K: Float64) -> Float64:
    """[n, 4] fx, fy, cx, cy of calibration matrices [n, 3, 3]."""
    return K[:, [0, 1, 0, 1], [0, 1, 2, 2]]
