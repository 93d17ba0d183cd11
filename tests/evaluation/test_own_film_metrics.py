"""Scores of users' own films: near their best for a film of the shot, and worse when what they measure is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from own_films_of_tests import film_of_tests, filmed_of_tests, moved_of_tests, place_of_tests

from kinoeye.evaluation.avatar_camera import camera_errors, camera_from_actors
from kinoeye.evaluation.film_features import FilmColours, FilmMotion
from kinoeye.evaluation.film_flow import film_flow
from kinoeye.evaluation.film_metrics import place_stability
from kinoeye.evaluation.judged_film import (
    JudgedFilm,
    avatar_colour_distance,
    flow_agreement,
    followed_pixels,
    place_flicker,
)
from kinoeye.evaluation.own_film_metrics import OWN_FILM_METRICS, SET_METRICS, lacking, own_film_scores

Scores = Mapping[str, float | None]
PLACE = ("background_stability", "place_flicker", "camera_motion_accuracy")
PEOPLE = ("self_silhouette_iou", "self_person_count_accuracy", "avatar_colour_distance", "flow_agreement",
          "pnp_rotation_deg", "pnp_position_percent")  # fmt: skip


@cache
def true_scores() -> Scores:
    return own_film_scores(JudgedFilm(film_of_tests(), filmed_of_tests(), 0), {})


def score(name: str, film: np.ndarray) -> float:
    value = OWN_FILM_METRICS[name].score(JudgedFilm(film, filmed_of_tests(), 0))
    assert value is not None
    return value


def over(film: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The people of a film where they should be, over another place."""
    return np.where((filmed_of_tests().alpha > 0)[..., None], film, place)


def test_every_score_of_a_true_film_is_defined_and_near_its_best():
    assert lacking(filmed_of_tests()) == {}
    true = true_scores()
    assert true["psnr"] == true["psnr_person"] == true["psnr_person_shadow"] == 60
    assert true["self_silhouette_iou"] == true["silhouette_iou"] > 0.75
    assert true["self_person_count_accuracy"] == true["person_count_accuracy"] == 1
    assert true["identity_colour_distance"] == true["flicker"] == 0
    assert true["avatar_colour_distance"] < 20
    assert true["flow_agreement"] > 0.7
    assert true["background_stability"] > 25
    assert true["place_flicker"] < 5
    assert true["camera_motion_accuracy"] == 1
    assert true["pnp_rotation_deg"] < 2.5
    assert true["pnp_position_percent"] < 5
    assert true["rgb_rotation_deg"] < 5
    assert true["rgb_direction_deg"] < 30


def test_a_film_of_another_shot_is_worse_in_every_score():
    true, other = true_scores(), own_film_scores(JudgedFilm(film_of_tests(1), filmed_of_tests(), 0), {})
    for name, metric in OWN_FILM_METRICS.items():
        assert (other[name] < true[name]) == (metric.better == "higher"), name
        assert other[name] != true[name], name
    assert other["self_silhouette_iou"] < 0.3
    assert other["self_person_count_accuracy"] == other["camera_motion_accuracy"] == 0
    assert other["flow_agreement"] < 0.5
    assert other["avatar_colour_distance"] > true["avatar_colour_distance"] + 10
    assert other["background_stability"] < true["background_stability"] - 5
    assert other["pnp_rotation_deg"] > 20


def test_a_film_without_people_has_none_of_them_and_its_place_stays():
    true, bare = true_scores(), place_of_tests()
    assert score("self_silhouette_iou", bare) < 0.1
    assert score("self_person_count_accuracy", bare) == 0
    assert score("pnp_rotation_deg", bare) == 180
    assert score("pnp_position_percent", bare) == 100
    assert score("avatar_colour_distance", bare) > true["avatar_colour_distance"] + 10
    for name in PLACE:
        assert score(name, bare) == pytest.approx(true[name], rel=0.05), name


def test_people_aside_are_not_where_they_should_be():
    filmed = filmed_of_tests()
    at = np.roll(filmed.alpha > 0, 24, axis=2)[..., None]
    aside = np.where(at, np.roll(film_of_tests(), 24, axis=2), place_of_tests())
    assert score("self_silhouette_iou", aside) < 0.4 * true_scores()["self_silhouette_iou"]
    assert score("self_person_count_accuracy", aside) == 0


def test_somebody_too_many_in_the_same_clothes_is_one_too_many():
    filmed = filmed_of_tests()
    twin = np.roll(filmed.alpha > 0, 48, axis=2) & (np.roll(filmed.person, 48, axis=2) == filmed.person.max())
    crowd = np.where(twin[..., None], np.roll(film_of_tests(), 48, axis=2), film_of_tests())
    assert score("self_person_count_accuracy", crowd) == 0
    assert score("self_silhouette_iou", crowd) < true_scores()["self_silhouette_iou"] - 0.1


