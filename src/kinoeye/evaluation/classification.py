"""Precision, recall and F1 over many classes, weighted by how often each occurs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.evaluation.resampling import draws, percentile_interval
from kinoeye.geometry.convention import Float64

MOTION_CLASSES = 189
"""Classes of `kinoeye.language.tags`."""
NO_CLASS = -1
"""Predicted where there is no prediction: never right."""
RESAMPLES = 2000


@dataclass(frozen=True)
class WeightedScores:
    """Means over classes, each with the weight of its true occurrences."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class ClassCounts:
    """How often each class was right, predicted and true, one row an item: [items, classes]."""

    hits: Float64
    predicted: Float64
    true: Float64

    def scores(self) -> WeightedScores:
        """Of all items together.

        Raises:
            InputError: there is no true label.
        """
        if not self.true.any():
            raise InputError("there is no true label to compare with; give paths of at least two frames")
        sums = (counts.sum(axis=0) for counts in (self.hits, self.predicted, self.true))
        return WeightedScores(*(float(value) for value in _weighted(*sums)))

    def intervals(self, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, tuple[float, float]]:
        """Name of a score -> its 95 % interval over resamples of the items; NaN for fewer than two items.

        The labels of one item are drawn together, as frames of one path are alike.
        """
        names = ("precision", "recall", "f1")
        if len(self.true) < 2:
            return dict.fromkeys(names, (np.nan, np.nan))
        blocks = draws(len(self.true), resamples=resamples, seed=seed)
        tables = [_weighted(*(block @ counts for counts in (self.hits, self.predicted, self.true))) for block in blocks]
        found = (np.concatenate(values) for values in zip(*tables, strict=True))
        return {name: percentile_interval(values) for name, values in zip(names, found, strict=True)}


def count_classes(
    pairs: Iterable[tuple[Sequence[int] | NDArray[np.integer], Sequence[int] | NDArray[np.integer]]],
    classes: int = MOTION_CLASSES,
) -> ClassCounts:
    """The counts of items, each with predicted and true labels of equal number; `NO_CLASS` is never right.

    Raises:
        InputError: the labels of an item differ in number, or a label is no class.

    Example:
        >>> count_classes([([0, 1, 1, 1], [0, 0, 1, 1])], classes=2).scores().recall
        0.75
    """
    rows: list[tuple[Float64, Float64, Float64]] = []
    for item, (predicted, true) in enumerate(pairs):
        ours, theirs = np.asarray(predicted, np.int64), np.asarray(true, np.int64)
        if ours.shape != theirs.shape:
            raise InputError(f"item {item} has {len(ours)} predicted and {len(theirs)} true labels; give one for one")
        if len(ours) and (min(ours.min() - NO_CLASS, theirs.min()) < 0 or max(ours.max(), theirs.max()) >= classes):
            raise InputError(f"item {item} has labels outside of 0 to {classes - 1}")
        counted = (theirs[ours == theirs], ours[ours != NO_CLASS], theirs)
        hits, guesses, truths = (np.bincount(labels, minlength=classes).astype(np.float64) for labels in counted)
        rows.append((hits, guesses, truths))
    stacked = [np.stack(column) for column in zip(*rows, strict=True)] or [np.zeros((0, classes))] * 3
    return ClassCounts(*stacked)


def _weighted(hits: Float64, predicted: Float64, true: Float64) -> tuple[Float64, Float64, Float64]:
    """Precision, recall and F1 [...] of counts [..., classes]; a class that nobody predicts has precision 0."""
    precision, recall = _ratio(hits, predicted), _ratio(hits, true)
    f1 = _ratio(2 * hits, predicted + true)
    share = _ratio(true, true.sum(axis=-1, keepdims=True))
    precision, recall, f1 = ((score * share).sum(axis=-1) for score in (precision, recall, f1))
    return precision, recall, f1


def _ratio(part: Float64, whole: Float64) -> Float64:
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)
