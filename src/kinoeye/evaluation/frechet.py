"""The Frechet distance between two sets of features."""

from __future__ import annotations

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.evaluation.resampling import spread_interval
from kinoeye.geometry.convention import Float64

RESAMPLES = 200


def frechet_distance(features: Float64, reference: Float64) -> float:
    """|m - m'|^2 + tr(C + C' - 2 (C C')^1/2) of the normal distributions that fit two sets (Dowson and Landau 1982).

    Covariances are unbiased. The trace of the square root is the sum of the singular values of R R'^T, where R^T R = C
    and R'^T R' = C' are triangular: a real number that is never below 0, also where the covariances are singular.
    It is FID (Heusel et al. 2017) with other features.

    Args:
        features: [n, d], n at least 2.
        reference: [m, d], m at least 2.

    Raises:
        InputError: a set has fewer than two features, or the features have different lengths or are not finite.

    Example:
        >>> round(frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]])), 6)
        9.0
    """
    _require_comparable(features, reference)
    return _distance(np.asarray(features, np.float64), np.asarray(reference, np.float64))


def frechet_interval(
    features: Float64, reference: Float64, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The 95 % spread of `frechet_distance` over resamples of both sets, see `resampling.spread_interval`.

    Raises:
        InputError: as `frechet_distance`.
    """
    _require_comparable(features, reference)

    def resampled(rng: np.random.Generator) -> float:
        drawn = (x[rng.integers(len(x), size=len(x))] for x in (features, reference))
        return _distance(*drawn)

    low, high = spread_interval(_distance(features, reference), resampled, resamples=resamples, seed=seed)
    return max(low, 0.0), high


def _distance(features: Float64, reference: Float64) -> float:
    # Both sets are shifted alike: features far from the origin then lose nothing to rounding.
    origin = reference.mean(axis=0)
    (mean, factor), (mean_ref, factor_ref) = (_fit(x - origin) for x in (features, reference))
    overlap = np.linalg.svd(factor @ factor_ref.T, compute_uv=False).sum()
    spread = (factor**2).sum() + (factor_ref**2).sum() - 2 * overlap
    return float(((mean - mean_ref) ** 2).sum() + max(spread, 0.0))


def _fit(features: Float64) -> tuple[Float64, Float64]:
    """Mean [d] and a triangular factor R [min(n, d), d] of the covariance R^T R."""
    mean = features.mean(axis=0)
    _, factor = np.linalg.qr((features - mean) / np.sqrt(len(features) - 1))
    return mean, factor


def _require_comparable(features: Float64, reference: Float64) -> None:
    for name, values in (("features", features), ("reference features", reference)):
        if values.ndim != 2 or len(values) < 2:
            raise InputError(f"{name} of shape {values.shape} have no covariance; give at least 2 rows")
        if not np.isfinite(values).all():
            raise InputError(f"{name} hold NaN or infinity; a Frechet distance needs finite numbers")
    if features.shape[1] != reference.shape[1]:
        raise InputError(
            f"features of {features.shape[1]} and of {reference.shape[1]} numbers cannot be compared; "
            "use one extractor for both"
        )
