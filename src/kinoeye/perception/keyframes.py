"""Keyframe tracking: each frame aligned to a keyframe, coarse to fine, from a prediction of its motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kinoeye.geometry.convention import Float64, rotvec_to_matrix
from kinoeye.perception.photometric_kernel import T_NU, add_normal_equations, t_scale
from kinoeye.perception.pyramid import Level

Pyramid = Sequence[Level]

_LEAST_SLOPE = 0.003
"""Pixels whose intensity changes by less a pixel say nothing about motion."""
_MAX_POINTS = 6000
_MAX_STEPS = 20
_LEAST_SIGMA = 0.005
"""Residuals cannot be smaller than resampling makes them; less would trust a few points that fit by chance."""
_NEW_KEYFRAME = 0.7
"""A frame that sees less of its keyframe becomes the next one."""
_DOUBTFUL, LOST = 0.5, 0.15
"""Support under which another start is tried, and under which a frame counts as lost."""
MIN_POINTS = 60


@dataclass(frozen=True)
class Points:
    """Pixels of a keyframe that constrain motion."""

    xyz: Float64
    """[n, 3] in the keyframe's camera axes."""
    values: Float64
    """[n] intensities."""
    xy: Float64
    """[n, 2] image coordinates as shares of width and height."""
    slopes: Float64
    """[n] change of intensity a pixel, along its steepest direction."""


@dataclass(frozen=True)
class Alignment:
    """A frame aligned to a keyframe."""

    T_frame_key: Float64
    visible: float
    """Share of the keyframe's points that are seen in the frame."""
    misfit: float
    """Mean intensity residual over mean slope: by how many pixels the two seem to be off."""

    @property
    def support(self) -> float:
        """Near 1 for a copy of the keyframe, half for one that is off by a pixel, 0 when lost."""
        return self.visible / (1 + self.misfit**2)


@dataclass(frozen=True)
class Tracked:
    """Poses of frames from chained keyframes."""

    T_world_cam: Float64
    """[n, 4, 4]; the first is the identity. Frames from `lost` on are not valid."""
    keyframes: tuple[int, ...]
    support: Float64
    """[n]."""
    lost: int | None
    """The first frame that could not be aligned."""


