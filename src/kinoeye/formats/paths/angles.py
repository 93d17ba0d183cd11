"""Angles of files that were written in degrees where radians are meant, or the reverse."""

from __future__ import annotations

import math

import numpy as np

from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.geometry.convention import Float64

FULL_TURN = 2 * math.pi * (1 + 1e-6)
"""No rotation needs a longer rotation vector in radians."""
HALF_TURN = math.pi
"""No camera sees a wider angle in radians; and hardly any lens one so narrow in degrees."""


def rotation_radians(rotvecs: Float64, what: str) -> tuple[Float64, tuple[Diagnosis, ...]]:
    """Rotation vectors [n, 3] in radians; where one is longer than a turn, all are taken as degrees, with a finding."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(rotvecs, axis=-1)
        degrees = lengths > FULL_TURN
    if not degrees.any():
        return rotvecs, ()
    largest = f"{lengths[np.isfinite(lengths)].max(initial=0):.4g}"
    text = f"{what} turn by up to {largest}: degrees where radians are meant; they are read as degrees"
    return np.radians(rotvecs), (_finding(degrees, text),)


def view_radians(angles: Float64, what: str) -> tuple[Float64, tuple[Diagnosis, ...]]:
    """Angles of view [n] that should be radians; where one is half a turn or more, all are taken as degrees."""
    degrees = (angles >= HALF_TURN) & (angles < 180)
    if not degrees.any():
        return angles, ()
    text = f"{what} is {angles[degrees][0]:.4g}: degrees where radians are meant; it is read as degrees"
    return np.radians(angles), (_finding(degrees, text),)


def view_degrees(angles: Float64, what: str) -> tuple[Float64, tuple[Diagnosis, ...]]:
    """Angles of view [n] that should be degrees; where all are under half a turn in radians, they are taken as such."""
    radians = (angles > 0) & (angles < HALF_TURN)
    if not len(angles) or not radians.all():
        return angles, ()
    text = f"{what} is {angles[0]:.4g}: radians where degrees are meant; it is read as radians"
    return np.degrees(angles), (_finding(radians, text),)


def _finding(mask: np.ndarray, text: str) -> Diagnosis:
    return Diagnosis("degrees", "error", tuple(int(i) for i in np.flatnonzero(mask)), text)
