"""Faults found a part at a time are those of the whole path; the fast ways to rotations equal the plain ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import path

from kinoeye.formats import PathTable
from kinoeye.formats.diagnosis import (
    FrameRuns,
    describe_frames,
    faults,
    nearest_rotation,
    reflected_frames,
    rotation_frames,
    singular_values,
)
from kinoeye.formats.faults import FaultScan
from kinoeye.geometry.convention import rotvec_to_matrix


@given(seed=st.integers(0, 10**6), noise=st.sampled_from([0, 1e-12, 1e-7, 1e-5, 1e-4, 2e-4, 1e-3, 0.3]))
def test_the_polar_factor_is_that_of_the_singular_value_decomposition(seed: int, noise: float):
    rng = np.random.default_rng(seed)
    blocks = rotvec_to_matrix(rng.normal(size=(20, 3)) * 2) + noise * rng.uniform(-1, 1, (20, 3, 3))
    blocks[::3] *= -1  # handedness stays
    U, _, Vh = np.linalg.svd(blocks)
    np.testing.assert_allclose(nearest_rotation(blocks), U @ Vh, rtol=0, atol=1e-12)


def test_each_block_is_rounded_alike_in_any_company():
    rng = np.random.default_rng(0)
    blocks = rotvec_to_matrix(rng.normal(size=(40, 3))) + rng.choice([1e-6, 1e-2], (40, 1, 1)) * rng.normal(
        size=(40, 3, 3)
    )
    alone = [nearest_rotation(blocks[i : i + 1])[0] for i in range(40)]
    np.testing.assert_array_equal(nearest_rotation(blocks), alone)


@given(seed=st.integers(0, 10**6), size=st.sampled_from([0, 1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 1.0]))
def test_no_finding_is_about_a_block_that_passes_as_a_rotation(seed: int, size: float):
    rng = np.random.default_rng(seed)
    matrices = path().matrices[:12].copy()
    matrices[:, :, :3] += size * rng.uniform(-1, 1, (12, 3, 3))
    matrices[::4] *= rng.choice([1, -1, np.nan])
    sound = rotation_frames(matrices)
    values = singular_values(matrices)
    assert (abs(values[sound] - 1) < 5e-4).all()
    assert not (sound & reflected_frames(matrices)).any()
    if size <= 1e-5 and (matrices[0] == path().matrices[0]).all():
        assert sound.all()


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 7))
def test_runs_of_frames_do_not_depend_on_the_parts(marks: list[bool], size: int):
    mask = np.array(marks)
    whole, parts = FrameRuns(mask), FrameRuns(*(mask[i : i + size] for i in range(0, len(mask), size)))
    assert parts.frames == tuple(np.flatnonzero(mask).tolist())
    assert (parts.count, parts.marked) == (len(mask), mask.sum())
    if mask.any():
        assert str(parts) == str(whole) == describe_frames(np.flatnonzero(mask), len(mask))


def test_runs_of_frames_in_words():
    assert describe_frames(np.array([3]), 9) == "frame 3"
    assert describe_frames(np.array([0, 1, 2, 3, 4, 7]), 9) == "frames 0-4 and 7"
    assert describe_frames(np.arange(9), 9) == "all 9 frames"
    assert describe_frames(np.array([0]), 1) == "the only frame"
    assert describe_frames(np.arange(0, 20, 2), 21) == "frames 0, 2, 4 and 7 more runs"


def test_a_finding_lists_a_bounded_number_of_frames(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kinoeye.formats.diagnosis.MAX_FRAMES", 5)
    runs = FrameRuns(*[np.array([True, False, True])] * 10)
    assert runs.frames == (0, 2, 3, 5, 6)
    assert (runs.marked, str(runs)) == (20, "frames 0, 2-3, 5-6 and 8 more runs")


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("fault", ["nan", "scaled", "reflection", "all-reflected", "sheared", "blank", "times"])
def test_faults_of_parts_are_those_of_the_whole(fault: str, size: int):
    table = path().frames(range(24))
    matrices, times = table.matrices.copy(), np.array(table.times_s)
    some = [1, 2, 3, 7, 12, 14, 16, 23]
    if fault == "times":
        times[[4, 5]] = times[3]
        times[[9, 20]] = times[2], np.nan
    elif fault == "all-reflected":
        matrices[:, :, 0] *= -1
    else:
        block = matrices[some, :, :3]
        matrices[some, :, :3] = {
            "nan": block * np.nan,
            "scaled": block * np.linspace(2, 3, 8)[:, None, None],
            "reflection": block * np.array([-1.0, 1, 1]),
            "sheared": block * np.array([1.1, 1, 1]),
            "blank": block * 0,
        }[fault]
    table = replace(table, matrices=matrices, times_s=times)
    scan = FaultScan()
    for start in range(0, 24, size):
        scan.add(table.frames(range(start, min(start + size, 24))))
    assert list(scan.findings()) == faults(table)
    assert faults(table)


def test_poses_in_our_world_are_computed_once_and_cannot_be_changed():
    table: PathTable = path()
    assert table.T_world_cam is table.T_world_cam
    with pytest.raises(ValueError, match="read-only"):
        table.T_world_cam[0] = 0
    assert table.checked_matrices().flags.writeable
    assert replace(table, matrices=table.matrices * 2).T_world_cam is not table.T_world_cam
