"""Tracks and trajectories over time: sampling, interpolation, smoothing, retiming, alignment."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from group_draws import rotvecs, seeds, twists
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.geometry import (
    SE3,
    SO3,
    Intrinsics,
    Track,
    Trajectory,
    alignment,
    constant_speed,
    interpolate,
    interpolate_screw,
    slerp,
    smooth,
    umeyama,
)


def wavy(count: int = 30) -> Track:
    """A path that turns and moves on all axes at uneven times."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    origin = torch.stack([2 * s, torch.sin(3 * s), 0.5 * s * s + 1], dim=-1)
    rotation = SO3.exp(torch.stack([0.2 * s, 2 * s, -0.4 * s], dim=-1))
    return Track(SE3.from_parts(rotation, origin), 1 + s + 0.3 * s * s)


def still(count: int = 10) -> Track:
    return Track(SE3.identity(count), torch.arange(count, dtype=torch.float64))


@pytest.mark.parametrize("between", [interpolate, interpolate_screw])
@given(seed=seeds)
def test_interpolation_meets_its_ends_and_turns_evenly(between, seed):
    a, b = SE3.exp(twists((5,), "any", seed)), SE3.exp(twists((5,), "any", seed + 1))
    for fraction, end in ((0.0, a), (1.0, b)):
        found = between(a, b, torch.full((5,), fraction, dtype=torch.float64))
        assert torch.allclose(found.as_matrix(), end.as_matrix(), atol=1e-6)
    half = between(a, b, torch.full((5,), 0.5, dtype=torch.float64))
    whole = (a.rotation.inverse() @ b.rotation).angle()
    assert torch.allclose((a.rotation.inverse() @ half.rotation).angle(), whole / 2, atol=1e-6)
    assert torch.allclose((half.rotation.inverse() @ b.rotation).angle(), whole / 2, atol=1e-6)


@given(seed=seeds, fraction=st.floats(0, 1))
def test_slerp_goes_the_short_way_whatever_the_sign_of_the_quaternion(seed, fraction):
    a, b = SO3.exp(rotvecs((4,), "any", seed)), SO3.exp(rotvecs((4,), "any", seed + 1))
    share = torch.full((4,), fraction, dtype=torch.float64)
    flipped = slerp(a, SO3(-b.wxyz), share)
    assert torch.allclose(slerp(a, b, share).as_matrix(), flipped.as_matrix(), atol=1e-6)
    assert bool(((a.inverse() @ flipped).angle() <= fraction * math.pi + 1e-6).all())


def test_a_track_is_its_samples_at_their_times_and_held_outside():
    track = wavy()
    assert torch.allclose(track.at(track.times_s).T_world_body.as_matrix(), track.T_world_body.as_matrix(), atol=1e-9)
    outside = track.at(torch.tensor([-5.0, 99.0], dtype=torch.float64)).T_world_body.as_matrix()
    assert torch.allclose(outside, track.T_world_body[[0, -1]].as_matrix(), atol=1e-9)


def test_a_single_pose_is_held_for_ever():
    one = Track(wavy().T_world_body[:1], torch.tensor([3.0], dtype=torch.float64))
    assert len(one.at(torch.linspace(0, 9, 4, dtype=torch.float64))) == 4


@pytest.mark.parametrize("times", [[0.0, 0.0, 1.0], [1.0, 0.5, 2.0]])
def test_times_must_increase(times):
    with pytest.raises(ValueError, match="increase"):
        Track(SE3.identity(3), torch.tensor(times, dtype=torch.float64))


def test_relative_motion_is_the_same_in_any_world():
    camera, body = wavy(), still(30)
    body = Track(body.T_world_body, camera.times_s)
    T = SE3.exp(twists((), "any", 4))
    before, after = camera.relative_to(body), camera.moved_by(T).relative_to(body.moved_by(T))
    assert torch.allclose(before.T_world_body.as_matrix(), after.T_world_body.as_matrix(), atol=1e-9)
    with pytest.raises(ValueError, match="arbitrary"):
        camera.relative_to(body.scaled_by(1.0, unit="arbitrary"))