def select_points(level: Level, *, most: int = _MAX_POINTS) -> Points:
    """The pixel of steepest intensity in each block of an image, on surfaces of known depth, not on their outlines."""
    height, width = level.shape
    slope = np.hypot(level.image[..., 1], level.image[..., 2])
    outline = cv2.dilate(np.isnan(level.image[..., 4]).astype(np.uint8), np.ones((3, 3), np.uint8))
    slope = np.where(outline > 0, 0.0, slope)
    side = max(1, round((height * width / most) ** 0.5))
    rows, columns = height // side, width // side
    blocks = slope[: rows * side, : columns * side].reshape(rows, side, columns, side)
    blocks = blocks.transpose(0, 2, 1, 3).reshape(rows * columns, side * side)
    best = blocks.argmax(axis=1)
    steep = blocks.max(axis=1, initial=0) > _LEAST_SLOPE
    block = np.arange(rows * columns)
    y = (block // columns * side + best // side)[steep]
    x = (block % columns * side + best % side)[steep]
    fx, fy, cx, cy = level.fx_fy_cx_cy
    depth = np.exp(level.image[y, x, 3].astype(np.float64))
    xyz = np.stack([(x + 0.5 - cx) / fx, (y + 0.5 - cy) / fy, np.ones_like(depth)], axis=-1) * depth[:, None]
    values = level.image[y, x, 0].astype(np.float64)
    xy = np.stack([(x + 0.5) / width, (y + 0.5) / height], axis=-1)
    return Points(xyz, values, xy, slope[y, x].astype(np.float64))


def twist_matrix(twist: Float64) -> Float64:
    """Rigid transforms [..., 4, 4] near exp(twist [..., 6]): turn by the rotation vector, then move by the velocity."""
    T = np.tile(np.eye(4), (*twist.shape[:-1], 1, 1))
    T[..., :3, :3] = rotvec_to_matrix(twist[..., 3:])
    T[..., :3, 3] = twist[..., :3]
    return T


def align(key: Sequence[Points], frame: Pyramid, T_frame_key: Float64) -> Alignment:
    """Gauss-Newton on SE(3) from coarse to fine with t-distributed residuals (Kerl et al. 2013)."""
    T = T_frame_key
    for points, level in zip(reversed(key), reversed(frame), strict=True):
        if len(points.xyz) < MIN_POINTS:
            continue
        T = _align_level(points, level, T)
    return evaluate(key[0], frame[0], T)


def evaluate(points: Points, frame: Level, T_frame_key: Float64) -> Alignment:
    """How well a keyframe agrees with a frame under a given transform."""
    residuals = _linearise(points, frame, T_frame_key, 1.0)[2]
    seen = ~np.isnan(residuals)
    misfit = float(np.abs(residuals[seen]).sum() / points.slopes[seen].sum()) if seen.any() else np.inf
    return Alignment(T_frame_key, float(seen.mean()), misfit)


def track_keyframes(frames: Sequence[Pyramid]) -> Tracked:
    """Track every frame against the last keyframe, with a new keyframe where the view has moved on."""
    count = len(frames)
    poses = np.tile(np.eye(4), (count, 1, 1))
    support = np.ones(count)
    keyframes = [0]
    key = [select_points(level) for level in frames[0]]
    for i in range(1, count):
        k = keyframes[-1]
        found = _track(key, frames[i], _predictions(poses, i, k))
        if found.support < _DOUBTFUL and k != i - 1:
            # The frame before is nearer than the keyframe: its points have moved least.
            nearer = [select_points(level) for level in frames[i - 1]]
            retried = _track(nearer, frames[i], _predictions(poses, i, i - 1))
            if retried.support > found.support:
                key, k, found = nearer, i - 1, retried
                keyframes.append(i - 1)
        support[i] = found.support
        if found.support < LOST:
            return Tracked(poses, tuple(keyframes), support, lost=i)
        poses[i] = poses[k] @ np.linalg.inv(found.T_frame_key)
        if found.visible < _NEW_KEYFRAME:
            keyframes.append(i)
            key = [select_points(level) for level in frames[i]]
    return Tracked(poses, tuple(keyframes), support, lost=None)


def _predictions(poses: Float64, i: int, k: int) -> list[Float64]:
    """Where frame i may be, as T_frame_key: the last motion repeated, and standing still."""
    still = np.linalg.inv(poses[i - 1]) @ poses[k]
    if i < 2:
        return [still]
    return [np.linalg.inv(poses[i - 1]) @ poses[i - 2] @ still, still]


def _track(key: Sequence[Points], frame: Pyramid, starts: list[Float64]) -> Alignment:
    best = align(key, frame, starts[0])
    for start in starts[1:]:
        if best.support >= _DOUBTFUL:
            break
        other = align(key, frame, start)
        best = other if other.support > best.support else best
    return best


def _align_level(points: Points, level: Level, T: Float64) -> Float64:
    """Levenberg-Marquardt at one resolution; T_frame_key there."""
    H, b, residuals = _linearise(points, level, T, 0.1)
    sigma = t_scale(residuals, floor=_LEAST_SIGMA)
    H, b, residuals = _linearise(points, level, T, sigma)
    damping = 1e-4
    for _ in range(_MAX_STEPS):
        step = -np.linalg.solve(H + damping * np.diag(np.diag(H)) + 1e-9 * (np.trace(H) + 1) * np.eye(6), b)
        tried = twist_matrix(step) @ T
        new_H, new_b, new_residuals = _linearise(points, level, tried, sigma)
        if _cost(new_residuals, sigma) > _cost(residuals, sigma):
            damping *= 10
            if damping > 1:
                break
            continue
        T, H, b, residuals, damping = tried, new_H, new_b, new_residuals, max(damping / 10, 1e-6)
        sigma = t_scale(residuals, floor=_LEAST_SIGMA)
        if np.abs(step).max() < 1e-5:
            break
    return T


def _linearise(points: Points, level: Level, T: Float64, sigma: float) -> tuple[Float64, Float64, Float64]:
    count = len(points.xyz)
    H, b, residuals = np.zeros((6, 6)), np.zeros(6), np.full(count, np.nan)
    no_nodes, no_shares, no_scale = np.zeros((count, 0), np.int64), np.zeros((count, 0)), np.zeros(0)
    add_normal_equations(
        points.xyz, points.values, no_nodes, no_shares, no_scale, level.image, level.fx_fy_cx_cy, T,
        sigma, 1.0, 0.0, H, b, residuals,
    )  # fmt: skip
    return H, b, residuals


def _cost(residuals: Float64, sigma: float) -> float:
    """Negative log likelihood of a t-distribution; a point out of sight costs as much as one two sigmas off.

    Without that price the best fit would be to look away from everything that does not fit.
    """
    squares = np.where(np.isnan(residuals), 4.0 * sigma * sigma, residuals * residuals)
    return float(np.log1p(squares / (T_NU * sigma * sigma)).sum())
