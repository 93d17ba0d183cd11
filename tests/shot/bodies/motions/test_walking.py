"""Feet that stay, knees that bend one way, and bodies that keep up with their tracks."""

from __future__ import annotations

import numpy as np
import pytest
from observed import Observed
from people import along, human, track

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies import load_body
from kinoeye.shot.bodies.motions import animate
from kinoeye.shot.bodies.motions.figure import Figure
from kinoeye.shot.bodies.motions.gait import GRAVITY, feet_at, locomotion, step_hz
from kinoeye.shot.bodies.motions.ground_path import ground_path

FPS = 60


def straight(speed, duration_s=3.0, yaw=0.0):
    return along([0.0, duration_s], [[0.0, 0.0], [speed * duration_s, 0.0]], yaw)


def seen(skeleton, a_track, duration_s=3.0, cues=(), **options):
    times_s = np.arange(0, duration_s, 1 / FPS)
    return Observed(skeleton, a_track, times_s, *animate(skeleton, a_track, times_s, cues, **options))


@pytest.mark.parametrize("speed", [0.3, 0.8, 1.4, 1.9, 3.0, 4.5])
def test_planted_feet_stay_and_joints_move_smoothly_at_every_speed(speed):
    figure = seen(human(), straight(speed))
    assert figure.slip_m() < 0.001
    assert figure.lowest_m() > -0.005
    assert np.degrees(figure.knees().min()) > 5
    assert figure.knees_point_ahead() > 0
    assert figure.joint_speed().max() < (14 if speed < 2 else 20)


