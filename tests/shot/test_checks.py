"""Checks against brute force: what is planted is found, what is clean stays clean, and mending tells what it does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from brute_force import camera, looking, on_screen, rectangles, standing
from clean_shots import clean_shots
from planted_violations import Planted, planted
from scipy.spatial.transform import Rotation

from kinoeye.base.errors import InputError
from kinoeye.base.findings import severity_rank
from kinoeye.language import parse
from kinoeye.render import ShotSolids
from kinoeye.shot import Shot, stage
from kinoeye.shot.checks import CHECKS, RIGS, SHOT_SIZES, Checker, Limits, PointCloud, check, mend
from kinoeye.shot.checks.finding import frame_ranges

CASES = 256
"""Of which 208 are violations."""
VALUE = {"occlusion": 0.02}
"""How far a worst value may be from brute force's, as a share of it; 1 % where nothing is said."""


def checker_of(case: Planted) -> Checker:
    limits = Limits.for_rig(case.rig).with_values(case.limits)
    subjects = ("red thing",) if case.about == "red thing" else ()
    return Checker(limits=limits, rig=case.rig, surroundings=ShotSolids, subjects=subjects)


def mask(frames, count: int) -> np.ndarray:
    found = np.zeros(count, bool)
    for first, last in frames:
        found[first : last + 1] = True
    return found


def grown(frames: np.ndarray) -> np.ndarray:
    """With a frame more on either side."""
    return frames | np.append(frames[1:], False) | np.append(False, frames[:-1])


def test_planted_violations_are_found_in_their_frames_and_what_holds_by_five_per_cent_is_left_alone():
    kinds: dict[tuple[str, bool], int] = {}
    out_of_frame = 0
    for case in planted(CASES):
        finding = checker_of(case)(case.shot).find(case.code, case.about)
        words = f"{case.code}: {finding} by brute force {case.worst} in {np.flatnonzero(case.surely)}"
        assert finding is not None, words
        assert finding.holds != case.violated, words
        assert finding.worst == pytest.approx(case.worst, rel=VALUE.get(case.code, 0.01)), words
        said = mask(finding.frames, len(case.shot.camera))
        assert not (case.surely & ~grown(said)).any(), words
        assert not (said & ~grown(case.maybe)).any(), words
        out_of_frame += case.code.startswith("size") and not on_screen(case.shot, case.shot.actors[0]).all()
        kinds[case.code, case.violated] = kinds.get((case.code, case.violated), 0) + 1
    assert sum(count for (_, violated), count in kinds.items() if violated) >= 200
    assert {code for code, violated in kinds if not violated} == {code for code, _ in kinds}, "each kind also holds"
    assert out_of_frame >= 5, "frames in which a subject's size does not count"


def test_the_size_of_a_subject_counts_only_where_any_of_it_is_on_the_screen():
    thing = standing("red thing", "box", (0.0, 0.0), (0.6, 0.6, 1.7))
    eye = np.column_stack([np.full(25, 1.1), np.linspace(-6.0, -0.8, 25), np.full(25, 1.0)])  # passes it on its right
    shot = Shot(camera=camera(eye, looking(eye, [1.1, 900.0, 1.0])), actors=(thing,))
    seen = on_screen(shot, thing)
    assert seen[0]
    assert not seen[-1]
    low, high = rectangles(shot, thing)
    tall = (high - low)[:, 1] / shot.camera.size_wh[1]
    finding = check(shot).find("size-max", "red thing")
    assert finding is not None
    assert finding.worst == pytest.approx(tall[seen].max())
    assert tall[~seen].max() > 1.2 * tall[seen].max()
    away = Shot(camera=camera(eye, looking(eye, [1.1, -900.0, 1.0])), actors=(thing,))
    assert check(away, subjects=["red thing"]).find("size-max", "red thing") is None
    assert "size" in {row.code for row in check(away).skipped}


def test_nothing_is_invented_in_clean_shots():
    count = 0
    for shot in clean_shots(200):
        report = Checker(surroundings=ShotSolids, subjects=tuple(actor.name for actor in shot.actors))(shot)
        assert [row for row in report.violations if row.severity != "hint"] == [], shot.prompt
        assert report.holds
        count += 1
    assert count == 200


