"""Edits of time: pace, easing, duration, direction, parts, and the number of poses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.interpolation import constant_speed_times, cubic
from kinoeye.language.motion.profile import progress
from kinoeye.shot.edits.motion import Motion, P, median_step_s, rows, sampled, track_of, with_times, with_track
from kinoeye.shot.shot import Shot
from kinoeye.shot.targets import Target

Easing = Literal["in", "out", "in-out"]
RADIANS_PER_METRE = 0.5
"""How much a turn counts as travel unless said otherwise: a subject two metres away moves alike in the picture."""
NOMINAL_LENGTH_M = 4.0
"""What the whole length of a path of unknown scale counts as when its turns are weighed."""
MAX_FRAMES = 1_000_000


def retime_evenly(path: P, *, radians_per_metre: float | None = None) -> P:
    """The same way at constant speed, with as many poses at the same times; rests are left out.

    Args:
        path: a track, camera or shot that moves.
        radians_per_metre: how large a turn counts as a metre (or unit) of travel; 0 counts no turns. By default
            `RADIANS_PER_METRE`, for which a path of unknown scale counts as `NOMINAL_LENGTH_M` long.

    Raises:
        InputError: the path does not move, or the weight of turns is negative.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> steps = retime_evenly(camera).T_world_cam.translation.diff(dim=0).norm(dim=-1)
        >>> (steps.max() - steps.min()) / steps.mean() < 0.01
        tensor(True)
    """
    track = track_of(path)
    weight = _turn_weight(path) if radians_per_metre is None else radians_per_metre
    if not 0 <= weight < math.inf:
        raise InputError(f"{weight:g} radians per metre is not a weight of turns; give 0 or more")
    try:
        times = constant_speed_times(track, radians_per_metre=weight)
    except ValueError as error:
        counted = "" if weight > 0 else " (turns count only with radians-per-metre above 0)"
        raise InputError(f"the path does not move, so that it has no constant speed{counted}") from error
    return sampled(path, times, track.times_s)


def retime_eased(path: P, easing: Easing) -> P:
    """The same way with a slow start ("in"), a slow end ("out") or both, in the same time with as many poses.

    The pace that the path has is kept apart from that: ease a path of constant speed to get a pure ramp.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> retime_eased(camera, "in-out").times_s.equal(camera.times_s)
        True
    """
    track = track_of(path)
    if len(track) < 2:
        return path
    start, duration = float(track.times_s[0]), track.duration_s
    share = ((track.times_s - start) / duration).double().numpy()
    done = progress(share, "ease_" + easing.replace("-", "_"))
    return sampled(path, torch.from_numpy(start + duration * done), track.times_s)


def retime_to(
    path: P, durations_s: Sequence[float], *, cuts_s: Sequence[float] = (), start_s: float | None = None
) -> P:
    """The same poses with the whole path, or each part between cuts, stretched to last as long as given.

    Args:
        path: a track, camera or shot of two poses or more.
        durations_s: seconds of each part, one more than there are cuts.
        cuts_s: where the parts meet, in seconds after the first pose, increasing.
        start_s: time of the first pose; as it is by default.

    Raises:
        InputError: a duration is not positive, or the cuts do not lie within the path in order.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> retime_to(camera, [5]).track.duration_s
        5.0
    """
    track = track_of(path)
    if len(track) < 2:
        raise InputError("a single pose has no duration that could be changed")
    if not all(0 < duration < math.inf for duration in durations_s) or len(durations_s) != len(cuts_s) + 1:
        raise InputError(
            f"{len(cuts_s)} cut(s) make {len(cuts_s) + 1} part(s), which need as many seconds above 0; "
            f"given {', '.join(f'{duration:g}' for duration in durations_s)}"
        )
    knots = [0.0, *cuts_s, track.duration_s]
    if any(not a < b for a, b in pairwise(knots)):
        cuts = ", ".join(f"{cut:g}" for cut in cuts_s)
        raise InputError(f"cuts at {cuts} s do not increase within a path of {track.duration_s:g} s")
    since = (track.times_s - track.times_s[0]).double().numpy()
    stretched = np.interp(since, knots, np.concatenate([[0.0], np.cumsum(durations_s)]))
    return with_times(path, torch.from_numpy(stretched) + (float(track.times_s[0]) if start_s is None else start_s))


def reverse(path: P) -> P:
    """The path from its last pose to its first, over the same time; twice gives the path back.

    Example:
        >>> from kinoeye import language
        >>> reverse(language.compile(language.parse("push in"))).T_world_cam.translation[-1].norm() < 1e-9
        tensor(True)
    """
    times = track_of(path).times_s
    return rows(path, torch.arange(len(times)).flip(0), times[0] + (times[-1] - times.flip(0)))


def trim(path: P, *, start_s: float = 0.0, end_s: float | None = None) -> P:
    """The poses between two times after the first pose, with the times they have; negative ones count from the end.

    Raises:
        InputError: no pose lies between them.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in for four seconds"))
        >>> trim(camera, start_s=1, end_s=-1).track.duration_s
        2.0
    """
    track = track_of(path)
    since = track.times_s - track.times_s[0]
    first, last = (
        track.duration_s + t if t < 0 else t for t in (start_s, track.duration_s if end_s is None else end_s)
    )
    rounding = 1e-9 * max(1.0, float(track.times_s.abs().max()))
    index = ((since >= first - rounding) & (since <= last + rounding)).nonzero()[:, 0]
    if len(index) == 0:
        raise InputError(f"no pose lies from {first:g} to {last:g} s of a path of {track.duration_s:g} s")
    return rows(path, index)


def trim_frames(path: P, start: int = 0, stop: int | None = None) -> P:
    """The poses from number `start` up to, not with, `stop`, with the times they have; negative counts from the end.

    Raises:
        InputError: no pose is left.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in"))
        >>> len(trim_frames(camera, 10, -10)) == len(camera) - 20
        True
    """
    index = torch.arange(len(track_of(path)))[start:stop]
    if len(index) == 0:
        raise InputError(f"no pose is left of {len(track_of(path))} from {start} up to {stop}")
    return rows(path, index)


def resample(
    path: P,
    *,
    frames: int | None = None,
    fps: float | None = None,
    stride: int | None = None,
    curve: Literal["linear", "cubic"] = "linear",
) -> P:
    """Evenly spaced poses from the first time to the last, a number of them or so many per second; or every n-th pose.

    Args:
        path: a track, camera or shot; a single pose is held.
        frames: number of poses, both ends included.
        fps: poses per second; a rest shorter than a frame at the end is left out.
        stride: every `stride`-th pose is kept as it is.
        curve: "linear" turns and moves straight from pose to pose; "cubic" without corners, for paths of few poses.

    Raises:
        InputError: not exactly one of frames, fps and stride is given, or it is out of range.

    Example:
        >>> from kinoeye import language
        >>> len(resample(language.compile(language.parse("push in")), frames=81))
        81
    """
    if sum(value is not None for value in (frames, fps, stride)) != 1:
        raise InputError("resampling takes either a number of frames, a rate or a stride")
    track = track_of(path)
    if stride is not None:
        if stride < 1:
            raise InputError(f"a stride of {stride} is no choice of poses; give 1 or more")
        return rows(path, torch.arange(0, len(track), min(stride, len(track))))
    start, duration = float(track.times_s[0]), track.duration_s
    if fps is not None:
        if not 0 < fps < math.inf:
            raise InputError(f"{fps:g} frames per second is not a rate; give a number above 0")
        frames = _in_range(math.floor(min(duration * fps, 1e18) * (1 + 1e-9) + 1e-6) + 1)
        times = start + torch.arange(frames, dtype=torch.float64) / fps
    else:
        frames = _in_range(frames or 0)
        if duration == 0:
            duration = (frames - 1) * median_step_s(track)
        times = torch.linspace(start, start + duration, frames, dtype=torch.float64)
    even = sampled(path, times, times)
    return with_track(even, cubic(track, times)) if curve == "cubic" else even


def resample_for(path: P, target: Target, *, curve: Literal["linear", "cubic"] = "linear") -> P:
    """As many poses as a film model wants, at its rate where it fixes one; a count that it allows is kept.

    The whole path is filmed, so that it is faster or slower where the model's films are shorter or longer; a shot's
    actors keep pace with its camera.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in"))
        >>> from kinoeye.shot.targets import TARGETS
        >>> len(resample_for(camera, TARGETS["recammaster"]))
        81
    """
    count = len(track_of(path))
    path = resample(path, frames=count if target.allows(count) else target.frames, curve=curve)
    if target.fps is None:
        return path
    before = track_of(path)
    times = before.times_s[0] + torch.arange(len(before), dtype=torch.float64) / target.fps
    path = with_times(path, times)
    if isinstance(path, Shot) and before.duration_s > 0:
        slower = (len(before) - 1) / target.fps / before.duration_s
        path = replace(path, actors=tuple(actor.slowed(float(times[0]), slower) for actor in path.actors))
    return path


def _in_range(frames: int) -> int:
    if not 1 <= frames <= MAX_FRAMES:
        raise InputError(f"{frames} frames is out of range; 1 to {MAX_FRAMES:,} are made")
    return frames


def _turn_weight(path: Motion) -> float:
    """Radians per unit of travel that count alike by default."""
    track = track_of(path)
    if track.unit == "m":
        return RADIANS_PER_METRE
    length = float(track.T_world_body.translation.diff(dim=0).norm(dim=-1).sum())
    return RADIANS_PER_METRE * NOMINAL_LENGTH_M / length if length > 0 else 1.0
