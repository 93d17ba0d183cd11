"""Scores of films: the true film has them all, and each falls when what it measures is broken, and only then."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from film_worlds_of_tests import COUNT, over, scores_of_truth, worlds_of_tests

from kinoeye.evaluation.amg_metrics import AMG_METRICS, SCORES, film_scores
from kinoeye.evaluation.film_metrics import HIGHEST_PSNR, flicker, nearest_place, psnr, shadow_gain
from kinoeye.evaluation.film_worlds import FilmWorld

Scores = Mapping[str, float | None]


@pytest.fixture(params=range(COUNT))
def number(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def world(number: int) -> FilmWorld:
    return worlds_of_tests()[number]


@pytest.fixture
def true(number: int) -> Scores:
    return scores_of_truth(number)


def test_the_true_film_has_the_best_of_every_score(true: Scores):
    assert set(true) == set(SCORES)
    assert [true[name] for name in ("psnr", "psnr_person", "psnr_person_shadow")] == [HIGHEST_PSNR] * 3
    for name in ("person_count_accuracy", "background_accuracy", "camera_motion_accuracy"):
        assert true[name] == 1, name
    assert true["shadow_gain"] == pytest.approx(1)
    assert true["identity_colour_distance"] == true["flicker"] == 0
    assert true["silhouette_iou"] > 0.55
    assert true["background_stability"] > 25


def test_a_film_without_shadows_has_all_but_them(world: FilmWorld, true: Scores):
    bare = np.where(world.pair.cast[..., None], world.empty_rgb, world.film_rgb)
    found = film_scores(bare, world)
    assert found["shadow_gain"] == pytest.approx(0, abs=0.05)
    assert found["psnr_person_shadow"] < found["psnr_person"]
    kept = ("psnr_person", "person_count_accuracy", "background_accuracy", "camera_motion_accuracy",
            "identity_colour_distance", "background_stability")  # fmt: skip
    assert [found[name] for name in kept] == [true[name] for name in kept]
    assert found["silhouette_iou"] == pytest.approx(true["silhouette_iou"], abs=0.05)


def test_darkness_everywhere_is_no_shadow(world: FilmWorld):
    assert shadow_gain((0.8 * world.empty_rgb).astype(np.uint8), world) == pytest.approx(0, abs=0.05)
    assert shadow_gain(np.roll(world.film_rgb, 9, axis=2), world) < 0.6


def test_half_the_darkening_is_half_the_gain(world: FilmWorld):
    half = ((world.film_rgb.astype(int) + world.empty_rgb + 1) // 2).astype(np.uint8)
    assert shadow_gain(half, world) == pytest.approx(0.5, abs=0.1)


def test_people_at_other_places_lose_their_silhouettes_and_not_the_place(world: FilmWorld, true: Scores):
    aside = np.roll(world.film_rgb, 20, axis=2)
    is_person = np.roll(world.pair.alpha > 0, 20, axis=2)
    found = film_scores(np.where(is_person[..., None], aside, world.empty_rgb), world)
    assert found["silhouette_iou"] < 0.4 * true["silhouette_iou"]
    assert found["person_count_accuracy"] == 0
    assert found["background_accuracy"] == found["camera_motion_accuracy"] == 1


def test_people_in_other_colours_are_told(world: FilmWorld):
    found = film_scores(over(world, world.empty_rgb, world.film_rgb[..., [1, 2, 0]] // 2), world)
    assert found["identity_colour_distance"] > 15
    assert found["psnr_person"] < 20
    assert found["background_accuracy"] == found["camera_motion_accuracy"] == 1
    assert found["shadow_gain"] == pytest.approx(1, abs=0.1)


def test_a_place_that_stands_still_does_not_follow_the_camera(world: FilmWorld, true: Scores):
    frozen = over(world, np.repeat(world.empty_rgb[:1], len(world.film_rgb), axis=0))
    found = film_scores(frozen, world)
    assert found["camera_motion_accuracy"] == 0
    assert found["background_stability"] < true["background_stability"] - 3
    assert found["psnr_person"] == HIGHEST_PSNR
    assert found["person_count_accuracy"] == 1
    plain = over(world, np.full_like(world.empty_rgb, world.empty_rgb.mean(axis=(0, 1, 2)).astype(np.uint8)))
    assert film_scores(plain, world)["camera_motion_accuracy"] == 0


def test_the_place_of_a_film_is_told_among_all(world: FilmWorld):
    for other in worlds_of_tests():
        looks_like = np.repeat(other.empty_rgb.mean(axis=0, keepdims=True), len(other.empty_rgb), axis=0)
        found = nearest_place(over(world, looks_like.astype(np.uint8)), world)
        assert (found == world.pair.environment) == (other.pair.environment == world.pair.environment)


def test_noise_flickers_and_another_brightness_does_not(world: FilmWorld, true: Scores):
    noise = np.random.default_rng(0).integers(-8, 9, world.film_rgb.shape)
    noisy = np.clip(world.film_rgb + noise, 0, 255).astype(np.uint8)
    found = film_scores(noisy, world)
    assert found["flicker"] > 5
    assert found["background_stability"] < true["background_stability"]
    assert found["background_accuracy"] == 1
    assert flicker(np.clip(world.film_rgb, 0, 235) + 20, world) < flicker(noisy, world) / 2


def test_psnr_is_that_of_the_pixels_that_count():
    true = np.full((2, 3, 3, 3), 100, np.uint8)
    film = true.copy()
    film[0, 0] += 10
    mask = np.zeros((2, 3, 3), bool)
    assert psnr(film, true, mask) is None
    mask[0, 0] = True
    assert psnr(film, true, mask) == pytest.approx(10 * np.log10(255**2 / 100))
    assert psnr(film, true, ~mask) == HIGHEST_PSNR


def test_a_failure_is_the_worst_of_every_score_that_is_defined(world: FilmWorld, true: Scores):
    worst = film_scores(None, world)
    for name, value in worst.items():
        assert (value is None) == (true[name] is None)
        if value is not None:
            assert value == float(AMG_METRICS[name].worst)
            assert (value < true[name]) == (AMG_METRICS[name].better == "higher"), name