def test_a_place_that_stands_still_is_told_and_people_are_not():
    still = over(film_of_tests(), np.repeat(place_of_tests()[:1], len(place_of_tests()), axis=0))
    true = true_scores()
    assert score("camera_motion_accuracy", still) == 0
    assert score("background_stability", still) < true["background_stability"] - 3
    assert score("place_flicker", still) > 2 * true["place_flicker"]
    assert score("rgb_direction_deg", still) > true["rgb_direction_deg"] + 30
    for name in PEOPLE:
        assert score(name, still) == pytest.approx(true[name], rel=0.3, abs=1.5 if "pnp" in name else 0.1), name


def test_noise_flickers():
    noise = np.random.default_rng(0).integers(-10, 11, film_of_tests().shape)
    noisy = np.clip(film_of_tests() + noise, 0, 255).astype(np.uint8)
    true = true_scores()
    assert score("place_flicker", noisy) > true["place_flicker"] + 4
    assert score("flicker", noisy) > 5
    assert score("camera_motion_accuracy", noisy) == 1


def test_a_darker_film_keeps_its_colours_and_other_clothes_do_not():
    filmed, film = filmed_of_tests(), film_of_tests()
    assert avatar_colour_distance(filmed.avatar_rgb, filmed) < 0.5
    linear_third = (film * (1 / 3) ** (1 / 2.4)).astype(np.uint8)
    true = true_scores()["avatar_colour_distance"]
    assert avatar_colour_distance(linear_third, filmed) < true + 3
    assert avatar_colour_distance(film[..., [2, 0, 1]], filmed) > true + 15


def test_flow_agrees_where_it_is_equal_and_not_where_it_is_reversed():
    filmed = filmed_of_tests()
    still = np.repeat(film_of_tests()[:1], len(film_of_tests()), axis=0)
    assert flow_agreement(still, filmed) == pytest.approx(0, abs=0.1)
    backwards = replace(filmed, flow=-filmed.flow)
    assert flow_agreement(film_of_tests(), backwards) < -0.3
    exact, counts = followed_pixels(filmed)
    assert counts.any()
    assert not (counts & ~filmed.is_person[:-1]).any()
    assert np.isfinite(exact[counts]).all()


