"""Which of several camera paths a film was made by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from film_worlds_of_tests import SIZE_WH, worlds_of_tests

from kinoeye.evaluation.camera_hypotheses import (
    HYPOTHESES,
    camera_hypotheses,
    ground_pixels,
    intrinsic_matrix,
    moves_with_camera,
    rebased,
    warped,
)
from kinoeye.geometry.convention import invert
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render.film import render
from kinoeye.render.worlds import world


def test_all_paths_begin_at_the_same_pose_and_stay_above_the_ground():
    for film in worlds_of_tests():
        paths = film.hypotheses
        assert len(paths) == HYPOTHESES
        for name, path in paths.items():
            assert path[0] == pytest.approx(film.poses[0], abs=1e-6), name
            assert (path[:, 2, 3] > 0).all(), name
            R = path[:, :3, :3]
            assert R @ R.swapaxes(1, 2) == pytest.approx(np.tile(np.eye(3), (len(R), 1, 1)), abs=1e-5), name
            assert np.linalg.det(R) == pytest.approx(1, abs=1e-5), name
            assert (name == "true") == np.allclose(path, film.poses)


def test_the_same_seed_gives_the_same_paths():
    film = worlds_of_tests()[0]
    draw = {seed: camera_hypotheses(film.poses, film.fx_fy_cx_cy, SIZE_WH, seed=seed) for seed in (3, 4)}
    again = camera_hypotheses(film.poses, film.fx_fy_cx_cy, SIZE_WH, seed=3)
    assert all(np.array_equal(draw[3][name], again[name]) for name in again)
    assert not np.allclose(draw[3]["other_1"], draw[4]["other_1"])


def test_a_path_that_begins_there_is_rebased_to_itself():
    film = worlds_of_tests()[1]
    assert rebased(film.poses, film.poses[0]) == pytest.approx(film.poses, abs=1e-6)


def test_a_warp_shows_points_of_the_ground_where_the_other_camera_sees_them():
    film = worlds_of_tests()[2]
    width, height = SIZE_WH
    here, there, K = film.poses[2], film.poses[5], intrinsic_matrix(film.fx_fy_cx_cy)
    columns = np.tile(np.arange(width, dtype=np.float32) + 0.5, (height, 1))
    found, seen = warped(columns, np.ones((height, width), bool), here, there, K)
    seen &= ground_pixels(film.poses[2:3], film.fx_fy_cx_cy, SIZE_WH)[0]
    assert seen.sum() > 200
    y, x = np.nonzero(seen)
    rays = here[:3, :3] @ np.linalg.inv(K) @ np.stack([x + 0.5, y + 0.5, np.ones(len(x))])
    ground = here[:3, 3:] - rays * here[2, 3] / rays[2]
    projected = K @ (invert(there[:3]) @ np.concatenate([ground, np.ones((1, len(x)))]))
    assert found[seen] == pytest.approx(projected[0] / projected[2], abs=1e-2)


def test_a_frame_warps_to_itself():
    film = worlds_of_tests()[0]
    K = intrinsic_matrix(film.fx_fy_cx_cy)
    found, seen = warped(film.empty_rgb[4], np.ones(SIZE_WH[::-1], bool), film.poses[4], film.poses[4], K)
    inside = seen[1:-1, 1:-1]
    assert inside.all()
    assert found[1:-1, 1:-1] == pytest.approx(film.empty_rgb[4, 1:-1, 1:-1].astype(float), abs=1e-2)


@pytest.mark.parametrize("name", ["rest", "reversed", "mirrored", "doubled", "other_1", "other_2", "other_3"])
def test_the_same_place_filmed_by_another_camera_is_told(name: str):
    film = worlds_of_tests()[0]
    shot = replace(world("eval", film.seed, num_frames=16, fps=8.0, size_wh=SIZE_WH,
                         distribution="worlds-v1-people"), actors=())  # fmt: skip
    poses = SE3.from_matrix(torch.from_numpy(film.hypotheses[name].copy()))
    camera = Trajectory(Track(poses, shot.camera.times_s), shot.camera.intrinsics)
    other = render(shot.with_camera(camera), layers=()).rgb.values
    anywhere = ground_pixels(film.poses, film.fx_fy_cx_cy, SIZE_WH)
    assert not moves_with_camera(other, anywhere, film.hypotheses, film.fx_fy_cx_cy)
    assert moves_with_camera(film.empty_rgb, anywhere, film.hypotheses, film.fx_fy_cx_cy)


def test_brightness_and_contrast_do_not_change_the_answer():
    for film in worlds_of_tests():
        dim = (film.film_rgb * 0.6 + 40).astype(np.uint8)
        assert moves_with_camera(dim, film.is_ground, film.hypotheses, film.fx_fy_cx_cy)
