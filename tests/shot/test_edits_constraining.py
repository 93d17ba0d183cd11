"""Paths bent through given poses: met exactly, smooth, the same motion otherwise, and refused in one line."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from kinoeye import language
from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, Trajectory
from kinoeye.language import motion_tags, segments
from kinoeye.language.sampling import random_plan
from kinoeye.shot import stage
from kinoeye.shot.edits.constraining import PoseConstraints, constrain

TEXTS = (
    "push in two metres",
    "truck left two metres while panning right 30 degrees, then hold",
    "orbit left 90 degrees",
    "hold for three seconds",
)


def camera(text: str, **options) -> Trajectory:
    return language.compile(language.parse(text), **options)


def drawn_pose(seed: int, *, metres: float = 1.0, radians: float = 1.0) -> SE3:
    generator = torch.Generator().manual_seed(seed)
    twist = torch.randn(6, generator=generator, dtype=torch.float64)
    return SE3.exp(twist * torch.tensor([metres] * 3 + [radians] * 3, dtype=torch.float64))


def apart(a: SE3, b: SE3) -> float:
    """The larger of metres and radians between two poses."""
    return float((a.inverse() @ b).log().abs().max())


def body_rates(path: Trajectory) -> torch.Tensor:
    poses = path.T_world_cam
    return (poses[:-1].inverse() @ poses[1:]).log() / path.times_s.diff()[:, None]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(4))
def test_every_pose_is_met_and_the_rest_of_the_start_stays(text: str, seed: int):
    path = camera(text, fps=30)
    times = [float(path.times_s[len(path) * k // 4]) for k in (1, 2, 3)]
    wanted = {time: drawn_pose(10 * seed + k) for k, time in enumerate(times)}
    bent = constrain(path, PoseConstraints(keyframes=wanted, end_pose=drawn_pose(99 + seed)))
    for time, pose in wanted.items():
        assert apart(bent.at(torch.tensor([time], dtype=torch.float64)).T_world_cam[0], pose) < 1e-9
    assert apart(bent.T_world_cam[-1], drawn_pose(99 + seed)) < 1e-9
    assert apart(bent.T_world_cam[0], path.T_world_cam[0]) < 1e-12
    assert torch.equal(bent.times_s, path.times_s)


@pytest.mark.parametrize("text", TEXTS)
def test_velocity_is_continuous(text: str):
    """The largest jump of the velocity between two steps falls with the step, as it does only without corners."""
    jumps = []
    for fps in (30, 120, 480):
        path = camera(text, fps=fps, duration_s=3.0)
        constraints = PoseConstraints(keyframes={1.0: drawn_pose(1), 2.0: drawn_pose(2)})
        jumps.append(float(body_rates(constrain(path, constraints)).diff(dim=0).abs().max()))
    assert jumps[1] < 0.4 * jumps[0]
    assert jumps[2] < 0.4 * jumps[1]


@pytest.mark.parametrize("text", TEXTS)
def test_a_path_that_passes_there_already_is_not_changed(text: str):
    path = camera(text)
    middle = len(path) // 2
    given = PoseConstraints(
        keyframes={float(path.times_s[middle]): path.T_world_cam[middle]}, end_pose=path.T_world_cam[-1]
    )
    bent = constrain(path, given)
    np.testing.assert_allclose(bent.T_world_cam.as_matrix(), path.T_world_cam.as_matrix(), atol=1e-12)


@pytest.mark.parametrize("text", TEXTS[:3])
def test_the_motion_keeps_its_tags_when_the_end_is_moved_a_little(text: str):
    path = camera(text)
    end = path.T_world_cam[-1] @ drawn_pose(5, metres=0.1, radians=0.03)
    bent = constrain(path, PoseConstraints(end_pose=end))
    named = [[tag for _, _, tag in segments(motion_tags(p.T_world_cam.as_matrix().numpy()))] for p in (path, bent)]
    assert named[0] == named[1]


def turned_and_moved(path: Trajectory, part: slice) -> tuple[float, float]:
    """How far (radians, metres) a path turns and moves within a part of its steps."""
    twists = (path.T_world_cam[:-1].inverse() @ path.T_world_cam[1:]).log()[part]
    return float(twists[:, 3:].norm(dim=-1).sum()), float(twists[:, :3].norm(dim=-1).sum())


def test_turns_are_corrected_where_the_path_turns_and_moves_where_it_moves():
    path = camera("truck left two metres, then pan right 40 degrees")
    moving, turning = slice(0, 48), slice(48, None)
    assert turned_and_moved(path, moving)[0] == turned_and_moved(path, turning)[1] == 0
    end = path.T_world_cam[-1] @ drawn_pose(6, metres=0.4, radians=0.3)
    bent = constrain(path, PoseConstraints(end_pose=end))
    assert turned_and_moved(bent, moving)[0] < 0.01
    assert turned_and_moved(bent, turning)[1] < 0.01


def test_random_programs_keep_most_of_their_tags():
    kept = []
    for seed in range(40):
        path = language.compile(random_plan(np.random.default_rng(seed), amounts=True))
        end = path.T_world_cam[-1] @ drawn_pose(seed, metres=0.3, radians=0.15)
        bent = constrain(path, PoseConstraints(end_pose=end))
        tags = [motion_tags(p.T_world_cam.as_matrix().numpy()) for p in (path, bent)]
        kept.append(float((tags[0] == tags[1]).mean()))
    assert np.mean(kept) > 0.75


def test_motion_in_the_cameras_axes_stays_where_the_correction_rests():
    path = camera("truck left two metres while panning right 30 degrees, linearly", fps=240)
    half = float(path.times_s[len(path) // 2])
    bent = constrain(path, PoseConstraints(keyframes={half: drawn_pose(3)}))
    before, after = body_rates(path), body_rates(bent)
    rest = len(path) // 2
    np.testing.assert_allclose(after[rest:], before[rest:], atol=1e-9)
    np.testing.assert_allclose(after[0], before[0], atol=0.05)


def test_a_resting_camera_flies_through_key_frames_without_stopping():
    path = camera("hold for four seconds", fps=60)
    across = [torch.tensor([x, 0.0, 0.0], dtype=torch.float64) for x in (1.0, 2.0, 3.0)]
    poses = [SE3.from_parts(SE3.identity().rotation, origin) for origin in across]
    bent = constrain(path, PoseConstraints(keyframes=dict(zip((1.0, 2.0, 3.0), poses, strict=True))))
    speed = body_rates(bent)[:, :3].norm(dim=-1)
    assert float(speed[50:130].min()) > 0.9
    assert float(speed[181:].max()) < 1e-9


def test_bending_does_not_depend_on_the_world():
    path, moved = camera("orbit left 90 degrees"), drawn_pose(8, metres=5.0, radians=2.0)
    end = drawn_pose(4)
    bent = constrain(path, PoseConstraints(end_pose=end))
    elsewhere = constrain(
        Trajectory(path.track.moved_by(moved), path.intrinsics), PoseConstraints(end_pose=moved @ end)
    )
    np.testing.assert_allclose(elsewhere.T_world_cam.as_matrix(), (moved @ bent.T_world_cam).as_matrix(), atol=1e-9)


def test_a_path_is_put_into_the_world_of_its_first_pose():
    path, shot = camera("push in two metres"), stage(language.parse("push in one metre"), seed=0)
    first, last = shot.camera.T_world_cam[0], shot.camera.T_world_cam[-1]
    bent = constrain(path, PoseConstraints(keyframes={0.0: first}, end_pose=last, up="z"))
    assert bent.track.up == "z"
    assert apart(bent.T_world_cam[0], first) < 1e-12
    assert apart(bent.T_world_cam[-1], last) < 1e-9
    with pytest.raises(InputError, match=r"z up.*key frame at 0 s"):
        constrain(path, PoseConstraints(end_pose=last, up="z"))


def test_a_shot_keeps_its_actors():
    shot = stage(language.parse("orbit left around the red robot"), seed=0)
    end = shot.camera.T_world_cam[-1] @ drawn_pose(2, metres=0.2, radians=0.1)
    bent = constrain(shot, PoseConstraints(end_pose=end, up="z"))
    assert bent.actors == shot.actors
    assert apart(bent.camera.T_world_cam[-1], end) < 1e-9


def test_nothing_given_changes_nothing():
    path = camera("push in")
    assert constrain(path, PoseConstraints()) is path


@pytest.mark.parametrize("text", TEXTS)
def test_times_between_frames_mean_the_nearer_frame(text: str):
    path = camera(text, fps=10)
    bent = constrain(path, PoseConstraints(keyframes={0.54: drawn_pose(1)}))
    assert apart(bent.T_world_cam[5], drawn_pose(1)) < 1e-9


BAD = drawn_pose(0)


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"keyframes": {9.0: BAD}}, "9 s is outside the path, which lasts from 0 to 2 s"),
        ({"keyframes": {-0.1: BAD}}, "outside"),
        ({"keyframes": {1.5: BAD, 0.5: BAD}}, "1.5, 0.5 s are not in the order of time"),
        ({"keyframes": {math.nan: BAD}}, "order of time"),
        ({"keyframes": {1.0: BAD, 1.001: BAD}}, "two poses are given for frame 24"),
        ({"keyframes": {2.0: BAD}, "end_pose": BAD}, "two poses are given for frame 48"),
        ({"end_pose": SE3(BAD.wxyz_xyz * math.nan)}, "at the end is not one finite pose"),
        ({"end_pose": SE3.identity(2)}, "not one finite pose"),
        ({"end_pose": BAD, "unit": "arbitrary"}, "an unknown unit and the path in metres"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(constraints: dict, message: str):
    with pytest.raises(InputError, match=message) as refused:
        constrain(camera("push in two metres"), PoseConstraints(**constraints))
    assert "\n" not in str(refused.value)


def test_speeds_of_neighbouring_frames_stay_alike_for_one_far_key_frame():
    path = camera("push in two metres", fps=24)
    bent = constrain(path, PoseConstraints(end_pose=drawn_pose(7, metres=3.0, radians=1.5)))
    speed = body_rates(bent)[:, :3].norm(dim=-1).tolist()
    assert max(abs(b - a) for a, b in pairwise(speed)) < 0.25 * max(speed)
