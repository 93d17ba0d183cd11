"""A travelling clip taken apart: the way over the ground as a track, and the motion in place that remains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_wxyz, rotvec_to_matrix, wxyz_to_matrix
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Clip, Float64
from kinoeye.shot.bodies.sampling import continuous
from kinoeye.shot.bodies.smoothing import gaussian


def split_root(clip: Clip, *, smooth_s: float = 0.25) -> tuple[Clip, Track]:
    """Split a clip that travels into a clip in place and the path of its body over the ground.

    The track goes below the root and looks where the root looks, both smoothed over `smooth_s` (the sigma of a Gaussian
    window), so that swaying stays in the clip. Put on the track, the clip is what was given.

    Args:
        clip: in metres, whose first joint is the root.
        smooth_s: seconds; 0 leaves nothing of the root's way to the clip.

    Returns:
        The clip in place, with the length of its way as `travel_m`, and T_world_body at the clip's times.

    Raises:
        InputError: the clip does not move its root, or `smooth_s` is negative.

    Example:
        >>> still = np.tile([1.0, 0, 0, 0], (2, 1, 1))
        >>> way = np.array([[0.0, 0, 1], [3.0, 4, 1]])
        >>> clip = Clip(names=("Hips",), times_s=np.array([0.0, 1.0]), local_wxyz=still, root_xyz=way)
        >>> in_place, track = split_root(clip, smooth_s=0.0)
        >>> in_place.travel_m, in_place.root_xyz[:, 0].tolist()
        (5.0, [0.0, 0.0])
    """
    if not clip.names or smooth_s < 0:
        raise InputError("a clip of no joints, or a window of less than 0 s, leaves nothing to split")
    R_root = wxyz_to_matrix(clip.local_wxyz[:, 0])
    yaw = gaussian(_yaw(R_root), clip.times_s, smooth_s)
    way = np.stack([gaussian(clip.root_xyz[:, axis], clip.times_s, smooth_s) for axis in range(2)], axis=1)
    R_track = rotvec_to_matrix(np.stack([0 * yaw, 0 * yaw, yaw], axis=1))
    ground = np.concatenate([way, np.zeros((len(way), 1))], axis=1)
    R_body_track = np.swapaxes(R_track, -1, -2)
    local = clip.local_wxyz.copy()
    local[:, 0] = matrix_to_wxyz(R_body_track @ R_root)
    in_place = replace(
        clip,
        local_wxyz=continuous(local),
        root_xyz=np.einsum("fij,fj->fi", R_body_track, clip.root_xyz - ground),
        travel_m=float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum()),
    )
    poses = np.concatenate([R_track, ground[..., None]], axis=-1)
    T_world_body = SE3.from_matrix(
        torch.from_numpy(np.concatenate([poses, np.tile([[[0, 0, 0, 1.0]]], (len(way), 1, 1))], 1))
    )
    return in_place, Track(T_world_body, torch.from_numpy(clip.times_s.copy()))


def _yaw(R: Float64) -> Float64:
    """Headings [f] of rotations, without jumps; where a body looks straight up or down it keeps the last one."""
    forward = R[:, :2, 0]
    level = np.flatnonzero(np.linalg.norm(forward, axis=1) > 0.2)
    if not len(level):
        return np.zeros(len(R))
    known = np.unwrap(np.arctan2(forward[level, 1], forward[level, 0]))
    return known[(np.searchsorted(level, np.arange(len(R)), side="right") - 1).clip(0)]
