"""Rows of numbers in text files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64, wxyz_to_matrix


def columns_of(line: str) -> int:
    """How many numbers a line holds; 0 when it holds anything else."""
    words = line.replace(",", " ").split()
    try:
        [float(word) for word in words]
    except ValueError:
        return 0
    return len(words)


def number_rows(lines: Iterable[tuple[int, str]], columns: int, path: Path) -> Float64:
    """[n, columns] of numbered lines that all hold that many numbers.

    Raises:
        InputError: a line does not, or there is none.
    """
    rows = []
    for number, line in lines:
        words = line.replace(",", " ").split()
        try:
            rows.append([float(word) for word in words])
        except ValueError as error:
            raise InputError(f"{path} line {number} holds something else than numbers: is it truncated?") from error
        if len(words) != columns:
            raise InputError(f"{path} line {number} has {len(words)} columns; {columns} are needed: is it truncated?")
    if not rows:
        raise InputError(f"{path} holds no poses: there are no rows of {columns} numbers")
    return np.array(rows)


def poses_of_quaternions(translation: Float64, wxyz: Float64) -> Float64:
    """[n, 3, 4] poses of quaternions as written: one of length q scales its rotation block by q squared."""
    squared = (wxyz * wxyz).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rotation = np.where(squared[:, None, None] == 0, 0.0, wxyz_to_matrix(wxyz) * squared[:, None, None])
    return np.concatenate([rotation, translation[:, :, None]], -1)


def format_row(values: Iterable[float]) -> str:
    """Numbers in their shortest form that reads back to the same bits."""
    return " ".join(repr(float(value)) for value in values)
