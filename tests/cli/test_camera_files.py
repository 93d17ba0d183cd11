"""Whatever command reads a camera file reads it in the same ways and is told the same of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kinoeye.cli import main
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.geometry.convention import homogeneous
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.shot import stage

BAL = "2 1 2\n0 0 1.5 2.5\n1 0 3.5 4.5\n" + "".join(
    f"0.1\n0.2\n0.3\n{x}\n2\n3\n500\n0.1\n0\n" for x in (1.0, 1.5)
) + "1\n2\n3\n"  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cm() -> list[str]:
    """A path of two metres, written in centimetres in a file that states no unit, and how to read it."""
    film = PathTable.from_trajectory(compile_plan(parse("truck left two metres")))
    np.save("poses.npy", homogeneous(film.matrices * [1, 1, 1, 100]))
    return ["poses.npy", "--from", "numpy:opencv-c2w"]


COMMANDS = (
    ["inspect", "IN"], ["tag", "IN"], ["check", "IN", "--fps", "24"], ["view", "IN", "-o", "a.html"],
    ["convert", "IN", "a.json"], ["edit", "IN", "reverse", "-o", "a.json"],
    ["edit", "recammaster:9", "stitch:IN", "-o", "a.json"],
    ["score", "--reference", "IN", "--estimate", "recammaster:9"],
    ["score", "--reference", "recammaster:9", "--estimate", "IN"],
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words))
@pytest.mark.parametrize("file", ["recammaster:3", "two takes ü/a, b.json#second"])
def test_every_command_reads_words_of_models_and_one_camera_of_several(file: str, words: list[str], folder: Path):
    if "stitch:IN" in words:
        file = file.replace(", ", "-")  # an edit's arguments are separated by commas
    if "#" in file:
        path = Path(file.partition("#")[0])
        write_path(read_path("recammaster:3"), path, format="recammaster")
        poses = json.loads(path.read_text())
        for frame in poses.values():
            frame["second"] = frame["cam01"]
        path.write_text(json.dumps(poses))
    assert main([word.replace("IN", file) for word in words]) == 0


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words))
def test_an_empty_file_is_called_empty_by_every_command(words: list[str], capsys: pytest.CaptureFixture[str]):
    Path("zero.json").touch()
    assert main([word.replace("IN", "zero.json") for word in words]) == 2
    assert "zero.json is empty" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["zero.json"]


def test_edit_check_and_tag_are_told_what_convert_is_told(cm: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["convert", *cm, "told.json", "--unit", "cm", "--fps", "24", "--up", "y-down"]) == 0
    assert main(["edit", *cm, "-o", "edited.json", "--unit", "cm", "--fps", "24",
                 "--up", "y-down", "--to", "kinoeye", "reverse", "reverse"]) == 0  # fmt: skip
    told, edited = read_path("told.json"), read_path("edited.json")
    np.testing.assert_allclose(edited.T_world_cam, told.T_world_cam, atol=1e-12)
    for table in (told, edited):
        assert (table.unit, table.up, table.fps) == ("m", "z", pytest.approx(24))
    capsys.readouterr()
    speeds = []
    for words in (["told.json"], [*cm, "--unit", "0.01", "--fps", "24"]):
        assert main(["check", *words, "--only", "speed", "--json"]) == 0
        speeds.append(json.loads(capsys.readouterr().out)["findings"][0]["worst"])
    assert speeds[0] == pytest.approx(speeds[1])
    assert speeds[0] > 0.1


def test_tags_say_their_unit_and_rate(cm: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["tag", *cm]) == 0
    assert "at 30 frames per second, one unit of the file taken as a metre" in capsys.readouterr().err
    assert main(["tag", *cm, "--unit", "0.00001"]) == 0
    shown = capsys.readouterr()
    assert "static" in shown.out
    assert "taken as a metre" not in shown.err


def test_a_shot_is_told_nothing(capsys: pytest.CaptureFixture[str]):
    stage(parse("push in"), seed=0).save("shot.json")
    for words in (["edit", "shot.json", "reverse", "-o", "a.json"], ["check", "shot.json"]):
        assert main([*words, "--unit", "cm", "--repair", "axes"]) == 2
        assert "--repair and --unit cannot be given: a shot says that itself" in capsys.readouterr().err


def test_a_lens_without_an_image_is_left_out_until_the_image_is_told(capsys: pytest.CaptureFixture[str]):
    Path("problem.txt").write_text(BAL)
    assert main(["check", "problem.txt", "--fps", "24"]) == 0
    assert main(["edit", "problem.txt", "reverse", "-o", "a.json"]) == 0
    assert "the lens is left out" in capsys.readouterr().err
    assert read_path("a.json").intrinsics is None
    assert main(["edit", "problem.txt", "reverse", "-o", "a.json", "--size", "640x480"]) == 0
    intrinsics = read_path("a.json").intrinsics
    assert intrinsics is not None
    np.testing.assert_allclose(intrinsics[0], [[500, 0, 320], [0, 500, 240], [0, 0, 1]])
