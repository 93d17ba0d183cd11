"""One number of an evaluation with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kinoeye.evaluation.resampling import mean_interval


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A metric's value over items, and the 95 % interval of it; None and NaN where it is not defined.

    Example:
        >>> Measurement.of_mean([1.0, 0.0, 1.0, 0.0]).value
        0.5
    """

    value: float | None
    low: float = math.nan
    high: float = math.nan
    items: int = 0
    """How many items it is over."""

    @classmethod
    def of_mean(cls, values: ArrayLike, *, seed: int = 0) -> Measurement:
        """The mean of one number an item; not defined where there is no item."""
        numbers = np.asarray(values, np.float64)
        if len(numbers) == 0:
            return cls(value=None)
        low, high = mean_interval(numbers, seed=seed)
        return cls(value=float(numbers.mean()), low=low, high=high, items=len(numbers))


def means(items: Sequence[Mapping[str, float | None]], *, seed: int = 0) -> dict[str, Measurement]:
    """Name of each score -> its mean over the items that have a number of it.

    Example:
        >>> {name: (found.value, found.items) for name, found in means([{"a": 1.0, "b": None}, {"a": 3.0}]).items()}
        {'a': (2.0, 2), 'b': (None, 0)}
    """
    names = dict.fromkeys(name for scores in items for name in scores)
    values = {name: [value for scores in items if (value := scores.get(name)) is not None] for name in names}
    return {name: Measurement.of_mean(found, seed=seed) for name, found in values.items()}
