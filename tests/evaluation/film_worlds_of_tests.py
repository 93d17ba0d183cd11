"""Worlds that the tests of films share, rendered once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from kinoeye.evaluation.amg_metrics import film_scores
from kinoeye.evaluation.film_worlds import FilmWorld, film_worlds

SEED, COUNT, SIZE_WH = 12, 3, (64, 64)


@cache
def worlds_of_tests() -> tuple[FilmWorld, ...]:
    """A few of the eval stream."""
    return tuple(film_worlds(SEED, COUNT, size_wh=SIZE_WH))


@cache
def scores_of_truth(number: int) -> Mapping[str, float | None]:
    """Those of the true film of one of them."""
    world = worlds_of_tests()[number]
    return film_scores(world.film_rgb, world)


def over(world: FilmWorld, background_rgb: np.ndarray, people_rgb: np.ndarray | None = None) -> np.ndarray:
    """The film's people, or others at their pixels, and their shadows over another background."""
    film = world.film_rgb if people_rgb is None else people_rgb
    empty = world.empty_rgb.astype(float) + 1
    light = np.minimum((world.film_rgb + 1.0) / empty, 1.0)
    shaded = np.where(world.pair.cast[..., None], background_rgb * light, background_rgb).astype(np.uint8)
    return np.where(((world.pair.alpha > 0) | world.is_person)[..., None], film, shaded)
