"""The main job through the real program, once, and what must come out of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kinoeye.evaluation import PROTOCOLS, PoseScore
from kinoeye.footage import read_video
from kinoeye.formats.paths import READERS, WRITERS, read_path
from kinoeye.language import parse
from kinoeye.shot import Shot, stage
from kinoeye.shot.checks import RIGS, CheckReport
from kinoeye.studio.shooting import PIXEL_MAPS, write_cameras

DEMO = "The camera moves forward while yawing left, then orbits right around the red robot."
SMALL = ["--size", "256x144", "--frames", "32"]
TINY = ["--size", "96x54", "--frames", "24"]


def kinoeye(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kinoeye", *words], capture_output=True, text=True, cwd=cwd)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("demo")
    run = kinoeye("shoot", DEMO, "-o", "film", "--json", *SMALL, cwd=folder)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return folder / "film", json.loads(run.stdout)


def test_its_actor_is_filmed_by_the_model_that_ships(demo: tuple[Path, dict]):
    folder, made = demo
    assert (made["film"], made["unfilmed"]) == ("film.mp4", None)
    film = read_video(folder / "film.mp4")
    assert film.size_wh == (224, 128)
    assert json.loads((folder / "film.json").read_text())["places"]["meadow"] > 0.5
    assert len(json.loads((folder / "run.json").read_text())["weights_sha256"]["amg"]) == 64
    assert "<h2>The film</h2>" in (folder / "report.html").read_text()


def test_the_sentence_is_understood_whole(demo: tuple[Path, dict]):
    _, made = demo
    assert made["unused"] == []
    assert made["actors"] == ["red robot"]
    assert "orbit" in made["understood"]


def test_every_file_is_there_and_readable(demo: tuple[Path, dict]):
    folder, _ = demo
    names = {entry.name for entry in folder.iterdir()}
    assert names == {
        "shot.json", "checks.json", "camera", "guide.mp4", "cloud.ply", "cloud.glb", "score.json", "report.html",
        "run.json", "film.mp4", "film.json", "avatars.mp4", "comparison.mp4",
    }  # fmt: skip
    shot = Shot.load(folder)
    assert len(shot.camera) == 32
    assert len(read_video(folder / "guide.mp4")) == 32
    assert (folder / "cloud.glb").read_bytes()[:4] == b"glTF"


def test_the_camera_is_the_same_in_every_format(demo: tuple[Path, dict]):
    folder, made = demo
    truth = Shot.load(folder).camera.T_world_cam
    relative = (truth[:1].inverse() @ truth).as_matrix().numpy()
    refused = {name for name in WRITERS if any(note.startswith(f"{name}: not written: ") for note in made["notes"])}
    assert refused == {*PIXEL_MAPS, "phi-theta-r", "theta-phi-r"}  # the last two are keys of orbits, which this is not
    for name, writer in WRITERS.items():
        path = folder / "camera" / writer.DEFAULT_NAME
        assert path.exists() == (name not in refused), name
        if name in READERS and name not in refused:
            back = read_path(path, format=name).to_track(fps=24).T_world_body
            read = (back[:1].inverse() @ back).as_matrix().numpy()
            np.testing.assert_allclose(read, relative, atol=1e-6, err_msg=name)


def test_formats_that_refuse_a_camera_leave_the_others(tmp_path: Path):
    made = write_cameras(stage(parse("pan left while moving forward"), seed=0, num_frames=9), tmp_path)
    assert {*made.written, *made.refused} == set(WRITERS)
    assert not {*made.written} & {*made.refused}
    assert "kinoeye convert --to plucker" in made.refused["plucker"]
    assert made.refused["phi-theta-r"].startswith("ViewCrafter's keys describe")
    assert not [note for note in made.notes if str(tmp_path) in note]


def test_the_demo_has_no_errors_in_its_checks(demo: tuple[Path, dict]):
    folder, made = demo
    checks = CheckReport.load(folder / "checks.json")
    assert checks.holds
    assert checks.find("clearance") is not None
    assert {finding.code for finding in checks.violations if finding.severity != "hint"} == set()
    assert made["checks"]["holds"] is True
    assert made["checks"]["rigs"]["tripod"]["can"] is False
    assert "check" in made["cpu_seconds"]


def test_a_shot_that_fails_its_checks_is_said_and_filmed_all_the_same(tmp_path: Path):
    run = kinoeye("shoot", "push in ten metres towards the blue cone", "-o", "film", *TINY, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    checks = CheckReport.load(tmp_path / "film" / "checks.json")
    clearance = checks.find("clearance")
    assert clearance is not None
    ((first, last),) = clearance.frames
    said = [line for line in run.stderr.splitlines() if line.startswith(("error: ", "warning: "))]
    assert f"error: clearance, frames {first}-{last}: the camera comes within 0 m of blue cone (at least 0.3 m)" in said
    assert len(said) == sum(finding.severity != "hint" for finding in checks.violations)
    assert len(read_video(tmp_path / "film" / "guide.mp4")) == 24
    assert "What the sentence asks for is filmed all the same." in (tmp_path / "film" / "report.html").read_text()


def test_the_film_obeys(demo: tuple[Path, dict]):
    folder, made = demo
    assert made["failure"] is None
    assert made["scores"]["rotation_deg (mean)"]["value"] < 0.5
    assert made["scores"]["translation_percent (mean)"]["value"] < 4.0
    score = PoseScore.load(folder / "score.json")
    assert set(score.metrics) == set(PROTOCOLS)
    assert made["scores"]["rotation_deg (mean)"]["value"] == score.metrics["rotation_deg"].value
    assert "Given: depth: truth." in (folder / "report.html").read_text()  # the score rests on exact depth, and says so


def test_the_robot_is_seen_while_it_is_orbited(demo: tuple[Path, dict]):
    from kinoeye.render import render

    folder, _ = demo
    take = render(Shot.load(folder), layers=("rgb", "instance"))
    visible = (take.layers["instance"].values == 1).mean(axis=(1, 2))
    assert (visible[16:] > 0.01).all()


def test_a_rerun_makes_the_same_folder_again(demo: tuple[Path, dict]):
    folder, _ = demo
    run = kinoeye("rerun", "film", "-o", "again", cwd=folder.parent)
    assert run.returncode == 0, run.stderr
    for name in ("shot.json", "checks.json", "guide.mp4", "cloud.ply", "cloud.glb", "score.json"):
        assert (folder.parent / "again" / name).read_bytes() == (folder / name).read_bytes(), name
    first, second = ((folder.parent / name / "report.html").read_text() for name in ("film", "again"))
    assert second.replace("-o again", "-o film") == first


def test_shots_are_staged_rendered_tagged_scored_and_viewed(demo: tuple[Path, dict], tmp_path: Path):
    folder, _ = demo
    steps = [
        ["stage", "a green sphere stands still", str(folder / "shot.json"), "-o", "more.json"],
        ["render", "more.json", "-o", "take", "--size", "96x54"],
        ["tag", str(folder / "camera" / "camera.json")],
        ["score", "--reference", str(folder / "shot.json"), "--estimate", str(folder / "camera" / "transforms.json")],
        ["score", "take", "--shot", "more.json"],
        ["view", "more.json", "-o", "more.html"],
        ["inspect", str(folder / "camera" / "transforms.json")],
    ]
    printed = {}
    for step in steps:
        run = kinoeye(*step, "--json", cwd=tmp_path)
        assert run.returncode == 0, (step, run.stderr)
        printed[step[0]] = json.loads(run.stdout)
    assert printed["view"]["checks"]["rigs"].keys() == RIGS.keys()
    assert [actor.name for actor in Shot.load(tmp_path / "more.json").actors] == ["red robot", "green sphere"]
