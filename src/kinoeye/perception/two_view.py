"""Relative pose of two views from point matches: rotation alone, essential matrix, homography, triangulation."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

_RANSAC_PIXELS = 1.0
_CONFIDENCE = 0.9999


def rotation_between(xy_a: Float64, xy_b: Float64) -> tuple[Float64, Float64]:
    """The rotation R_b_a that best turns the rays of one view into those of the other, and its residual angles [n].

    Rays are weighted by a Cauchy function of their residual, from their median, so that a near actor is outvoted.

    Args:
        xy_a: [n, 2] on the plane z = 1.
        xy_b: [n, 2] on the plane z = 1.
    """
    rays_a, rays_b = (_rays(xy) for xy in (xy_a, xy_b))
    weights = np.ones(len(rays_a))
    R, angles = np.eye(3), np.zeros(len(rays_a))
    for _ in range(10):
        U, _, Vh = np.linalg.svd((rays_b * weights[:, None]).T @ rays_a)
        R = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vh)]) @ Vh
        angles = np.linalg.norm(rays_b - rays_a @ R.T, axis=1)
        weights = 1 / (1 + (angles / max(float(np.median(angles)), 1e-9)) ** 2)
    return R, angles


def relative_poses(xy_a: Float64, xy_b: Float64, focal: float, *, seed: int) -> list[Float64]:
    """Candidates for T_b_a [4, 4] with a translation of length 1, from the essential matrix and from a homography.

    A plane alone explains two views in two ways, and an essential matrix fitted to it may be either; all candidates
    are returned for the caller to try on further views.

    Args:
        xy_a: [n, 2] on the plane z = 1.
        xy_b: [n, 2] on the plane z = 1.
        focal: in pixels, so that the bound on inliers is one pixel.
        seed: of RANSAC.
    """
    # OpenCV's robust estimators are tuned for pixels: on the plane z = 1 their local optimisation loses inliers.
    pixels_a, pixels_b = focal * xy_a, focal * xy_b
    K, undistorted = np.diag([focal, focal, 1.0]), np.zeros(4)
    candidates = []
    parameters = _robust(seed)
    E, inliers = cv2.findEssentialMat(pixels_a, pixels_b, K, K, undistorted, undistorted, parameters)
    if E is not None and E.shape == (3, 3):
        _, R, t, _ = cv2.recoverPose(E, pixels_a, pixels_b, K, mask=inliers.copy())
        candidates.append(_pose(R, t))
    H, inliers = cv2.findHomography(pixels_a, pixels_b, parameters)
    if H is not None:
        _, rotations, translations, _ = cv2.decomposeHomographyMat(H, K)
        poses = [_pose(R, t) for R, t in zip(rotations, translations, strict=True) if np.linalg.norm(t) > 1e-6]
        candidates += [T for T in poses if _share_ahead(T, xy_a, xy_b) > 0.75]
    return candidates


def _robust(seed: int) -> cv2.UsacParams:
    """MAGSAC++ (Barath et al. 2020) with a seed."""
    parameters = cv2.UsacParams()
    parameters.randomGeneratorState = seed
    parameters.threshold = _RANSAC_PIXELS
    parameters.confidence = _CONFIDENCE
    parameters.maxIterations = 5000
    parameters.score = cv2.SCORE_METHOD_MAGSAC
    parameters.loMethod = cv2.LOCAL_OPTIM_SIGMA
    return parameters


def triangulate(T_cams_world: Float64, xys: Float64) -> Float64:
    """World points [p, 3] by the direct linear transform from their image coordinates in several views.

    Args:
        T_cams_world: [f, 4, 4].
        xys: [f, p, 2] on the plane z = 1; NaN where a point is not seen.
    """
    seen = ~np.isnan(xys[..., :1])
    xy = np.where(seen, xys, 0.0)
    rows = xy[..., None] * T_cams_world[:, None, 2:3] - T_cams_world[:, None, :2]  # [f, p, 2, 4]
    A = np.where(seen[..., None], rows, 0.0).transpose(1, 0, 2, 3).reshape(xys.shape[1], -1, 4)
    solution = np.linalg.svd(A.swapaxes(1, 2) @ A)[2][:, -1]
    w = solution[:, 3:]
    return solution[:, :3] / np.where(np.abs(w) < 1e-12, 1e-12, w)


def parallax(centres: NDArray[Any], points: Float64, seen: NDArray[np.bool_]) -> Float64:
    """The widest angle in radians [p] between rays to a point from the first camera that sees it and from others.

    Args:
        centres: [f, 3] camera centres.
        points: [p, 3].
        seen: bool [f, p].
    """
    rays = points[None] - centres[:, None]
    rays = rays / np.maximum(np.linalg.norm(rays, axis=-1, keepdims=True), 1e-12)
    first = np.take_along_axis(rays, seen.argmax(axis=0)[None, :, None], axis=0)
    cosine = np.where(seen, (rays * first).sum(-1), 1.0)
    return np.arccos(np.clip(cosine.min(axis=0), -1, 1))


def _share_ahead(T_b_a: Float64, xy_a: Float64, xy_b: Float64) -> float:
    poses = np.stack([np.eye(4), T_b_a])
    points = triangulate(poses, np.stack([xy_a, xy_b]))
    ahead = (points[:, 2] > 0) & ((points @ T_b_a[:3, :3].T + T_b_a[:3, 3])[:, 2] > 0)
    return float(ahead.mean())


def _pose(R: NDArray[Any], t: NDArray[Any]) -> Float64:
    T = np.eye(4)
    T[:3, :3] = R
    T[:3, 3] = t.ravel() / np.linalg.norm(t)
    return T


def _rays(xy: Float64) -> Float64:
    rays = np.concatenate([xy, np.ones((len(xy), 1))], axis=1)
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)
