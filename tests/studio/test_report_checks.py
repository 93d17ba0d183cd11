"""The section "Checks" of a report tells what the checks found, all of it and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import torch

from kinoeye.formats import write_path
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.language import parse
from kinoeye.render import ShotSolids
from kinoeye.shot import Shot, stage
from kinoeye.shot.checks import CheckReport, Finding, check
from kinoeye.studio import report_for
from kinoeye.studio.check_section import NAMED_STRETCHES
from kinoeye.studio.report import Report, report_html

THROUGH = "push in ten metres towards the blue cone"


@pytest.fixture(scope="module")
def through() -> Shot:
    return stage(parse(THROUGH), seed=0, size_wh=(96, 64))


@pytest.fixture(scope="module")
def found(through: Shot) -> CheckReport:
    return check(through, surroundings=ShotSolids)


def section(report: Report) -> str:
    match = re.search(r'<section class="card" id="checks">.*?</section>', report_html(report), re.DOTALL)
    assert match is not None
    return match[0]


def rows(html: str) -> list[list[str]]:
    """The words of each cell of the findings' table."""
    table = html.partition('<table class="findings">')[2].partition("</table>")[0]
    found = re.findall(r'<tr class="\w+">(.*?)</tr>', table)
    return [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td.*?>(.*?)</td>", row)] for row in found]


def test_a_camera_that_goes_through_its_subject_is_told_with_its_frames(through: Shot, found: CheckReport):
    shown = rows(section(Report(shot=through, plan=parse(THROUGH), checks=found)))
    clearance = found.find("clearance")
    assert clearance is not None
    ((first, last),) = clearance.frames
    eye = through.camera.T_world_cam.translation
    cone = through.actor("blue cone")
    place = cone.track.T_world_body.translation[0]
    inside = torch.nonzero((eye - place)[:, :2].norm(dim=-1) < cone.size_xyz[0] / 4).flatten()
    assert first <= inside[0] <= inside[-1] <= last  # the frames are those at the cone, whatever the checks say
    row = next(row for row in shown if row[1].startswith("clearance"))
    assert row == [
        "error", "clearancethe camera comes within 0 m of blue cone", "0 m", "at least 0.3 m", f"{first}–{last}",
    ]  # fmt: skip


def test_violations_come_first_errors_before_warnings_before_hints(through: Shot, found: CheckReport):
    results = [row[0] for row in rows(section(Report(shot=through, checks=found)))]
    order = ["error", "warning", "hint", "holds"]
    assert set(results) == set(order)
    assert results == sorted(results, key=order.index)
    assert len(results) == len(found.findings)


def test_the_verdict_counts_and_only_a_sentence_is_filmed_all_the_same(through: Shot, found: CheckReport):
    asked = section(Report(shot=through, plan=parse(THROUGH), checks=found))
    assert "4 of 12 checks do not hold: 2 errors, 1 warning, 1 hint. What the sentence asks for is filmed" in asked
    assert "filmed" not in section(Report(shot=through, checks=found))
    held = CheckReport(tuple(f for f in found.findings if f.holds), (), {})
    assert "All 8 checks hold." in section(Report(shot=through, plan=parse(THROUGH), checks=held))
    hint = tuple(f for f in found.findings if f.holds or f.severity == "hint")
    assert "1 of 9 checks does not hold: 1 hint.</p>" in section(
        Report(shot=through, plan=parse(THROUGH), checks=CheckReport(hint, (), {}))
    )
    assert "Too little is known" in section(Report(shot=through, checks=CheckReport((), found.skipped, {})))


def test_rigs_say_yes_no_or_perhaps_and_why(through: Shot, found: CheckReport):
    html = section(Report(shot=through, checks=found))
    cells = re.findall(r'<tr><td>(\w+)</td><td><b class="can \w+">(\w+)</b></td><td>(.*?)</td>', html)
    assert {rig: word for rig, word, _ in cells} == {
        "tripod": "no", "dolly": "yes", "crane": "yes", "handheld": "yes", "drone": "yes",
    }  # fmt: skip
    assert cells[0][2] == "travel 10 m, at most 0.05 m; extent 10 m, at most 0.1 m"
    nowhere = Trajectory(replace(through.camera.track, up=None), through.camera.intrinsics)
    lost = section(Report(shot=Shot(camera=nowhere), checks=check(Shot(camera=nowhere))))
    assert '<tr><td>drone</td><td><b class="can perhaps">perhaps</b></td><td>the vertical of the world' in lost


def test_what_was_not_checked_says_why_once_a_reason(through: Shot):
    html = section(Report(shot=through, checks=check(Shot(camera=through.camera))))
    assert "<li><b>in-frame, size, thirds, line</b>: there is no subject (" in html
    assert "<li><b>clearance</b>: nothing is known of the surroundings" in html


def spans(html: str) -> list[tuple[str, str, float, float]]:
    """Severity, check, left and right end of each mark on the time line."""
    marks = re.findall(r'<i class="(\w+)" title="(.*?)" style="left: ([\d.]+)%; width: ([\d.]+)%"></i>', html)
    return [(kind, name, float(left) / 100, (float(left) + float(width)) / 100) for kind, name, left, width in marks]


def test_the_time_line_marks_the_frames_that_fail(through: Shot, found: CheckReport):
    marks = spans(report_html(Report(shot=through, checks=found)))
    assert [kind for kind, *_ in marks] == ["hint", "warning", "error", "error"]  # the worst is drawn last
    clearance = found.find("clearance")
    assert clearance is not None
    ((first, last),) = clearance.frames
    (_, _, left, right) = next(mark for mark in marks if mark[1] == "clearance")
    count = len(through.camera)
    assert (left, right) == pytest.approx((first / count, (last + 1) / count), abs=1e-5)
    held = CheckReport(tuple(f for f in found.findings if f.holds), (), {})
    assert 'class="faults"' not in report_html(Report(shot=through, checks=held))


def test_many_short_failures_are_named_in_part_and_marked_in_full(through: Shot, found: CheckReport):
    frames = tuple((frame, frame) for frame in range(0, 40, 2))
    finding = replace(found.findings[0], holds=False, frames=frames)
    html = report_html(Report(shot=through, checks=CheckReport((finding,), (), {})))
    (row,) = rows(html)
    assert row[4] == f"0, 2, 4, 6, 8, 10 and {len(frames) - NAMED_STRETCHES} more"
    assert len(spans(html)) == len(frames)


def test_marks_too_close_to_be_told_apart_are_one():
    times = torch.arange(4000).double() / 100
    camera = Trajectory(Track(SE3.identity(4000), times), Intrinsics.from_fov(1.0, (64, 48)))
    finding = Finding(
        code="roll", severity="warning", holds=False, frames=tuple((i, i) for i in range(0, 2000, 2)), worst=9.0,
        worst_frame=0, unit="deg", limit=5.0, sense="at most", message="the horizon leans by 9 deg (at most 5 deg)",
    )  # fmt: skip
    html = report_html(Report(shot=Shot(camera=camera), checks=CheckReport((finding,), (), {})))
    ((_, _, left, right),) = spans(html)
    assert (left, right) == pytest.approx((0, 1999 / 4000), abs=1e-6)
    assert rows(html)[0][1:4] == ["rollthe horizon leans by 9°", "9°", "at most 5°"]


def test_units_are_printed_as_in_books(through: Shot):
    fast = stage(parse("pan left 360 degrees in half a second"), seed=0, size_wh=(96, 64))
    html = section(Report(shot=fast, checks=check(fast, surroundings=ShotSolids)))
    assert re.search(r"the camera turns at \d+ °/s<", html)
    assert "at most 6000 °/s²" in html
    assert "at most 1500 m/s³" in html
    assert " deg" not in html


def test_a_report_of_checks_is_kept_exactly(found: CheckReport, tmp_path: Path):
    found.save(tmp_path / "checks.json")
    assert CheckReport.load(tmp_path / "checks.json") == found


def test_a_shot_is_viewed_with_its_surroundings_and_a_camera_without(through: Shot, tmp_path: Path):
    through.save(tmp_path / "shot.json")
    with_place = report_for(tmp_path / "shot.json").checks
    assert with_place is not None
    clearance = with_place.find("clearance")
    assert clearance is not None
    assert not clearance.holds
    write_path(through.camera, tmp_path / "camera.json")
    alone = report_for(tmp_path / "camera.json").checks
    assert alone is not None
    assert {f.code for f in alone.findings} == {
        "speed", "acceleration", "jerk", "angular-rate", "angular-acceleration", "roll",
    }  # fmt: skip
    assert alone.rigs["dolly"].can is True


def test_a_camera_without_times_is_not_held_to_speeds(through: Shot, tmp_path: Path):
    write_path(through.camera, tmp_path / "transforms.json")
    checks = report_for(tmp_path / "transforms.json").checks
    assert checks is not None
    assert {s.code for s in checks.skipped} >= {"speed", "acceleration", "jerk", "angular-rate"}
