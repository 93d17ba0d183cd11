"""Bundle adjustment of cameras and points by Levenberg-Marquardt with the Schur complement (Triggs et al. 2000)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64
from kinoeye.perception.keyframes import twist_matrix

_CAUCHY_PIXELS = 1.0
"""Residual at which an observation has half of its weight."""


@dataclass(frozen=True)
class Observations:
    """Where points are seen."""

    frame: NDArray[np.int64]
    """[n]."""
    point: NDArray[np.int64]
    """[n]."""
    xy: Float64
    """[n, 2] on the plane z = 1 of the camera."""
    focal: Float64
    """[n, 2] in pixels, so that errors are in pixels."""
    log_depth: Float64
    """[n] measured log depth along z; NaN where there is none."""

    def where(self, keep: NDArray[np.bool_]) -> Observations:
        """Some of the observations."""
        return Observations(self.frame[keep], self.point[keep], self.xy[keep], self.focal[keep], self.log_depth[keep])


def reprojection_errors(T_cam_world: Float64, points: Float64, seen: Observations) -> Float64:
    """Distance in pixels [n] between each observation and its point; infinite behind the camera."""
    in_camera = _in_camera(T_cam_world, points, seen)
    ahead = in_camera[:, 2] > 1e-6
    depth = np.where(ahead, in_camera[:, 2], 1.0)
    errors = np.linalg.norm(seen.focal * (in_camera[:, :2] / depth[:, None] - seen.xy), axis=1)
    return np.where(ahead, errors, np.inf)


def adjust(
    T_cam_world: Float64,
    points: Float64,
    seen: Observations,
    *,
    free: NDArray[np.bool_],
    iterations: int = 10,
    move_points: bool = True,
    depth_weight: float = 0.0,
) -> tuple[Float64, Float64]:
    """Poses and points that minimise Cauchy-weighted errors of reprojection, and of log depth where it is measured.

    Args:
        T_cam_world: [f, 4, 4] world-to-camera.
        points: [p, 3].
        seen: observations; every free frame and every point should have some.
        free: [f] frames that may move; the others fix the world; damping or depth holds its scale.
        iterations: at most so many.
        move_points: False resects cameras from points that stay.
        depth_weight: pixels that an error of 1 in log depth is worth.
    """
    damping, cost = 1e-3, _cost(T_cam_world, points, seen, depth_weight)
    for _ in range(iterations):
        blocks = _normal_equations(T_cam_world, points, seen, free, depth_weight)
        for _ in range(6):
            camera_step, point_step = _solve(*blocks, damping, move_points)
            tried_T = twist_matrix(camera_step) @ T_cam_world
            tried_points = points + point_step
            tried = _cost(tried_T, tried_points, seen, depth_weight)
            if tried < cost:
                break
            damping *= 10
        else:
            break
        gain = cost - tried
        T_cam_world, points, cost = tried_T, tried_points, tried
        damping = max(damping / 10, 1e-9)
        if gain < 1e-5 * cost:
            break
    return T_cam_world, points


def _in_camera(T_cam_world: Float64, points: Float64, seen: Observations) -> Float64:
    T = T_cam_world[seen.frame]
    return (T[:, :3, :3] @ points[seen.point][..., None])[..., 0] + T[:, :3, 3]


def _cost(T_cam_world: Float64, points: Float64, seen: Observations, depth_weight: float) -> float:
    residual, ahead, _ = _residuals(T_cam_world, points, seen, depth_weight)
    pixels = np.where(ahead, (residual[:, :2] ** 2).sum(axis=1), 1e12)
    return float(np.log1p(pixels / _CAUCHY_PIXELS**2).sum() + np.log1p(residual[:, 2] ** 2 / _CAUCHY_PIXELS**2).sum())


def _residuals(
    T_cam_world: Float64, points: Float64, seen: Observations, depth_weight: float
) -> tuple[Float64, NDArray[np.bool_], Float64]:
    """Residuals [n, 3] in x, y and log depth, all in pixels; which points are ahead; points [n, 3] in the camera."""
    in_camera = _in_camera(T_cam_world, points, seen)
    ahead = in_camera[:, 2] > 1e-6
    in_camera = np.where(ahead[:, None], in_camera, [0.0, 0.0, 1.0])
    pixels = seen.focal * (in_camera[:, :2] / in_camera[:, 2:] - seen.xy)
    in_depth = depth_weight * (np.log(in_camera[:, 2]) - seen.log_depth)
    in_depth = np.where(np.isnan(in_depth) | ~ahead, 0.0, in_depth)
    return np.concatenate([pixels, in_depth[:, None]], axis=1), ahead, in_camera


def _normal_equations(
    T_cam_world: Float64, points: Float64, seen: Observations, free: NDArray[np.bool_], depth_weight: float
) -> tuple[Float64, Float64, Float64, Float64, Float64]:
    """Blocks of J^T W J: cameras [f, 6, 6], points [p, 3, 3], both [f, p, 6, 3]; J^T W r: [f, 6] and [p, 3]."""
    residual, ahead, in_camera = _residuals(T_cam_world, points, seen, depth_weight)
    x, y, z = in_camera.T
    pixel_weight = ahead / (1 + (residual[:, :2] ** 2).sum(axis=1) / _CAUCHY_PIXELS**2)
    weight = np.stack([pixel_weight, pixel_weight, ahead / (1 + residual[:, 2] ** 2 / _CAUCHY_PIXELS**2)], axis=-1)
    zero = np.zeros_like(z)
    fx, fy = seen.focal.T
    by_depth = np.where(np.isnan(seen.log_depth), 0.0, depth_weight / z)
    slope = np.stack(
        [
            np.stack([fx / z, zero, -fx * x / z**2], -1),
            np.stack([zero, fy / z, -fy * y / z**2], -1),
            np.stack([zero, zero, by_depth], -1),
        ],
        axis=1,
    )
    turn = np.stack(
        [np.stack([zero, z, -y], -1), np.stack([-z, zero, x], -1), np.stack([y, -x, zero], -1)], axis=1
    )  # -[p]x
    by_camera = np.concatenate([slope, slope @ turn], axis=-1) * free[seen.frame][:, None, None]
    by_point = slope @ T_cam_world[seen.frame, :3, :3]
    weighted_camera, weighted_point = (weight[:, :, None] * J for J in (by_camera, by_point))
    num_frames, num_points = len(T_cam_world), len(points)
    cameras, both = np.zeros((num_frames, 6, 6)), np.zeros((num_frames, num_points, 6, 3))
    point_blocks, camera_right, point_right = (
        np.zeros((num_points, 3, 3)),
        np.zeros((num_frames, 6)),
        np.zeros((num_points, 3)),
    )
    np.add.at(cameras, seen.frame, weighted_camera.swapaxes(1, 2) @ by_camera)
    np.add.at(point_blocks, seen.point, weighted_point.swapaxes(1, 2) @ by_point)
    both[seen.frame, seen.point] = weighted_camera.swapaxes(1, 2) @ by_point
    np.add.at(camera_right, seen.frame, (weighted_camera.swapaxes(1, 2) @ residual[..., None])[..., 0])
    np.add.at(point_right, seen.point, (weighted_point.swapaxes(1, 2) @ residual[..., None])[..., 0])
    return cameras, point_blocks, both, camera_right, point_right


def _solve(
    cameras: Float64,
    point_blocks: Float64,
    both: Float64,
    camera_right: Float64,
    point_right: Float64,
    damping: float,
    move_points: bool,
) -> tuple[Float64, Float64]:
    """Damped Gauss-Newton steps of cameras [f, 6] and points [p, 3]."""
    num_frames, num_points = both.shape[:2]
    cameras = _damped(cameras, damping)
    if not move_points:
        alone: Any = -np.linalg.solve(cameras, camera_right[..., None])[..., 0]
        return alone, np.zeros_like(point_right)
    inverse = np.linalg.inv(_damped(point_blocks, damping))
    W = both.transpose(0, 2, 1, 3).reshape(6 * num_frames, 3 * num_points)
    W_inverse = (both @ inverse[None]).transpose(0, 2, 1, 3).reshape(W.shape)
    S = -W_inverse @ W.T
    for i in range(num_frames):
        S[6 * i : 6 * i + 6, 6 * i : 6 * i + 6] += cameras[i]
    right = camera_right.ravel() - W_inverse @ point_right.ravel()
    camera_step: Any = -np.linalg.solve(S, right)
    back = point_right + (W.T @ camera_step).reshape(num_points, 3)
    return camera_step.reshape(num_frames, 6), -(inverse @ back[..., None])[..., 0]


def _damped(blocks: Float64, damping: float) -> Float64:
    diagonal = np.einsum("kii->ki", blocks)
    damped = blocks.copy()
    np.einsum("kii->ki", damped)[...] += damping * diagonal + 1e-9
    return damped
