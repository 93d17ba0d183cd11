"""CamI2V presets: RealEstate10K rows under the line "https://xxx", every time stamp 114514.

CamI2V skips lines that begin with "https" and no others, takes any number of rows (it interpolates them to the length
of its film) and makes them relative to the first. Source: github.com/ZGCTroy/CamI2V, demo/cami2v_test.py and
demo/camera_pose_files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_rows
from kinoeye.formats.paths.camera_rows import (
    dummy_note,
    header_and_stamps,
    read_camera_rows,
    rows_text,
)
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV_W2C

NAME = "cami2v"
TITLE = "CamI2V text"
FILE_NAMES = ("cami2v.txt", "*.cami2v.txt")
DEFAULT_NAME = "cami2v.txt"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics"})
NEEDS = frozenset({"intrinsics", "normalised"})
HEADER = "https://xxx"
STAMP = 114514


def sniff(head: FileHead) -> bool:
    """Rows of 19 numbers under CamI2V's header, or with its time stamp."""
    header, stamps = header_and_stamps(head) or (None, frozenset())
    return bool(stamps) and (header == HEADER or stamps == {STAMP})


def read(path: Path) -> PathTable:
    """Read poses and normalised intrinsics; stamps under this header that differ are microseconds."""
    table, stamps, _ = read_camera_rows(path, NAME)
    dummy = f"every timestamp is {STAMP}: a dummy, so there are no times"
    note = dummy if (stamps == STAMP).all() else dummy_note(stamps)
    return replace(table, times_s=None if note else stamps / 1e6, notes=(*([note] if note else ()), *table.notes))


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame."""
    assert table.intrinsics is not None
    write_text(path, rows_text(HEADER, [STAMP] * len(table), calibration_rows(table.intrinsics), table.matrices))
    return []
