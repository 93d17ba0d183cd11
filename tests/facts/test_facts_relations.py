"""Who is where for whom: planted answers, DSR-Bench's own numbers, and what no change of the world may change."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_scenes import looking, pose, scene, standing, wandering

from kinoeye.base.errors import InputError
from kinoeye.facts import Noise, SceneTracks, Viewpoint, motion, relations
from kinoeye.facts.viewpoint import bearings, frame, seen_from, velocities_seen
from kinoeye.geometry.convention import homogeneous, rotvec_to_matrix

DSR = json.loads((Path(__file__).parent / "dsr_geometry.json").read_text())
CAMERA = Viewpoint()
SEEDS = st.integers(0, 10_000)


def words(judged) -> list[str | None]:
    return [judged.at(k)[0] for k in range(len(judged.index))]


def test_sides_of_a_direction_are_those_of_dsr_bench():
    for case in DSR["describe_direction"]:
        vectors = np.array(case["in"])
        tracks = scene(
            looking(np.zeros(3), forward=(1, 0, 0)),
            size=(math.nan,) * 3,
            a=np.stack([pose(np.eye(3), v) for v in vectors]),
            b=pose(np.eye(3), np.zeros(3)),
        )
        found = words(relations.sides(tracks, "a", "b", CAMERA))
        merged = [word for k, word in enumerate(found) if k == 0 or word != found[k - 1]]
        said = " ".join(f"({k}) {word.title()}." for k, word in enumerate(merged, 1))
        assert said == case["out"]


def test_agents_frames_are_those_of_dsr_bench():
    for case in DSR["camera_agent_frames"]:
        # Their passive rotations take camera axes to the agent's; ours, read as a pose in the camera's frame.
        turns = (("z", 270.0), ("x", 90.0), ("y", case["azimuth"]), ("x", case["polar"]), ("z", case["rotation"]))
        R_agent_cam = np.eye(3)
        for axis, degrees in turns:
            rotvec = np.eye(3)["xyz".index(axis)] * math.radians(degrees)
            R_agent_cam = R_agent_cam @ rotvec_to_matrix(rotvec).T
        points = {f"p{k}": pose(np.eye(3), p) for k, p in enumerate(case.get("points", ()))}
        agent = pose(R_agent_cam.T, case.get("translation", (0, 0, 0)))
        tracks = replace(scene(np.eye(4), size=(math.nan,) * 3, agent=agent, **points), up=None)
        if points:
            np.testing.assert_allclose(seen_from(tracks, Viewpoint("agent"))[2:, 0], case["camera_to_agent"], atol=1e-9)
        else:
            forward = motion.axes(tracks)[1, 0, :, 0]
            np.testing.assert_allclose(forward, np.reshape(case["agent_forward_in_cam"], 3), atol=1e-6)


def test_change_of_camera_and_its_axes_are_those_of_dsr_bench():
    for case in DSR["camera_change"]:
        c2w = [np.array(case[key]) for key in ("c2w_from", "c2w_to")]
        in_world = np.array(case["points"]) @ c2w[0][:3, :3].T + c2w[0][:3, 3]
        points = {f"p{k}": pose(np.eye(3), p) for k, p in enumerate(in_world)}
        tracks = scene(np.stack(c2w), size=(math.nan,) * 3, **points)
        seen = seen_from(tracks, Viewpoint("camera", at_s=float(tracks.times_s[1])))[1:, 0]
        x, y, z = np.array(case["out"]).T
        np.testing.assert_allclose(seen, np.stack([z, -x, -y], axis=-1), atol=1e-9)
        own = seen_from(tracks, CAMERA)[1:, 0]
        np.testing.assert_allclose(own, np.array(case["points"])[:, [2, 0, 1]] * [1, -1, -1], atol=1e-9)


def test_the_row_of_the_camera_is_opencv_and_its_forward_is_the_optical_axis():
    tracks = scene(looking((0, 0, 2.0), forward=(0, 1, 0)), dog=standing(0, 5, z=2.0))
    np.testing.assert_allclose(tracks.T_world_body[0, 0, :3, 2], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(motion.axes(tracks)[0, 0].T, [[0, 1, 0], [-1, 0, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(seen_from(tracks, CAMERA)[1, 0], [5, 0, 0.5], atol=1e-12)


def test_planted_relations_of_a_pair_for_several_observers():
    tracks = scene(
        looking((-10, 0, 0.5), forward=(1, 0, 0)),
        man=standing(0, 0, yaw=math.pi),
        dog=standing(0, 3),
        cat=standing(4, 0),
    )
    assert relations.sides(tracks, "dog", "man", CAMERA).at(0)[0] == "left"
    assert relations.sides(tracks, "dog", "man", Viewpoint("man")).at(0)[0] == "right"
    assert relations.sides(tracks, "cat", "man", CAMERA).at(0)[0] == "front"
    assert relations.sides(tracks, "cat", "man", Viewpoint("man")).at(0)[0] == "behind"
    assert relations.sides(tracks, "camera", "man", Viewpoint("man")).at(0)[0] == "front"
    assert relations.direction(tracks, "dog", "cat", CAMERA).at(0)[0] == "behind|left"
    assert relations.clock(tracks, "dog", "man", CAMERA).at(0)[0] == "9 o'clock"
    assert relations.clock(tracks, "dog", "man", Viewpoint("man")).at(0)[0] == "3 o'clock"
    assert relations.facing(tracks, "man", CAMERA).at(0)[0] == "towards"
    assert relations.facing(tracks, "cat", CAMERA).at(0)[0] == "away"
    assert relations.nearer(tracks, "dog", "cat", "man").at(0)[0] == "dog"
    assert relations.nearer(tracks, "man", "cat", "camera").at(0)[0] == "man"
    np.testing.assert_allclose(motion.depths(tracks)[1:, 0], [10, 10, 14], atol=1e-12)


@pytest.mark.parametrize(("azimuth_deg", "word"), [(0, "towards"), (90, "left"), (180, "away"), (270, "right")])
def test_facing_grows_as_the_azimuth_of_orient_anything_does(azimuth_deg: float, word: str):
    # Azimuth 0 faces the camera, 90 image-left, 180 away, 270 image-right.
    forward = math.pi - math.radians(azimuth_deg)
    tracks = scene(looking((0, 0, 1.0), forward=(1, 0, 0)), man=standing(6, 0, yaw=forward))
    angle = relations.facing_angles(tracks, "man", CAMERA)[0]
    assert math.degrees(angle) % 360 == pytest.approx(azimuth_deg, abs=1e-9)
    assert relations.facing(tracks, "man", CAMERA).at(0)[0] == word


def test_every_hour_and_every_eighth_is_met_in_its_middle():
    for hour in range(12):
        angle = -math.radians(30 * hour)
        tracks = scene(man=standing(1, 1), dog=standing(1 + 2 * math.cos(angle), 1 + 2 * math.sin(angle)))
        word = relations.clock(tracks, "dog", "man", Viewpoint("man")).at(0)[0]
        assert word == f"{hour or 12} o'clock"
    for k, word in enumerate(relations.EIGHT):
        angle = math.radians(45 * k)
        tracks = scene(man=standing(0, 0), dog=standing(math.cos(angle), math.sin(angle)))
        assert relations.direction(tracks, "dog", "man", Viewpoint("man")).at(0)[0] == word


def test_a_pitched_camera_has_the_worlds_up_only_where_it_is_asked_level():
    down = looking((0, 0, 5.0), forward=(1, 0, -1))
    tracks = scene(down, ball=standing(5, 0), lamp=standing(5, 0, z=3.0))
    assert relations.sides(tracks, "lamp", "ball", Viewpoint(level=True)).at(0)[0] == "above"
    assert relations.sides(tracks, "lamp", "ball", CAMERA).at(0)[0] == "behind|above"
    assert relations.higher(tracks, "lamp", "ball", by=0.1).at(0)[0] == "lamp"
    straight = scene(pose(np.diag([1.0, -1.0, -1.0]), (0, 0, 5)), ball=standing(5, 0), lamp=standing(5, 0, z=3.0))
    assert relations.sides(straight, "lamp", "ball", Viewpoint(level=True)).at(0) == (
        None,
        pytest.approx(math.nan, nan_ok=True),
    )
    assert np.isnan(motion.headings(straight)[0, 0])


def test_without_a_vertical_only_own_axes_can_be_asked():
    tracks = replace(wandering(0), up=None)
    assert np.isfinite(seen_from(tracks, Viewpoint("actor 0"))).all()
    for ask in (
        lambda: seen_from(tracks, Viewpoint(level=True)),
        lambda: motion.headings(tracks),
        lambda: relations.higher(tracks, "actor 0", "actor 1", by=0.1),
        lambda: relations.circling(tracks, "actor 0", "actor 1", above=0.1),
    ):
        with pytest.raises(InputError, match="vertical"):
            ask()


def test_an_absolute_viewpoint_stays_and_a_relative_one_follows():
    times = np.linspace(0, 2, 21)
    walker = np.stack([standing(t, 0, yaw=0.5 * math.pi * (t > 1)) for t in times])
    tracks = scene(times=times, man=walker, tree=standing(3, 4))
    np.testing.assert_allclose(seen_from(tracks, Viewpoint("man", at_s=0.0))[2], np.tile([3, 4, 0], (21, 1)), atol=1e-9)
    np.testing.assert_allclose(seen_from(tracks, Viewpoint("man"))[2, [0, -1]], [[3, 4, 0], [4, -1, 0]], atol=1e-9)
    np.testing.assert_allclose(velocities_seen(tracks, Viewpoint("man"))[2, 2], [-1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(velocities_seen(tracks, Viewpoint("man", at_s=2.0))[1, 2], [0, -1, 0], atol=1e-9)
    with pytest.raises(InputError, match="last from"):
        frame(tracks, Viewpoint("man", at_s=2.5))


def test_moving_directions_for_the_camera():
    times = np.linspace(0, 2, 21)
    paths = {"left": (0, 1), "right": (0, -1), "front": (1, 0), "behind": (-1, 0)}
    for word, (vx, vy) in paths.items():
        tracks = scene(times=times, man=np.stack([standing(vx * t, vy * t) for t in times]))
        assert set(words(relations.moving(tracks, "man", CAMERA, above=0.1))) == {word}
    still = scene(times=times, man=standing(0, 0))
    assert set(words(relations.moving(still, "man", CAMERA, above=0.1))) == {None}


def test_approach_and_comparisons_of_speed():
    times = np.linspace(0, 2, 21)
    tracks = scene(
        times=times,
        slow=np.stack([standing(5 - t, 0) for t in times]),
        fast=np.stack([standing(-5 - 3 * t, 0) for t in times]),
        post=standing(0, 0),
    )
    assert set(words(relations.approach(tracks, "slow", "post", above=0.2))) == {"approaches"}
    assert set(words(relations.approach(tracks, "fast", "post", above=0.2))) == {"retreats"}
    assert set(words(relations.approach(tracks, "post", "camera", above=0.2))) == {"keeps its distance"}
    assert set(words(relations.faster(tracks, "slow", "fast", above=0.1))) == {"fast"}
    assert set(words(relations.faster(tracks, "fast", "slow", above=0.1))) == {"fast"}
    assert set(words(relations.faster(tracks, "post", "camera", above=0.1))) == {"both alike"}
    np.testing.assert_allclose(motion.range_rates(tracks)[1, 3], -1.0, atol=1e-9)


def test_following_and_circling():
    times = np.linspace(0, 4, 41)
    angle = 1.2 * times
    around = np.stack([standing(2 * math.cos(a), 2 * math.sin(a), yaw=a + math.pi / 2) for a in angle])
    tracks = scene(
        times=times,
        leader=np.stack([standing(t, 8) for t in times]),
        follower=np.stack([standing(t - 2, 8) for t in times]),
        moon=around,
        post=standing(0, 0),
    )
    np.testing.assert_allclose(relations.following(tracks, "follower", "leader", above=0.1), 1.0, atol=1e-9)
    np.testing.assert_allclose(relations.following(tracks, "leader", "follower", above=0.1), -1.0, atol=1e-9)
    assert relations.circling(tracks, "moon", "post", above=0.1)[3:-3].min() > 0.999
    np.testing.assert_allclose(relations.circling(tracks, "follower", "leader", above=0.1), 0.0)


# --- Mathematics of rates ---------------------------------------------------------------------------------------------


def test_rates_of_lines_and_middles_of_parabolas_are_exact():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 3, 50))
    values = np.stack([4.0 - 2.5 * times, np.full(50, 1e6)])
    found = motion.rate(times, values, 0.4)
    np.testing.assert_allclose(found.per_s, [[-2.5] * 50, [0.0] * 50], atol=1e-9)
    even = np.arange(30) / 10
    inner = motion.rate(even, even**2, 0.2).per_s[1:-1]
    np.testing.assert_allclose(inner, 2 * even[1:-1], atol=1e-9)
    central = (even[2:] ** 2 - even[:-2] ** 2) / 0.2
    np.testing.assert_allclose(inner, central, atol=1e-9)


def test_rates_leave_out_what_is_unknown():
    times = np.arange(10) / 10
    values = 3 * times
    values[[4, 7]] = np.nan
    found = motion.rate(times, values, 0.2)
    known = np.isfinite(values)
    np.testing.assert_allclose(found.per_s[known], 3.0)
    assert np.isnan(found.per_s[~known]).all()
    assert np.isnan(motion.rate(np.array([1.0]), np.array([5.0])).per_s).all()


def test_the_gain_of_a_rate_is_what_noise_shows():
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.02, 0.08, 40))
    samples = rng.normal(size=(4000, 40)) * 0.3
    found = motion.rate(times, samples, 0.25)
    np.testing.assert_allclose(found.per_s.std(axis=0), 0.3 * found.gain[0], rtol=0.06)


def test_acceleration_and_turn_rate_of_a_circle():
    times = np.linspace(0, 4, 401)
    path = np.stack([standing(2 * math.cos(t), 2 * math.sin(t), yaw=t + math.pi / 2) for t in times])
    tracks = scene(times=times, car=path)
    np.testing.assert_allclose(motion.turn_rates(tracks)[1], 1.0, atol=1e-9)
    inner = slice(40, -40)
    np.testing.assert_allclose(motion.speed(tracks)[1][inner], 2.0, rtol=5e-3)
    towards_middle = -path[inner, :3, 3]
    np.testing.assert_allclose(motion.acceleration(tracks)[1][inner], towards_middle, atol=2e-2)


# --- What may not change an answer ------------------------------------------------------------------------------------


def answers(tracks: SceneTracks, *, level: bool) -> dict[str, list[str | None]]:
    view = [Viewpoint(level=level), Viewpoint("actor 2", level=level), Viewpoint("actor 0", at_s=1.0, level=level)]
    asked = {}
    for k, v in enumerate(view):
        asked[f"sides {k}"] = relations.sides(tracks, "actor 0", "actor 1", v)
        asked[f"clock {k}"] = relations.clock(tracks, "actor 1", "actor 2", v)
        asked[f"facing {k}"] = relations.facing(tracks, "actor 1", v)
        asked[f"pointing {k}"] = relations.pointing(tracks, "actor 1", v)
        asked[f"moving {k}"] = relations.moving(tracks, "actor 1", v, above=0.05)
    asked["approach"] = relations.approach(tracks, "actor 0", "actor 1", above=0.1)
    asked["nearer"] = relations.nearer(tracks, "actor 0", "actor 1", "actor 2")
    asked["faster"] = relations.faster(tracks, "actor 0", "actor 1", above=0.1)
    # Only what is not on a boundary within rounding is compared.
    clear = {key: np.isnan(value.margin) | (value.margin > 1e-6) for key, value in asked.items()}
    return {
        key: [word for word, ok in zip(words(value), clear[key], strict=True) if ok] for key, value in asked.items()
    }


@settings(max_examples=25)
@given(SEEDS)
def test_no_answer_changes_when_the_whole_world_is_moved(seed: int):
    rng = np.random.default_rng(seed)
    tracks = replace(wandering(seed, count=12), noise=Noise(position=1.0, heading_rad=1.0))
    moved = tracks.moved_by(pose(rotvec_to_matrix(rng.normal(size=3) * 2), rng.normal(size=3) * 10))
    assert answers(moved, level=False) == answers(tracks, level=False)
    turned = tracks.moved_by(standing(*rng.normal(size=2) * 10, yaw=rng.uniform(-3, 3)), up="z")
    assert answers(turned, level=True) == answers(tracks, level=True)


@given(SEEDS)
def test_no_answer_changes_with_the_scale(seed: int):
    tracks = replace(wandering(seed, count=12), noise=Noise(position=1.0, heading_rad=1.0))
    larger = tracks.scaled_by(4.0, unit="arbitrary")
    view = Viewpoint("actor 2")
    for ask in (relations.sides, relations.clock, relations.direction):
        one, other = ask(tracks, "actor 0", "actor 1", view), ask(larger, "actor 0", "actor 1", view)
        assert words(one) == words(other)
        np.testing.assert_allclose(one.margin, other.margin, rtol=1e-6)
    near, also = (relations.nearer(t, "actor 0", "actor 1", "actor 2") for t in (tracks, larger))
    assert words(near) == words(also)
    np.testing.assert_allclose(near.margin, also.margin, rtol=1e-6)


OPPOSITE = {"front": "behind", "left": "right", "above": "below"}
OPPOSITE |= {value: key for key, value in OPPOSITE.items()}


@given(SEEDS)
def test_exchanging_the_two_exchanges_every_side(seed: int):
    tracks = wandering(seed, count=12)
    view = Viewpoint("actor 2", level=True)
    one = words(relations.sides(tracks, "actor 0", "actor 1", view))
    other = words(relations.sides(tracks, "actor 1", "actor 0", view))
    assert [w and "|".join(OPPOSITE[side] for side in w.split("|")) for w in one] == other
    hours = [words(relations.clock(tracks, *pair, view)) for pair in (("actor 0", "actor 1"), ("actor 1", "actor 0"))]
    for a, b in zip(*hours, strict=True):
        assert (int(a.split()[0]) - int(b.split()[0])) % 12 == 6  # type: ignore[union-attr]
    nearer = [
        words(relations.nearer(tracks, *pair, "camera")) for pair in (("actor 0", "actor 1"), ("actor 1", "actor 0"))
    ]
    assert nearer[0] == nearer[1]


@given(SEEDS)
def test_a_mirrored_world_exchanges_left_and_right(seed: int):
    tracks = wandering(seed, count=12)
    mirror = np.diag([1.0, -1.0, 1.0, 1.0])
    poses = mirror @ tracks.T_world_body @ mirror
    poses[0] = mirror @ tracks.T_world_body[0] @ np.diag([-1.0, 1.0, 1.0, 1.0])  # the camera's x is its right
    mirrored = replace(tracks, T_world_body=poses)
    for view in (CAMERA, Viewpoint("actor 1"), Viewpoint("actor 1", at_s=1.0, level=True)):
        one = words(relations.sides(tracks, "actor 0", "actor 2", view))
        exchanged = {"left": "right", "right": "left"}
        swapped = ["|".join(exchanged.get(side, side) for side in word.split("|")) for word in one]
        assert swapped == words(relations.sides(mirrored, "actor 0", "actor 2", view))
        np.testing.assert_allclose(bearings(mirrored, view), -bearings(tracks, view), atol=1e-9)


@settings(max_examples=25)
@given(SEEDS)
def test_queries_of_resampled_tracks_agree(seed: int):
    tracks = replace(wandering(seed, count=60), noise=Noise(position=1.0, heading_rad=1.0))
    few = np.linspace(tracks.times_s[0], tracks.times_s[-1], 25)
    all_times = np.union1d(few, tracks.times_s)
    for view in (CAMERA, Viewpoint("actor 1", at_s=float(few[7]))):
        direct, dense = seen_from(tracks.at(few), view), seen_from(tracks.at(all_times), view)
        np.testing.assert_allclose(direct, dense[:, np.isin(all_times, few)], atol=1e-9)


def test_margins_are_distances_to_boundaries_in_deviations_of_the_answer():
    # Noise of the stated size changes an answer near one boundary as often as the normal law says of its margin.
    rng, count, noise = np.random.default_rng(3), 20_000, Noise(position=0.1, heading_rad=0.05)
    eye = looking((-3.0, 0.5, 0.5), forward=(1, 0, 0))
    cat = standing(2.25, 1.2, yaw=math.atan2(1.2, 2.25) + 0.75 * math.pi + 0.06)
    truth = scene(eye, man=standing(0, 0, yaw=0.3), dog=standing(1.75, 0.97, z=0.2), cat=cat)
    truth = replace(truth, noise=noise)
    poses = np.repeat(truth.T_world_body, count, axis=1)
    turns = rotvec_to_matrix(rng.normal(size=(3, count, 1)) * 0.05 * [0.0, 0.0, 1.0])
    poses[1:, :, :3, :3] = turns @ poses[1:, :, :3, :3]
    poses[..., :3, 3] += rng.normal(size=(4, count, 3)) * 0.1
    noisy = SceneTracks(
        names=truth.names,
        times_s=np.arange(count),
        T_world_body=poses,
        sizes=truth.sizes,
        valid=np.ones((4, count), bool),
        source="truth",
    )
    man = Viewpoint("man", level=True)
    asked = {
        "clock": lambda t: relations.clock(t, "dog", "man", man),
        "sides": lambda t: relations.sides(t, "dog", "man", man),
        "facing": lambda t: relations.facing(t, "cat", man),
        "nearer": lambda t: relations.nearer(t, "dog", "cat", "man"),
        "higher": lambda t: relations.higher(t, "dog", "cat", by=0.1),
    }
    for key, ask in asked.items():
        word, margin = ask(truth).at(0)
        assert 0.3 < margin < 2.0, key
        changed = np.mean([found != word for found in words(ask(noisy))])
        one_sided = 0.5 * math.erfc(margin / math.sqrt(2))
        assert changed == pytest.approx(one_sided, abs=0.02), key


def test_without_noise_answers_are_certain_and_on_a_boundary_they_are_not():
    tracks = scene(man=standing(0, 0), dog=standing(3, 0), cat=standing(2, 2))
    assert relations.clock(tracks, "dog", "man", Viewpoint("man")).at(0) == ("12 o'clock", math.inf)
    diagonal = scene(man=standing(0, 0, yaw=0.75 * math.pi))
    assert relations.facing(replace(diagonal, noise=Noise(heading_rad=0.1)), "man", CAMERA).at(0)[1] < 1e-9
    unknown = replace(tracks, noise=Noise(position=math.nan))
    word, margin = relations.clock(unknown, "dog", "man", Viewpoint("man")).at(0)
    assert word == "12 o'clock"
    assert math.isnan(margin)


def test_who_is_unknown_is_answered_with_unknown():
    tracks = scene(times=[0.0, 1.0], man=standing(0, 0), dog=standing(3, 0))
    tracks = replace(tracks, valid=np.array([[1, 1], [1, 1], [1, 0]], bool))
    found = relations.sides(tracks, "dog", "man", CAMERA)
    assert found.at(0)[0] == "front"
    assert found.at(1)[0] is None
    assert relations.sides(tracks, "man", "man", CAMERA).at(0)[0] is None
    assert relations.nearer(tracks, "dog", "man", "camera").at(1)[0] is None
    poses = tracks.T_world_body.copy()
    poses[1, :, :3, :3] = np.nan
    headless = replace(tracks, T_world_body=homogeneous(poses[..., :3, :]), sizes=[(0, 0, 0), *[(math.nan,) * 3] * 2])
    assert relations.sides(headless, "dog", "man", CAMERA).at(0)[0] == "front"
    assert relations.sides(headless, "dog", "man", Viewpoint("man")).at(0)[0] is None
    assert relations.facing(headless, "man", CAMERA).at(0)[0] is None
