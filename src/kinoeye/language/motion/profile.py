"""Progress of a move over its time: a speed profile with raised-cosine ramps and a total of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RAMPS: dict[str | None, tuple[float, float]] = {
    None: (0.12, 0.12),
    "linear": (0.0, 0.0),
    "ease_in": (0.25, 0.0),
    "ease_out": (0.0, 0.25),
    "ease_in_out": (0.25, 0.25),
}
"""Share of the move in which the camera speeds up and slows down; None is the default, a short ramp at both ends."""


def progress(u: ArrayLike, easing: str | None) -> NDArray[np.float64]:
    """Share of the amount that is done at share `u` of the time; 0 at 0 and 1 at 1 exactly, never decreasing.

    Args:
        u: [...] from 0 to 1.
        easing: a key of `RAMPS`.
    """
    u = np.clip(np.asarray(u, dtype=np.float64), 0.0, 1.0)
    ramp_in, ramp_out = RAMPS[easing]
    total = 1.0 - 0.5 * (ramp_in + ramp_out)
    # Progress runs from the nearer end, so that both ends are exact.
    from_start = _ramped(u, ramp_in) / total
    from_end = 1.0 - _ramped(1.0 - u, ramp_out) / total
    return np.where(u <= 0.5, from_start, from_end)


def _ramped(u: NDArray[np.float64], ramp: float) -> NDArray[np.float64]:
    """Integral of a speed that rises from 0 to 1 over [0, ramp] as half a cosine wave, then stays 1."""
    if ramp == 0.0:
        return u
    rising = 0.5 * (u - np.sin(np.pi * u / ramp) * ramp / np.pi)
    return np.where(u < ramp, rising, u - 0.5 * ramp)
