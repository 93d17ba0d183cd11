"""How fast a camera moves and turns: speed, acceleration and jerk, angular rate and acceleration."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64, matrix_to_rotvec
from kinoeye.shot.checks.finding import NO_METRES, Finding, Measured, Skipped, judge
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.shot_arrays import ShotArrays

SHORTEST_STEP_S = 1 / 30
"""Differences span at least this much time, or the noise of paths measured at 100 Hz would drown the motion."""
MOTION = {
    "speed": ("m/s", "the camera reaches a speed of {worst}"),
    "acceleration": ("m/s2", "the camera is accelerated by {worst}"),
    "jerk": ("m/s3", "the camera's acceleration changes by {worst}"),
    "angular-rate": ("deg/s", "the camera turns at {worst}"),
    "angular-acceleration": ("deg/s2", "the camera's turning changes by {worst}"),
}
"""Check -> unit and words."""
_SAMPLES = {"speed": 2, "acceleration": 3, "jerk": 4, "angular-rate": 2, "angular-acceleration": 3}


def motion(arrays: ShotArrays, code: str, limits: Limits) -> Finding | Skipped | None:
    """Whether one of the checks in `MOTION` holds."""
    unit, says = MOTION[code]
    if arrays.unit != "m" and not code.startswith("angular"):
        return Skipped(code, NO_METRES)
    measured = measure(arrays, code)
    if len(measured.values) == 0:
        return Skipped(code, f"{_SAMPLES[code]} poses at least a thirtieth of a second apart are needed")
    limit = getattr(limits, code.replace("-", "_"))
    return judge(code, measured, limit=limit, sense="at most", unit=unit, severity="error", says=says)


def measure(arrays: ShotArrays, code: str) -> Measured:
    """The values of one of the checks in `MOTION`, from differences over samples `SHORTEST_STEP_S` apart or more.

    Derivatives are divided differences, which are exact for polynomials of their order at any spacing of the times.
    """
    stencil = _stencils(arrays.times_s, _SAMPLES[code])
    times = arrays.times_s[stencil]  # [m, k]
    if code.startswith("angular"):
        values = np.degrees(_turning(arrays.R_world_cam[stencil], times))
    else:
        values = _derivative(arrays.eye[stencil], times)
    # The value speaks for the middle of its stencil: both frames of a step, the middle one of three, two of four.
    middle = (stencil.shape[1] - 1) // 2
    return Measured(values, stencil[:, middle], stencil[:, stencil.shape[1] - 1 - middle])


def _stencils(times_s: Float64, count: int) -> NDArray[np.int64]:
    """Indices [m, count] of samples each at least `SHORTEST_STEP_S` after the one before."""
    following = np.searchsorted(times_s, times_s + SHORTEST_STEP_S * (1 - 1e-6))
    chain = [np.arange(len(times_s))]
    for _ in range(count - 1):
        chain.append(np.append(following, len(times_s))[chain[-1]])
    stencil = np.stack(chain, axis=1)
    return stencil[stencil[:, -1] < len(times_s)]


def _derivative(points: Float64, times: Float64) -> Float64:
    """Length [m] of the derivative of order k - 1 of points [m, k, 3] at times [m, k], by divided differences."""
    order = points.shape[1] - 1
    table = points
    for step in range(1, order + 1):
        table = np.diff(table, axis=1) / (times[:, step:] - times[:, :-step])[..., None]
    return math.factorial(order) * np.linalg.norm(table[:, 0], axis=-1)


def _turning(R: Float64, times: Float64) -> Float64:
    """Angular rate [m] in radians per second of rotations [m, 2, 3, 3], or angular acceleration of [m, 3, 3, 3]."""
    rates = matrix_to_rotvec(R[:, 1:] @ np.swapaxes(R[:, :-1], -1, -2)) / np.diff(times, axis=1)[..., None]
    if R.shape[1] == 2:
        return np.linalg.norm(rates[:, 0], axis=-1)
    return np.linalg.norm(rates[:, 1] - rates[:, 0], axis=-1) / ((times[:, 2] - times[:, 0]) / 2)
