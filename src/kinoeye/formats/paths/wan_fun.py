"""Wan-Fun (VideoX-Fun) camera text: RealEstate10K rows under a blank line, every time stamp 0, 81 frames.

VideoX-Fun takes focal lengths as fractions of a 16:9 image that covers its film and is cut to it, and principal points
as fractions of the film. Source: github.com/aigc-apps/VideoX-Fun, asset/*.txt and videox_fun/data/utils.py
(process_pose_file).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

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
from kinoeye.geometry.convention import NORMALISED, OPENCV_W2C, Float64

NAME = "wan-fun"
TITLE = "Wan-Fun, VideoX-Fun camera text"
FILE_NAMES = ("wan_fun.txt", "*.wan-fun.txt", "*.wan_fun.txt")
DEFAULT_NAME = "wan_fun.txt"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics"})
NEEDS = frozenset({"intrinsics"})
FRAMES = 81
ASPECT = 16 / 9


def sniff(head: FileHead) -> bool:
    """Rows of 19 numbers that begin with 0, under a blank line."""
    return header_and_stamps(head) == ("", {0.0})


def read(path: Path) -> PathTable:
    """Read poses and intrinsics in fractions of a 16:9 image."""
    table, stamps, _ = read_camera_rows(path, NAME)
    dummy = "every timestamp is 0: a dummy, so there are no times"
    note = dummy if not stamps.any() else dummy_note(stamps)
    return replace(table, times_s=None if note else stamps / 1e6, notes=(*([note] if note else ()), *table.notes))


def write(table: PathTable, path: Path) -> list[str]:
    """Write one row a frame; focal lengths are those of the 16:9 image that the film is cut from."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    width, height = table.size_wh
    calibration, warnings = calibration_rows(table.intrinsics), []
    if table.size_wh != NORMALISED:
        calibration = calibration / _divisors(width, height)
        if width * 9 != height * 16:
            warnings.append(
                f"VideoX-Fun cuts {width}x{height} out of a 16:9 image: the focal lengths are written for that image"
            )
    if len(table) != FRAMES:
        warnings.append(f"Wan-Fun films {FRAMES} frames; {len(table)} cameras are written")
    write_text(path, rows_text("", [0] * len(table), calibration, table.matrices))
    return warnings


def _divisors(width: int, height: int) -> Float64:
    """What pixels of fx, fy, cx, cy are divided by."""
    return np.array([max(width, height * ASPECT), max(height, width / ASPECT), width, height])
