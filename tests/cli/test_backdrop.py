"""A picture as the place, through the commands that stage: found again, named where it lies, refused in a line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from kinoeye.cli import main
from kinoeye.render import render
from kinoeye.shot import Shot
from kinoeye.shot.environment import Panorama

TEXT = "A red cone stands in the desert. Push in one metre."
LEFT, AHEAD = (200, 60, 40), (40, 90, 200)
"""sRGB of what the picture shows around its left quarter, and around its middle."""


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture in a working directory of its own; the left quarter of an equirectangular picture is at +90 degrees."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    rgb = np.empty((64, 128, 3), np.uint8)
    rgb[:] = AHEAD
    rgb[:, 16:48] = LEFT
    cv2.imwrite("square.png", rgb[..., ::-1])
    return tmp_path / "work" / "square.png"


def sky_of(shot: Shot) -> Panorama:
    assert isinstance(shot.environment.sky, Panorama)
    return shot.environment.sky


def top_row(shot: Shot) -> np.ndarray:
    return render(shot).rgb.values[0, 0].astype(int)


def test_a_staged_shot_stands_in_it_and_the_place_of_the_text_gives_way(picture: Path, capsys):
    arguments = ["stage", TEXT, "-o", "shot.json", "--backdrop", "square.png", "--size", "32x18", "--frames", "2"]
    assert main(arguments) == 0
    assert "not used: 'desert' at character 25 (the backdrop is the place)" in capsys.readouterr().err
    assert np.abs(top_row(Shot.load(Path("shot.json"))) - AHEAD).max() <= 2
    assert main([*arguments, "--backdrop-turn", "-90"]) == 0
    assert np.abs(top_row(Shot.load(Path("shot.json"))) - LEFT).max() <= 2


def test_the_picture_is_found_from_elsewhere_and_goes_with_its_folder(picture: Path, tmp_path: Path, monkeypatch):
    outs = ("shot.json", "../other/shot.json")
    for out in outs:
        Path(out).parent.mkdir(exist_ok=True)
        assert main(["stage", TEXT, "-o", out, "--backdrop", "square.png", "--frames", "2", "--quiet"]) == 0
    named = [json.loads(Path(out).read_text())["environment"]["sky"]["file"] for out in outs]
    assert named == ["square.png", str(picture)]
    monkeypatch.chdir(tmp_path)
    assert sky_of(Shot.load(Path("work"))).file == "work/square.png"
    shutil.move("work", "moved")
    moved = Shot.load(Path("moved/shot.json"))
    assert np.abs(top_row(moved) - AHEAD).max() <= 2
    moved.save(Path("moved/again.json"))
    assert json.loads(Path("moved/again.json").read_text())["environment"]["sky"]["file"] == "square.png"


def test_a_film_is_shot_in_it_and_run_again(picture: Path, capsys):
    small = ["--size", "48x28", "--fps", "4", "--system", "none", "--backdrop", "square.png", "--backdrop-turn", "-90"]
    assert main(["shoot", TEXT, "-o", "film", *small]) == 0
    assert "the backdrop is the place" in capsys.readouterr().err
    sky = sky_of(Shot.load(Path("film")))
    assert (sky.file, sky.turn_deg) == (str(picture), -90.0)
    assert main(["rerun", "film", "-o", "again"]) == 0
    assert (Path("film") / "guide.mp4").read_bytes() == (Path("again") / "guide.mp4").read_bytes()


@pytest.mark.parametrize("command", ["stage", "shoot"])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--backdrop", "nowhere.png"], "the panorama nowhere.png cannot be read"),
        (["--backdrop", "notes.txt"], "no picture that can be read"),
        (["--backdrop", "tall.png"], "twice as wide as high"),
        (["--backdrop-turn", "30"], "none was given"),
        (["--backdrop", "square.png", "--backdrop-turn", "nan"], "no angle"),
    ],
)
def test_what_is_none_is_refused_in_a_line(picture: Path, capsys, command: str, options: list[str], says: str):
    Path("notes.txt").write_text("Nothing here is a picture.\n")
    cv2.imwrite("tall.png", np.zeros((64, 32, 3), np.uint8))
    out = {"stage": "shot.json", "shoot": "film"}[command]
    try:
        code = main([command, TEXT, "-o", out, *options])
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr().err
    assert (code, says in said) == (2, True), said
    assert not Path(out).exists()
