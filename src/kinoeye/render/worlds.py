"""Worlds to film: (stream, seed) -> Shot, the distribution `worlds-v0` of primitives and blocky robots.

The two streams never share a world: the stream is part of the seed of everything, and the words of `eval` prompts
(templates, nouns, places) do not occur in `train` prompts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.records import to_json
from kinoeye.geometry.convention import invert, rotvec_to_matrix
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render.look import LOOK
from kinoeye.render.robot import ROBOT_PARTS
from kinoeye.render.world_words import world_prompt
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.record import shot_to_json
from kinoeye.shot.shot import Actor, Avatar, Pattern, Shape, Shot

Float64 = NDArray[np.float64]
Stream = Literal["train", "eval"]
WORLDS_V0 = "worlds-v0"
"""Name of this distribution; a change of `worlds_sha256()` needs a new name."""
FIGURE_SHARE = (0.25, 0.70)
"""Bounds of each actor's median height on the screen, as a share of the frame's."""
CLEARANCE_M = 0.5
"""Least free space between an actor and the camera, and a third of it between actors."""
WORLD_COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan", "white", "brown")
MAX_SEED = 2**62
_COUNT = 2**20
LONGEST_WALK_M = 2.4
_TRIES, _PLACES = 500, 20
_PROBES = 16

_SHAPES: Mapping[Shape, tuple[float, tuple[float, float], tuple[float, float, float]]] = {
    "robot": (0.46, (1.50, 1.90), (0.32, 0.50, 1.0)),
    "box": (0.09, (0.80, 1.30), (1.0, 1.0, 1.0)),
    "sphere": (0.09, (0.90, 1.40), (1.0, 1.0, 1.0)),
    "cylinder": (0.09, (0.95, 1.60), (0.60, 0.60, 1.0)),
    "cone": (0.09, (1.00, 1.60), (0.72, 0.72, 1.0)),
    "capsule": (0.09, (1.10, 1.70), (0.42, 0.42, 1.0)),
    "pyramid": (0.09, (0.95, 1.40), (1.05, 1.05, 1.0)),
}
"""Shape -> probability, bounds of the height in metres, and box as shares of the height."""


@dataclass(frozen=True)
class _Figure:
    """An actor before it is placed."""

    colour: str
    shape: Shape
    pattern: Pattern
    size_xyz: tuple[float, float, float]
    speed: float
    """Metres per second along its heading; 0 stands."""

    @property
    def radius(self) -> float:
        return 0.5 * math.hypot(self.size_xyz[0], self.size_xyz[1])


def world(
    stream: Stream,
    seed: int,
    *,
    num_frames: int = 25,
    fps: float = 12.0,
    size_wh: tuple[int, int] = (256, 256),
    static: bool = False,
) -> Shot:
    """A shot of one to three figures in a named environment, with a camera that moves around them.

    Args:
        stream: "train" or "eval"; the same seed gives different worlds in each.
        seed: of everything, 0 or more.
        num_frames: frames of the camera, at least 2.
        fps: frames per second.
        size_wh: width and height of the film in pixels.
        static: True for a world where nothing but the camera moves.

    Raises:
        InputError: the stream is unknown, or a number is out of range.

    Example:
        >>> world("train", 1).prompt != world("eval", 1).prompt
        True
    """
    if stream not in get_args(Stream):
        raise InputError(f"stream {stream!r} is unknown; it is 'train' or 'eval'")
    if not 0 <= seed < MAX_SEED:
        raise InputError(f"world seed {seed} is out of range; it is 0 to 2^62")
    if num_frames < 2 or not fps > 0:
        raise InputError(f"a world of {num_frames} frames at {fps} per second cannot be made; at least 2, above 0")
    rng = np.random.default_rng([get_args(Stream).index(stream), seed, 0])
    environment = ENVIRONMENTS[str(rng.choice(sorted(ENVIRONMENTS)))]
    count = int(rng.choice([1, 2, 3], p=[0.35, 0.40, 0.25]))
    times = np.arange(num_frames) / fps
    fov_y = math.radians(rng.uniform(42.0, 58.0))
    focal = size_wh[1] / (2 * math.tan(fov_y / 2))
    figures, bodies, T_world_cam = _stage(rng, count, static, times, focal, size_wh)
    times_s = torch.from_numpy(times)
    K = torch.tensor([focal, focal, size_wh[0] / 2, size_wh[1] / 2], dtype=torch.float64)
    camera = Trajectory(Track(SE3.from_matrix(torch.from_numpy(T_world_cam)), times_s), Intrinsics(K, size_wh))
    phrases, prompt = world_prompt(
        rng, stream, environment.name, [(f.colour, f.shape, f.pattern, f.speed > 0) for f in figures]
    )
    actors = tuple(
        _actor(figure, phrase, poses, times_s) for figure, phrase, poses in zip(figures, phrases, bodies, strict=True)
    )
    return Shot(camera=camera, actors=actors, environment=environment, prompt=prompt, seed=seed)


def sample_worlds(stream: Stream, seed: int, count: int, **options: Any) -> Iterator[Shot]:
    """The worlds of one seed, `world(stream, seed * 2^20 + index)`: those of two seeds never overlap.

    Raises:
        InputError: more than 2^20 worlds, or as `world`.
    """
    if not 0 <= count <= _COUNT:
        raise InputError(f"{count} worlds of one seed were asked for; there are 2^20")
    for index in range(count):
        yield world(stream, seed * _COUNT + index, **options)


@cache
def worlds_sha256() -> str:
    """Fingerprint of the distribution: of the first eval worlds, the looks and the robot, to a micrometre."""
    probes = [shot_to_json(world("eval", seed)) for seed in range(_PROBES)]
    content = [WORLDS_V0, probes, to_json(LOOK._asdict()), to_json(ROBOT_PARTS)]
    text = json.dumps(_rounded(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(value: Any) -> Any:
    """The same data with every number to six decimals, so that the last bits of a machine do not matter."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 6) + 0.0 if isinstance(value, float) else value


