"""`kinoeye render`: the layers of a take, and pictures that people can look at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kinoeye.cli.main import main
from kinoeye.footage import Take, read_video
from kinoeye.language import parse
from kinoeye.shot import stage


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
