"""The Kalman smoother equals DataDoP's, and does what a smoother must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from kinoeye.geometry.kalman import MEASUREMENT_NOISE, PROCESS_NOISE, kalman_smooth

FIXTURE = Path(__file__).parents[1] / "fixtures" / "kalman" / "kalman.safetensors"


def test_it_equals_the_published_smoother():
    numbers = load_file(FIXTURE)
    assert np.abs(kalman_smooth(numbers["raw"]) - numbers["smoothed"]).max() < 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0.1, 10))
def test_it_is_linear_and_moves_with_the_path(seed, count, scale):
    rng = np.random.default_rng(seed)
    path, offset = rng.normal(size=(count, 3)), rng.normal(size=3)
    moved = kalman_smooth(scale * path + offset)
    assert np.allclose(moved, scale * kalman_smooth(path) + offset, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 20))
def test_it_is_the_maximum_a_posteriori_path(seed, count):
    # The filter and its backward pass solve a least-squares problem that can be written down at once.
    measured = np.random.default_rng(seed).normal(size=count)
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    process = PROCESS_NOISE * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    whiten = np.linalg.inv(np.linalg.cholesky(process))
    rows, values = [], []

    def row(*parts):
        matrix = np.zeros((len(parts[0][1]), 2 * count))
        for frame, block in parts:
            matrix[:, 2 * frame : 2 * frame + 2] += block
        rows.append(matrix)

    for i in range(1, count):
        row((i - 1, -whiten @ step), (i, whiten))
        values.append(np.zeros(2))
        row((i, np.array([[1 / np.sqrt(MEASUREMENT_NOISE), 0.0]])))
        values.append(measured[i : i + 1])
    row((0, np.array([[1 / np.sqrt(MEASUREMENT_NOISE), 0.0]])))
    values.append(measured[:1])
    A, b = np.concatenate(rows), np.concatenate(values)
    free = [i for i in range(2 * count) if i != 1]  # the first velocity is known to be zero
    solution = np.linalg.lstsq(A[:, free], b, rcond=None)[0]
    assert np.allclose(kalman_smooth(measured[:, None])[:, 0], np.insert(solution, 1, 0.0)[::2], atol=1e-8)


def test_a_path_at_rest_and_paths_of_one_pose_stay():
    still = np.full((20, 3), 2.5)
    assert np.allclose(kalman_smooth(still), still, atol=1e-12)
    assert np.array_equal(kalman_smooth(still[:1]), still[:1])


@pytest.mark.parametrize("positions", [np.zeros(3), np.full((4, 3), np.nan)])
def test_what_is_no_path_is_refused(positions):
    with pytest.raises(ValueError, match="finite"):
        kalman_smooth(positions)
