"""The words that paths are composed of, and how one actor moves with regard to another."""

import math

import numpy as np
import pytest

from kinoeye.shot.templates.path import Path
from kinoeye.shot.templates.pieces import (
    BACK,
    EIGHT,
    FULL,
    GRAVITY_M_PER_S2,
    HALF,
    LEFTWARD,
    QUARTER,
    Go,
    Hop,
    Turn,
    Wait,
    trace,
)
from kinoeye.shot.templates.relations import along_course, around, behind, beside, still, watching


def length(path: Path) -> float:
    return float(np.linalg.norm(np.diff(path.xyz, axis=0), axis=-1).sum())


def test_a_line_has_its_length_and_its_pace():
    path = trace(Go(length=3.0, pace=1.5), at=(1.0, 2.0), heading=QUARTER)
    np.testing.assert_allclose(path.xyz[[0, -1]], [[1, 2, 0], [1, 5, 0]], atol=1e-9)
    assert path.seconds == pytest.approx(2.0)
    np.testing.assert_allclose(path.speed, 1.5, rtol=1e-6)


@pytest.mark.parametrize("turn", [-1.7, 0.4, 3.0])
def test_an_arc_ends_where_its_radius_says(turn: float):
    path = trace(Go(length=2.5, turn=turn))
    radius = 2.5 / turn
    expected = [radius * math.sin(turn), radius * (1 - math.cos(turn)), 0]
    np.testing.assert_allclose(path.xyz[-1], expected, atol=1e-6)
    assert path.facing[-1] == pytest.approx(turn)


def test_a_sway_by_the_zero_of_bessels_function_closes_a_figure_eight():
    path = trace(Go(length=8.0, sway=EIGHT))
    np.testing.assert_allclose(path.xyz[-1], 0, atol=1e-3)
    # Halfway it stands at the far end, and the crossing in the middle is passed a quarter before and after.
    np.testing.assert_allclose(path.xyz[150], path.xyz[450], atol=1e-3)


def test_a_spiral_tightens_as_many_times_as_it_says():
    path = trace(Go(length=6.0, turn=2 * FULL, tighten=5.0))
    curvature = np.gradient(path.facing) / np.gradient(np.linspace(0.0, 6.0, len(path.facing)))
    assert curvature[-2] / curvature[1] == pytest.approx(5.0, rel=0.02)


def test_directions_of_going_leave_the_facing_alone():
    backwards = trace(Go(length=2.0, direction=BACK))
    np.testing.assert_allclose(backwards.xyz[-1], [-2, 0, 0], atol=1e-9)
    sideways = trace(Go(length=2.0, direction=LEFTWARD))
    np.testing.assert_allclose(sideways.xyz[-1], [0, 2, 0], atol=1e-9)
    assert not backwards.facing.any()
    assert not sideways.facing.any()


def test_speed_is_continuous_and_nothing_at_every_halt():
    path = trace(
        Go(length=2.0), Wait(1.0), Go(length=1.0), Go(length=1.0, turn=1.0, pace=2.0), Turn(HALF), Go(length=1)
    )
    assert np.abs(np.diff(path.speed)).max() < 0.2
    # 2 m take 2 s and half a ramp of 35 %, in which the mean speed is half the pace.
    standing = path.times[path.speed < 1e-3]
    assert standing[0] == pytest.approx(2.0 / 0.825, abs=0.05)


def test_going_on_backwards_is_halted_for():
    path = trace(Go(length=2.0), Go(length=2.0, direction=BACK))
    assert path.speed[300] == pytest.approx(0.0, abs=0.02)
    assert np.abs(np.diff(path.speed)).max() < 0.02


def test_a_hop_falls_as_gravity_has_it():
    path = trace(Wait(0.3), Hop(height=0.4), Wait(0.3))
    z = path.xyz[:, 2]
    assert z.max() == pytest.approx(0.4, abs=1e-3)
    in_air = z > 0.05
    fall = np.gradient(np.gradient(z, path.times), path.times)[in_air]
    np.testing.assert_allclose(fall, -GRAVITY_M_PER_S2, rtol=0.03)
    assert path.leaps
    assert not path.speed.any()


def test_a_path_is_turned_about_the_origin_and_moved():
    path = trace(Go(length=2.0, turn=1.0), at=(1.0, 0.0))
    placed = path.placed(3.0, 4.0, QUARTER)
    np.testing.assert_allclose(placed.xyz[0], [3, 5, 0], atol=1e-9)
    assert placed.facing[0] == pytest.approx(QUARTER)


def test_a_path_is_read_between_its_samples_and_held_at_its_ends():
    xyz, facing = trace(Go(length=2.0), heading=0.3).sampled(np.array([-1.0, 0.5, 1.2345, 2.0, 9.0]))
    np.testing.assert_allclose(np.linalg.norm(xyz, axis=-1), [0, 0.5, 1.2345, 2, 2], atol=1e-9)
    np.testing.assert_allclose(facing, 0.3)


def test_a_follower_keeps_its_gap_along_the_way_and_faces_it():
    leader = trace(Go(length=2.0), Go(length=3.0, turn=2.0))
    follower = behind(leader, 1.0)
    assert length(follower) == pytest.approx(length(leader), rel=1e-3)
    # Where the follower is at 3 m of way is where the leader was at 2 m.
    np.testing.assert_allclose(follower.xyz[360], leader.xyz[240], atol=0.01)
    np.testing.assert_allclose(follower.facing, along_course(follower).facing, atol=0.02)
    np.testing.assert_allclose(follower.xyz[0], [-1, 0, 0], atol=1e-6)


def test_a_follower_that_catches_up_closes_its_gap():
    leader = trace(Go(length=4.0))
    chaser = behind(leader, (3.0, 1.0))
    gap = np.linalg.norm(leader.xyz - chaser.xyz, axis=-1)
    assert gap[0] == pytest.approx(3.0)
    assert gap[-1] == pytest.approx(1.0)
    assert (np.diff(gap) <= 1e-9).all()


def test_beside_is_a_place_in_the_leaders_body_frame():
    leader = trace(Go(length=4.0, turn=QUARTER))
    partner = beside(leader, 1.0, -0.5)
    np.testing.assert_allclose(partner.xyz[0], [-0.5, 1, 0], atol=1e-9)
    np.testing.assert_allclose(partner.xyz[-1] - leader.xyz[-1], [-1, -0.5, 0], atol=1e-6)


def test_around_somebody_who_moves_the_distance_is_the_radius():
    centre = trace(Go(length=2.0, turn=0.5))
    path = around(centre, 1.5, FULL, start=0.3)
    np.testing.assert_allclose(np.linalg.norm(path.xyz - centre.xyz, axis=-1), 1.5)
    on_the_spot = around(still(0, 0), 1.5, FULL)
    np.testing.assert_allclose(on_the_spot.facing - on_the_spot.facing[0], np.linspace(0, FULL, 601), atol=0.02)


def test_watching_faces_the_other_all_the_time():
    walker = trace(Go(length=4.0), at=(-2.0, -1.0))
    watcher = watching(still(0, 0), walker)
    forward = np.stack([np.cos(watcher.facing), np.sin(watcher.facing)], axis=-1)
    to_walker = walker.xyz[:, :2] / np.linalg.norm(walker.xyz[:, :2], axis=-1, keepdims=True)
    np.testing.assert_allclose(forward, to_walker, atol=1e-9)
    assert np.abs(np.diff(watcher.facing)).max() < 0.1
