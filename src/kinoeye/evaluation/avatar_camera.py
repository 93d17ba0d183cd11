"""The camera that a film of avatars was seen by, from where the film shows points of them that are known in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from numpy.typing import NDArray

from kinoeye.evaluation.camera_hypotheses import intrinsic_matrix
from kinoeye.evaluation.film_flow import dense_flow, resized, working_scale
from kinoeye.evaluation.film_segments import ENOUGH
from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:
    from kinoeye.evaluation.filmed import Filmed

Float32 = NDArray[np.float32]
WORST_DEG, WORST_PERCENT = 180.0, 100.0
"""What a frame counts as whose camera is not found, and the most that a position may be off."""
_ROUND_TRIP = 1.5 / 128
"""As a share of the picture's height: how far there and back may miss."""
_LIKENESS = 0.5
"""Least correlation of brightness around a point in the rendering and where the film shows it."""
_WINDOW = 1 / 32
"""Standard deviation of the Gaussian that says what is around, as a share of the picture's height."""
_PLAIN = 9.0
"""Variance of 8-bit brightness under which there is nothing to recognise."""
_MOST_POINTS = 600
_LEAST_POINTS = 12
_LEAST_SHARE = 0.15
"""Of a frame's points on actors, which must agree on a camera."""
_OFF = 1.5 / 128
"""As a share of the picture's height: how far a point may be off that agrees."""


@dataclass(frozen=True)
class CameraErrors:
    """How far the cameras of a film are from where it should be seen from, in the frames that tell cameras."""

    rotation_deg: Float64
    """[n] angles; `WORST_DEG` where no camera was found."""
    position_percent: Float64
    """[n] distances of the centres, of the distance to the actors; at most `WORST_PERCENT`."""


def frames_that_tell_cameras(filmed: Filmed) -> NDArray[np.int64]:
    """Indices of the frames whose rendering itself tells its camera: those where actors are neither small nor plain."""
    shown = np.flatnonzero(filmed.is_person.mean(axis=(1, 2)) >= ENOUGH)
    told = [index for index in map(int, shown) if camera_from_actors(filmed.avatar_rgb, filmed, index) is not None]
    return np.array(told, np.int64)


def camera_errors(film_rgb: UInt8[NDArray, "f h w 3"], filmed: Filmed) -> CameraErrors:
    """The errors of `camera_from_actors` in the frames that tell cameras."""
    rotations, positions = [], []
    for index in filmed.frames_that_tell_cameras:
        found = camera_from_actors(film_rgb, filmed, index)
        true = filmed.poses[index]
        if found is None:
            rotations.append(WORST_DEG)
            positions.append(WORST_PERCENT)
            continue
        cosine = (np.trace(found[:3, :3].T @ true[:3, :3]) - 1) / 2
        rotations.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
        points, _ = _points(filmed, index)
        distance = float(np.linalg.norm(points.mean(axis=0) - true[:3, 3]))
        percent = 100 * float(np.linalg.norm(found[:3, 3] - true[:3, 3])) / max(distance, 1e-9)
        positions.append(min(percent, WORST_PERCENT))
    return CameraErrors(np.array(rotations), np.array(positions))


def camera_from_actors(film_rgb: UInt8[NDArray, "f h w 3"], filmed: Filmed, index: int) -> Float64 | None:
    """T_world_cam [4, 4] of a frame of a film; None where it shows too little of the actors.

    Points of the actors that are known in space are found in the film by optical flow from their rendering, whose black
    is replaced by the median brightness of what is around them in the film. Those that flow does not bring back, and
    those around which rendering and film do not correlate, are left out; the camera is the one that most of the others
    agree on (perspective n points: Terzakis and Lourakis 2020 inside of RANSAC, then Levenberg-Marquardt). The true
    camera gives nothing but where the points are in space.
    """
    points, pixels = _points(filmed, index)
    shown, is_found = _followed(film_rgb[index], filmed, index, pixels)
    if is_found.sum() < _LEAST_POINTS:
        return None
    points, shown = points[is_found], shown[is_found]
    centre = points.mean(axis=0)
    K = intrinsic_matrix(filmed.lenses[index])
    height = film_rgb.shape[1]
    try:
        ok, rotvec, t, inliers = cv2.solvePnPRansac(
            points - centre, shown, K, None, iterationsCount=200, reprojectionError=_OFF * height, confidence=0.999,
            flags=cv2.SOLVEPNP_SQPNP,
        )  # fmt: skip
        if not ok or inliers is None or len(inliers) < max(_LEAST_POINTS, _LEAST_SHARE * len(pixels)):
            return None
        agreeing = inliers[:, 0].astype(np.int64)
        rotvec, t = cv2.solvePnPRefineLM((points - centre)[agreeing], shown[agreeing], K, None, rotvec, t)
    except cv2.error:  # points on a line, and other shapes that no camera can be told from
        return None
    R_cam_world = cv2.Rodrigues(rotvec)[0]
    pose = np.eye(4)
    pose[:3, :3] = R_cam_world.T
    pose[:3, 3] = centre - R_cam_world.T @ t[:, 0]
    return pose if np.isfinite(pose).all() else None


