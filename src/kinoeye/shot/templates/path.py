"""What one actor does, as a nominal path over the ground: sampled evenly in its own time, before it is placed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from kinoeye.geometry.convention import Float64

SAMPLES = 601
"""Samples of a nominal path, evenly spaced in time; a film of seconds reads a few of them a frame."""


@dataclass(frozen=True)
class Path:
    """Where an actor's ground contact is and where its body faces, over `seconds` of its own time.

    Nominal: about the origin, a metre where a walking adult would need one, at about a metre per second.
    """

    xyz: Float[Float64, "n 3"]
    """Metres, z up; z is 0 on the ground."""
    facing: Float[Float64, "n"]
    """Angle of the body's x axis about +z, in radians, without jumps."""
    seconds: float
    leaps: bool = False
    """Whether it leaves the ground under gravity, so that it can be played only about as fast as it is."""

    @property
    def times(self) -> Float[Float64, "n"]:
        """Times of the samples in seconds."""
        return np.linspace(0.0, self.seconds, len(self.facing))

    def sampled(self, times: Float[Float64, "m"]) -> tuple[Float[Float64, "m 3"], Float[Float64, "m"]]:
        """Places and facings at nominal times, held at the ends."""
        xyz = np.stack([np.interp(times, self.times, axis) for axis in self.xyz.T], axis=-1)
        return xyz, np.interp(times, self.times, self.facing)

    def lasting(self, seconds: float) -> Path:
        """The same path at another pace."""
        return replace(self, seconds=seconds)

    def scaled(self, scale: float) -> Path:
        """The same path so many times larger, in its height too."""
        return replace(self, xyz=scale * self.xyz)

    def placed(self, x: float, y: float, heading: float = 0.0, z: float = 0.0) -> Path:
        """The same path turned about the origin by `heading` and moved."""
        turned = self.xyz @ rotation_about_z(heading).T
        return replace(self, xyz=turned + np.array([x, y, z]), facing=self.facing + heading)

    @property
    def speed(self) -> Float[Float64, "n"]:
        """Metres per second; over the ground alone where it leaps."""
        return np.linalg.norm(self._rates(self._driven), axis=-1)

    @property
    def acceleration(self) -> Float[Float64, "n"]:
        """Metres per second squared; over the ground alone where it leaps."""
        return np.linalg.norm(self._rates(self._rates(self._driven)), axis=-1)

    @property
    def turn_rate(self) -> Float[Float64, "n"]:
        """Radians per second by which the body turns, without sign."""
        return np.abs(self._rates(self.facing))

    @property
    def _driven(self) -> Float64:
        """Where it goes by its own force: what gravity does to it is left out."""
        return self.xyz * np.array([1.0, 1.0, 0.0]) if self.leaps else self.xyz

    def _rates(self, values: Float64) -> Float64:
        return np.gradient(values, self.seconds / (len(self.facing) - 1), axis=0)


def rotation_about_z(angle: float) -> Float[Float64, "3 3"]:
    """The rotation matrix of a turn to the left by an angle in radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def smooth_step(u: Float64) -> Float64:
    """From 0 to 1 with no slope at either end; clipped outside."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)
