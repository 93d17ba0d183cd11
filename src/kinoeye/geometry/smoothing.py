"""Smoothing within a tolerance: the path of least jerk in a tube around a given one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, solveh_banded

from kinoeye.geometry.convention import matrix_to_rotvec, rotvec_to_matrix
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track

Float64 = NDArray[np.float64]
Rates = Callable[[Float64], tuple[Float64, Float64, Float64]]
"""Offsets [n, 3] -> velocities [n - 1, 3] of the steps, and minus / plus their derivatives [n - 1, 3, 3] by the offset
before and after each step."""

_GAP = 1e-3
"""Share of the jerk by which the result may miss the least one."""
_FLOOR = 1e-10
"""Share of the original jerk that counts as none."""
_INSIDE = 1 - 1e-9
"""Share of the tolerance that is used, so that rounding of coordinates does not exceed it."""
_FARTHEST = 100.0
"""Extents of a path beyond which no tolerance is of use."""


def smooth(track: Track, *, tolerance: float, tolerance_rad: float, keep_ends: bool = True) -> Track:
    """The track of least jerk whose every pose stays within a tolerance of the given one, at the same times.

    Origins and rotations are smoothed apart, as camera rigs move: the origin minimises the integral of |p'''|^2 in the
    world, the rotation that of |w''|^2 for the angular velocity w in body axes, with R_i = given_i exp(offset_i). Both
    are found by a log-barrier method (Boyd & Vandenberghe 2004, section 11.3), whose every iterate is inside the tube.

    Args:
        track: any track; one of fewer than four poses has no jerk and is returned as it is.
        tolerance: how far an origin may move, in the track's unit; 0 keeps all origins.
        tolerance_rad: how far a rotation may turn, in radians below pi; 0 keeps all rotations.
        keep_ends: whether the first and last pose stay exactly.

    Raises:
        ValueError: a tolerance is negative, not a number, or pi or more.

    Example:
        >>> line = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None] * torch.ones(3, dtype=torch.float64)
        >>> track = Track(SE3.from_parts(SO3.identity(9), line), torch.arange(9, dtype=torch.float64))
        >>> bool(torch.allclose(smooth(track, tolerance=0.1, tolerance_rad=0.1).T_world_body.translation, line))
        True
    """
    if not (0 <= tolerance < np.inf and 0 <= tolerance_rad < np.pi):
        raise ValueError(f"a tolerance of {tolerance} and {tolerance_rad} rad is not from 0 to below pi radians")
    if len(track) < 4:
        return track
    times = track.times_s.double().numpy()
    origin, rotation = track.T_world_body.translation.double(), SO3(track.T_world_body.rotation.wxyz.double())
    if tolerance > 0:
        # The least jerk stays near the path however far it may go, and numbers stay within range.
        farthest = _FARTHEST * float((origin - origin[0]).norm(dim=-1).max())
        radius = min(tolerance * _INSIDE, farthest)
        offsets = _least_jerk(_linear_rates(origin.numpy(), times), times, radius, keep_ends)
        origin = origin + torch.from_numpy(offsets)
    if tolerance_rad > 0:
        offsets = _least_jerk(
            _angular_rates(rotation.as_matrix().numpy(), times), times, tolerance_rad * _INSIDE, keep_ends
        )
        rotation = rotation @ SO3.exp(torch.from_numpy(offsets))
    pose = SE3.from_parts(rotation, origin).normalize()
    return replace(track, T_world_body=SE3(pose.wxyz_xyz.to(track.T_world_body.wxyz_xyz.dtype)))


def jerk(track: Track) -> tuple[float, float]:
    """Root mean square of a track's linear (unit / s^3) and angular (radians / s^3) jerk; 0 under four poses."""
    if len(track) < 4:
        return 0.0, 0.0
    times, poses = track.times_s.double().numpy(), track.T_world_body
    weights, steps = _second_differences(times), np.diff(times)[:, None]
    steps_taken = poses.translation.diff(dim=0), (poses[:-1].inverse() @ poses[1:]).rotation.log()
    linear, angular = (
        float(np.sqrt((_residual(step.double().numpy() / steps, weights) ** 2).sum() / track.duration_s))
        for step in steps_taken
    )
    return linear, angular


def _linear_rates(origins: Float64, times: Float64) -> Rates:
    """Velocities of origins [n, 3] moved by offsets in the world."""
    steps = np.diff(_unit_steps(times))
    derivative = np.eye(3) / steps[:, None, None]
    return lambda offsets: (np.diff(origins + offsets, axis=0) / steps[:, None], derivative, derivative)


def _angular_rates(rotations: Float64, times: Float64) -> Rates:
    """Angular velocities in body axes of rotations [n, 3, 3] turned by offsets (rotation vectors) in body axes."""
    steps = np.diff(_unit_steps(times))[:, None]

    def rates(offsets: Float64) -> tuple[Float64, Float64, Float64]:
        turned = rotations @ rotvec_to_matrix(offsets)
        turns = matrix_to_rotvec(np.swapaxes(turned[:-1], 1, 2) @ turned[1:])
        right = _right_jacobian(offsets)
        # log(exp(-a) exp(w) exp(b)) = w - Jl(w)^-1 a + Jr(w)^-1 b to first order, with Jl(w) = Jr(-w).
        before = _inverse_right_jacobian(-turns) @ right[:-1] / steps[..., None]
        after = _inverse_right_jacobian(turns) @ right[1:] / steps[..., None]
        return turns / steps, before, after

    return rates


def _least_jerk(rates: Rates, times: Float64, radius: float, keep_ends: bool) -> Float64:
    """Offsets [n, 3] of length below `radius` that minimise the jerk of a path; `rates` may be non-linear in them.

    Newton's method on t * jerk - sum log(1 - |u|^2) for u = offset / radius and growing t; the Hessian of the jerk is
    Gauss and Newton's, which is exact for origins. n / t bounds how far the jerk is from the least one.
    """
    weights = _second_differences(_unit_steps(times))
    pinned = [0, len(times) - 1] if keep_ends else []
    u = np.zeros((len(times), 3))
    original = float((_residual(rates(u)[0], weights) ** 2).sum())
    if original <= 1e-24 * radius**2:
        return u
    t = len(u) / original

    def cost(u: Float64) -> float:
        slack = 1 - (u * u).sum(-1)
        if slack.min() <= 0:
            return np.inf
        return t * float((_residual(rates(radius * u)[0], weights) ** 2).sum()) - float(np.log(slack).sum())

    while True:
        for _ in range(50):
            step, decrement = _newton_step(rates, u, t, radius, weights, pinned)
            if decrement < 0.01 * len(u):  # small against the gap of n / t that is left at this t
                break
            now, share = cost(u), 1.0
            while cost(u + share * step) > now - 0.1 * share * decrement and share > 1e-9:
                share *= 0.5
            if share <= 1e-9:
                break
            u = u + share * step
        jerk = float((_residual(rates(radius * u)[0], weights) ** 2).sum())
        if len(u) / t < max(_GAP * jerk, _FLOOR * original):
            return radius * u
        t *= 20


def _newton_step(
    rates: Rates, u: Float64, t: float, radius: float, weights: Float64, pinned: list[int]
) -> tuple[Float64, float]:
    """The Newton step [n, 3] of the barrier problem and its decrement (twice what it promises to gain)."""
    velocity, before, after = rates(radius * u)
    blocks = _jacobian(radius * before, radius * after, weights)
    for frame in pinned:
        for k in range(4):
            if 0 <= frame - k < len(blocks):
                blocks[frame - k, k] = 0
    residual = _residual(velocity, weights)
    slack = (1 - (u * u).sum(-1))[:, None]
    gradient = 2 * u / slack
    hessian = np.zeros((len(u), 4, 3, 3))  # hessian[i, d] is the block of poses i and i + d
    hessian[:, 0] = 2 * np.eye(3) / slack[..., None] + 4 * (u[:, :, None] * u[:, None, :]) / slack[..., None] ** 2
    rows = len(blocks)
    for a in range(4):
        gradient[a : a + rows] += 2 * t * np.einsum("jpq,jp->jq", blocks[:, a], residual)
        for b in range(a, 4):
            hessian[a : a + rows, b - a] += 2 * t * np.swapaxes(blocks[:, a], 1, 2) @ blocks[:, b]
    try:
        step = -solveh_banded(_lower_bands(hessian), gradient.ravel(), lower=True).reshape(-1, 3)
    except LinAlgError:  # no descent left within rounding
        return np.zeros_like(u), 0.0
    return step, -float((gradient * step).sum())


def _residual(velocity: Float64, weights: Float64) -> Float64:
    """Weighted second derivatives [n - 3, 3] of velocities [n - 1, 3]; their sum of squares is the jerk's integral."""
    count = len(velocity) - 2
    return sum(weights[:, k, None] * velocity[k : k + count] for k in range(3))  # type: ignore[return-value]


def _jacobian(before: Float64, after: Float64, weights: Float64) -> Float64:
    """Derivatives [n - 3, 4, 3, 3] of each residual by the offsets of its four poses."""
    count = len(weights)
    blocks = np.zeros((count, 4, 3, 3))
    for k in range(3):
        blocks[:, k] -= weights[:, k, None, None] * before[k : k + count]
        blocks[:, k + 1] += weights[:, k, None, None] * after[k : k + count]
    return blocks


def _second_differences(times: Float64) -> Float64:
    """Weights [n - 3, 3] of the second derivative of values at the middles of n - 1 steps, times the root of its time.

    Divided differences, exact for parabolas at uneven times.
    """
    gaps = np.diff((times[:-1] + times[1:]) / 2)
    first, second = gaps[:-1], gaps[1:]
    root = np.sqrt((first + second) / 2)
    left, right = 2 * root / (first * (first + second)), 2 * root / (second * (first + second))
    return np.stack([left, -left - right, right], -1)


def _lower_bands(blocks: Float64) -> Float64:
    """A symmetric matrix of blocks [n, 4, 3, 3] (row, distance) in LAPACK's lower band form [12, 3 n]."""
    count = len(blocks)
    bands = np.zeros((12, count, 3))
    for distance in range(4):
        for p in range(3):
            for q in range(3):
                below = 3 * distance + q - p
                if below >= 0:
                    bands[below, :, p] = blocks[:, distance, p, q]
    return bands.reshape(12, -1)


def _unit_steps(times: Float64) -> Float64:
    """The times with their mean step as unit: the least jerk does not depend on it, and numbers stay near one."""
    return (times - times[0]) * ((len(times) - 1) / (times[-1] - times[0]))


def _right_jacobian(rotvecs: Float64) -> Float64:
    """Jr [n, 3, 3] with exp(w + dw) = exp(w) exp(Jr(w) dw) to first order (Sola et al. 2018, eq. 143)."""
    angle = np.linalg.norm(rotvecs, axis=-1)[:, None, None]
    W = np.cross(np.eye(3), rotvecs[:, None, :])
    small = angle < 1e-3
    safe = np.where(small, 1.0, angle)
    cubic = np.where(small, 1 / 6 - angle**2 / 120, (safe - np.sin(safe)) / safe**3)
    return np.eye(3) - 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * W + cubic * (W @ W)


def _inverse_right_jacobian(rotvecs: Float64) -> Float64:
    """The inverse of `_right_jacobian` (Sola et al. 2018, eq. 144)."""
    angle = np.linalg.norm(rotvecs, axis=-1)[:, None, None]
    W = np.cross(np.eye(3), rotvecs[:, None, :])
    small = angle < 1e-2
    safe = np.where(small, 1.0, angle)
    square = np.where(small, 1 / 12 + angle**2 / 720, (1 - safe / 2 / np.tan(safe / 2)) / safe**2)
    return np.eye(3) + 0.5 * W + square * (W @ W)
