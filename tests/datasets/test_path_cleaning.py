"""Jumps are cut out as DataDoP does it, or rightly; 120 poses reach from the first to the last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.datasets.path_cleaning import Quirks, clean_path, good_runs, position_range, resampled
from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.geometry.kalman import kalman_smooth

OFFICIAL, NONE = Quirks.official(), Quirks.none()


def path_of(positions: np.ndarray, turn: float = 0.0) -> np.ndarray:
    poses = np.tile(np.eye(4), (len(positions), 1, 1))
    poses[:, :3, 3] = positions
    poses[:, :3, :3] = rotvec_to_matrix(np.linspace(0, turn, len(positions))[:, None] * np.array([0.0, 1.0, 0.0]))
    return poses


def with_jump(count: int, at: int) -> np.ndarray:
    positions = np.linspace(0, 1, count)[:, None] * np.array([1.0, 0.5, 0.2])
    positions[at:] += 40.0
    return positions


def test_the_runs_of_a_path_that_jumps():
    # One step of 40 among steps of 0.017: the pose behind it is dropped, and upstream also that before it.
    positions = with_jump(60, at=30)
    assert good_runs(positions, OFFICIAL) == [(0, 29), (31, 59)]
    assert good_runs(positions, NONE) == [(0, 30), (31, 60)]


def test_upstream_takes_the_first_run_and_we_the_longest():
    positions = with_jump(60, at=10)
    first, longest = clean_path(path_of(positions), OFFICIAL), clean_path(path_of(positions), NONE)
    assert first is not None
    assert longest is not None
    assert first[1] == (0, 9)
    assert longest[1] == (11, 60)


@pytest.mark.parametrize("count", [1, 2, 5, 6])
def test_short_and_still_paths_have_no_run(count: int):
    assert good_runs(np.zeros((40, 3)), NONE) == []
    assert (clean_path(path_of(with_jump(count, at=count)), NONE) is None) == (count < 7)


@given(st.integers(2, 200), st.floats(-3, 3))
def test_resampling_keeps_the_ends_and_an_even_pace(count: int, turn: float):
    poses = path_of(np.linspace(0, 2, count)[:, None] * np.array([1.0, -1.0, 0.5]), turn)
    whole = resampled(poses, NONE)
    np.testing.assert_allclose(whole[[0, -1]], poses[[0, -1]], atol=1e-9)
    np.testing.assert_allclose(
        np.diff(whole[:, :3, 3], axis=0), np.array([[2.0, -2.0, 1.0]]) / 119 + 0 * whole[1:, :3, 3], atol=1e-9
    )
    short = resampled(poses, OFFICIAL)
    np.testing.assert_allclose(short[-1, :3, 3], np.array([2.0, -2.0, 1.0]) * 119 / 120, atol=1e-9)
    np.testing.assert_allclose(
        np.swapaxes(whole[:, :3, :3], 1, 2) @ whole[:, :3, :3], np.eye(3) + 0 * whole[:, :3, :3], atol=1e-9
    )


def test_positions_are_smoothed_and_rotations_are_not():
    rng = np.random.default_rng(0)
    positions = np.cumsum(rng.normal(size=(120, 3)), axis=0)
    poses = path_of(positions, 1.0)
    cleaned = clean_path(poses, NONE)
    assert cleaned is not None
    kept, run = cleaned
    assert run == (0, 120)
    np.testing.assert_allclose(kept[:, :3, 3], kalman_smooth(positions), atol=1e-9)
    np.testing.assert_allclose(kept[:, :3, :3], poses[:, :3, :3], atol=1e-9)


def test_the_extent_is_that_of_the_longest_axis():
    assert position_range(np.array([[0.0, 0, 0], [0.1, -0.4, 0.2]])) == 0.4


def test_cleaning_equals_the_released_codes():
    fixture = Path(__file__).parents[1] / "language" / "fixtures"
    from safetensors.numpy import load_file

    tags = load_file(fixture / "tags.safetensors")
    assert good_runs(tags["clean.trans"].astype(np.float64), OFFICIAL) == [
        tuple(run) for run in tags["clean.chunks"].tolist()
    ]
