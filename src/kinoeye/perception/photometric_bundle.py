"""Photometric bundle adjustment: all poses and a smooth correction of each keyframe's depth, at once.

Depth that a sensor or a network gives is wrong in patches, the same way over many pixels. Motion shows which way: a
patch that is too near slides against the others. So each keyframe gets a coarse grid of log factors on its depth,
and every frame that sees the keyframe votes on them together with its own pose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64
from kinoeye.perception.keyframes import MIN_POINTS, Points, evaluate, select_points, twist_matrix
from kinoeye.perception.photometric_kernel import add_normal_equations, t_scale
from kinoeye.perception.pyramid import Level

_GRID = 6
"""Nodes a side of a depth correction."""
_NODES = _GRID * _GRID
_MAX_POINTS = 4000
_LEAST_KEYFRAMES, _FRAMES_A_KEYFRAME = 6, 8
"""Several keyframes even for a short film, so that the errors of several depth maps average out."""
_KEYFRAMES_A_FRAME = 12
"""A frame is compared with so many keyframes, the nearest in time: work grows with a film's length, not its square."""
_ITERATIONS = 10
_LEAST_VISIBLE = 0.4
"""A pair of frames that shares less is left out."""
_INFORMATION = 0.05
"""Neighbouring pixels repeat each other: so much of an independent residual is each one's."""


@dataclass(frozen=True)
class Bundle:
    """Poses after adjustment."""

    T_world_cam: Float64
    """[n, 4, 4], the first the identity."""
    support: Float64
    """[n] how well each frame agrees with the keyframe that supports it best, as `Alignment.support`."""


@dataclass(frozen=True)
class _Keyframe:
    index: int
    frames: tuple[int, ...]
    """The other frames that it is compared with."""
    points: Points
    nodes: NDArray[np.int64]
    shares: Float64


def bundle(frames: Sequence[Level], T_world_cam: Float64, *, depth_sigma: float) -> Bundle:
    """Refine poses by Gauss-Newton over evenly spread keyframes and every frame that sees them.

    Args:
        frames: all frames at one resolution.
        T_world_cam: [n, 4, 4] poses that are right to within a pixel or two.
        depth_sigma: expected relative error of depth, a standard deviation.
    """
    count = min(max(_LEAST_KEYFRAMES, len(frames) // _FRAMES_A_KEYFRAME), len(frames))
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int)).tolist()
    keys = [_keyframe(index, frames[index], _compared(index, chosen, len(frames))) for index in chosen]
    keys = [key for key in keys if len(key.points.xyz) >= MIN_POINTS]
    poses, log_scales = T_world_cam.copy(), np.zeros((len(keys), _NODES))
    sigmas = np.full((len(keys), len(frames)), 0.02)
    for _ in range(_ITERATIONS):
        step = _step(frames, poses, keys, log_scales, sigmas, depth_sigma)
        poses = poses @ twist_matrix(step[: 6 * len(frames)].reshape(-1, 6))
        log_scales += step[6 * len(frames) :].reshape(log_scales.shape)
        if np.abs(step[: 6 * len(frames)]).max() < 1e-4:
            break
    return Bundle(np.linalg.inv(poses[0]) @ poses, _support(frames, poses, keys))


def _support(frames: Sequence[Level], poses: Float64, keys: Sequence[_Keyframe]) -> Float64:
    """The best support of each frame by a keyframe other than itself."""
    support = np.zeros(len(frames))
    for key in keys:
        for i in key.frames:
            found = evaluate(key.points, frames[i], np.linalg.inv(poses[i]) @ poses[key.index])
            support[i] = max(support[i], found.support)
    return support


def _compared(index: int, chosen: Sequence[int], count: int) -> tuple[int, ...]:
    """The frames for which a keyframe is among the nearest."""
    distances = np.abs(np.arange(count)[:, None] - np.array(chosen))
    reach = np.sort(distances, axis=1)[:, min(_KEYFRAMES_A_FRAME, len(chosen)) - 1]
    near = np.abs(np.arange(count) - index) <= reach
    return tuple(int(i) for i in np.flatnonzero(near) if i != index)


