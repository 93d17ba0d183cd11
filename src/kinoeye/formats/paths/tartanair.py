"""TartanAir poses: `tx ty tz qx qy qz qw` a row, camera-to-world, in axes x forward, y right, z down (NED)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.row_format import RowLayout, row_kind
from kinoeye.formats.paths.rows import RowBlock, first_rows, format_rows, poses_of_quaternions
from kinoeye.geometry.convention import Convention, matrix_to_wxyz

NAME = "tartanair"
TITLE = "TartanAir poses, also of AirSim"
FILE_NAMES = ("pose_left.txt", "pose_right.txt", "*.tartanair", "*.tartanair.txt")
DEFAULT_NAME = "pose_left.txt"
CONVENTION = Convention("FRD", "FRD", quaternion_order="xyzw")
HOLDS = frozenset({"up"})
NEEDS = frozenset({"up"})
COLUMNS = 7
_NOTE = "x forward, y right, z down by definition of the data set; an estimate's world is rather its first camera"


def sniff(head: FileHead) -> bool:
    """The first rows hold seven numbers."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read poses; the files have neither times nor a unit."""
    return layout(path).read(path)


def layout(path: Path) -> RowLayout:
    """How the rows of a file are read."""

    def table(block: RowBlock) -> PathTable:
        rows = block.values
        matrices = poses_of_quaternions(rows[:, :3], rows[:, [6, 3, 4, 5]])
        return PathTable(matrices=matrices, convention=CONVENTION, format=NAME, notes=(_NOTE,))

    return RowLayout(COLUMNS, table, first_rows(file_head(path)).header_lines)


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame."""
    write_text(path, "\n".join([*header(table), *lines(table), ""]))
    return []


def header(table: PathTable) -> list[str]:
    """No line: readers of TartanAir files expect numbers alone."""
    return []


def lines(table: PathTable) -> Iterator[str]:
    """One row a frame."""
    xyzw = np.roll(matrix_to_wxyz(table.matrices[:, :, :3]), -1, axis=-1)
    return format_rows(np.concatenate([table.matrices[:, :, 3], xyzw], -1))
