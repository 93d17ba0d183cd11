"""The film model that ships: every condition matters, its attention is alive, and it is as good as its record says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.evaluation.amg_metrics import film_scores
from kinoeye.evaluation.film_worlds import FilmWorld, film_worlds
from kinoeye.systems.amg.conditions import AvatarFilms
from kinoeye.systems.amg.data import avatar_films
from kinoeye.systems.amg.pipeline import AMGPipeline
from kinoeye.weights import WeightsIndex

SEED, COUNT = 31, 6
Films = UInt8[NDArray, "b f h w 3"]


@cache
def tiny() -> AMGPipeline:
    return AMGPipeline.from_pretrained("tiny")


@cache
def worlds() -> Sequence[FilmWorld]:
    return list(film_worlds(SEED, COUNT))


@cache
def shown() -> AvatarFilms:
    return avatar_films([world.condition for world in worlds()])


def made(avatars: AvatarFilms, captions: Sequence[str] | None = None) -> Films:
    return tiny().film_avatars(avatars, captions or [world.caption for world in worlds()], seeds=range(COUNT))


@cache
def films() -> Films:
    return made(shown())


def mean_score(name: str, films: Films) -> float:
    found = [film_scores(film, world)[name] for film, world in zip(films, worlds(), strict=True)]
    return float(np.mean([score for score in found if score is not None]))


def test_it_is_as_good_on_fresh_worlds_as_its_record_says():
    recorded = WeightsIndex.read().entry("tiny", "amg").metrics
    for name, width in (
        ("psnr", 2.0),
        ("psnr_person_shadow", 2.5),
        ("silhouette_iou", 0.2),
        ("background_accuracy", 0.4),
    ):
        score = recorded[name]
        assert score is not None
        assert mean_score(name, films()) > score - width  # three standard errors of six films


def without_people(avatars: AvatarFilms) -> AvatarFilms:
    names = ("rgb", "alpha", "nearness", "person")
    return replace(avatars, **{name: torch.zeros_like(getattr(avatars, name)) for name in names})


@pytest.mark.parametrize(
    ("change", "score", "worse_by"),
    [
        (lambda shown: replace(shown, rgb=shown.rgb.flip(-1)), "psnr_person_shadow", 1.0),
        (lambda shown: replace(shown, alpha=shown.alpha / 2), "psnr_person_shadow", 1.0),
        (lambda shown: replace(shown, nearness=torch.zeros_like(shown.nearness)), "shadow_gain", 0.4),
        (lambda shown: replace(shown, T_world_cam=shown.T_world_cam.roll(1, dims=0)), "psnr", 3.0),
        (lambda shown: replace(shown, T_world_cam=shown.T_world_cam[:, :1].expand(-1, 16, -1, -1)),
         "camera_motion_accuracy", 0.5),
        (lambda shown: replace(shown, fx_fy_cx_cy=shown.fx_fy_cx_cy * 1.5), "psnr", 2.0),
        (without_people, "person_count_accuracy", 0.5),
        (without_people, "silhouette_iou", 0.4),
    ],
    ids=["colours", "alpha", "depth", "camera", "camera at rest", "lens", "people", "silhouettes"],
)  # fmt: skip
def test_every_condition_matters(change: Callable[[AvatarFilms], AvatarFilms], score: str, worse_by: float):
    assert mean_score(score, made(change(shown()))) < mean_score(score, films()) - worse_by


def test_it_tells_who_is_who():
    nobody = replace(shown(), person=torch.zeros_like(shown().person))
    assert not np.array_equal(made(nobody), films())


def test_the_caption_names_the_place():
    captions = [world.caption for world in worlds()]
    assert mean_score("background_accuracy", made(shown(), captions[1:] + captions[:1])) < 0.4
    assert mean_score("background_accuracy", films()) > 0.8


def test_its_attention_matters():
    with tiny().model.uniform_attention():
        even = made(shown())
    assert mean_score("psnr", even) < mean_score("psnr", films()) - 0.3