def _draw_figures(rng: np.random.Generator, count: int, static: bool) -> list[_Figure]:
    shapes = list(_SHAPES)
    figures = []
    for colour in rng.choice(WORLD_COLOURS, size=count, replace=False):
        shape = shapes[int(rng.choice(len(shapes), p=[_SHAPES[name][0] for name in shapes]))]
        _, heights, shares = _SHAPES[shape]
        height = rng.uniform(*heights)
        width = rng.uniform(0.92, 1.10)
        size = (shares[0] * width * height, shares[1] * width * height, height)
        pattern: Pattern = "plain"
        if shape != "robot":
            pattern = ("plain", "stripes", "checker")[int(rng.choice(3, p=[0.6, 0.2, 0.2]))]
        moves = rng.uniform() < (0.6 if shape == "robot" else 0.2)
        speed = rng.uniform(0.7, 1.3)
        figures.append(_Figure(str(colour), shape, pattern, size, 0.0 if static or not moves else speed))
    return figures


def _stage(
    rng: np.random.Generator, count: int, static: bool, times: Float64, focal: float, size_wh: tuple[int, int]
) -> tuple[list[_Figure], list[Float64], Float64]:
    """Figures, poses [f, 4, 4] of their bodies and of the camera, redrawn until the film is well framed."""
    for _ in range(_TRIES):
        figures = _draw_figures(rng, count, static)
        bodies = _place(rng, figures, times)
        if bodies is None:
            continue
        middle = np.stack([body[:, :2, 3] for body in bodies]).mean(axis=0)  # [f, 2]
        chest = float(np.mean([figure.size_xyz[2] for figure in figures])) * rng.uniform(0.45, 0.6)
        target = np.full((len(times), 3), chest)
        target[:, :2] = middle
        camera = _camera(rng, target, focal / size_wh[1])
        if _well_framed(figures, bodies, camera, focal, size_wh):
            return figures, bodies, camera
    raise InputError(
        f"no world of {len(times)} frames, {times[-1]:.3g} s and size {size_wh} was found; use a usual size"
    )


def _place(rng: np.random.Generator, figures: list[_Figure], times: Float64) -> list[Float64] | None:
    """Poses [f, 4, 4] of bodies that keep clear of each other; None when there was no room."""
    placed: list[Float64] = []
    for figure in figures:
        for _ in range(_PLACES):
            body = _walk(rng, figure, times, spread=0.6 + 0.4 * len(figures))
            if _clear(figure, body, figures, placed):
                placed.append(body)
                break
        else:
            return None
    return placed


