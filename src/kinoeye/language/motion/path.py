"""The path of one move from a first pose: twists, orbits, looking, following and the focal length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.language.motion.handheld import handheld
from kinoeye.language.motion.profile import progress
from kinoeye.language.motion.screw import AXES, Array, exp_se3, rotate_about, turn_towards
from kinoeye.language.motion.timing import amount_of
from kinoeye.language.plan import Action, Move

DEFAULT_DISTANCE_M = 4.0
"""How far ahead the subject is taken to be when neither the text nor an anchor says."""
CLOSEST_SHARE = 0.6
"""An unstated push towards a subject covers at most this share of the distance to it."""
_LOOK_SHARE = 0.35


@dataclass(frozen=True)
class Anchor:
    """Where an actor is: ground contact at time 0, size along its axes and, when it walks, its velocity."""

    position_xyz: tuple[float, float, float]
    size_xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    velocity_xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    way: tuple[tuple[float, float, float, float], ...] = ()
    """Seconds and ground contact along a way that is not straight and even; it stands before and after."""

    def centre(self, time_s: float, up: Array) -> Array:
        """World point [3] half the actor's height above its ground contact."""
        return self.drift(0.0, np.array([time_s]))[0] + np.add(self.position_xyz, 0.5 * self.size_xyz[2] * up)

    def drift(self, start_s: float, times_s: Array) -> Array:
        """How far [k, 3] it has come since `start_s` at so many seconds after that."""
        if not self.way:
            return np.multiply(self.velocity_xyz, times_s[:, None])
        seconds, *axes = np.array(self.way).T
        at, since = ([np.interp(t, seconds, axis) for axis in axes] for t in (start_s + times_s, start_s))
        return np.stack(at, axis=-1) - np.array(since)


@dataclass(frozen=True)
class World:
    """What a move needs to know about its surroundings."""

    anchors: Mapping[str, Anchor]
    up: NDArray[np.float64]
    seed: int


@dataclass(frozen=True)
class MovePath:
    """Poses and zoom of one move."""

    T_world_cam: Array
    zoom: Array
    """[k] focal length over the focal length at the start of the move."""
    subjects: dict[str, Array]
    """World centre [3] of each target as the move took it at its start."""


def move_path(move: Move, T_start: Array, times_s: Array, duration_s: float, start_s: float, world: World) -> MovePath:
    """The camera during one move.

    Args:
        move: what to do.
        T_start: T_world_cam [4, 4] at the beginning.
        times_s: [k] seconds since the move began.
        duration_s: length of the move.
        start_s: when it begins in the shot; actors walk from time 0.
        world: anchors, up and the seed of the shake.

    Raises:
        InputError: an orbit of the camera's own position, or a push through the subject.
    """
    u = times_s / duration_s if duration_s > 0 else np.ones_like(times_s)
    s = progress(u, move.easing)
    amounts = {a: amount_of(a, move, duration_s) for a in move.actions}
    subject = _subject(move, T_start, start_s, world)
    _limit_approach(move, amounts, T_start, subject)
    twist = sum((np.multiply(AXES[a.kind, a.direction], amounts[a]) for a in amounts if _is_twist(a)), np.zeros(6))
    if any(a.kind == "orbit" for a in amounts):
        poses = _orbit(amounts, twist, T_start, s, subject.point, world.up)
    else:
        poses = T_start @ exp_se3(s[:, None] * twist)
    way = subject.anchor.drift(start_s, times_s) if subject.anchor else np.zeros((len(times_s), 3))
    drift = way * _follows(move)
    poses[:, :3, 3] += drift
    if move.find("look_at"):
        share = s if len(amounts) == 1 else _smoothstep(s / _LOOK_SHARE)
        poses = turn_towards(poses, subject.point + way, world.up, share)
    zoom = _zoom(amounts, poses, s, subject.point + drift, T_start)
    shake = move.find("handheld")
    if shake:
        poses = poses @ handheld(times_s, duration_s, shake.amount or 1.0, world.seed)
    return MovePath(poses, zoom, {subject.name: subject.point} if subject.name else {})


@dataclass(frozen=True)
class _Subject:
    name: str | None
    point: Array
    anchor: Anchor | None
    known: bool


def _subject(move: Move, T_start: Array, start_s: float, world: World) -> _Subject:
    """The point that the move is about: an anchor's centre, or a point ahead at the stated or default distance."""
    action = next((a for a in move.actions if a.target), move.find("orbit") or move.find("dolly_zoom"))
    name = action.target if action else None
    anchor = world.anchors.get(name) if name else None
    if anchor:
        return _Subject(name, anchor.centre(start_s, world.up), anchor, True)
    stated = next((a.distance for a in move.actions if a.distance), None)
    ahead = T_start[:3, 3] + T_start[:3, 2] * (stated or DEFAULT_DISTANCE_M)
    return _Subject(name, ahead, None, stated is not None)


