"""Summaries of errors."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """The seven numbers that trajectory evaluation reports; NaN where no pose has a value."""

    rmse: float
    """Root of the mean square."""
    mean: float
    median: float
    std: float
    """Standard deviation of the population (divided by n)."""
    min: float
    max: float
    sse: float
    """Sum of squares, in the square of the metric's unit."""


STATISTICS = tuple(field.name for field in fields(Statistics))


def statistics(values: ArrayLike) -> Statistics:
    """Statistics of errors; NaN means that a pose has no value, and is left out.

    Example:
        >>> statistics([3.0, 4.0]).sse
        25.0
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    if known.size == 0:
        return Statistics(**dict.fromkeys(STATISTICS, float("nan")))
    squares = known * known
    return Statistics(
        rmse=float(np.sqrt(squares.mean())),
        mean=float(known.mean()),
        median=float(np.median(known)),
        std=float(known.std()),
        min=float(known.min()),
        max=float(known.max()),
        sse=float(squares.sum()),
    )
