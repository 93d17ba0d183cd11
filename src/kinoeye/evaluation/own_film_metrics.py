"""The metrics of `kinoeye eval amg --pred --gt` by name; docs/systems/amg.md states each one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.evaluation.avatar_camera import WORST_DEG, WORST_PERCENT
from kinoeye.evaluation.camera_hypotheses import moves_with_camera
from kinoeye.evaluation.film_features import FilmColours, FilmMotion
from kinoeye.evaluation.film_metrics import colour_distance, error_flicker, place_stability, psnr
from kinoeye.evaluation.filmed import Filmed
from kinoeye.evaluation.gendop_metrics import EvalMetric
from kinoeye.evaluation.judged_film import (
    JudgedFilm,
    avatar_colour_distance,
    flow_agreement,
    followed_pixels,
    place_flicker,
)

Frames = UInt8[NDArray, "f h w 3"]
Lacks = Callable[[Filmed], str | None]
LEAST_FLOW = 0.2 / 128
"""Root mean square of the actors' flow, as a share of the height, under which they are at rest."""
LEAST_GROUND = 0.02
"""Share of the pictures that show ground where a camera is told by it."""
LEAST_HEIGHT_M = 0.05
"""Of the camera above the ground plane."""
_REST_M = 1e-3


@dataclass(frozen=True)
class OwnFilmMetric(EvalMetric):
    """A metric of one film, and when there is nothing to measure it by."""

    score: Callable[[JudgedFilm], float | None]
    lacks: Lacks
    """Why it is not defined, whatever the film; None where it is."""


def _truth(filmed: Filmed) -> str | None:
    return filmed.no_truth if filmed.true_rgb is None else None


def _people(filmed: Filmed) -> str | None:
    return None if (filmed.is_person & (filmed.alpha == 255)).any() else "nobody is to be seen"


def _shadows(filmed: Filmed) -> str | None:
    return "guides do not say where shadows fall: give the shot" if filmed.cast is None else None


def _flow(filmed: Filmed) -> str | None:
    if filmed.flow is None:
        return "guides have no exact flow: give the shot"
    exact, counts = followed_pixels(filmed)
    moved = exact[counts]
    if not moved.size or float(np.sqrt((moved**2).sum(axis=-1).mean())) < LEAST_FLOW * filmed.size_wh[1]:
        return "nobody moves in the picture"
    return None


def _plane(filmed: Filmed) -> str | None:
    if filmed.zooms:
        return "the camera zooms, and the place is followed by moves alone"
    low = float(filmed.poses[:, 2, 3].min())
    return None if low >= LEAST_HEIGHT_M else "the camera is not above the ground, which is taken to be at 0 m"


def _seen_again(measure: Callable[[Frames, Filmed], float | None]) -> Lacks:
    # Whether the place is seen again follows from the camera, whatever the film.
    def lacks(filmed: Filmed) -> str | None:
        missing = measure(filmed.avatar_rgb, filmed) is None
        return "no part of the place is seen again in the next frames" if missing else None

    return lacks


def _ground(filmed: Filmed) -> str | None:
    if float(filmed.is_ground.mean()) < LEAST_GROUND:
        return "hardly any ground is to be seen"
    return None if len(filmed.hypotheses) > 1 else "no other camera's ground could be told from the true one's"


def _enough_people(filmed: Filmed) -> str | None:
    if len(filmed.frames_that_tell_cameras):
        return None
    return "actors are too small or too plain for a camera to be told from them"


def _three_frames(filmed: Filmed) -> str | None:
    return None if len(filmed.poses) > 2 else "there are fewer than three frames"


def _travel(filmed: Filmed) -> str | None:
    centres = filmed.poses[:, :3, 3]
    rests = float(np.linalg.norm(centres - centres[0], axis=-1).max()) < _REST_M
    return "the camera does not travel" if rests else None


def _any(*reasons: Lacks) -> Lacks:
    """The first reason that there is."""
    return lambda filmed: next((why for reason in reasons if (why := reason(filmed)) is not None), None)


def _stability(film_rgb: Frames, filmed: Filmed) -> float | None:
    return place_stability(film_rgb, filmed.is_place, filmed.poses, filmed.fx_fy_cx_cy)


def _true(judged: JudgedFilm) -> Frames:
    assert judged.filmed.true_rgb is not None
    return judged.filmed.true_rgb


def _person_or_shadow(filmed: Filmed) -> NDArray[np.bool_]:
    assert filmed.cast is not None
    return filmed.is_person | filmed.cast


