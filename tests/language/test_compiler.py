from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.base.records import from_json, to_json
from kinoeye.geometry.convention import matrix_to_rotvec
from kinoeye.language import (
    Action,
    Anchor,
    GrammarDirector,
    Move,
    Plan,
    compile_path,
    motion_tags,
    parse,
    segments,
    tag_name,
)
from kinoeye.language.compiler import compile as compile_plan
from kinoeye.language.motion.profile import RAMPS, progress
from kinoeye.language.motion.screw import body_motion, exp_se3

# Level, 1.6 m above the ground, looking along +x.
START = np.array([[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 1.6], [0.0, 0.0, 0.0, 1.0]])
ROBOT = {"red robot": Anchor((4.0, 0.0, 0.0), (0.5, 0.5, 1.7))}
AT_CAMERA = {"a": Anchor((0.0, 0.0, 0.0))}
CENTRE = np.array([4.0, 0.0, 0.85])


def one(kind, direction="", **fields):
    return Plan((Move((Action(kind, direction, **fields),)),))


def facing_error(path, point):
    offset = point - path.T_world_cam[:, :3, 3]
    cosine = np.einsum("ni,ni->n", path.T_world_cam[:, :3, 2], offset) / np.linalg.norm(offset, axis=1)
    return np.arccos(np.clip(cosine, -1, 1))


@pytest.mark.parametrize(
    ("kind", "direction", "axis", "sign"),
    [
        ("truck", "right", 0, 1),
        ("truck", "left", 0, -1),
        ("pedestal", "down", 1, 1),
        ("pedestal", "up", 1, -1),
        ("dolly", "forward", 2, 1),
        ("dolly", "backward", 2, -1),
    ],
)
def test_translations_go_along_the_camera_axes_exactly(kind, direction, axis, sign):
    path = compile_path(one(kind, direction, amount=2.0))
    expected = np.zeros(3)
    expected[axis] = 2.0 * sign
    np.testing.assert_allclose(path.T_world_cam[-1, :3, 3], expected, atol=1e-12)
    np.testing.assert_array_equal(path.T_world_cam[0], np.eye(4))


@pytest.mark.parametrize(
    ("kind", "direction", "rotvec"),
    [
        ("yaw", "right", (0, 1, 0)),
        ("yaw", "left", (0, -1, 0)),
        ("pitch", "up", (1, 0, 0)),
        ("pitch", "down", (-1, 0, 0)),
        ("roll", "right", (0, 0, 1)),
        ("roll", "left", (0, 0, -1)),
    ],
)
def test_rotations_are_exact_and_in_place(kind, direction, rotvec):
    path = compile_path(one(kind, direction, amount=math.radians(30)))
    turned = matrix_to_rotvec(path.T_world_cam[-1, :3, :3])
    np.testing.assert_allclose(turned, math.radians(30) * np.array(rotvec), atol=1e-12)
    np.testing.assert_allclose(path.T_world_cam[:, :3, 3], 0.0, atol=1e-12)


def test_move_axes_are_the_cameras_own_at_each_instant():
    path = compile_path(parse("turn left 90 degrees, then move forward 2 metres"), start=START)
    np.testing.assert_allclose(path.T_world_cam[-1, :3, 3], [0.0, 2.0, 1.6], atol=1e-12)
    arc = compile_path(parse("move forward 2 metres while yawing left 90 degrees"), start=START)
    radius = 2.0 / (math.pi / 2)
    np.testing.assert_allclose(arc.T_world_cam[-1, :3, 3], [radius, radius, 1.6], atol=1e-9)


def test_a_diagonal_has_the_stated_length():
    path = compile_path(parse("moves left and forward two metres"))
    assert np.linalg.norm(path.T_world_cam[-1, :3, 3]) == pytest.approx(2.0, abs=1e-12)


def test_slightly_scales_the_whole_move_and_keeps_its_direction():
    plain = compile_path(parse("move left and forward while yawing right over 2 seconds"))
    slight = compile_path(parse("slightly move left and forward while yawing right over 2 seconds"))
    lengths = [np.linalg.norm(np.diff(p.T_world_cam[:, :3, 3], axis=0), axis=1).sum() for p in (plain, slight)]
    assert lengths[1] / lengths[0] == pytest.approx(0.55, abs=1e-3)
    assert [tag_name(t) for *_, t in segments(motion_tags(slight.T_world_cam))] == ["left and forward + yaw right"]


