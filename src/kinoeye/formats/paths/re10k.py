"""RealEstate10K text, which CameraCtrl reads too: the film's address, then 19 numbers a frame, microseconds first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import cami2v, wan_fun
from kinoeye.formats.paths.calibrations import calibration_rows
from kinoeye.formats.paths.camera_rows import (
    dummy_note,
    header_and_stamps,
    read_camera_rows,
    rows_text,
)
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV_W2C

NAME = "re10k"
TITLE = "RealEstate10K, CameraCtrl text"
FILE_NAMES = ("re10k.txt", "*.re10k", "*.re10k.txt")
DEFAULT_NAME = "re10k.txt"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"times", "intrinsics"})
NEEDS = frozenset({"intrinsics", "normalised"})
_SOURCE = "source: "


def sniff(head: FileHead) -> bool:
    """A row of 19 numbers, first or after one header line, that is neither Wan-Fun's nor CamI2V's."""
    return header_and_stamps(head) is not None and not wan_fun.sniff(head) and not cami2v.sniff(head)


def read(path: Path) -> PathTable:
    """Read poses, normalised intrinsics and, unless they are dummies, times."""
    table, stamps, header = read_camera_rows(path, NAME)
    dummy = dummy_note(stamps)
    notes = [f"{_SOURCE}{header}"] if header else []
    notes += [dummy] if dummy else []
    return replace(table, times_s=None if dummy else stamps / 1e6, notes=(*notes, *table.notes))


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame; a path without times gets the dummy timestamp 0."""
    assert table.intrinsics is not None
    stamps = np.zeros(len(table)) if table.times_s is None else np.rint(table.times_s * 1e6)
    source = next((note.removeprefix(_SOURCE) for note in table.notes if note.startswith(_SOURCE)), "kinoeye")
    write_text(path, rows_text(source, map(int, stamps), calibration_rows(table.intrinsics), table.matrices))
    return []
