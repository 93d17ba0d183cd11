"""Edits of paths: what each keeps, what it undoes, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kinoeye import shot as edits
from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory, jerk, project, velocities
from kinoeye.shot import Actor, Shot, edit
from kinoeye.shot.edits.placing import pose_at
from kinoeye.shot.targets import TARGETS

seeds = st.integers(0, 2**31 - 1)


def numbers(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def wander(count: int = 30, *, seed: int = 0, unit="m", up="z", start_s: float = 2.0) -> Track:
    """A smooth random path at uneven times."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    waves = torch.sin(s[:, None, None] * (1 + 3 * numbers(seed, 6, 3).abs()) + numbers(seed + 1, 6, 3)).sum(-1)
    pose = SE3.from_parts(SO3.exp(0.5 * waves[:, 3:]), waves[:, :3])
    return Track(pose, start_s + 2 * s + 0.4 * s * s, unit, up=up)


def camera(count: int = 30, *, seed: int = 0, **options) -> Trajectory:
    """A wandering camera that zooms, with its principal point off the centre."""
    zoom = torch.linspace(500, 700, count, dtype=torch.float64)
    values = torch.stack([zoom, zoom, torch.full_like(zoom, 300), torch.full_like(zoom, 200)], -1)
    return Trajectory(wander(count, seed=seed, **options), Intrinsics(values, (640, 360)))


def robot(speed: float = 0.0) -> Actor:
    times = torch.linspace(0, 6, 7, dtype=torch.float64)
    origin = torch.tensor([6.0, 1.0, 0.0]).double() + speed * times[:, None] * torch.tensor([0.0, 1.0, 0.0]).double()
    return Actor(
        name="red robot",
        prompt="a robot",
        size_xyz=(0.5, 0.8, 1.7),
        track=Track(SE3.from_parts(SO3.identity(7), origin), times),
    )


def assert_same(a: Trajectory | Track, b: Trajectory | Track, atol: float = 1e-9) -> None:
    first, second = (x.track if isinstance(x, Trajectory) else x for x in (a, b))
    assert torch.allclose(first.T_world_body.as_matrix(), second.T_world_body.as_matrix(), rtol=0, atol=atol)
    assert torch.allclose(first.times_s, second.times_s, rtol=0, atol=atol)
    assert (first.unit, first.up) == (second.unit, second.up)
    if isinstance(a, Trajectory) and isinstance(b, Trajectory):
        assert torch.allclose(a.intrinsics.fx_fy_cx_cy, b.intrinsics.fx_fy_cx_cy, rtol=0, atol=1e-6)
        assert a.size_wh == b.size_wh


# What undoes itself.


@given(seed=seeds)
def test_reversing_twice_is_exact(seed):
    path = camera(seed=seed)
    twice = edits.reverse(edits.reverse(path))
    assert torch.equal(twice.T_world_cam.wxyz_xyz, path.T_world_cam.wxyz_xyz)
    assert_same(twice, path)
    assert edits.reverse(path).intrinsics.fx_fy_cx_cy[0, 0] == 700


@given(seed=seeds, up=st.sampled_from(["z", None]))
def test_mirroring_twice_gives_the_path_back(seed, up):
    path = camera(seed=seed, up=up)
    once = edits.mirror(path)
    assert not torch.allclose(once.T_world_cam.translation, path.T_world_cam.translation, atol=1e-3)
    assert torch.allclose(torch.linalg.det(once.T_world_cam.rotation.as_matrix()), torch.ones(30, dtype=torch.float64))
    assert_same(edits.mirror(once), path)


@pytest.mark.parametrize("pitch", [0.0, 90.0, -90.0])
@pytest.mark.parametrize("roll", [0.0, 90.0, 30.0])
def test_mirroring_twice_also_from_a_camera_that_looks_up_or_lies_on_its_side(pitch, roll):
    start = pose_at((1.0, 2.0, 3.0), yaw_deg=25, pitch_deg=pitch, roll_deg=roll)
    path = edits.anchor(wander(), start, up="z")
    assert_same(edits.mirror(edits.mirror(path)), path)


