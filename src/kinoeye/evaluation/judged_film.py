"""A user's film beside what it was made of: what it shows where, how it moves, and what camera it was seen by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.evaluation.avatar_camera import CameraErrors, camera_errors
from kinoeye.evaluation.camera_hypotheses import intrinsic_matrix, warped
from kinoeye.evaluation.film_flow import agreement, film_flow
from kinoeye.evaluation.film_metrics import lab
from kinoeye.evaluation.film_segments import PeopleByColour
from kinoeye.evaluation.filmed import Filmed
from kinoeye.evaluation.pose_score import score_poses
from kinoeye.footage.take import Layer, Take
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.perception.features import FeatureEstimator
from kinoeye.render.color import linear_to_srgb, srgb_to_linear

Frames = UInt8[NDArray, "f h w 3"]
GAIN_BOUNDS = (0.1, 10.0)
"""How much darker or brighter than their rendering a film may show actors without that being another colour."""


@dataclass(frozen=True)
class JudgedFilm:
    """A film and what it was made of, with what several metrics ask of it."""

    rgb: Frames
    filmed: Filmed
    seed: int
    """Of RANSAC."""

    @cached_property
    def people(self) -> PeopleByColour:
        """How what the film shows where people should be is told from what it shows elsewhere."""
        return PeopleByColour.of(self.rgb, self.filmed.person)

    @cached_property
    def by_actors(self) -> CameraErrors:
        """Of the camera that is re-estimated from the actors."""
        return camera_errors(self.rgb, self.filmed)

    @cached_property
    def by_place(self) -> Mapping[str, float]:
        """Pose protocol -> error of the camera that is re-estimated from the place alone; 180 where it fails."""
        names = ("rotation_deg", "translation_direction_deg")
        lenses = Intrinsics(torch.from_numpy(self.filmed.lenses), self.filmed.size_wh)
        take = Take(times_s=np.arange(len(self.rgb), dtype=np.float64), layers={"rgb": Layer(self.rgb, "file")})
        found = FeatureEstimator(intrinsics=lenses, ignore=~self.filmed.is_place)(take, seed=self.seed)
        if isinstance(found, Failure):
            return dict.fromkeys(names, 180.0)
        true = Track(SE3.from_matrix(torch.from_numpy(self.filmed.poses)), torch.from_numpy(take.times_s))
        score = score_poses(true, found.camera.track, by="index", missing="fail", protocols=names)
        return {name: float(np.nan_to_num(score.metrics[name].value, nan=180.0)) for name in names}


def flow_agreement(film_rgb: Frames, filmed: Filmed) -> float:
    """The `agreement` of a film's optical flow and the exact one over actors; 0 where neither moves.

    Pixels at edges of actors are left out, and those that the next frame hides or does not show.
    """
    exact, counts = followed_pixels(filmed)
    return agreement(film_flow(film_rgb)[counts], exact[counts]) or 0.0


def avatar_colour_distance(film_rgb: Frames, filmed: Filmed) -> float:
    """Mean CIELAB distance (CIE76) inside actors from their rendering, each of whom counts the same.

    The rendering is made darker or brighter as a whole, by least squares in linear light, so that a darker place is no
    other colour.
    """
    counts = filmed.is_person & (filmed.alpha == 255)
    film, avatar = (srgb_to_linear(frames[counts] / 255.0) for frames in (film_rgb, filmed.avatar_rgb))
    gain = np.clip(float((film * avatar).sum()) / max(float((avatar**2).sum()), 1e-9), *GAIN_BOUNDS)
    lit = (255 * linear_to_srgb(np.clip(gain * avatar, 0, 1))).round().astype(np.uint8)
    distance = np.linalg.norm(lab(film_rgb[counts]) - lab(lit), axis=-1)
    person = filmed.person[counts]
    return float(np.mean([distance[person == number].mean() for number in np.unique(person)]))


def place_flicker(film_rgb: Frames, filmed: Filmed) -> float | None:
    """Mean size of the second difference over time of the place in 8-bit levels, moved as the true camera moves it.

    None where no part of the place is seen in three frames.
    """
    K = intrinsic_matrix(filmed.fx_fy_cx_cy)
    sizes: list[Float32[NDArray, "n 3"]] = []
    for k in range(1, len(film_rgb) - 1):
        (before, was), (after, will) = (
            warped(film_rgb[j], filmed.is_place[j], filmed.poses[k], filmed.poses[j], K) for j in (k - 1, k + 1)
        )
        always = was & will & filmed.is_place[k]
        sizes.append(np.abs(before[always] - 2 * film_rgb[k][always].astype(np.float32) + after[always]))
    found = np.concatenate(sizes) if sizes else np.empty((0, 3))
    return float(found.mean()) if found.size else None


def followed_pixels(filmed: Filmed) -> tuple[Float32[NDArray, "g h w 2"], NDArray[np.bool_]]:
    """The exact flow, and pixels [g, h, w] inside actors that the next frame shows too."""
    assert filmed.flow is not None
    width, height = filmed.size_wh
    kernel = np.ones((3, 3), np.uint8)
    counts = np.zeros((len(filmed.person) - 1, height, width), bool)
    for k in range(len(counts)):
        flow, person = filmed.flow[k], filmed.person[k]
        inside = (cv2.erode(filmed.is_person[k].astype(np.uint8), kernel) > 0) & np.isfinite(flow).all(axis=-1)
        y, x = np.nonzero(inside)
        to_x, to_y = np.floor(np.stack([x, y]) + 0.5 + flow[inside].T).astype(np.int64)
        shown = (to_x >= 0) & (to_x < width) & (to_y >= 0) & (to_y < height)
        y, x, to_x, to_y = (values[shown] for values in (y, x, to_x, to_y))
        same = filmed.person[k + 1][to_y, to_x] == person[y, x]
        counts[k, y[same], x[same]] = True
    return filmed.flow[:-1], counts
