"""Where the figures of a world stand and walk, and how the camera moves around them: drawn until it is well framed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from kinoeye.geometry.convention import Float64, invert, rotvec_to_matrix
from kinoeye.shot.shot import Actor

FIGURE_SHARE = (0.25, 0.70)
"""Bounds of each actor's median height on the screen, as a share of the frame's."""
CLEARANCE_M = 0.5
"""Least free space between an actor and the camera, and a third of it between actors."""
LONGEST_WALK_M = 2.4
USUAL_EXTENT_M = 1.7
_PLACES = 20


class Figure(Protocol):
    """An actor before it is placed."""

    @property
    def size_xyz(self) -> tuple[float, float, float]:
        """Its box in metres."""
        ...

    @property
    def speed(self) -> float:
        """Metres per second along its heading; 0 stands."""
        ...


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What a world is framed for."""

    times_s: Float64
    """[f] in seconds."""
    focal: float
    """Focal length in pixels."""
    size_wh: tuple[int, int]


class StagedWorld(NamedTuple):
    """Actors, the camera's poses T_world_cam [f, 4, 4], and a sentence about them."""

    actors: tuple[Actor, ...]
    T_world_cam: Float64
    prompt: str


def radius(figure: Figure) -> float:
    """Of the circle around its box on the ground, in metres."""
    return 0.5 * math.hypot(figure.size_xyz[0], figure.size_xyz[1])


def placed(rng: np.random.Generator, figures: Sequence[Figure], times: Float64) -> list[Float64] | None:
    """Poses [f, 4, 4] of bodies that keep clear of each other; None when there was no room."""
    done: list[Float64] = []
    for figure in figures:
        for _ in range(_PLACES):
            body = walked(rng, figure, times, spread=0.6 + 0.4 * len(figures))
            if _clear(figure, body, figures, done):
                done.append(body)
                break
        else:
            return None
    return done


def _clear(figure: Figure, body: Float64, others: Sequence[Figure], placed: Sequence[Float64]) -> bool:
    for other, other_body in zip(others, placed, strict=False):  # those that are placed come first
        apart = np.linalg.norm(other_body[:, :2, 3] - body[:, :2, 3], axis=1).min()
        if apart < radius(figure) + radius(other) + CLEARANCE_M / 3:
            return False
    return True


def walked(rng: np.random.Generator, figure: Figure, times: Float64, spread: float) -> Float64:
    """Body poses [f, 4, 4] on a line or a gentle arc, centred within `spread` metres of the world's origin."""
    angle, distance = rng.uniform(-math.pi, math.pi), spread * math.sqrt(rng.uniform(0.0, 1.0))
    heading, turn = rng.uniform(-math.pi, math.pi), rng.uniform(-0.8, 0.8)
    speed = min(figure.speed, LONGEST_WALK_M / times[-1])
    headings = heading + (turn if speed > 0 else 0.0) * np.linspace(-0.5, 0.5, len(times))
    steps = speed * np.diff(times)[:, None] * np.column_stack([np.cos(headings), np.sin(headings)])[1:]
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    poses = np.tile(np.eye(4), (len(times), 1, 1))
    poses[:, :3, :3] = rotvec_to_matrix(headings[:, None] * np.array([0.0, 0.0, 1.0]))
    poses[:, :2, 3] = distance * np.array([math.cos(angle), math.sin(angle)]) + path - path.mean(axis=0)
    return poses


