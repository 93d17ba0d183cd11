"""Precision, recall, density and coverage: how two sets of features overlap, by nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64

NEIGHBOURS = 3
_AT_ONCE = 2**22
"""Distances held at once."""


@dataclass(frozen=True)
class Overlap:
    """How two sets of features overlap, item by item; the mean of each is the published number.

    A ball around an item of a set reaches to its k-th nearest other item of the same set.
    """

    precision: Float64
    """[n] 1 where a predicted item is in the ball of some reference item (Kynkaanniemi et al. 2019)."""
    recall: Float64
    """[m] 1 where a reference item is in the ball of some predicted item (the same)."""
    density: Float64
    """[n] how many balls of reference items a predicted item is in, over k (Naeem et al. 2020)."""
    coverage: Float64
    """[m] 1 where the nearest predicted item is in the ball of a reference item (the same)."""


def overlap(predicted: Float64, reference: Float64, *, neighbours: int = NEIGHBOURS, chunks: int = 1) -> Overlap:
    """How predicted features [n, d] overlap with reference features [m, d], in Euclidean distance.

    Args:
        predicted: [n, d]
        reference: [m, d]
        neighbours: k.
        chunks: into how many parts both sets are cut, in their order; each part is judged by itself.

    Raises:
        InputError: a part of a set has no k-th neighbour.

    Example:
        >>> features = np.arange(6.0)[:, None]
        >>> overlap(features, features + 100).precision.mean(), overlap(features, features).coverage.mean()
        (np.float64(0.0), np.float64(1.0))
    """
    smallest = min(len(predicted), len(reference)) // chunks
    if smallest <= neighbours:
        raise InputError(
            f"{len(predicted)} and {len(reference)} features in {chunks} part(s) have no neighbour {neighbours}; "
            f"give at least {chunks * (neighbours + 1)} of each"
        )
    parts = zip(np.array_split(predicted, chunks), np.array_split(reference, chunks), strict=True)
    found = [_overlap(ours, theirs, neighbours) for ours, theirs in parts]
    # Every part has the same weight, whatever its size.
    return Overlap(*(np.concatenate(_balanced(values)) for values in zip(*found, strict=True)))


def _overlap(predicted: Float64, reference: Float64, k: int) -> tuple[Float64, Float64, Float64, Float64]:
    radius_ref, radius = _radii(reference, k), _radii(predicted, k)
    balls, recall, coverage = np.zeros(len(predicted)), np.zeros(len(reference)), np.zeros(len(reference))
    for rows, between in _distances(reference, predicted):
        reach = radius_ref[rows]
        balls += (between <= reach[:, None]).sum(axis=0)
        recall[rows] = (between <= radius).any(axis=1)
        coverage[rows] = between.min(axis=1) <= reach
    return (balls > 0).astype(np.float64), recall, balls / k, coverage


def _radii(features: Float64, k: int) -> Float64:
    # The smallest distance is the one to itself.
    return np.concatenate([np.partition(block, k, axis=1)[:, k] for _, block in _distances(features, features)])


def _distances(rows: Float64, columns: Float64) -> Iterator[tuple[slice, Float64]]:
    """Distances of some rows at a time to all columns: which rows, and [some, columns]."""
    from scipy.spatial.distance import cdist

    some = max(1, _AT_ONCE // len(columns))
    for start in range(0, len(rows), some):
        part = slice(start, start + some)
        yield part, np.asarray(cdist(rows[part], columns), np.float64)


def _balanced(parts: tuple[Float64, ...]) -> list[Float64]:
    mean_size = sum(map(len, parts)) / len(parts)
    return [values * (mean_size / len(values)) for values in parts]
