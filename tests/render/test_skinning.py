"""Compiled skinning against its plain definition, and normals against geometry."""

from __future__ import annotations

import numpy as np
import pytest

from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.render.skinning import skinned_vertices, vertex_normals
from kinoeye.shot.bodies import Body, Skeleton, skin


def some_body(rng, vertices=500, joints=12, slots=7):
    weights = rng.random((vertices, slots)) * (rng.random((vertices, slots)) < 0.4)
    weights[:, 0] += 0.1
    skeleton = Skeleton(
        names=tuple(f"joint{i}" for i in range(joints)),
        parents=np.array([-1, *(rng.integers(0, i) for i in range(1, joints))]),
        heads=rng.normal(size=(joints, 3)),
        tails=rng.normal(size=(joints, 3)),
    )
    return Body(
        name="cloud",
        skeleton=skeleton,
        vertices=rng.normal(size=(vertices, 3)),
        faces=rng.integers(0, vertices, (900, 3)),
        joints=rng.integers(0, joints, (vertices, slots)),
        weights=weights / weights.sum(1, keepdims=True),
        colors_rgb=np.zeros((vertices, 3), np.uint8),
        parts=np.ones(900, np.uint8),
        part_names=("cloud",),
    )


def some_maps(rng, frames, joints):
    """Affine maps, with scale and shear: files of other tools hold such."""
    maps = rng.normal(size=(frames, joints, 3, 4))
    maps[: frames // 2, :, :, :3] = rotvec_to_matrix(rng.normal(size=(frames // 2, joints, 3)))
    return maps


def test_skinning_equals_its_definition():
    rng = np.random.default_rng(3)
    body, maps = some_body(rng), some_maps(rng, 6, 12)
    posed = skinned_vertices(body.vertices, body.joints, body.weights, maps)
    np.testing.assert_allclose(posed, skin(body, maps), atol=1e-10)


def test_arrays_of_any_layout_and_type_are_skinned_alike():
    rng = np.random.default_rng(4)
    body, maps = some_body(rng), some_maps(rng, 2, 12)
    expected = skin(body, maps)
    posed = skinned_vertices(
        np.asfortranarray(body.vertices), body.joints.astype(np.uint8), body.weights.astype(np.float32), maps[::1]
    )
    np.testing.assert_allclose(posed, expected, atol=1e-5)


def test_what_does_not_fit_is_refused_before_it_is_read():
    rng = np.random.default_rng(5)
    body, maps = some_body(rng), some_maps(rng, 2, 12)
    with pytest.raises(ValueError, match="none of the 3"):
        skinned_vertices(body.vertices, body.joints, body.weights, maps[:, :3])
    with pytest.raises(ValueError, match="do not fit"):
        skinned_vertices(body.vertices, body.joints[:, :2], body.weights, maps)
    with pytest.raises(ValueError, match="none of the 4 vertices"):
        vertex_normals(np.zeros((1, 4, 3)), np.array([[0, 1, 4]]))


def test_normals_of_a_sphere_point_outwards_in_every_frame():
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=3)
    vertices = np.stack([np.asarray(ball.vertices), 3 * np.asarray(ball.vertices) + 5])
    normals = vertex_normals(vertices, np.asarray(ball.faces))
    for frame in normals:
        np.testing.assert_allclose((frame * ball.vertices).sum(1), 1.0, atol=2e-3)
        np.testing.assert_allclose(np.linalg.norm(frame, axis=1), 1.0)


def test_a_larger_triangle_counts_for_more():
    flat, upright = [[0, 0, 0], [3, 0, 0], [0, 2, 0]], [[0, 0, 1.0]]
    vertices = np.array([flat + upright], float)
    normals = vertex_normals(vertices, np.array([[0, 1, 2], [0, 1, 3]]))
    expected = np.array([0.0, -3.0, 6.0]) / np.hypot(3, 6)  # areas 3 of 2 times +z, and 1.5 times -y
    np.testing.assert_allclose(normals[0, 0], expected, atol=1e-12)


def test_a_vertex_of_no_triangle_has_no_normal():
    vertices = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0], [9, 9, 9]]], float)
    assert vertex_normals(vertices, np.array([[0, 1, 2], [3, 3, 3]]))[0, 3].tolist() == [0, 0, 0]
