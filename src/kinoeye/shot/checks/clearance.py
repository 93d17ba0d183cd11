"""How near the camera comes to anything, at its frames and on the way between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.checks.finding import Finding, Measured, judge, quantity
from kinoeye.shot.checks.shot_arrays import ShotArrays
from kinoeye.shot.checks.surroundings import Int64, Surroundings

SWEPT_TO_M = 1e-3
"""How exactly the nearest approach between two frames is found."""
_ROUNDS = 24


def clearance(arrays: ShotArrays, surroundings: Surroundings, limit_m: float) -> Finding | None:
    """Whether the camera keeps a distance to everything, as a ball that moves straight from frame to frame."""
    at_frames, what = surroundings.distances(arrays.times_s, arrays.eye)
    between, between_what = nearest_between(arrays, surroundings, at_frames, what, limit_m)
    near = at_frames < limit_m
    # An approach that no frame shows belongs to both of its frames.
    hidden = (between < limit_m) & ~near[:-1] & ~near[1:] if len(arrays) > 1 else np.zeros(0, bool)
    index = np.arange(len(arrays))
    measured = Measured(
        np.concatenate([at_frames, between[hidden]]),
        np.concatenate([index, index[:-1][hidden]]),
        np.concatenate([index, index[1:][hidden]]),
    )
    # The deepest point of an approach that frames do show may lie between them too.
    worst = int(np.argmin(np.concatenate([at_frames, between])))
    nearest = surroundings.names[np.concatenate([what, between_what])[worst]]
    finding = judge(
        "clearance",
        measured,
        limit=limit_m,
        sense="at least",
        unit="m",
        severity="error",
        says=f"the camera comes within {{worst}} of {nearest}",
    )
    return finding and _deepened(finding, float(between.min(initial=np.inf)))


def _deepened(finding: Finding, between_m: float) -> Finding:
    if between_m >= finding.worst:
        return finding
    message = finding.message.replace(quantity(finding.worst, "m"), quantity(between_m, "m"), 1)
    return replace(finding, worst=between_m, message=message)


def nearest_between(
    arrays: ShotArrays, surroundings: Surroundings, at_frames: Float64, what: Int64, limit_m: float
) -> tuple[Float64, Int64]:
    """The smallest distance [n - 1] on the way from each frame to the next, and to what, where it may pass a limit.

    Distances change no faster than the camera and the actors move, so that a stretch whose ends are far enough for its
    length is clear; the others are halved until they are shorter than `SWEPT_TO_M`.
    """
    best = np.minimum(at_frames[:-1], at_frames[1:])
    of = np.where(at_frames[:-1] <= at_frames[1:], what[:-1], what[1:])
    steps = np.linalg.norm(np.diff(arrays.eye, axis=0), axis=1) + surroundings.travel(arrays.times_s)
    which: Int64 = np.arange(len(best))
    start, end, low, high = np.zeros(len(best)), np.ones(len(best)), at_frames[:-1], at_frames[1:]
    for _ in range(_ROUNDS):
        length = (end - start) * steps[which]
        bound = (low + high - length) / 2
        open_ = (bound < np.minimum(limit_m, best[which] - SWEPT_TO_M / 2)) & (length > SWEPT_TO_M)
        if not open_.any():
            break
        which = which[open_]
        start, end, low, high = (a[open_] for a in (start, end, low, high))
        middle = (start + end) / 2
        times = arrays.times_s[which] + middle * np.diff(arrays.times_s)[which]
        eye = arrays.eye[which] + middle[:, None] * np.diff(arrays.eye, axis=0)[which]
        found, index = surroundings.distances(times, eye)
        for i, distance, name in zip(which, found, index, strict=True):
            if distance < best[i]:
                best[i], of[i] = distance, name
        which = np.concatenate([which, which])
        start, end = np.concatenate([start, middle]), np.concatenate([middle, end])
        low, high = np.concatenate([low, found]), np.concatenate([found, high])
    return best, of
