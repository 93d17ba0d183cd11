from __future__ import annotations

import base64
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.base.run_record import RunRecord
from kinoeye.evaluation import PROTOCOLS, PoseScore, score_poses
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory
from kinoeye.language import ActorMention, Plan, UnusedWords, parse
from kinoeye.shot import Shot, stage
from kinoeye.shot.checks import CheckReport, Skipped, Verdict
from kinoeye.studio.report import Report, report_html, write_report
from kinoeye.studio.score_section import PROTOCOL_FAMILIES

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "path", "circle", "use"}
HOSTILE = """"><script>alert('x')</script><img src=x onerror=alert(1)> & '"""


class Page(HTMLParser):
    """Elements with their attributes and text, and tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, list[str]] = {}
        self.unmatched: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.unmatched.append(tag)

    def handle_data(self, data):
        for tag in set(self._open):
            self.text.setdefault(tag, []).append(data)

    def attributes(self, name: str, tag: str | None = None) -> list[str]:
        return [a[name] for t, a in self.elements if name in a and tag in (None, t)]

    def text_of(self, tag: str) -> str:
        return "".join(self.text.get(tag, []))


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    return Page(page)


def test_the_page_is_well_formed_and_small(page: str, parsed: Page):
    assert parsed.unmatched == []
    ids = parsed.attributes("id")
    assert len(ids) == len(set(ids)) > 10
    assert len(page.encode()) < 6_000_000


def addresses(html: str) -> list[str]:
    """Everything that a browser would fetch or that a click would open."""
    page = Page(html)
    found = [v for name in ("src", "href", "srcset", "poster", "action", "data") for v in page.attributes(name)]
    css = page.text_of("style") + " ".join(page.attributes("style"))
    return found + re.findall(r"url\(\s*['\"]?([^'\")]+)", css) + re.findall(r"@import\s+(\S+)", css)


def test_the_page_and_the_scene_in_it_name_no_outside_address(page: str, parsed: Page):
    (scene,) = parsed.attributes("srcdoc", "iframe")
    found = addresses(page) + addresses(scene)
    assert len(found) > 6
    assert [address[:60] for address in found if not address.startswith(("data:", "#"))] == []
    assert "default-src 'none'" in " ".join(parsed.attributes("content", "meta"))


def test_the_sentence_is_whole_with_understood_and_unused_words_told_apart(page: str, parsed: Page, plan: Plan):
    assert parsed.text_of("h1") == plan.text
    assert '<span class="unused" title="not used; did you mean cinematic?">cinematically</span>' in page
    assert "<mark>The camera moves forward while yawing left, then orbits right around the</mark>" in page
    assert re.search(r'<mark class="named" title="actor: red robot" style="--tone: rgb\(209 41 36\)">red robot<', page)
    assert "<b>cinematically</b> (did you mean cinematic?)" in page


def test_moves_show_their_words_time_distance_and_angle(page: str):
    assert "dolly forward 1.5 m" in page
    assert "orbit right around red robot" in page
    rows = re.findall(r'<tr data-start="([\d.]+)" data-end="([\d.]+)">', page)
    assert [float(start) for start, _ in rows] == [0.0, float(rows[0][1])]
    assert float(rows[-1][1]) == pytest.approx(2.0)
    assert '<td class="number">1.5 m</td><td class="number">25°</td>' in page


def embedded(address: str) -> bytes:
    return base64.b64decode(address.partition(",")[2])


def test_the_film_is_embedded_with_a_poster(parsed: Page, video: Path):
    (address,) = parsed.attributes("src", "video")
    assert address.startswith("data:video/mp4;base64,")
    assert embedded(address) == video.read_bytes()
    (poster,) = parsed.attributes("poster", "video")
    assert embedded(poster).startswith(b"\xff\xd8\xff")


def test_the_score_leads_with_a_few_numbers_in_words(page: str, score: PoseScore):
    head = page[page.index("Did the film obey?") :].partition("<details")[0]
    assert "re-estimated from the film by wobble" in head
    for name, unit in (("rotation_deg", "deg"), ("translation_percent", "%"), ("ate_translation", "m")):
        metric = score.metrics[name]
        row = f'<td>{name} ({metric.aggregate})</td><td class="number">{metric.value:.3g} {unit}</td>'
        assert row in head
    assert "Angle between the intended and the re-estimated orientation" in head


def test_every_protocol_has_its_row_under_its_family(page: str, score: PoseScore):
    table = re.search(r'<details class="protocols">.*?</details>', page, re.DOTALL)
    assert table is not None
    rows = re.findall(r"<tr><td><code>(\w+)</code>.*?<td class=\"number\">(.*?)</td><td>(\w+)</td>", table[0])
    assert sorted(name for name, _, _ in rows) == sorted(PROTOCOLS)
    for name, number, better in rows:
        metric = score.metrics[name]
        assert better == PROTOCOLS[name].better
        assert float(number.partition(" ")[0]) == pytest.approx(metric.value, rel=5e-3)
        assert number.partition(" ")[2] == ("" if metric.unit == "1" else metric.unit)
    families = [table[0].index(heading) for heading in PROTOCOL_FAMILIES]
    places = [table[0].index(f"<code>{name}<") for name in ("ate_translation", "cameractrl_roterr", "auc_30")]
    assert families[0] < places[0] < families[1] < places[1] < families[2] < places[2]


def test_failures_and_what_is_not_defined_are_words(shot: Shot, estimate: Trajectory):
    part = estimate.track.at(estimate.times_s[:20])
    lost = report_html(Report(shot=shot, score=score_poses(shot.camera.track, part, missing="fail")))
    assert "29 frames have no estimate and count as the worst value" in lost
    assert '<td>ate_translation (rmse)</td><td class="number">failed</td>' in lost
    still = Track(SE3.identity(5), torch.arange(5.0).double())
    assert '<td>translation_percent (mean)</td><td class="number">—</td>' in report_html(
        Report(shot=shot, score=score_poses(still, still))
    )


def test_every_camera_file_can_be_saved_and_text_is_shown(page: str, parsed: Page, cameras: dict[str, Path]):
    links = {a["download"]: embedded(a["href"]) for tag, a in parsed.elements if tag == "a"}
    assert links == {path.name: path.read_bytes() for path in cameras.values()}
    assert f"<pre>{cameras['tum'].read_text()[:100]}" in page
    assert "A binary file" in page


def test_a_format_of_several_files_shows_each(shot: Shot, tmp_path: Path):
    for name in ("cameras.txt", "images.txt"):
        (tmp_path / name).write_text(name)
    links = Page(report_html(Report(shot=shot, cameras={"colmap": tmp_path}))).attributes("download", "a")
    assert links == ["cameras.txt", "images.txt"]


def test_formats_that_cannot_hold_the_camera_say_why(shot: Shot, cameras: dict[str, Path]):
    html = report_html(Report(shot=shot, cameras=cameras, refused={"orbits": "this is no orbit"}))
    assert "The camera, in 2 formats" in html
    assert "<li><b>orbits</b>: this is no orbit</li>" in html


def test_the_run_is_told(page: str):
    assert "kinoeye shoot &#x27;The camera moves" in page
    assert "world_seed 7" in page


def test_hostile_words_stay_words(shot: Shot, plan: Plan, score: PoseScore, checks: CheckReport, tmp_path: Path):
    file = tmp_path / "<b>x.txt"
    file.write_text(HOSTILE)
    actor = replace(shot.actors[0], name=HOSTILE)
    finding = replace(checks.findings[0], about=HOSTILE, message=HOSTILE, holds=False, frames=((0, 3),))
    hostile_checks = CheckReport((finding,), (Skipped(HOSTILE, HOSTILE),), {HOSTILE: Verdict(False, (HOSTILE,))})
    bad_plan = replace(
        plan,
        text=HOSTILE * 2,
        actors=(ActorMention(HOSTILE, HOSTILE, "robot", start=3, end=9),),
        unused=(UnusedWords(HOSTILE[12:20], 12, 20, HOSTILE),),
    )
    html = report_html(
        Report(
            shot=replace(shot, actors=(actor,), prompt=HOSTILE),
            plan=bad_plan,
            failure=HOSTILE,
            score=replace(score, notes=(HOSTILE,)),
            checks=hostile_checks,
            cameras={HOSTILE: file},
            refused={HOSTILE: HOSTILE},
            run=RunRecord(argv=(HOSTILE,), seeds={HOSTILE: 1}, versions={HOSTILE: HOSTILE}),
            notes=(HOSTILE,),
        )
    )
    page = Page(html)
    assert page.unmatched == []
    assert page.text_of("h1") == HOSTILE * 2
    assert [tag for tag, _ in page.elements if tag in ("script", "img")] == ["script", "script"]
    assert page.attributes("onerror") == []


def test_a_failed_estimate_says_why(shot: Shot, plan: Plan):
    html = report_html(Report(shot=shot, plan=plan, failure="too few features in frame 3"))
    assert "The camera could not be re-estimated: too few features in frame 3" in html
    assert "var(--estimated)" not in html.partition("<body>")[2]


def test_without_viser_the_page_says_how_to_get_the_3d_view(shot: Shot, plan: Plan, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "viser", None)
    html = report_html(Report(shot=shot, plan=plan))
    assert "<code>pip install &quot;kinoeye[studio]&quot;</code>" in html
    assert "<iframe" not in html


def test_a_bare_camera_makes_a_page(shot: Shot):
    page = Page(report_html(Report(shot=Shot(camera=shot.camera), title="transforms.json")))
    assert page.text_of("h1") == "transforms.json"
    assert page.attributes("srcdoc", "iframe")
    assert "video" not in [tag for tag, _ in page.elements]


def test_one_frame_makes_a_page_without_plots(shot: Shot, plan: Plan):
    camera = shot.camera.at(shot.camera.times_s[:1])
    html = report_html(Report(shot=shot.with_camera(camera), plan=plan))
    assert "Motion over time" not in html
    assert "<iframe" in html


def test_a_report_is_written_all_or_nothing(shot: Shot, tmp_path: Path):
    with pytest.raises(InputError, match=r"gone\.mp4 does not exist"):
        write_report(Report(shot=shot, video=tmp_path / "gone.mp4"), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
    write_report(Report(shot=shot), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_same_report_gives_the_same_bytes(report: Report, page: str):
    assert report_html(replace(report)) == page


@pytest.mark.parametrize("unit", ["m", "arbitrary"])
def test_an_estimate_in_its_own_world_is_brought_to_the_shot(shot: Shot, unit: str):
    camera = shot.camera
    scale = 1.0 if unit == "m" else 0.1
    elsewhere = SE3.from_parts(SO3.exp(torch.tensor([0.3, -1.0, 0.5]).double()), torch.tensor([4.0, 5.0, 6.0]).double())
    track = camera.track.moved_by(elsewhere).scaled_by(scale, unit=unit)
    estimate = Trajectory(track, camera.intrinsics)
    aligned = Report(shot=shot, estimate=estimate).aligned_estimate
    assert aligned is not None
    torch.testing.assert_close(aligned.T_world_cam.as_matrix(), camera.T_world_cam.as_matrix())


def test_an_estimate_that_stands_still_is_shown_at_the_first_pose(shot: Shot):
    still = Track(SE3.identity(len(shot.camera)), shot.camera.times_s, "arbitrary")
    estimate = Trajectory(still, Intrinsics.from_fov(1.0, (64, 48)))
    aligned = Report(shot=shot, estimate=estimate).aligned_estimate
    assert aligned is not None
    torch.testing.assert_close(aligned.T_world_cam.translation[-1], shot.camera.T_world_cam.translation[0])


def test_a_corrected_word_and_a_note_are_shown():
    from kinoeye.studio import sections

    plan = parse("pan lft, then orbit around the red piano")
    page = sections.sentence(plan, stage(plan, seed=0))
    assert "<b>lft</b> as left" in page
    assert "no subject &#x27;piano&#x27;" in page
