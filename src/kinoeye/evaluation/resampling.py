"""Confidence intervals of what is no mean, by resampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

CONFIDENCE = 0.95
_AT_ONCE = 2**22
"""Numbers drawn at once."""


def draws(count: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each of `count` items is in samples of as many items with replacement: blocks [rows, count].

    Example:
        >>> [block.sum(axis=1).tolist() for block in draws(5, resamples=3, seed=0)]
        [[5, 5, 5]]
    """
    rng = np.random.default_rng(seed)
    rows = max(1, _AT_ONCE // max(count, 1))
    for start in range(0, resamples, rows):
        yield rng.multinomial(count, np.full(count, 1 / count), size=min(rows, resamples - start))


def percentile_interval(values: Float64) -> tuple[float, float]:
    """The ends of the middle 95 % of resampled values (Efron 1979)."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def spread_interval(
    value: float, statistic: Callable[[np.random.Generator], float], *, resamples: int, seed: int
) -> tuple[float, float]:
    """The 95 % spread of a statistic around its value, for statistics whose resampled values are all too large.

    Samples with replacement repeat items, which a distance between distributions takes for less variety: the interval
    is the percentiles' distance from the mean of the resampled values, put around the value. It tells how much another
    sample of this size would differ, not how far small samples are off.

    Args:
        value: of the whole sample.
        statistic: the same of one resample, drawn by the generator.
        resamples: how many.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    resampled = np.array([statistic(rng) for _ in range(resamples)])
    low, high = percentile_interval(resampled - resampled.mean())
    return value + low, value + high
