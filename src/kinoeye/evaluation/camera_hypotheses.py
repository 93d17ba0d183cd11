"""Whether the ground of a film moves as its camera says: the true path against others that begin at the same pose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64, rotvec_to_matrix
from kinoeye.render.world_staging import USUAL_EXTENT_M, camera_around

Float32 = NDArray[np.float32]
HYPOTHESES = 8
"""The true path, a camera at rest, the true path reversed, mirrored and doubled, and three of other cameras."""
CHANCE = 1 / HYPOTHESES
_OTHERS = 3
_STEPS = (1, 2, 4)
"""Frames are compared with those so many later."""
_DETAIL = 1 / 42
"""Standard deviation of the Gaussian that is taken off brightness, as a share of the picture's height."""
_QUIET = 1.5
"""Contrasts below so many 8-bit levels count less, lest rounding decides."""
_LOWEST_M = 0.2
_FLATTEST = 0.02
"""Sine of the angle to the ground under which rays count for the sky."""
_LEAST_SHARE = 0.1
"""Of the pixels that count, which must stay in view for a hypothesis to be believed."""
_LEAST_DETAIL = 1e-3
"""Mean square of detail under which a film has none."""
_DRAWS = 64
_LEAST_APART = 0.04
"""Mean distance of the ground from where the true camera sees it, as a share of the picture's height."""


def camera_hypotheses(
    T_world_cam: Float64, fx_fy_cx_cy: Float64, size_wh: tuple[int, int], *, seed: int
) -> dict[str, Float64]:
    """Name -> path [f, 4, 4] above the ground z = 0 from the same first pose; the true one is "true".

    Args:
        T_world_cam: true poses [f, 4, 4], camera-to-world, OpenCV axes, metres.
        fx_fy_cx_cy: intrinsics [4] in pixels.
        size_wh: width and height in pixels.
        seed: of the other cameras, which move as those of rendered worlds do; those that show the ground where the
            true camera or one at rest does are drawn again.
    """
    first = T_world_cam[0]
    backwards = T_world_cam[::-1]
    paths = {
        "true": T_world_cam,
        "rest": np.repeat(first[None], len(T_world_cam), axis=0),
        "reversed": rebased(backwards, first),
        "mirrored": _mirrored(T_world_cam),
        "doubled": _doubled(T_world_cam),
    }
    rng = np.random.default_rng([seed, 0xCA3E])
    focal_per_height = float(fx_fy_cx_cy[1]) / size_wh[1]
    for number in range(_OTHERS):
        tried = [_other(rng, first, len(T_world_cam), focal_per_height)]
        while len(tried) < _DRAWS and not _apart(tried[-1], paths, fx_fy_cx_cy, size_wh):
            tried.append(_other(rng, first, len(T_world_cam), focal_per_height))
        paths[f"other_{number + 1}"] = tried[-1]
    return paths


def told_apart(hypotheses: Mapping[str, Float64], fx_fy_cx_cy: Float64, size_wh: tuple[int, int]) -> dict[str, Float64]:
    """The true path, and those of the others that show the ground elsewhere than it does.

    Args:
        hypotheses: see `camera_hypotheses`; "reversed" says nothing of a camera that comes back as it went.
        fx_fy_cx_cy: intrinsics [4] in pixels.
        size_wh: width and height in pixels.
    """
    true = hypotheses["true"]
    return {
        name: path
        for name, path in hypotheses.items()
        if name == "true" or _distance(path, true, fx_fy_cx_cy, size_wh) > _LEAST_APART
    }


def rebased(path: Float64, first: Float64) -> Float64:
    """A path [f, 4, 4] turned about the vertical and moved until it begins at a pose [4, 4], and never in the ground.

    Heights change as they did; what is left of the first frames' difference is turned away in every frame.
    """
    turn = _heading(first) - _heading(path[0])
    about_up = rotvec_to_matrix([0.0, 0.0, turn])
    moved = path.copy()
    relative = path[:, :3, :3] @ path[0, :3, :3].T
    moved[:, :3, :3] = about_up @ relative @ about_up.T @ first[:3, :3]
    moved[:, :3, 3] = first[:3, 3] + (path[:, :3, 3] - path[0, :3, 3]) @ about_up.T
    return _above_ground(moved)


def _heading(pose: Float64) -> float:
    return math.atan2(pose[1, 2], pose[0, 2])


def _above_ground(path: Float64) -> Float64:
    path[:, 2, 3] = np.maximum(path[:, 2, 3], _LOWEST_M)
    return path