@given(seed=seeds)
def test_a_mirrored_camera_films_the_mirrored_world_as_the_mirrored_picture(seed):
    path = edits.anchor(camera(seed=seed), pose_at((0, 0, 1.5), yaw_deg=40, pitch_deg=-10), up="z")
    seen = path.T_world_cam @ (torch.tensor([0.0, 0.0, 6.0]).double() + numbers(seed, 30, 3))
    # The mirror is the vertical plane through the first camera at a heading of 40 degrees.
    n = torch.tensor([-math.sin(math.radians(40)), math.cos(math.radians(40)), 0.0], dtype=torch.float64)
    origin = path.T_world_cam.translation[0]
    reflected = seen - 2 * ((seen - origin) @ n)[:, None] * n
    mirrored = edits.mirror(path)
    (xy, depth), (xy_mirrored, depth_mirrored) = (
        project(c.intrinsics, (c.T_world_cam.inverse() @ points)[:, None])
        for c, points in ((path, seen), (mirrored, reflected))
    )
    assert torch.allclose(depth, depth_mirrored, atol=1e-9)
    assert torch.allclose(xy[..., 0], 640 - xy_mirrored[..., 0], atol=1e-6)
    assert torch.allclose(xy[..., 1], xy_mirrored[..., 1], atol=1e-6)


def test_mirroring_exchanges_left_and_right():
    from kinoeye import language

    left, right = (
        language.compile(language.parse(f"truck {side} 1 m, then pan {side} 30 degrees")) for side in ("left", "right")
    )
    assert_same(edits.mirror(left), right)


@given(seed=seeds, factor=st.floats(1e-3, 1e3), about=st.sampled_from(["first", "world"]))
def test_scaling_and_its_inverse_cancel(seed, factor, about):
    path = camera(seed=seed)
    scaled = edits.scale(path, factor, about=about)
    lengths = [c.T_world_cam.translation.diff(dim=0).norm(dim=-1) for c in (path, scaled)]
    assert torch.allclose(lengths[1], factor * lengths[0], rtol=1e-9, atol=1e-12 * max(1.0, factor))
    assert_same(edits.scale(scaled, 1 / factor, about=about), path, atol=1e-8)


def test_scaling_stays_at_the_first_camera_and_can_name_a_unit():
    path = camera(unit="arbitrary")
    scaled = edits.scale(path, 0.25, unit="m")
    assert scaled.track.unit == "m"
    assert torch.allclose(scaled.T_world_cam[0].as_matrix(), path.T_world_cam[0].as_matrix(), atol=1e-12)
    assert edits.scale(path, 0.25).track.unit == "arbitrary"
    with pytest.raises(InputError, match="actors"):
        edits.scale(Shot(camera=camera(), actors=(robot(),)), 2.0, unit="arbitrary")


# Time.


def on_the_way(path: Track, of: Track) -> float:
    """The largest distance of poses from the straight pieces of another path (position and rotation matrix)."""
    fine = of.at(torch.linspace(float(of.times_s[0]), float(of.times_s[-1]), 8_000, dtype=torch.float64))
    nearest = torch.cdist(path.T_world_body.as_matrix().flatten(1), fine.T_world_body.as_matrix().flatten(1)).min(dim=1)
    return float(nearest.values.max())


@settings(max_examples=6)
@given(seed=seeds, easing=st.sampled_from(["in", "out", "in-out"]))
def test_retiming_stays_on_the_way_and_keeps_both_ends(seed, easing):
    path = camera(seed=seed)
    for retimed in (edits.retime_eased(path, easing), edits.retime_evenly(path)):
        assert torch.equal(retimed.times_s, path.times_s)
        assert on_the_way(retimed.track, path.track) < 5e-3
        for end in (0, -1):
            assert torch.allclose(retimed.T_world_cam[end].as_matrix(), path.T_world_cam[end].as_matrix(), atol=1e-9)
        assert [float(retimed.intrinsics.fx_fy_cx_cy[end, 0]) for end in (0, -1)] == pytest.approx([500, 700])


@given(seed=seeds, weight=st.sampled_from([0.0, 0.3, 2.0]))
@settings(max_examples=15)
def test_an_even_pace_counts_turns(seed, weight):
    path = wander(400, seed=seed)
    even = edits.retime_evenly(path, radians_per_metre=weight).T_world_body
    steps = even.translation.diff(dim=0).norm(dim=-1)
    if weight:
        steps = steps + (even[:-1].inverse() @ even[1:]).rotation.angle() / weight
    speed = steps / path.times_s.diff()
    assert float(speed.std() / speed.mean()) < 0.02


