"""The way that a track takes over the ground, on a fine grid of times that reaches beyond both of its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinoeye.geometry.convention import wxyz_to_matrix
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Float64
from kinoeye.shot.bodies.motions.limbs import smooth_step, smoothed

RATE = 120.0
"""Grid times a second."""
MARGIN_S = 2.5
"""How far the grid reaches beyond the times asked for: a few steps."""
SMOOTHING_S = 0.12
"""A body does not follow the kinks of a path drawn with a ruler: its centre is averaged over about this time."""
GOING_M_S, GOING_RAD_S = 0.25, 0.3
"""A track that begins or ends faster than this was cut out of a longer walk, which is carried on beyond it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GroundPath:
    """Where a body goes over the ground; the plane is smoothed, the height is as given."""

    times_s: Float64
    """[n] the grid."""
    xyz: Float64
    """[n, 3] in the world."""
    yaw: Float64
    """[n] heading, unwrapped."""
    velocity_xy: Float64
    """[n, 2] metres a second."""
    turn_rate: Float64
    """[n] radians a second, positive to the left."""

    @property
    def speed(self) -> Float64:
        """[n] over the ground."""
        return np.linalg.norm(self.velocity_xy, axis=1)

    @property
    def velocity_in_heading(self) -> Float64:
        """[n, 2] forward and to the left."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        x, y = self.velocity_xy.T
        return np.stack([c * x + s * y, c * y - s * x], axis=1)

    def sampled(self, values: Float64, times_s: Float64) -> Float64:
        """Values of the grid [n] or [n, k] at other times."""
        if values.ndim == 1:
            return np.interp(times_s, self.times_s, values)
        return np.stack([np.interp(times_s, self.times_s, column) for column in values.T], axis=1)


def headings(track: Track, times_s: Float64) -> tuple[Float64, Float64]:
    """Place [f, 3] and yaw [f] of a track's upright frame, which shares the body's origin and heading."""
    pose = track.at(track.times_s.new_tensor(times_s)).T_world_body.wxyz_xyz
    pose = pose.detach().cpu().numpy().astype(np.float64)
    R = wxyz_to_matrix(pose[:, :4])
    return pose[:, 4:], np.unwrap(np.arctan2(R[:, 1, 0], R[:, 0, 0]))


def ground_path(track: Track, times_s: Float64) -> GroundPath:
    """The way of a track around the times asked for.

    Where those times stop at an end at which the track is still going, the way goes on as it went, so that a walker
    that is cut into or out of is in mid-stride; beyond an end that they pass, a track stays where it is.
    """
    first, last = float(track.times_s[0]), float(track.times_s[-1])
    # The whole track is planned whatever part of it is asked for, so that a frame looks the same in every part.
    start, end = min(float(times_s[0]), first), max(float(times_s[-1]), last)
    grid = np.arange(start - MARGIN_S, end + MARGIN_S + 1 / RATE, 1 / RATE)
    xyz, yaw = headings(track, grid)
    for cut, outwards, asked in ((first, -1.0, start), (last, 1.0, end)):
        if last - first > 0.05 and outwards * (asked - cut) <= 1e-6:
            _carry_on(xyz, yaw, grid, track, cut, outwards, min(0.15, (last - first) / 2))
    flat = smoothed(np.column_stack([xyz[:, :2], yaw]), SMOOTHING_S * RATE)
    rates = np.gradient(flat, 1 / RATE, axis=0)
    return GroundPath(
        times_s=grid,
        xyz=np.column_stack([flat[:, :2], xyz[:, 2]]),
        yaw=flat[:, 2],
        velocity_xy=rates[:, :2],
        turn_rate=rates[:, 2],
    )


def _carry_on(
    xyz: Float64, yaw: Float64, grid: Float64, track: Track, cut: float, outwards: float, span: float
) -> None:
    """Continue the arc of a track's end beyond it, in place."""
    inwards = int(-outwards)
    places, turns = (part[::inwards] for part in headings(track, np.sort(cut + inwards * span * np.arange(3.0))))
    z = places[:, 0] + 1j * places[:, 1]
    near, far = (z[0] - z[1]) / span, (z[1] - z[2]) / span
    spin = float((turns[0] - turns[1]) / span)
    if abs(near) < GOING_M_S and abs(spin) < GOING_RAD_S:
        return
    bend = np.angle(near * np.conj(far)) / span if min(abs(near), abs(far)) > 0.05 else 0.0
    bend = float(np.clip(bend, -3.0, 3.0))
    near = near * np.exp(0.5j * bend * span)
    beyond = outwards * (grid - cut) > 0
    away = np.abs(grid[beyond] - cut)
    went = away if abs(bend) < 1e-6 else (np.exp(1j * bend * away) - 1) / (1j * bend)
    z_on = z[0] + near * went
    xyz[beyond, 0], xyz[beyond, 1] = z_on.real, z_on.imag
    base = yaw[np.argmin(np.abs(grid - cut))]
    yaw[beyond] = base + spin * away


def airborne(path: GroundPath) -> list[tuple[float, float]]:
    """Intervals of time in which a path that leaps or flies is off the ground.

    One begins where the path climbs or drops steeply, and ends where the height has stayed level for a while.
    """
    climb = np.abs(np.gradient(path.xyz[:, 2], 1 / RATE))
    steep = climb > np.maximum(0.5, 0.8 * path.speed)
    if not steep.any():
        return []
    level = climb < 0.05
    spans: list[tuple[float, float]] = []
    settle = int(0.3 * RATE)
    at = 0
    while at < len(steep):
        if not steep[at]:
            at += 1
            continue
        begin = at
        while begin > 0 and not level[begin - 1]:
            begin -= 1
        end = at
        while end < len(level) and not level[end : end + settle].all():
            end += 1
        spans.append((float(path.times_s[begin]), float(path.times_s[min(end, len(level) - 1)])))
        at = end + 1
    return spans


def soft_between(values: Float64, low: float, high: float) -> Float64:
    """How far values have come from `low` to `high`, 0 to 1, smoothly."""
    return smooth_step((values - low) / (high - low))
