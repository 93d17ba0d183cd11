"""MonST3R's trajectory, also DataDoP's SHOT_traj.txt: TUM's rows with the real part of the quaternion first.

NAME_intrinsics.txt beside NAME_traj.txt has nine numbers a frame; it is also what tells the two layouts apart.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import MAX_SIDE
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.row_format import monst3r_intrinsics, row_kind
from kinoeye.formats.paths.rows import poses_of_quaternions, read_rows
from kinoeye.geometry.convention import OPENCV

NAME = "monst3r"
TITLE = "MonST3R, DataDoP *_traj.txt with *_intrinsics.txt"
FILE_NAMES = ()
DEFAULT_NAME = "pred_traj.txt"
CONVENTION = replace(OPENCV, quaternion_order="wxyz")
HOLDS = frozenset({"times", "intrinsics", "size"})
NEEDS = frozenset()
COLUMNS = 8


def sniff(head: FileHead) -> bool:
    """Rows of eight numbers in a file NAME_traj.txt that has its intrinsics beside it."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read poses and, where there are as many, calibrations; the image is twice the principal point."""
    block = read_rows(path, COLUMNS)
    rows = block.values
    table = PathTable(
        matrices=poses_of_quaternions(rows[:, 1:4], rows[:, 4:8]),
        convention=CONVENTION,
        format=NAME,
        times_s=rows[:, 0],
        findings=block.findings,
    )
    beside = monst3r_intrinsics(path)
    if beside is None:
        return table
    K = read_rows(beside, 9).values.reshape(-1, 3, 3)
    if len(K) != len(table):
        return table.noted(f"{beside.name} has {len(K)} rows for {len(table)} poses and is left out")
    centre = K[0, :2, 2]
    if not ((centre >= 1) & (centre < MAX_SIDE)).all():
        raise InputError(f"{beside} has a principal point of {centre[0]:g}, {centre[1]:g} in its first row")
    size = (2 * int(centre[0]), 2 * int(centre[1]))
    return replace(table, intrinsics=np.array(K), size_wh=size).noted(f"the image is taken as {size[0]}x{size[1]}")
