"""Rows of 19 numbers, one a frame after a header line: what RealEstate10K, Wan-Fun and CamI2V text share.

Columns: a time stamp, fx fy cx cy in fractions of the image, two unused, and a row-major 3x4 world-to-camera matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.orbit_keys import sniff_keys
from kinoeye.formats.paths.rows import first_rows, format_row, read_rows
from kinoeye.geometry.convention import NORMALISED, OPENCV_W2C, Float64

COLUMNS = 19


def header_and_stamps(head: FileHead) -> tuple[str | None, frozenset[float]] | None:
    """The line before the rows, None without one, and the first two stamps; None for files without such rows."""
    first = first_rows(head)
    if first.columns != COLUMNS or sniff_keys(head) is not None:
        return None
    return next(iter(first.preamble), None), frozenset(float(row[0]) for row in first.rows[:2])


def read_camera_rows(path: Path, name: str) -> tuple[PathTable, Float64, str]:
    """The table without times, the column of time stamps, and the header ("" where there is none).

    Raises:
        InputError: a row has another number of columns, or there is none.
    """
    first = first_rows(file_head(path))
    block = read_rows(path, COLUMNS, header_lines=first.header_lines)
    rows = block.values
    table = PathTable(
        matrices=rows[:, 7:].reshape(-1, 3, 4),
        convention=OPENCV_W2C,
        format=name,
        intrinsics=calibration_matrices(rows[:, 1:5]),
        size_wh=NORMALISED,
        notes=("columns 6 and 7 are not zero; they are ignored",) if rows[:, 5:7].any() else (),
        findings=block.findings,
    )
    return table, rows[:, 0], next(iter(first.preamble), "")


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
