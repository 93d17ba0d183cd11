"""From a path back to moves: what a plan should be tagged as, and which moves a path consists of."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.language.motion.screw import body_motion
from kinoeye.language.plan import Action, Move, Plan
from kinoeye.language.tags import motion_tags, rotation_classes, segments, tag_words, translation_classes

Array = NDArray[np.float64]

MIN_ZOOM = 2e-4
"""Relative change of the focal length a frame that counts as zooming."""
MAX_ORBIT_ERROR = 0.05
"""How far, relative to the distance, the pivot may be from the lines of sight, and its distance may vary."""
MIN_ALIGNMENT = 0.95
"""Cosine between the axis of an orbit and the vertical or horizontal that names it."""
_SHORTEST_RUN = 10

_TRANSLATION_AXIS = {
    "truck": (0, {"right": 1.0, "left": -1.0}),
    "pedestal": (1, {"up": 1.0, "down": -1.0}),
    "dolly": (2, {"backward": 1.0, "forward": -1.0}),
    "dolly_zoom": (2, {"out": 1.0, "in": -1.0}),
}
_ROTATION_AXIS = {
    "pitch": (0, {"up": 1.0, "down": -1.0}),
    "yaw": (1, {"left": 1.0, "right": -1.0}),
    "roll": (2, {"left": 1.0, "right": -1.0}),
}
_ORBITS = {
    "right": (("truck", "right"), ("yaw", "left")),
    "left": (("truck", "left"), ("yaw", "right")),
    "up": (("pedestal", "up"), ("pitch", "down")),
    "down": (("pedestal", "down"), ("pitch", "up")),
}
"""Direction of an orbit -> the translation and rotation it is made of."""


def plan_tags(plan: Plan) -> list[int]:
    """The tag classes that a plan asks for, in order; equal neighbours are one.

    Every stated direction counts, however slow: only where amounts differ does the tagger's rule decide which axes
    lead. Orbits count as the translation and rotation that they are made of; zooms, shakes, looks and follows leave
    no tag.

    Example:
        >>> from kinoeye.language import parse
        >>> [tag_words(tag) for tag in plan_tags(parse("pan left, then dolly in"))]
        [((), 'yaw left'), (('forward',), '')]
    """
    return [tag for tag, _ in groupby(_move_tag(move) for move in plan.moves)]


def tag_agreement(T_world_cam: NDArray[np.floating], plan: Plan) -> float:
    """How well a path's motion tags follow a plan's, 0 to 1: 1 minus the edit distance over the longer sequence.

    Args:
        T_world_cam: [n, 4, 4] camera-to-world, OpenCV axes.
        plan: what was asked for.

    Example:
        >>> from kinoeye.language import compile_path, parse
        >>> push = parse("push in two metres")
        >>> [tag_agreement(compile_path(push).T_world_cam, plan) for plan in (push, parse("hold"))]
        [1.0, 0.0]
    """
    asked, found = plan_tags(plan), [tag for _, _, tag in segments(motion_tags(T_world_cam))]
    row = list(range(len(found) + 1))
    for i, wanted in enumerate(asked, start=1):
        before, row[0] = row[0], i
        for j, tag in enumerate(found, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (wanted != tag))
    return 1 - row[-1] / max(len(asked), len(found), 1)


def recognise(
    T_world_cam: NDArray[np.floating], fov_x: ArrayLike, *, fps: float, up: ArrayLike = (0.0, 0.0, 1.0)
) -> tuple[Move, ...]:
    """The moves of a path: its tagged segments with their amounts, orbits and dolly zooms told from their parts.

    An orbit needs a point that stays at one distance in the middle of the picture; a dolly zoom needs a focal length
    in proportion to the distance of some point ahead.

    Args:
        T_world_cam: [n, 4, 4] camera-to-world, OpenCV axes.
        fov_x: [n] horizontal field of view in radians.
        fps: frames per second of the path.
        up: vertical of the world, which tells orbits to the side from orbits over the top.
    """
    if len(T_world_cam) < 2:
        return (Move((Action("hold"),)),)
    focal = 1.0 / np.tan(0.5 * np.asarray(fov_x, dtype=np.float64))
    poses = np.asarray(T_world_cam, dtype=np.float64)
    combined = 3 * motion_tags(T_world_cam) + _zoom_signs(focal)
    moves = []
    for start, end, value in _without_blips(combined):
        run = slice(start, end + 1)
        actions = _actions(poses[run], focal[run], value // 3, value % 3, np.asarray(up, dtype=np.float64))
        moves.append(Move(actions, duration_s=(end - start) / fps))
    return tuple(moves)


def signature(move: Move) -> str:
    """A name of what a move does, equal for moves that no path can tell apart.

    Trucking right while yawing left is a circle around a point ahead, so it is named as the orbit that it is.
    """
    parts = [(a.kind, a.direction) for a in move.actions if a.kind not in ("hold", "handheld", "look_at", "follow")]
    for direction, pair in _ORBITS.items():
        if sorted(parts) == sorted(pair):
            parts = [("orbit", direction)]
    return " + ".join(f"{kind} {direction}" for kind, direction in sorted(parts)) or "hold"


def signatures(moves: tuple[Move, ...]) -> list[str]:
    """Signatures in order; equal neighbours are one."""
    return [name for name, _ in groupby(signature(move) for move in moves)]


def _move_tag(move: Move) -> int:
    velocity, rotation = np.zeros(3), np.zeros(3)
    parts = [(a.kind, a.direction, a.amount or 1.0) for a in move.actions if a.kind != "orbit"]
    for orbit in (a for a in move.actions if a.kind == "orbit"):
        parts += [(kind, direction, 1.0) for kind, direction in _ORBITS[orbit.direction]]
    for kind, direction, amount in parts:
        if kind in _TRANSLATION_AXIS:
            axis, signs = _TRANSLATION_AXIS[kind]
            velocity[axis] += signs[direction] * amount
        elif kind in _ROTATION_AXIS:
            axis, signs = _ROTATION_AXIS[kind]
            rotation[axis] += signs[direction] * amount
    return int(7 * translation_classes(velocity[None])[0] + rotation_classes(rotation[None])[0])


def _zoom_signs(focal: Array) -> NDArray[np.int64]:
    change = np.diff(np.log(focal))
    return np.where(np.abs(change) > MIN_ZOOM, np.where(change > 0, 1, 2), 0).astype(np.int64)


def _without_blips(values: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Runs of equal values; runs too short to be a move are given to the longer neighbour."""
    values = values.copy()
    while True:
        runs = segments(values)
        short = [run for run in runs if run[1] - run[0] < _SHORTEST_RUN]
        if not short or len(runs) == 1:
            return runs
        start, end, _ = min(short, key=lambda run: run[1] - run[0])
        index = runs.index((start, end, int(values[start])))
        neighbours = [runs[i] for i in (index - 1, index + 1) if 0 <= i < len(runs)]
        values[start:end] = max(neighbours, key=lambda run: run[1] - run[0])[2]


