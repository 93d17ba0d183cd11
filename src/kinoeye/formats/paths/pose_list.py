"""Lists of row-major 4x4 matrices, 16 numbers a row, with or without a frame number before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.row_format import row_kind
from kinoeye.formats.paths.rows import first_rows, format_rows, read_rows
from kinoeye.geometry.convention import OPENCV, homogeneous

NAME = "pose-list"
TITLE = "rows of 4x4 matrices, as in GTSAM's examples"
FILE_NAMES = ("pose_list.txt", "*.poses.txt")
DEFAULT_NAME = "pose_list.txt"
CONVENTION = OPENCV
HOLDS = frozenset({"ids"})
NEEDS = frozenset[str]()
WITH_NUMBER, WITHOUT = 17, 16
_NOTE = "the file does not name its axes; OpenCV camera-to-world is assumed"


def sniff(head: FileHead) -> bool:
    """The first rows hold 16 or 17 numbers."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read poses, and frame numbers where rows have them; matrices with their translation below are transposed."""
    first = first_rows(file_head(path))
    columns = WITHOUT if first.columns == WITHOUT else WITH_NUMBER
    block = read_rows(path, columns, header_lines=first.header_lines)
    matrices = block.values[:, -16:].reshape(-1, 4, 4)
    notes = (_NOTE,)
    last = np.array([0.0, 0.0, 0.0, 1.0])
    if (matrices[:, :, 3] == last).all() and not (matrices[:, 3] == last).all():
        matrices = matrices.swapaxes(1, 2)
        notes += ("the matrices are transposed: their last column, not their last row, is 0 0 0 1",)
    elif not np.allclose(matrices[:, 3], last, atol=1e-6):
        raise InputError(f"{path} has 4x4 matrices whose last row is not 0 0 0 1: these are not poses")
    return PathTable(
        matrices=matrices[:, :3],
        convention=CONVENTION,
        format=NAME,
        ids=_frame_numbers(block.values[:, 0]) if columns == WITH_NUMBER else (),
        notes=notes,
        findings=block.findings,
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame, with its number or index."""
    numbers = table.ids or range(len(table))
    rows = format_rows(homogeneous(table.matrices).reshape(-1, 16))
    write_text(path, "\n".join([*(f"{n} {row}" for n, row in zip(numbers, rows, strict=True)), ""]))
    return []


def _frame_numbers(column: np.ndarray) -> tuple[int, ...]:
    """Whole numbers of a column; empty where it holds others, such as times."""
    is_whole = np.isfinite(column).all() and (column == np.rint(column)).all() and abs(column).max() < 2**53
    return tuple(int(number) for number in column) if is_whole else ()
