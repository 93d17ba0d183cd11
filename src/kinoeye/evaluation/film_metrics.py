"""How good one film is that was made of avatars, against the true film of its world."""

from __future__ import annotations

import math

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray

from kinoeye.evaluation.camera_hypotheses import intrinsic_matrix, warped
from kinoeye.evaluation.film_worlds import PLACE_SIZE, FilmWorld, coarse, grown, soft_px
from kinoeye.geometry.convention import Float64

Frames = UInt8[NDArray, "f h w 3"]
Masks = Bool[NDArray, "f h w"]
HIGHEST_PSNR = 60.0
"""Decibels that a film without any error counts as: half an 8-bit level in every value has 54."""
LEAST_CAST = 5e-4
"""Share of a film's pixels that cast shadows must take for `shadow_gain`."""
LEAST_DARKENING = 0.03
"""Share by which its true shadows must be darker than the ground around them."""
GAIN_BOUNDS = (-1.0, 2.0)
"""Of `shadow_gain`: a few shaded pixels on a checkerboard that is not the true one could say anything."""
_BLACK = 8.0
"""8-bit levels that are added to brightness before its logarithm is taken, lest noise in the dark decides."""
_RING = 5
"""How many times as wide as soft edges the ring of ground around shadows is."""


def psnr(film_rgb: Frames, true_rgb: Frames, mask: Masks | None = None) -> float | None:
    """Peak signal-to-noise ratio in decibels over all frames, at most `HIGHEST_PSNR`; None where the mask is empty.

    Args:
        film_rgb: the film.
        true_rgb: the true one.
        mask: pixels that count; None for all.

    Example:
        >>> black = np.zeros((1, 2, 2, 3), np.uint8)
        >>> psnr(black, black + 255)
        0.0
    """
    difference = film_rgb.astype(np.float32) - true_rgb
    if mask is not None:
        difference = difference[mask]
    return _decibels(float(np.mean(difference**2))) if difference.size else None


def _decibels(mean_square: float) -> float:
    return min(10 * math.log10(255**2 / mean_square), HIGHEST_PSNR) if mean_square else HIGHEST_PSNR


def nearest_place(film_rgb: Frames, world: FilmWorld) -> str:
    """Name of the environment that a film's coarse colours are nearest to, away from people and their shadows.

    Every environment is seen by the same camera. Colours are averages over the place's pixels in cells of the picture,
    compared by mean square.
    """
    weights = coarse(np.repeat(world.is_place[..., None].astype(np.float32), 3, axis=-1))
    cells = coarse(film_rgb * world.is_place[..., None]) / np.maximum(weights, 1 / PLACE_SIZE**2)

    def distance(name: str) -> float:
        return float((weights * (cells - world.places[name]) ** 2).sum())

    return min(world.places, key=distance)


def shadow_gain(film_rgb: Frames, world: FilmWorld) -> float | None:
    """How much of the true cast shadows a film has, 1 for right place and strength; None where there are none to have.

    Mean logarithm of the darkening against the true film without actors, where true shadows lie, minus the same in a
    ring of ground around them; divided by that of the true film, within `GAIN_BOUNDS`. So a darker film or a ground of
    another brightness is no gain. Pixels beside people are left out: soft edges of bright people would undo dark
    shadows.
    """
    soft = soft_px(world.film_rgb.shape[1])
    cast = world.pair.cast & ~grown(world.pair.alpha > 0, soft)
    ring = grown(cast, _RING * soft) & world.is_ground
    if cast.mean() < LEAST_CAST or not ring.any():
        return None
    true = _darkening(world.film_rgb, world.empty_rgb, cast, ring)
    if true < LEAST_DARKENING:
        return None
    return float(np.clip(_darkening(film_rgb, world.empty_rgb, cast, ring) / true, *GAIN_BOUNDS))


def _darkening(film_rgb: Frames, empty_rgb: Frames, cast: Masks, ring: Masks) -> float:
    """Mean logarithm of how much darker what lies in shadows is than without them, minus the ring's."""
    darker = _log_luma(empty_rgb) - _log_luma(film_rgb)
    return float(darker[cast].mean() - darker[ring].mean())


def _log_luma(frames: Frames) -> Float32[NDArray, "f h w"]:
    return np.log(frames.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) + _BLACK)


def identity_colour_distance(film_rgb: Frames, world: FilmWorld) -> float | None:
    """`colour_distance` from the true film of a world."""
    return colour_distance(film_rgb, world.film_rgb, world.pair.person)


def colour_distance(film_rgb: Frames, true_rgb: Frames, person: UInt8[NDArray, "f h w"]) -> float | None:
    """Mean CIELAB distance (CIE76) inside people, each of whom counts the same; None where nobody is seen.

    Args:
        film_rgb: the film.
        true_rgb: the true one.
        person: 1, 2, ... for people; 0 where there is none.
    """
    distance = np.zeros(person.shape, np.float32)
    seen = person > 0
    if not seen.any():
        return None
    distance[seen] = np.linalg.norm(lab(film_rgb[seen]) - lab(true_rgb[seen]), axis=-1)
    return float(np.mean([distance[person == number].mean() for number in np.unique(person[seen])]))


def lab(colours: UInt8[NDArray, "n 3"]) -> Float32[NDArray, "n 3"]:
    """CIELAB of sRGB colours."""
    return cv2.cvtColor(colours[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]


def background_stability(film_rgb: Frames, world: FilmWorld) -> float | None:
    """`place_stability` under the camera of a world."""
    return place_stability(film_rgb, world.is_place, world.poses, world.fx_fy_cx_cy)


def place_stability(film_rgb: Frames, is_place: Masks, poses: Float64, fx_fy_cx_cy: Float64) -> float | None:
    """PSNR in decibels of each frame's place against the next frame's, as the true camera moves it; None without any.

    Below the horizon that of the ground plane, above it that of what is infinitely far, so that the true film stays
    finite where things stand on the ground.

    Args:
        film_rgb: the film.
        is_place: pixels of neither people nor their shadows.
        poses: T_world_cam [f, 4, 4] above the ground z = 0.
        fx_fy_cx_cy: of the camera, [4] in pixels.
    """
    K = intrinsic_matrix(fx_fy_cx_cy)
    squares: list[Float32[NDArray, " n"]] = []
    for k in range(len(film_rgb) - 1):
        there, seen = warped(film_rgb[k + 1], is_place[k + 1], poses[k], poses[k + 1], K)
        both = seen & is_place[k]
        squares.append(((there[both] - film_rgb[k][both]) ** 2).ravel())
    found = np.concatenate(squares) if squares else np.empty(0)
    return _decibels(float(found.mean())) if found.size else None


def flicker(film_rgb: Frames, world: FilmWorld) -> float:
    """`error_flicker` against the true film of a world."""
    return error_flicker(film_rgb, world.film_rgb)


def error_flicker(film_rgb: Frames, true_rgb: Frames) -> float:
    """Mean size of the temporal second difference of a film minus the true film's, in 8-bit levels."""
    error = film_rgb.astype(np.float32) - true_rgb
    return float(np.abs(np.diff(error, n=2, axis=0)).mean())
