import json
from dataclasses import replace

import numpy as np
import pytest

from kinoeye.cli.main import main
from kinoeye.footage import read_video
from kinoeye.footage.store import open_take
from kinoeye.render.guides import avatar_take
from kinoeye.shot import Shot
from kinoeye.studio.filming import Filming
from kinoeye.systems.amg.film_checkpoint import save
from small_amg import small_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "small"
    save(small_model(), folder)
    return str(folder)


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    file = tmp_path_factory.mktemp("shot") / "shot.json"
    assert main(["stage", "A woman in red stands in a meadow. The camera orbits left.", "-o", str(file),
                 "--frames", "24", "--size", "64x48", "--quiet"]) == 0  # fmt: skip
    return str(file)


def film(*words: str) -> int:
    return main(["film", *words, "--size", "24x16"])


def test_a_shot_is_filmed_in_another_place(shot, model, tmp_path, capsys):
    out = tmp_path / "moor"
    assert film(shot, "--model", model, "--edit", "background=a foggy moor", "-o", str(out)) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(out / "film.mp4")
    assert "caption: A woman in red stands" in told.err
    assert "moor" in told.err
    before, after, take = Shot.load(shot), Shot.load(out / "shot.json"), open_take(out)
    assert after.environment.name == "foggy moor"
    assert after.prompt == take.captions[0]
    assert [actor.avatar for actor in after.actors] == [actor.avatar for actor in before.actors]
    frames = len(take)
    assert take.layers["rgb"].source == "generated:amg"
    assert read_video(out / "film.mp4").size_wh == (24, 16)
    comparison = read_video(out / "comparison.mp4")
    assert (len(comparison), comparison.size_wh) == (frames, (72, 16))  # before, avatars, film
    record = json.loads((out / "run.json").read_text())
    assert record["seeds"] == {"seed": 0}
    assert set(record["weights_sha256"]) == {f"amg/{model}"}


def test_without_edits_the_comparison_has_two_pictures_and_the_same_seed_the_same_frames(shot, model, tmp_path):
    films = []
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert film(shot, "--model", model, "--seed", seed, "--quiet", "-o", str(tmp_path / name)) == 0
        films.append(open_take(tmp_path / name).rgb.values[:])
    assert read_video(tmp_path / "a/comparison.mp4").size_wh == (48, 16)
    assert np.array_equal(films[0], films[1])
    assert not np.array_equal(films[0], films[2])


def test_several_edits_and_numbers_for_scripts(shot, model, tmp_path, capsys):
    words = ["--edit", "camera=push in", "--edit", "motion=wave", "--caption", "a woman waves in the snow"]
    assert film(shot, "--model", model, *words, "--steps", "1", "--json", "-o", str(tmp_path / "out")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["caption"] == "a woman waves in the snow"
    assert found["size_wh"] == [24, 16]
    assert found["fps"] == 8
    assert abs(sum(found["places"].values()) - 1) < 1e-5
    assert found["pictures"] == ["film.mp4", "avatars.mp4", "comparison.mp4"]
    assert len(found["notes"]) >= 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--edit", "backgroud=a beach"], "backgroud"),
        (["--model", "tinny"], "tinny"),
        (["--size", "30x16"], "both sides must be multiples of 8, such as 32x16"),
        (["--root", "somewhere"], "--root is for settings of the published code"),
        (["--steps", "1000"], "1000 sampling steps are given; 1 to 100 are allowed"),
        (["--avatar-scale", "50"], "the avatar scale is 50; it is 0 to 10"),
        (["--system", "wan"], "wan"),
    ],
)
def test_mistakes_are_told_in_a_line_and_leave_nothing(shot, model, tmp_path, capsys, words, message):
    out = tmp_path / "out"
    given = [shot, "-o", str(out), *([] if "--model" in words else ["--model", model]), *words]
    assert main(["film", *given]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len([line for line in told.splitlines() if line.startswith("kinoeye")]) == 1
    assert not out.exists()


def test_a_film_is_no_shot(shot, model, tmp_path, capsys):
    (tmp_path / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftyp\xff")
    assert main(["film", str(tmp_path / "film.mp4"), "--model", model, "-o", str(tmp_path / "out")]) == 2
    assert "film.mp4 is no shot; give a shot.json, or a folder that holds one" in capsys.readouterr().err


def test_settings_of_the_published_code_take_no_options_of_shots(tmp_path, capsys):
    file = tmp_path / "change_motion.yaml"
    file.write_text("seed: 1\n")
    assert main(["film", str(file), "--steps", "3", "-o", str(tmp_path / "out")]) == 2
    assert "--steps is for shots" in capsys.readouterr().err


def test_an_empty_shot_cannot_be_filmed(model, tmp_path, capsys):
    file = tmp_path / "shot.json"
    assert main(["stage", "The camera pushes in.", "-o", str(file), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["film", str(file), "--model", model, "-o", str(tmp_path / "out")]) == 2
    assert "AMG films actors, and the shot has none that are drawn" in capsys.readouterr().err


def test_the_whole_loop_films_too(model, tmp_path, capsys):
    out = tmp_path / "loop"
    sentence = "A woman in red waves on the beach while the camera pushes in."
    assert main(["shoot", sentence, "--system", "amg", "--model", model, "--frames", "9", "--size", "48x32",
                 "-o", str(out)]) == 0  # fmt: skip
    assert "film.mp4" in capsys.readouterr().err
    assert read_video(out / "film.mp4").size_wh == (24, 16)
    page = (out / "report.html").read_text()
    assert "<h2>The film</h2>" in page
    assert "generated:amg" in page
    assert json.loads((out / "run.json").read_text())["weights_sha256"]["amg"]
    assert main(["shoot", sentence, "--system", "none", "--model", model, "-o", str(tmp_path / "none")]) == 2
    assert "leave one of them out" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_the_whole_loop_says_why_there_is_no_film(tmp_path, capsys):
    for number, (words, told) in enumerate(
        [([], "AMG films actors, and the shot has none"), (["--system", "none"], "")]
    ):
        out = tmp_path / str(number)
        assert main(["shoot", "push in", "--frames", "3", "--size", "48x32", "-o", str(out), *words]) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if "film.mp4" in line]
        assert len(lines) == bool(told)
        assert all(told in line for line in lines)
        assert not (out / "film.mp4").exists()
        assert ("None was made: AMG films actors" in (out / "report.html").read_text()) == bool(told)
    assert main(["shoot", "push in", "--system", "amg", "-o", str(tmp_path / "asked")]) == 2
    assert "AMG films actors, and the shot has none" in capsys.readouterr().err


def test_a_caption_that_names_no_place_surely_says_which_are_known(shot):
    take = avatar_take(Shot.load(shot), size_wh=(16, 16))
    places = {"night street": 0.56, "studio": 0.3, "snow": 0.14}
    made = Filming(shot=Shot.load(shot), guide=take, film=take, places=places, weights_sha256="")
    (note,) = made.notes
    assert "night street (56%) and studio (30%) of the 3 that it knows: night street, snow, studio" in note
    assert not replace(made, places={"snow": 0.7, "studio": 0.3}).notes
