"""Tracks and trajectories over time: sampling, interpolation, smoothing, retiming, alignment."""

from __future__ import annotations

import math

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
    constant_speed_times,
    cubic,
    hermite,
    interpolate,
    interpolate_screw,
    slerp,
    umeyama,
    velocities,
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


def test_constant_speed_keeps_the_path_and_evens_the_pace():
    track = wavy(200)
    even = track.at(constant_speed_times(track)).T_world_body
    speed = even.translation.diff(dim=0).norm(dim=-1) / track.times_s.diff()
    assert float(speed.std() / speed.mean()) < 0.01
    for index in (0, -1):
        assert torch.allclose(even[index].as_matrix(), track.T_world_body[index].as_matrix(), atol=1e-9)


def test_constant_speed_counts_turns_when_asked_and_needs_motion():
    turns = SO3.exp(torch.tensor([[0, 0, 0], [0, 0.1, 0], [0, 1.0, 0]], dtype=torch.float64))
    pan = Track(SE3.from_parts(turns, torch.zeros(3, 3, dtype=torch.float64)), torch.arange(3, dtype=torch.float64))
    even = pan.at(constant_speed_times(pan, radians_per_metre=1.0)).T_world_body
    turned = (even[:-1].inverse() @ even[1:]).rotation.angle()
    assert turned.tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(ValueError, match="does not move"):
        constant_speed_times(pan)


@pytest.mark.parametrize("rests", [(0, 1), (4, 5), (8, 9), (0, 9)])
def test_constant_speed_leaves_out_rests(rests):
    x = torch.arange(10, dtype=torch.float64)
    for rest in rests:
        x[rest + 1 :] -= 1 if rest < 9 else 0
    track = Track(SE3.from_parts(SO3.identity(10), x[:, None] * torch.ones(3)), torch.arange(10, dtype=torch.float64))
    found = track.at(constant_speed_times(track)).T_world_body.translation[:, 0]
    assert torch.allclose(found, torch.linspace(0, float(x[-1]), 10, dtype=torch.float64), atol=1e-12)


def steady(count: int = 12) -> Track:
    """Constant velocity in the world and constant turn rate, at uneven times."""
    times = torch.linspace(1, 3, count, dtype=torch.float64) ** 1.5
    velocity, rate = torch.tensor([0.5, -1.0, 2.0]).double(), torch.tensor([0.3, 0.9, -0.2]).double()
    return Track(SE3.from_parts(SO3.exp(rate * times[:, None]), velocity * times[:, None]), times)


def test_velocities_of_steady_motion_are_exact():
    linear, angular = velocities(steady())
    assert torch.allclose(linear, torch.tensor([0.5, -1.0, 2.0]).double().expand(12, 3), atol=1e-9)
    assert torch.allclose(angular, torch.tensor([0.3, 0.9, -0.2]).double().expand(12, 3), atol=1e-9)


def test_velocities_are_of_second_order_also_at_the_ends():
    def error(count: int) -> float:
        t = torch.linspace(0, 1, count, dtype=torch.float64)
        origin = torch.stack([t**3, t.sin(), t.exp()], -1)
        linear, angular = velocities(
            Track(SE3.from_parts(SO3.exp(torch.stack([0 * t, t.sin(), 0 * t], -1)), origin), t)
        )
        truth = torch.stack([3 * t**2, t.cos(), t.exp()], -1)
        return float((linear - truth).norm(dim=-1).max() + (angular[:, 1] - t.cos()).abs().max())

    assert error(40) < error(20) / 3.5


@given(seed=seeds, duration=st.floats(0.1, 10), turn=st.sampled_from([1.0, 12.0]))
def test_a_hermite_cubic_meets_poses_and_velocities_at_both_ends(seed, duration, turn):
    a, b = SE3.exp(0.5 * twists((), "any", seed)), SE3.exp(0.5 * twists((), "any", seed + 1))
    v = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * turn / duration
    fraction = torch.tensor([0, 1e-4, 2e-4, 1 - 2e-4, 1 - 1e-4, 1], dtype=torch.float64)
    count = len(fraction)
    ends = [SE3(pose.wxyz_xyz.expand(count, 7)) for pose in (a, b)]
    rates = [(v[i].expand(count, 3), v[i + 1].expand(count, 3)) for i in (0, 2)]
    poses = hermite(*ends, *rates, torch.full((count,), duration, dtype=torch.float64), fraction)
    assert torch.allclose(poses[0].as_matrix(), a.as_matrix(), atol=1e-6)
    assert torch.allclose(poses[-1].as_matrix(), b.as_matrix(), atol=1e-6)
    linear, angular = velocities(Track(poses, duration * fraction))
    found = torch.stack([linear[0], angular[0], linear[-1], angular[-1]])
    assert torch.allclose(found, v, atol=1e-3 * turn**3 / duration)


def test_cubics_pass_through_the_poses_and_reproduce_steady_motion():
    track = wavy()
    same = cubic(track, track.times_s).T_world_body
    assert torch.allclose(same.as_matrix(), track.T_world_body.as_matrix(), atol=1e-9)
    fine = torch.linspace(1, 5, 50, dtype=torch.float64)
    assert torch.allclose(
        cubic(steady(), fine).T_world_body.as_matrix(), steady().at(fine).T_world_body.as_matrix(), atol=1e-9
    )


def test_cubics_have_no_corners_where_straight_lines_do():
    track = wavy(8)
    fine = torch.linspace(1, 2.3, 4001, dtype=torch.float64)

    def corner(other: Track) -> float:
        poses = other.T_world_body
        turns = (poses[:-1].inverse() @ poses[1:]).rotation.log()
        return float(torch.cat([poses.translation.diff(dim=0), turns], -1).diff(dim=0).abs().max())

    assert corner(cubic(track, fine)) < 0.05 * corner(track.at(fine))


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
