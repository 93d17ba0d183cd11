"""TUM trajectories: `time tx ty tz qx qy qz qw` a row, camera-to-world; what SLAM systems and evo exchange."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.files import read_text, write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.rows import columns_of, format_row, number_rows, poses_of_quaternions
from kinoeye.geometry.convention import OPENCV, matrix_to_wxyz

NAME = "tum"
TITLE = "TUM RGB-D, SLAM systems, evo"
FILE_NAMES = ("tum.txt", "*.tum", "*.tum.txt")
DEFAULT_NAME = "tum.txt"
CONVENTION = replace(OPENCV, quaternion_order="xyzw")
HOLDS = frozenset({"times", "unit"})
NEEDS = frozenset({"times"})
COLUMNS = 8
_METRES = "# unit: m"


def sniff(head: FileHead) -> bool:
    """The first row that is no comment holds eight numbers."""
    rows = (line for line in head.text.splitlines() if line.strip() and not line.startswith("#"))
    return columns_of(next(rows, "")) == COLUMNS


def read(path: Path) -> PathTable:
    """Read times and poses; the scale is unknown unless a comment `# unit: m` states it, as ours does."""
    lines = [(i, line) for i, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()]
    rows = number_rows([line for line in lines if not line[1].startswith("#")], COLUMNS, path)
    is_metric = any(line.strip() == _METRES for _, line in lines)
    return PathTable(
        matrices=poses_of_quaternions(rows[:, 1:4], rows[:, [7, 4, 5, 6]]),
        convention=replace(CONVENTION, metres_per_unit=1.0 if is_metric else None),
        format=NAME,
        times_s=rows[:, 0],
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame."""
    assert table.times_s is not None
    xyzw = np.roll(matrix_to_wxyz(table.matrices[:, :, :3]), -1, axis=-1)
    rows = np.concatenate([table.times_s[:, None], table.matrices[:, :, 3], xyzw], -1)
    header = ["# timestamp tx ty tz qx qy qz qw", *([_METRES] if table.unit == "m" else [])]
    write_text(path, "\n".join([*header, *map(format_row, rows)]) + "\n")
    return []