def _actions(poses: Array, focal: Array, tag: int, zoom: int, up: Array) -> tuple[Action, ...]:
    moves, turn = tag_words(tag)
    translation, rotation = body_motion(poses)
    # OpenCV to OpenGL axes: y and z change their sign.
    travelled, turned = (values.sum(axis=0) * np.array([1.0, -1.0, -1.0]) for values in (translation, rotation))
    actions = [
        Action(kind, name, amount=abs(float(travelled[axis])) or None)
        for kind, (axis, signs) in _TRANSLATION_AXIS.items()
        for name in signs
        if name in moves and kind != "dolly_zoom"
    ]
    if turn:
        kind, direction = turn.split()
        actions.append(Action(kind, direction, amount=abs(float(turned[_ROTATION_AXIS[kind][0]])) or None))
    if zoom:
        ratio = float(max(focal[-1] / focal[0], focal[0] / focal[-1]))
        actions.append(Action("zoom", "in" if zoom == 1 else "out", amount=ratio))
    special = _dolly_zoom(actions, poses, focal) or _orbit(actions, poses, up)
    return tuple(special or actions or [Action("hold")])


def _dolly_zoom(actions: list[Action], poses: Array, focal: Array) -> list[Action] | None:
    """A dolly and a zoom whose focal length is in proportion to the distance of a point ahead."""
    if [action.kind for action in actions] != ["dolly", "zoom"]:
        return None
    forward = np.einsum("i,ni->n", poses[0, :3, 2], poses[:, :3, 3] - poses[0, :3, 3])
    slope, start = np.polyfit(forward, focal, 1)
    error = np.abs(start + slope * forward - focal).max() / np.abs(focal[-1] - focal[0])
    if slope >= 0 or error > MAX_ORBIT_ERROR:
        return None
    direction = "in" if actions[0].direction == "forward" else "out"
    return [Action("dolly_zoom", direction, amount=actions[0].amount, distance=float(-start / slope))]


def _orbit(actions: list[Action], poses: Array, up: Array) -> list[Action] | None:
    """A translation and a turn whose lines of sight meet in one point that stays at one distance."""
    parts = {(action.kind, action.direction) for action in actions}
    kinds = {action.kind for action in actions}
    if not kinds & {"truck", "pedestal"} or not kinds & {"yaw", "pitch", "roll"} or kinds & {"zoom"}:
        return None
    centres, sight = poses[:, :3, 3], poses[:, :3, 2]
    across = np.eye(3) - sight[:, :, None] * sight[:, None, :]
    pivot = np.linalg.lstsq(across.sum(0), np.einsum("nij,nj->i", across, centres), rcond=None)[0]
    offset = pivot - centres
    distance = np.linalg.norm(offset, axis=1)
    miss = np.linalg.norm(np.einsum("nij,nj->ni", across, offset), axis=1)
    ahead = np.einsum("ni,ni->n", offset, sight).min() > 0
    if not ahead or max(miss.max(), np.ptp(distance)) > MAX_ORBIT_ERROR * distance.mean():
        return None
    direction = _orbit_direction(poses, up) or next((d for d, pair in _ORBITS.items() if set(pair) == parts), None)
    if direction is None:
        return None
    angle = float(np.linalg.norm(body_motion(poses)[1], axis=1).sum())
    return [Action("orbit", direction, amount=angle, distance=float(distance.mean()))]


def _orbit_direction(poses: Array, up: Array) -> str | None:
    """Where an orbit goes, by its axis: about the vertical right or left, about the horizontal up or down."""
    turned = np.einsum("ij,nj->i", poses[0, :3, :3], body_motion(poses)[1])
    axis = turned / max(float(np.linalg.norm(turned)), 1e-12)
    right = np.cross(poses[0, :3, 2], up)
    right = right / max(float(np.linalg.norm(right)), 1e-12)
    for direction, along in (("right", axis @ up), ("left", -axis @ up), ("up", -axis @ right), ("down", axis @ right)):
        if along > MIN_ALIGNMENT:
            return direction
    return None
