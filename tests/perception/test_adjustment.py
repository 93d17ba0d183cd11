"""The parts of the estimators against plain twins: derivatives, tracks, two views, bundle adjustment."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.perception.bundle_adjustment import Observations, adjust, reprojection_errors
from kinoeye.perception.keyframes import twist_matrix
from kinoeye.perception.photometric_bundle import adjoint
from kinoeye.perception.photometric_kernel import add_normal_equations, t_scale
from kinoeye.perception.point_tracks import track_points
from kinoeye.perception.pyramid import pyramid
from kinoeye.perception.two_view import parallax, relative_poses, rotation_between, triangulate

FOCAL = 300.0


def smooth_image(height: int = 48, width: int = 64) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    gray = 128 + 60 * np.sin(x / 7) * np.cos(y / 9) + 30 * np.sin((x + 2 * y) / 11)
    return np.repeat(gray[..., None], 3, axis=-1).round().astype(np.uint8)


def cloud(rng: np.random.Generator, count: int, *, flat: bool = False) -> np.ndarray:
    points = rng.uniform([-1.5, -1.0, 3.0], [1.5, 1.0, 6.0], (count, 3))
    if flat:
        points[:, 2] = 4 + 0.4 * points[:, 0]
    return points


def pose(rotvec: list[float], centre: list[float]) -> np.ndarray:
    """T_cam_world of a camera at `centre`."""
    T = np.eye(4)
    T[:3, :3] = rotvec_to_matrix(rotvec).T
    T[:3, 3] = -T[:3, :3] @ centre
    return T


def seen_from(T: np.ndarray, points: np.ndarray) -> np.ndarray:
    in_camera = points @ T[:3, :3].T + T[:3, 3]
    return in_camera[:, :2] / in_camera[:, 2:]


def angle_deg(R: np.ndarray) -> float:
    return math.degrees(math.acos(min(1.0, (np.trace(R) - 1) / 2)))


@pytest.fixture(params=["intensity", "depth"])
def pair_equations(request: pytest.FixtureRequest):
    """Normal equations of one pair as a function of a step, from intensities alone or from depths alone."""
    rng = np.random.default_rng(0)
    of_depth = request.param == "depth"
    rgb = np.full((48, 64, 3), 128, np.uint8) if of_depth else smooth_image()
    rows, columns = np.mgrid[:48, :64]
    depth = (3 + 0.01 * columns + 0.02 * rows).astype(np.float32)
    level = pyramid(rgb, depth, np.array([60.0, 60, 32, 24]), levels=1)[0]
    nodes, shares, scale = rng.integers(0, 5, (40, 2)), np.full((40, 2), 0.5), 0.02 * rng.normal(size=5)
    T = twist_matrix(np.array([0.05, -0.02, 0.03, 0.01, -0.02, 0.015]))

    # Points of the frame's own surface, so that residuals are zero and J^T W J is the whole second derivative.
    x, y = rng.uniform(5, 58, 40), rng.uniform(5, 42, 40)
    z = 3 + 0.01 * x + 0.02 * y
    in_frame = np.stack([(x + 0.5 - 32) / 60 * z, (y + 0.5 - 24) / 60 * z, z], axis=-1)
    points = ((in_frame - T[:3, 3]) @ T[:3, :3]) / np.exp((shares * scale[nodes]).sum(axis=1))[:, None]

    def equations(step: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        H, b, residuals = np.zeros((11, 11)), np.zeros(11), np.empty(40)
        # Sigmas are so large that the weights of the t-distribution are constant, and the cost is a sum of squares.
        add_normal_equations(
            points, values, nodes, shares, scale + step[6:], level.image, level.fx_fy_cx_cy,
            twist_matrix(step[:6]) @ T, 1e3, 1e3, float(of_depth), H, b, residuals,
        )  # fmt: skip
        return H, b, residuals

    values = equations(np.zeros(11), np.zeros(40))[2].copy()
    return lambda step: equations(step, values)[:2]


def test_the_gradient_moves_as_the_normal_matrix_says(pair_equations):
    """To first order b(step) = b(0) + H step, for each twist and each depth factor."""
    H, _ = pair_equations(np.zeros(11))
    assert np.allclose(H, H.T)
    assert (np.diag(H) > 0).all()
    for k in range(11):
        step = np.zeros(11)
        step[k] = 1e-4
        change = (pair_equations(step)[1] - pair_equations(-step)[1]) / 2e-4
        # Slopes are Scharr's, which smooth: some percent of difference are due.
        assert np.linalg.norm(change - H[k]) < 0.1 * np.linalg.norm(H[k])


def test_adjoint_carries_twists_through():
    rng = np.random.default_rng(1)
    T, twist = pose([0.3, -0.2, 0.5], [1, 2, 3]), 1e-6 * rng.normal(size=6)
    left = twist_matrix(adjoint(T) @ twist) @ T
    assert np.allclose(left, T @ twist_matrix(twist), atol=1e-11)


def test_the_scale_of_residuals_ignores_outliers():
    rng = np.random.default_rng(0)
    clean = rng.normal(scale=0.02, size=4000)
    dirty = np.concatenate([clean, rng.uniform(0.5, 1.0, 200), [np.nan] * 100])
    assert t_scale(clean) == pytest.approx(0.02 * 0.8, rel=0.15)  # a t-distribution's scale is under its deviation
    assert t_scale(dirty) < 1.3 * t_scale(clean) < 0.3 * float(np.nanstd(dirty))


def test_pyramids_halve_the_camera_and_keep_unknown_depth_unknown():
    depth = np.full((48, 64), 2.0, np.float32)
    depth[:, :20] = np.inf
    levels = pyramid(smooth_image(), depth, np.array([60.0, 60, 32, 24]))
    assert [level.shape for level in levels] == [(48, 64), (24, 32)]
    assert levels[1].fx_fy_cx_cy.tolist() == [30, 30, 16, 12]
    assert np.isnan(levels[0].image[:, :20, 3]).all()
    assert levels[0].image[10, 40, 3] == pytest.approx(math.log(2))


def test_points_are_followed_to_a_fraction_of_a_pixel():
    rng = np.random.default_rng(0)
    from scipy.ndimage import gaussian_filter, shift

    texture = gaussian_filter(rng.normal(size=(220, 220)), 2.5)
    texture = 128 + 50 * texture / texture.std()
    frames = np.stack([shift(texture, (0.7 * i, 1.3 * i), order=3, mode="nearest")[10:210, 10:210] for i in range(6)])
    tracks = track_points(np.repeat(frames.clip(0, 255).round().astype(np.uint8)[..., None], 3, axis=-1))
    whole = tracks[:, ~np.isnan(tracks[..., 0]).any(axis=0)]
    assert whole.shape[1] > 50
    moved = whole[-1] - whole[0]
    assert np.abs(moved - [5 * 1.3, 5 * 0.7]).mean() < 0.1


def test_rotation_is_found_among_outliers():
    rng = np.random.default_rng(2)
    xy = rng.uniform(-0.4, 0.4, (100, 2))
    R = rotvec_to_matrix([0.1, -0.2, 0.05])
    turned = np.concatenate([xy, np.ones((100, 1))], axis=1) @ R.T
    other = turned[:, :2] / turned[:, 2:]
    other[:20] += 0.1
    found, angles = rotation_between(xy, other)
    assert angle_deg(found.T @ R) < 0.3
    assert np.median(angles[20:]) < 0.01 < np.median(angles[:20])


@pytest.mark.parametrize("flat", [False, True])
def test_one_of_the_candidates_is_the_relative_pose(flat):
    rng = np.random.default_rng(3)
    points = cloud(rng, 150, flat=flat)
    T = pose([0.05, -0.15, 0.02], [0.6, 0.1, 0.2])
    xy_a, xy_b = seen_from(np.eye(4), points), seen_from(T, points)
    xy_a, xy_b = (xy + 0.2 / FOCAL * rng.normal(size=xy.shape) for xy in (xy_a, xy_b))
    xy_b[:25] = rng.uniform(-0.3, 0.3, (25, 2))
    errors = []
    for candidate in relative_poses(xy_a, xy_b, FOCAL, seed=0):
        direction = candidate[:3, 3] @ T[:3, 3] / np.linalg.norm(T[:3, 3])
        errors.append((angle_deg(candidate[:3, :3].T @ T[:3, :3]), math.degrees(math.acos(min(1.0, direction)))))
    assert min(rotation for rotation, _ in errors) < 0.8
    assert min(direction for _, direction in errors) < 4


def test_triangulated_points_are_where_they_were():
    rng = np.random.default_rng(4)
    points = cloud(rng, 30)
    T = np.stack([np.eye(4), pose([0, -0.1, 0], [0.5, 0, 0]), pose([0.1, 0, 0], [0, 0.4, 0])])
    xys = np.stack([seen_from(one, points) for one in T])
    xys[2, :10] = np.nan
    assert np.allclose(triangulate(T, xys), points, atol=1e-6)
    seen = ~np.isnan(xys[..., 0])
    widest = parallax(np.linalg.inv(T)[:, :3, 3], points, seen)
    expected = np.arctan2(0.5, np.linalg.norm(points, axis=1))
    assert np.all(widest > 0.5 * expected)


def planted(seed: int, *, with_depth: bool):
    rng = np.random.default_rng(seed)
    points = cloud(rng, 60)
    T = np.stack([pose([0.02 * i, -0.03 * i, 0.01 * i], [0.15 * i, 0.02 * i, 0.05 * i]) for i in range(6)])
    frame, point = (index.ravel() for index in np.mgrid[:6, :60])
    xy = np.stack([seen_from(one, points) for one in T])
    depth = np.stack([(points @ one[:3, :3].T + one[:3, 3])[:, 2] for one in T])
    log_depth = np.log(depth).ravel() + 0.05 * rng.normal(size=360) if with_depth else np.full(360, np.nan)
    seen = Observations(frame, point, xy.reshape(-1, 2), np.full((360, 2), FOCAL), log_depth)
    start_T = np.stack([T[0], *(twist_matrix(0.02 * rng.normal(size=6)) @ one for one in T[1:])])
    return T, points, seen, start_T, points * (1 + 0.1 * rng.normal(size=(60, 1)))


def test_bundle_adjustment_reaches_the_planted_scene_despite_outliers():
    T, _, seen, start_T, start_points = planted(0, with_depth=False)
    bad = seen.xy.copy()
    bad[::29] += 0.1
    seen = Observations(seen.frame, seen.point, bad, seen.focal, seen.log_depth)
    found_T, found_points = adjust(start_T, start_points, seen, free=np.arange(6) > 0, iterations=60)
    errors = reprojection_errors(found_T, found_points, seen)
    assert np.median(errors) < 0.01
    assert np.array_equal(found_T[0], T[0])
    for found, true in zip(found_T, T, strict=True):
        assert angle_deg(found[:3, :3].T @ true[:3, :3]) < 0.05


def test_measured_depth_fixes_the_scale():
    T, _, seen, start_T, start_points = planted(1, with_depth=True)
    for factor in (0.8, 1.25):
        shrunk = start_T.copy()
        shrunk[:, :3, 3] *= factor
        found_T, _ = adjust(shrunk, factor * start_points, seen, free=np.arange(6) > 0, iterations=60, depth_weight=3.0)
        ratio = np.linalg.norm(found_T[-1, :3, 3]) / np.linalg.norm(T[-1, :3, 3])
        assert ratio == pytest.approx(1.0, abs=0.02)


def test_resection_moves_the_camera_and_leaves_the_points():
    T, points, seen, start_T, _ = planted(2, with_depth=False)
    only_third = seen.where(seen.frame == 3)
    found_T, found_points = adjust(
        start_T, points, only_third, free=np.arange(6) == 3, iterations=40, move_points=False
    )
    assert np.array_equal(found_points, points)
    assert np.allclose(found_T[3], T[3], atol=1e-5)
    assert np.allclose(found_T[[1, 2, 4]], start_T[[1, 2, 4]])


def test_a_point_behind_the_camera_has_an_infinite_error():
    seen = Observations(np.array([0]), np.array([0]), np.zeros((1, 2)), np.full((1, 2), FOCAL), np.array([np.nan]))
    assert np.isinf(reprojection_errors(np.eye(4)[None], np.array([[0.0, 0, -1]]), seen)).all()