def _clear(figure: _Figure, body: Float64, others: list[_Figure], placed: list[Float64]) -> bool:
    for other, other_body in zip(others, placed, strict=False):  # those that are placed come first
        apart = np.linalg.norm(other_body[:, :2, 3] - body[:, :2, 3], axis=1).min()
        if apart < figure.radius + other.radius + CLEARANCE_M / 3:
            return False
    return True


def _walk(rng: np.random.Generator, figure: _Figure, times: Float64, spread: float) -> Float64:
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


def _camera(rng: np.random.Generator, target: Float64, focal_per_height: float) -> Float64:
    """Camera poses [f, 4, 4] on a smooth path around a slowly followed target [f, 3].

    The path is drawn in cylindrical coordinates about the target's mean: a swing, a change of distance and of height,
    each eased in its own way; the look leads and lags by slow offsets.
    """
    share = np.linspace(0.0, 1.0, len(target))
    followed = target.mean(axis=0) + rng.uniform(0.0, 0.8) * (target - target.mean(axis=0))
    distance = 1.7 * focal_per_height / rng.uniform(0.36, 0.62)
    swing = math.radians(rng.uniform(14.0, 62.0)) * rng.choice([-1.0, 1.0])
    azimuth = rng.uniform(-math.pi, math.pi) + swing * _ease(rng, share)
    radius = distance * np.exp(math.log(rng.uniform(0.72, 1.40)) * _ease(rng, share))
    height = rng.uniform(0.7, 2.2) + rng.uniform(-0.7, 0.9) * _ease(rng, share)
    offsets = np.column_stack([radius * np.cos(azimuth), radius * np.sin(azimuth)])
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


def _well_framed(
    figures: list[_Figure], bodies: list[Float64], camera: Float64, focal: float, size_wh: tuple[int, int]
) -> bool:
    """Whether actors keep clear of the camera, stay in view, and have a fair size on the screen."""
    eye = camera[:, :3, 3]
    for index, (figure, body) in enumerate(zip(figures, bodies, strict=True)):
        if np.linalg.norm(eye[:, :2] - body[:, :2, 3], axis=1).min() < figure.radius + CLEARANCE_M:
            return False
        xy, depth = _project_axis(figure, body, camera, focal, size_wh)
        if depth.min() < CLEARANCE_M:
            return False
        tall = np.abs(xy[:, 1, 1] - xy[:, 0, 1]) / size_wh[1]
        inside = np.all((xy.mean(axis=1) > 0) & (xy.mean(axis=1) < size_wh), axis=1)
        if not FIGURE_SHARE[0] <= np.median(tall) <= FIGURE_SHARE[1] or tall.max() > 0.95:
            return False
        if inside.mean() < (1.0 if index == 0 else 0.7):
            return False
    return True


def _project_axis(
    figure: _Figure, body: Float64, camera: Float64, focal: float, size_wh: tuple[int, int]
) -> tuple[Float64, Float64]:
    """Image [f, 2, 2] and depth [f, 2] of a body's lowest and highest point on its axis."""
    points = body[:, None, :3, 3] + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, figure.size_xyz[2]]])
    T_cam_world = invert(camera[:, :3])
    in_camera = points @ np.swapaxes(T_cam_world[:, :, :3], 1, 2) + T_cam_world[:, None, :, 3]
    depth = in_camera[..., 2]
    centre = np.array(size_wh) / 2
    return in_camera[..., :2] / np.where(depth > 0, depth, np.nan)[..., None] * focal + centre, depth


def _actor(figure: _Figure, phrase: str, poses: Float64, times_s: torch.Tensor) -> Actor:
    if figure.speed == 0:
        poses, times_s = poses[:1], times_s[:1]
    return Actor(
        name=f"{figure.colour} {figure.shape}",
        prompt=phrase,
        category="agent" if figure.shape == "robot" else "object",
        size_xyz=figure.size_xyz,
        track=Track(SE3.from_matrix(torch.from_numpy(poses)), times_s),
        avatar=Avatar(
            shape=figure.shape,
            color_rgb=COLOURS[figure.colour],
            pattern=figure.pattern,
            gait="walk" if figure.speed > 0 else "stand",
        ),
    )
