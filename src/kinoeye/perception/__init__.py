"""Estimators from a take to cameras; they may read frames, depth and intrinsics, and no truth may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.perception.automatic import estimate_camera as estimate_camera
    from kinoeye.perception.estimate import Estimate as Estimate
    from kinoeye.perception.estimate import Estimator as Estimator
    from kinoeye.perception.features import FeatureEstimator as FeatureEstimator
    from kinoeye.perception.photometric import PhotometricEstimator as PhotometricEstimator
    from kinoeye.perception.registry import ESTIMATORS as ESTIMATORS
    from kinoeye.perception.registry import estimator as estimator

__getattr__, __dir__, __all__ = lazy_exports(__name__)
