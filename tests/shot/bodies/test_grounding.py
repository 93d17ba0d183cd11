"""Feet on the ground, and clips taken apart into a way and what stays in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats.scenes.bvh import read_bvh
from kinoeye.geometry.convention import matrix_to_wxyz, rotvec_to_matrix, wxyz_to_matrix
from kinoeye.shot.bodies import Clip, joint_transforms, load_body, retarget, skin
from kinoeye.shot.bodies.grounding import foot_slip, grounded
from kinoeye.shot.bodies.root_motion import split_root

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "avatar" / "cmu_12_01_walk.bvh"


@pytest.fixture
def adult():
    return load_body("adult")


def stepping(adult, frames=120, slide_m_s=0.0):
    """The left leg swings about the hip and back while the right foot stands, and the root slides along."""
    times = np.arange(frames) / 60
    local = np.zeros((frames, 31, 4))
    local[..., 0] = 1
    half = -0.3 * np.sin(np.pi * times / times[-1]) ** 2  # lifts the leg forward
    hip = adult.skeleton.index("LeftUpLeg")
    local[:, hip] = np.stack([np.cos(half), 0 * half, np.sin(half), 0 * half], axis=1)
    root = adult.skeleton.heads[0] + np.stack([slide_m_s * times, 0 * times, 0.2 + 0 * times], axis=1)
    return Clip(names=adult.skeleton.names, times_s=times, local_wxyz=local, root_xyz=root)


def test_a_floating_sliding_figure_comes_to_stand(adult):
    clip = stepping(adult, slide_m_s=0.1)
    assert foot_slip(clip, adult).max() > 0.15
    stands = grounded(clip, adult)
    assert foot_slip(stands, adult).max() < 0.02
    few = replace(
        stands, times_s=stands.times_s[::40], local_wxyz=stands.local_wxyz[::40], root_xyz=stands.root_xyz[::40]
    )
    posed = skin(adult, joint_transforms(adult.skeleton, few.local_wxyz, few.root_xyz))
    np.testing.assert_allclose(posed[..., 2].min(axis=1), 0.0, atol=0.006)


def test_a_pose_is_put_on_the_ground(adult):
    clip = stepping(adult)
    pose = replace(clip, times_s=clip.times_s[:1], local_wxyz=clip.local_wxyz[:1], root_xyz=clip.root_xyz[:1])
    np.testing.assert_allclose(grounded(pose, adult).root_xyz[0], adult.skeleton.heads[0], atol=0.005)


def test_a_body_without_feet_is_refused(adult):
    with pytest.raises(InputError, match="no left foot"):
        grounded(stepping(adult), replace(adult, part_names=("body",), parts=np.ones_like(adult.parts)))


@pytest.mark.skipif(not REAL.is_file(), reason="no real files beside the checkout")
def test_a_recorded_walk_stands_on_the_ground_and_does_not_slip(adult):
    motion = read_bvh(REAL)
    clip, _ = retarget(motion.clip, motion.skeleton, adult.skeleton, standing=motion.standing)
    walk = grounded(clip, adult)
    slips = foot_slip(walk, adult)
    assert len(slips) >= 6
    assert slips.max() < 0.02, "planted feet slip less than 2 cm"
    few = slice(None, None, 40)
    posed = skin(adult, joint_transforms(adult.skeleton, walk.local_wxyz[few], walk.root_xyz[few]))
    lowest = posed[..., 2].min(axis=1)
    assert lowest.min() > -0.015
    assert lowest.max() < 0.05


def turning(frames=60):
    times = np.arange(frames) / 30
    yaw, sway = 3.0 * times, 0.05 * np.sin(12 * times)
    R = rotvec_to_matrix(np.stack([0.2 * np.sin(5 * times), 0.1 + 0 * times, yaw], axis=1))
    root = np.stack([1.2 * times, 0.4 * times**2 + sway, 0.9 + 0.02 * np.sin(9 * times)], axis=1)
    local = np.stack([matrix_to_wxyz(R), np.tile([1.0, 0, 0, 0], (frames, 1))], axis=1)
    return Clip(names=("Hips", "Spine"), times_s=times, local_wxyz=local, root_xyz=root)


@pytest.mark.parametrize("smooth_s", [0.0, 0.25])
def test_a_clip_put_back_on_its_track_is_what_it_was(smooth_s):
    clip = turning()
    in_place, track = split_root(clip, smooth_s=smooth_s)
    T = track.T_world_body.as_matrix().numpy()
    R = T[:, :3, :3] @ wxyz_to_matrix(in_place.local_wxyz[:, 0])
    np.testing.assert_allclose(R, wxyz_to_matrix(clip.local_wxyz[:, 0]), atol=1e-9)
    back = np.einsum("fij,fj->fi", T[:, :3, :3], in_place.root_xyz) + T[:, :3, 3]
    np.testing.assert_allclose(back, clip.root_xyz, atol=1e-9)
    np.testing.assert_allclose(T[:, 2], np.tile([0, 0, 1, 0], (60, 1)), atol=1e-12)  # on the ground and upright


def test_the_way_is_in_the_track_and_the_sway_in_the_clip():
    clip = turning()
    in_place, _ = split_root(clip)
    assert 2.5 < in_place.travel_m < 3.2
    assert np.abs(in_place.root_xyz[:, :2]).max() < 0.15
    assert np.ptp(in_place.root_xyz[10:-10, :2], axis=0).max() > 0.04


def test_a_straight_way_is_not_bent_at_its_ends():
    clip = turning()
    straight = replace(clip, root_xyz=np.stack([clip.times_s, 0 * clip.times_s, 1 + 0 * clip.times_s], axis=1))
    _, track = split_root(straight)
    np.testing.assert_allclose(track.T_world_body.translation.numpy()[:, 0], clip.times_s, atol=1e-9)
