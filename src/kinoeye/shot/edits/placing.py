"""Edits of where a path lies: mirrored, scaled, moved to another first pose."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Up
from kinoeye.shot.edits.motion import Motion, P, camera_of, track_of, with_intrinsics, with_track
from kinoeye.shot.staging import CAMERA_HEIGHT_M, first_pose


def mirror(path: P) -> P:
    """The path as a mirror shows it, left and right exchanged; twice gives the path back.

    The world is reflected in the vertical plane in which the first camera looks, and so is each camera's x axis, so
    that rotations stay rotations: R' = M R diag(-1, 1, 1). The film of the mirrored world is the mirrored film, for
    which principal points change sides too. Where the vertical is not known, the plane is that of the first camera's
    own y and z axes.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("truck left two metres"))
        >>> mirror(camera).T_world_cam.translation[-1, 0].round(decimals=6)
        tensor(2., dtype=torch.float64)
    """
    track = track_of(path)
    R, p = track.T_world_body.rotation.as_matrix(), track.T_world_body.translation
    n = _mirror_normal(track)
    M = torch.eye(3, dtype=R.dtype) - 2 * n[:, None] * n
    flipped = R.new_tensor([-1.0, 1.0, 1.0])
    pose = SE3.from_parts(SO3.from_matrix(M @ R * flipped), p[0] + (p - p[0]) @ M)
    path = with_track(path, replace(track, T_world_body=pose))
    if isinstance(path, Track):
        return path
    camera = camera_of(path, needed_for="mirroring")
    fx, fy, cx, cy = camera.intrinsics.fx_fy_cx_cy.unbind(-1)
    return with_intrinsics(path, torch.stack([fx, fy, camera.size_wh[0] - cx, cy], dim=-1))


def scale(
    path: P, factor: float, *, unit: Literal["m", "arbitrary"] | None = None, about: Literal["first", "world"] = "first"
) -> P:
    """The path with its translations multiplied, about the first camera or about the world's origin.

    Args:
        path: a track, camera or shot.
        factor: above 0.
        unit: what the new numbers are: "m" gives a path of unknown scale its metres.
        about: the point that stays.

    Raises:
        InputError: the factor is not positive, or a path that shares a scene with actors would lose its metres.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> scale(camera, 0.5).T_world_cam.translation[-1, 2].round(decimals=6)
        tensor(1., dtype=torch.float64)
    """
    if not 0 < factor < math.inf:
        raise InputError(f"a scale of {factor:g} is out of range; give a number above 0")
    track = track_of(path)
    scaled = track.scaled_by(factor, unit=unit)
    if about == "first":
        moved = scaled.T_world_body.translation + (1 - factor) * track.T_world_body.translation[0]
        scaled = replace(scaled, T_world_body=SE3.from_parts(scaled.T_world_body.rotation, moved))
    try:
        return with_track(path, scaled)
    except ValueError as error:
        raise InputError(str(error)) from error


def anchor(path: P, to: SE3 | Motion | None = None, *, up: Up = None) -> P:
    """The same motion with its first pose moved to another pose, and everything after it rigidly along.

    Args:
        path: a track, camera or shot.
        to: the first pose to have, or a path whose first pose it shall be; the identity by default, as models that
            film from a picture want it.
        up: where `to` is a pose, whether its world's +z is vertical.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> anchor(anchor_upright(camera)).T_world_cam.translation[0].abs().max() < 1e-9
        tensor(True)
    """
    if to is not None and not isinstance(to, SE3):
        other = track_of(to)
        to, up = other.T_world_body[0], other.up
    track = track_of(path)
    to = SE3.identity() if to is None else to
    return with_track(path, track.moved_by(to @ track.T_world_body[0].inverse(), up=up))


def anchor_upright(path: P, *, height: float | None = None) -> P:
    """The path in a world of ours: +z up, the first camera above the origin and looking along +x.

    Where the path's vertical is known the first camera keeps its tilt and roll; otherwise it is taken to be level.

    Args:
        path: a track, camera or shot.
        height: of the first camera, in the path's unit; that of staged shots by default, and 0 for a path of unknown
            scale.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> anchor_upright(camera, height=1.6).T_world_cam.translation[-1, 2].round(decimals=6)
        tensor(1.6000, dtype=torch.float64)
    """
    track = track_of(path)
    start = SE3.from_matrix(torch.from_numpy(first_pose()))
    if height is None:
        height = CAMERA_HEIGHT_M if track.unit == "m" else 0.0
    rotation = start.rotation
    if track.up == "z":
        R = track.T_world_body.rotation[0].as_matrix()
        # A camera that looks straight up or down has its heading in its own up axis.
        ahead = R[:2, 2] if float(R[:2, 2].norm()) > 1e-6 else -R[:2, 1] * torch.sign(R[2, 2])
        heading = torch.atan2(ahead[1], ahead[0])
        zero = torch.zeros_like(heading)
        rotation = SO3.exp(torch.stack([zero, zero, -heading])) @ track.T_world_body.rotation[0]
    position = torch.tensor([0.0, 0.0, height], dtype=torch.float64)
    return anchor(path, SE3.from_parts(rotation, position), up="z")


def pose_at(
    position: tuple[float, float, float], *, yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0
) -> SE3:
    """A camera pose in a z-up world: level along +x, then yawed left, pitched up and rolled right."""
    level = SO3.from_matrix(torch.from_numpy(first_pose())[:3, :3])
    yaw, pitch, roll = (
        torch.tensor([x * math.radians(angle) for x in axis], dtype=torch.float64)
        for axis, angle in (((0, 0, 1), yaw_deg), ((1, 0, 0), pitch_deg), ((0, 0, 1), roll_deg))
    )
    rotation = SO3.exp(yaw) @ level @ SO3.exp(pitch) @ SO3.exp(roll)
    return SE3.from_parts(rotation, torch.tensor(position, dtype=torch.float64))


def _mirror_normal(track: Track) -> Tensor:
    """Unit normal [3] of the mirror: to the right of the first camera, level where the vertical is known.

    The mirrored path has the same one, which makes mirroring its own inverse.
    """
    R = track.T_world_body.rotation[0].as_matrix()
    right, ahead = R[:, 0], R[:, 2]
    if track.up == "z":
        level = torch.stack([ahead[1], -ahead[0], torch.zeros_like(ahead[0])])
        if float(level.norm()) > 1e-6:
            return level / level.norm()
        right = right * right.new_tensor([1.0, 1.0, 0.0])
    return right / right.norm()
