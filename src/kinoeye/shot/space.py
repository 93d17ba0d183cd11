"""Where there is room for actors: in the view of the first camera, out of its way, clear of each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.geometry.track import Trajectory
from kinoeye.shot.course import Course
from kinoeye.shot.roles import Role
from kinoeye.shot.shot import Actor

NEAREST_M, FARTHEST_M = 3.0, 8.0
"""How far from the first camera an actor may be placed when no move says where it is."""
CLEARANCE_M, CAMERA_CLEARANCE_M = 0.35, 1.5
"""Free space that placing tries to keep between actors, and between an actor and the camera."""
HEIGHTS_AWAY = 1.8
"""A body this many of its heights away fills the height of a wide film."""
WELL_IN_VIEW, JUST_IN_VIEW = 0.38, 0.46
"""Angles off the camera's axis, in fields of view, at which a subject is whole in the picture, or touches its edge."""


@dataclass(frozen=True)
class Space:
    """What placing has to respect: the first view, the camera's path, and bodies that are there already."""

    T_world_cam: Float64
    times_s: Float64
    fov_x: float
    bodies: list[tuple[Float64, float]]
    """Ground path [n, 2] at `times_s` and radius of each."""

    @classmethod
    def around(cls, camera: Trajectory, actors: Sequence[Actor]) -> Space:
        """The space of a camera and of actors who are there already."""
        paths = [actor.track.at(camera.times_s).T_world_body.translation.numpy()[:, :2] for actor in actors]
        radii = [0.5 * math.hypot(*actor.size_xyz[:2]) for actor in actors]
        fov_x = float(camera.intrinsics.fov()[0, 0])
        bodies = list(zip(paths, radii, strict=True))
        return cls(camera.T_world_cam.as_matrix().numpy(), camera.times_s.numpy(), fov_x, bodies)

    def beside(self, courses: Mapping[str, Course], roles: Sequence[Role]) -> Space:
        """The space with actors in it who go their ways."""
        radii = {role.mention.name: role.radius for role in roles}
        since = self.times_s - self.times_s[0]
        bodies = [(course.at(since)[0][:, :2], radii[name]) for name, course in courses.items()]
        return replace(self, bodies=[*self.bodies, *bodies])

    @property
    def heading(self) -> float:
        """Where the first camera looks, around +z from +x."""
        return math.atan2(self.T_world_cam[0, 1, 2], self.T_world_cam[0, 0, 2])

    def draw(self, travel_xy: Float64, generator: np.random.Generator) -> Float64:
        """A ground position [2] in the first view, for a body whose path is centred there."""
        distance = generator.uniform(NEAREST_M, FARTHEST_M)
        angle = self.heading + generator.uniform(-0.35, 0.35) * self.fov_x
        position = self.T_world_cam[0, :2, 3] + distance * np.array([math.cos(angle), math.sin(angle)])
        return position - 0.5 * travel_xy

    def faults(self, path_xy: Float64, role: Role, bodies: Sequence[tuple[Float64, float]]) -> float:
        """How badly a body on a ground path [n, 2] is placed: near another or the camera, out of view, overlapping."""
        others = [*self.bodies, *bodies]
        near = [float(np.linalg.norm(path_xy - other, axis=1).min()) - role.radius - radius for other, radius in others]
        crowded = max(0.0, CLEARANCE_M - min(near, default=CLEARANCE_M))
        distance = float(np.linalg.norm(path_xy - self.T_world_cam[:, :2, 3], axis=1).min())
        # The end of a long body comes nearer than its middle.
        longer = max(0.0, role.radius - 0.5 * role.size_xyz[2])
        looming = max(0.0, max(CAMERA_CLEARANCE_M, HEIGHTS_AWAY * role.size_xyz[2]) + longer - distance)
        unseen = np.maximum(0.0, angle_aside(self.T_world_cam, path_xy) - WELL_IN_VIEW * self.fov_x).mean()
        overlap = sum(self._overlap(path_xy[0], role.radius, other[0], radius) for other, radius in others)
        return 10 * crowded + looming + float(unseen) + overlap

    def _overlap(self, one_xy: Float64, radius: float, other_xy: Float64, other_radius: float) -> float:
        """Angle by which two bodies cover each other in the first picture."""
        from_camera = np.stack([one_xy, other_xy]) - self.T_world_cam[0, :2, 3]
        half_widths = np.array([radius, other_radius]) / np.maximum(np.linalg.norm(from_camera, axis=1), 1e-6)
        bearings = np.arctan2(from_camera[:, 1], from_camera[:, 0])
        between = abs((bearings[0] - bearings[1] + math.pi) % (2 * math.pi) - math.pi)
        return max(0.0, float(half_widths.sum()) - float(between))


def angle_aside(poses: Float64, position_xy: Float64) -> Float64:
    """Horizontal angle [n] between cameras' axes and ground positions [2] or [n, 2], for camera poses [n, 4, 4]."""
    offset = position_xy - poses[:, :2, 3]
    aside = np.arctan2(offset[:, 1], offset[:, 0]) - np.arctan2(poses[:, 1, 2], poses[:, 0, 2])
    return np.abs((aside + math.pi) % (2 * math.pi) - math.pi)
