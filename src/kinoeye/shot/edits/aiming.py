"""Edits of where a camera looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track
from kinoeye.shot.edits.motion import Motion, P, track_of, with_track
from kinoeye.shot.shot import Actor, Shot

Subject = Actor | str | Sequence[float] | Tensor
"""What a camera is about: an actor, the name of one in the shot that is edited, or a point [3] or [n, 3]."""
_VERTICAL = 1e-6
"""Sine of the angle to the vertical below which a direction has no azimuth."""


def look_at(path: P, subject: Subject, *, keep_roll: bool = False, up: Sequence[float] | None = None) -> P:
    """The path with every camera turned to a subject: positions stay, the horizon is level.

    A direction that is vertical has no level horizon of its own: it takes the camera's right from the pose before it
    (or after it, at the beginning), and so does the direction itself where the camera is at the subject.

    Args:
        path: a track, camera or shot.
        subject: a world point, an actor (its middle at each time), or, for a shot, an actor's name.
        keep_roll: keep each camera's roll against the horizon instead of none.
        up: the vertical; +z by default, or the first camera's up where the path's vertical is not known.

    Raises:
        InputError: there is no such actor, the camera never leaves the subject, or the vertical has no direction.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("truck left two metres"))
        >>> look_at(camera, (0, 0, 4)).T_world_cam.translation.equal(camera.T_world_cam.translation)
        True
    """
    track = track_of(path)
    R, p = track.T_world_body.rotation.as_matrix(), track.T_world_body.translation
    vertical = _vertical(track) if up is None else torch.as_tensor(up, dtype=R.dtype)
    if vertical.shape != (3,) or not 0 < float(vertical.norm()) < math.inf:
        raise InputError(f"{vertical.tolist()} is no vertical; give three numbers X,Y,Z that are not all 0")
    vertical = vertical / vertical.norm()
    way = subject_points(path, subject) - p
    distance = way.norm(dim=-1)
    away = distance > 1e-9 * (1 + float(p.abs().max()))
    if not bool(away.any()):
        raise InputError("the camera never leaves the point that it shall look at")
    direction = _carried(way / torch.where(away, distance, torch.ones_like(distance))[:, None], away)
    turned = _level(direction, vertical, R[:, :, 0])
    if keep_roll:
        before = _level(R[:, :, 2], vertical, R[:, :, 0])
        roll = before.transpose(1, 2) @ R  # turns about z alone: both look along the same axis
        turned = turned @ roll
    pose = SE3.from_parts(SO3.from_matrix(turned), p)
    return with_track(path, replace(track, T_world_body=pose))


def subject_points(path: Motion, subject: Subject) -> Tensor:
    """World points [n, 3] of a subject at a path's times: an actor's middle, or a point as it is.

    Raises:
        InputError: the path has no such actor, or the point is not one.
    """
    track = track_of(path)
    if isinstance(subject, str):
        if not isinstance(path, Shot):
            raise InputError(f"{subject!r} is no point X,Y,Z, and a camera file has no actors; give a shot.json")
        subject = path.actor(subject)
    if isinstance(subject, Actor):
        pose = subject.track.at(track.times_s).T_world_body
        return pose @ pose.translation.new_tensor([0.0, 0.0, subject.size_xyz[2] / 2])
    points = torch.as_tensor(subject, dtype=torch.float64)
    if points.shape not in ((3,), (len(track), 3)) or not bool(points.isfinite().all()):
        raise InputError("a subject is a point X,Y,Z or one point a pose")
    return points.expand(len(track), 3)


def _vertical(track: Track) -> Tensor:
    """Up [3]: +z, or the first camera's own up where the path does not know."""
    if track.up == "z":
        return torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    return -track.T_world_body.rotation[0].as_matrix()[:, 1]


def _level(direction: Tensor, up: Tensor, right: Tensor) -> Tensor:
    """Rotations [n, 3, 3] that look along unit directions [n, 3] with a level x axis.

    A vertical direction takes its x axis from the neighbours, and where all are vertical from `right` [n, 3].
    """
    level = torch.linalg.cross(direction, up.expand_as(direction))
    length = level.norm(dim=-1)
    known = length > _VERTICAL
    if bool(known.any()):
        level = _carried(level / torch.where(known, length, torch.ones_like(length))[:, None], known)
    else:
        level = right
    level = level - (level * direction).sum(-1, keepdim=True) * direction
    # A neighbour's x axis is level and so never vertical; a given one may be, and then its own length is no use.
    if not bool((level.norm(dim=-1) > _VERTICAL).all()):
        spare = torch.eye(3, dtype=direction.dtype)[direction[0].abs().argmin()].expand_as(direction)
        level = torch.linalg.cross(spare, direction)
    level = level / level.norm(dim=-1, keepdim=True)
    return torch.stack([level, torch.linalg.cross(direction, level), direction], dim=-1)


def _carried(values: Tensor, known: Tensor) -> Tensor:
    """Rows [n, 3] with each unknown one replaced by the known one before it, or the first known one."""
    index = torch.where(known, torch.arange(len(known)), torch.full((len(known),), -1)).cummax(0).values
    return values[torch.where(index < 0, known.int().argmax(), index)]