def test_a_pan_keeps_its_time_beside_a_dolly():
    from kinoeye import language

    path = language.compile(language.parse("push in two metres, then pan left 60 degrees"))
    turned = edits.retime_evenly(path).T_world_cam.rotation
    steps = (turned[:-1].inverse() @ turned[1:]).angle()
    assert float(steps.max()) < math.radians(5)  # counting translation alone, the whole pan would be one step


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_an_even_pace_does_not_depend_on_an_unknown_scale(scale):
    path = wander(unit="arbitrary")
    even = edits.scale(edits.retime_evenly(edits.scale(path, scale)), 1 / scale)
    assert_same(even, edits.retime_evenly(path), atol=1e-6)


@pytest.mark.parametrize(("easing", "slow", "fast"), [("in", 0, -1), ("out", -1, 0)])
def test_easing_slows_one_end(easing, slow, fast):
    line = torch.linspace(0, 1, 101, dtype=torch.float64)
    path = Track(SE3.from_parts(SO3.identity(101), line[:, None] * torch.ones(3).double()), line)
    speed = edits.retime_eased(path, easing).T_world_body.translation.diff(dim=0).norm(dim=-1)
    assert float(speed[slow]) < 0.05 * float(speed[fast])
    assert bool((speed >= 0).all())


@given(seed=seeds, duration=st.floats(0.01, 1000))
def test_a_given_duration_keeps_every_pose(seed, duration):
    path = camera(seed=seed)
    longer = edits.retime_to(path, [duration])
    assert longer.track.duration_s == pytest.approx(duration)
    assert torch.equal(longer.T_world_cam.wxyz_xyz, path.T_world_cam.wxyz_xyz)
    assert_same(edits.retime_to(longer, [path.track.duration_s]), path, atol=1e-6)


def test_parts_between_cuts_last_as_given():
    track = Track(SE3.identity(5), torch.arange(5, dtype=torch.float64) + 10)
    retimed = edits.retime_to(track, [2, 0.5, 1], cuts_s=[1, 3], start_s=0)
    assert retimed.times_s.tolist() == pytest.approx([0, 2, 2.25, 2.5, 3.5])
    for durations, cuts in (([1], [1]), ([1, 0], [1]), ([1, 1], [5]), ([1, 1, 1], [3, 2])):
        with pytest.raises(InputError):
            edits.retime_to(track, durations, cuts_s=cuts)


@given(seed=seeds, count=st.integers(2, 50))
def test_resampling_at_the_same_times_is_the_identity(seed, count):
    path = edits.resample(camera(seed=seed), frames=count)
    assert_same(edits.resample(path, frames=count), path)
    assert_same(edits.resample(path, frames=count, curve="cubic"), path)
    rate = (count - 1) / path.track.duration_s
    assert_same(edits.resample(path, fps=rate), path)


def test_a_rate_leaves_out_what_is_shorter_than_a_frame():
    path = edits.resample(wander(), fps=10)
    assert len(path) == 25  # of 2.4 s
    assert torch.allclose(path.times_s.diff(), torch.full((24,), 0.1, dtype=torch.float64))
    assert len(edits.resample(wander(), frames=1)) == 1
    assert len(edits.resample(edits.trim_frames(wander(), 3, 4), frames=7)) == 7


def test_cubics_have_no_corners():
    few, dense = wander(6), 200
    assert jerk(edits.resample(few, frames=dense, curve="cubic")) < jerk(edits.resample(few, frames=dense))


@pytest.mark.parametrize("name", TARGETS)
def test_a_models_requirements_are_met(name):
    target = TARGETS[name]
    path = edits.resample_for(camera(), target)
    assert target.allows(len(path))
    if target.fps:
        assert torch.allclose(path.times_s.diff(), torch.full((len(path) - 1,), 1 / target.fps, dtype=torch.float64))
    for end in (0, -1):
        assert torch.allclose(path.T_world_cam[end].as_matrix(), camera().T_world_cam[end].as_matrix(), atol=1e-9)


def test_a_shots_actors_keep_pace_when_a_model_films_slower():
    scene = Shot(camera=camera(49), actors=(robot(speed=0.5),))
    filmed = edits.resample_for(scene, TARGETS["wan-fun"])
    assert filmed.camera.track.duration_s == pytest.approx(3)

    def seen(s: Shot) -> Tensor:
        at = s.camera.times_s[[0, 24, 48]]
        return s.camera.track.at(at).relative_to(s.actors[0].track).T_world_body.as_matrix()

    before = replace(scene, camera=edits.resample(scene.camera, frames=49))
    assert torch.allclose(seen(filmed), seen(before), atol=1e-9)


