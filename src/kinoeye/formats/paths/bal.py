"""Bundle Adjustment in the Large: observations, nine numbers a camera (rotation vector, t, f, k1, k2), points.

The projection is Bundler's (Agarwal, Snavely, Seitz, Szeliski: Bundle Adjustment in the Large, 2010).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_bytes
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import bundler
from kinoeye.formats.paths.angles import rotation_radians
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import rotvec_to_matrix

NAME = "bal"
TITLE = "Bundle Adjustment in the Large text"
FILE_NAMES = ()
DEFAULT_NAME = "problem.txt"
CONVENTION = bundler.CONVENTION
HOLDS = frozenset({"ids"})
NEEDS = frozenset()
_NUMBERS = 9
_HEADER = re.compile(r"\s*(\d{1,9})[ \t]+(\d{1,12})[ \t]+(\d{1,12})[ \t]*\r?\n")
_SPACE = re.compile(rb"\s*")
_BLOCK_BYTES = 65536
_FIRST_ROW = re.compile(r"\s*(\d{1,9})[ \t]+(\d{1,12})[ \t]+[-+.\deE]+[ \t]+[-+.\deE]+[ \t]*\r?\n")


def sniff(head: FileHead) -> bool:
    """Three counts, then an observation: a camera, a point, and where the one sees the other."""
    counts = _HEADER.match(head.text)
    row = counts and _FIRST_ROW.match(head.text, counts.end())
    return bool(counts and row and int(row[1]) < int(counts[1]) and int(row[2]) < int(counts[2]))


def read(path: Path) -> PathTable | dict[str, PathTable]:
    """Read the cameras in file order; the file names no images, nor their size."""
    data = read_bytes(path)
    header = _HEADER.match(data[:1000].decode(errors="replace"))
    if header is None:
        raise InputError(f"{path} does not begin with the numbers of cameras, points and observations")
    cameras, observations = int(header[1]), int(header[3])
    rows = bundler.camera_rows(data, _after_rows(data, header.end(), observations), cameras, _NUMBERS, path)
    with np.errstate(over="ignore", invalid="ignore"):
        rotvecs, found = rotation_radians(rows[:, :3], "rotation vectors")
        poses = np.concatenate([rotvec_to_matrix(rotvecs), rows[:, 3:6, None]], -1)
    table = bundler.bundle_table(poses, rows[:, 6:9], (), [None] * cameras, NAME, path)
    return replace(table, findings=(*found, *table.findings)) if isinstance(table, PathTable) else table


def _after_rows(data: bytes, at: int, rows: int) -> int:
    """Where the line after so many begins; the empty one that often follows the header is no row."""
    blank = _SPACE.match(data, at)
    at = blank.end() if blank else at
    while at < len(data):
        lines = data.count(b"\n", at, at + _BLOCK_BYTES)
        if lines >= rows:
            break
        rows, at = rows - lines, at + _BLOCK_BYTES
    for _ in range(rows):
        at = data.find(b"\n", at) + 1 or len(data)
        if at == len(data):
            break
    return at
