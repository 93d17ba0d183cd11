"""Pose graphs of g2o (VERTEX_SE3:QUAT) and TORO (VERTEX3): the poses of their vertices; edges are left out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text, write_text
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.angles import rotation_radians
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.rows import format_rows, number_rows, poses_of_quaternions
from kinoeye.geometry.convention import OPENCV, Float64, matrix_to_wxyz

NAME = "g2o"
TITLE = "g2o and TORO pose graphs"
FILE_NAMES = ("*.g2o",)
DEFAULT_NAME = "poses.g2o"
CONVENTION = replace(OPENCV, quaternion_order="xyzw")
HOLDS = frozenset({"ids"})
NEEDS = frozenset[str]()
G2O, TORO = "VERTEX_SE3:QUAT", "VERTEX3"
FLAT = ("VERTEX_SE2", "VERTEX2", "VERTEX")
_COLUMNS = {G2O: 8, TORO: 7}
_TAG = re.compile(r"(VERTEX|EDGE|FIX|PARAMS)[A-Z0-9_:]*$")
_NOTE = "the graph does not name the axes of its bodies; OpenCV camera-to-world is assumed"


def sniff(head: FileHead) -> bool:
    """The first line that is no comment begins with a tag of g2o or TORO."""
    lines = (line.split(maxsplit=1) for line in head.text.split("\n") if line.strip() and not line.startswith("#"))
    return bool(_TAG.match(next(lines, [""])[0]))


def read(path: Path) -> PathTable:
    """Read the vertices in the order of their numbers; the unit and the axes are not stated."""
    vertices: dict[str, list[tuple[int, str]]] = {G2O: [], TORO: []}
    others: Counter[str] = Counter()
    numbers: dict[int, int] = {}
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        tag, rest = (*text.split(maxsplit=1), "", "")[:2]
        if tag in vertices:
            number = rest.split(maxsplit=1)[0] if rest.strip() else ""
            if not re.fullmatch(r"[0-9]{1,20}", number, re.ASCII):
                raise InputError(f"{path} line {line} has a vertex without a number: is it truncated?")
            if int(number) in numbers:
                raise InputError(f"{path} line {line}: vertex {number} was in line {numbers[int(number)]} already")
            numbers[int(number)] = line
            vertices[tag].append((line, rest))
        elif tag and not tag.startswith("#"):
            others[tag] += 1
    return _table(path, vertices, others, tuple(numbers))


def write(table: PathTable, path: Path) -> list[str]:
    """Write one vertex a frame, with its number or index; there are no edges."""
    numbers = table.ids or range(len(table))
    xyzw = np.roll(matrix_to_wxyz(table.matrices[:, :, :3]), -1, axis=-1)
    rows = format_rows(np.concatenate([table.matrices[:, :, 3], xyzw], -1))
    write_text(path, "\n".join([*(f"{G2O} {n} {row}" for n, row in zip(numbers, rows, strict=True)), ""]))
    return []


def _table(path: Path, vertices: dict[str, list], others: Counter[str], numbers: tuple[int, ...]) -> PathTable:
    kinds = [tag for tag in vertices if vertices[tag]]
    if not kinds:
        flat = next((tag for tag in others if tag in FLAT), None)
        if flat:
            raise InputError(f"{path} is a graph of 2-D poses ({flat}); cameras need 3-D poses, {G2O} or {TORO}")
        raise InputError(f"{path} is a pose graph without vertices of 3-D poses, {G2O} or {TORO}")
    if len(kinds) > 1:
        raise InputError(f"{path} mixes {G2O} of g2o with {TORO} of TORO; one of them is needed")
    rows = number_rows(vertices[kinds[0]], _COLUMNS[kinds[0]], path)
    found: tuple[Diagnosis, ...] = ()
    if kinds[0] == G2O:
        matrices, order = poses_of_quaternions(rows[:, 1:4], rows[:, [7, 4, 5, 6]]), "xyzw"
    else:
        radians, found = rotation_radians(rows[:, 4:], "roll, pitch and yaw")
        matrices, order = _poses_of_angles(rows[:, 1:4], radians), None
    notes = [_NOTE]
    if others:
        left_out = ", ".join(f"{count} {tag}" for tag, count in others.most_common(8))
        notes.append(f"left out of the graph: {left_out}")
    sequence = sorted(range(len(numbers)), key=numbers.__getitem__)
    if sequence != list(range(len(numbers))):
        notes.append("vertices are sorted by their numbers")
    table = PathTable(
        matrices=matrices,
        convention=replace(CONVENTION, quaternion_order=order),
        format=NAME,
        ids=numbers,
        notes=tuple(notes),
        findings=found,
    )
    return table.frames(sequence)


def _poses_of_angles(translation: Float64, roll_pitch_yaw: Float64) -> Float64:
    """[n, 3, 4] poses with rotation Rz(yaw) Ry(pitch) Rx(roll), angles in radians, as TORO's files have them."""
    roll, pitch, yaw = 0.5 * roll_pitch_yaw.T
    cr, sr, cp, sp, cy, sy = (f(angle) for angle in (roll, pitch, yaw) for f in (np.cos, np.sin))
    wxyz = np.stack(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ],
        -1,
    )
    return poses_of_quaternions(translation, wxyz)
