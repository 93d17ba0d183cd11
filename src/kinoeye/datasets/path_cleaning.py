"""From an estimated path to the 120 poses of a shot: jumps cut out, positions smoothed, resampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.quirks import QuirkSet
from kinoeye.datasets.datadop_layout import FRAMES
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.kalman import kalman_smooth
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track

OUTLIER_FACTOR, OUTLIER_QUANTILE = 18.0, 0.95
"""A pose counts as a jump when its speed is this many times the quantile of all speeds."""
LONGEST_DROPPED_RUN = 5
"""Runs of good poses from the first to the last that are not longer than this are dropped."""
LEAST_RANGE = 0.02
"""Paths whose position changes by less on every axis are dropped, in the unit of the path."""


@dataclass(frozen=True, kw_only=True)
class Quirks(QuirkSet):
    """What DataDoP's own construction does differently from what it says; every field true is that code.

    Example:
        >>> Quirks.none().lost_last_pose
        False
    """

    lost_last_pose: bool
    """The last pose of every run of good poses is cut off."""
    first_run: bool
    """The first run of good poses is used, not the longest."""
    missing_end_pose: bool
    """The 120 poses stop short of the last one."""


def good_runs(positions: Float64, quirks: Quirks) -> list[tuple[int, int]]:
    """Runs (first, end) of poses that do not jump.

    Args:
        positions: [n, 3], at least one.
        quirks: of the end.
    """
    if len(positions) == 1:
        return []
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    speed = np.concatenate([steps[:1], steps])
    good = speed < OUTLIER_FACTOR * np.quantile(speed, OUTLIER_QUANTILE)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]]))).reshape(-1, 2)
    lost = int(quirks.lost_last_pose)
    return [(int(a), int(b) - lost) for a, b in edges if b - 1 - a > LONGEST_DROPPED_RUN]


def clean_path(T_world_cam: Float64, quirks: Quirks) -> tuple[Float64, tuple[int, int]] | None:
    """The 120 poses of a shot and the run of poses that they come from; None where no run is long enough.

    Positions are smoothed, rotations are not.

    Args:
        T_world_cam: [n, 4, 4] as estimated.
        quirks: of the construction.
    """
    runs = good_runs(T_world_cam[:, :3, 3], quirks)
    if not runs:
        return None
    first, end = runs[0] if quirks.first_run else max(runs, key=lambda run: run[1] - run[0])
    poses = T_world_cam[first:end].copy()
    poses[:, :3, 3] = kalman_smooth(poses[:, :3, 3])
    return resampled(poses, quirks), (first, end)


def resampled(T_world_cam: Float64, quirks: Quirks) -> Float64:
    """120 poses [120, 4, 4] spread evenly over n: slerp of rotations, straight lines between positions."""
    last = len(T_world_cam) - 1
    count = FRAMES if quirks.missing_end_pose else FRAMES - 1
    times = torch.arange(FRAMES, dtype=torch.float64) / count * last
    pose = SE3.from_matrix(torch.from_numpy(np.ascontiguousarray(T_world_cam)))
    track = Track(pose, torch.arange(last + 1, dtype=torch.float64), unit="arbitrary", up=None)
    return track.at(times).T_world_body.as_matrix().numpy()


def position_range(positions: Float64) -> float:
    """The largest extent of positions [n, 3] along an axis."""
    return float(np.ptp(positions, axis=0).max())


def frames_of(numbers: NDArray[np.int64], run: tuple[int, int]) -> tuple[int, int]:
    """The frames at both ends of a run of poses."""
    return int(numbers[run[0]]), int(numbers[run[1] - 1])
