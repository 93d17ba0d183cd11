"""Scene tracks at other times than their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from kinoeye.base.errors import InputError
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.geometry.convention import Float64, homogeneous, matrix_to_rotvec, rotvec_to_matrix

_ROUNDING_S = 1e-9


def resampled(tracks: SceneTracks, times_s: ArrayLike) -> SceneTracks:
    """The tracks at other times [m] within their own; see `SceneTracks.at`."""
    times, own = np.asarray(times_s, np.float64), tracks.times_s
    if times.ndim != 1 or len(times) == 0 or not (np.diff(times) > 0).all():
        raise InputError("tracks are resampled at one or more times in seconds that increase strictly")
    if not (times[0] >= own[0] - _ROUNDING_S and times[-1] <= own[-1] + _ROUNDING_S):
        given = f"{times[0]:g} s to {times[-1]:g} s"
        raise InputError(f"times from {given} are asked for; the tracks last from {own[0]:g} s to {own[-1]:g} s")
    before = np.clip(np.searchsorted(own, times, side="right") - 1, 0, max(len(own) - 2, 0))
    after = np.minimum(before + 1, len(own) - 1)
    step = np.where(after > before, own[after] - own[before], 1.0)
    fraction = np.clip((times - own[before]) / step, 0.0, 1.0)

    def mixed(values: Float64 | None, axis: int) -> Float64 | None:
        if values is None:
            return None
        f = fraction.reshape([-1 if k == axis else 1 for k in range(values.ndim)])
        start, end = np.take(values, before, axis), np.take(values, after, axis)
        # A sample that is met exactly does not ask its neighbour, which may be unknown.
        return np.where(f == 0, start, np.where(f == 1, end, start + f * (end - start)))

    T = tracks.T_world_body
    R_start, R_end = T[:, before, :3, :3], T[:, after, :3, :3]
    turn = matrix_to_rotvec(np.swapaxes(R_start, -1, -2) @ R_end)
    between = R_start @ rotvec_to_matrix(fraction[:, None] * turn)
    f = fraction[:, None, None]
    R = np.where(f == 0, R_start, np.where(f == 1, R_end, between))
    origins = mixed(T[..., :3, 3:], 1)
    assert origins is not None
    return replace(
        tracks,
        times_s=times,
        T_world_body=homogeneous(np.concatenate([R, origins], axis=-1)),
        valid=np.isfinite(origins).all(axis=(-1, -2)),
        visible=mixed(tracks.visible, 1),
        boxes_xyxy=mixed(tracks.boxes_xyxy, 1),
        occludes=mixed(tracks.occludes, 2),
        outlines=mixed(tracks.outlines, 1),
    )
