"""A slower shot: the same path, filmed at the same frame rate for longer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from kinoeye.geometry.interpolation import cubic
from kinoeye.geometry.track import Trajectory
from kinoeye.shot.shot import Shot


def slowed(shot: Shot, times_slower: float) -> Shot:
    """A shot that takes so many times as long, camera and actors alike, at about the camera's frame rate.

    The camera's path is resampled on cubics, since straight pieces between the old poses would jolt.

    Args:
        shot: with at least two camera poses.
        times_slower: 1 or more.
    """
    camera = shot.camera
    times = camera.times_s
    count = math.ceil((len(times) - 1) * times_slower - 1e-9) + 1
    index = np.linspace(0.0, len(times) - 1, count)
    sampled = torch.from_numpy(np.interp(index, np.arange(len(times)), times.double().numpy(force=True)))
    track = replace(cubic(camera.track, sampled), times_s=times[0] + times_slower * (sampled - times[0]))
    slower = Trajectory(track, camera.at(sampled).intrinsics)
    return replace(
        shot, camera=slower, actors=tuple(actor.slowed(float(times[0]), times_slower) for actor in shot.actors)
    )
