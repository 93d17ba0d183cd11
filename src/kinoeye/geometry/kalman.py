"""Kalman smoothing of camera centres under a model of constant velocity (NumPy only)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

PROCESS_NOISE = 0.25
"""Variance density of the acceleration, in squared measurement deviations per cubed frame."""
MEASUREMENT_NOISE = 1.0
"""Variance of a measured coordinate; only its ratio to the process noise matters to the smoothed path."""


def kalman_smooth(positions: ArrayLike) -> NDArray[np.float64]:
    """Camera centres smoothed by a constant-velocity Kalman filter and a Rauch-Tung-Striebel pass, axis by axis.

    The smoother of DataDoP (arXiv 2504.07083, supplement): one frame a step, white noise on the acceleration, and a
    first state that is the first measurement at rest, known in its velocity. Rauch, Tung & Striebel 1965, eq. 3.30.

    Args:
        positions: [n, 3] in any unit and frame; the gains do not depend on the values.

    Returns:
        [n, 3] float64, in the unit and frame of `positions`.

    Raises:
        ValueError: `positions` is not [n, d] with finite numbers.

    Example:
        >>> line = np.arange(5.0)[:, None] * np.zeros(3)
        >>> bool(np.array_equal(kalman_smooth(line), line))
        True
    """
    measured = np.asarray(positions, dtype=np.float64)
    if measured.ndim != 2 or not np.isfinite(measured).all():
        raise ValueError(f"positions of shape {list(measured.shape)} are not a path [n, 3] of finite numbers")
    if len(measured) < 2:
        return measured.copy()
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    process = PROCESS_NOISE * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    state = np.stack([measured[0], np.zeros_like(measured[0])])  # [2, d]: position and velocity
    covariance = np.diag([MEASUREMENT_NOISE, 0.0])
    states, covariances = [state], [covariance]
    predicted_states, predicted_covariances = [], []
    for measurement in measured[1:]:
        predicted = step @ state
        predicted_covariance = step @ covariance @ step.T + process
        gain = predicted_covariance[:, :1] / (predicted_covariance[0, 0] + MEASUREMENT_NOISE)
        state = predicted + gain * (measurement - predicted[0])
        covariance = predicted_covariance - gain @ predicted_covariance[:1]
        states.append(state)
        covariances.append(covariance)
        predicted_states.append(predicted)
        predicted_covariances.append(predicted_covariance)
    smoothed = np.empty_like(measured)
    smoothed[-1] = state[0]
    for i in range(len(measured) - 2, -1, -1):
        backward = np.linalg.solve(predicted_covariances[i], step @ covariances[i]).T
        state = states[i] + backward @ (state - predicted_states[i])
        smoothed[i] = state[0]
    return smoothed
