from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinoeye.cli import main
from kinoeye.footage import Take
from kinoeye.footage.take import Layer
from kinoeye.formats.paths import READERS, WRITERS, write_path
from kinoeye.language import parse
from kinoeye.shot import Shot, stage

KEYS_OF_ORBITS = ("phi-theta-r", "theta-phi-r")
"""They hold nothing but orbits about a point."""


@pytest.fixture(scope="module")
def shot() -> Shot:
    plan = parse("push in two metres, then orbit left around the blue cone")
    return stage(plan, seed=0, size_wh=(64, 48), num_frames=12)


@pytest.fixture(scope="module")
def take(shot: Shot) -> Take:
    import numpy as np

    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3)).astype(np.uint8)
    shifted = shot.camera.track.scaled_by(1.01)
    estimate = type(shot.camera)(shifted, shot.camera.intrinsics)
    return Take(
        times_s=shot.camera.times_s.numpy(),
        layers={"rgb": Layer(frames, "truth")},
        cameras={"estimated:test": estimate, "truth": shot.camera},
        requested=shot,
    )


@pytest.mark.parametrize("name", [name for name in WRITERS if name in READERS and name not in KEYS_OF_ORBITS])
def test_every_camera_format_can_be_viewed(name: str, shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / WRITERS[name].DEFAULT_NAME
    write_path(shot.camera, file, format=name)
    assert main(["view", str(file), "-o", str(tmp_path / "out.html"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 12
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert f"<h1>{file.name}</h1>" in html
    assert "<iframe" in html
    assert all(note in html for note in told["notes"])


def test_a_file_without_intrinsics_says_what_was_assumed(
    shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_path(shot.camera, tmp_path / "tum.txt", format="tum")
    assert main(["view", str(tmp_path / "tum.txt"), "-o", str(tmp_path / "out.html")]) == 0
    assert "no intrinsics; frusta are drawn 60° wide" in capsys.readouterr().err


def test_a_shot_is_viewed_with_its_actors(shot: Shot, tmp_path: Path):
    shot.save(tmp_path / "shot.json")
    for given in (tmp_path / "shot.json", tmp_path):
        assert main(["view", str(given), "-o", str(tmp_path / "out.html")]) == 0
        assert "<dd>blue cone</dd>" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_a_take_is_viewed_with_its_film_and_estimate(take: Take, tmp_path: Path):
    take.save(tmp_path / "take")
    assert main(["view", str(tmp_path / "take"), "-o", str(tmp_path / "out.html")]) == 0
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "data:video/mp4" in html
    assert "re-estimated from the film by test" in html


@pytest.mark.parametrize("content", [None, "", "{", '{"record": "Take"}', "not a camera"])
def test_what_has_no_camera_is_one_line_and_exit_2(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "given.json"
    if content is not None:
        file.write_text(content)
    assert main(["view", str(file), "-o", str(tmp_path / "out.html")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "given.json" in err
    assert not (tmp_path / "out.html").exists()


def test_a_take_without_a_camera_is_refused(take: Take, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bare = Take(times_s=take.times_s, layers={"rgb": take.rgb})
    bare.save(tmp_path / "take")
    assert main(["view", str(tmp_path / "take"), "-o", str(tmp_path / "out.html")]) == 2
    assert "a take without a camera" in capsys.readouterr().err