def wandering(seed):
    """A smooth way that bends and changes its speed, walked forwards, backwards, or with a heading of its own."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(0, 5, 1 / 30)
    turn = np.interp(times_s, np.arange(6), rng.uniform(-1.2, 1.2, 6))
    pace = np.interp(times_s, np.arange(6), rng.uniform(0, 1, 6) * rng.choice([1.0, 1.8, 4.0]))
    heading = rng.uniform(0, 6) + np.cumsum(turn) / 30
    step = np.stack([np.cos(heading), np.sin(heading)], axis=1) * pace[:, None] / 30
    other = {0: heading, 1: heading, 2: heading + np.pi, 3: heading + 1.2 * np.sin(times_s + seed)}[seed % 4]
    return along(times_s, np.cumsum(step, axis=0), other)


def bend(radius_m, speed, duration_s=4.0):
    """Round a circle to the left."""
    times_s = np.arange(0, duration_s + 0.1, 1 / 30)
    angle = speed / radius_m * times_s
    return along(times_s, radius_m * np.stack([np.cos(angle), np.sin(angle)], axis=1))


WAYS = {
    "walk": straight(1.4),
    "run": straight(3.0),
    "fast run": straight(4.5),
    "tight bend": bend(1.0, 0.9),
    "bend": bend(1.5, 1.2),
    "running bend": bend(3.0, 3.0),
    "fast bend": bend(5.0, 4.5),
    "winding": wandering(1),
    "backwards": wandering(2),
    "looking about": wandering(3),
    "backwards again": wandering(6),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_soles_of_the_shipped_body_stay_where_they_lie(way):
    """Between any two moments while a vertex of a sole lies on the ground."""
    body, a_track = load_body("adult"), WAYS[way]
    times_s = np.arange(0, 4 if a_track.times_s[-1] > 4 else 3, 1 / FPS)
    figure = Observed(body.skeleton, a_track, times_s, *animate(body.skeleton, a_track, times_s))
    sole = np.flatnonzero(body.vertices[:, 2] < 0.012)
    T = figure.T_world_rest[:, body.joints[sole]]
    carried = np.einsum("fvkij,vj->fvki", T[..., :3], body.vertices[sole]) + T[..., 3]
    places = (carried * body.weights[sole, :, None]).sum(axis=2)
    assert places[..., 2].min() > -0.005
    slips = []
    for vertex in np.moveaxis(places, 1, 0):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], vertex[:, 2] < 0.005, [False]]).astype(int)))
        lying = [vertex[a:b, :2] for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 0.1 * FPS]
        slips += [np.linalg.norm(part[:, None] - part, axis=-1).max() for part in lying]
    assert len(slips) > 200
    assert np.median(slips) < 0.002
    assert max(slips) < 0.02


@pytest.mark.parametrize("seed", range(12))
def test_planted_feet_stay_on_any_way(seed):
    rng = np.random.default_rng(100 + seed)
    figure = seen(human(scale=rng.uniform(0.6, 1.1), legs=rng.uniform(0.85, 1.12)), wandering(seed), 5.0)
    assert figure.slip_m() < 0.002
    assert figure.lowest_m() > -0.005
    assert np.degrees(figure.knees().min()) > 5
    assert figure.knees_point_ahead() > -0.2
    assert figure.joint_speed().max() < 32


def test_the_body_stays_with_its_track():
    skeleton = human()
    times_s = np.arange(0, 4, 1 / FPS)
    circle = along(times_s, np.stack([1.5 * np.cos(0.8 * times_s), 1.5 * np.sin(0.8 * times_s)], axis=1))
    _, root_xyz = animate(skeleton, circle, times_s)
    assert np.abs(root_xyz[:, :2]).max() < 0.08
    assert 0.85 < root_xyz[:, 2].min() / skeleton.heads[0, 2] < root_xyz[:, 2].max() / skeleton.heads[0, 2] < 1.01


def test_steps_follow_the_stated_formula_up_to_the_run():
    figure = Figure(human())
    for speed in (0.8, 1.4):
        a_track = straight(speed, 8.0)
        times_s = np.arange(0, 8, 1 / FPS)
        moving = locomotion(figure, ground_path(a_track, times_s))
        touches = np.sort([t for footing in moving.footings for t in footing.touch_s if 2 < t < 6])
        expected = np.sqrt(speed / (1.5 * figure.leg_m * np.sqrt(figure.leg_m / GRAVITY)))
        assert 1 / np.diff(touches).mean() == pytest.approx(expected, rel=0.03)
        assert step_hz(figure, np.array([speed]))[0] == pytest.approx(expected)
    assert 105 < 60 * step_hz(figure, np.array([1.4]))[0] < 125


def test_a_walk_always_has_a_foot_on_the_ground_and_a_run_does_not():
    figure, times_s = Figure(human()), np.arange(0, 3, 1 / FPS)
    for speed, flies in ((1.4, False), (3.5, True)):
        _, planted = feet_at(figure, locomotion(figure, ground_path(straight(speed), times_s)), times_s)
        assert (~planted.any(axis=1)).any() == flies


def test_who_stands_does_not_step_and_breathes():
    figure = seen(human(), straight(0.0))
    assert np.ptp(figure.soles(), axis=1).max() < 1e-9
    spine = figure.R_joint[:, figure.skeleton.index("Spine")]
    assert np.abs(spine - spine[0]).max() > 1e-3


def test_starts_and_stops_stand_with_both_feet_side_by_side():
    skeleton = human()
    times_s = np.array([0.0, 1.0, 3.0, 5.0])
    figure = seen(skeleton, along(times_s, [[0, 0], [0, 0], [2.6, 0], [2.6, 0]], 0.0), 5.0)
    for frame in (0, -1):
        left, right = figure.head("LeftFoot")[frame], figure.head("RightFoot")[frame]
        assert left[0] == pytest.approx(right[0], abs=0.02)
        assert 0.15 < left[1] - right[1] < 0.3
    assert figure.slip_m() < 0.001


def test_who_is_filmed_walking_is_in_mid_stride_at_both_ends():
    figure = seen(human(), straight(1.4))
    spread = np.abs(figure.head("LeftFoot")[:, 0] - figure.head("RightFoot")[:, 0])
    period = round(FPS * 0.53)
    for part in (spread[:period], spread[-period:]):
        assert part.max() > 0.6
        assert part.min() < 0.15


def test_turning_in_place_takes_steps():
    times_s = np.arange(0, 3, 1 / 30)
    figure = seen(human(), track(times_s, np.zeros((90, 2)), np.clip(times_s - 0.5, 0, 1.5) * np.pi / 2))
    ahead = figure.head("LeftToeBase") - figure.head("LeftFoot")
    turned = np.degrees(np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0])))
    assert turned[-1] - turned[0] == pytest.approx(135, abs=6)
    assert figure.slip_m() < 0.001


def test_arms_swing_against_the_legs_and_the_head_keeps_still():
    figure = seen(human(), straight(1.4))
    legs = figure.head("LeftFoot")[:, 0] - figure.head("RightFoot")[:, 0]
    arms = figure.head("LeftHand")[:, 0] - figure.head("RightHand")[:, 0]
    assert np.corrcoef(legs, arms)[0, 1] < -0.8
    head = figure.T_world_rest[:, figure.skeleton.index("Head"), :, :3]
    pelvis = figure.T_world_rest[:, 0, :, :3]
    yaw = [np.arctan2(R[:, 1, 0], R[:, 0, 0]) for R in (head, pelvis)]
    assert np.ptp(yaw[0]) < 0.6 * np.ptp(yaw[1])


def leap(height_m, speed):
    times_s = np.arange(0, 3, 1 / 60)
    take_off = np.sqrt(2 * GRAVITY * height_m)
    air = np.clip(times_s - 1.0, 0, 2 * take_off / GRAVITY)
    z = air * (take_off - GRAVITY * air / 2)
    return track(times_s, np.stack([speed * times_s, 0 * times_s, z], axis=1), 0.0)


@pytest.mark.parametrize("speed", [0.0, 2.5])
def test_who_rises_with_the_track_leaps(speed):
    figure = seen(human(), leap(0.4, speed))
    soles = figure.soles()[..., 2]
    high = (figure.times_s > 1.15) & (figure.times_s < 1.42)
    assert soles[:, high].min() > 0.1
    assert soles.min() > -0.005
    pelvis = figure.head("Hips")[:, 2]
    assert pelvis[(figure.times_s > 0.6) & (figure.times_s < 1)].min() < pelvis[0] - 0.05
    assert figure.joint_speed().max() < 45
    assert np.degrees(figure.knees().min()) > 5


def test_the_same_seed_gives_the_same_motion_and_another_seed_another():
    times_s = np.arange(0, 1, 1 / 20)
    first, again, other = (animate(human(), straight(0.0), times_s, seed=seed)[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first - other).max() > 1e-3


def test_a_frame_does_not_depend_on_the_others_asked_for():
    times_s = np.arange(0, 3, 1 / FPS)
    whole, few = (animate(human(), straight(1.2), t)[0] for t in (times_s, times_s[::7]))
    assert np.abs(whole[::7] - few).max() < 1e-9


def test_what_cannot_be_walked_is_refused():
    with pytest.raises(InputError, match="increase"):
        animate(human(), straight(1.0), np.array([1.0, 0.5]))
    arbitrary = straight(1.0).scaled_by(1.0, unit="arbitrary")
    with pytest.raises(InputError, match="scale"):
        animate(human(), arbitrary, np.array([0.0, 1.0]))
