"""Poses of Unreal Engine as strings of four bracketed rows, such as "[1 0 0 0] [0 1 0 0] [0 0 1 0] [339 138 24 1]".

Unreal multiplies row vectors, so the rows are a pose's x axis (forward), y axis (right), z axis (up) and place in the
world, in centimetres and left-handed; the matrix of column vectors is their transpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.paths.rows import format_row
from kinoeye.geometry.convention import Convention, Float64

UNREAL = Convention("FRU", "FRU", "cam_to_world", 0.01)
"""A camera or body that looks along +x, in centimetres."""
MAX_POSES = 1_000_000
"""More than this in one file are refused."""
_ROWS = re.compile(r"\s*" + r"\s*".join([r"\[([^\[\]]*)\]"] * 4) + r"\s*")


def pose_of(text: object, where: str) -> Float64:
    """The pose [3, 4] of a string of four rows.

    Raises:
        InputError: it is something else, or its last column is not 0 0 0 1, as that of a transposed pose is.
    """
    match = _ROWS.fullmatch(text) if isinstance(text, str) else None
    try:
        numbers = [[float(word) for word in row.split()] for row in match.groups()] if match else []
    except ValueError:
        numbers = []
    if [len(row) for row in numbers] != [4, 4, 4, 4]:
        raise InputError(f'{where} is {str(text)[:40]!r}; four rows of four numbers, "[1 0 0 0] [...", are needed')
    rows = np.array(numbers)
    if not np.array_equal(rows[:, 3], [0, 0, 0, 1]):
        last = " ".join(f"{x:g}" for x in rows[:, 3])
        raise InputError(f"{where} has the last column {last}; 0 0 0 1 is needed, with the place in the last row")
    return rows[:, :3].T


def text_of(pose: Float64) -> str:
    """The string of a pose [3, 4]."""
    rows = np.concatenate([pose.T, [[0.0], [0.0], [0.0], [1.0]]], axis=1)
    return " ".join(f"[{format_row(row)}]" for row in rows)


def frame_numbers(keys: Iterable[str], prefix: str, where: str) -> dict[int, str]:
    """Frame number -> key, by number, of keys such as "frame12".

    Raises:
        InputError: a key is something else, or there is none.
    """
    numbers = {}
    for key in keys:
        digits = key.removeprefix(prefix)
        if not (key.startswith(prefix) and digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise InputError(f'{where} has the key {key[:40]!r}; "{prefix}0", "{prefix}1", ... are needed')
        numbers[int(digits)] = key
    if not numbers:
        raise InputError(f"{where} holds no frames")
    return dict(sorted(numbers.items()))


def gap_ids(numbers: Mapping[int, object]) -> tuple[int, ...]:
    """The frame numbers where they say more than 0, 1, 2, ...; empty otherwise."""
    return () if list(numbers) == list(range(len(numbers))) else tuple(numbers)
