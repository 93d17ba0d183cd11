"""The evaluation of films that are made of avatars: rows, failures, what is handed in, and its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from film_worlds_of_tests import COUNT, SEED, SIZE_WH, worlds_of_tests

from kinoeye.base.errors import InputError
from kinoeye.cli.eval_tables import baseline_columns, print_report
from kinoeye.evaluation import amg
from kinoeye.evaluation.amg import Contender, evaluate_amg, made
from kinoeye.evaluation.amg_metrics import AMG_METRICS, SCORES
from kinoeye.evaluation.film_baselines import paste_as_told, pasted, place_named, place_pictures
from kinoeye.evaluation.harness import EvalReport
from kinoeye.systems.amg.pairs import AvatarCondition

FIXED = {
    *("psnr", "psnr_person_shadow", "silhouette_iou", "background_accuracy", "shadow_gain"),
    *("camera_motion_accuracy", "person_count_accuracy", "seconds_per_film"),
}
FIXED_BASELINES = {
    *("silhouette_iou_ceiling", "silhouette_iou_paste", "psnr_paste_mean", "psnr_person_shadow_paste"),
    *("psnr_person_shadow_shuffled", "background_accuracy_shuffled_caption", "psnr_uniform_attention", "psnr_codec"),
}


def film_as_told(conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int) -> np.ndarray:
    """The avatars of the condition in the film without people of the world that the caption is of."""
    place = {world.caption: world.empty_rgb for world in worlds_of_tests()}
    return np.stack([pasted(c, place[t]) for c, t in zip(conditions, captions, strict=True)])


def film_true(conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int) -> np.ndarray:
    """The true films."""
    film = {world.caption: world.film_rgb for world in worlds_of_tests()}
    return np.stack([film[caption] for caption in captions])


def evaluated(contender: Contender, **options) -> EvalReport:
    return evaluate_amg(contender, world_seed=SEED, count=COUNT, size_wh=SIZE_WH, **options)


@pytest.fixture(scope="module", autouse=True)
def _rendered_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amg, "film_worlds", lambda *args, **options: iter(worlds_of_tests()))
        yield


@pytest.fixture(scope="module")
def report() -> EvalReport:
    return evaluated(
        Contender(name="told", film=film_as_told, uniform_attention=film_true, codec=lambda films: films // 16 * 16)
    )


def test_the_names_that_users_rely_on_are_there(report: EvalReport):
    assert set(report.metrics) >= FIXED
    assert set(report.baselines) >= FIXED_BASELINES
    assert list(report.metrics) == list(AMG_METRICS)
    rows, others = baseline_columns(report)
    assert not others
    assert all(set(row) <= set(SCORES) for row in rows.values())
    assert {"ceiling", "paste", "paste_mean", "paste_true_camera", "shuffled_caption", "codec"} <= set(rows)


def test_one_world_alone_has_nobody_to_be_shuffled_with(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(amg, "film_worlds", lambda *args, **options: iter(worlds_of_tests()[:1]))
    rows = evaluate_amg(Contender(name="told", film=film_as_told), world_seed=SEED, count=1, size_wh=SIZE_WH).baselines
    assert set(rows) >= FIXED_BASELINES - {"psnr_uniform_attention", "psnr_codec"}
    assert rows["psnr_shuffled"].value is rows["background_accuracy_shuffled_caption"].value is None


def test_baselines_are_what_they_are_called(report: EvalReport):
    value = {name: found.value for name, found in (report.metrics | report.baselines).items()}
    assert value["psnr"] == value["psnr_paste_true_camera"] > value["psnr_paste_mean"] > value["psnr_paste_image"]
    assert value["background_accuracy"] == value["background_accuracy_ceiling"] == 1
    assert value["background_accuracy_shuffled_caption"] == 0
    assert value["camera_motion_accuracy"] == 1 > value["camera_motion_accuracy_paste"]
    assert value["psnr_person_shadow_shuffled"] < value["psnr_person_shadow"] - 3
    assert value["silhouette_iou_shuffled"] < value["silhouette_iou"] / 2
    assert value["shadow_gain"] == pytest.approx(0, abs=0.05)
    assert value["shadow_gain_uniform_attention"] == pytest.approx(1)
    assert value["silhouette_iou_uniform_attention"] == value["silhouette_iou_ceiling"]
    assert 25 < value["psnr_codec"] < 40
    assert report.chance["camera_motion_accuracy"].value == 1 / 8


def test_a_film_that_cannot_be_made_is_the_worst_and_the_others_stay():
    bad = worlds_of_tests()[1].caption

    def film(conditions, captions, *, seed: int):
        if bad in captions:
            raise InputError("too dark to film")
        return film_true(conditions, captions, seed=seed)

    report = evaluated(Contender(name="afraid", film=film), baselines="none")
    assert (report.failures, report.count, report.baselines, report.chance) == (1, COUNT, {}, {})
    assert report.metrics["person_count_accuracy"].value == pytest.approx((COUNT - 1) / COUNT)
    assert report.metrics["psnr"].value == pytest.approx(60 * (COUNT - 1) / COUNT)
    assert report.metrics["psnr"].items == COUNT
    assert any("too dark to film" in note for note in report.notes)


def test_films_of_another_shape_are_refused():
    for film in (lambda *_, seed: np.zeros((COUNT, 2, 4, 4, 3), np.uint8), _as_floats(film_true)):
        with pytest.raises(InputError, match="were asked for"):
            list(made(film, worlds_of_tests()))


def _as_floats(film: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda conditions, captions, *, seed: film(conditions, captions, seed=seed) / 255


def test_filmers_are_shown_no_truth_and_seeds_that_tell_batches_apart(monkeypatch: pytest.MonkeyPatch):
    shown: list[tuple[int, int]] = []

    def film(conditions, captions, *, seed: int):
        assert all(set(vars(c)) == set(AvatarCondition.__annotations__) for c in conditions)
        shown.append((len(captions), seed))
        return film_true(conditions, captions, seed=seed)

    monkeypatch.setattr(amg, "AT_ONCE", 2)
    assert len(list(made(film, worlds_of_tests(), seed=5))) == COUNT
    assert shown == [(2, 5), (1, 7)]


def test_worlds_in_several_blocks_are_scored_as_in_one(report: EvalReport, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(amg, "_IN_MEMORY", 2)
    blocks = [(first, len(worlds)) for first, worlds in amg._blocks(iter(worlds_of_tests()), COUNT)]
    assert blocks == [(0, 2), (2, 1)]
    apart = evaluated(Contender(name="told", film=film_as_told), baselines="none")
    assert {**apart.metrics, "seconds_per_film": 0} == {**report.metrics, "seconds_per_film": 0}


def test_the_same_seed_gives_the_same_numbers():
    told = Contender(name="told", film=film_as_told)
    first, again = (evaluated(told, baselines="none").summary()["metrics"] for _ in range(2))
    assert {**first, "seconds_per_film": 0} == {**again, "seconds_per_film": 0}


def test_a_report_is_kept_and_shown_with_its_baselines(
    report: EvalReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    report.save(tmp_path / "report.json")
    assert EvalReport.load(tmp_path / "report.json").summary() == report.summary()
    assert json.loads(json.dumps(report.summary()))["system"] == "amg"
    print_report(report)
    shown = capsys.readouterr().out
    for word in ("camera_motion_accuracy", "paste_mean", "lower", "worlds-v1-people"):
        assert word in shown


def test_actors_are_pasted_in_linear_light_and_nothing_else_changes():
    world = worlds_of_tests()[0]
    film = pasted(world.condition, world.empty_rgb)
    outside, inside = world.pair.alpha == 0, world.pair.alpha == 255
    assert np.array_equal(film[outside], world.empty_rgb[outside])
    assert np.array_equal(film[inside], world.pair.avatar_rgb[inside])
    edge = ~outside & ~inside
    assert edge.any()
    assert (film[edge].astype(int) >= world.pair.avatar_rgb[edge].astype(int) - 1).all()


def test_the_place_of_every_caption_is_read_and_pasted():
    for world in worlds_of_tests():
        assert {place_named(caption) for caption in world.pair.captions} == {world.pair.environment}
    with pytest.raises(InputError, match="no place is named"):
        paste_as_told([worlds_of_tests()[0].condition], ["Somebody waves."], seed=0)


def test_places_are_pictured_by_several_cameras_of_the_right_place():
    snow, street = (place_pictures(name, (24, 16)) for name in ("snow", "night street"))
    assert snow.pictures.shape[1:] == snow.mean.shape == snow.one(0).shape == (16, 24, 3)
    assert len({picture.tobytes() for picture in snow.pictures}) == len(snow.pictures)
    assert snow.mean.mean() > 2 * street.mean.mean()
    assert not np.array_equal(snow.one(1), snow.one(2))


def test_every_metric_has_its_row_in_the_documentation_and_every_row_its_metric():
    page = (Path(__file__).parents[2] / "docs" / "systems" / "amg.md").read_text()
    page = page.split("## How films are scored")[1].split("\n## ")[0]
    rows = {line.split("`")[1]: [cell.strip() for cell in line.split("|")] for line in page.splitlines()
            if line.startswith("| `")}  # fmt: skip
    assert set(rows) == set(AMG_METRICS)
    for name, metric in AMG_METRICS.items():
        assert rows[name][3:6] == [metric.unit, metric.better or "neither", metric.worst], name
