"""The small, slow shake of a camera that somebody holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.language.motion.screw import exp_se3

LOWEST_HZ, HIGHEST_HZ = 0.4, 2.0
TRANSLATION_M = 0.0006
"""Amplitude a wave and axis. Kept so small that a held camera is still tagged static; the eye sees the rotation."""
ROTATION_RAD = 0.0025
_WAVES = 5
_FADE_S = 0.4


def handheld(times_s: NDArray[np.float64], duration_s: float, strength: float, seed: int) -> NDArray[np.float64]:
    """Band-limited random motion [n, 4, 4] in camera axes: sums of sines that fade in and out with the move.

    Args:
        times_s: [n] seconds since the move began.
        duration_s: length of the move; the shake is zero at both ends.
        strength: factor on the amplitude, 1 for a calm operator.
        seed: of the frequencies and phases.
    """
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(LOWEST_HZ, HIGHEST_HZ, (6, _WAVES))
    phase = rng.uniform(0.0, 2 * np.pi, (6, _WAVES))
    amplitude = np.array([TRANSLATION_M] * 3 + [ROTATION_RAD] * 3) * strength / np.sqrt(_WAVES)
    waves = np.sin(2 * np.pi * frequency * times_s[:, None, None] + phase).sum(axis=-1) * amplitude
    fade = min(_FADE_S, duration_s / 4)
    to_end = np.minimum(times_s, duration_s - times_s).clip(0.0)
    window = 0.5 - 0.5 * np.cos(np.pi * np.clip(to_end / fade, 0.0, 1.0)) if fade > 0 else np.zeros_like(times_s)
    return exp_se3(waves * window[:, None])