def _mirrored(path: Float64) -> Float64:
    """The motion seen in an upright mirror through the first camera, along its heading."""
    heading = _heading(path[0])
    aside = np.array([-math.sin(heading), math.cos(heading), 0.0])
    mirror = np.eye(3) - 2 * np.outer(aside, aside)
    moved = path.copy()
    relative = path[:, :3, :3] @ path[0, :3, :3].T
    moved[:, :3, :3] = mirror @ relative @ mirror @ path[0, :3, :3]
    moved[:, :3, 3] = path[0, :3, 3] + (path[:, :3, 3] - path[0, :3, 3]) @ mirror
    return moved


def _doubled(path: Float64) -> Float64:
    """Twice the motion since the first frame."""
    moved = path.copy()
    relative = path[:, :3, :3] @ path[0, :3, :3].T
    moved[:, :3, :3] = relative @ relative @ path[0, :3, :3]
    moved[:, :3, 3] = 2 * path[:, :3, 3] - path[0, :3, 3]
    return _above_ground(moved)


def _other(rng: np.random.Generator, first: Float64, frames: int, focal_per_height: float) -> Float64:
    target = np.zeros((frames, 3))
    target[:, 2] = USUAL_EXTENT_M / 2
    return rebased(camera_around(rng, target, focal_per_height), first)


def _apart(path: Float64, others: Mapping[str, Float64], fx_fy_cx_cy: Float64, size_wh: tuple[int, int]) -> bool:
    """Whether it moves the ground otherwise than the true camera and one at rest do."""
    return all(_distance(path, others[name], fx_fy_cx_cy, size_wh) > _LEAST_APART for name in ("true", "rest"))


def _distance(path: Float64, other: Float64, fx_fy_cx_cy: Float64, size_wh: tuple[int, int]) -> float:
    height = size_wh[1]
    pixels = _pixels(size_wh, every=max(1, height // 6))
    K = intrinsic_matrix(fx_fy_cx_cy)
    gone = []
    for index in range(len(path)):
        a, b = (_mapped(_homographies(each[0], each[index], K), each[0], pixels, K)[0] for each in (path, other))
        gone.append(np.minimum(np.linalg.norm(a - b, axis=0), height).mean())
    return float(np.mean(gone)) / height


@dataclass(frozen=True)
class FilmDetail:
    """The fine brightness of a film's places: frames [f, h, w], and which of their pixels count."""

    values: Float32
    counts: NDArray[np.bool_]

    @classmethod
    def of(cls, film_rgb: UInt8[NDArray, "f h w 3"], counts: Bool[NDArray, "f h w"]) -> FilmDetail:
        """Brightness without what is coarse, divided by its contrast around each pixel, so that plain grounds count.

        Args:
            film_rgb: the film.
            counts: pixels of the place: neither people nor their shadows.
        """
        sigma = _DETAIL * film_rgb.shape[1]
        frames = []
        for frame, place in zip(film_rgb, counts, strict=True):
            luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
            weight = place.astype(np.float32)
            share = np.maximum(_blurred(weight, sigma), 1e-3)
            fine = (luma - _blurred(luma * weight, sigma) / share) * weight
            contrast = np.sqrt(_blurred(fine**2, 2 * sigma) / np.maximum(_blurred(weight, 2 * sigma), 1e-3))
            frames.append(fine / (contrast + _QUIET))
        return cls(np.stack(frames), counts)


def camera_evidence(film: FilmDetail, path: Float64, fx_fy_cx_cy: Float64) -> float:
    """Correlation of a film's frames with one another, warped as a path says; -1 where there is too little to see.

    Below the horizon the ground plane z = 0 moves, above it what is infinitely far. Correlations are pooled over all
    pixels of the place that both frames show.

    Args:
        film: detail of its places.
        path: camera poses [f, 4, 4].
        fx_fy_cx_cy: intrinsics [4] in pixels.
    """
    K = intrinsic_matrix(fx_fy_cx_cy)
    frames = len(film.values)
    products = squares = others = 0.0
    shown = counted = 0
    for step in _STEPS:
        for index in range(frames - step):
            later = index + step
            values, seen = warped(film.values[later], film.counts[later], path[index], path[later], K)
            both = seen & film.counts[index]
            a, b = film.values[index][both], values[both]
            products += float(a @ b)
            squares += float(a @ a)
            others += float(b @ b)
            shown += int(both.sum())
            counted += int(film.counts[index].sum())
    if shown < _LEAST_SHARE * counted or min(squares, others) <= _LEAST_DETAIL * shown:
        return -1.0
    return products / math.sqrt(squares * others)


def moves_with_camera(
    film_rgb: UInt8[NDArray, "f h w 3"],
    counts: Bool[NDArray, "f h w"],
    hypotheses: Mapping[str, Float64],
    fx_fy_cx_cy: Float64,
) -> bool:
    """Whether the true path explains a film better than every other hypothesis does; a draw does not.

    Args:
        film_rgb: the film.
        counts: pixels that are looked at.
        hypotheses: see `camera_hypotheses`.
        fx_fy_cx_cy: intrinsics [4] in pixels.
    """
    film = FilmDetail.of(film_rgb, counts)
    evidence = {name: camera_evidence(film, path, fx_fy_cx_cy) for name, path in hypotheses.items()}
    true = evidence.pop("true")
    return all(true > other for other in evidence.values())


def ground_pixels(path: Float64, fx_fy_cx_cy: Float64, size_wh: tuple[int, int]) -> Bool[NDArray, "f h w"]:
    """Which pixels of a camera look down on the ground plane z = 0, short of the horizon.

    Args:
        path: poses [f, 4, 4].
        fx_fy_cx_cy: intrinsics [4] in pixels.
        size_wh: width and height in pixels.
    """
    rays = np.linalg.inv(intrinsic_matrix(fx_fy_cx_cy)) @ _pixels(size_wh)
    falls = path[:, 2, :3] @ (rays / np.linalg.norm(rays, axis=0))
    return (falls < -_FLATTEST).reshape(len(path), size_wh[1], size_wh[0])


def warped(
    values: Float32 | NDArray[np.uint8], counts: NDArray[np.bool_], here: Float64, there: Float64, K: Float64
) -> tuple[Float32, NDArray[np.bool_]]:
    """A frame [h, w] or [h, w, c] of the camera `there` as the camera `here` would see it, and which pixels it shows.

    Args:
        values: the frame.
        counts: [h, w] pixels of it that may be shown.
        here: pose [4, 4].
        there: pose [4, 4] of the frame.
        K: [3, 3] of both.
    """
    height, width = counts.shape
    at, ahead = _mapped(_homographies(here, there, K), here, _pixels((width, height)), K)
    at_x, at_y = (at - 0.5).astype(np.float32).reshape(2, height, width)
    found, allowed = (
        np.asarray(cv2.remap(array.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR), np.float32)
        for array in (values, counts)
    )
    return found, (allowed > 0.999) & ahead.reshape(height, width)


def intrinsic_matrix(fx_fy_cx_cy: Float64) -> Float64:
    """K [3, 3] of intrinsics [4] in pixels."""
    fx, fy, cx, cy = (float(value) for value in fx_fy_cx_cy)
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])


