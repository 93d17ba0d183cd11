"""Whether the horizon is level."""

from __future__ import annotations

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.checks.finding import NO_VERTICAL, Finding, Measured, Skipped, judge
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.shot_arrays import ShotArrays

STEEP = 0.1
"""Sine of the angle to the vertical under which a camera looks straight up or down and has no horizon."""


def roll(arrays: ShotArrays, limits: Limits) -> Finding | Skipped | None:
    """Whether the camera leans no further than a limit."""
    if arrays.up != "z":
        return Skipped("roll", NO_VERTICAL)
    values = np.abs(roll_deg(arrays.R_world_cam))
    if np.isnan(values).all():
        return Skipped("roll", "the camera looks straight up or down, where there is no horizon")
    return judge(
        "roll",
        Measured.by_frame(values),
        limit=limits.roll,
        sense="at most",
        unit="deg",
        severity="warning",
        says="the horizon leans by {worst}",
    )


def roll_deg(R_world_cam: Float64) -> Float64:
    """Roll [n] in degrees, positive for a camera turned clockwise as its operator sees it; NaN where it looks up or
    down.
    """
    right, down = R_world_cam[:, 2, 0], R_world_cam[:, 2, 1]
    return np.where(np.hypot(right, down) > STEEP, np.degrees(np.arctan2(-right, -down)), np.nan)
