"""Summaries of errors."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Aggregate = Literal["rmse", "mean", "median", "sum"]
"""How a protocol makes one number of the errors of all poses."""


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
    known = _known(values)
    if known.size == 0:
        return Statistics(**dict.fromkeys(STATISTICS, float("nan")))
    sse = float(known @ known)
    mean = float(known.mean())
    centred = known - mean
    return Statistics(
        rmse=float(np.sqrt(sse / known.size)),
        mean=mean,
        median=float(np.median(known)),
        std=float(np.sqrt(centred @ centred / known.size)),
        min=float(known.min()),
        max=float(known.max()),
        sse=sse,
    )


def aggregate(values: ArrayLike, how: Aggregate, *, failed: int = 0, worst: float = np.inf) -> float:
    """One number of all errors, with as many failures at the worst value; NaN where there is nothing at all.

    Example:
        >>> aggregate([1.0, 2.0], "sum"), aggregate([1.0, 2.0], "sum", failed=1)
        (3.0, inf)
    """
    known = np.concatenate([_known(values), np.full(failed, worst)])
    if known.size == 0:
        return float("nan")
    if how == "rmse":
        return float(np.sqrt(np.mean(known * known)))
    return float({"mean": np.mean, "median": np.median, "sum": np.sum}[how](known))


def _known(values: ArrayLike) -> np.ndarray:
    known = np.asarray(values, dtype=np.float64)
    unknown = np.isnan(known)
    return known[~unknown] if unknown.any() else known