OWN_FILM_METRICS: Mapping[str, OwnFilmMetric] = {
    "psnr": OwnFilmMetric("dB", "higher", "0", lambda film: psnr(film.rgb, _true(film)), _truth),
    "psnr_person": OwnFilmMetric(
        "dB", "higher", "0",
        lambda film: psnr(film.rgb, _true(film), film.filmed.is_person), _any(_truth, _people),
    ),
    "psnr_person_shadow": OwnFilmMetric(
        "dB", "higher", "0",
        lambda film: psnr(film.rgb, _true(film), _person_or_shadow(film.filmed)), _any(_truth, _people, _shadows),
    ),
    "silhouette_iou": OwnFilmMetric(
        "1", "higher", "0", lambda film: film.filmed.people.silhouette_iou(film.rgb), _any(_truth, _people)
    ),
    "self_silhouette_iou": OwnFilmMetric(
        "1", "higher", "0", lambda film: film.people.silhouette_iou(film.rgb), _people
    ),
    "person_count_accuracy": OwnFilmMetric(
        "1", "higher", "0", lambda film: float(film.filmed.people.counted_right(film.rgb)), _any(_truth, _people)
    ),
    "self_person_count_accuracy": OwnFilmMetric(
        "1", "higher", "0", lambda film: float(film.people.counted_right(film.rgb)), _people
    ),
    "identity_colour_distance": OwnFilmMetric(
        "1", "lower", "100",
        lambda film: colour_distance(film.rgb, _true(film), film.filmed.person), _any(_truth, _people),
    ),
    "avatar_colour_distance": OwnFilmMetric(
        "1", "lower", "100", lambda film: avatar_colour_distance(film.rgb, film.filmed), _people
    ),
    "flow_agreement": OwnFilmMetric(
        "1", "higher", "-1", lambda film: flow_agreement(film.rgb, film.filmed), _any(_people, _flow)
    ),
    "background_stability": OwnFilmMetric(
        "dB", "higher", "0", lambda film: _stability(film.rgb, film.filmed),
        _any(_plane, _seen_again(_stability)),
    ),
    "flicker": OwnFilmMetric(
        "1", "lower", "255", lambda film: error_flicker(film.rgb, _true(film)), _any(_truth, _three_frames)
    ),
    "place_flicker": OwnFilmMetric(
        "1", "lower", "510", lambda film: place_flicker(film.rgb, film.filmed),
        _any(_three_frames, _plane, _seen_again(place_flicker)),
    ),
    "camera_motion_accuracy": OwnFilmMetric(
        "1", "higher", "0",
        lambda film: float(moves_with_camera(
            film.rgb, film.filmed.is_ground, film.filmed.hypotheses, film.filmed.fx_fy_cx_cy
        )),
        _any(_three_frames, _plane, _ground),
    ),
    "pnp_rotation_deg": OwnFilmMetric(
        "deg", "lower", f"{WORST_DEG:g}", lambda film: float(np.median(film.by_actors.rotation_deg)), _enough_people
    ),
    "pnp_position_percent": OwnFilmMetric(
        "%", "lower", f"{WORST_PERCENT:g}", lambda film: float(np.median(film.by_actors.position_percent)),
        _enough_people,
    ),
    "rgb_rotation_deg": OwnFilmMetric(
        "deg", "lower", "180", lambda film: film.by_place["rotation_deg"], _three_frames
    ),
    "rgb_direction_deg": OwnFilmMetric(
        "deg", "lower", "180", lambda film: film.by_place["translation_direction_deg"], _any(_three_frames, _travel)
    ),
}  # fmt: skip
"""Name -> metric of one film."""

FEATURES: Mapping[str, FilmColours | FilmMotion] = {
    f"frechet_{extractor.name}": extractor for extractor in (FilmColours(), FilmMotion())
}
"""Name of a Frechet distance between films and true films -> what they are seen by."""

SET_METRICS: Mapping[str, EvalMetric] = dict.fromkeys(FEATURES, EvalMetric("1", "lower", "a black film"))
"""Name -> metric of a set of films."""


def lacking(filmed: Filmed) -> dict[str, str]:
    """Name of each metric that is not defined for films of something -> why."""
    found = {name: metric.lacks(filmed) for name, metric in OWN_FILM_METRICS.items()}
    return {name: why for name, why in found.items() if why is not None}


def own_film_scores(film: JudgedFilm | None, lacks: Mapping[str, str]) -> dict[str, float | None]:
    """The scores of a film by name; None where one is not defined.

    Args:
        film: None for a failure, which is the worst in all that is defined.
        lacks: see `lacking`.
    """
    return {
        name: None if name in lacks else float(metric.worst) if film is None else metric.score(film)
        for name, metric in OWN_FILM_METRICS.items()
    }
