"""The 180-degree rule: the camera stays on one side of the line of action."""

from __future__ import annotations

import numpy as np

from kinoeye.facts import motion
from kinoeye.geometry.convention import Float64
from kinoeye.shot.checks.finding import NO_SUBJECT, NO_VERTICAL, Finding, Measured, Skipped, judge
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.shot_arrays import ShotArrays, Subject

APART_M = 0.1
"""Subjects nearer than this have no line between them."""
ON_THE_LINE_M = 0.05
"""A camera nearer to the line than this is on neither side yet."""
TRAVELS_M_PER_S = 0.2
"""A subject slower than this keeps the direction in which it went last."""


def action_line(arrays: ShotArrays, limits: Limits) -> Finding | Skipped | None:
    """Whether the camera crosses the line between the first two subjects, or along which the only one travels."""
    if arrays.up != "z":
        return Skipped("line", NO_VERTICAL)
    if len(arrays.subjects) >= 2:
        one, other = arrays.subjects[:2]
        side, words = _side_of_pair(arrays, one, other), f"the line between the {one.name} and the {other.name}"
    elif arrays.subjects:
        side = _side_of_travel(arrays, arrays.subjects[0])
        words = f"the line along which the {arrays.subjects[0].name} travels"
    else:
        return Skipped("line", NO_SUBJECT)
    settled = np.abs(np.nan_to_num(side)) > ON_THE_LINE_M
    if not settled.any():
        return Skipped("line", "no subject travels and no two subjects stand apart, or the camera stays on the line")
    across = -np.sign(side[np.argmax(settled)]) * side
    return judge(
        "line",
        Measured.by_frame(across),
        limit=limits.line,
        sense="at most",
        unit="m",
        severity="warning",
        says=f"the camera gets {{worst}} beyond {words}: left and right change places on the screen"
        if np.nanmax(across) > limits.line
        else f"the camera stays on its side of {words}, {{worst}} beyond it",
    )


def _side_of_pair(arrays: ShotArrays, one: Subject, other: Subject) -> Float64:
    """Signed distance [n] in metres of the camera to the line from one subject to the other, seen from above."""
    along = (other.centre - one.centre)[:, :2]
    length = np.linalg.norm(along, axis=1)
    return _cross(along, (arrays.eye - one.centre)[:, :2]) / np.where(length > APART_M, length, np.nan)


def _side_of_travel(arrays: ShotArrays, subject: Subject) -> Float64:
    """Signed distance [n] in metres of the camera to the line through a subject along its way; NaN if it stands."""
    if len(arrays) < 2:
        return np.full(len(arrays), np.nan)
    place = subject.centre[:, :2]
    velocity = motion.rate(arrays.times_s, place.T).per_s.T
    speed = np.linalg.norm(velocity, axis=1)
    moves = np.flatnonzero(speed > TRAVELS_M_PER_S)
    if len(moves) == 0:
        return np.full(len(arrays), np.nan)
    last = moves[np.clip(np.searchsorted(moves, np.arange(len(arrays)), side="right") - 1, 0, None)]
    return _cross(velocity[last] / speed[last, None], arrays.eye[:, :2] - place)


def _cross(a: Float64, b: Float64) -> Float64:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
