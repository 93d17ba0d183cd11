"""Smoothing within a tolerance: the tube is never left, the jerk is the least, worlds do not matter."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from group_draws import seeds, twists
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from kinoeye.geometry import SE3, SO3, Track, matrix_to_rotvec, rotvec_to_matrix, smooth


def shaky(count: int, *, seed: int = 0, noise: float = 0.01) -> Track:
    """A curved path with noise in position and rotation, at uneven times."""
    generator = torch.Generator().manual_seed(seed)
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    origin = torch.stack([2 * s, torch.sin(3 * s), 0.5 * s * s + 1], dim=-1)
    rotation = SO3.exp(torch.stack([0.2 * s, 2 * s, -0.4 * s], dim=-1))
    shake = SE3.exp(noise * torch.randn(count, 6, generator=generator, dtype=torch.float64))
    return Track(SE3.from_parts(rotation, origin) @ shake, 1 + s + 0.3 * s * s)


def second_derivatives(rates: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Of step velocities at the middles of the steps, by the parabola through three of them."""
    middles = (times[1:] + times[:-1]) / 2
    slopes = np.diff(rates, axis=0) / np.diff(middles)[:, None]
    return np.diff(slopes, axis=0) / ((middles[2:] - middles[:-2]) / 2)[:, None]


def jerks(track: Track) -> tuple[float, float]:
    """Integrals of the squared linear and angular jerk."""
    poses, times = track.T_world_body, track.times_s.numpy()
    steps = np.diff(times)[:, None]
    linear = np.diff(poses.translation.numpy(), axis=0) / steps
    angular = (poses[:-1].inverse() @ poses[1:]).rotation.log().numpy() / steps
    middles = (times[1:] + times[:-1]) / 2
    spans = (middles[2:] - middles[:-2]) / 2
    first, second = (float((second_derivatives(rates, times) ** 2).sum(-1) @ spans) for rates in (linear, angular))
    return first, second


def moved(a: Track, b: Track) -> tuple[float, float]:
    """The largest distance and angle between poses."""
    turn = (a.T_world_body.rotation.inverse() @ b.T_world_body.rotation).angle().max()
    return float((a.T_world_body.translation - b.T_world_body.translation).norm(dim=-1).max()), float(turn)


@settings(max_examples=25)
@given(
    seed=seeds,
    count=st.integers(4, 60),
    noise=st.floats(1e-4, 0.3),
    tolerance=st.floats(1e-4, 1.0),
    degrees=st.floats(0.01, 60),
    keep_ends=st.booleans(),
)
def test_no_pose_leaves_the_tolerance_and_the_jerk_falls(seed, count, noise, tolerance, degrees, keep_ends):
    track = shaky(count, seed=seed, noise=noise)
    smoothed = smooth(track, tolerance=tolerance, tolerance_rad=math.radians(degrees), keep_ends=keep_ends)
    far, turned = moved(track, smoothed)
    assert far <= tolerance
    assert turned <= math.radians(degrees)
    before, after = jerks(track), jerks(smoothed)
    assert after[0] < before[0]
    assert after[1] < before[1]
    assert torch.equal(smoothed.times_s, track.times_s)
    if keep_ends:
        for index in (0, -1):
            assert torch.allclose(
                smoothed.T_world_body[index].as_matrix(), track.T_world_body[index].as_matrix(), rtol=0, atol=1e-12
            )