@pytest.mark.parametrize(
    ("direction", "end"),
    [("right", (4, -3, 1.6)), ("left", (4, 3, 1.6)), ("up", (4, 0, 4.6)), ("down", (4, 0, -1.4))],
)
def test_quarter_orbit_goes_where_its_name_says(direction, end):
    start = START.copy()
    start[0, 3] = 1.0
    pivot = Anchor((4.0, 0.0, 1.6))
    path = compile_path(one("orbit", direction, amount=math.pi / 2, target="it"), anchors={"it": pivot}, start=start)
    np.testing.assert_allclose(path.T_world_cam[-1, :3, 3], end, atol=1e-9)
    assert facing_error(path, np.array([4.0, 0.0, 1.6])).max() < 1e-7
    # To its right is counter-clockwise seen from above.
    if direction == "right":
        assert np.linalg.det([path.T_world_cam[0, :2, 3] - 4 * np.eye(2)[0], path.T_world_cam[-1, :2, 3] - [4, 0]]) > 0


@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
def test_orbit_keeps_the_distance_and_turns_to_its_subject(direction):
    start = START @ exp_se3([0.0, 0.0, 0.0, 0.1, 0.4, 0.05])
    path = compile_path(one("orbit", direction, target="red robot"), anchors=ROBOT, start=start)
    distance = np.linalg.norm(path.T_world_cam[:, :3, 3] - CENTRE, axis=1)
    np.testing.assert_allclose(distance, distance[0], atol=1e-9)
    error = facing_error(path, CENTRE)
    assert error[0] > 0.3
    assert error[len(error) // 2 :].max() < 1e-6
    turned = body_motion(path.T_world_cam)[1]
    assert np.linalg.norm(turned, axis=1).max() < math.radians(5)


def test_orbit_while_rising_holds_the_subject_in_view():
    path = compile_path(parse("orbit right 90° around the red robot while rising 1 m"), anchors=ROBOT, start=START)
    assert facing_error(path, CENTRE)[len(path.times_s) // 2 :].max() < 1e-6
    assert path.T_world_cam[-1, 2, 3] > 2.3


def test_an_orbit_about_nobody_is_about_a_point_ahead_which_is_reported():
    path = compile_path(parse("orbit left around the red robot at a distance of 3 m"), start=START)
    np.testing.assert_allclose(path.subjects["red robot"], [3.0, 0.0, 1.6], atol=1e-12)
    again = compile_path(
        parse("orbit left around the red robot at a distance of 3 m"),
        anchors={"red robot": Anchor((3.0, 0.0, 1.6))},
        start=START,
    )
    np.testing.assert_allclose(again.T_world_cam, path.T_world_cam, atol=1e-9)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_dolly_zoom_keeps_the_size_of_its_subject(direction):
    path = compile_path(one("dolly_zoom", direction, amount=1.5, target="red robot"), anchors=ROBOT, start=START)
    depth = 4.0 - path.T_world_cam[:, 0, 3]
    assert abs(depth[-1] - depth[0]) == pytest.approx(1.5)
    size = 1.0 / np.tan(path.fov_x / 2) / depth
    np.testing.assert_allclose(size, size[0], rtol=1e-12)
    assert (path.fov_x[-1] > path.fov_x[0]) == (direction == "in")


@pytest.mark.parametrize(("words", "ratio"), [("zoom in 2x", 2.0), ("zoom out 2x", 0.5), ("zoom in 50%", 1.5)])
def test_zoom_multiplies_the_focal_length(words, ratio):
    path = compile_path(parse(words), fov_x=math.radians(50))
    focal = 1.0 / np.tan(path.fov_x / 2)
    assert focal[-1] / focal[0] == pytest.approx(ratio, rel=1e-12)
    np.testing.assert_array_equal(path.T_world_cam, np.tile(np.eye(4), (len(focal), 1, 1)))


def test_look_at_ends_on_its_target_and_follow_moves_with_it():
    anchors = {"red robot": Anchor((4.0, 2.0, 0.0), (0.5, 0.5, 1.7), velocity_xyz=(0.0, -1.0, 0.0))}
    look = compile_path(parse("look at the red robot over 2 seconds"), anchors=anchors, start=START)
    assert facing_error(look, np.array([4.0, 0.0, 0.85]))[-1] < 1e-6
    follow = compile_path(parse("follow the red robot for 2 seconds"), anchors=anchors, start=START)
    np.testing.assert_allclose(follow.T_world_cam[-1, :3, 3], [0.0, -2.0, 1.6], atol=1e-12)


def test_an_approach_stops_before_its_target():
    path = compile_path(parse("push in on the red robot quickly over 10 seconds"), anchors=ROBOT, start=START)
    assert path.T_world_cam[-1, 0, 3] == pytest.approx(0.6 * np.linalg.norm(CENTRE - START[:3, 3]), rel=1e-9)


def test_timing_follows_the_text():
    path = compile_path(parse("dolly in for 2 s, hold for 1 s, then pan left 50 degrees over 4 seconds"))
    assert path.times_s[-1] == pytest.approx(7.0)
    np.testing.assert_allclose(path.bounds, [0, 48, 72, 168])
    assert compile_path(parse("move forward two metres at 2 m/s")).times_s[-1] == pytest.approx(1.0)
    assert len(compile_path(parse("pan left")).times_s) == 49
    assert len(compile_path(parse("A 3 second shot at 10 fps. Pan left, then tilt up.")).times_s) == 31


def test_a_given_length_wins_and_every_move_ends_on_a_frame():
    plan = parse("dolly in 2 m, then pan left 30 degrees, then hold for 1 second")
    path = compile_path(plan, num_frames=81)
    assert len(path.times_s) == 81
    np.testing.assert_array_equal(path.bounds, np.rint(path.bounds))
    assert path.bounds[-1] - path.bounds[-2] == 24
    at = int(path.bounds[1])
    np.testing.assert_allclose(path.T_world_cam[at, :3, 3], [0, 0, 2], atol=1e-12)


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_very_short_paths_keep_both_ends(frames):
    path = compile_path(parse("dolly in 2 m, pan left 30 degrees, hold, tilt up 10 degrees"), num_frames=frames)
    assert len(path.T_world_cam) == len(path.fov_x) == len(path.times_s) == frames
    np.testing.assert_array_equal(path.T_world_cam[0], np.eye(4))
    assert np.isfinite(path.T_world_cam).all()
    if frames > 1:
        np.testing.assert_allclose(path.T_world_cam[-1, :3, 3], [0, 0, 2], atol=1e-12)


def test_the_path_does_not_depend_on_the_frame_rate():
    plan = parse("move forward 1 m while yawing left 40 degrees over 2 s, then orbit right 60 degrees over 2 s")
    slow, fast = compile_path(plan, fps=12), compile_path(plan, fps=48)
    np.testing.assert_allclose(fast.T_world_cam[::4], slow.T_world_cam, atol=1e-12)


def test_rotations_stay_orthonormal():
    path = compile_path(parse("spin 720 degrees while rising, orbit right twice around, roll left 300 degrees"))
    R = path.T_world_cam[:, :3, :3]
    np.testing.assert_allclose(R @ R.transpose(0, 2, 1), np.tile(np.eye(3), (len(R), 1, 1)), atol=1e-12)


def test_handheld_is_small_seeded_and_does_not_change_tags():
    plan = parse("hold for 4 seconds, handheld")
    first, same, other = (compile_path(plan, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.T_world_cam, same.T_world_cam)
    assert np.abs(first.T_world_cam - other.T_world_cam).max() > 1e-4
    assert np.abs(matrix_to_rotvec(first.T_world_cam[:, :3, :3])).max() > 1e-3
    for seed in range(20):
        shaken = compile_path(parse("push in, handheld, then hold, handheld"), seed=seed)
        assert [tag_name(t) for *_, t in segments(motion_tags(shaken.T_world_cam))] == ["forward", "static"]


@given(st.sampled_from(list(RAMPS)), st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_progress_is_monotone_from_zero_to_one(easing, shares):
    done = progress(np.sort(shares), easing)
    assert (np.diff(done) >= -1e-15).all()
    assert progress(0.0, easing) == 0.0
    assert progress(1.0, easing) == 1.0


def test_easing_shapes_the_speed():
    def speed(easing):
        return np.diff(progress(np.linspace(0, 1, 101), easing))

    assert np.ptp(speed("linear")) < 1e-12
    assert speed("ease_in")[0] < 0.1 * speed("ease_in")[-1]
    assert speed("ease_out")[-1] < 0.1 * speed("ease_out")[0]
    assert max(speed("ease_in_out")[[0, -1]]) < 0.1 * speed("ease_in_out")[50]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: compile_path(parse("pan left"), num_frames=0), "frames"),
        (lambda: compile_path(parse("pan left"), fps=-1), "frames per second"),
        (lambda: compile_path(parse("pan left"), duration_s=math.nan), "duration"),
        (lambda: compile_path(parse("pan left"), duration_s=1e9), "frames"),
        (lambda: compile_path(parse("pan left"), fov_x=4.0), "field of view"),
        (lambda: compile_path(parse("pan left"), start=np.full((4, 4), np.nan)), "start pose"),
        (lambda: compile_path(parse("zoom in 1000x")), "zoom"),
        (lambda: compile_path(parse("dolly zoom in 5 m")), "reaches its subject"),
        (lambda: compile_path(one("orbit", "left", target="a"), anchors=AT_CAMERA), "centre of its orbit"),
        (lambda: Action("fly"), "unknown action"),
        (lambda: Action("yaw", "up"), "cannot go"),
        (lambda: Action("yaw", "left", amount=-1.0), "out of range"),
        (lambda: Action("yaw", "left", amount=math.nan), "out of range"),
        (lambda: Move(()), "no action"),
        (lambda: Move((Action("yaw", "left"), Action("yaw", "left", amount=1.0))), "yaw left twice"),
        (lambda: Move((Action("hold"),), easing="bouncy"), "unknown easing"),
        (lambda: Move((Action("hold"),), duration_s=0.0), "out of range"),
        (lambda: GrammarDirector()("pan left", n=0), "candidates"),
        (lambda: GrammarDirector()("pan left", frame=object()), "frame"),
    ],
)  # fmt: skip
def test_bad_requests_are_one_line(call, words):
    with pytest.raises(InputError, match=words) as error:
        call()
    assert "\n" not in str(error.value)


def test_plans_are_records():
    plan = parse("A red robot walks left in the snow. Orbit right 90° around it over 3 s, then zomm in, cinematically.")
    assert plan.unused
    assert plan.read_as
    assert from_json(Plan, json.loads(json.dumps(to_json(plan)))) == plan


def test_compile_gives_a_trajectory():
    trajectory = compile_plan(parse("dolly zoom in"), num_frames=17, fps=8, size_wh=(320, 180), fov_x=1.0)
    assert len(trajectory) == 17
    assert trajectory.size_wh == (320, 180)
    assert trajectory.track.unit == "m"
    assert trajectory.intrinsics.fov()[0, 0].item() == pytest.approx(1.0)
    assert trajectory.intrinsics.fov()[-1, 0].item() > 1.0


def test_director_gives_candidates_of_the_same_moves():
    directed = GrammarDirector(num_frames=33)("push in, then pan left 30 degrees", n=3, seed=4)
    assert [len(item.path) for item in directed] == [33] * 3
    assert directed[0].plan == parse("push in, then pan left 30 degrees")
    assert directed[1].plan != directed[2].plan
    again = GrammarDirector(num_frames=33)("push in, then pan left 30 degrees", n=3, seed=4)
    assert [item.plan for item in again] == [item.plan for item in directed]


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("pan left 400000 degrees", {}, "yaw left by 400000 degrees in 20 s at 24 frames a second.*at most 76031 degr"),
        ("Push in. Then orbit right 1000 degrees over 2 seconds", {"fps": 2.0}, "orbit right by 1000 .* at most"),
        ("roll left at 9000 degrees per second", {}, "roll left by 18000 degrees in 2 s"),
        ("tilt up 200 degrees", {"num_frames": 2}, "at most 180 degrees"),
    ],
)
def test_turns_that_no_film_shows_are_refused_with_the_most_that_one_does(text: str, options: dict, says: str):
    with pytest.raises(InputError, match=says) as refused:
        compile_path(parse(text), **options)
    assert "\n" not in str(refused.value)


def test_the_most_that_a_film_shows_is_shown():
    path = compile_path(parse("pan left 76031 degrees"))
    cosines = 0.5 * (np.einsum("nji,nji->n", path.T_world_cam[1:, :3, :3], path.T_world_cam[:-1, :3, :3]) - 1.0)
    assert np.degrees(np.arccos(cosines.clip(-1.0, 1.0))).max() == pytest.approx(180.0, abs=0.1)
    assert len(compile_path(parse("whip pan left 90 degrees")).times_s) > 2