def test_trimming_keeps_times_and_counts_from_the_end():
    path = camera()
    part = edits.trim(path, start_s=0.5, end_s=-0.5)
    assert part.times_s[0] >= 2.5
    assert part.times_s[-1] <= 3.9
    assert set(part.times_s.tolist()) < set(path.times_s.tolist())
    assert_same(edits.trim(path), path)
    assert edits.trim_frames(path, 2, -3).times_s.tolist() == path.times_s[2:-3].tolist()
    for wrong in (lambda: edits.trim(path, start_s=9), lambda: edits.trim_frames(path, 40)):
        with pytest.raises(InputError, match="no pose"):
            wrong()


# Smoothness.


@settings(max_examples=10)
@given(seed=seeds, tolerance=st.floats(1e-3, 0.5))
def test_smoothing_holds_its_tolerance_and_the_lens(seed, tolerance):
    path = edits.handheld(camera(40, seed=seed), amplitude=20, seed=seed)
    calm = edits.smooth(path, tolerance=tolerance, tolerance_rad=0.02)
    assert float((calm.T_world_cam.translation - path.T_world_cam.translation).norm(dim=-1).max()) <= tolerance
    assert float((calm.T_world_cam.rotation.inverse() @ path.T_world_cam.rotation).angle().max()) <= 0.02
    assert all(after < before for before, after in zip(jerk(path.track), jerk(calm.track), strict=True))
    assert torch.equal(calm.intrinsics.fx_fy_cx_cy, path.intrinsics.fx_fy_cx_cy)


