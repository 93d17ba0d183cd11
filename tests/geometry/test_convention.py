"""Conventions convert there and back, compose, and give the known answers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinoeye.geometry import (
    KINOEYE,
    OPENCV,
    OPENCV_W2C,
    OPENGL,
    Convention,
    axes_matrix,
    convert,
    homogeneous,
    invert,
)

FAMILIES = ("FB", "LR", "UD")
ALL_AXES = [
    "".join(letters)
    for order in itertools.permutations(FAMILIES)
    for letters in itertools.product(*order)
]  # fmt: skip
UNREAL = Convention("FRU", "FRU", "cam_to_world", 0.01)

conventions = st.builds(
    Convention,
    st.sampled_from(ALL_AXES),
    st.sampled_from(ALL_AXES),
    st.sampled_from(["cam_to_world", "world_to_cam"]),
    st.sampled_from([1.0, 0.01, 0.0254]),
)
seeds = st.integers(0, 2**31 - 1)


def poses(seed: int, count: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    R = Rotation.random(count, random_state=rng).as_matrix()
    return np.concatenate([R, rng.normal(size=(count, 3, 1))], axis=-1)


def test_all_48_frames_are_orthonormal_and_half_are_left_handed():
    assert len(set(ALL_AXES)) == 48
    determinants = [np.linalg.det(axes_matrix(axes)) for axes in ALL_AXES]
    assert sorted(np.round(determinants)) == [-1.0] * 24 + [1.0] * 24
    assert all(np.array_equal(axes_matrix(a) @ axes_matrix(a).T, np.eye(3)) for a in ALL_AXES)


@pytest.mark.parametrize("axes", ["", "RD", "RDFF", "RLF", "XYZ", "RDD", "rdf"])
def test_impossible_axes_are_refused(axes):
    with pytest.raises(ValueError, match="three of"):
        Convention(axes)


@given(a=conventions, b=conventions, seed=seeds)
def test_there_and_back_is_the_identity(a, b, seed):
    matrices = poses(seed)
    assert np.allclose(convert(convert(matrices, a, b), b, a), matrices, atol=1e-9)


@given(a=conventions, b=conventions, c=conventions, seed=seeds)
def test_a_detour_changes_nothing(a, b, c, seed):
    matrices = poses(seed)
    assert np.allclose(convert(convert(matrices, a, b), b, c), convert(matrices, a, c), atol=1e-7)


@given(a=conventions, seed=seeds)
def test_converting_to_itself_changes_nothing(a, seed):
    assert np.allclose(convert(poses(seed), a, a), poses(seed), atol=1e-9)


@given(a=conventions, b=conventions, seed=seeds)
def test_handedness_shows_in_the_determinant(a, b, seed):
    """The determinant changes its sign once for each of the two frames whose handedness changes."""
    signs = [
        np.sign(np.linalg.det(axes_matrix(axes))) for axes in (a.camera_axes, a.world_axes, b.camera_axes, b.world_axes)
    ]
    determinants = np.linalg.det(convert(poses(seed), a, b)[:, :, :3])
    assert np.allclose(determinants, np.prod(signs))


def test_opengl_and_opencv_differ_by_y_and_z_of_the_camera():
    c2w = poses(1)
    assert np.allclose(convert(c2w, OPENGL, OPENCV), c2w * [1, -1, -1, 1])
    assert np.allclose(convert(c2w, OPENCV, OPENGL), c2w * [1, -1, -1, 1])


def test_world_to_camera_is_the_inverse():
    c2w = poses(2)
    assert np.allclose(convert(c2w, OPENCV, OPENCV_W2C), np.linalg.inv(homogeneous(c2w))[:, :3])


def test_a_forward_step_of_an_unreal_camera_is_a_metre_forward_here():
    """Unreal: left-handed, x forward, y right, z up, centimetres; a camera that is not turned looks along +x."""
    unreal = np.array([[1.0, 0, 0, 100], [0, 1, 0, 50], [0, 0, 1, 20]])
    ours = convert(unreal, UNREAL, KINOEYE)
    assert np.linalg.det(ours[:, :3]) == pytest.approx(1.0)
    assert ours[:, 2].tolist() == [1, 0, 0]  # the optical axis is world forward
    assert ours[:, 0].tolist() == [0, -1, 0]  # image right is world right, which is -y here
    assert ours[:, 3] == pytest.approx([1.0, -0.5, 0.2])
    assert UNREAL.handedness == "left"
    assert KINOEYE.handedness == "right"


def test_a_right_turn_in_unreal_is_a_right_turn_here():
    yaw = np.deg2rad(30)  # Unreal's yaw turns from x forward towards y right
    unreal = np.array([[np.cos(yaw), -np.sin(yaw), 0, 0], [np.sin(yaw), np.cos(yaw), 0, 0], [0, 0, 1, 0]])
    optical_axis = convert(unreal, UNREAL, KINOEYE)[:, 2]
    assert optical_axis == pytest.approx([np.cos(yaw), -np.sin(yaw), 0])


def test_what_a_file_does_not_state_is_left_as_it_is():
    matrices = poses(3)
    unnamed = Convention("RDF", None, "cam_to_world", None)
    assert np.array_equal(convert(matrices, unnamed, KINOEYE), matrices)
    assert np.array_equal(convert(matrices, KINOEYE, unnamed), matrices)


def test_nothing_is_repaired_on_the_way():
    mirrored = poses(4) * [1, 1, -1, 1]
    assert np.allclose(np.linalg.det(convert(mirrored, OPENGL, OPENCV)[:, :, :3]), -1)


def test_singular_matrices_invert_to_something_finite():
    assert np.isfinite(invert(np.zeros((3, 4)))).all()
