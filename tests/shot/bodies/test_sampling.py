"""Clips at any time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.shot.bodies import AffineClip, Clip, Skeleton, joint_transforms, nearest_clip, transforms_at

RNG = np.random.default_rng(0)
SKELETON = Skeleton(
    names=("a", "b", "c"),
    parents=np.array([-1, 0, 1]),
    heads=np.array([[0.0, 0, 1], [0, 0, 2], [0, 1, 2]]),
    tails=np.array([[0.0, 0, 2], [0, 1, 2], [0, 2, 2]]),
)


def some_clip(**more):
    wxyz = RNG.normal(size=(4, 3, 4))
    wxyz /= np.linalg.norm(wxyz, axis=-1, keepdims=True)
    times = np.array([0.0, 0.5, 0.7, 2.0])
    return Clip(names=SKELETON.names, times_s=times, local_wxyz=wxyz, root_xyz=RNG.normal(size=(4, 3)), **more)


def test_at_its_frames_a_clip_is_itself():
    clip = some_clip()
    expected = joint_transforms(SKELETON, clip.local_wxyz, clip.root_xyz)
    np.testing.assert_allclose(transforms_at(clip, SKELETON, clip.times_s), expected, atol=1e-12)


def test_between_frames_joints_turn_on_great_arcs():
    clip = some_clip()
    at = np.array([0.1, 0.6, 1.9])
    root = transforms_at(clip, SKELETON, at)[:, 0, :, :3]
    slerp = Slerp(clip.times_s, Rotation.from_quat(np.roll(clip.local_wxyz[:, 0], -1, axis=-1)))
    np.testing.assert_allclose(root, slerp(at).as_matrix(), atol=1e-9)


def test_before_and_after_it_stands_still_or_goes_round():
    clip = some_clip()
    ends = joint_transforms(SKELETON, clip.local_wxyz[[0, -1]], clip.root_xyz[[0, -1]])
    np.testing.assert_allclose(transforms_at(clip, SKELETON, np.array([-1.0, 9.0])), ends, atol=1e-12)
    round_clip = replace(clip, loops=True)
    again = transforms_at(round_clip, SKELETON, np.array([0.6, 2.6, -1.4]))
    np.testing.assert_allclose(again[1:], again[[0, 0]], atol=1e-9)


def test_a_clip_of_one_frame_is_a_pose():
    clip = some_clip()
    pose = Clip(names=clip.names, times_s=np.zeros(1), local_wxyz=clip.local_wxyz[:1], root_xyz=clip.root_xyz[:1])
    found = transforms_at(replace(pose, loops=True), SKELETON, np.array([0.0, 5.0]))
    np.testing.assert_allclose(found[0], found[1])


def test_affine_motion_is_kept_and_its_rotations_come_back():
    clip = some_clip()
    maps = joint_transforms(SKELETON, clip.local_wxyz, clip.root_xyz)
    affine = AffineClip(names=clip.names, times_s=clip.times_s, T_body_rest=maps)
    np.testing.assert_allclose(transforms_at(affine, SKELETON, clip.times_s), maps)
    np.testing.assert_allclose(transforms_at(affine, SKELETON, np.array([0.6]))[0], (maps[1] + maps[2]) / 2)
    near = nearest_clip(affine, SKELETON)
    np.testing.assert_allclose(joint_transforms(SKELETON, near.local_wxyz, near.root_xyz), maps, atol=1e-9)


def test_the_nearest_rotation_of_a_stretched_joint_is_its_polar_factor():
    R = rotvec_to_matrix(np.array([0.3, -0.2, 0.9]))
    stretch = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 0.5]])  # symmetric, positive
    maps = np.tile(np.concatenate([R @ stretch, np.zeros((3, 1))], axis=1), (1, 3, 1, 1))
    near = nearest_clip(AffineClip(names=SKELETON.names, times_s=np.zeros(1), T_body_rest=maps), SKELETON)
    np.testing.assert_allclose(joint_transforms(SKELETON, near.local_wxyz, near.root_xyz)[0, 2, :, :3], R, atol=1e-9)


def test_affine_motion_of_another_skeleton_is_refused():
    maps = np.zeros((1, 3, 3, 4))
    other = AffineClip(names=("a", "c", "b"), times_s=np.zeros(1), T_body_rest=maps)
    with pytest.raises(InputError, match="another skeleton"):
        transforms_at(other, SKELETON, np.zeros(1))
    with pytest.raises(InputError, match="NaN"):
        replace(other, T_body_rest=maps + np.nan)
