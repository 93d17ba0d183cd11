"""The metrics of `kinoeye eval amg` by name; docs/systems/amg.md states each one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.evaluation.camera_hypotheses import moves_with_camera
from kinoeye.evaluation.film_metrics import (
    background_stability,
    flicker,
    identity_colour_distance,
    nearest_place,
    psnr,
    shadow_gain,
)
from kinoeye.evaluation.film_worlds import FilmWorld
from kinoeye.evaluation.gendop_metrics import EvalMetric

Frames = UInt8[NDArray, "f h w 3"]
Score = Callable[[Frames, FilmWorld], float | None]

_SHARE = EvalMetric("1", "higher", "0")
_DECIBELS = EvalMetric("dB", "higher", "0")
SECONDS = "seconds_per_film"

AMG_METRICS: Mapping[str, EvalMetric] = {
    "psnr": _DECIBELS,
    "psnr_person": _DECIBELS,
    "psnr_person_shadow": _DECIBELS,
    "silhouette_iou": _SHARE,
    "person_count_accuracy": _SHARE,
    "background_accuracy": _SHARE,
    "shadow_gain": _SHARE,
    "camera_motion_accuracy": _SHARE,
    "identity_colour_distance": EvalMetric("1", "lower", "100"),
    "background_stability": _DECIBELS,
    "flicker": EvalMetric("1", "lower", "255"),
    SECONDS: EvalMetric("s", "lower", "what it took"),
}
"""Name -> metric."""

SCORES: Mapping[str, Score] = {
    "psnr": lambda film, world: psnr(film, world.film_rgb),
    "psnr_person": lambda film, world: psnr(film, world.film_rgb, world.is_person),
    "psnr_person_shadow": lambda film, world: psnr(film, world.film_rgb, world.is_person | world.pair.cast),
    "silhouette_iou": lambda film, world: world.people.silhouette_iou(film),
    "person_count_accuracy": lambda film, world: float(world.people.counted_right(film)),
    "background_accuracy": lambda film, world: float(nearest_place(film, world) == world.pair.environment),
    "shadow_gain": shadow_gain,
    "camera_motion_accuracy": lambda film, world: float(
        moves_with_camera(film, world.is_ground, world.hypotheses, world.fx_fy_cx_cy)
    ),
    "identity_colour_distance": identity_colour_distance,
    "background_stability": background_stability,
    "flicker": flicker,
}
"""Name -> score of one film in its world; None where its world does not define it."""


def film_scores(
    film_rgb: Frames | None, world: FilmWorld, metrics: Iterable[str] = tuple(SCORES)
) -> dict[str, float | None]:
    """The scores of one film by name; None where its world does not define one.

    Args:
        film_rgb: the film; None for a failure, which is the worst in all that its world defines.
        world: what is true of it.
        metrics: names in `SCORES`.
    """
    if film_rgb is not None:
        return {name: SCORES[name](film_rgb, world) for name in metrics}
    defined = film_scores(world.film_rgb, world, metrics)
    return {name: None if value is None else float(AMG_METRICS[name].worst) for name, value in defined.items()}
