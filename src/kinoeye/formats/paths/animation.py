"""Curves of animation in NumPy: keys between their times, Euler angles and back, and the frame rate of times."""

from __future__ import annotations

import numpy as np

from kinoeye.geometry.convention import Float64

DAY_S = 86_400.0
"""No shot begins so late on its time line."""
RATES = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 48.0, 50.0, 60000 / 1001, 60.0)
"""Frame rates of film and television, which times written with few digits are taken to mean."""
_AXES = "XYZ"


def linear(times: Float64, keys: Float64, queries: Float64) -> Float64:
    """Keys [n, ...] at increasing times [n] on straight lines at queries [m], held before the first and after the last.

    Example:
        >>> linear(np.array([0.0, 2.0]), np.array([[1.0], [5.0]]), np.array([0.5, 9.0])).ravel()
        array([2., 5.])
    """
    before, after, fraction = _bracket(times, queries)
    fraction = fraction.reshape(-1, *[1] * (keys.ndim - 1))
    return keys[before] * (1 - fraction) + keys[after] * fraction


def held(times: Float64, keys: Float64, queries: Float64) -> Float64:
    """Keys [n, ...] that stay until the next one, at queries [m]."""
    return keys[(np.searchsorted(times, queries, side="right") - 1).clip(0)]


def slerp(times: Float64, wxyz: Float64, queries: Float64) -> Float64:
    """Unit quaternions [n, 4] on shortest great arcs at queries [m] (Shoemake 1985), in any order of components."""
    before, after, fraction = _bracket(times, queries)
    a, b = wxyz[before], wxyz[after]
    dot = (a * b).sum(-1)
    b = np.where(dot[:, None] < 0, -b, b)
    angle = np.arccos(np.clip(abs(dot), 0, 1))
    # sinc is exact at zero: equal and nearly equal keys need no branch.
    share = [np.sinc(part * angle / np.pi) * part / np.sinc(angle / np.pi) for part in (1 - fraction, fraction)]
    return share[0][:, None] * a + share[1][:, None] * b


def cubic(times: Float64, keys: Float64, tangents_in: Float64, tangents_out: Float64, queries: Float64) -> Float64:
    """Keys [n, c] on cubic Hermite splines at queries [m]; tangents are derivatives by time (glTF 2.0, C.5)."""
    before, after, fraction = _bracket(times, queries)
    s = fraction[:, None]
    step = (times[after] - times[before])[:, None]
    return (
        (2 * s**3 - 3 * s**2 + 1) * keys[before]
        + (s**3 - 2 * s**2 + s) * step * tangents_out[before]
        + (3 * s**2 - 2 * s**3) * keys[after]
        + (s**3 - s**2) * step * tangents_in[after]
    )


def euler_to_matrix(order: str, radians: Float64) -> Float64:
    """Rotations [..., 3, 3] of angles [..., 3] about x, y and z; `order` names the axes, the one applied first first.

    Example:
        >>> euler_to_matrix("ZXY", np.array([0.0, 0.0, np.pi / 2])).round().astype(int).tolist()
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    """
    first, second, third = (_about(axis, np.asarray(radians)[..., _AXES.index(axis)]) for axis in order)
    return third @ second @ first


def matrix_to_euler(order: str, rotations: Float64) -> Float64:
    """Angles [n, 3] about x, y and z of rotations [n, 3, 3], each frame's nearest to those of the frame before.

    The inverse of `euler_to_matrix`; where the middle angle is a right angle, the first one is free and set to 0.
    """
    i, j, k = (_AXES.index(axis) for axis in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    R = np.asarray(rotations, np.float64)
    angles = np.zeros((len(R), 3))
    angles[:, k] = np.arctan2(sign * R[:, j, i], R[:, i, i])
    # Undoing the last rotation first leaves both other angles well conditioned, at right angles too.
    rest = _about(order[2], -angles[:, k]) @ R
    angles[:, j] = np.arctan2(-sign * R[:, k, i], rest[:, i, i])
    angles[:, i] = np.arctan2(-sign * rest[:, j, k], rest[:, j, j])
    other = angles + np.pi
    other[:, j] = np.pi - angles[:, j]
    for row in range(1, len(angles)):
        choices = np.stack([angles[row], other[row]])
        choices -= 2 * np.pi * np.round((choices - angles[row - 1]) / (2 * np.pi))
        angles[row] = choices[np.argmin(abs(choices - angles[row - 1]).sum(1))]
    return angles


def film_rate(times_s: Float64, default: float) -> float:
    """Frames per second of times [n]: a usual or whole one where they mean it, `default` for a single frame."""
    steps = np.diff(times_s)
    if len(steps) == 0 or not np.median(steps) > 0:
        return default
    rate = float(1 / np.median(steps))
    nearest = min((*RATES, max(1.0, float(round(rate)))), key=lambda usual: abs(usual - rate))
    return nearest if abs(nearest - rate) < 1e-3 * rate else max(1.0, float(round(rate)))


def frame_numbers(times_s: Float64, rate: float) -> Float64:
    """Times [n] counted in frames from time 0; whole where they are whole but for the rounding of seconds."""
    frames = times_s * rate
    whole = np.round(frames)
    return np.where(abs(frames - whole) <= np.maximum(1e-9, 8 * np.spacing(abs(frames))), whole, frames)


def from_the_start(times_s: Float64) -> tuple[Float64, list[str]]:
    """Times on the time line of a scene: stamps of a clock, a day or more from 0, count from the first, said so.

    Stamps are numbers so large that frames are rounded in them; such rounding is taken back.
    """
    if abs(times_s[0]) < DAY_S:
        return times_s, []
    times = times_s - times_s[0]
    rate = film_rate(times, 1.0)
    whole = np.round(times * rate) / rate
    times = np.where(abs(times - whole) <= 2 * np.spacing(abs(times_s).max()), whole, times)
    return times, [f"the times are stamps of a clock: they count from the first, {times_s[0]:.9g} s"]


def _bracket(times: Float64, queries: Float64) -> tuple[np.ndarray, np.ndarray, Float64]:
    """The keys before and after each query, and the fraction of the way between them."""
    after = np.searchsorted(times, queries, side="right").clip(0, len(times) - 1)
    before = (np.searchsorted(times, queries, side="right") - 1).clip(0)
    step = times[after] - times[before]
    fraction = np.where(step > 0, (queries - times[before]) / np.where(step > 0, step, 1.0), 0.0)
    return before, after, fraction.clip(0, 1)


def _about(axis: str, angle: Float64) -> Float64:
    c, s, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    one = zero + 1
    rows = {
        "X": [[one, zero, zero], [zero, c, -s], [zero, s, c]],
        "Y": [[c, zero, s], [zero, one, zero], [-s, zero, c]],
        "Z": [[c, -s, zero], [s, c, zero], [zero, zero, one]],
    }[axis]
    return np.stack([np.stack(row, -1) for row in rows], -2)
