"""Cameras come back from rendered worlds within bars, failures are values, and nothing true is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from conftest import eval_take, filmed
from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.evaluation import PoseScore, Settings, score_poses
from kinoeye.footage import Layer, Take
from kinoeye.geometry import SE3, SO3, Intrinsics
from kinoeye.perception import Estimate, FeatureEstimator, PhotometricEstimator
from kinoeye.render import render
from kinoeye.render.worlds import world

ESTIMATORS = (PhotometricEstimator, FeatureEstimator)


def lens(take: Take) -> Intrinsics:
    return take.cameras["truth"].intrinsics


def only(take: Take, *layers: str, frames: int | None = None) -> Take:
    """What an estimator may see: no camera, no shot."""
    kept = {name: Layer(take.layers[name].values[:frames], take.layers[name].source) for name in layers}
    return Take(times_s=take.times_s[:frames], layers=kept)


def scored(found: Estimate | Failure, take: Take) -> PoseScore:
    assert isinstance(found, Estimate), str(found)
    truth = take.cameras["truth"].track
    return score_poses(truth, found.camera.track, by="index", settings=Settings(min_displacement=0.15))


def mean(score: PoseScore, protocol: str) -> float:
    return score.metrics[protocol].statistics.mean


def test_with_noisy_depth_the_camera_is_metric_and_exact_to_a_third_of_a_degree(static_take):
    found = PhotometricEstimator(intrinsics=lens(static_take))(only(static_take, "rgb", "depth"))
    score = scored(found, static_take)
    assert score.scale == 1.0  # nothing is fitted: the unit is that of the depth
    assert mean(score, "rotation_deg") < 0.3
    assert mean(score, "displacement_percent") < 4


def test_from_frames_alone_the_path_has_the_right_shape(static_take):
    found = FeatureEstimator(intrinsics=lens(static_take))(only(static_take, "rgb"))
    score = scored(found, static_take)
    assert found.camera.track.unit == "arbitrary"
    assert score.align == "scale"
    assert mean(score, "rotation_deg") < 1.5
    assert mean(score, "translation_direction_deg") < 12


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_estimate_is_in_the_first_frame_timed_and_merged(kind):
    take = eval_take(0)
    found = kind(intrinsics=lens(take))(take)
    assert isinstance(found, Estimate)
    assert torch.allclose(found.camera.T_world_cam[0].as_matrix(), torch.eye(4, dtype=torch.float64), atol=1e-9)
    assert found.camera.times_s.tolist() == take.times_s.tolist()
    assert found.confidence.shape == (len(take),)
    assert bool(((found.confidence >= 0) & (found.confidence <= 1)).all())
    merged = found.merged_into(take)
    assert list(merged.cameras) == ["truth", f"estimated:{kind.name}"]
    assert kind.needs <= set(take.layers)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_same_take_and_seed_give_the_same_poses(kind):
    take = only(eval_take(2), "rgb", "depth", frames=9)
    first, second = (kind(intrinsics=Intrinsics.from_fov(0.8, (256, 256)))(take, seed=3) for _ in range(2))
    assert isinstance(first, Estimate)
    assert isinstance(second, Estimate)
    assert torch.equal(first.camera.T_world_cam.wxyz_xyz, second.camera.T_world_cam.wxyz_xyz)


def test_a_lens_stated_for_another_size_means_the_same():
    take = eval_take(4)
    found = PhotometricEstimator(intrinsics=lens(take).resize((1, 1)))(only(take, "rgb", "depth"))
    assert mean(scored(found, take), "rotation_deg") < 0.3


@pytest.mark.parametrize("seed", [1, 2])
def test_moving_actors_are_outvoted(seed):
    take = eval_take(seed, static=False)
    found = PhotometricEstimator(intrinsics=lens(take))(only(take, "rgb", "depth"))
    assert mean(scored(found, take), "rotation_deg") < 0.5


def test_a_pan_has_rotations_and_says_that_translation_cannot_be_seen():
    shot = world("eval", 4, num_frames=2, size_wh=(256, 256), static=True)
    turns = torch.zeros(9, 3, dtype=torch.float64)
    turns[:, 1] = torch.linspace(0, 0.3, 9)
    pan = shot.camera.T_world_cam[0] @ SE3.from_parts(SO3.exp(turns), torch.zeros(9, 3, dtype=torch.float64))
    take = filmed(shot, pan)
    found = FeatureEstimator(intrinsics=lens(take))(only(take, "rgb"))
    score = scored(found, take)
    assert mean(score, "rotation_deg") < 0.3
    assert any("translation" in note for note in found.notes)
    with_depth = PhotometricEstimator(intrinsics=lens(take))(only(take, "rgb", "depth"))
    assert mean(scored(with_depth, take), "rotation_deg") < 0.1
    assert mean(scored(with_depth, take), "ate_translation") < 0.02


def test_a_zoom_of_the_lens_is_not_taken_for_motion():
    shot = world("eval", 4, num_frames=9, size_wh=(256, 256), static=True)
    values = shot.camera.intrinsics.fx_fy_cx_cy.clone()
    values[:, :2] *= torch.linspace(1, 1.3, 9, dtype=torch.float64)[:, None]
    zooming = replace(shot.camera, intrinsics=Intrinsics(values, (256, 256)))
    take = render(shot.with_camera(zooming), layers=("rgb", "depth"), samples=2)
    found = PhotometricEstimator(intrinsics=lens(take))(only(take, "rgb", "depth"))
    assert mean(scored(found, take), "rotation_deg") < 0.3


def flat_take(count: int = 5, value: int = 128) -> Take:
    """Frames without any texture."""
    rgb = np.full((count, 64, 64, 3), value, np.uint8)
    depth = np.full((count, 64, 64), 3.0, np.float32)
    return Take(times_s=np.arange(count) / 12, layers={"rgb": Layer(rgb, "file"), "depth": Layer(depth, "file")})


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_frames_without_texture_are_a_failure_with_a_reason(kind):
    found = kind(intrinsics=Intrinsics.from_fov(1.0, (64, 64)))(flat_take())
    assert isinstance(found, Failure)
    assert "points" in found.reason
    assert found.where == "frame 0"


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_cut_is_a_failure(kind):
    one, other = only(eval_take(0), "rgb", "depth", frames=4), only(eval_take(2), "rgb", "depth", frames=4)
    layers = {
        name: Layer(np.concatenate([one.layers[name].values, other.layers[name].values]), "file") for name in one.layers
    }
    cut = Take(times_s=np.arange(8) / 12, layers=layers)
    assert isinstance(kind(intrinsics=Intrinsics.from_fov(0.8, (256, 256)))(cut), Failure)


def test_missing_depth_one_frame_and_wrong_lenses_are_said_plainly():
    take = eval_take(0)
    assert isinstance(PhotometricEstimator(intrinsics=lens(take))(only(take, "rgb")), Failure)
    one = only(take, "rgb", "depth", frames=1)
    single = Intrinsics(lens(take).fx_fy_cx_cy[0], (256, 256))
    assert isinstance(FeatureEstimator(intrinsics=single)(one), Failure)
    found = PhotometricEstimator(intrinsics=single)(one)
    assert isinstance(found, Estimate)
    assert len(found.camera) == 1
    with pytest.raises(InputError, match="17 intrinsics for 9 frames"):
        FeatureEstimator(intrinsics=lens(take))(only(take, "rgb", frames=9))
