"""The edit that puts one path after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, cast

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.interpolation import hermite, velocities
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.edits.motion import Motion, P, camera_of, image_words, median_step_s, rows, track_of, with_camera
from kinoeye.shot.edits.timing import MAX_FRAMES
from kinoeye.shot.targets import ASPECT_TOLERANCE


def stitch(
    path: P,
    other: Motion,
    *,
    match: Literal["pose", "position"] = "pose",
    blend_s: float = 0.5,
    bridge_s: float | None = None,
) -> P:
    """A path and another one after it, continuous in pose, linear and angular velocity (C1) at the seam.

    The other path is moved rigidly so that it begins where the first ends ("pose"), or shifted so that only its
    position does ("position"). What is left of the difference in turn and in velocities, taken from the parabola
    through three poses, is blended out over its first `blend_s` seconds with cubic Hermite weights:
    p' = p + (v_a - v_b) h(t), R' = R exp(g(t) log(R_b^-1 R_a)) exp(h(t) w), with h'(0) = g(0) = 1 and all else 0 at
    both ends. With `bridge_s` it stays where it is, and a Hermite cubic of that many seconds leads to it.

    Args:
        path: a track, camera or shot; what it is, the result is, with its image size.
        other: the path to append; poses alone take the lens with which the first path ends.
        match: what is made equal at the seam; of no account with a bridge.
        blend_s: seconds until the other path is as it was; at most its length.
        bridge_s: seconds of a bridge instead.

    Raises:
        InputError: units differ, images have another shape, or a time is not positive.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in for two seconds"))
        >>> stitch(camera, camera, bridge_s=1).track.duration_s
        5.0
    """
    a, b = track_of(path), track_of(other)
    if a.unit != b.unit:
        raise InputError(f"a path in {a.unit!r} and one in {b.unit!r} cannot be stitched; scale one first")
    for seconds in (blend_s, bridge_s):
        if seconds is not None and not 0 < seconds < float("inf"):
            raise InputError(f"{seconds:g} s is not a time to stitch in; give seconds above 0")
    if bridge_s is None:
        if len(b) == 1:
            raise InputError("the other path is a single pose, which adds nothing; bridge=SECONDS leads to it")
        return _blended(path, other, _moved(a, b, match), blend_s)
    return _bridged(path, other, bridge_s)


def _moved(a: Track, b: Track, match: Literal["pose", "position"]) -> Track:
    """Track b rigidly moved so that its first pose, or its first position alone, is the last of a."""
    seam, first = a.T_world_body[-1], b.T_world_body[0]
    if match == "position":
        return b.moved_by(SE3.from_parts(SO3.identity(), seam.translation - first.translation), up=b.up)
    return b.moved_by(seam @ first.inverse(), up=a.up)


def _blended(path: P, other: Motion, b: Track, blend_s: float) -> P:
    """The path followed by track b, which begins at its last position, with turn and velocities blended into b."""
    a = track_of(path)
    since = b.times_s - b.times_s[0]
    time = min(blend_s, b.duration_s) or 1.0
    share = (since / time).clamp(max=1.0)[:, None]
    value, slope = (1 + 2 * share) * (1 - share) ** 2, time * share * (1 - share) ** 2
    (v_a, w_a), (v_b, w_b) = ([rate[end] for rate in velocities(t)] for t, end in ((a, -1), (b, 0)))
    turn = (b.T_world_body.rotation[0].inverse() @ a.T_world_body.rotation[-1]).log()
    spin = w_a - SO3.exp(-turn) @ w_b
    origin = b.T_world_body.translation + slope * (v_a - v_b)
    rotation = b.T_world_body.rotation @ SO3.exp(value * turn) @ SO3.exp(slope * spin)
    times = a.times_s[-1] + since
    blended = replace(b, T_world_body=SE3.from_parts(rotation, origin), times_s=times)
    track = _joined(a, rows(blended, torch.arange(1, len(b))))
    return _with_lens(path, track, lambda own, theirs: theirs[1:] + value[1:] * (own - theirs[0]), other)


def _bridged(path: P, other: Motion, bridge_s: float) -> P:
    """The path, a Hermite cubic, and the other path as it is but later."""
    a, b = track_of(path), track_of(other)
    poses = bridge_s / median_step_s(a)
    if poses > MAX_FRAMES:
        raise InputError(f"a bridge of {bridge_s:g} s has {poses:.3g} poses; at most {MAX_FRAMES:,} are made")
    count = max(1, round(poses))
    fraction = torch.arange(1, count, dtype=torch.float64) / count
    last, first = (
        torch.full_like(fraction, len(a) - 1, dtype=torch.int64),
        torch.zeros_like(fraction, dtype=torch.int64),
    )
    (v_a, w_a), (v_b, w_b) = velocities(a), velocities(b)
    between = hermite(
        a.T_world_body[last],
        b.T_world_body[first],
        (v_a[last], w_a[last]),
        (v_b[first], w_b[first]),
        torch.full_like(fraction, bridge_s),
        fraction,
    )
    joined = SE3(torch.cat([between.wxyz_xyz, b.T_world_body.wxyz_xyz]))
    times = a.times_s[-1] + torch.cat([fraction * bridge_s, bridge_s + b.times_s - b.times_s[0]])
    share = (fraction * fraction * (3 - 2 * fraction))[:, None]
    track = _joined(a, replace(b, T_world_body=joined, times_s=times))
    return _with_lens(path, track, lambda own, theirs: torch.cat([torch.lerp(own, theirs[0], share), theirs]), other)


def _joined(a: Track, b: Track) -> Track:
    """The poses of a, then those of b."""
    poses = SE3(torch.cat([a.T_world_body.wxyz_xyz, b.T_world_body.wxyz_xyz])).normalize()
    up = a.up if a.up == b.up else None
    return Track(poses, torch.cat([a.times_s, b.times_s]), a.unit, up=up)


def _with_lens(path: P, track: Track, following: Callable[[Tensor, Tensor], Tensor], other: Motion) -> P:
    """The path with the joined poses; `following` makes the lens after the seam of the last own and all of theirs."""
    if isinstance(path, Track):
        return cast(P, track)
    camera = camera_of(path, needed_for="stitching")
    own = camera.intrinsics.fx_fy_cx_cy
    theirs = own[-1:].expand(len(track_of(other)), 4) if isinstance(other, Track) else _lens_of(other, camera.size_wh)
    values = torch.cat([own, following(own[-1], theirs)])
    return with_camera(path, Trajectory(track, Intrinsics(values, camera.size_wh)))


def _lens_of(other: Motion, size_wh: tuple[int, int]) -> Tensor:
    """The other path's intrinsics [n, 4] for the image size of the first.

    Raises:
        InputError: its images have another shape.
    """
    camera = camera_of(other, needed_for="stitching")
    width, height = camera.size_wh
    if abs(width * size_wh[1] / (height * size_wh[0]) - 1) > ASPECT_TOLERANCE:
        theirs, own = image_words(camera.size_wh), image_words(size_wh)
        raise InputError(f"the other path films {theirs} and this one {own}, another shape; fit:WxH makes them alike")
    return camera.intrinsics.resize(size_wh).fx_fy_cx_cy
