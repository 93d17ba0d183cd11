"""sRGB (IEC 61966-2-1) to and from linear light; light adds up only in the latter."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def srgb_to_linear(srgb: ArrayLike) -> NDArray[np.float64]:
    """Linear light, 0 to 1, of sRGB values, 0 to 1."""
    v = np.asarray(srgb, dtype=np.float64)
    return np.where(v <= 0.04045, v / 12.92, ((np.maximum(v, 0.04045) + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: ArrayLike) -> NDArray[np.float64]:
    """SRGB values, 0 to 1, of linear light; light beyond 0 and 1 is clipped."""
    v = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 0.0031308) ** (1 / 2.4) - 0.055)


def linear_to_bytes(linear: ArrayLike) -> NDArray[np.uint8]:
    """SRGB bytes of linear light."""
    return np.floor(linear_to_srgb(linear) * 255.0 + 0.5).astype(np.uint8)


def mix(a: ArrayLike, b: ArrayLike, share_of_b: float) -> NDArray[np.float64]:
    """The colour between a (share 0) and b (share 1)."""
    return (1.0 - share_of_b) * np.asarray(a, dtype=np.float64) + share_of_b * np.asarray(b, dtype=np.float64)
