"""Gaps between boxes against least squares over both boxes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from known_scenes import pose, scene, standing
from scipy.optimize import lsq_linear

from kinoeye.facts import SceneTracks
from kinoeye.facts.boxes import EDGES, corners, gap
from kinoeye.geometry.convention import rotvec_to_matrix


def two_boxes(rng: np.random.Generator, count: int, apart: float) -> SceneTracks:
    def poses(offset):
        turned = rotvec_to_matrix(rng.normal(size=(count, 3)) * 2)
        return np.stack([pose(R, t) for R, t in zip(turned, rng.normal(size=(count, 3)) + offset, strict=True)])

    tracks = scene(a=poses((0, 0, 0)), b=poses((apart, 0, 0)))
    return replace(tracks, sizes=[(0, 0, 0), *rng.uniform(0.2, 3.0, (2, 3))])


@pytest.mark.parametrize("seed", range(4))
def test_gaps_are_those_of_least_squares(seed: int):
    tracks = two_boxes(np.random.default_rng(seed), 60, apart=2.5)
    found = gap(tracks, "a", "b")
    for k in range(60):
        (R_a, R_b), halves = tracks.T_world_body[1:, k, :3, :3], tracks.sizes[1:] / 2
        middle = tracks.T_world_body[1:, k, :3, 3] + halves[:, 2:] * tracks.T_world_body[1:, k, :3, 2]
        fit = lsq_linear(np.hstack([R_a * halves[0], -R_b * halves[1]]), middle[1] - middle[0], (-1, 1), tol=1e-14)
        assert found[k] == pytest.approx(math.sqrt(2 * fit.cost), abs=1e-5)
    assert (found == 0).any()
    assert (found > 0.5).any()
    np.testing.assert_allclose(gap(tracks, "b", "a"), found, atol=1e-12)


def test_boxes_that_pierce_one_another_without_a_corner_inside_overlap():
    cross = replace(scene(a=standing(0, 0), b=standing(0, 0, z=0.9)), sizes=[(0, 0, 0), (4, 0.2, 2), (0.2, 4, 0.2)])
    rng = np.random.default_rng(0)
    for _ in range(50):
        turned = cross.moved_by(pose(rotvec_to_matrix(rng.normal(size=3)), rng.normal(size=3)))
        assert gap(turned, "a", "b") == [0.0]


def test_the_camera_and_who_has_no_known_size_are_points():
    tracks = scene(np.eye(4), ball=standing(0, 3, z=-0.5), spot=standing(0, 0, z=4.0))
    tracks = replace(tracks, sizes=[(0, 0, 0), (1, 1, 1), (math.nan,) * 3])
    assert gap(tracks, "camera", "ball") == pytest.approx([2.5])
    assert gap(tracks, "camera", "spot") == pytest.approx([4.0])
    assert gap(tracks, "spot", "ball") == pytest.approx([math.hypot(2.5, 3.5)])
    headless = tracks.T_world_body.copy()
    headless[2, :, :3, :3] = np.nan
    assert gap(replace(tracks, T_world_body=headless), "spot", "ball") == pytest.approx([math.hypot(2.5, 3.5)])


def test_an_unknown_place_has_no_gap():
    tracks = scene(times=[0.0, 1.0], a=standing(0, 0), b=standing(3, 0))
    found = gap(replace(tracks, valid=np.array([[1, 1], [1, 1], [1, 0]], bool)), "a", "b")
    assert found[0] == pytest.approx(2.5)
    assert np.isnan(found[1])


def test_corners_are_joined_by_edges_as_long_as_the_sides_and_stand_on_the_origin():
    tracks = two_boxes(np.random.default_rng(5), 8, apart=2.0)
    found = corners(tracks)
    assert found.shape == (3, 8, 8, 3)
    np.testing.assert_array_equal(found[0], np.repeat(tracks.T_world_body[0, :, None, :3, 3], 8, axis=1))
    for row in (1, 2):
        lengths = np.linalg.norm(found[row][:, EDGES[:, 0]] - found[row][:, EDGES[:, 1]], axis=-1)
        np.testing.assert_allclose(np.sort(lengths, axis=1), np.tile(np.sort(np.repeat(tracks.sizes[row], 4)), (8, 1)))
        local = np.einsum("tki,tck->tci", tracks.T_world_body[row, :, :3, :3],
                          found[row] - tracks.T_world_body[row, :, None, :3, 3])  # fmt: skip
        x, y, z = tracks.sizes[row]
        np.testing.assert_allclose(local.min(axis=1), np.tile([-x / 2, -y / 2, 0.0], (8, 1)), atol=1e-12)
        np.testing.assert_allclose(local.max(axis=1), np.tile([x / 2, y / 2, z], (8, 1)), atol=1e-12)
