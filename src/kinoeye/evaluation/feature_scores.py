"""How a set of items resembles a reference set, by features: Frechet distance, precision, recall, density, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinoeye.evaluation.feature_extractor import FeatureExtractor
from kinoeye.evaluation.frechet import frechet_distance, frechet_interval
from kinoeye.evaluation.manifold import overlap
from kinoeye.evaluation.measurement import Measurement
from kinoeye.geometry.convention import Float64

FEATURE_METRICS = ("frechet_distance", "precision", "recall", "density", "coverage")


def score_sets(
    extractor: FeatureExtractor, predicted: Sequence[Any], reference: Sequence[Any], *, seed: int = 0
) -> dict[str, Measurement]:
    """`score_features` of what an extractor sees in two sets of items.

    Raises:
        InputError: as `score_features`.
    """
    return score_features(extractor(predicted), extractor(reference), seed=seed)


def score_features(predicted: Float64, reference: Float64, *, chunks: int = 1, seed: int = 0) -> dict[str, Measurement]:
    """Metric's name -> value and interval for predicted features [n, d] against reference features [m, d].

    The intervals of the four overlaps are over the items judged, the balls held as they are; that of the Frechet
    distance is over resamples of both sets.

    Args:
        predicted: [n, d]
        reference: [m, d]
        chunks: as in `manifold.overlap`.
        seed: of the resampling.

    Raises:
        InputError: a set is too small, or as `frechet_distance`.
    """
    found = overlap(predicted, reference, chunks=chunks)
    low, high = frechet_interval(predicted, reference, seed=seed)
    distance = Measurement(
        value=frechet_distance(predicted, reference), low=low, high=high, items=min(len(predicted), len(reference))
    )
    return {
        "frechet_distance": distance,
        **{name: Measurement.of_mean(getattr(found, name), seed=seed) for name in FEATURE_METRICS[1:]},
    }
