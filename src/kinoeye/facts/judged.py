"""Answers in words over time, each with how far it is from another word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.geometry.convention import Float64

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Judged:
    """One word a time out of a closed list, and its margin.

    Example:
        >>> thresholded(np.array([0.2, 3.0]), ("slow", "fast"), (1.0,), spread=0.4).at(1)
        ('fast', 5.0)
    """

    words: tuple[str, ...]
    index: NDArray[np.int64]
    """[t] into `words`; -1 where unknown."""
    margin: Float64
    """[t] distance to the nearest boundary of the word in standard deviations of the tracks' noise: infinite where
    there is no noise, 0 on a boundary, NaN where word or noise is unknown."""

    def at(self, sample: int) -> tuple[str | None, float]:
        """The word at a sample, None where unknown, and its margin."""
        word = int(self.index[sample])
        return (None if word == UNKNOWN else self.words[word]), float(self.margin[sample])


def in_deviations(distance: ArrayLike, spread: ArrayLike) -> Float64:
    """Distances to boundaries, at least 0, in standard deviations `spread`; infinite where that is 0."""
    distance = np.maximum(np.asarray(distance, np.float64), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance == 0, 0.0 * np.asarray(spread), distance / np.asarray(spread))


def thresholded(values: Float64, words: tuple[str, ...], boundaries: tuple[float, ...], spread: ArrayLike) -> Judged:
    """Words for the stretches between increasing boundaries, the value of a boundary belonging to the one above it.

    Args:
        values: [t]
        words: one more than boundaries.
        boundaries: increasing.
        spread: standard deviation of the values, one or [t].
    """
    known = np.isfinite(values)
    index = np.where(known, np.searchsorted(boundaries, values, side="right"), UNKNOWN)
    distance = np.abs(values[:, None] - np.array(boundaries)).min(axis=1)
    return Judged(words, index, np.where(known, in_deviations(distance, spread), np.nan))


def sectors(angles: Float64, words: tuple[str, ...], spread: ArrayLike) -> Judged:
    """Words for equal sectors of the circle: the first is centred at angle 0, the others follow as angles grow.

    Args:
        angles: [t] in radians.
        words: one a sector.
        spread: standard deviation of the angles in radians, one or [t].
    """
    width = 2 * np.pi / len(words)
    known = np.isfinite(angles)
    turns = np.where(known, angles, 0.0) / width
    nearest = np.floor(turns + 0.5)
    index = np.where(known, nearest.astype(np.int64) % len(words), UNKNOWN)
    distance = (0.5 - np.abs(turns - nearest)) * width
    return Judged(words, index, np.where(known, in_deviations(distance, spread), np.nan))


def direction_spread(tracks: SceneTracks, length: ArrayLike) -> Float64:
    """Standard deviation in radians of the direction from one place to another so far away, in an observer's axes.

    Each of the two places is off by the position's noise across the line between them, the axes by the heading's:
    sqrt(2 position^2 / length^2 + heading^2), to first order.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        across = np.where(tracks.noise.position == 0, 0.0, tracks.noise.position / np.asarray(length, np.float64))
    return np.hypot(np.sqrt(2.0) * across, tracks.noise.heading_rad)
