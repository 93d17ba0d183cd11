"""A figure's motion along its track: the gait underneath, cues above, and the joints from both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_wxyz, wxyz_to_matrix
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Float64, Skeleton
from kinoeye.shot.bodies.motions.cues import Cue, play
from kinoeye.shot.bodies.motions.figure import SIDES, Feet, Figure, Pose, posed
from kinoeye.shot.bodies.motions.gait import base_pose, feet_at, in_heading, locomotion, settled
from kinoeye.shot.bodies.motions.ground_path import ground_path, headings
from kinoeye.shot.bodies.motions.limbs import apply, turned


def animate(
    skeleton: Skeleton, track: Track, times_s: Float64, cues: Sequence[Cue] = (), *, seed: int = 0
) -> tuple[Float64, Float64]:
    """Pose a human body along its track, in the track's body axes: it stands, walks or runs as the track asks.

    Planted feet stay where they are in the world. A track that is already going where the times begin, or still
    going where they end, is walked in mid-stride; one that starts or stops in between starts and stops from standing.
    A tilt of the track carries the whole figure with it.

    Args:
        skeleton: joints named as in the CMU motion capture data.
        track: T_world_body, in metres, the way up known.
        times_s: [f] increasing.
        cues: what it does besides, in any order; later ones go over earlier ones.
        seed: of the small movements that make two figures differ.

    Returns:
        Rotations relative to the parent, wxyz [f, j, 4], and places of the root [f, 3].

    Raises:
        InputError: the track has no scale, a joint is missing, or times do not increase.

    Example:
        >>> import torch
        >>> from kinoeye.geometry.lie import SE3
        >>> from kinoeye.shot.bodies import load_body
        >>> stands = Track(SE3.identity(2), torch.tensor([0.0, 4.0], dtype=torch.float64))
        >>> times_s = np.linspace(0.0, 4.0, 97)
        >>> animate(load_body("adult").skeleton, stands, times_s, [Cue(start_s=1.0, name="wave")])[0].shape
        (97, 31, 4)
    """
    times_s = np.asarray(times_s, np.float64)
    if track.unit != "m":
        raise InputError("a body cannot walk a track of arbitrary scale; give the track a scale first")
    if times_s.ndim != 1 or len(times_s) < 1 or not np.isfinite(times_s).all() or (np.diff(times_s) <= 0).any():
        raise InputError("the times of a motion are one or more numbers that increase")
    figure = Figure(skeleton)
    path = ground_path(track, times_s)
    moving = locomotion(figure, path)
    grid = path.times_s
    pose = play(figure, base_pose(figure, moving, seed), grid, cues)
    feet = _offset(in_heading(feet_at(figure, moving, grid)[0], path.xyz, path.yaw), pose)
    pose = settled(figure, pose, feet)

    # The trunk follows the smoothed path, the answer is in the axes of the track as it is.
    xyz, yaw = headings(track, times_s)
    now: Pose = {name: np.interp(times_s, grid, values) for name, values in pose.items()}
    center, heading = path.sampled(path.xyz, times_s), path.sampled(path.yaw, times_s)
    feet = _offset(in_heading(feet_at(figure, moving, times_s)[0], center, heading), now)
    local, root = posed(figure, now, feet)
    return _in_track(local, root, center, heading, xyz, yaw)


def _offset(feet: Feet, pose: Pose) -> Feet:
    """Feet moved by the pose's foot channels, in heading axes."""
    places, yaws, pitches = [], [], []
    for side, place, yaw, pitch in zip(SIDES, feet.places, feet.yaws, feet.pitches, strict=True):
        places.append(place + np.stack([pose[f"foot_{side}_{axis}"] for axis in "xyz"], axis=1))
        yaws.append(yaw + pose[f"foot_{side}_yaw"])
        pitches.append(pitch + pose[f"foot_{side}_pitch"])
    return Feet(places=places, yaws=yaws, pitches=pitches, toe_pitches=feet.toe_pitches)


def _in_track(
    local: Float64, root: Float64, center: Float64, heading: Float64, xyz: Float64, yaw: Float64
) -> tuple[Float64, Float64]:
    """Root place and rotation from the axes of the smoothed path in those of the track's upright frame."""
    place = apply(turned(-yaw), center + apply(turned(heading), root) - xyz)
    found = local.copy()
    found[:, 0] = matrix_to_wxyz(turned(heading - yaw) @ wxyz_to_matrix(local[:, 0]))
    return found, place
