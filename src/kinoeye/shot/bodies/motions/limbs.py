"""Rotations about body axes and the analytic pose of a limb of two bones; batches of frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kinoeye.shot.bodies.body import Float64


def turned(yaw: ArrayLike) -> Float64:
    """Rotation matrices [..., 3, 3] about +z, radians."""
    return _about(2, yaw)


def pitched(pitch: ArrayLike) -> Float64:
    """Rotation matrices [..., 3, 3] about +y (left): positive tips the front down."""
    return _about(1, pitch)


def rolled(roll: ArrayLike) -> Float64:
    """Rotation matrices [..., 3, 3] about +x (forward): positive raises the left side."""
    return _about(0, roll)


def oriented(yaw: ArrayLike, pitch: ArrayLike, roll: ArrayLike) -> Float64:
    """Rotation matrices [..., 3, 3] of heading, then pitch, then roll."""
    return turned(yaw) @ pitched(pitch) @ rolled(roll)


def _about(axis: int, angle: ArrayLike) -> Float64:
    angle = np.asarray(angle, np.float64)
    c, s = np.cos(angle), np.sin(angle)
    R = np.zeros((*angle.shape, 3, 3))
    one, two = (axis + 1) % 3, (axis + 2) % 3
    R[..., axis, axis] = 1.0
    R[..., one, one] = R[..., two, two] = c
    R[..., one, two], R[..., two, one] = -s, s
    return R


def unit(vectors: ArrayLike) -> Float64:
    """Vectors [..., 3] brought to length 1; a vanishing one stays 0."""
    vectors = np.asarray(vectors, np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def across(vectors: ArrayLike, direction: ArrayLike) -> Float64:
    """The part of vectors [..., 3] at right angles to a direction [..., 3], of length 1."""
    direction = unit(direction)
    vectors = np.asarray(vectors, np.float64)
    return unit(vectors - (vectors * direction).sum(-1, keepdims=True) * direction)


def apply(R: Float64, vectors: ArrayLike) -> Float64:
    """R [..., 3, 3] times vectors [..., 3]."""
    return np.einsum("...ij,...j->...i", R, np.asarray(vectors, np.float64))


def bone_axes(bone: ArrayLike, hinge: ArrayLike) -> Float64:
    """Right-handed axes [..., 3, 3] of a bone as columns: along it, its hinge made perpendicular, their product."""
    along = unit(bone)
    hinge = across(hinge, along)
    return np.stack([along, hinge, np.cross(along, hinge)], axis=-1)


def carried(bone: ArrayLike, hinge: ArrayLike, rest_bone: ArrayLike, rest_hinge: ArrayLike) -> Float64:
    """Rotation [..., 3, 3] that takes a bone and its hinge from rest to where they are."""
    return bone_axes(bone, hinge) @ np.swapaxes(bone_axes(rest_bone, rest_hinge), -1, -2)


def two_bones(start: Float64, target: Float64, pole: Float64, upper: float, lower: float) -> tuple[Float64, ...]:
    """Directions of two bones that lead from a start to a target, by the law of cosines.

    Args:
        start: [f, 3] where the upper bone begins.
        target: [f, 3] where the lower one shall end; out of reach, the limb points at it all but straight.
        pole: [f, 3] the side to which the joint between them bends.
        upper: length in metres.
        lower: length in metres.

    Returns:
        The upper bone's direction, the lower one's, and the hinge between them, pole x line, each [f, 3] of length 1.
    """
    line = target - start
    distance = np.linalg.norm(line, axis=-1)
    n = line / np.maximum(distance, 1e-9)[:, None]
    distance = np.clip(distance, abs(upper - lower) + 1e-3 * upper, 0.9999 * (upper + lower))
    k = across(pole, n)
    cosine = np.clip((upper**2 + distance**2 - lower**2) / (2 * upper * distance), -1.0, 1.0)
    sine = np.sqrt(1 - cosine**2)
    along = cosine[:, None] * n + sine[:, None] * k
    return along, unit(distance[:, None] * n - upper * along), np.asarray(np.cross(k, n), np.float64)


def eased(fraction: ArrayLike) -> Float64:
    """The minimum-jerk rise from 0 to 1 over fractions 0 to 1, held outside (Flash and Hogan 1985)."""
    s = np.clip(np.asarray(fraction, np.float64), 0.0, 1.0)
    return s * s * s * (10 + s * (6 * s - 15))


def smooth_step(fraction: ArrayLike) -> Float64:
    """The cubic rise from 0 to 1 over fractions 0 to 1, held outside."""
    s = np.clip(np.asarray(fraction, np.float64), 0.0, 1.0)
    return s * s * (3 - 2 * s)


def smoothed(values: Float64, sigma: float) -> Float64:
    """Values [n, ...] averaged by a Gaussian of that many samples, ends held."""
    half = max(int(4 * sigma), 1)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / max(sigma, 1e-6)) ** 2)
    kernel /= kernel.sum()
    flat = values.reshape(len(values), -1)
    padded = np.pad(flat, ((half, half), (0, 0)), mode="edge")
    found = np.empty_like(flat)
    for c in range(flat.shape[1]):
        found[:, c] = np.convolve(padded[:, c], kernel, mode="valid")
    return found.reshape(values.shape)


def smooth_cover(values: Float64, half: int) -> Float64:
    """A smooth curve [n] that never lies below the values: their running maximum, averaged over the same window."""
    padded = np.pad(values, half, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).max(axis=-1)
    window = np.hanning(2 * half + 3)[1:-1]
    found = np.empty_like(values)
    found[:] = np.convolve(np.pad(highest, half, mode="edge"), window / window.sum(), mode="valid")
    return found
