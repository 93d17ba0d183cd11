"""Recorded motion: as a file of another tool gives it, and as an actor of a shot goes through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Body, Clip, Float64, Skeleton
from kinoeye.shot.bodies.grounding import grounded
from kinoeye.shot.bodies.retargeting import RetargetReport, retarget
from kinoeye.shot.bodies.root_motion import split_root
from kinoeye.shot.bodies.sampling import transforms_at

RATE_HZ = 30.0
"""Frames a second of a recording that a shot keeps, at most."""
_DIGITS = 6
"""Decimals that are kept of rotations and of places, a thousandth of a millimetre on a grown-up."""
_UNIT = 1e-3
_AT_REST = 1e-5
"""Halves of the turns in radians below which a joint is taken to rest."""

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedMotion:
    """A figure and its motion as a file holds them, in our axes."""

    skeleton: Skeleton
    clip: Clip
    """In the file's unit of length; it may travel."""
    standing: Clip | None = None
    """A pose of the figure in which it stands upright, where the file has one."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Motion of a body's joints in its place, frame by frame, while its actor's track takes it along.

    Raises:
        InputError: numbers do not fit one another, times do not increase, or something is not finite.
    """

    joints: tuple[str, ...]
    """Of the body's skeleton; others rest."""
    times_s: tuple[float, ...]
    """Of the shot, as a cue's start is."""
    local_wxyz: tuple[tuple[Quaternion, ...], ...]
    """Of each frame and joint, the rotation relative to its parent, both from rest."""
    root_xyz: tuple[Vector3, ...]
    """Of each frame, where the root is in body axes, in heights of the body."""

    def __post_init__(self) -> None:
        try:
            lengths = np.linalg.norm(self.clip.local_wxyz, axis=-1)
            if np.abs(lengths - 1.0).max(initial=0.0) > _UNIT:
                raise InputError("a recording is damaged: it holds quaternions whose length is not 1")
        except ValueError as error:
            raise error if isinstance(error, InputError) else InputError(f"a recording is damaged: {error}") from error

    @cached_property
    def clip(self) -> Clip:
        """The same as arrays, for a body of height 1."""
        return Clip(
            names=self.joints,
            times_s=np.array(self.times_s, np.float64),
            local_wxyz=np.array(self.local_wxyz, np.float64),
            root_xyz=np.array(self.root_xyz, np.float64),
        )

    def transforms(self, skeleton: Skeleton, height_m: float, times_s: Float64) -> Float64:
        """Where the joints of a body of that height are at times [q] of the shot: T_body_rest [q, j, 3, 4].

        Raises:
            InputError: it moves joints that the skeleton has not.
        """
        clip = replace(self.clip, root_xyz=height_m * self.clip.root_xyz)
        return transforms_at(clip, skeleton, times_s)

    def slowed(self, start_s: float, times_slower: float) -> Recording:
        """The recording so many times slower from `start_s` on."""
        return replace(self, times_s=tuple(start_s + times_slower * (time - start_s) for time in self.times_s))


def recorded_on(
    motion: RecordedMotion, body: Body, *, start_s: float, end_s: float, times_slower: float = 1.0
) -> tuple[Recording, Track, RetargetReport]:
    """Recorded motion put on a body: what its joints do in place, and its way over the ground.

    The motion is retargeted by the names of joints, then brought down to the ground so that planted feet stay.

    Args:
        motion: of any figure.
        body: whose joints shall move, in its size in metres.
        start_s: time of the shot at which it begins.
        end_s: time of the shot after which nothing of it is kept.
        times_slower: how much longer it lasts than it was recorded.

    Returns:
        The recording, T_world_body from the origin on in the directions of the file, and which joints found one
        another.

    Raises:
        InputError: too few joints have a counterpart, or the root has none, or the body has no feet.
    """
    clip = _thinned(motion.clip, (end_s - start_s) / times_slower)
    clip, report = retarget(clip, motion.skeleton, body.skeleton, standing=motion.standing)
    root = body.skeleton.names[0]
    if root in report.target_unmatched:
        raise InputError(f"nothing in the motion carries {root!r}, which all joints hang from; {report.summary}")
    clip = replace(clip, times_s=start_s + times_slower * (clip.times_s - clip.times_s[0]))
    in_place, track = split_root(grounded(clip, body))
    turns = np.abs(in_place.local_wxyz[..., 1:]).max(axis=(0, 2)) > _AT_REST
    turns[0] = True
    recording = Recording(
        joints=tuple(name for name, moved in zip(in_place.names, turns, strict=True) if moved),
        times_s=tuple(in_place.times_s.tolist()),
        local_wxyz=_rows(in_place.local_wxyz[:, turns]),
        root_xyz=_rows(in_place.root_xyz / body.size_xyz[2]),
    )
    return recording, track, report


def _thinned(clip: Clip, seconds: float) -> Clip:
    """Every n-th frame, no more than `RATE_HZ` a second, up to so many seconds, and the last of them."""
    count = int(np.searchsorted(clip.times_s, clip.times_s[0] + seconds)) + 1
    clip = replace(
        clip, times_s=clip.times_s[:count], local_wxyz=clip.local_wxyz[:count], root_xyz=clip.root_xyz[:count]
    )
    if len(clip.times_s) < 3:
        return clip
    step = max(1, round(1.0 / RATE_HZ / float(np.median(np.diff(clip.times_s)))))
    kept = np.unique(np.append(np.arange(0, len(clip.times_s), step), len(clip.times_s) - 1))
    return replace(clip, times_s=clip.times_s[kept], local_wxyz=clip.local_wxyz[kept], root_xyz=clip.root_xyz[kept])


def _rows(values: Float64) -> Any:
    """Nested tuples of rounded numbers, without negative zeros."""
    rounded = (np.round(values, _DIGITS) + 0.0).tolist()
    return tuple(tuple(map(tuple, row)) if isinstance(row[0], list) else tuple(row) for row in rounded)
