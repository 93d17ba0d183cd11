"""Where an actor is over time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.bodies.motions.cues import Cue

RATE_HZ = 60.0
"""Samples of a course per second."""


@dataclass(frozen=True)
class Course:
    """Where an actor is over time, and what it does there."""

    xyz: Float64
    """Ground contact [k, 3] in metres, `RATE_HZ` times a second from 0; it stays where it is afterwards."""
    facing: Float64
    """Angle [k] about +z."""
    cues: tuple[Cue, ...] = ()
    ends_s: tuple[float, ...] = ()
    """When each of its actions ends."""

    @property
    def seconds(self) -> float:
        """When its last action ends, or it stops."""
        return max([(len(self.facing) - 1) / RATE_HZ, *self.ends_s])

    def at(self, times_s: Float64) -> tuple[Float64, Float64]:
        """Places [n, 3] and facings [n] at times."""
        own = np.arange(len(self.facing)) / RATE_HZ
        xyz = np.stack([np.interp(times_s, own, axis) for axis in self.xyz.T], axis=-1)
        return xyz, np.interp(times_s, own, self.facing)

    def placed(self, x: float, y: float, heading: float) -> Course:
        """The course turned about the origin, then moved."""
        c, s = math.cos(heading), math.sin(heading)
        turned = self.xyz @ np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]).T
        return replace(self, xyz=turned + np.array([x, y, 0.0]), facing=self.facing + heading)
