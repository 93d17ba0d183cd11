"""What `benchmarks/amg_edits.py` measures, on true films and on films that ignore an edit."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinoeye.evaluation.amg_filmer import ModelFilmer
from kinoeye.systems.amg.pipeline import AMGPipeline
from small_amg import small_model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = ("amg_edits", "amg_edit_pictures")


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("amg_edits")
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def edited(script: Any) -> list[Any]:
    return list(script.edited_worlds(5, 2, (64, 64)))


def true_films(edited: Any) -> dict[str, np.ndarray]:
    return {name: world.film_rgb for name, world in edited.worlds.items()}


def test_true_films_follow_every_edit_and_films_that_ignore_it_do_not(script: Any, edited: list[Any]):
    for world in edited:
        assert set(world.worlds) == {"before", "background", "camera", "motion"}
        right = script.edit_scores(world, true_films(world))
        ignored = script.edit_scores(world, dict.fromkeys(world.worlds, world.before.film_rgb))
        assert right["background place_after"] == ignored["background place_kept"] == 1
        assert right["background place_kept"] == ignored["background place_after"] == 0
        assert right["background silhouette iou_between"] > 0.6
        assert right["camera accuracy"] == ignored["camera accuracy_old"] == 1
        assert right["camera accuracy_old"] == ignored["camera accuracy"] == 0
        assert right["camera flow"] > max(right["camera flow_old"], ignored["camera flow"]) + 0.2
        assert right["camera iou"] > max(right["camera iou_old"], ignored["camera iou"]) + 0.2
        assert right["motion iou"] > right["motion iou_old"] + 0.2
        assert ignored["motion iou_old"] > ignored["motion iou"] + 0.2
        assert right["motion iou_masks"] <= script.MOST_OVERLAP
        assert right["motion place_psnr"] > 45


def test_a_film_that_moves_as_told_in_another_place_does_not_keep_its_background(script: Any, edited: list[Any]):
    world = edited[0]
    elsewhere = replace(world, before=world.background)
    films = {**true_films(world), "before": world.background.film_rgb}
    assert script.edit_scores(elsewhere, films)["motion place_psnr"] < 20


def test_grey_is_no_strength_and_the_true_film_is_all_of_it(script: Any, edited: list[Any]):
    world = edited[0].before
    true = script.scale_scores(world, world.film_rgb)
    grey = script.scale_scores(world, np.full_like(world.film_rgb, 128))
    assert true["place"] == true["person"] == true["background_accuracy"] == 1
    assert abs(grey["place"]) < 0.05
    assert abs(grey["person"]) < 0.05
    assert grey["grey_distance"] == 0.5
    assert grey["contrast"] < 0.001
    assert true["contrast"] > 5


def test_the_table_has_every_row_for_a_model_of_random_weights(script: Any, edited: list[Any]):
    pipeline = AMGPipeline(model=small_model())
    films, truths = script.measured(lambda guidance: ModelFilmer(pipeline, guidance), iter(edited), guided=1)
    assert {name.split()[0] for name in films} == {"background", "camera", "motion", "scales"}
    assert {name.split()[1] for name in films if name.startswith("scales")} == set(script.SETTINGS)
    assert all(row.items == (1 if name.startswith("scales") else 2) for name, row in films.items())
    assert films["background place_after"].value < truths["background place_after"].value == 1
    assert films["motion iou"].value < truths["motion iou"].value
    rows = [row.split(" | ") for row in script.table(films, truths).splitlines()]
    assert {row[1] for row in rows if row[0] == "| motion"} == {"iou", "iou_old", "iou_masks", "place_psnr"}
    assert len([row for row in rows if len(row) == 7]) == 1 + 6