def _points(filmed: Filmed, index: int) -> tuple[Float64, NDArray[np.int64]]:
    """Points of actors in the world [n, 3], evenly from all that are seen, and their pixels (x, y) [n, 2]."""
    y, x = np.nonzero(filmed.is_person[index] & (filmed.alpha[index] == 255) & np.isfinite(filmed.depth[index]))
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).round().astype(np.int64))
    x, y = x[chosen], y[chosen]
    fx, fy, cx, cy = filmed.lenses[index]
    z = filmed.depth[index][y, x].astype(np.float64)
    in_camera = np.stack([(x + 0.5 - cx) / fx * z, (y + 0.5 - cy) / fy * z, z], axis=-1)
    pose = filmed.poses[index]
    return in_camera @ pose[:3, :3].T + pose[:3, 3], np.stack([x, y], axis=-1)


def _followed(
    frame_rgb: UInt8[NDArray, "h w 3"], filmed: Filmed, index: int, pixels: NDArray[np.int64]
) -> tuple[Float64, Bool[NDArray, "n"]]:
    """Where a frame shows what the rendering has at some pixels [n, 2], and whether it does."""
    height = frame_rgb.shape[0]
    scale = working_scale(height)
    alpha = resized(filmed.alpha[index], scale, smooth=False)
    film = _grey(resized(frame_rgb, scale))
    outside = film[alpha == 0]
    fill = float(np.median(outside)) if outside.size else 0.0
    avatar = _grey(resized(filmed.avatar_rgb[index], scale)) + (1 - alpha / 255) * fill
    avatar = np.clip(avatar, 0, 255).astype(np.uint8)
    there, back = dense_flow(avatar, film), dense_flow(film, avatar)
    y, x = np.mgrid[: film.shape[0], : film.shape[1]].astype(np.float32)
    at_x, at_y = x + there[..., 0], y + there[..., 1]
    returned = there + cv2.remap(back, at_x, at_y, cv2.INTER_LINEAR, borderValue=[1e4, 1e4])
    is_back = np.linalg.norm(returned, axis=-1) < _ROUND_TRIP * film.shape[0]
    seen = cv2.remap(film.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR)
    is_alike = _likeness(avatar.astype(np.float32), np.asarray(seen, np.float32), alpha == 255) > _LIKENESS
    factor = np.array([film.shape[1] / frame_rgb.shape[1], film.shape[0] / height])
    limits = (film.shape[1] - 1, film.shape[0] - 1)
    column, row = np.clip(np.rint((pixels + 0.5) * factor - 0.5).astype(np.int64), 0, limits).T
    is_found = (is_back & is_alike)[row, column]
    return pixels + 0.5 + there[row, column] / factor, is_found


def _likeness(a: Float32, b: Float32, mask: NDArray[np.bool_]) -> Float32:
    """Correlation [h, w] of two pictures around each pixel, within a mask; 0 where the first is plain."""
    weight = mask.astype(np.float32)
    sigma = _WINDOW * a.shape[0]

    def mean(values: Float32) -> Float32:
        return np.asarray(cv2.GaussianBlur(weight * values, (0, 0), sigma) / share, np.float32)

    share = np.maximum(np.asarray(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32), 1e-3)
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    together = mean(a * b) - mean_a * mean_b
    found = np.where(var_a > _PLAIN, together / np.sqrt(np.maximum(var_a, 1) * np.maximum(var_b, 1)), 0)
    return np.asarray(found, np.float32)


def _grey(frame_rgb: NDArray) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2GRAY), np.uint8)