def test_a_held_camera_shakes_the_same_again_and_stays_at_both_ends():
    path = edits.resample(camera(), frames=200)
    one, again, other = (edits.handheld(path, amplitude=2, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(one.T_world_cam.wxyz_xyz, again.T_world_cam.wxyz_xyz)
    assert not torch.allclose(one.T_world_cam.wxyz_xyz, other.T_world_cam.wxyz_xyz, atol=1e-4)
    for end in (0, -1):
        assert torch.allclose(one.T_world_cam[end].as_matrix(), path.T_world_cam[end].as_matrix(), atol=1e-12)
    shake = (path.T_world_cam.inverse() @ one.T_world_cam).log().numpy()
    power = np.abs(np.fft.rfft(shake, axis=0)) ** 2
    hertz = np.fft.rfftfreq(200, path.track.duration_s / 199)
    assert power[hertz > 5].sum() < 0.01 * power.sum()
    assert_same(edits.handheld(path, amplitude=0), path, atol=1e-12)


def test_an_unknown_scale_is_shaken_in_rotation_alone():
    path = wander(unit="arbitrary")
    shaken = edits.handheld(path)
    assert torch.equal(shaken.T_world_body.translation, path.T_world_body.translation)
    assert float((shaken.T_world_body.rotation.inverse() @ path.T_world_body.rotation).angle().max()) > 1e-4


# Stitching.


def one_sided(path: Track, seam: int) -> Tensor:
    """Jump [6] of linear (world) and angular (body) velocity at a pose."""
    before, after = (
        torch.cat([rate[end] for rate in velocities(replace_rows(path, rows))])
        for end, rows in ((-1, slice(seam - 2, seam + 1)), (0, slice(seam, seam + 3)))
    )
    return after - before


def replace_rows(path: Track, rows: slice) -> Track:
    return replace(path, T_world_body=path.T_world_body[rows], times_s=path.times_s[rows])


@settings(max_examples=8)
@given(seed=seeds, match=st.sampled_from(["pose", "position"]), blend=st.floats(0.2, 2))
def test_a_seam_is_continuous_in_pose_and_velocities(seed, match, blend):
    def jump(count: int) -> tuple[Tensor, Track]:
        a, b = wander(count, seed=seed), wander(count, seed=seed + 7, start_s=-5)
        joined = edits.stitch(a, b, match=match, blend_s=blend)
        assert len(joined) == 2 * count - 1
        assert_same(edits.trim_frames(joined, 0, count), a, atol=1e-12)
        return one_sided(joined, count - 1), joined

    (coarse, _), (fine, joined) = jump(250), jump(1000)
    assert float(fine.norm()) < max(0.25 * float(coarse.norm()), 5e-3)
    # After the blend, the second path is as it was: its motion, up to where it lies.
    since = joined.times_s - joined.times_s[999]
    after = (since > blend).nonzero()[:, 0]
    if len(after) > 2:
        b = wander(1000, seed=seed + 7)
        own = b.T_world_body[after - 999]
        ours = joined.T_world_body[after]
        first, second = ((p[0].inverse() @ p).as_matrix() for p in (ours, own))
        assert torch.allclose(first, second, atol=1e-6)


def test_matching_the_position_keeps_the_heading():
    a, b = wander(50), wander(50, seed=9)
    joined = edits.stitch(a, b, match="position", blend_s=0.5)
    assert torch.allclose(
        joined.T_world_body[-1].rotation.as_matrix(), b.T_world_body[-1].rotation.as_matrix(), atol=1e-9
    )


@given(seed=seeds, seconds=st.floats(0.3, 5))
@settings(max_examples=10)
def test_a_bridge_leaves_the_second_path_where_it_is(seed, seconds):
    a, b = wander(400, seed=seed), wander(400, seed=seed + 7)
    joined = edits.stitch(a, b, bridge_s=seconds)
    tail = edits.trim_frames(joined, -400)
    assert torch.allclose(tail.T_world_body.as_matrix(), b.T_world_body.as_matrix(), atol=1e-12)
    assert float(tail.times_s[0] - a.times_s[-1]) == pytest.approx(seconds)
    speed = 1 + float(one_sided(joined, 399).norm() + one_sided(joined, len(joined) - 400).norm())
    assert speed < 1.2


def test_lenses_go_over_into_each_other():
    a = camera(40)
    wide = torch.tensor([100.0, 100.0, 160.0, 90.0], dtype=torch.float64)
    b = Trajectory(wander(40, seed=3), Intrinsics(wide, (320, 180)))
    for joined in (edits.stitch(a, b, blend_s=1.0), edits.stitch(a, b, bridge_s=1.0)):
        focal = joined.intrinsics.fx_fy_cx_cy[:, 0]
        assert joined.size_wh == (640, 360)
        assert float(focal[-1]) == pytest.approx(200)
        assert float(focal[39:].diff().abs().max()) < 70
    held = edits.stitch(a, b.track)
    assert float(held.intrinsics.fx_fy_cx_cy[-1, 0]) == pytest.approx(700)


def test_what_cannot_be_stitched_is_refused():
    a = camera()
    square = Trajectory(a.track, Intrinsics(a.intrinsics.fx_fy_cx_cy, (500, 500)))
    for other, message in (
        (wander(unit="arbitrary"), "scale one first"),
        (square, "another shape"),
        (edits.trim_frames(a, 0, 1), "single"),
    ):
        with pytest.raises(InputError, match=message):
            edits.stitch(a, other)
    with pytest.raises(InputError, match="above 0"):
        edits.stitch(a, a, bridge_s=0)


# Place and aim.


@given(seed=seeds)
def test_an_anchor_moves_the_whole_path_rigidly(seed):
    path = camera(seed=seed)
    for to, wanted in ((None, SE3.identity()), (camera(seed=seed + 1), camera(seed=seed + 1).T_world_cam[0])):
        anchored = edits.anchor(path, to)
        assert torch.allclose(anchored.T_world_cam[0].as_matrix(), wanted.as_matrix(), atol=1e-9)
        first, second = ((c.T_world_cam[:1].inverse() @ c.T_world_cam).as_matrix() for c in (path, anchored))
        assert torch.allclose(first, second, atol=1e-9)
    assert edits.anchor(path).track.up is None
    assert edits.anchor(path, camera()).track.up == "z"


@pytest.mark.parametrize("pitch", [0.0, 20.0, 90.0, -90.0])
def test_an_upright_world_keeps_tilt_where_the_vertical_is_known(pitch):
    path = edits.anchor(camera(), pose_at((3, 4, 5), yaw_deg=130, pitch_deg=pitch, roll_deg=5), up="z")
    upright = edits.anchor_upright(path)
    first = upright.T_world_cam[0]
    assert torch.allclose(
        first.as_matrix(), pose_at((0, 0, 1.4), pitch_deg=pitch, roll_deg=5).as_matrix(), atol=1e-9
    ) or (
        abs(pitch) == 90  # yaw and roll are one turn there
        and torch.allclose(first.rotation.as_matrix()[2], path.T_world_cam[0].rotation.as_matrix()[2], atol=1e-9)
    )
    assert upright.track.up == "z"


def test_an_unknown_vertical_is_taken_from_the_first_camera():
    upright = edits.anchor_upright(camera(up=None, unit="arbitrary"))
    assert torch.allclose(upright.T_world_cam[0].as_matrix(), pose_at((0, 0, 0)).as_matrix(), atol=1e-9)


def off_axis(path: Trajectory, points: Tensor) -> Tensor:
    seen = path.T_world_cam.inverse() @ points
    return seen[:, :2].norm(dim=-1) / seen[:, 2]


@given(seed=seeds, keep_roll=st.booleans(), up=st.sampled_from(["z", None]))
def test_look_at_puts_the_point_on_the_optical_axis(seed, keep_roll, up):
    path = camera(seed=seed, up=up)
    point = numbers(seed + 5, 3) * 4
    aimed = edits.look_at(path, point, keep_roll=keep_roll)
    assert float(off_axis(aimed, point).max()) < 1e-9
    assert bool(((aimed.T_world_cam.inverse() @ point)[:, 2] > 0).all())
    assert torch.equal(aimed.T_world_cam.translation, path.T_world_cam.translation)
    vertical = torch.tensor([0, 0, 1.0]).double() if up else -path.T_world_cam.rotation.as_matrix()[0, :, 1]
    right = aimed.T_world_cam.rotation.as_matrix()[:, :, 0] @ vertical
    if not keep_roll:
        assert float(right.abs().max()) < 1e-9


@given(seed=seeds)
def test_a_kept_roll_is_the_roll_against_the_horizon(seed):
    roll = 60 * numbers(seed, 1).tanh().item()
    start = pose_at((0, 0, 2), yaw_deg=20, pitch_deg=-5, roll_deg=roll)
    path = Track(SE3(start.wxyz_xyz.expand(3, 7)), torch.arange(3, dtype=torch.float64))
    aimed = edits.look_at(path, [5.0, -4.0, 1.0], keep_roll=True)
    offset = torch.tensor([5.0, -4.0, -1.0]).double()
    wanted = pose_at(
        (0, 0, 2), yaw_deg=math.degrees(math.atan2(-4, 5)),
        pitch_deg=math.degrees(math.asin(-1 / float(offset.norm()))), roll_deg=roll,
    )  # fmt: skip
    assert torch.allclose(aimed.T_world_body[1].as_matrix(), wanted.as_matrix(), atol=1e-9)


def test_looking_straight_up_takes_the_horizon_of_the_poses_beside():
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)  # passes exactly under the point
    path = Track(SE3.from_parts(SO3.identity(5), torch.stack([x, 0 * x, 0 * x], -1)), torch.arange(5).double())
    R = edits.look_at(path, [0.0, 0.0, 3.0]).T_world_body.rotation.as_matrix()
    assert torch.allclose(R[2, :, 0], R[1, :, 0], atol=1e-12)
    assert torch.allclose(R[2, :, 2], torch.tensor([0.0, 0.0, 1.0]).double(), atol=1e-12)
    still = Track(path.T_world_body[[2, 2]], torch.arange(2).double())
    for keep_roll in (False, True):
        found = edits.look_at(still, [0.0, 0.0, 3.0], keep_roll=keep_roll).T_world_body.rotation.as_matrix()
        assert torch.allclose(torch.linalg.det(found), torch.ones(2).double())
        assert torch.allclose(found[:, :, 2], torch.tensor([0.0, 0.0, 1.0]).double().expand(2, 3), atol=1e-12)
    with pytest.raises(InputError, match="never leaves"):
        edits.look_at(still, [0.0, 0.0, 0.0])
    through = edits.look_at(path, [0.0, 0.0, 0.0]).T_world_body.rotation.as_matrix()
    assert torch.allclose(through[2], through[1], atol=1e-12)


def test_an_actor_is_looked_at_in_its_middle_wherever_it_goes():
    scene = Shot(camera=camera(), actors=(robot(speed=1.0),))
    aimed = edits.look_at(scene, "red robot")
    middle = scene.actors[0].track.at(scene.camera.times_s).T_world_body.translation + torch.tensor(
        [0, 0, 0.85], dtype=torch.float64
    )
    assert float(off_axis(aimed.camera, middle).max()) < 1e-9
    assert aimed.actors == scene.actors
    with pytest.raises(InputError, match="'red robot'"):
        edits.look_at(scene, "blue robot")
    with pytest.raises(InputError, match="no actors"):
        edits.look_at(scene.camera, "red robot")


def approach(near: float, far: float, count: int = 40) -> Trajectory:
    """A camera that goes towards the point (10, 0, 1) with some sideways motion, turned to it."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    origin = torch.stack(
        [10 - torch.lerp(torch.tensor(far).double(), torch.tensor(near).double(), s), 0.3 * s, 1 + 0 * s], -1
    )
    track = Track(SE3.from_parts(SO3.identity(count), origin), s)
    lens = Intrinsics.from_fov(math.radians(40), (640, 360))
    return edits.look_at(Trajectory(track, lens), [10.0, 0.0, 1.0])


@given(near=st.floats(1.0, 4.0), far=st.floats(4.5, 9.0))
def test_a_dolly_zoom_keeps_the_size_of_its_subject(near, far):
    path, point = approach(near, far), torch.tensor([10.0, 0.0, 1.0]).double()
    zoomed = edits.dolly_zoom(path, point)
    # A disc of one metre that faces the camera.
    right = path.T_world_cam.rotation.as_matrix()[:, :, 0]
    ends = [
        project(zoomed.intrinsics, (zoomed.T_world_cam.inverse() @ (point + side * right))[:, None])[0]
        for side in (0, 1)
    ]
    size = (ends[1] - ends[0]).norm(dim=-1)[:, 0]
    assert float((size / size[0] - 1).abs().max()) < 1e-9
    assert torch.equal(zoomed.T_world_cam.wxyz_xyz, path.T_world_cam.wxyz_xyz)


def test_a_lens_that_nobody_makes_is_refused():
    point = [10.0, 0.0, 1.0]
    with pytest.raises(InputError, match="1 to 170 degrees"):
        edits.dolly_zoom(approach(0.03, 30), point)
    with pytest.raises(InputError, match="not before the camera in frame 0"):
        edits.dolly_zoom(camera(), camera().T_world_cam[0] @ torch.tensor([0, 0, -1.0]).double())
    with pytest.raises(InputError, match="needs intrinsics"):
        edits.dolly_zoom(wander(), point)  # type: ignore[type-var]
    for wrong in (lambda: edits.zoom_to(camera(), 171), lambda: edits.zoom(camera(), 1000)):
        with pytest.raises(InputError, match="1 to 170"):
            wrong()


def test_a_zoom_goes_evenly_from_one_angle_to_another():
    path = edits.resample(approach(2, 6), frames=41)
    angles = torch.rad2deg(edits.zoom_to(path, [60, 20]).intrinsics.fov()[:, 0])
    focal = edits.zoom_to(path, [60, 20]).intrinsics.fx_fy_cx_cy[:, 0]
    assert [float(angles[0]), float(angles[-1])] == pytest.approx([60, 20])
    assert torch.allclose(focal[1:] / focal[:-1], (focal[1] / focal[0]).expand(40), atol=1e-9)
    factors = edits.zoom(path, [1, 3]).intrinsics.fx_fy_cx_cy[:, 0] / path.intrinsics.fx_fy_cx_cy[:, 0]
    assert [float(factors[k]) for k in (0, 20, 40)] == pytest.approx([1, math.sqrt(3), 3])


@given(seed=seeds, size=st.sampled_from([(832, 480), (560, 560), (300, 900), (640, 360)]))
def test_fitting_keeps_what_the_middle_of_the_picture_shows(seed, size):
    path = camera(seed=seed)
    fitted = edits.fit(path, size)
    factor = max(size[0] / 640, size[1] / 360)
    points = torch.tensor([0.0, 0.0, 5.0]).double() + 0.3 * numbers(seed, 30, 1, 3)
    before, after = (project(c.intrinsics, points)[0] for c in (path, fitted))
    middles = torch.tensor([320.0, 180.0]).double(), torch.tensor([size[0] / 2, size[1] / 2]).double()
    assert torch.allclose((before - middles[0]) * factor, after - middles[1], atol=1e-6)
    assert fitted.size_wh == size


# Worlds, kinds, words.


COMMUTING = ["reverse", "smooth:0.05", "retime:constant-speed", "retime:ease-in", "retime:duration=3", "resample:20",
             "resample:fps=10,cubic", "handheld:2,seed=1", "trim:0.3,1", "scale:0.5", "zoom:1.5"]  # fmt: skip


@pytest.mark.parametrize("operation", COMMUTING)
def test_edits_are_the_same_in_any_world(operation):
    path, T = camera(seed=4), SE3.exp(numbers(11, 6))

    def moved(c: Trajectory) -> Trajectory:
        return replace(c, track=c.track.moved_by(T, up="z"))

    assert_same(edit(moved(path), operation).path, moved(edit(path, operation).path), atol=1e-6)


@pytest.mark.parametrize("operation", ["mirror", "look-at:1,2,3", "look-at:1,2,3,keep-roll"])
def test_edits_that_know_the_vertical_are_the_same_in_any_world_with_that_vertical(operation):
    path = camera(seed=4)
    T = SE3.from_parts(SO3.exp(torch.tensor([0, 0, 1.1]).double()), torch.tensor([3.0, -2.0, 0.5]).double())
    point = ",".join(repr(x) for x in (T @ torch.tensor([1.0, 2.0, 3.0]).double()).tolist())

    def moved(c: Trajectory) -> Trajectory:
        return replace(c, track=c.track.moved_by(T, up="z"))

    there = operation.replace("1,2,3", point)
    assert_same(edit(moved(path), there).path, moved(edit(path, operation).path), atol=1e-6)


ALL = [*COMMUTING, "mirror", "anchor", "anchor:z-up", "anchor:at=1,2,3,yaw=30", "look-at:1,2,9", "fit:320x240",
       "retime:at=0.5,durations=1,2", "trim:frames=2,20", "dolly-zoom:50", "resample:gen3r"]  # fmt: skip


@pytest.mark.parametrize("operation", ALL)
def test_an_edit_gives_back_what_it_was_given_and_says_what_it_did(operation):
    scene = Shot(camera=camera(), actors=(robot(),), prompt="p", seed=5)
    edited = edit(scene, operation)
    assert isinstance(edited.path, Shot)
    assert (edited.path.actors[0].name, edited.path.prompt, edited.path.seed) == ("red robot", "p", 5)
    as_camera = edit(scene.camera, operation)
    assert_same(edited.path.camera, as_camera.path)
    (note,) = as_camera.notes
    assert note.startswith(operation.partition(":")[0] + ": ")
    if not operation.startswith(("zoom", "fit", "dolly")):
        assert_same(edit(scene.camera.track, operation).path, as_camera.path.track)


@pytest.mark.parametrize("operation", [o for o in ALL if not o.startswith(("retime", "trim"))])
def test_a_single_pose_is_edited_too(operation):
    edited = edit(edits.trim_frames(camera(), 4, 5), operation).path
    assert len(edited) == {"resample:20": 20, "resample:gen3r": 49}.get(operation, 1)


def test_a_single_pose_has_no_pace():
    one = edits.trim_frames(camera(), 4, 5)
    for operation, message in (("retime:constant-speed", "does not move"), ("retime:duration=2", "single pose")):
        with pytest.raises(InputError, match=message):
            edit(one, operation)


def test_notes_count():
    notes = edit(camera(), "smooth:0.01,2", "resample:81", "scale:2").notes
    assert "poses moved by at most 0.01 m" in notes[0] or "jerk" in notes[0]
    assert notes[1] == "resample: 30 poses became 81, at 33.33 a second"
    scene = Shot(camera=camera(), actors=(robot(speed=1),))
    assert edit(scene, "retime:duration=9").notes[0].endswith("the actors keep their own time")


def test_edits_that_name_files_ask_the_caller():
    paths = {"b": camera(seed=2)}
    assert len(edit(camera(), "stitch:b", read=paths.__getitem__).path) == 59
    assert torch.allclose(
        edit(camera(), "anchor:b", read=paths.__getitem__).path.T_world_cam[0].as_matrix(),
        paths["b"].T_world_cam[0].as_matrix(), atol=1e-9,
    )  # fmt: skip
    with pytest.raises(InputError, match="no file is read here"):
        edit(camera(), "stitch:b")
