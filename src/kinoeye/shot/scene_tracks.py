"""Who is where in a shot: the kinematics of scene tracks; what the camera sees of it, `render` fills in."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike

from kinoeye.base.errors import InputError
from kinoeye.facts.scene_tracks import CAMERA, SceneTracks
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.shot.shot import Shot


def scene_tracks(shot: Shot, times_s: ArrayLike | None = None) -> SceneTracks:
    """The camera and the actors of a shot over time, exactly.

    The camera's poses are those of the shot, in OpenCV axes. As everywhere in a shot, tracks are held beyond their
    ends, and a shot's words about left, up and heading hold in its world if the camera's vertical is known.

    Args:
        shot: the camera and actors, drawn or not.
        times_s: [t] strictly increasing, in seconds; the camera's own when None.

    Raises:
        InputError: an actor is called "camera", or the times cannot be used.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> scene_tracks(stage(parse("orbit right around the red robot"), seed=0)).names
        ('camera', 'red robot')
    """
    if CAMERA in (actor.name for actor in shot.actors):
        raise InputError(f"an actor is called {CAMERA!r}, which is the name of the camera's track; rename it")
    times = shot.camera.times_s if times_s is None else torch.from_numpy(np.array(times_s, np.float64, ndmin=1))
    if times.ndim != 1 or len(times) == 0 or not bool((times.diff() > 0).all()):
        raise InputError("times_s is a list of at least one time in seconds, strictly increasing")
    camera = shot.camera.track if times_s is None else shot.camera.track.at(times)
    tracks = [camera, *(actor.track.at(times) for actor in shot.actors)]
    T_world_body = np.stack([_poses(track) for track in tracks])
    return SceneTracks(
        names=(CAMERA, *(actor.name for actor in shot.actors)),
        times_s=times.double().numpy(force=True),
        T_world_body=T_world_body,
        sizes=np.array([(0.0, 0.0, 0.0), *(actor.size_xyz for actor in shot.actors)]),
        valid=np.asarray(np.isfinite(T_world_body).all(axis=(-1, -2))),
        unit=shot.camera.track.unit,
        up=shot.camera.track.up,
        source="truth",
    )


def _poses(track: Track) -> Float64:
    """Matrices [t, 4, 4] in double precision, in which single precision's unit quaternions are not of length 1."""
    pose = track.T_world_body
    if pose.wxyz_xyz.dtype != torch.float64:
        pose = SE3(pose.wxyz_xyz.double()).normalize()
    return pose.as_matrix().numpy(force=True)
