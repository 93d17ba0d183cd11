from __future__ import annotations

import numpy as np
import pytest

from kinoeye.base.failure import Failure
from kinoeye.evaluation import score_poses
from kinoeye.footage import Take
from kinoeye.language import parse
from kinoeye.perception import PhotometricEstimator, estimate_camera
from kinoeye.perception.automatic import moving_pixels
from kinoeye.render import render
from kinoeye.shot import stage

WALKERS = (
    "A robot walks left, a tall blue robot walks left and a red box stands still on the beach. Truck right one metre."
)


@pytest.fixture(scope="module")
def take() -> Take:
    shot = stage(parse(WALKERS), seed=0, size_wh=(192, 108), num_frames=16)
    return render(shot, layers=("rgb", "depth", "instance"))


def percent_error(take: Take, estimate) -> float:
    assert not isinstance(estimate, Failure), estimate.reason
    track = take.cameras["truth"].track
    return score_poses(track, estimate.camera.track, align="first").metrics["translation_percent"].statistics.mean


def test_moving_pixels_are_those_of_the_walkers(take: Take):
    ignore = moving_pixels(take)
    assert ignore is not None
    ids = take.layers["instance"].values
    assert set(np.unique(ids[ignore])) == {1, 2}
    assert set(np.unique(ids[~ignore])) == {0, 3}


def test_a_take_without_movers_or_masks_ignores_nothing(take: Take):
    still = render(stage(parse("push in past a red box"), seed=0, size_wh=(32, 32), num_frames=2))
    assert moving_pixels(still) is None
    unmasked = Take(times_s=take.times_s, layers={"rgb": take.rgb}, requested=take.requested)
    assert moving_pixels(unmasked) is None


def test_walkers_do_not_spoil_the_camera_where_masks_are_known(take: Take):
    intrinsics = take.cameras["truth"].intrinsics
    assert percent_error(take, estimate_camera(take, intrinsics=intrinsics)) < 2.0
    blind = PhotometricEstimator(intrinsics=intrinsics)(take)
    assert isinstance(blind, Failure) or percent_error(take, blind) > 4.0  # or this film would prove nothing


def test_a_take_without_depth_is_estimated_from_features(take: Take):
    estimate = estimate_camera(
        Take(times_s=take.times_s, layers={"rgb": take.rgb}), intrinsics=take.cameras["truth"].intrinsics
    )
    assert isinstance(estimate, Failure) or estimate.source == "estimated:features"
