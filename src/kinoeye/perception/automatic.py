"""The estimator that fits what a take holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.footage.take import Take
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.perception.estimate import Estimate
from kinoeye.perception.features import FeatureEstimator
from kinoeye.perception.photometric import PhotometricEstimator


def estimate_camera(take: Take, *, intrinsics: Intrinsics, seed: int = 0) -> Estimate | Failure:
    """The camera of a take: photometric where it has depth, from features where not.

    Where the take has masks of its own, actors that move are left out: a film half full of walkers would otherwise
    mostly say how they walk.

    Args:
        take: frames, and depth and masks if there are any.
        intrinsics: the known lens.
        seed: of RANSAC.

    Example:
        >>> found = estimate_camera(Take.open("out/take"), intrinsics=shot.camera.intrinsics)  # doctest: +SKIP
        >>> found.camera.T_world_cam  # doctest: +SKIP
    """
    kind = PhotometricEstimator if "depth" in take.layers else FeatureEstimator
    return kind(intrinsics=intrinsics, ignore=moving_pixels(take))(take, seed=seed)


def moving_pixels(take: Take) -> NDArray[np.bool_] | None:
    """Pixels [n, h, w] of actors whose tracks move; None where there are none, or no masks to tell."""
    if take.requested is None or "instance" not in take.layers:
        return None
    shot = take.requested
    moving = [shot.mask_id(actor.name) for actor in shot.actors if actor.moves]
    return np.isin(take.layers["instance"].values, moving) if moving else None
