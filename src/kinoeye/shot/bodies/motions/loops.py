"""A recorded walk made endless, and walked as fast as a track goes."""

from __future__ import annotations

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Clip, Float64
from kinoeye.shot.bodies.motions.ground_path import headings
from kinoeye.shot.bodies.motions.limbs import smooth_step

SEARCH_HZ = 30.0
"""Frames a second that are compared in the search for two alike."""


def looped(clip: Clip, *, crossfade_s: float = 0.2, shortest_s: float = 0.6) -> Clip:
    """The part of a clip between two moments in which it is most alike, which goes over into itself.

    The two moments are those whose poses agree best over the crossfade that follows each; there the loop blends from
    what came after its end to what comes after its start. Rotations are blended on the chord of the sphere, which for
    poses that are alike is the great arc.

    Args:
        clip: a motion in place that repeats itself, such as some steps of a walk.
        crossfade_s: how long the end goes over into the start.
        shortest_s: of loops.

    Returns:
        A clip that loops, whose `travel_m` is its share of the clip's.

    Raises:
        InputError: the clip is too short to hold a loop and its crossfade.
    """
    length = clip.duration_s
    if crossfade_s <= 0 or length < shortest_s + crossfade_s:
        raise InputError(
            f"a clip of {length:.2f} s holds no loop of {shortest_s:g} s with a crossfade of {crossfade_s:g} s; "
            "give a longer clip or shorter ones"
        )
    grid = np.arange(0.0, length, 1 / SEARCH_HZ)
    pose, root = _at(clip, grid)
    fade = max(round(crossfade_s * SEARCH_HZ), 1)
    least = max(round(shortest_s * SEARCH_HZ), fade)
    best, start, end = np.inf, 0, least
    for gap in range(least, len(grid) - fade):
        turn = 1 - (pose[gap:] * pose[:-gap]).sum(-1) ** 2
        rise = (root[gap:] - root[:-gap]) ** 2
        unlike = turn.mean(axis=1) + rise.sum(axis=1)
        spread = np.convolve(unlike, np.ones(fade + 1) / (fade + 1), mode="valid")
        # A loop of several periods is as good as one: the shortest of those that are equally alike is taken.
        if len(spread) and spread.min() < 0.9 * best:
            best, start, end = float(spread.min()), int(spread.argmin()), int(spread.argmin()) + gap
    step = float(np.median(np.diff(clip.times_s)))
    duration = grid[end] - grid[start]
    times = np.linspace(0.0, duration, max(round(duration / step), 2) + 1)
    local, places = _at(clip, grid[start] + times)
    after, after_root = _at(clip, np.minimum(grid[end] + times, length))
    share = smooth_step(times / crossfade_s)
    sign = np.where((local * after).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    local = _unit(share[:, None, None] * local + (1 - share[:, None, None]) * sign * after)
    places = share[:, None] * places + (1 - share[:, None]) * after_root
    local[-1], places[-1] = local[0], places[0]
    return Clip(
        names=clip.names,
        times_s=times,
        local_wxyz=local,
        root_xyz=places,
        loops=True,
        travel_m=clip.travel_m * float(duration / length),
    )


def clip_times(clip: Clip, track: Track, times_s: Float64) -> Float64:
    """When in a looping clip a body is at times [f] on its track, so that it goes as far as the track does.

    One pass of the clip for every `travel_m` along the track, backwards where the track goes backwards relative to its
    heading; a body that stands holds its pose. A clip that does not travel plays at its own speed.

    Raises:
        InputError: the clip does not loop, or the track has no scale.
    """
    if not clip.loops:
        raise InputError("a clip that does not loop cannot be walked along a track; loop it first")
    times_s = np.asarray(times_s, np.float64)
    if clip.travel_m <= 0:
        return times_s - float(track.times_s[0])
    if track.unit != "m":
        raise InputError("a body cannot walk a track of arbitrary scale; give the track a scale first")
    first = float(track.times_s[0])
    dense = np.union1d(np.union1d(times_s, track.times_s.detach().cpu().numpy()), [first])
    xyz, yaw = headings(track, dense)
    middle = 0.5 * (yaw[1:] + yaw[:-1])
    step = np.diff(xyz[:, :2], axis=0)
    ahead = step[:, 0] * np.cos(middle) + step[:, 1] * np.sin(middle)
    way = np.concatenate([[0.0], np.cumsum(np.where(ahead < 0, -1.0, 1.0) * np.linalg.norm(step, axis=1))])
    way -= np.interp(first, dense, way)
    return np.interp(times_s, dense, way) / clip.travel_m * clip.duration_s


def _at(clip: Clip, times_s: Float64) -> tuple[Float64, Float64]:
    """Rotations and root places of a clip at times from its start, held at its ends."""
    t = clip.times_s[0] + times_s
    after = np.searchsorted(clip.times_s, t, side="right").clip(1, len(clip.times_s) - 1)
    before = after - 1
    share = ((t - clip.times_s[before]) / (clip.times_s[after] - clip.times_s[before])).clip(0.0, 1.0)
    a, b = clip.local_wxyz[before], clip.local_wxyz[after]
    b = np.where((a * b).sum(-1, keepdims=True) < 0, -b, b)
    s = share[:, None]
    return _unit((1 - s[..., None]) * a + s[..., None] * b), (1 - s) * clip.root_xyz[before] + s * clip.root_xyz[after]


def _unit(wxyz: Float64) -> Float64:
    return wxyz / np.linalg.norm(wxyz, axis=-1, keepdims=True)