def test_mending_removes_each_planted_violation_or_says_why_not_and_tells_what_got_worse():
    mended_kinds, refused_kinds = set(), set()
    for case in planted(48):
        if not case.violated:
            continue
        checker = checker_of(case)
        mended = mend(case.shot, checker)
        before, after = checker(case.shot), checker(mended.shot)
        assert after.findings == mended.after.findings, "the answer is about the shot that comes back"
        finding = after.find(case.code, case.about)
        refused = [
            step for step in mended.steps if not step.done and (step.code, step.about) == (case.code, case.about)
        ]
        if finding is None or finding.holds:
            mended_kinds.add(case.code)
        else:
            refused_kinds.add(case.code)
            assert refused, f"{case.code} stays without a word"
            assert refused[0].how
        told = {(row.code, row.about): row for row in mended.comparisons}
        for row in (*before.findings, *after.findings):
            was, is_ = before.find(*row.key), after.find(*row.key)
            assert (told[row.key].before, told[row.key].after) == (was, is_)
            broken = is_ is not None and not is_.holds and (was is None or was.holds)
            grew = was and is_ and not was.holds and not is_.holds and is_.excess > was.excess + 0.02 * abs(was.limit)
            assert not (broken or grew) or told[row.key] in mended.worsened, row
    assert mended_kinds >= {"clearance", "in-frame", "occlusion", "size-min", "size-max", "speed", "acceleration",
                            "jerk", "angular-rate", "angular-acceleration", "roll"}  # fmt: skip
    assert refused_kinds <= {"line", "thirds", "rig", "occlusion"}


def test_mending_leaves_the_moves_that_the_text_asks_for():
    for sentence, code, words in (
        ("whip pan left past the red robot", "in-frame", "yaws left"),
        ("roll right 20 degrees", "roll", "rolls right 20 degrees"),
        ("zoom in ten times on the red robot", "size-max", "zooms in 10 times"),
    ):
        shot = stage(parse(sentence), seed=0)
        mended = mend(shot, Checker(surroundings=ShotSolids))
        assert mended.shot is shot
        told = next(step for step in mended.steps if step.code == code)
        assert not told.done
        assert f"undone: the text asks for '{words}" in told.how
        silent = mend(replace(shot, prompt=""), Checker(surroundings=ShotSolids, only=(code.partition("-max")[0],)))
        found = silent.after.find(told.code, told.about)
        assert found is not None
        assert found.holds, "without a text nothing is asked for"


def test_a_limit_or_rig_that_is_chosen_comes_before_the_text_and_says_so():
    rolled = stage(parse("roll right 20 degrees"), seed=0)
    mended = mend(rolled, Checker(limits=Limits(roll=3.0)))
    assert mended.after.find("roll").holds  # type: ignore[union-attr]
    assert "before 'rolls right 20 degrees', which the text asks for" in mended.steps[0].how
    quick = stage(parse("truck left 4 metres in 1 second past the red robot"), seed=1)
    slowed = mend(quick, Checker(limits=Limits.for_rig("dolly"), rig="dolly", surroundings=ShotSolids))
    assert slowed.after.holds
    assert any("before the pace of 'moves left 4 metres, over 1 second'" in step.how for step in slowed.steps)


def test_a_remedy_that_breaks_as_bad_a_check_is_undone_and_says_so():
    shot = stage(parse("orbit right 180 degrees around the red robot in 2 seconds"), seed=1)
    mended = mend(shot, Checker(limits=Limits.for_rig("tripod"), rig="tripod", surroundings=ShotSolids))
    assert mended.shot is shot
    told = next(step for step in mended.steps if (step.code, step.about) == ("rig", "shake"))
    assert (told.done, "undone: it would break rig of travel, rig of extent" in told.how) == (False, True)


@pytest.mark.parametrize("rig", [None, "dolly", "crane", "handheld"])
def test_only_a_worse_violation_that_was_mended_pays_for_one_that_got_worse(rig: str | None):
    for sentence in ("crane up three metres over the blue cone", "push in ten metres towards the blue cone",
                     "orbit right 120 degrees around the red robot in 2 seconds"):  # fmt: skip
        shot = replace(stage(parse(sentence), seed=1, size_wh=(96, 54)), prompt="")
        mended = mend(shot, Checker(limits=Limits.for_rig(rig), rig=rig, surroundings=ShotSolids))
        paid = [
            mended.before.find(row.code, row.about) for row in mended.comparisons if row.change in ("mended", "better")
        ]
        for row in mended.worsened:
            assert any(
                found is not None
                and row.after is not None
                and severity_rank(found.severity) <= severity_rank(row.after.severity)
                for found in paid
            ), (sentence, row)