def _is_twist(action: Action) -> bool:
    return (action.kind, action.direction) in AXES


def _follows(move: Move) -> bool:
    return move.find("follow") is not None or move.find("orbit") is not None


def _limit_approach(move: Move, amounts: dict[Action, float], T_start: Array, subject: _Subject) -> None:
    """Keep the camera on this side of a subject that it approaches."""
    distance = float(np.linalg.norm(subject.point - T_start[:3, 3]))
    if distance < 1e-6 and move.find("orbit"):
        raise InputError("the camera stands at the centre of its orbit; move the actor or the start of the camera")
    about = subject.name or move.find("orbit") or move.find("dolly_zoom")
    for action in amounts:
        towards = (action.kind, action.direction) in (("dolly", "forward"), ("dolly_zoom", "in"))
        if not (towards and about):
            continue
        if action.amount is None:
            amounts[action] = min(amounts[action], CLOSEST_SHARE * distance)
        elif action.amount >= distance and action.kind == "dolly_zoom":
            raise InputError(
                f"a dolly zoom of {action.amount:g} m reaches its subject {distance:g} m ahead; use a smaller amount"
            )


def _orbit(amounts: dict[Action, float], twist: Array, T_start: Array, s: Array, pivot: Array, up: Array) -> Array:
    """Turn the camera rigidly about the pivot, which keeps its distance and its place in the picture.

    Left and right turn about the world's vertical, up and down about the camera's horizontal. A camera that does
    not face the pivot turns to it in the first third of the orbit. Added translations happen in the camera's axes,
    with the pivot held in view; added rotations come last.
    """
    signs = {"right": (1, 0), "left": (-1, 0), "up": (0, 1), "down": (0, -1)}
    angles = sum((np.multiply(signs[a.direction], amounts[a]) for a in amounts if a.kind == "orbit"), np.zeros(2))
    horizontal = _horizontal_right(T_start, pivot, up)
    # Seen from above, travelling to the right around a subject ahead is counter-clockwise.
    around = rotate_about(pivot, s[:, None] * angles[0] * up)
    # Rising turns the camera about its right axis towards looking down.
    over = rotate_about(pivot, -s[:, None] * angles[1] * horizontal)
    facing = turn_towards(T_start[None].repeat(len(s), 0), pivot, up, _smoothstep(s / _LOOK_SHARE))
    poses = around @ over @ _change_distance(facing, amounts, s, pivot)
    if twist[:3].any():
        poses[:, :3, 3] += np.einsum("nij,nj->ni", poses[:, :3, :3], s[:, None] * twist[:3])
        poses = turn_towards(poses, pivot, up, _smoothstep(s / _LOOK_SHARE))
    return poses @ exp_se3(s[:, None] * np.concatenate([np.zeros(3), twist[3:]]))


def _change_distance(poses: Array, amounts: dict[Action, float], s: Array, pivot: Array) -> Array:
    """Slide cameras along the line to the pivot to the distance that the text states for the orbit."""
    stated = next((a.distance for a in amounts if a.kind == "orbit" and a.distance), None)
    if stated is None:
        return poses
    offset = poses[:, :3, 3] - pivot
    ratio = stated / np.linalg.norm(offset, axis=-1, keepdims=True)
    moved = poses.copy()
    moved[:, :3, 3] = pivot + offset * (1.0 + (ratio - 1.0) * _smoothstep(s / _LOOK_SHARE)[:, None])
    return moved


def _horizontal_right(T_start: Array, pivot: Array, up: Array) -> Array:
    """The horizontal axis to the right of the line of sight; the camera's own right when that line is vertical."""
    right = np.cross(pivot - T_start[:3, 3], up)
    length = np.linalg.norm(right)
    return right / length if length > 1e-9 else T_start[:3, 0]


def _zoom(amounts: dict[Action, float], poses: Array, s: Array, subject: Array, T_start: Array) -> Array:
    """Focal length over its start: a steady ratio for zooms, in proportion to the subject's depth for dolly zooms."""
    zoom = np.ones_like(s)
    for action, amount in amounts.items():
        if action.kind == "zoom":
            zoom = zoom * amount ** (s if action.direction == "in" else -s)
        elif action.kind == "dolly_zoom":
            depth = np.einsum("ni,ni->n", poses[:, :3, 2], subject - poses[:, :3, 3])
            depth_start = float(T_start[:3, 2] @ (np.broadcast_to(subject, poses[:, :3, 3].shape)[0] - T_start[:3, 3]))
            if depth_start <= 0 or depth.min() <= 0.02 * depth_start:
                raise InputError("the subject of the dolly zoom is not in front of the camera; turn to it first")
            zoom = zoom * depth / depth_start
    return zoom


def _smoothstep(x: Array) -> Array:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)
