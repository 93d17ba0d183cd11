"""Curves of motion made smooth over time."""

from __future__ import annotations

import numpy as np

from kinoeye.shot.bodies.body import Float64


def gaussian(values: Float64, times_s: Float64, sigma_s: float) -> Float64:
    """Values [f] under a Gaussian window over time; beyond its ends a curve goes on as it came, turned about the end.

    Example:
        >>> times = np.linspace(0.0, 1.0, 11)
        >>> bool(np.allclose(gaussian(3 * times, times, 0.2), 3 * times))
        True
    """
    if sigma_s == 0 or len(values) < 3:
        return values.copy()
    step = float(np.median(np.diff(times_s)))
    reach = min(max(1, int(3 * sigma_s / step)), len(values) - 1)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sigma_s) ** 2)
    padded = np.pad(values, reach, mode="reflect", reflect_type="odd")
    return np.convolve(padded, window / window.sum(), mode="valid").astype(np.float64)
