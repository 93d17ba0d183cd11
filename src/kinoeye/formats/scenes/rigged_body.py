"""Bodies and motions as files of 3-D tools give them: what all of these files have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.shot.bodies.body import MAX_FRAMES, Body, Clip, joint_transforms
from kinoeye.shot.bodies.sampling import AffineClip, nearest_clip

MAX_MAPS = 1_500_000
"""Frames times joints of one animation; more are refused."""
RATE = 60.0
"""Keys farther apart than a frame at this rate are sampled in between: turns that are nested do not go straight."""
_RIGID = 1e-4
"""A clip of rotations stands for the file's motion where it is nowhere farther from it, in shares of the height."""
_LOOP = 0.02
"""An animation whose ends are nearer than this share of the height goes round."""


@dataclass(frozen=True, kw_only=True)
class RiggedBody:
    """A body and its motions, in our axes and metres."""

    body: Body
    """Its regions are the file's materials."""
    clips: Mapping[str, Clip | AffineClip]
    """Animation's name -> motion: rotations where they say all of it, else the affine maps of the file."""
    notes: tuple[str, ...]
    """What was left out or decided, one sentence each."""


def check_height(height_m: float | None) -> None:
    """Hold that a height that a body should get is one.

    Raises:
        InputError: it is not.
    """
    if height_m is not None and not 0 < height_m < 1e6:
        raise InputError(f"a height of {height_m} m is none; give metres above 0")


def on_the_ground(vertices: Float64, height_m: float | None, *, where: str) -> Float64:
    """The map [4, 4] that puts upright vertices [v, 3] on the ground, their box's centre over the origin.

    Args:
        vertices: in our axes.
        height_m: the height that they get; None keeps theirs.
        where: how errors call the file.

    Raises:
        InputError: they have no size or are not finite, or something flat should get a height.
    """
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    if not (np.isfinite(vertices).all() and (high - low).max() > 1e-9):
        raise InputError(f"{where} is damaged: its body has no size, or places that are NaN or infinite")
    if high[2] - low[2] <= 1e-9 and height_m is not None:
        raise InputError(f"{where} holds something flat, which cannot be given a height")
    placed = np.eye(4) * (1.0 if height_m is None else height_m / (high[2] - low[2]))
    placed[:3, 3] = -placed[0, 0] * np.array([*(low + high)[:2] / 2, low[2]])
    placed[3, 3] = 1.0
    return placed


def strongest(weights: Float64, carriers: NDArray[np.int64], notes: list[str]) -> tuple[Float64, NDArray[np.int64]]:
    """Weights [v, k] that add up to 1, the largest first, and their joints: columns that nobody needs are left out."""
    order = np.argsort(-weights, axis=1, kind="stable")
    weights = np.take_along_axis(weights, order, axis=1)
    carriers = np.take_along_axis(carriers, order, axis=1)
    total = weights.sum(axis=1, keepdims=True)
    if np.abs(total - 1).max() > 0.01:
        notes.append("weights that do not add up to 1 are scaled so that they do")
    needed = max(1, int((weights > 0).sum(axis=1).max()))
    return (weights / total)[:, :needed], carriers[:, :needed]


def bone_ends(heads: Float64, parents: NDArray[np.integer]) -> Float64:
    """Where bones end [j, 3]: at the middle of the next joints, or half as far again as the last bone."""
    tails = heads.copy()
    for place in range(len(heads)):
        children = np.flatnonzero(parents == place)
        if len(children):
            tails[place] = heads[children].mean(axis=0)
        elif parents[place] >= 0:
            tails[place] = heads[place] + 0.5 * (heads[place] - heads[parents[place]])
    return tails


def sample_times(keys: list[Float64], joints: int, *, where: str) -> Float64:
    """Times in seconds of all keys [n] each, and more where they are far apart; 0 where there are none.

    Args:
        keys: times of each animated property, increasing.
        joints: that are sampled at every time.
        where: the file and the animation, as errors begin.

    Raises:
        InputError: there are more than are read.
    """
    if not keys:
        return np.zeros(1)
    times = np.unique(np.concatenate(keys))
    most = min(MAX_FRAMES, MAX_MAPS // joints)
    count = (times[-1] - times[0]) * RATE
    if len(times) > most or not count <= most:
        raise InputError(
            f"{where} of {len(times):,} keys over {count / RATE:.6g} s; at most {most:,} keys and {most / RATE:.6g} s "
            f"are read of {joints} joints"
        )
    if len(times) > 1 and np.diff(times).max() > (1 + 1e-4) / RATE:
        both = np.sort(np.concatenate([times, times[0] + np.arange(int(count) + 1) / RATE]))
        times = both[np.concatenate([[True], np.diff(both) > 1e-4 / RATE])]
    return times


def as_clip(body: Body, times_s: Float64, maps: Float64) -> Clip | AffineClip:
    """The motion of joints that take what is at rest by maps [f, j, 4, 4], as rotations where they say the same."""
    height = float(np.ptp(body.vertices, axis=0).max())
    corners = np.stack(np.meshgrid(*zip(body.vertices.min(axis=0), body.vertices.max(axis=0), strict=True)), -1)
    used = np.unique(body.joints)
    gap = _farthest(maps[-1, used] - maps[0, used], corners)
    loops = bool(len(times_s) > 2 and gap < _LOOP * height)
    affine = AffineClip(names=body.skeleton.names, times_s=times_s, T_body_rest=maps[:, :, :3], loops=loops)
    plain = nearest_clip(affine, body.skeleton)
    apart = joint_transforms(body.skeleton, plain.local_wxyz, plain.root_xyz) - affine.T_body_rest
    farthest = _farthest(apart, corners)
    return plain if farthest < _RIGID * height else affine


def applied(pose: Float64, points: Float64) -> Float64:
    """Points [..., 3] moved by an affine map [4, 4]."""
    return points @ pose[:3, :3].T + pose[:3, 3]


def _farthest(change: Float64, points: Float64) -> float:
    """How far a change of maps [..., 3 or 4, 4] moves any of the points [..., 3] at most, along an axis."""
    return max(float(np.abs(change[..., :3, :3] @ c + change[..., :3, 3]).max()) for c in points.reshape(-1, 3))
