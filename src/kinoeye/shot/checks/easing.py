"""What some frames need, eased in and out over the frames around them, so that a remedy does not jolt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

_HELD_S, _FADE_S = 0.2, 1.0


def _weights(times_s: Float64, frame: int) -> Float64:
    """How much [n] a frame's need counts at the others: fully nearby, fading out within about a second."""
    fade = (np.abs(times_s - times_s[frame]) - _HELD_S) / max(_FADE_S, 0.25 * float(np.ptp(times_s)))
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(fade, 0.0, 1.0))


def eased(needed: Float64, times_s: Float64) -> Float64:
    """A smooth course [n] that is at least about what each frame needs."""
    course = np.zeros_like(needed)
    for frame in np.flatnonzero(needed).tolist():
        course = np.maximum(course, needed[frame] * _weights(times_s, frame))
    return _mean_nearby(course, times_s)


def _mean_nearby(values: Float64, times_s: Float64) -> Float64:
    """Means [n] weighted by a Gaussian of a tenth of a second."""
    deviation = _HELD_S / 2
    first, last = np.searchsorted(times_s, times_s - 4 * deviation), np.searchsorted(times_s, times_s + 4 * deviation)
    total, weight = np.zeros_like(values), np.zeros_like(values)
    for step in range(int((last - first).max())):
        frame = np.minimum(first + step, len(values) - 1)
        share = np.exp(-0.5 * ((times_s[frame] - times_s) / deviation) ** 2) * (first + step < last)
        total += share * values[frame]
        weight += share
    return total / weight


def spread(push: Float64, wanted: NDArray[np.bool_], times_s: Float64) -> Float64:
    """Pushes [n, 3] of some frames, shared with the frames around them."""
    total, weight, most = np.zeros_like(push), np.zeros(len(push)), np.zeros(len(push))
    for frame in np.flatnonzero(wanted).tolist():
        weights = _weights(times_s, frame)
        total += weights[:, None] * push[frame]
        weight += weights
        most = np.maximum(most, weights)
    mean = total / np.maximum(weight, 1e-12)[:, None]
    # The mean falls short of the largest push, at most threefold is made up for at once.
    short = np.linalg.norm(push, axis=1).max() / max(np.linalg.norm(mean, axis=1).max(), 1e-12)
    return mean * most[:, None] * min(3.0, short)
