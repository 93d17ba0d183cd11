"""Nuke .chan camera files: `frame tx ty tz rx ry rz [vfov]` a row, degrees, rotation order ZXY; Houdini too."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.animation import euler_to_matrix, matrix_to_euler
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.row_format import row_kind
from kinoeye.formats.paths.rows import first_rows, format_row, read_rows
from kinoeye.formats.paths.scene_camera import Y_UP, fov_y_and_aspect, intrinsics_of_height, lost_intrinsics
from kinoeye.geometry.convention import Convention

NAME = "chan"
TITLE = "Nuke and Houdini .chan"
FILE_NAMES = ("*.chan",)
DEFAULT_NAME = "camera.chan"
CONVENTION = Convention("RUB", Y_UP)
HOLDS = frozenset({"ids", "up"})
NEEDS = frozenset({"up"})
MAX_FRAME = 2**31 - 1
"""Frames are 32-bit whole numbers in Nuke and Houdini."""
ORDER = "ZXY"
"""Of rotations, the one applied first first: the default of Nuke's Camera. The file does not say it."""


def sniff(head: FileHead) -> bool:
    """Frames counted in whole numbers, then six numbers that hold no quaternion, or seven with a field of view."""
    return row_kind(head) == NAME


def read(path: Path) -> PathTable:
    """Read frames, poses and, where the rows have one, the vertical field of view; times are not in the file."""
    columns = 8 if first_rows(file_head(path)).columns == 8 else 7
    block = read_rows(path, columns)
    rows = block.values
    notes = [f"the rotation order {ORDER}, Nuke's default, is assumed; the file says neither it nor a frame rate"]
    with np.errstate(invalid="ignore"):
        rotation = euler_to_matrix(ORDER, np.radians(rows[:, 4:7]))
        is_counted = bool((rows[:, 0] == np.round(rows[:, 0])).all()) and abs(rows[:, 0]).max() < 2**53
    return PathTable(
        matrices=np.concatenate([rotation, rows[:, 1:4, None]], -1),
        convention=CONVENTION,
        format=NAME,
        intrinsics=intrinsics_of_height(np.radians(rows[:, 7]), None, notes) if columns == 8 else None,
        size_wh=(1, 1) if columns == 8 else None,
        ids=tuple(int(frame) for frame in rows[:, 0]) if is_counted else (),
        notes=tuple(notes),
        findings=block.findings,
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame, with the vertical field of view where intrinsics are known."""
    frames, warnings = _frames(table)
    columns = [table.matrices[:, :, 3], np.degrees(matrix_to_euler(ORDER, table.matrices[:, :, :3]))]
    if table.intrinsics is not None and table.size_wh is not None:
        fov_y, _ = fov_y_and_aspect(table)
        columns.append(np.degrees(fov_y)[:, None])
        warnings += lost_intrinsics(table, zooms=True, aspect=False)
    rows = np.concatenate(columns, axis=1)
    write_text(path, "".join(f"{frame} {format_row(row)}\n" for frame, row in zip(frames, rows, strict=True)))
    return warnings


def _frames(table: PathTable) -> tuple[tuple[int, ...], list[str]]:
    """The numbers of the frames, from 1 on where the path has none or has stamps that no frame number holds."""
    counted = tuple(range(1, len(table) + 1))
    if not table.ids:
        return counted, []
    if max(map(abs, table.ids)) <= MAX_FRAME:
        return table.ids, []
    return counted, [f"the frame numbers, from {table.ids[0]} on, are no frames of a film: they count from 1"]
