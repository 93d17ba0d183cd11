"""Users' own films in folders: what is found, what is said of what is not, and the whole command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from own_films_of_tests import SIZE_WH, film_of_tests, filmed_of_tests, shot_of_tests

from kinoeye.base.errors import InputError
from kinoeye.cli.main import main
from kinoeye.evaluation import film_evaluation
from kinoeye.evaluation.film_evaluation import evaluate_films
from kinoeye.evaluation.filmed import GuideFolder, filmed_of_shot, times_in, with_most_rows
from kinoeye.evaluation.own_film_metrics import OWN_FILM_METRICS
from kinoeye.evaluation.own_films import OwnFilm, find_pairs, is_film, read_film
from kinoeye.footage import write_video
from kinoeye.footage.store import save_take
from kinoeye.footage.take import Layer, Take
from kinoeye.render.guides import guide_passes, write_guides

FPS = 8.0


def write_frames(folder: Path, film: np.ndarray) -> None:
    from PIL import Image

    folder.mkdir(parents=True)
    for number, frame in enumerate(film):
        Image.fromarray(frame).save(folder / f"{number:04d}.png")


def take_of(film: np.ndarray, source: str) -> Take:
    camera = shot_of_tests().camera
    return Take(times_s=camera.times_s.double().numpy(), layers={"rgb": Layer(film, source)}, requested=shot_of_tests())


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """A folder of one shot, "a"."""
    folder = tmp_path / "shots"
    folder.mkdir()
    shot_of_tests().save(folder / "a.json")
    return folder


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def guides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guided") / "a"
    (folder / "guides").mkdir(parents=True)
    write_guides(guide_passes(shot_of_tests()), folder / "guides")
    return folder.parent


def test_films_are_read_from_whatever_they_are_in(films: Path):
    film = film_of_tests()
    write_video(films / "video.webm.mp4", film, fps=FPS)
    write_frames(films / "pictures", film)
    save_take(take_of(film, "generated:amg"), films / "take")
    (films / "shot").mkdir()
    write_video(films / "shot" / "film.mp4", film, fps=FPS)
    (films / "notes.txt").write_text("none")
    assert [path.name for path in sorted(films.iterdir()) if not is_film(path)] == ["notes.txt"]
    for name in ("pictures", "take"):
        assert np.array_equal(read_film(films / name).rgb, film)
    assert read_film(films / "pictures").times_s is None
    for name in ("video.webm.mp4", "shot"):
        found = read_film(films / name)
        assert found.rgb.shape == film.shape
        assert found.times_s == pytest.approx(np.arange(6) / FPS, abs=1e-3)


def test_large_films_are_made_smaller(films: Path):
    write_frames(films / "large", np.full((1, 1024, 100, 3), 77, np.uint8))
    found = read_film(films / "large")
    assert found.size_wh == (50, 512)
    assert (found.rgb == 77).all()


@pytest.mark.parametrize(
    ("film_s", "count", "shown"),
    [
        (np.arange(9) / 4, 9, np.arange(9) / 8),  # as many frames, at half the speed
        (None, 9, np.arange(9) / 8),
        (np.arange(5) / 4, 5, np.arange(5) / 4),
        (np.arange(18) / 17, 18, np.minimum(np.arange(18) / 17, 1)),
        (np.arange(25) / 24, 25, np.arange(25) / 24),
        (np.arange(17) / 16.5, 17, np.arange(17) / 16.5),  # a rest of less than a frame is left out
    ],
)
def test_frames_of_a_film_are_those_of_the_same_number_or_the_same_time(film_s, count: int, shown: np.ndarray):
    assert times_in(film_s, count, 3 + np.arange(9) / 8) == pytest.approx(3 + shown)


@pytest.mark.parametrize(
    ("film_s", "count", "message"),
    [
        (np.arange(8) / 4, 8, "it lasts 1.75 s in 8 frames where 1 s in 9 were filmed"),
        (np.arange(8) / 24, 8, "it lasts 0.292 s"),
        (None, 8, "8 frames without a rate where 9 were filmed"),
        (np.zeros(1), 1, "it lasts 0 s in 1 frames"),
    ],
)
def test_films_of_another_length_are_refused(film_s, count: int, message: str):
    with pytest.raises(InputError, match=message):
        times_in(film_s, count, np.arange(9) / 8)


def test_what_was_filmed_is_found_as_shots_takes_and_guides(films: Path, shots: Path, guides: Path):
    film = film_of_tests()
    for name in ("a", "b", "c", "d"):
        write_video(films / f"{name}.mp4", film, fps=FPS)
    (films / "e.mp4").write_bytes((films / "a.mp4").read_bytes())
    (shots / "b").mkdir()
    shot_of_tests().save(shots / "b")
    write_frames(shots / "b" / "truth", film)
    save_take(take_of(film, "truth"), shots / "c")
    save_take(take_of(film, "generated:amg"), shots / "d")
    write_video(shots / "a.mp4", film, fps=FPS)
    (shots / "readme.txt").write_text("none")
    (shots / "e.json").write_text("{}")
    pairs, notes = find_pairs(films, shots)
    truths = {name: pair.reference.truth for name, pair in pairs.items()}
    assert truths == {"a": shots / "a.mp4", "b": shots / "b" / "truth", "c": shots / "c", "d": None}
    assert all(pair.film == films / f"{name}.mp4" for name, pair in pairs.items())
    assert any("e.json, readme.txt" in note for note in notes)
    assert any("left out: e" in note for note in notes)
    pairs, _ = find_pairs(films, guides)
    assert pairs["a"].reference.file == guides / "a" / "guides" / "guides.json"
    pairs, _ = find_pairs(shots / "d", shots / "d")
    assert list(pairs) == ["d"]
    assert pairs["d"].reference.truth is None


def test_true_films_of_shots_that_lie_alone_are_in_folders_of_their_names(films: Path, shots: Path):
    film = film_of_tests()
    shot_of_tests().save(shots / "b.json")
    write_frames(films / "a", film)
    write_frames(shots / "a" / "truth", film)
    write_video(shots / "truth.mp4", film, fps=FPS)  # of nothing that was filmed
    pairs, notes = find_pairs(films, shots)
    assert {name: pair.reference.truth for name, pair in pairs.items()} == {"a": shots / "a" / "truth", "b": None}
    assert notes == ("neither shots, takes nor guides, and left out: truth.mp4",)


def test_guides_keep_no_frames_in_memory(films: Path, guides: Path):
    write_frames(films / "a", film_of_tests())
    reference = find_pairs(films, guides)[0]["a"].reference
    first = reference.in_small().avatar_rgb
    (guides / "a" / "guides" / "avatar" / "rgb.safetensors").rename(films / "away")
    try:
        with pytest.raises(InputError):
            reference.in_small()
    finally:
        (films / "away").rename(guides / "a" / "guides" / "avatar" / "rgb.safetensors")
    assert np.array_equal(reference.in_small().avatar_rgb, first)


def test_frames_of_fewer_rows_are_averages():
    stripes = np.tile(np.array([255, 0, 0, 255], np.uint8)[:, None, None], (1, 40, 1, 3)).reshape(1, 160, 1, 3)
    assert (with_most_rows(stripes, 40) == 128).all()
    assert with_most_rows(stripes, 160) is stripes


def test_checksums_are_of_what_was_filmed_and_of_true_films(films: Path, shots: Path, guides: Path):
    write_video(films / "a.mp4", film_of_tests(), fps=FPS)
    alone = find_pairs(films, shots)[0]["a"].reference.sha256
    assert len(alone) == 1
    write_video(shots / "a.mp4", film_of_tests(), fps=FPS)
    assert find_pairs(films, shots)[0]["a"].reference.sha256[:1] == alone
    assert len(find_pairs(films, shots)[0]["a"].reference.sha256) == 2
    assert len(find_pairs(films, guides)[0]["a"].reference.sha256) == 9  # the legend, the camera, and seven passes


def test_a_film_that_is_missing_is_black_among_films(films: Path, shots: Path):
    write_video(shots / "a.mp4", film_of_tests(), fps=FPS)
    pair = find_pairs(_with_film_of_another_name(films, shots), shots)[0]["a"]
    judged = film_evaluation._judge(pair, None, seed=0, with_rows=False)
    assert judged.failure == "there is no film"
    ours, theirs = judged.features["frechet_own_colour"]
    assert (ours == 0).all()
    assert theirs[0] > 1


def _with_film_of_another_name(films: Path, shots: Path) -> Path:
    shot_of_tests().save(shots / "b.json")
    write_video(films / "b.mp4", film_of_tests(), fps=FPS)
    return films


def test_what_a_film_should_show_is_rendered_at_its_frames_and_size(films: Path, shots: Path):
    reference = find_pairs_of(films, shots)
    film = OwnFilm(np.zeros((3, 48, 40, 3), np.uint8), np.array([0.0, 0.2, 0.6]))
    times = reference.times_of(film)
    filmed = reference.at(times, film.size_wh)
    assert filmed.person.shape == (3, 48, 40)
    again = filmed_of_shot(shot_of_tests(), np.array([0.0, 0.2, 0.6]), (40, 48))
    assert np.array_equal(filmed.avatar_rgb, again.avatar_rgb)
    assert filmed.lenses[0, :2] == pytest.approx(filmed_of_tests().lenses[0, :2] * [40 / 96, 48 / 96])
    with pytest.raises(InputError, match="40x96 pixels where 96x96 were filmed"):
        reference.times_of(OwnFilm(np.zeros((6, 96, 40, 3), np.uint8), None))
    assert reference.in_small().size_wh == (64, 64)


def find_pairs_of(films: Path, shots: Path):
    write_frames(films / "a", film_of_tests())
    return find_pairs(films, shots)[0]["a"].reference


def test_guides_say_what_the_shot_says_as_far_as_pictures_can(guides: Path):
    exact, found = filmed_of_tests(), GuideFolder.open(guides / "a" / "guides").filmed(np.arange(6), SIZE_WH)
    assert np.array_equal(found.person, exact.person)
    assert np.array_equal(found.avatar_rgb, exact.avatar_rgb)
    assert found.poses == pytest.approx(exact.poses, abs=1e-6)
    assert found.lenses == pytest.approx(exact.lenses, abs=1e-6)
    error = np.abs(found.depth - exact.depth)[exact.is_person] / exact.depth[exact.is_person]
    assert np.median(error) < 0.005
    assert found.flow is found.cast is None
    half = GuideFolder.open(guides / "a" / "guides").filmed(np.array([0, 3]), (48, 48))
    assert half.person.shape == (2, 48, 48)
    assert half.is_person.mean() == pytest.approx(exact.is_person[[0, 3]].mean(), rel=0.1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the metrics that take long and are tested elsewhere."""
    slow = ("rgb_rotation_deg", "rgb_direction_deg", "pnp_rotation_deg", "pnp_position_percent")
    for name in slow:
        cheap = replace(OWN_FILM_METRICS[name], score=lambda film: 1.0)
        monkeypatch.setitem(OWN_FILM_METRICS, name, cheap)  # pyright: ignore[reportArgumentType]


