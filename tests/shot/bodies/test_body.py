"""Forward kinematics and skinning, against their definition by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies import Body, Clip, Skeleton, joint_transforms, reordered, skin


@pytest.fixture
def arm():
    """Two bones along x from a metre up, the second from (1, 0, 1)."""
    return Skeleton(
        names=("upper", "lower"),
        parents=np.array([-1, 0]),
        heads=np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]),
        tails=np.array([[1.0, 0.0, 1.0], [2.0, 0.0, 1.0]]),
    )


@pytest.fixture
def ribbon(arm):
    return Body(
        name="ribbon",
        skeleton=arm,
        vertices=np.array([[0.0, 0.1, 1.0], [1.0, -0.1, 1.0], [2.0, 0.0, 1.0]]),
        faces=np.array([[0, 1, 2]]),
        joints=np.array([[0, 1], [0, 1], [0, 1]]),
        weights=np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]),
        colors_rgb=np.zeros((3, 3), np.uint8),
        parts=np.ones(1, np.uint8),
        part_names=("arm",),
    )


def turn(degrees):
    half = math.radians(degrees) / 2
    return [math.cos(half), 0.0, 0.0, math.sin(half)]


def test_no_rotation_is_the_rest_pose(arm, ribbon):
    still = np.array([[[1.0, 0, 0, 0], [1.0, 0, 0, 0]]])
    np.testing.assert_allclose(skin(ribbon, joint_transforms(arm, still, arm.heads[:1]))[0], ribbon.vertices)


def test_a_bent_arm(arm, ribbon):
    bent = np.array([[turn(90), turn(-90)]])
    tip = skin(ribbon, joint_transforms(arm, bent, arm.heads[:1]))[0, 2]
    np.testing.assert_allclose(tip, [1.0, 1.0, 1.0], atol=1e-12)  # up the y axis, then along x again
    moved = joint_transforms(arm, bent, arm.heads[:1] + np.array([0.0, 0.0, 2.0]))
    np.testing.assert_allclose(skin(ribbon, moved)[0, 2], [1.0, 1.0, 3.0], atol=1e-12)


def test_a_vertex_between_joints_is_the_mean_of_where_they_take_it(arm, ribbon):
    bent = np.array([[turn(0), turn(90)]])
    middle = skin(ribbon, joint_transforms(arm, bent, arm.heads[:1]))[0, 1]
    carried = [np.array([1.0, -0.1, 1.0]), np.array([1.1, 0.0, 1.0])]
    np.testing.assert_allclose(middle, np.mean(carried, axis=0), atol=1e-12)


def test_joints_are_taken_by_name(arm):
    clip = Clip(names=("lower",), times_s=np.zeros(1), local_wxyz=np.array([[turn(90)]]), root_xyz=arm.heads[:1])
    np.testing.assert_allclose(reordered(clip, arm).local_wxyz[0], [[1.0, 0, 0, 0], turn(90)])
    with pytest.raises(InputError, match="'hand'; the joints: upper, lower"):
        reordered(replace(clip, names=("hand",)), arm)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.zeros((3, 2))}, "do not add up to 1"),
        ({"faces": np.array([[0, 1, 3]])}, "vertices that are not there"),
        ({"joints": np.full((3, 2), 2)}, "joints that are not there"),
        ({"vertices": np.full((3, 3), np.nan)}, "NaN"),
        ({"parts": np.zeros(1, np.uint8)}, "parts that are not there"),
    ],
)
def test_a_body_that_cannot_be_is_refused(ribbon, change, message):
    with pytest.raises(InputError, match=message):
        replace(ribbon, **change)


def test_a_skeleton_that_hangs_from_itself_is_refused(arm):
    with pytest.raises(InputError, match="'upper' has no parent before it"):
        replace(arm, parents=np.array([1, 0]))
    with pytest.raises(InputError, match="'lower' has no parent before it"):
        replace(arm, parents=np.array([-1, 1]))
    with pytest.raises(InputError, match="several joints named 'upper'"):
        replace(arm, names=("upper", "upper"))