def camera_around(
    rng: np.random.Generator, target: Float64, focal_per_height: float, *, extent_m: float = USUAL_EXTENT_M
) -> Float64:
    """Camera poses [f, 4, 4] on a smooth path around a slowly followed target [f, 3].

    The path is drawn in cylindrical coordinates about the target's mean: a swing, a change of distance and of height,
    each eased in its own way; the look leads and lags by slow offsets. What has the extent fills about half the frame.
    """
    share = np.linspace(0.0, 1.0, len(target))
    followed = target.mean(axis=0) + rng.uniform(0.0, 0.8) * (target - target.mean(axis=0))
    distance = extent_m * focal_per_height / rng.uniform(0.36, 0.62)
    swing = math.radians(rng.uniform(14.0, 62.0)) * rng.choice([-1.0, 1.0])
    azimuth = rng.uniform(-math.pi, math.pi) + swing * _ease(rng, share)
    reach = distance * np.exp(math.log(rng.uniform(0.72, 1.40)) * _ease(rng, share))
    height = rng.uniform(0.7, 2.2) + rng.uniform(-0.7, 0.9) * _ease(rng, share)
    height = height * min(extent_m / USUAL_EXTENT_M, 1.0)
    offsets = np.column_stack([reach * np.cos(azimuth), reach * np.sin(azimuth)])
    eye = np.column_stack([target[:, :2].mean(axis=0) + offsets, np.maximum(height, 0.35)])
    look = _look_at(eye, followed)
    wander = [math.radians(rng.normal(0.0, sigma)) for sigma in (4.0, 7.0, 2.0)]  # tilt, pan, roll
    drift = np.column_stack([angle * _ease(rng, share) for angle in wander])
    poses = np.tile(np.eye(4), (len(target), 1, 1))
    poses[:, :3, :3] = look @ rotvec_to_matrix(drift)
    poses[:, :3, 3] = eye
    return poses


def _ease(rng: np.random.Generator, share: Float64) -> Float64:
    """A smooth way from 0 to 1, with some hesitation on it."""
    smooth = share * share * (3.0 - 2.0 * share)
    eased = smooth + rng.uniform(0.0, 1.0) * (share - smooth)
    return eased + rng.uniform(-0.06, 0.06) * np.sin(2 * math.pi * share)


def _look_at(eye: Float64, target: Float64) -> Float64:
    """R_world_cam [f, 3, 3] of level cameras at `eye` that look at `target`, both [f, 3]."""
    forward = target - eye
    forward = forward / np.linalg.norm(forward, axis=1, keepdims=True)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right = right / np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], axis=-1)


def well_framed(figures: Sequence[Figure], bodies: Sequence[Float64], camera: Float64, frame: Frame) -> bool:
    """Whether actors keep clear of the camera, stay in view, and have a fair size on the screen."""
    eye, size_wh = camera[:, :3, 3], frame.size_wh
    for index, (figure, body) in enumerate(zip(figures, bodies, strict=True)):
        if np.linalg.norm(eye[:, :2] - body[:, :2, 3], axis=1).min() < radius(figure) + CLEARANCE_M:
            return False
        xy, depth = _project_axis(figure, body, camera, frame)
        if depth.min() < CLEARANCE_M:
            return False
        tall = np.abs(xy[:, 1, 1] - xy[:, 0, 1]) / size_wh[1]
        inside = np.all((xy.mean(axis=1) > 0) & (xy.mean(axis=1) < size_wh), axis=1)
        if not FIGURE_SHARE[0] <= np.median(tall) <= FIGURE_SHARE[1] or tall.max() > 0.95:
            return False
        if inside.mean() < (1.0 if index == 0 else 0.7):
            return False
    return True


def _project_axis(figure: Figure, body: Float64, camera: Float64, frame: Frame) -> tuple[Float64, Float64]:
    """Image [f, 2, 2] and depth [f, 2] of a body's lowest and highest point on its axis."""
    points = body[:, None, :3, 3] + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, figure.size_xyz[2]]])
    T_cam_world = invert(camera[:, :3])
    in_camera = points @ np.swapaxes(T_cam_world[:, :, :3], 1, 2) + T_cam_world[:, None, :, 3]
    depth = in_camera[..., 2]
    centre = np.array(frame.size_wh) / 2
    return in_camera[..., :2] / np.where(depth > 0, depth, np.nan)[..., None] * frame.focal + centre, depth