def straight(start, end, *, n=25, target=(0.0, 600.0, 1.5), **options) -> Shot:
    eye = np.linspace(start, end, n)
    return Shot(camera=camera(eye, looking(eye, list(target)), **options))


def test_an_approach_that_no_frame_shows_is_found():
    pole = standing("pole", "cylinder", (0.25, 0.0), (0.1, 0.1, 3.0))
    shot = replace(straight((-2.0, 0.35, 1.5), (2.0, 0.35, 1.5), n=5), actors=(pole,))  # a metre a frame
    finding = check(shot, surroundings=ShotSolids, limits=Limits(clearance=0.35)).find("clearance")
    assert finding is not None
    assert finding.worst == pytest.approx(0.3, abs=2e-3)
    assert finding.frames == ((2, 3),)
    assert "pole" in finding.message


def test_the_ground_counts_and_the_camera_may_not_dive():
    finding = check(straight((0, 0, 1.0), (0, 0, 0.2)), surroundings=ShotSolids).find("clearance")
    assert finding is not None
    assert (finding.worst, finding.holds) == (pytest.approx(0.2), False)
    assert "the ground" in finding.message
    under = check(straight((0, 0, 1.0), (0, 0, -1.0)), surroundings=ShotSolids).find("clearance")
    assert under is not None
    assert under.worst == 0.0


def test_a_point_cloud_and_a_depth_map_are_kept_clear_of():
    shot = straight((0, 0, 1.5), (3.0, 0, 1.5), target=(60.0, 0.0, 1.5))
    wall = np.stack(np.meshgrid([3.1], np.linspace(-1, 1, 41), np.linspace(0.5, 2.5, 41)), -1).reshape(-1, 3)
    found = check(shot, surroundings=PointCloud(wall)).find("clearance")
    assert found is not None
    assert found.worst == pytest.approx(0.1, abs=1e-6)
    depth = np.full((54, 96), 3.1)
    depth[:5] = np.inf  # the sky
    from_depth = check(shot, surroundings=PointCloud.from_depth(depth, shot.camera)).find("clearance")
    assert from_depth is not None
    assert from_depth.worst == pytest.approx(0.1, abs=5e-3)  # the middle of the picture lies between four pixels
    skipped = {row.code: row.reason for row in check(shot, surroundings=PointCloud(wall)).skipped}
    assert "hide each other" in skipped["occlusion"]


@pytest.mark.parametrize("offset", [0.0, 3000.0])
def test_speed_acceleration_and_jerk_of_a_cubic_are_exact_at_uneven_times(offset: float):
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.04, 0.12, 40))
    eye = np.outer(times**3 / 6, [3.0, 4.0, 0.0]) + np.array([0, 0, 2.0])
    shot = Shot(camera=camera(eye, looking(eye, [0.0, 900.0, 2.0]), times=times + offset))
    report = check(shot, limits=Limits(jerk=4.9, acceleration=1e9, speed=1e9))
    jerk, acceleration = report.find("jerk"), report.find("acceleration")
    assert jerk is not None
    assert jerk.worst == pytest.approx(5.0, rel=1e-5)
    assert jerk.frames == ((1, 38),)
    assert acceleration is not None
    assert acceleration.worst == pytest.approx(5.0 * times[-3:].mean(), rel=1e-6)


def test_noise_at_a_high_rate_is_no_jolt_but_a_jump_is():
    times = np.arange(200) / 200
    eye = np.column_stack([times, 0 * times, 2 + 0 * times]) + np.random.default_rng(1).normal(size=(200, 3)) * 2e-4
    calm = Shot(camera=camera(eye, looking(eye, [90.0, 0.0, 2.0]), times=times))
    assert check(calm).holds
    eye[100:] += [0.0, 0.8, 0.0]
    jump = check(Shot(camera=camera(eye, looking(eye, [90.0, 0.0, 2.0]), times=times)))
    assert {row.code for row in jump.violations} >= {"speed", "acceleration", "jerk"}
    speed = jump.find("speed")
    assert speed is not None
    ((first, last),) = speed.frames
    assert first <= 99 <= 100 <= last
    assert last - first < 14  # a thirtieth of a second on either side


