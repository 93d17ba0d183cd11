"""Keyframe tracking: each frame aligned to a keyframe, coarse to fine, from a prediction of its motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.geometry.convention import Float64, rotvec_to_matrix
from kinoeye.perception.photometric_kernel import add_normal_equations, t_scale
from kinoeye.perception.pyramid import Level

Pyramid = Sequence[Level]

_LEAST_SLOPE = 0.01
"""Pixels whose intensity changes by less a pixel say nothing about motion."""
_MAX_POINTS = 6000
_MAX_STEPS = 20
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
    contrast: float
    """Standard deviation of the intensities."""


@dataclass(frozen=True)
class Alignment:
    """A frame aligned to a keyframe."""

    T_frame_key: Float64
    visible: float
    """Share of the keyframe's points that are seen in the frame."""
    explained: float
    """Share of the keyframe's contrast that the alignment explains."""

    @property
    def support(self) -> float:
        """Visible times explained: 1 is a copy of the keyframe, 0 is lost."""
        return self.visible * self.explained


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
    """The pixel of steepest intensity in each block of an image, where depth is known."""
    height, width = level.shape
    slope = np.hypot(level.image[..., 1], level.image[..., 2])
    slope = np.where(np.isnan(level.image[..., 3]), 0.0, slope)
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
    return Points(xyz, values, xy, float(values.std()) if len(values) else 0.0)


def twist_matrix(twist: Float64) -> Float64:
    """A rigid transform [4, 4] near exp(twist): turn by the rotation vector, then move by the velocity."""
    T = np.eye(4)
    T[:3, :3] = rotvec_to_matrix(twist[3:])
    T[:3, 3] = twist[:3]
    return T


def align(key: Sequence[Points], frame: Pyramid, T_frame_key: Float64) -> Alignment:
    """Gauss-Newton on SE(3) from coarse to fine with t-distributed residuals (Kerl et al. 2013)."""
    T = T_frame_key
    visible = explained = 0.0
    for points, level in zip(reversed(key), reversed(frame), strict=True):
        if len(points.xyz) < MIN_POINTS:
            continue
        T, residuals = _align_level(points, level, T)
        visible = float(np.mean(~np.isnan(residuals)))
        spread = t_scale(residuals) / max(points.contrast, 1e-6)
        explained = max(0.0, 1.0 - spread * spread)
    return Alignment(T, visible, explained)


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


def _align_level(points: Points, level: Level, T: Float64) -> tuple[Float64, Float64]:
    count = len(points.xyz)
    no_nodes, no_shares, no_scale = np.zeros((count, 0), np.int64), np.zeros((count, 0)), np.zeros(0)
    residuals = np.full(count, np.nan)
    sigma = 0.1
    for _ in range(_MAX_STEPS):
        H, b = np.zeros((6, 6)), np.zeros(6)
        add_normal_equations(
            points.xyz, points.values, no_nodes, no_shares, no_scale, level.image, level.fx_fy_cx_cy, T,
            sigma, 1.0, 0.0, H, b, residuals,
        )  # fmt: skip
        sigma = t_scale(residuals)
        step = -np.linalg.solve(H + 1e-9 * (np.trace(H) + 1) * np.eye(6), b)
        T = twist_matrix(step) @ T
        if np.abs(step).max() < 1e-5:
            break
    return T, residuals
