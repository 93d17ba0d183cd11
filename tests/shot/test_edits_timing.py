"""Edits of time: the way stays, poses stay where they should, models get what they want."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from edit_paths import assert_same, camera, robot, seeds, wander
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kinoeye import shot as edits
from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, SO3, Track, jerk
from kinoeye.shot import Shot
from kinoeye.shot.targets import TARGETS


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
