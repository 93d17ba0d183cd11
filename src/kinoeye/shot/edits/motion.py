"""What an edit acts on, a track, a camera or a shot, and how a change of one is carried to the others.

A shot's camera is edited; its actors stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import NORMALISED
from kinoeye.geometry.interpolation import bracket, interpolate
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.shot import Shot

Motion = Track | Trajectory | Shot
"""Anything with a camera path: poses alone, with intrinsics, or with actors."""
P = TypeVar("P", bound=Motion)
Outcome = tuple[Motion, str]
"""A path after an edit, and what changed in a sentence."""


@dataclass(frozen=True)
class Edited(Generic[P]):
    """A path or shot after edits."""

    path: P
    notes: tuple[str, ...]
    """What each edit changed, in the order of the edits."""
    caveats: tuple[str, ...] = ()
    """What is not as one would want it since the shot shows something else: who is out of view, or in another."""


def track_of(path: Motion) -> Track:
    """The poses of a path."""
    if isinstance(path, Shot):
        return path.camera.track
    return path.track if isinstance(path, Trajectory) else path


def camera_of(path: Motion, *, needed_for: str) -> Trajectory:
    """The camera of a path.

    Raises:
        InputError: it has poses alone.
    """
    if isinstance(path, Track):
        raise InputError(f"{needed_for} needs intrinsics and the path has none; give --size WxH and --fov-deg DEGREES")
    return path.camera if isinstance(path, Shot) else path


def with_camera(path: P, camera: Trajectory) -> P:
    """A camera or shot with another camera."""
    return cast(P, path.with_camera(camera) if isinstance(path, Shot) else camera)


def with_track(path: P, track: Track) -> P:
    """The same path with other poses, as many as before; intrinsics and actors stay."""
    if isinstance(path, Track):
        return cast(P, track)
    camera = camera_of(path, needed_for="an edit")
    return with_camera(path, replace(camera, track=track))


def with_times(path: P, times_s: Float[Tensor, "n"]) -> P:
    """The same poses at other times.

    Raises:
        InputError: the times do not increase within the precision of numbers.
    """
    _check_times(times_s)
    return with_track(path, replace(track_of(path), times_s=times_s))


def sampled(path: P, source_s: Float[Tensor, "m"], times_s: Float[Tensor, "m"]) -> P:
    """The path as it is at `source_s`, straight between its poses and held at its ends, at the times `times_s`.

    Source times may stand still or run backwards; the new times increase.
    """
    track = track_of(path)
    _check_times(times_s)
    if len(track) == 1:
        return rows(path, torch.zeros(len(times_s), dtype=torch.int64), times_s)
    before, fraction = bracket(track.times_s, source_s)
    poses = interpolate(track.T_world_body[before], track.T_world_body[before + 1], fraction)
    changed = replace(track, T_world_body=poses, times_s=times_s)
    if isinstance(path, Track):
        return cast(P, changed)
    camera = camera_of(path, needed_for="an edit")
    values = camera.intrinsics.fx_fy_cx_cy
    values = torch.lerp(values[before], values[before + 1], fraction[:, None].to(values.dtype))
    return with_camera(path, Trajectory(changed, Intrinsics(values, camera.size_wh)))


def rows(path: P, index: Int[Tensor, "m"], times_s: Float[Tensor, "m"] | None = None) -> P:
    """Some poses of a path, in the given order, at their own times or at others."""
    track = track_of(path)
    times = track.times_s[index] if times_s is None else times_s
    _check_times(times)
    chosen = replace(track, T_world_body=track.T_world_body[index], times_s=times)
    if isinstance(path, Track):
        return cast(P, chosen)
    camera = camera_of(path, needed_for="an edit")
    lens = Intrinsics(camera.intrinsics.fx_fy_cx_cy[index], camera.size_wh)
    return with_camera(path, Trajectory(chosen, lens))


def with_intrinsics(path: P, fx_fy_cx_cy: Float[Tensor, "n 4"], size_wh: tuple[int, int] | None = None) -> P:
    """A camera or shot with other intrinsics."""
    camera = camera_of(path, needed_for="a lens")
    return with_camera(path, replace(camera, intrinsics=Intrinsics(fx_fy_cx_cy, size_wh or camera.size_wh)))


def median_step_s(track: Track) -> float:
    """The usual time between two poses; 1/24 s for a single pose."""
    return float(track.times_s.diff().median()) if len(track) > 1 else 1 / 24


def image_words(size_wh: tuple[int, int]) -> str:
    """Such as "640x480"."""
    return "a normalised image" if size_wh == NORMALISED else f"{size_wh[0]}x{size_wh[1]}"


def _check_times(times_s: Tensor) -> None:
    if not bool((times_s.diff() > 0).all()):
        raise InputError("poses would follow so closely that their times are the same number")
