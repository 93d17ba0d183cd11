"""A car along its track: wheels that roll as far as they go, front wheels that steer, a shell on springs."""

from __future__ import annotations

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_wxyz
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Float64, Skeleton
from kinoeye.shot.bodies.motions.ground_path import RATE, ground_path, headings
from kinoeye.shot.bodies.motions.limbs import apply, oriented, pitched, smoothed, turned

STEERING_RAD = 0.65
"""The furthest that a front wheel turns."""


def animate_vehicle(skeleton: Skeleton, track: Track, times_s: Float64) -> tuple[Float64, Float64]:
    """Pose a car, as `creatures.car` makes it, along its track, in body axes.

    Every wheel turns by the way of its own hub over its radius, backwards when the car does; the front wheels stand at
    the angles at which none has to slide in the curve (Ackermann's).

    Args:
        skeleton: of the car.
        track: T_world_body, in metres.
        times_s: [f] increasing.

    Returns:
        Rotations relative to the parent, wxyz [f, j, 4], and places of the root [f, 3].

    Raises:
        InputError: the track has no scale, or the skeleton is not a car's.
    """
    if track.unit != "m":
        raise InputError("a car cannot roll along a track of arbitrary scale; give the track a scale first")
    times_s = np.asarray(times_s, np.float64)
    path = ground_path(track, times_s)
    grid = path.times_s
    xyz, yaw = headings(track, grid)
    forward = smoothed(path.velocity_in_heading[:, 0], 0.05 * RATE)
    moving = np.sign(forward) * np.maximum(np.abs(forward), 0.3)
    bend = np.where(np.abs(forward) > 0.05, path.turn_rate / np.where(moving == 0, 1.0, moving), 0.0)
    rear = skeleton.heads[skeleton.index("LeftRearWheel")]
    local = np.broadcast_to(np.eye(3), (len(times_s), len(skeleton), 3, 3)).copy()

    for side in ("Left", "Right"):
        hub = skeleton.heads[skeleton.index(f"{side}FrontWheel")]
        base = hub[0] - rear[0]
        angle = np.arctan2(base * bend, 1 - hub[1] * bend)
        angle = smoothed(np.clip(angle, -STEERING_RAD, STEERING_RAD), 0.08 * RATE)
        steered = np.interp(times_s, grid, angle)
        local[:, skeleton.index(f"{side}Steering")] = turned(steered)
        for wheel, direction in ((f"{side}FrontWheel", yaw + angle), (f"{side}RearWheel", yaw)):
            hub = skeleton.heads[skeleton.index(wheel)]
            step = np.diff((xyz + apply(turned(yaw), hub))[:, :2], axis=0)
            middle = 0.5 * (direction[1:] + direction[:-1])
            way = np.concatenate([[0.0], np.cumsum(step[:, 0] * np.cos(middle) + step[:, 1] * np.sin(middle))])
            way -= np.interp(float(track.times_s[0]), grid, way)
            local[:, skeleton.index(wheel)] = pitched(np.interp(times_s, grid, way) / hub[2])

    push = np.clip(np.gradient(smoothed(forward, 0.15 * RATE), 1 / RATE), -6.0, 6.0)
    lean = np.clip(forward * path.turn_rate, -8.0, 8.0)
    lean, push = (np.interp(times_s, grid, smoothed(values, 0.12 * RATE)) for values in (lean, push))
    local[:, skeleton.index("Shell")] = oriented(np.zeros_like(lean), -0.008 * push, 0.008 * lean)
    return matrix_to_wxyz(local), np.tile(skeleton.heads[0], (len(times_s), 1))
