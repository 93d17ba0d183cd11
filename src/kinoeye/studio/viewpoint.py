"""Where the pictures of a path are seen from: how large the scene is, which way is up, and where the eye stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry import Trajectory
from kinoeye.geometry.track import Unit
from kinoeye.shot import Shot

Array = NDArray[np.float64]

CAMERA_RGB = (59, 130, 246)
ESTIMATED_RGB = (225, 29, 72)
VIEW_FOV = math.radians(40.0)
"""Vertical field of view of the first look at the scene."""
VIEW_ASPECT = 1.05
"""The narrowest shape, width over height, in which the first look must hold everything."""
_NO_RADIUS = 1e-3
_CAMERA_LENGTH = 0.2
_WORLDS = (("UFL", "DFR"), ("FUR", "RDF"), ("FLU", "FRD"))
"""Where the axes of a right-handed world point whose x, y or z is vertical, up or down; its horizontal is free."""


@dataclass(frozen=True)
class Extent:
    """Where a scene is and how large, for choosing the view and the sizes of what has none of its own."""

    points: Array
    """[n, 3] camera centres, feet and heads."""
    centre: Array
    radius: float
    up: int
    """Index of the world's vertical axis."""
    up_sign: float
    ground: float
    """Height of the grid along the vertical axis."""

    @property
    def up_vector(self) -> Array:
        """The unit vector [3] that points up."""
        return np.eye(3)[self.up] * self.up_sign

    def frustum_length(self, unit: Unit) -> float:
        """How long a camera that stands on its path is drawn, in that unit."""
        # A camera that hardly travels is drawn as large as a camera is.
        least = _CAMERA_LENGTH if unit == "m" or self.radius <= _NO_RADIUS else 0.0
        return max(0.14 * self.radius, least)

    @property
    def world_axes(self) -> str:
        """Where the world's axes point, in the letters of `geometry.Convention`."""
        return _WORLDS[self.up][self.up_sign < 0]


def measure(shot: Shot, estimate: Trajectory | None) -> Extent:
    """The box around cameras and actors, and which way is up."""
    points = [camera.T_world_cam.translation.numpy() for camera in (shot.camera, estimate) if camera is not None]
    for actor in shot.actors:
        feet = actor.track.T_world_body.translation.numpy()
        points += [feet, feet + np.array([0.0, 0.0, actor.size_xyz[2]])]
    cloud = np.concatenate(points)
    low, high = cloud.min(0), cloud.max(0)
    radius = max(0.5 * float(np.linalg.norm(high - low)), _NO_RADIUS)
    up, sign = (2, 1.0) if shot.actors or shot.camera.track.up == "z" else _camera_up(shot.camera)
    # Bare paths come from any world: a floor under the lowest camera then shows heights.
    ground = 0.0 if shot.actors else float((cloud[:, up] * sign).min() - 0.35 * radius) * sign
    return Extent(cloud, 0.5 * (low + high), radius, up, sign, ground)


def _camera_up(camera: Trajectory) -> tuple[int, float]:
    """The world axis nearest to the mean of the cameras' up vectors."""
    up = -camera.T_world_cam.as_matrix()[:, :3, 1].mean(0).numpy()
    axis = int(np.abs(up).argmax())
    return axis, math.copysign(1.0, up[axis])


def viewpoint(camera: Trajectory, extent: Extent) -> Array:
    """Where to stand so that all of the scene is in view: behind the camera's shoulder, looking down on it."""
    up = extent.up_vector
    forward = camera.T_world_cam.as_matrix()[:, :3, 2].mean(0).numpy()
    level = forward - up * (forward @ up)
    level = level / np.linalg.norm(level) if np.linalg.norm(level) > 1e-3 else np.roll(up, 1)
    back = -0.75 * level + 0.65 * np.cross(level, up) + 0.6 * up
    back /= np.linalg.norm(back)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    # A point at (x, y) from the line of sight and z towards the eye is in view from x / tan(half view) + z on.
    x, y, z = np.stack([right, np.cross(back, right), back]) @ (extent.points - extent.centre).T
    margin = 0.2 * extent.radius
    reach = np.maximum((np.abs(x) + margin) / VIEW_ASPECT, np.abs(y) + margin) / math.tan(VIEW_FOV / 2)
    return extent.centre + (reach + z).max() * back