def test_flow_of_a_picture_that_is_moved_is_that():
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 255, (16, 20, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    flow = film_flow(np.stack([picture, np.roll(picture, (2, 3), axis=(0, 1))]))
    assert flow.shape == (1, 64, 80, 2)
    assert np.median(flow[0, 10:-10, 10:-10], axis=(0, 1)) == pytest.approx([3, 2], abs=0.1)


def test_a_camera_is_found_from_the_avatars_themselves_to_a_thousandth():
    found = camera_errors(filmed_of_tests().avatar_rgb, filmed_of_tests())
    assert len(found.rotation_deg) == len(filmed_of_tests().frames_that_tell_cameras) > 3
    assert found.rotation_deg.max() < 0.01
    assert found.position_percent.max() < 0.01


def test_a_camera_that_was_moved_is_found_where_it_is_and_not_where_it_should_be():
    filmed = filmed_of_tests()
    film, poses = moved_of_tests()
    to_own, to_asked = [], []
    for index in filmed.frames_that_tell_cameras:
        found = camera_from_actors(film, filmed, index)
        if found is not None:
            for path, errors in ((poses, to_own), (filmed.poses, to_asked)):
                errors.append(np.linalg.norm(found[:3, 3] - path[index, :3, 3]))
    assert len(to_own) > 3
    assert np.median(to_own) < 0.6 * np.median(to_asked)
    assert score("pnp_rotation_deg", film) > 2 * true_scores()["pnp_rotation_deg"]
    assert score("pnp_position_percent", film) > 2 * true_scores()["pnp_position_percent"]


def test_plain_blobs_in_the_shape_of_people_tell_no_camera():
    for grey in (30, 90, 128):
        blobs = np.where((filmed_of_tests().alpha > 0)[..., None], np.uint8(grey), film_of_tests())
        found = camera_errors(blobs, filmed_of_tests())
        assert np.median(found.rotation_deg) == 180
        assert np.median(found.position_percent) == 100


def test_what_else_is_shown_in_the_shape_of_people_tells_no_camera():
    inside = (filmed_of_tests().alpha > 0)[..., None]
    film, other = film_of_tests(), film_of_tests(1)
    films = (other, np.where(inside, other, film), np.where(inside, film[:, ::-1, ::-1], film))
    found = np.concatenate([camera_errors(each, filmed_of_tests()).rotation_deg for each in films])
    assert (found == 180).mean() > 0.75


def test_what_is_not_there_leaves_metrics_out_with_a_reason():
    filmed = filmed_of_tests()
    assert set(lacking(replace(filmed, true_rgb=None))) == {
        *("psnr", "psnr_person", "psnr_person_shadow", "silhouette_iou", "person_count_accuracy"),
        *("identity_colour_distance", "flicker"),
    }
    pictures = lacking(replace(filmed, flow=None, cast=None))
    assert set(pictures) == {"psnr_person_shadow", "flow_agreement"}
    assert all("give the shot" in why for why in pictures.values())
    nobody = lacking(replace(filmed, person=0 * filmed.person))
    assert {"self_silhouette_iou", "flow_agreement", "pnp_rotation_deg", "psnr_person"} <= set(nobody)
    plain = lacking(replace(filmed, avatar_rgb=np.full_like(filmed.avatar_rgb, 90)))
    assert set(plain) == {"pnp_rotation_deg", "pnp_position_percent"}
    assert "too plain" in plain["pnp_rotation_deg"]
    zooming = replace(filmed, lenses=filmed.lenses * np.linspace(1, 2, len(filmed.lenses))[:, None])
    assert set(lacking(zooming)) == set(PLACE)
    below = filmed.poses.copy()
    below[:, 2, 3] -= 5
    assert set(PLACE) <= set(lacking(replace(filmed, poses=below)))
    resting = replace(filmed, poses=np.repeat(filmed.poses[:1], len(filmed.poses), axis=0))
    assert set(lacking(resting)) == {"rgb_direction_deg"}
    assert "rest" not in resting.hypotheses


def test_a_single_frame_has_no_motion():
    filmed = filmed_of_tests()
    one = {name: getattr(filmed, name)[:1] for name in ("avatar_rgb", "alpha", "depth", "person", "poses", "lenses",
                                                        "flow", "cast", "true_rgb")}  # fmt: skip
    single = replace(filmed, **one)
    lacks = lacking(single)
    assert {"flow_agreement", "flicker", "rgb_rotation_deg", *PLACE} <= set(lacks)
    scores = own_film_scores(JudgedFilm(film_of_tests()[:1], single, 0), lacks)
    assert scores["psnr"] == 60
    assert scores["flow_agreement"] is None
    assert place_flicker(film_of_tests()[:1], single) is None
    assert place_stability(single.avatar_rgb, single.is_place, single.poses, single.fx_fy_cx_cy) is None


def test_a_failure_is_the_worst_of_all_that_is_defined():
    worst, true = own_film_scores(None, {"psnr": "why"}), true_scores()
    assert worst["psnr"] is None
    for name, metric in OWN_FILM_METRICS.items():
        if name != "psnr":
            assert (worst[name] < true[name]) == (metric.better == "higher"), name


def test_features_tell_colours_and_motion_apart():
    film = film_of_tests()
    still = np.repeat(film[:1], len(film), axis=0)
    tinted = film[..., [1, 2, 0]]
    colours, motion = FilmColours(), FilmMotion()
    assert colours([film, film]).shape == motion([film, film]).shape == (2, 6)
    same, stopped, other = motion([film, still, tinted])
    assert np.abs(stopped).max() < 0.05
    assert np.abs(same).max() > 0.5
    assert np.abs(other - same).max() < np.abs(stopped - same).max()
    same, stopped, other = colours([film, still, tinted])
    assert np.abs(other - same).max() > 3 * np.abs(stopped - same).max()
    assert colours([np.full((2, 100, 80, 3), 119, np.uint8)])[0] == pytest.approx([5.0, 0, 0, 0, 0, 0], abs=0.05)
    assert (motion([film[:1]]) == 0).all()


def test_every_metric_has_its_row_in_the_documentation_and_every_row_its_metric():
    page = (Path(__file__).parents[2] / "docs" / "systems" / "amg.md").read_text()
    page = page.split("## Your own films")[1].split("\n## ")[0].split("| metric |")[1]
    rows = {line.split("`")[1]: [cell.strip() for cell in line.split("|")] for line in page.splitlines()
            if line.startswith("| `")}  # fmt: skip
    metrics = {**OWN_FILM_METRICS, **SET_METRICS}
    assert set(rows) == set(metrics)
    for name, metric in metrics.items():
        assert rows[name][3:6] == [metric.unit, metric.better, metric.worst], name