@pytest.mark.parametrize("part", [0, 1], ids=["origin", "rotation"])
def test_it_is_the_least_jerk_that_a_general_solver_finds(part):
    track, tolerance = shaky(6, noise=0.1), 0.1
    times, steps = track.times_s.numpy(), track.times_s.diff().numpy()[:, None]
    middles = (times[1:] + times[:-1]) / 2
    spans = (middles[2:] - middles[:-2]) / 2
    origins, matrices = track.T_world_body.translation.numpy(), track.T_world_body.rotation.as_matrix().numpy()

    def jerk(offsets: np.ndarray) -> float:
        offset = tolerance * offsets.reshape(-1, 3)
        if part == 0:
            rates = np.diff(origins + offset, axis=0) / steps
        else:
            turned = matrices @ rotvec_to_matrix(offset)
            rates = matrix_to_rotvec(np.swapaxes(turned[:-1], 1, 2) @ turned[1:]) / steps
        return float((second_derivatives(rates, times) ** 2).sum(-1) @ spans)

    original, still = jerk(np.zeros(18)), np.zeros(18)
    ball = {"type": "ineq", "fun": lambda offsets: 1 - (offsets.reshape(-1, 3) ** 2).sum(-1)}
    found = minimize(
        lambda offsets: jerk(offsets) / original, still, constraints=[ball], method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-9},
    )  # fmt: skip
    tolerances = [0.0, 0.0]
    tolerances[part] = tolerance
    smoothed = smooth(track, tolerance=tolerances[0], tolerance_rad=tolerances[1], keep_ends=False)
    ours = jerks(smoothed)[part] / original
    assert ours == pytest.approx(found.fun, rel=5e-3)
    assert ours < 0.5


def test_a_wider_tolerance_is_smoother():
    track = shaky(80)
    found = [
        jerks(smooth(track, tolerance=t, tolerance_rad=t, keep_ends=False)) for t in (0.0, 0.001, 0.004, 0.016, 0.064)
    ]
    assert all(wide[k] < tight[k] for tight, wide in itertools.pairwise(found) for k in range(2))


@given(seed=seeds)
@settings(max_examples=10)
def test_smoothing_is_the_same_in_any_world(seed):
    track, T = shaky(25, seed=seed), SE3.exp(twists((), "any", seed))
    a = smooth(track.moved_by(T), tolerance=0.02, tolerance_rad=0.02)
    b = smooth(track, tolerance=0.02, tolerance_rad=0.02).moved_by(T)
    assert torch.allclose(a.T_world_body.as_matrix(), b.T_world_body.as_matrix(), atol=1e-6)


def test_the_sign_of_quaternions_and_the_unit_of_time_do_not_matter():
    track = shaky(40)
    signs = torch.where(torch.arange(40) % 3 == 0, -1.0, 1.0).double()[:, None]
    flipped = SE3(torch.cat([signs * track.T_world_body.wxyz_xyz[:, :4], track.T_world_body.translation], dim=-1))
    smoothed = smooth(track, tolerance=0.02, tolerance_rad=0.02).T_world_body.as_matrix()
    for same in (Track(flipped, track.times_s), Track(track.T_world_body, 1e6 + 1000 * track.times_s)):
        again = smooth(same, tolerance=0.02, tolerance_rad=0.02).T_world_body.as_matrix()
        assert torch.allclose(again, smoothed, atol=1e-6)


def test_what_has_no_jerk_and_what_may_not_move_stay():
    s = torch.linspace(0, 2, 30, dtype=torch.float64)[:, None]
    turns = SO3.exp(s * torch.tensor([0.2, 1.5, 0.1], dtype=torch.float64))
    steady = Track(SE3.from_parts(turns, s * torch.tensor([1.0, 2.0, 0.0], dtype=torch.float64)), s[:, 0])
    assert max(moved(steady, smooth(steady, tolerance=0.5, tolerance_rad=0.5))) < 1e-6
    assert moved(shaky(20), smooth(shaky(20), tolerance=0.0, tolerance_rad=0.0)) == (0.0, pytest.approx(0.0, abs=1e-7))
    endless = smooth(shaky(20), tolerance=1e300, tolerance_rad=3.0, keep_ends=False)
    assert max(jerks(endless)) < 1e-6 * min(jerks(shaky(20)))
    three = shaky(3)
    assert smooth(three, tolerance=1.0, tolerance_rad=1.0) is three


@pytest.mark.parametrize(("tolerance", "turn"), [(-1.0, 0.1), (math.nan, 0.1), (0.1, 3.2), (0.1, -0.1)])
def test_a_tolerance_is_a_length_and_an_angle(tolerance, turn):
    with pytest.raises(ValueError, match="tolerance"):
        smooth(shaky(9), tolerance=tolerance, tolerance_rad=turn)
