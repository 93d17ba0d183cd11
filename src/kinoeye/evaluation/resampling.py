"""Confidence intervals by resampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.geometry.convention import Float64

CONFIDENCE = 0.95
RESAMPLES = 10_000
"""Enough that the ends of the interval of a mean move by about 1 % of its width from seed to seed."""
_AT_ONCE = 2**22
"""Numbers drawn at once."""


def draws(count: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each of `count` items is in samples of as many items with replacement: blocks [rows, count].

    Example:
        >>> [block.sum(axis=1).tolist() for block in draws(5, resamples=3, seed=0)]
        [[5, 5, 5]]
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // max(count, 1))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = rng.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)


def mean_interval(values: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % interval of the mean; NaN for fewer than two values.

    Args:
        values: finite numbers, one a path.
        seed: of the resampling.
        resamples: how many samples with replacement, each as large as the values.

    Example:
        >>> mean_interval([1.0, 1.0, 1.0])
        (1.0, 1.0)
    """
    values = np.asarray(values, np.float64)
    if len(values) < 2:
        return np.nan, np.nan
    blocks = draws(len(values), resamples=resamples, seed=seed)
    return percentile_interval(np.concatenate([block @ values for block in blocks]) / len(values))


def percentile_interval(values: Float64) -> tuple[float, float]:
    """The ends of the middle 95 % of resampled values, the percentile bootstrap (Efron 1979)."""
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
