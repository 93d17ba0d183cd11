"""Scene tracks of a shot are its poses, at any times, with nothing guessed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.language import parse
from kinoeye.shot import Actor, Shot, stage
from kinoeye.shot.scene_tracks import scene_tracks


def staged() -> Shot:
    return stage(parse("orbit right around the red robot, then push in past the blue box"), seed=4)


def test_poses_are_those_of_the_shot_with_an_opencv_camera_first():
    shot = staged()
    tracks = scene_tracks(shot)
    assert tracks.names == ("camera", *(actor.name for actor in shot.actors))
    assert (tracks.unit, tracks.up, tracks.source) == ("m", "z", "truth")
    np.testing.assert_array_equal(tracks.T_world_body[0], shot.camera.T_world_cam.as_matrix().numpy())
    for row, actor in enumerate(shot.actors, 1):
        expected = actor.track.at(shot.camera.times_s).T_world_body.as_matrix().numpy()
        np.testing.assert_array_equal(tracks.T_world_body[row], expected)
        np.testing.assert_array_equal(tracks.sizes[row], actor.size_xyz)
    assert tracks.valid.all()
    # Forward is the camera's third axis: what it looks at lies along it.
    subject = tracks.T_world_body[1, 0, :3, 3] - tracks.T_world_body[0, 0, :3, 3]
    assert tracks.T_world_body[0, 0, :3, 2] @ subject > 0.9 * np.linalg.norm(subject)


def test_other_times_agree_with_the_tracks_resampled():
    shot = staged()
    times = np.linspace(0.0, float(shot.camera.times_s[-1]), 23)
    direct, resampled = scene_tracks(shot, times), scene_tracks(shot).at(times)
    np.testing.assert_allclose(direct.T_world_body, resampled.T_world_body, atol=1e-6)
    for wrong in ([], [1.0, 0.5], [[0.0]]):
        with pytest.raises(InputError, match="strictly increasing"):
            scene_tracks(shot, wrong)


def test_a_pose_that_is_unknown_is_not_valid_and_scale_and_vertical_carry_over():
    poses = torch.eye(4, dtype=torch.float64).repeat(3, 1, 1)
    track = Track(SE3.from_matrix(poses), torch.arange(3, dtype=torch.float64), unit="arbitrary", up=None)
    track.T_world_body.wxyz_xyz[1] = torch.nan
    tracks = scene_tracks(Shot(camera=Trajectory(track, Intrinsics.from_fov(1.0, (64, 48)))))
    assert (tracks.unit, tracks.up) == ("arbitrary", None)
    assert tracks.valid.tolist() == [[True, False, True]]


def test_an_actor_called_camera_is_refused():
    shot = staged()
    actor = shot.actors[0]
    twin = Actor(name="camera", prompt="a camera", size_xyz=actor.size_xyz, track=actor.track)
    with pytest.raises(InputError, match="rename it"):
        scene_tracks(Shot(camera=shot.camera, actors=(twin,)))


def test_poses_in_single_precision_are_rigid_in_double():
    rng = np.random.default_rng(0)
    turns = SE3.exp(torch.from_numpy(rng.normal(size=(500, 6)) * 2)).wxyz_xyz.float()
    track = Track(SE3(turns), torch.arange(500, dtype=torch.float64))
    tracks = scene_tracks(Shot(camera=Trajectory(track, Intrinsics.from_fov(1.0, (64, 48)))))
    R = tracks.T_world_body[0, :, :3, :3]
    assert np.abs(np.swapaxes(R, 1, 2) @ R - np.eye(3)).max() < 1e-12
    np.testing.assert_allclose(tracks.T_world_body[0], track.T_world_body.as_matrix().numpy(), atol=2e-6)
