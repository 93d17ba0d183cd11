"""Estimators by name: ours, COLMAP's, and the poses of a file."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError, MissingExtraError
from kinoeye.base.failure import Failure
from kinoeye.evaluation import score_poses
from kinoeye.footage import Layer, Take
from kinoeye.formats.paths import write_path
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory
from kinoeye.perception import ESTIMATORS, Estimate, estimator
from kinoeye.render import render
from kinoeye.render.worlds import world

LENS = Intrinsics.from_fov(1.0, (32, 24))


def blank(count: int = 6) -> Take:
    return Take(times_s=np.arange(count) / 10, layers={"rgb": Layer(np.zeros((count, 24, 32, 3), np.uint8), "file")})


def camera(times: list[float]) -> Trajectory:
    s = torch.tensor(times, dtype=torch.float64)
    pose = SE3.from_parts(SO3.exp(torch.stack([0 * s, s, 0 * s], -1)), torch.stack([s, s * s, 0 * s], -1))
    return Trajectory(Track(pose, s), LENS)


def test_the_registry_makes_ours_by_name_and_names_the_nearest():
    assert "kinoeye" in ESTIMATORS
    assert estimator("kinoeye", intrinsics=LENS).name == "kinoeye"
    with pytest.raises(InputError, match="did you mean 'pycolmap'"):
        estimator("pycolmapp", intrinsics=LENS)
    with pytest.raises(InputError, match="file:PATH"):
        estimator("orbslam", intrinsics=LENS)


def test_a_missing_library_is_one_line_with_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pycolmap", None)
    with pytest.raises(MissingExtraError, match=r"kinoeye\[sfm\]"):
        estimator("pycolmap", intrinsics=LENS)


def test_a_file_with_a_pose_for_every_frame_is_taken_in_order(tmp_path):
    times = [5.0, 5.1, 5.2, 5.3, 5.4, 5.5]
    write_path(camera(times), tmp_path / "slam.json")
    found = estimator(f"file:{tmp_path / 'slam.json'}", intrinsics=LENS)(blank())
    assert isinstance(found, Estimate)
    assert found.camera.times_s.tolist() == pytest.approx(blank().times_s)
    assert torch.allclose(found.camera.T_world_cam.translation, camera(times).T_world_cam.translation)
    assert found.confidence.tolist() == [1.0] * 6


def test_a_file_with_fewer_poses_is_matched_by_time_and_the_other_frames_have_none(tmp_path):
    write_path(camera([0.0, 0.1, 0.401, 7.0]), tmp_path / "slam.json")
    found = estimator(f"file:{tmp_path / 'slam.json'}", intrinsics=LENS)(blank())
    assert isinstance(found, Estimate)
    assert found.confidence.tolist() == [1, 1, 0, 0, 1, 0]
    score = score_poses(camera([0.0, 0.1, 0.2, 0.3, 0.4, 0.5]).track, found.camera.track, missing="fail")
    assert (score.pairs, score.failed) == (3, 3)


@pytest.mark.parametrize("content", ["{", None, "far"])
def test_a_file_that_fits_no_frame_is_a_failure(tmp_path, content):
    path = tmp_path / "slam.json"
    if content == "far":
        write_path(camera([50.0, 50.1]), path)
    elif content is not None:
        path.write_text(content)
    found = estimator(f"file:{path}", intrinsics=LENS)(blank())
    assert isinstance(found, Failure)
    assert "slam.json" in found.reason


@pytest.fixture(scope="module")
def filmed() -> Take:
    """A small still world seen by a moving camera."""
    return render(world("eval", 4, num_frames=10, size_wh=(192, 192), static=True), layers=("rgb",), samples=2)


def test_colmap_places_a_rendered_camera_and_repeats_with_the_seed(filmed):
    pytest.importorskip("pycolmap")
    lens = filmed.cameras["truth"].intrinsics
    first, second = (estimator("pycolmap", intrinsics=lens)(filmed, seed=3) for _ in range(2))
    assert isinstance(first, Estimate)
    assert isinstance(second, Estimate)
    assert torch.equal(first.camera.T_world_cam.wxyz_xyz, second.camera.T_world_cam.wxyz_xyz)
    score = score_poses(filmed.cameras["truth"].track, first.camera.track, missing="fail")
    assert score.failed == 10 - int(first.confidence.sum())
    assert score.numbers["rotation_deg"] < 1
    assert score.unit == "m"
    assert first.camera.track.unit == "arbitrary"


def test_colmap_gives_up_on_frames_without_anything_to_see():
    pytest.importorskip("pycolmap")
    found = estimator("pycolmap", intrinsics=LENS)(blank(), seed=0)
    assert isinstance(found, Failure)
    assert "of 6 frames" in found.reason
