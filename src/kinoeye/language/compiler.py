"""From a Plan to a camera path: moves chained in closed form, sampled at frame times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.base.errors import InputError
from kinoeye.language.motion.path import Anchor, World, move_path
from kinoeye.language.motion.profile import progress
from kinoeye.language.motion.timing import amount_of, schedule
from kinoeye.language.plan import KINDS, Move, Plan

if TYPE_CHECKING:
    from kinoeye.geometry import Trajectory

DEFAULT_FOV_X = math.radians(60.0)
MIN_FOV_X, MAX_FOV_X = math.radians(1.0), math.radians(170.0)


@dataclass(frozen=True)
class CompiledPath:
    """A camera path as arrays."""

    T_world_cam: NDArray[np.float64]
    """[n, 4, 4], OpenCV camera axes, metres."""
    fov_x: NDArray[np.float64]
    """[n] horizontal field of view in radians."""
    times_s: NDArray[np.float64]
    """[n] from 0."""
    bounds: NDArray[np.float64]
    """[m + 1] frame positions at which the moves begin and end; whole numbers when there is a frame for each move."""
    subjects: dict[str, NDArray[np.float64]]
    """World centre [3] of each target where its first move took it to be: the anchor, or a point ahead."""


def compile_path(
    plan: Plan,
    *,
    anchors: Mapping[str, Anchor] | None = None,
    start: ArrayLike | None = None,
    num_frames: int | None = None,
    fps: float | None = None,
    duration_s: float | None = None,
    fov_x: float = DEFAULT_FOV_X,
    seed: int = 0,
) -> CompiledPath:
    """The path of a plan; every stated amount is reached exactly.

    Args:
        plan: its moves.
        anchors: the actors that targets name; a target without anchor is a point ahead of the camera, and
            `CompiledPath.subjects` says where, so that an actor can be staged there.
        start: T_world_cam [4, 4] in a z-up world. None starts at the identity, whose vertical is the camera's own.
        num_frames: frames of the whole path; wins over `duration_s`.
        fps: frames per second; the plan's, or 24.
        duration_s: length of the whole path; the plan's, or what its moves need.
        fov_x: horizontal field of view at the start, in radians.
        seed: of the handheld shake.

    Raises:
        InputError: a length, rate or field of view out of range, a move that cannot be made from where it starts, or
            more than half a turn from one frame to the next, which would look like a turn the other way.

    Example:
        >>> from kinoeye.language import parse
        >>> compile_path(parse("Dolly in two metres.")).T_world_cam[-1, :3, 3].round(6).tolist()
        [0.0, 0.0, 2.0]
    """
    if not MIN_FOV_X <= fov_x <= MAX_FOV_X:
        raise InputError(f"a field of view of {math.degrees(fov_x):g} degrees is out of range; use 1 to 170")
    timing = schedule(plan, num_frames=num_frames, fps=fps, duration_s=duration_s)
    up = np.array([0.0, -1.0, 0.0]) if start is None else np.array([0.0, 0.0, 1.0])
    pose = np.eye(4) if start is None else np.array(start, dtype=np.float64)
    if pose.shape != (4, 4) or not np.isfinite(pose).all():
        raise InputError("the start pose is not a finite 4x4 matrix; give T_world_cam")
    zoom = 1.0
    poses, zooms, subjects = [pose[None]], [np.ones(1)], {}
    for index, move in enumerate(plan.moves):
        begin, end = timing.bounds_s[index : index + 2]
        # A frame belongs to the move that it ends; the last sample is the pose that the next move starts from.
        inside = timing.times_s[_frames_between(timing.times_s, begin, end)] - begin
        _require_visible_turns(move, inside, end - begin)
        world = World(anchors or {}, up, seed * 1009 + index)
        path = move_path(move, pose, np.append(inside, end - begin), end - begin, begin, world)
        poses.append(path.T_world_cam[:-1])
        zooms.append(zoom * path.zoom[:-1])
        pose, zoom = path.T_world_cam[-1], zoom * path.zoom[-1]
        subjects = path.subjects | subjects
    fov = 2.0 * np.arctan(np.tan(0.5 * fov_x) / np.concatenate(zooms))
    if fov.min() < MIN_FOV_X or fov.max() > MAX_FOV_X:
        raise InputError("the zoom leaves the range of 1 to 170 degrees of view; ask for less zoom")
    fps_used = 1.0 / timing.times_s[1] if len(timing.times_s) > 1 else 1.0
    return CompiledPath(np.concatenate(poses), fov, timing.times_s, timing.bounds_s * fps_used, subjects)


def _require_visible_turns(move: Move, times_s: NDArray[np.float64], duration_s: float) -> None:
    """Hold that no two frames of a move, at seconds since it began, are more than half a turn apart."""
    if len(times_s) == 0:
        return
    step = float(np.diff(progress(np.append(0.0, times_s) / duration_s, move.easing)).max())
    for action in move.actions:
        amount = amount_of(action, move, duration_s) if KINDS[action.kind].unit == "rad" else 0.0
        if amount * step > math.pi * (1.0 + 1e-9):
            raise InputError(
                f"{action.kind} {action.direction} by {math.degrees(amount):g} degrees in {duration_s:.3g} s at "
                f"{len(times_s) / duration_s:.3g} frames a second is more than half a turn a frame, which no film "
                f"shows; use at most {math.floor(math.degrees(math.pi / step))} degrees, more time or more frames"
            )


def _frames_between(times_s: NDArray[np.float64], begin: float, end: float) -> NDArray[np.bool_]:
    tolerance = 1e-9 * max(1.0, end)
    return (times_s > begin + tolerance) & (times_s <= end + tolerance)


def compile(  # noqa: A001 - the verb of the design: a plan is compiled to a path
    plan: Plan,
    *,
    anchors: Mapping[str, Anchor] | None = None,
    start: ArrayLike | None = None,
    num_frames: int | None = None,
    fps: float | None = None,
    duration_s: float | None = None,
    size_wh: tuple[int, int] = (256, 256),
    fov_x: float = DEFAULT_FOV_X,
    seed: int = 0,
) -> Trajectory:
    """The camera of a plan as a Trajectory; arguments and errors as `compile_path`, and the size of the image."""
    import torch

    from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory

    path = compile_path(
        plan,
        anchors=anchors,
        start=start,
        num_frames=num_frames,
        fps=fps,
        duration_s=duration_s,
        fov_x=fov_x,
        seed=seed,
    )
    T_world_cam = SE3.from_matrix(torch.from_numpy(path.T_world_cam))
    track = Track(T_world_cam, torch.from_numpy(path.times_s), unit="m", up=None if start is None else "z")
    return Trajectory(track=track, intrinsics=Intrinsics.from_fov(torch.from_numpy(path.fov_x), size_wh))
