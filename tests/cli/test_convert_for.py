"""`convert --for`: what its error messages suggest is done exactly, until the file is written."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinoeye.cli import main
from kinoeye.formats import read_path
from kinoeye.shot.targets import TARGETS, mismatches

SENTENCE = "orbit left around the red robot"


def follow(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run a conversion, then whatever its errors suggest, and say which edits that were."""
    edits: list[str] = []
    for _ in range(4):
        if main(arguments) == 0:
            return edits
        message = capsys.readouterr().err.strip()
        assert "\n" not in message
        assert len(message) <= 400
        aiming = re.search(r"`kinoeye edit IN (\S+) -o OUT` makes it one", message)
        if aiming:
            edits.append(aiming[1])
            assert main(["edit", arguments[1], aiming[1], "-o", "aimed.json"]) == 0
            arguments = ["convert", "aimed.json", *arguments[2:]]
            capsys.readouterr()
            continue
        edit, convert = (shlex.split(line)[1:] for line in message.partition("mend it with: ")[2].split(" && "))
        edits += [word for word in edit[2:] if ":" in word]
        assert main(edit) == 0
        arguments = convert
        capsys.readouterr()
    raise AssertionError(arguments)


@pytest.mark.parametrize("model", TARGETS)
@pytest.mark.parametrize("command", ["direct", "stage"])
def test_an_orbit_reaches_every_model_by_what_the_errors_suggest(
    command: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert main([command, SENTENCE, "-o", "the shot ü.json"]) == 0
    capsys.readouterr()
    edits = follow(["convert", "the shot ü.json", "for/out", "--for", model], capsys)
    target, table = TARGETS[model], read_path("for/out", format=TARGETS[model].format)
    assert edits
    assert target.allows(len(table))
    assert ("look-at:" in " ".join(edits)) == ("crafter" in model)


def test_what_was_told_of_a_file_is_told_again_and_a_path_without_times_gets_the_model_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    turned = np.stack([np.eye(4)] * 50)
    turned[:, 0, 3], turned[:, :3, 0] = np.arange(50) / 50, -turned[:, :3, 0]
    np.save("poses.npy", turned)
    told = ["--from", "numpy", "--repair", "reflection", "--unit", "cm", "--size", "300x300", "--fov-deg", "50.5"]
    edits = follow(["convert", "poses.npy", "out.txt", "--for", "wan-fun", *told], capsys)
    assert edits == ["resample:wan-fun", "fit:832x480"]
    table = read_path("poses-wan-fun.json")
    assert (len(table), table.unit, table.fps) == (81, "m", pytest.approx(16))
    assert np.ptp(table.T_world_cam[:, 0, 3]) == pytest.approx(0.01 * 49 / 50)
    wanted = mismatches(TARGETS["wan-fun"], frames=81, fps=table.fps, size_wh=table.size_wh, unit=table.unit)
    assert wanted == []


def test_a_path_of_unknown_scale_is_said_to_be_metres_by_a_factor_of_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert follow(["convert", "seva:orbit", "cams.json", "--for", "recammaster"], capsys) == ["scale:1,unit=m"]
    preset, written = read_path("seva:orbit"), read_path("cams.json")
    metric = replace(preset, convention=replace(preset.convention, metres_per_unit=1.0))
    relative = [np.diff(table.T_world_cam[:, :, 3], axis=0) for table in (metric, written)]
    np.testing.assert_allclose(*(np.linalg.norm(steps, axis=1) for steps in relative), atol=1e-9)
