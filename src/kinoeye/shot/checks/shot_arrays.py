"""A shot at its camera's times as arrays, which is what checks compute with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.facts import boxes, motion
from kinoeye.geometry.convention import Float64
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Plan

if TYPE_CHECKING:
    from kinoeye.geometry.track import Unit, Up
    from kinoeye.shot.shot import Actor, Shot

NEAR_M = 0.01
"""Depth from which a point counts as in front of the camera."""


@dataclass(frozen=True)
class Subject:
    """An actor that the shot is about, in the frames of the camera."""

    name: str
    centre: Float64
    """[n, 3] middle of its box in the world."""
    corners: Float64
    """[n, 8, 3] corners of its box in the world."""
    corners_cam: Float64
    """[n, 8, 3] the same in camera axes."""


@dataclass(frozen=True)
class ShotArrays:
    """Camera and subjects of a shot, one row a frame."""

    times_s: Float64
    T_world_cam: Float64
    """[n, 3, 4]"""
    fx_fy_cx_cy: Float64
    """[n, 4]"""
    size_wh: tuple[int, int]
    unit: Unit
    up: Up
    subjects: tuple[Subject, ...]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.times_s)

    @property
    def eye(self) -> Float64:
        """Camera centres [n, 3]."""
        return self.T_world_cam[:, :, 3]

    @property
    def R_world_cam(self) -> Float64:
        """Rotations [n, 3, 3]."""
        return self.T_world_cam[:, :, :3]

    @cached_property
    def extent(self) -> float:
        """The largest distance between two of the camera's places, to a few per mille."""
        # Along many directions the spread of a path is seen at most cos(half their spacing) too small.
        count = 500
        index = np.arange(count) + 0.5
        z, turn = 1 - index / count, np.pi * (1 + 5**0.5) * index
        flat = np.sqrt(1 - z * z)
        directions = np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)
        return max(float(np.ptp(self.eye @ direction)) for direction in directions)

    @classmethod
    def of(cls, shot: Shot, subjects: Sequence[str] = ()) -> ShotArrays:
        """The arrays of a shot.

        Args:
            shot: with a camera of at least one frame.
            subjects: names of the actors that it is about; `subjects_of` when empty.

        Raises:
            InputError: the shot has no such actor.
        """
        camera = shot.camera
        poses = camera.T_world_cam.as_matrix()[:, :3].double().numpy(force=True)
        actors = [shot.actor(name) for name in dict.fromkeys(subjects)] or subjects_of(shot)
        return cls(
            times_s=camera.times_s.double().numpy(force=True),
            T_world_cam=poses,
            fx_fy_cx_cy=camera.intrinsics.fx_fy_cx_cy.double().numpy(force=True),
            size_wh=camera.size_wh,
            unit=camera.track.unit,
            up=camera.track.up,
            subjects=_subjects(shot, actors, poses),
        )


def plan_of(shot: Shot) -> Plan | None:
    """The plan that a shot's prompt asks for; None where it has none."""
    try:
        return parse(shot.prompt, camera_required=False) if shot.prompt.strip() else None
    except InputError:
        return None


def subjects_of(shot: Shot) -> list[Actor]:
    """The actors that a shot is about: those that the moves of its prompt name, or else all."""
    plan = plan_of(shot)
    targets = {action.target for move in plan.moves for action in move.actions} if plan else set()
    return [actor for actor in shot.actors if actor.name in targets] or list(shot.actors)


def screen_box(corners_cam: Float64, fx_fy_cx_cy: Float64) -> tuple[Float64, Float64]:
    """Smallest and largest image coordinates [n, 2] of boxes, cut off at `NEAR_M`; NaN behind the camera.

    Args:
        corners_cam: [n, 8, 3] corners in camera axes, in the order of `Subject.corners_cam`.
        fx_fy_cx_cy: [n, 4]
    """
    start, end = corners_cam[:, boxes.EDGES[:, 0]], corners_cam[:, boxes.EDGES[:, 1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = ((NEAR_M - start[..., 2]) / (end[..., 2] - start[..., 2]))[..., None]
        crossing = np.where((share > 0) & (share < 1), start + share * (end - start), np.nan)
        points = np.concatenate([np.where(corners_cam[..., 2:] >= NEAR_M, corners_cam, np.nan), crossing], axis=1)
        K = fx_fy_cx_cy[:, None]
        xy = points[..., :2] / points[..., 2:] * K[..., :2] + K[..., 2:]
    low, high = np.where(np.isnan(xy), np.inf, xy).min(axis=1), np.where(np.isnan(xy), -np.inf, xy).max(axis=1)
    ahead = np.isfinite(low).all(axis=1, keepdims=True)
    return np.where(ahead, low, np.nan), np.where(ahead, high, np.nan)


def _subjects(shot: Shot, actors: Sequence[Actor], T_world_cam: Float64) -> tuple[Subject, ...]:
    """Actors as scene tracks state them, and as a camera [n, 3, 4] sees them."""
    if not actors:
        return ()
    from kinoeye.shot.scene_tracks import scene_tracks

    tracks = scene_tracks(shot).of([actor.name for actor in actors])
    rows = zip(tracks.names[1:], motion.centres(tracks)[1:], boxes.corners(tracks)[1:], strict=True)
    return tuple(Subject(name, centre, corners, in_camera(corners, T_world_cam)) for name, centre, corners in rows)


def in_camera(points: Float64, T_world_cam: Float64) -> Float64:
    """World points [n, k, 3] in the axes of a camera [n, 3, 4]."""
    return (points - T_world_cam[:, None, :, 3]) @ T_world_cam[:, :, :3]
