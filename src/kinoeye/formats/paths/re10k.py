"""RealEstate10K text, also of CameraCtrl, CamI2V and Wan-Fun: a header line, then 19 numbers a frame.

Columns: microseconds, fx fy cx cy in fractions of the image, two unused, and a row-major 3x4 world-to-camera matrix.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.files import read_text, write_text
from kinoeye.formats.path_table import NORMALISED, PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.rows import columns_of, format_row, number_rows
from kinoeye.geometry.convention import OPENCV_W2C, Float64

NAME = "re10k"
TITLE = "RealEstate10K, CameraCtrl, CamI2V, Wan-Fun text"
FILE_NAMES = ("re10k.txt", "*.re10k", "*.re10k.txt")
DEFAULT_NAME = "re10k.txt"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"times", "intrinsics"})
NEEDS = frozenset({"intrinsics", "normalised"})
COLUMNS = 19


def sniff(head: FileHead) -> bool:
    """A row of 19 numbers, first or after one header line."""
    return any(columns_of(line) == COLUMNS for line in head.text.splitlines()[:2])


def read(path: Path) -> PathTable:
    """Read poses, normalised intrinsics and, unless they are dummies, times."""
    lines = list(enumerate(read_text(path).splitlines(), start=1))
    has_header = bool(lines) and columns_of(lines[0][1]) != COLUMNS
    rows = number_rows([line for line in lines[has_header:] if line[1].strip()], COLUMNS, path)
    times, notes = _times(rows[:, 0])
    K = np.tile(np.eye(3), (len(rows), 1, 1))
    K[:, [0, 1, 0, 1], [0, 1, 2, 2]] = rows[:, 1:5]
    if rows[:, 5:7].any():
        notes += ("columns 6 and 7 are not zero; they are ignored",)
    header = lines[0][1].strip() if has_header else ""
    return PathTable(
        matrices=rows[:, 7:].reshape(-1, 3, 4),
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        size_wh=NORMALISED,
        times_s=times,
        notes=((f"source: {header}",) if header else ()) + notes,
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame; a path without times gets the dummy timestamp 0."""
    K = table.intrinsics
    assert K is not None
    times = np.zeros(len(table)) if table.times_s is None else np.rint(table.times_s * 1e6)
    source = next((note.removeprefix("source: ") for note in table.notes if note.startswith("source: ")), "kinoeye")
    rows = [
        f"{int(times[i])} {format_row([K[i, 0, 0], K[i, 1, 1], K[i, 0, 2], K[i, 1, 2]])} 0 0 "
        f"{format_row(table.matrices[i].ravel())}"
        for i in range(len(table))
    ]
    write_text(path, "\n".join([source, *rows]) + "\n")
    return []


def _times(stamps: Float64) -> tuple[Float64 | None, tuple[str, ...]]:
    """Seconds, or None with the reason where the column holds a constant or counts frames."""
    steps = np.diff(stamps)
    if len(stamps) > 1 and (steps == 0).all():
        return None, (f"every timestamp is {stamps[0]:g}: a dummy, so there are no times",)
    if len(stamps) > 1 and (steps == 1).all():
        return None, ("the timestamps count frames: there are no times",)
    return stamps / 1e6, ()