def test_smoothing_removes_jitter_and_is_c2():
    track = wavy(60)
    noise = 0.02 * torch.randn(60, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noisy = Track(track.T_world_body @ SE3.exp(noise), track.times_s)
    smoothed = smooth(noisy, strength=1e-5)

    def off(other: Track) -> float:
        return float((other.T_world_body.translation - track.T_world_body.translation).norm(dim=-1).mean())

    assert off(smoothed) < 0.6 * off(noisy)
    # A jump in the second derivative would not shrink when the sampling gets finer.
    jerk = np.diff(smoothed.T_world_body.translation.numpy(), n=3, axis=0)
    assert np.abs(jerk).max() < 0.2 * np.abs(np.diff(noisy.T_world_body.translation.numpy(), n=3, axis=0)).max()
    assert torch.allclose(smoothed.T_world_body.wxyz_xyz[:, :4].norm(dim=-1), torch.ones(60, dtype=torch.float64))
    assert smooth(noisy, strength=0.0) is noisy


def test_smoothing_is_blind_to_the_sign_of_quaternions():
    track = wavy(40)
    signs = torch.where(torch.arange(40) % 3 == 0, -1.0, 1.0).double()[:, None]
    flipped = torch.cat([signs * track.T_world_body.wxyz_xyz[:, :4], track.T_world_body.translation], dim=-1)
    same = smooth(Track(SE3(flipped), track.times_s), strength=1e-6)
    assert torch.allclose(
        same.T_world_body.as_matrix(), smooth(track, strength=1e-6).T_world_body.as_matrix(), atol=1e-9
    )


def test_constant_speed_keeps_the_path_and_evens_the_pace():
    track = wavy(200)
    even = constant_speed(track)
    assert torch.equal(even.times_s, track.times_s)
    speed = even.T_world_body.translation.diff(dim=0).norm(dim=-1) / even.times_s.diff()
    assert float(speed.std() / speed.mean()) < 0.01
    for index in (0, -1):
        assert torch.allclose(even.T_world_body[index].as_matrix(), track.T_world_body[index].as_matrix(), atol=1e-9)


def test_constant_speed_counts_turns_when_asked_and_needs_motion():
    turns = SO3.exp(torch.tensor([[0, 0, 0], [0, 0.1, 0], [0, 1.0, 0]], dtype=torch.float64))
    pan = Track(SE3.from_parts(turns, torch.zeros(3, 3, dtype=torch.float64)), torch.arange(3, dtype=torch.float64))
    even = constant_speed(pan, radians_per_metre=1.0)
    turned = (even.T_world_body[:-1].inverse() @ even.T_world_body[1:]).rotation.angle()
    assert turned.tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(ValueError, match="does not move"):
        constant_speed(pan)


@given(seed=seeds, scale=st.floats(0.1, 10))
def test_umeyama_recovers_a_planted_similarity(seed, scale):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    T = SE3.exp(twists((), "any", seed))
    found = umeyama(points, T @ (scale * points), with_scale=True)
    assert found.scale == pytest.approx(scale)
    assert torch.allclose(found.T_new_old.as_matrix(), T.as_matrix(), atol=1e-6)


@given(seed=seeds, noise=st.floats(0, 0.5))
def test_umeyama_never_mirrors(seed, noise):
    generator = torch.Generator().manual_seed(seed)
    flat = torch.randn(12, 3, generator=generator, dtype=torch.float64) * torch.tensor([1, 1, noise])
    mirrored = flat * torch.tensor([1.0, 1.0, -1.0])
    found = umeyama(flat, mirrored, with_scale=False)
    assert float(torch.linalg.det(found.T_new_old.rotation.as_matrix())) == pytest.approx(1.0)


@pytest.mark.parametrize(("mode", "scale"), [("first", 1.0), ("se3", 1.0), ("sim3", 0.3), ("scale", 0.3)])
def test_alignment_undoes_another_world(mode, scale):
    T = SE3.exp(twists((), "any", 9))
    moved = wavy().moved_by(T).scaled_by(1 / scale)
    change = alignment(moved, wavy(), mode)
    assert change.scale == pytest.approx(scale)
    assert torch.allclose(change.apply(moved).T_world_body.as_matrix(), wavy().T_world_body.as_matrix(), atol=1e-6)


def test_alignment_says_what_it_cannot_do():
    with pytest.raises(ValueError, match="no scale"):
        alignment(still(), still(), "sim3")
    with pytest.raises(ValueError, match="no scale"):
        alignment(still(), still(), "scale")
    with pytest.raises(ValueError, match="associate"):
        alignment(still(), wavy(), "se3")


def test_a_zoom_is_interpolated_and_survives_resizing():
    zoom = Intrinsics(torch.tensor([[100.0, 100, 50, 40], [200.0, 200, 50, 40]], dtype=torch.float64), (100, 80))
    camera = Trajectory(Track(SE3.identity(2), torch.tensor([0.0, 1.0], dtype=torch.float64)), zoom)
    middle = camera.at(torch.tensor([0.25], dtype=torch.float64))
    assert middle.intrinsics.fx_fy_cx_cy.tolist() == [[125.0, 125.0, 50.0, 40.0]]
    assert middle.resize((200, 160)).intrinsics.fx_fy_cx_cy.tolist() == [[250.0, 250.0, 100.0, 80.0]]
    assert middle.crop((10, 5, 50, 40)).intrinsics.fx_fy_cx_cy.tolist() == [[125.0, 125.0, 40.0, 35.0]]
    with pytest.raises(ValueError, match="intrinsics for 2 poses"):
        Trajectory(camera.track, Intrinsics(zoom.fx_fy_cx_cy.repeat(2, 1)[:3], (100, 80)))
