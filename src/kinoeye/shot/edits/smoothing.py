"""Edits that calm a path or shake it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.smoothing import smooth as smooth_track
from kinoeye.language.motion.handheld import handheld as handheld_motion
from kinoeye.shot.edits.motion import P, track_of, with_track


def smooth(path: P, *, tolerance: float, tolerance_rad: float = math.radians(1), keep_ends: bool = True) -> P:
    """The path of least jerk whose every pose stays within a tolerance of the given one (see `geometry.smooth`).

    Args:
        path: a track, camera or shot.
        tolerance: how far a pose may move, in the path's unit.
        tolerance_rad: how far a pose may turn, in radians.
        keep_ends: whether the first and last pose stay exactly.

    Raises:
        InputError: a tolerance is out of range.

    Example:
        >>> from kinoeye import language
        >>> shaky = language.compile(language.parse("push in, very handheld"))
        >>> len(smooth(shaky, tolerance=0.02)) == len(shaky)
        True
    """
    try:
        track = smooth_track(track_of(path), tolerance=tolerance, tolerance_rad=tolerance_rad, keep_ends=keep_ends)
    except ValueError as error:
        degrees = math.degrees(tolerance_rad)
        raise InputError(
            f"a tolerance of {tolerance:g} and {degrees:g} degrees is out of range; give 0 or more, and below 180"
        ) from error
    return with_track(path, track)


def handheld(path: P, *, amplitude: float = 1.0, seed: int = 0) -> P:
    """The path as somebody holds the camera: the band-limited shake of "handheld" in sentences, zero at both ends.

    A path of unknown scale is shaken in rotation only, since the shake is in metres.

    Args:
        path: a track, camera or shot.
        amplitude: 1 for a calm operator, 2 for "shaky".
        seed: of the frequencies and phases; the same seed gives the same shake.

    Raises:
        InputError: the amplitude or the seed is negative.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in"))
        >>> handheld(camera, amplitude=2, seed=7).times_s.equal(camera.times_s)
        True
    """
    if not 0 <= amplitude < math.inf:
        raise InputError(f"an amplitude of {amplitude:g} is out of range; give 0 or more, 1 for a calm operator")
    if seed < 0:
        raise InputError(f"a seed is a whole number from 0; given {seed}")
    track = track_of(path)
    since = (track.times_s - track.times_s[0]).double().numpy()
    shake = handheld_motion(since, track.duration_s, amplitude, seed)
    if track.unit != "m":
        shake[:, :3, 3] = 0.0
    pose = track.T_world_body @ SE3.from_matrix(torch.from_numpy(np.ascontiguousarray(shake)))
    return with_track(path, replace(track, T_world_body=pose.normalize()))
