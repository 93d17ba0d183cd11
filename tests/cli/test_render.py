"""`kinoeye render`: the layers of a take, and pictures that people can look at."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from kinoeye.cli.main import main
from kinoeye.footage import Take, read_video
from kinoeye.language import parse
from kinoeye.render.film import Backend
from kinoeye.render.guides import PASSES
from kinoeye.shot import Shot, stage


def test_a_take_has_pictures_to_look_at_and_says_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shot = stage(parse("push in half a metre towards the red robot"), seed=0, size_wh=(96, 54), num_frames=10)
    shot.save(tmp_path / "shot.json")
    argv = ["render", str(tmp_path / "shot.json"), "-o", str(tmp_path / "take")]
    assert main([*argv, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["pictures"] == ["preview.mp4", "preview-depth.jpg", "preview-instance.jpg"]
    assert len(read_video(tmp_path / "take" / "preview.mp4")) == 10
    actors = np.asarray(Image.open(tmp_path / "take" / "preview-instance.jpg"))
    assert actors.shape == (2 * 54, 8 * 96, 3)  # ten pictures, eight in a row
    assert actors[:54, :96].std() > 5, "the robot stands out"
    assert Take.open(tmp_path / "take").size_wh == (96, 54)
    assert main([*argv, "--layers", "rgb"]) == 0
    shown = capsys.readouterr()
    assert "to look at: preview.mp4\n" in shown.err
    assert not (tmp_path / "take" / "preview-depth.jpg").exists()


def test_guides_are_takes_of_their_own_beside_the_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shot = stage(parse("push in half a metre towards the red robot"), seed=0, size_wh=(48, 32), num_frames=3)
    shot.save(tmp_path / "shot.json")
    argv = ["render", str(tmp_path / "shot.json"), "-o", str(tmp_path / "take"), "--layers", "alpha", "--guides"]
    assert main([*argv, "--json"]) == 0
    pictures = json.loads(capsys.readouterr().out)["pictures"]
    assert all((tmp_path / "take" / name).is_file() for name in pictures)
    assert f"guides/{PASSES[0]}/preview.mp4" in pictures
    film = Take.open(tmp_path / "take")
    alpha = Take.open(tmp_path / "take" / "guides" / "alpha").rgb.values[..., 0]
    np.testing.assert_array_equal(alpha, film.layers["alpha"].values)
    Shot(camera=shot.camera).save(tmp_path / "empty.json")
    assert main(["render", str(tmp_path / "empty.json"), "-o", str(tmp_path / "none"), "--guides"]) == 2
    assert "no actors that are drawn" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_fewer_frames_a_second_are_those_of_the_whole_film(tmp_path: Path):
    shot = stage(parse("push in half a metre towards the red robot"), seed=0, size_wh=(48, 32), num_frames=25, fps=12)
    shot.save(tmp_path / "shot.json")
    argv = ["render", str(tmp_path / "shot.json"), "-o", str(tmp_path / "take"), "--layers", "rgb", "-q"]
    assert main(argv) == 0
    whole = Take.open(tmp_path / "take")
    assert main([*argv, "--fps", "4"]) == 0
    fewer = Take.open(tmp_path / "take")
    np.testing.assert_allclose(fewer.times_s, np.arange(9) / 4)
    np.testing.assert_array_equal(fewer.rgb.values, whole.rgb.values[::3])
    assert main([*argv, "--fps", "0"]) == 2


def test_any_backend_draws_and_a_missing_one_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    shot = stage(parse("push in half a metre towards the red robot"), seed=0, size_wh=(24, 16), num_frames=2)
    shot.save(tmp_path / "shot.json")
    argv = ["render", str(tmp_path / "shot.json"), "-o", str(tmp_path / "take"), "-q", "--backend"]
    monkeypatch.setitem(sys.modules, "moderngl", None)
    assert main([*argv, "gl"]) == 2
    assert 'pip install "kinoeye[gl]"' in capsys.readouterr().err
    assert not (tmp_path / "take").exists()
    assert main([*argv, "reference"]) == 0
    assert Take.open(tmp_path / "take").size_wh == (24, 16)
    assert main([*argv, "opengl"]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in get_args(Backend))