def test_checks_that_need_metres_or_a_vertical_are_skipped_with_words():
    shot = straight((0, 0, 1.5), (2, 0, 1.5))
    unknown = shot.with_camera(replace(shot.camera, track=replace(shot.camera.track, unit="arbitrary", up=None)))
    report = check(unknown, surroundings=PointCloud(np.zeros((1, 3))), rig="dolly")
    reasons = {row.code: row.reason for row in report.skipped}
    assert {"clearance", "speed", "acceleration", "jerk", "roll", "line", "rig"} <= set(reasons)
    assert "--unit" in reasons["clearance"]
    assert "--unit" in reasons["jerk"]
    assert "--up" in reasons["roll"]
    assert "--up" in reasons["line"]
    assert "`kinoeye stage`" in reasons["size"]
    assert report.find("angular-rate") is not None
    assert all(verdict.can is None for verdict in report.rigs.values())
    untimed = Checker(timed=False)(shot)
    assert {row.code for row in untimed.skipped} >= {"speed", "angular-rate"}
    assert all("--fps" in row.reason for row in untimed.skipped if row.code in ("speed", "angular-rate"))
    assert all("--depth" in row.reason for row in untimed.skipped if row.code == "clearance")
    assert untimed.rigs["dolly"].can is True


@pytest.mark.parametrize(
    ("start", "end", "seconds", "able"),
    [
        ((0, 0, 1.5), (0, 0, 1.5), 2.0, {"tripod", "dolly", "crane", "handheld", "drone"}),
        ((0, 0, 1.5), (2, 1, 1.5), 4.0, {"dolly", "crane", "handheld", "drone"}),
        ((0, 0, 1.5), (1, 0, 2.5), 4.0, {"crane", "handheld", "drone"}),
        ((0, 0, 1.5), (0, 20, 1.5), 20.0, {"dolly", "handheld", "drone"}),
        ((0, 0, 1.5), (40, 0, 9.0), 10.0, {"drone"}),
        ((0, 0, 1.5), (400, 0, 1.5), 4.0, set()),
    ],
)
def test_the_rigs_that_can_make_a_move(start, end, seconds: float, able: set[str]):
    n = int(24 * seconds) + 1
    t = np.linspace(0, 1, n)
    ease = (t**3 * (10 - 15 * t + 6 * t * t))[:, None]
    eye = np.asarray(start) + ease * (np.asarray(end, float) - start)
    shot = Shot(camera=camera(eye, looking(eye, [0.0, 9000.0, 1.5])))
    report = check(shot)
    assert {rig for rig, verdict in report.rigs.items() if verdict.can} == able, report.rigs
    for rig in RIGS:
        held = check(shot, rig=rig)
        assert held.holds == (rig in able), (rig, held.violations)


def test_a_shaking_hand_shakes_no_more_than_a_hand():
    t = np.arange(73) / 24
    for amplitude, can in ((0.01, True), (0.12, False)):
        eye = np.column_stack([amplitude * np.sin(2 * math.pi * 4 * t), 0.2 * t, 1.5 + 0 * t])
        report = check(Shot(camera=camera(eye, looking(eye, [0.0, 900.0, 1.5]))), rig="handheld")
        finding = report.find("rig", "shake")
        assert finding is not None
        assert finding.holds == can


def test_shot_sizes_are_bands_that_meet():
    assert Limits().with_shot_size("Close-Up").size_min == SHOT_SIZES["medium close up"][1]
    shot = stage(parse("hold for 1 second on the red robot"), seed=0)
    report = check(shot, limits=Limits().with_shot_size("long shot"))
    finding = report.find("size-max", "red robot") or report.find("size-min", "red robot")
    assert finding is not None
    closer = check(shot, limits=Limits().with_shot_size("close up")).find("size-min", "red robot")
    assert closer is not None
    assert not closer.holds