@pytest.mark.usefixtures("quick")
def test_films_that_fail_are_the_worst_and_told(films: Path, shots: Path):
    film = film_of_tests()
    for name in ("b", "c", "d"):
        shot_of_tests().save(shots / f"{name}.json")
    write_frames(films / "a", film)
    (films / "b.mp4").write_bytes(b"no video")
    write_video(films / "c.mp4", film[:3], fps=FPS)
    report = evaluate_films(films, shots, baselines="none")
    assert (report.count, report.failures, report.baselines, report.chance) == (4, 3, {}, {})
    one = report.metrics["self_person_count_accuracy"]
    assert (one.value, one.items) == (0.25, 4)
    for start, said in (("b: ", "cannot be decoded"), ("c: ", "it lasts 0.25 s in 3 frames"), ("d: ", "no film")):
        assert any(note.startswith(start) and said in note for note in report.notes), start
    assert report.metrics["psnr"].value is None
    assert any("no true film" in note and "4 of 4 films have no psnr, " in note for note in report.notes)
    assert any("7 films with true ones are needed, and 0" in note for note in report.notes)


@pytest.mark.usefixtures("quick")
def test_baselines_are_true_films_the_actors_and_films_of_other_names(films: Path, shots: Path):
    film = film_of_tests()
    shot_of_tests().save(shots / "b.json")
    write_frames(films / "a", film)
    write_frames(films / "b", film[::-1])
    write_video(shots / "a.mp4", film, fps=FPS)
    report = evaluate_films(films, shots)
    rows = {name: found.value for name, found in report.baselines.items()}
    assert rows["self_silhouette_iou_avatars"] > 0.8
    assert rows["background_stability_ceiling"] > 20
    assert report.baselines["psnr_ceiling"].items == report.metrics["psnr"].items == 1
    assert rows["psnr_shuffled"] < report.metrics["psnr"].value
    assert 0 < report.chance["camera_motion_accuracy"].value <= 0.5
    assert "psnr_avatars" not in rows


