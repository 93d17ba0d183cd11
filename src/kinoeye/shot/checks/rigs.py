"""Which classes of rig can make a move."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.checks.finding import NO_METRES, NO_VERTICAL, Finding, Measured, Skipped, Verdict, judge, quantity
from kinoeye.shot.checks.horizon import roll_deg
from kinoeye.shot.checks.limits import RIGS
from kinoeye.shot.checks.motion import MOTION, measure
from kinoeye.shot.checks.shot_arrays import ShotArrays

PROPERTIES = {
    "travel": ("m", "the camera leaves its place by {worst}"),
    "height": ("m", "the camera's height changes by {worst}"),
    "extent": ("m", "the path spans {worst}"),
    "roll": ("deg", "the horizon leans by {worst}"),
    "shake": ("m", "the camera shakes by {worst}"),
}
"""What a rig limits besides `MOTION` -> unit and words."""
NEEDS_UP = ("height", "roll")
_SHAKE_RATE, _SHAKE_WINDOW = 30.0, 15
_STRAY = 1e-6


def rig_findings(arrays: ShotArrays, rig: str) -> Iterator[Finding | Skipped | None]:
    """What of a move a class of rig cannot make; speeds and rates have checks of their own."""
    if arrays.unit != "m":
        yield Skipped("rig", NO_METRES)
        return
    for name, (unit, says) in PROPERTIES.items():
        limit = getattr(RIGS[rig], name)
        if name in NEEDS_UP and arrays.up != "z":
            yield Skipped("rig", f"{name}: {NO_VERTICAL}")
        elif name != "roll" and math.isfinite(limit):
            yield judge(
                "rig", _property(arrays, name), limit=limit, sense="at most", unit=unit, severity="error", about=name,
                says=f"{says}, which a {rig} cannot do" if _worst(arrays, name) > limit else says,
            )  # fmt: skip


def verdicts(arrays: ShotArrays, *, timed: bool = True) -> dict[str, Verdict]:
    """Which classes of rig can make the move of a shot.

    Args:
        arrays: the shot.
        timed: whether its times are known; False leaves speeds and rates aside.
    """
    if arrays.unit != "m":
        return {rig: Verdict(None, (NO_METRES,)) for rig in RIGS}
    names = [*PROPERTIES, *MOTION] if timed else [name for name in PROPERTIES if name != "shake"]
    values = {name.replace("-", "_"): _worst(arrays, name) for name in names}
    units = {name.replace("-", "_"): unit for name, (unit, _) in {**PROPERTIES, **MOTION}.items()}
    unknown = [] if arrays.up == "z" else list(NEEDS_UP)
    found = {}
    for rig, bounds in RIGS.items():
        why = tuple(
            f"{name.replace('_', ' ')} {quantity(value, units[name])}, at most {quantity(limit, units[name])}"
            for name, value in values.items()
            if value > (limit := getattr(bounds, name)) * (1 + _STRAY)
        )
        open_ = [name for name in unknown if math.isfinite(getattr(bounds, name))]
        reasons = (f"{NO_VERTICAL}, and with it {' and '.join(open_)}",) if open_ else ()
        found[rig] = Verdict(False, why) if why else Verdict(None if open_ else True, reasons)
    return found


def _worst(arrays: ShotArrays, name: str) -> float:
    """The largest value of a property or of a check in `MOTION`; 0 where it cannot be measured."""
    if name in NEEDS_UP and arrays.up != "z":
        return 0.0
    values = (measure(arrays, name) if name in MOTION else _property(arrays, name)).values
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _property(arrays: ShotArrays, name: str) -> Measured:
    """Values by frame of one of `PROPERTIES`."""
    eye = arrays.eye
    if name == "travel":
        return Measured.by_frame(np.linalg.norm(eye - eye[0], axis=1))
    if name == "height":
        return Measured.by_frame(_spread(eye[:, 2]))
    if name == "roll":
        return Measured.by_frame(np.abs(roll_deg(arrays.R_world_cam)))
    if name == "shake":
        return _shake(arrays)
    return Measured(np.array([arrays.extent]), np.array([0]), np.array([len(arrays) - 1]))


def _spread(heights: Float64) -> Float64:
    """How far each frame's height [n] is from the farthest other one's."""
    return np.maximum(heights - heights.min(), heights.max() - heights)


def _shake(arrays: ShotArrays) -> Measured:
    """Distance of the camera from a quadratic fitted to the half second around (Savitzky and Golay 1964).

    It is measured at 30 places a second; a path of less than half a second has none.
    """
    from scipy.signal import savgol_filter

    times = np.arange(arrays.times_s[0], arrays.times_s[-1] + 1e-9, 1 / _SHAKE_RATE)
    if len(times) < _SHAKE_WINDOW:
        return Measured(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
    path = np.stack([np.interp(times, arrays.times_s, column) for column in arrays.eye.T], axis=1)
    values = np.linalg.norm(path - savgol_filter(path, _SHAKE_WINDOW, 2, axis=0), axis=1)
    frame = np.abs(np.searchsorted(arrays.times_s, times)).clip(0, len(arrays) - 1)
    return Measured(values, frame, frame)