@lru_cache(maxsize=8)
def _pixels(size_wh: tuple[int, int], every: int = 1) -> Float64:
    """Centres of every so many pixels, homogeneous [3, n], row by row."""
    width, height = size_wh
    x, y = np.meshgrid(np.arange(0.5 * every, width, every), np.arange(0.5 * every, height, every))
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size)])


def _homographies(here: Float64, there: Float64, K: Float64) -> tuple[Float64, Float64]:
    """Pixels here to pixels there, for the plane z = 0 and for what is infinitely far (Hartley and Zisserman 2004)."""
    R = there[:3, :3].T @ here[:3, :3]
    normal, height = here[2, :3], here[2, 3]  # of the plane in the camera's frame: normal . X + height = 0
    t = there[:3, :3].T @ (here[:3, 3] - there[:3, 3])
    inverse = np.linalg.inv(K)
    return K @ (R - np.outer(t, normal) / height) @ inverse, K @ R @ inverse


def _mapped(
    homographies: tuple[Float64, Float64], here: Float64, pixels: Float64, K: Float64
) -> tuple[Float64, NDArray[np.bool_]]:
    """Where pixels [3, n] are seen in the other frame [2, n], and whether in front of it."""
    rays = np.linalg.inv(K) @ pixels
    falls = here[2, :3] @ rays / np.linalg.norm(rays, axis=0)
    x, y, w = np.where(falls < -_FLATTEST, homographies[0] @ pixels, homographies[1] @ pixels)
    ahead = w > 1e-6
    safe = np.where(ahead, w, 1.0)
    return np.where(ahead, np.stack([x / safe, y / safe]), -1e4), ahead


def _blurred(values: Float32, sigma: float) -> Float32:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