def adjoint(T: Float64) -> Float64:
    """Ad(T) [6, 6] for twists (velocity, then rotation vector)."""
    R, (x, y, z) = T[:3, :3], T[:3, 3]
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.block([[R, skew @ R], [np.zeros((3, 3)), R]])


def _keyframe(index: int, level: Level, frames: tuple[int, ...]) -> _Keyframe:
    """Points with the four grid nodes around each and their bilinear shares."""
    points = select_points(level, most=_MAX_POINTS)
    place = points.xy * (_GRID - 1)
    corner = np.minimum(place.astype(np.int64), _GRID - 2)
    right, down = (place - corner).T
    first = corner[:, 1] * _GRID + corner[:, 0]
    nodes = np.stack([first, first + 1, first + _GRID, first + _GRID + 1], axis=-1)
    shares = np.stack([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], axis=-1)
    return _Keyframe(index, frames, points, nodes, shares)


def _step(
    levels: Sequence[Level],
    poses: Float64,
    keys: Sequence[_Keyframe],
    log_scales: Float64,
    sigmas: Float64,
    depth_sigma: float,
) -> Float64:
    """One Gauss-Newton step [6 n + g k]: twists of the poses in their own axes, then log factors; updates sigmas."""
    num_pose = 6 * len(levels)
    size = num_pose + log_scales.size
    H, b = np.zeros((size, size)), np.zeros(size)
    for k, key in enumerate(keys):
        own = num_pose + k * _NODES + np.arange(_NODES)
        for i in key.frames:
            T_frame_key = np.linalg.inv(poses[i]) @ poses[key.index]
            pair = _pair(key, levels[i], T_frame_key, log_scales[k], sigmas[k, i : i + 1], depth_sigma)
            if pair is None:
                continue
            # A twist e_i of frame i in its own axes and e_k of the keyframe move T_frame_key by -e_i + Ad e_k.
            chain = np.zeros((6 + _NODES, 12 + _NODES))
            chain[:6, :6], chain[:6, 6:12] = -np.eye(6), adjoint(T_frame_key)
            chain[6:, 12:] = np.eye(_NODES)
            where = np.concatenate([6 * i + np.arange(6), 6 * key.index + np.arange(6), own])
            H[np.ix_(where, where)] += chain.T @ pair[0] @ chain
            b[where] += chain.T @ pair[1]
    # The prior: depth is right up to its sigma; the first pose is where it is.
    correction = np.arange(num_pose, size)
    H[correction, correction] += 1 / depth_sigma**2
    b[correction] += log_scales.ravel() / depth_sigma**2
    H[np.arange(6), np.arange(6)] += 1e12
    diagonal = np.arange(size)
    H[diagonal, diagonal] += 1e-6 * np.diag(H) + 1e-9
    return (-np.linalg.solve(H, b)).astype(np.float64)


def _pair(
    key: _Keyframe, level: Level, T_frame_key: Float64, log_scale: Float64, sigma: Float64, depth_sigma: float
) -> tuple[Float64, Float64] | None:
    """Normal equations of one keyframe in one frame, or None if they share too little; updates sigma [1] in place."""
    points = key.points
    H, b = np.zeros((6 + _NODES, 6 + _NODES)), np.zeros(6 + _NODES)
    residuals = np.full(len(points.xyz), np.nan)
    # Depth errors are as smooth as the grid: a depth map holds about as many independent ones as the grid has nodes.
    depth_weight = _NODES / len(points.xyz) / _INFORMATION
    add_normal_equations(
        points.xyz, points.values, key.nodes, key.shares, log_scale, level.image, level.fx_fy_cx_cy, T_frame_key,
        float(sigma[0]), 2**0.5 * depth_sigma, depth_weight, H, b, residuals,
    )  # fmt: skip
    if float(np.mean(~np.isnan(residuals))) < _LEAST_VISIBLE:
        return None
    sigma[0] = t_scale(residuals)
    return _INFORMATION * H, _INFORMATION * b