def test_frechet_distances_need_more_films_than_numbers_and_count_failures_as_black():
    rng = np.random.default_rng(0)
    judged = [_judged(rng.normal(size=6), rng.normal(size=6)) for _ in range(6)]
    found, notes = film_evaluation._frechet(judged, 0)
    assert found["frechet_own_motion"].value is None
    assert notes == ["7 films with true ones are needed, and 6 are there, so that there is no frechet_own_colour, "
                     "frechet_own_motion"]  # fmt: skip
    near = [_judged(x, x + 0.01) for x in rng.normal(size=(9, 6))]
    far = [_judged(x + 2, x) for x in rng.normal(size=(9, 6))]
    near_value, far_value = (film_evaluation._frechet(each, 0)[0]["frechet_own_colour"] for each in (near, far))
    assert near_value.value == pytest.approx(6 * 0.01**2, abs=1e-6)
    assert far_value.value == pytest.approx(24)
    assert far_value.items == 9


def _judged(ours: np.ndarray, theirs: np.ndarray) -> film_evaluation._Judged:
    features = dict.fromkeys(("frechet_own_colour", "frechet_own_motion"), (ours, theirs))
    return film_evaluation._Judged(scores={}, rows={}, lacks={}, features=features, chance=None)


def test_the_command_scores_films_of_guides_as_a_table_and_as_json(
    films: Path, guides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_frames(films / "a", film_of_tests())
    run = ["eval", "amg", "--pred", str(films), "--gt", str(guides), "--baselines", "none"]
    assert main([*run, "--json", "-o", str(tmp_path / "scores.csv")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["system"], found["count"], found["failures"]) == ("amg", 1, 0)
    metrics = found["metrics"]
    assert metrics["psnr"] is metrics["flow_agreement"] is metrics["frechet_own_colour"] is None
    assert metrics["self_person_count_accuracy"] == 1
    assert metrics["pnp_rotation_deg"] < 2.5
    assert (tmp_path / "scores.csv").read_text().startswith("group,name,value,low,high,items\n")


@pytest.mark.usefixtures("quick")
def test_what_kinoeye_filmed_is_scored_against_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_take(take_of(film_of_tests(), "generated:amg"), tmp_path / "out")
    shot_of_tests().save(tmp_path / "out")
    assert main(["eval", "amg", "--pred", str(tmp_path / "out"), "--gt", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    for word in ("self_silhouette_iou", "place_flicker", "avatars", "0 failed and count as the worst",
                 "note: there is no true film"):  # fmt: skip
        assert word in shown


def _empty(films: Path, shots: Path) -> None:
    (shots / "a.json").unlink()


def _other_name(films: Path, shots: Path) -> None:
    write_video(films / "b.mp4", film_of_tests(), fps=FPS)


def _twice(films: Path, shots: Path) -> None:
    write_video(films / "a.mp4", film_of_tests(), fps=FPS)
    write_frames(films / "a", film_of_tests())


def _nobody(films: Path, shots: Path) -> None:
    write_frames(films / "a", film_of_tests())
    replace(shot_of_tests(), actors=()).save(shots / "a.json")


def _damaged_guides(films: Path, shots: Path) -> None:
    (shots / "a.json").unlink()
    (shots / "a").mkdir()
    write_guides(guide_passes(shot_of_tests(), size_wh=(24, 24), samples=1), shots / "a")
    (shots / "a" / "persons" / "rgb.safetensors").write_bytes(b"no tensors")
    write_frames(films / "a", film_of_tests())


def _sizes(films: Path, shots: Path) -> None:
    (shots / "a").mkdir()
    (shots / "a.json").rename(shots / "a" / "shot.json")
    write_frames(films / "a", film_of_tests())
    write_frames(shots / "a" / "truth", film_of_tests())
    from PIL import Image

    Image.fromarray(film_of_tests()[0, :40]).save(shots / "a" / "truth" / "0009.png")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (_empty, "holds nothing that was filmed"),
        (_other_name, "has no film of the 1 names"),
        (_twice, "holds both a and a.mp4"),
        (_nobody, "no actors that are drawn"),
        (_damaged_guides, "rgb.safetensors is damaged"),
        (_sizes, "96x40 and 96x96 pixels"),
    ],
)
def test_folders_that_cannot_be_used_are_told_in_a_line(
    prepare: Callable[[Path, Path], None], message: str, films: Path, shots: Path, capsys: pytest.CaptureFixture[str]
):
    prepare(films, shots)
    assert main(["eval", "amg", "--pred", str(films), "--gt", str(shots)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len([line for line in told.splitlines() if line.startswith("kinoeye")]) == 1
