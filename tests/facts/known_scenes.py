"""Scenes with known answers."""

from __future__ import annotations

import math

import numpy as np

from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.geometry.convention import rotvec_to_matrix


def looking(eye, target=None, *, forward=None) -> np.ndarray:
    """T_world_cam [4, 4] of a level OpenCV camera."""
    forward = np.asarray(target, float) - eye if forward is None else np.asarray(forward, float)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return pose(np.stack([right, np.cross(forward, right), forward], axis=-1), eye)


def standing(x, y, yaw=0.0, z=0.0) -> np.ndarray:
    """T_world_body [4, 4] of a body that heads along (cos yaw, sin yaw)."""
    return pose(rotvec_to_matrix([0.0, 0.0, yaw]), (x, y, z))


def pose(R, t) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, t
    return T


def scene(camera=None, *, times=None, size=(0.5, 0.5, 1.0), **actors) -> SceneTracks:
    """Tracks of a camera and actors, each one pose [4, 4] or one a time."""
    camera = looking((-10.0, 0.0, 0.5), forward=(1, 0, 0)) if camera is None else camera
    rows = [np.asarray(row, float) for row in (camera, *actors.values())]
    count = max((len(row) for row in rows if row.ndim == 3), default=1 if times is None else len(times))
    times = np.arange(count) / 10 if times is None else times
    T = np.stack([np.broadcast_to(row, (count, 4, 4)) for row in rows])
    return SceneTracks(
        names=("camera", *actors),
        times_s=times,
        T_world_body=T,
        sizes=[(0, 0, 0), *([size] * len(actors))],
        valid=np.ones(T.shape[:2], bool),
        source="truth",
    )


def wandering(seed: int, *, actors: int = 3, count: int = 40) -> SceneTracks:
    """Smooth random paths at some distance from one another, seen by a camera that moves and is pitched."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0.0, 4.0, count)) + 0.02 * np.arange(count)
    times[0] = 0.0

    def wave(scale):
        parts = [
            rng.normal(size=3) * np.sin(rng.uniform(0.3, 2.0) * times[:, None] + rng.uniform(0, 6)) for _ in range(3)
        ]
        return scale * np.sum(parts, axis=0)

    rows = []
    for _ in range(actors + 1):
        turn = rotvec_to_matrix(wave(0.2)) @ rotvec_to_matrix([0.0, 0.0, rng.uniform(-math.pi, math.pi)])
        rows.append(np.stack([pose(R, t) for R, t in zip(turn, wave(1.5) + rng.normal(size=3) * 3, strict=True)]))
    rows[0] = rows[0] @ looking(np.zeros(3), forward=(1, 0.2, -0.1))
    names = [f"actor {k}" for k in range(actors)]
    return scene(rows[0], times=times, size=(0.6, 0.4, 1.2), **dict(zip(names, rows[1:], strict=True)))