def test_the_subjects_are_those_that_the_moves_name_or_else_all():
    shot = stage(parse("orbit left 30 degrees around the red robot. a blue cone stands still"), seed=0)
    assert {row.about for row in check(shot).findings if row.code == "in-frame"} == {"red robot"}
    shot = stage(parse("push in half a metre. a red robot and a blue cone stand still"), seed=0)
    assert {row.about for row in check(shot).findings if row.code == "in-frame"} == {a.name for a in shot.actors}
    assert {row.about for row in check(shot, subjects=["blue cone"]).findings if row.code == "in-frame"} == {
        "blue cone"
    }


def test_only_and_skip_choose_checks_and_wrong_names_are_one_line():
    shot = straight((0, 0, 1.5), (2, 0, 1.5))
    assert {row.code for row in Checker(only=("speed", "roll"))(shot).findings} == {"speed", "roll"}
    assert "speed" not in {row.code for row in Checker(skip=("speed",))(shot).findings}
    assert Checker(only=("rig",))(shot).rigs == Checker()(shot).rigs != {}
    assert Checker(only=("speed",))(shot).rigs == Checker(skip=("rig",))(shot).rigs == {}
    for wrong in (
        lambda: Checker(only=("sped",)),
        lambda: Checker(rig="boat"),
        lambda: Limits().with_values({"sped": 1.0}),
        lambda: Limits().with_values({"in-frame": 1.5}),
        lambda: Limits().with_values({"speed": math.nan}),
        lambda: Limits().with_shot_size("huge"),
        lambda: check(shot, subjects=["nobody"]),
    ):
        with pytest.raises(InputError):
            wrong()
    assert set(CHECKS) >= {"clearance", "in-frame", "occlusion", "size", "thirds", "line", "roll", "rig"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_shot_of_a_few_frames_is_checked_as_far_as_it_goes(count: int):
    shot = stage(parse("push in towards the red robot"), seed=0, num_frames=count)
    report = check(shot, surroundings=ShotSolids)
    assert report.holds
    assert ("speed" in {row.code for row in report.skipped}) == (count == 1)
    assert mend(shot, Checker(surroundings=ShotSolids)).shot is shot


def test_a_shot_that_holds_comes_back_as_it_is():
    shot = stage(parse("orbit left 30 degrees around the red robot"), seed=0)
    mended = mend(shot, Checker(surroundings=ShotSolids, skip=("thirds",)))
    assert mended.shot is shot
    assert (mended.moved_m, mended.turned_deg, mended.longer_s) == (0.0, 0.0, 0.0)
    assert mended.worsened == ()


def test_slowing_down_keeps_the_picture_and_the_frame_rate():
    shot = stage(parse("truck left 3 metres in 1 second past the red robot"), seed=0)
    mended = mend(shot, Checker(limits=Limits(speed=2.0), only=("speed",)))
    assert mended.after.holds
    assert mended.moved_m < 0.02
    old, new = shot.camera, mended.shot.camera
    assert float(new.times_s.diff().max()) == pytest.approx(float(old.times_s.diff().max()), rel=0.03)
    assert new.track.duration_s == pytest.approx(old.track.duration_s + mended.longer_s)
    actor = shot.actors[0].track.at(old.times_s[-1:]).T_world_body
    later = mended.shot.actors[0].track.at(new.times_s[-1:]).T_world_body
    assert torch.allclose(actor.translation, later.translation)


def test_frames_join_to_stretches():
    assert frame_ranges([], []) == ()
    assert frame_ranges([7, 0, 1, 3], [8, 0, 1, 5]) == ((0, 1), (3, 5), (7, 8))


def test_a_level_camera_that_turns_has_no_roll_and_one_that_looks_up_has_no_horizon():
    eye = np.tile([0.0, 0.0, 1.5], (30, 1))
    level = looking(eye, [5.0, 0.0, 1.5]) @ Rotation.from_euler("x", np.linspace(0, 1.2, 30)[:, None]).as_matrix()
    finding = check(Shot(camera=camera(eye, level))).find("roll")
    assert finding is not None
    assert finding.worst < 1e-6
    up = looking(eye, [5.0, 0.0, 1.5]) @ Rotation.from_euler("x", np.full((30, 1), math.pi / 2)).as_matrix()
    assert any(row.code == "roll" for row in check(Shot(camera=camera(eye, up))).skipped)
