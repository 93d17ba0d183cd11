"""Actors who act, in groups of those who have to do with each other, and where their ways fit into a shot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.acting import Part, groups, is_oriented, played
from kinoeye.shot.course import Course
from kinoeye.shot.roles import Role, told_heading
from kinoeye.shot.space import NEAREST_M, Space

TRIES = 200
_CROSSES = ("cross in front", "cross behind")


@dataclass(frozen=True)
class Company:
    """Actors who act, in groups of those who have to do with each other, before they are placed."""

    roles: Mapping[str, Role]
    parts: list[list[Part]]
    view_heading: float
    seed: int

    @classmethod
    def of(cls, roles: Sequence[Role], view_heading: float, seed: int) -> Company:
        """Those of a plan's actors who act, with whom they act upon; `view_heading` is where the camera looks.

        Args:
            roles: all actors.
            view_heading: of the first camera, around +z from +x.
            seed: of what nobody said.
        """
        parts = [Part(role.mention, role.size_xyz, told_heading(role, view_heading)) for role in roles]
        return cls({role.mention.name: role for role in roles}, groups(parts), view_heading, seed)

    @property
    def seconds(self) -> float:
        """How long all of them need, with a moment more."""
        played_s = [course.seconds for group in self.parts for course in self._played(group, np.zeros(2)).values()]
        return max(played_s) + 0.5 if played_s else 0.0

    def placed(self, subjects: Mapping[str, Float64], space: Space) -> dict[str, Course]:
        """Every actor's course in the world: where its group is in view, and free of the others."""
        generator = np.random.default_rng([self.seed, 0xAC7])
        courses: dict[str, Course] = {}
        for group in self.parts:
            here = space.beside(courses, list(self.roles.values()))
            camera_xy = space.T_world_cam[0, :2, 3]
            drawn = self._played(group, np.zeros(2))
            x, y, heading = self._best(group, drawn, subjects, here, generator)
            # Who turns to the camera has to know where it is from here.
            c, s = math.cos(-heading), math.sin(-heading)
            from_here = np.array([[c, -s], [s, c]]) @ (camera_xy - np.array([x, y]))
            for name, course in self._played(group, from_here).items():
                courses[name] = course.placed(x, y, heading)
        return courses

    def _played(self, group: Sequence[Part], camera_xy: Float64) -> dict[str, Course]:
        return played(
            group,
            view_heading=self.view_heading,
            camera_xy=camera_xy,
            generator=np.random.default_rng([self.seed, 0x9A7]),
        )

    def _best(
        self,
        group: Sequence[Part],
        courses: Mapping[str, Course],
        subjects: Mapping[str, Float64],
        space: Space,
        generator: np.random.Generator,
    ) -> tuple[float, float, float]:
        """Place and heading of a group's origin."""
        since = space.times_s - space.times_s[0]
        ways = {name: course.at(since)[0] for name, course in courses.items()}
        ground = np.concatenate([way[:, :2] for way in ways.values()])
        middle = 0.5 * (ground.min(axis=0) + ground.max(axis=0))
        anchor = next((name for name in ways if name in subjects), None)
        faced = any(action.name in _CROSSES for part in group for action in part.mention.actions)
        best, least = (0.0, 0.0, 0.0), math.inf
        for _ in range(TRIES):
            heading = 0.0 if is_oriented(group) else generator.uniform(-math.pi, math.pi)
            if faced and not is_oriented(group):
                heading = space.heading + math.pi + generator.uniform(-0.3, 0.3)
            c, s = math.cos(heading), math.sin(heading)
            R = np.array([[c, -s], [s, c]])
            if anchor is not None:
                origin = subjects[anchor] - R @ ways[anchor][0, :2]
            else:
                extent = float(np.linalg.norm(ground - middle, axis=1).max())
                farther = generator.uniform(0.0, 1.5 * extent) * np.array(
                    [math.cos(space.heading), math.sin(space.heading)]
                )
                origin = space.draw(np.zeros(2), generator) + farther - R @ middle
            bodies: list[tuple[Float64, float]] = []
            faults = 0.0
            for name, way in ways.items():
                path = way[:, :2] @ R.T + origin
                faults += space.faults(path, self.roles[name], bodies)
                from_camera = float(np.linalg.norm(path - space.T_world_cam[:, :2, 3], axis=1).min())
                faults += max(0.0, NEAREST_M + 0.5 * max(self.roles[name].size_xyz) - from_camera)
                bodies.append((path, self.roles[name].radius))
            if faults < least - 1e-9:
                best, least = (float(origin[0]), float(origin[1]), heading), faults
        return best
