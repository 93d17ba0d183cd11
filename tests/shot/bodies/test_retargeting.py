"""Retargeting by names: what it must hold for any pose, and what it reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.shot.bodies import Clip, Skeleton, joint_transforms, load_body
from kinoeye.shot.bodies.retargeting import retarget


def some_clip(skeleton, rng, frames=5):
    wxyz = rng.normal(size=(frames, len(skeleton), 4)) * 0.4 + [1.0, 0, 0, 0]
    wxyz /= np.linalg.norm(wxyz, axis=-1, keepdims=True)
    root = skeleton.heads[0] + rng.normal(size=(frames, 3))
    return Clip(names=skeleton.names, times_s=np.arange(frames) / 30, local_wxyz=wxyz, root_xyz=root)


def moved_heads(skeleton, clip):
    T = joint_transforms(skeleton, clip.local_wxyz, clip.root_xyz)
    return np.einsum("fjik,jk->fji", T[..., :3], skeleton.heads) + T[..., 3]


def moved_bones(skeleton, clip):
    R = joint_transforms(skeleton, clip.local_wxyz, clip.root_xyz)[..., :3]
    bones = np.einsum("fjik,jk->fji", R, skeleton.tails - skeleton.heads)
    return bones / np.linalg.norm(bones, axis=-1, keepdims=True)


@pytest.fixture
def adult():
    return load_body("adult").skeleton


def another(adult, rng):
    """A skeleton of the same joints in other proportions, on other arms: bones turned at random, 40 times as large."""
    turns = rotvec_to_matrix(0.5 * rng.normal(size=(len(adult), 3)))
    heads, tails = np.zeros((len(adult), 3)), np.zeros((len(adult), 3))
    for i, parent in enumerate(adult.parents):
        if parent >= 0:
            heads[i] = heads[parent] + 40 * turns[parent] @ (adult.heads[i] - adult.heads[parent])
        tails[i] = heads[i] + 40 * turns[i] @ (adult.tails[i] - adult.heads[i])
    return replace(adult, heads=heads, tails=tails)


def test_a_skeletons_own_clip_comes_back(adult):
    clip = some_clip(adult, np.random.default_rng(0))
    again, report = retarget(clip, adult, adult)
    np.testing.assert_allclose(moved_heads(adult, again), moved_heads(adult, clip), atol=1e-9)
    assert report.aliases == report.source_unmatched == report.target_unmatched == ()
    assert report.scale == pytest.approx(1.0)


def test_bones_point_where_the_sources_do(adult):
    rng = np.random.default_rng(1)
    source = another(adult, rng)
    clip = some_clip(source, rng)
    moved, report = retarget(clip, source, adult)
    bound = ("Hips", "HipJoint", "Shoulder", "Hand", "Spine1")
    free = [i for i, name in enumerate(adult.names) if not name.endswith(bound) and (adult.parents == i).sum() < 2]
    assert len(free) > 18
    np.testing.assert_allclose(moved_bones(adult, moved)[:, free], moved_bones(source, clip)[:, free], atol=1e-9)
    np.testing.assert_allclose(moved.root_xyz, report.scale * clip.root_xyz, atol=1e-9)


def test_joints_that_have_several_bones_turn_as_the_sources_do(adult):
    rng = np.random.default_rng(2)
    source = another(adult, rng)
    clip = some_clip(source, rng)
    moved, _ = retarget(clip, source, adult)
    for name in ("Hips", "LHipJoint", "Spine1", "LeftHand"):
        i = adult.index(name)
        R = [joint_transforms(s, c.local_wxyz, c.root_xyz)[:, i, :, :3] for s, c in ((source, clip), (adult, moved))]
        np.testing.assert_allclose(R[0], R[1], atol=1e-9)


def test_the_scale_is_of_the_standing_pose(adult):
    crouched = replace(adult, heads=adult.heads * [1, 1, 0.5], tails=adult.tails * [1, 1, 0.5])
    clip = some_clip(crouched, np.random.default_rng(3), frames=1)
    still = np.zeros((1, 31, 4))
    still[..., 0] = 1
    assert retarget(clip, crouched, adult)[1].scale == pytest.approx(2.0)
    lying = np.tile([np.sqrt(0.5), 0, np.sqrt(0.5), 0], (1, 1))  # a quarter about y takes z to x
    pose = replace(clip, local_wxyz=np.concatenate([lying[:, None], still[:, 1:]], axis=1))
    x_span = np.ptp(crouched.heads[:, 0])
    assert retarget(clip, crouched, adult, standing=pose)[1].scale == pytest.approx(np.ptp(adult.heads[:, 2]) / x_span)


def test_other_spellings_match_and_are_reported(adult):
    names = [name.replace("Finger1", "Index1") for name in adult.names]
    mixamo = replace(adult, names=tuple(f"mixamorig:{name}" for name in names))
    clip = some_clip(mixamo, np.random.default_rng(4))
    moved, report = retarget(clip, mixamo, adult)
    assert report.aliases == report.matched
    assert ("mixamorig:LeftHandIndex1", "LeftHandFinger1") in report.aliases
    np.testing.assert_allclose(moved_heads(adult, moved), moved_heads(mixamo, clip), atol=1e-9)


def test_joints_without_counterpart_go_with_their_parents(adult):
    names = [("elbow.of.no.name" if name == "LeftForeArm" else name) for name in adult.names]
    source = replace(adult, names=tuple(names))
    clip = some_clip(source, np.random.default_rng(5))
    moved, report = retarget(clip, source, adult)
    assert report.source_unmatched == ("elbow.of.no.name",)
    assert report.target_unmatched == ("LeftForeArm",)
    assert "without counterpart: elbow.of.no.name; at rest: LeftForeArm" in report.summary
    np.testing.assert_allclose(moved.local_wxyz[:, adult.index("LeftForeArm")], [[1.0, 0, 0, 0]] * 5, atol=1e-9)


def test_a_root_above_the_hips_carries_them_where_they_should_be(adult):
    rooted = Skeleton(
        names=("master", *adult.names),
        parents=np.concatenate([[-1], adult.parents + 1]),
        heads=np.concatenate([np.zeros((1, 3)), adult.heads]),
        tails=np.concatenate([adult.heads[:1], adult.tails]),
    )
    clip = some_clip(adult, np.random.default_rng(6))
    moved, report = retarget(clip, adult, rooted)
    assert report.target_unmatched == ("master",)
    np.testing.assert_allclose(moved_heads(rooted, moved)[:, 1:], moved_heads(adult, clip), atol=1e-9)


def test_signs_of_rotations_do_not_jump(adult):
    turns = np.linspace(0, 4 * np.pi, 60)
    clip = some_clip(adult, np.random.default_rng(7), frames=60)
    local = np.zeros_like(clip.local_wxyz)
    local[..., 0] = 1
    local[:, 0] = np.stack([np.cos(turns / 2), 0 * turns, 0 * turns, np.sin(turns / 2)], axis=1)
    moved, _ = retarget(replace(clip, local_wxyz=local), adult, adult)
    assert ((moved.local_wxyz[1:] * moved.local_wxyz[:-1]).sum(-1) > 0.9).all()


def test_strangers_are_refused_in_one_line(adult):
    fish = replace(adult, names=tuple(f"fin{i}" for i in range(31)))
    with pytest.raises(InputError, match=r"only 0 of 31 joints .* at least 11 are needed"):
        retarget(some_clip(fish, np.random.default_rng(8)), fish, adult)
    flat = replace(adult, heads=adult.heads * [1, 1, 0], tails=adult.tails * [1, 1, 0])
    with pytest.raises(InputError, match="no scale follows"):
        retarget(some_clip(flat, np.random.default_rng(9)), flat, adult)
