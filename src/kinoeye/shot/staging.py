"""From a Plan to a Shot: actors get a body, a place and a path, then the camera's moves are compiled around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from kinoeye import language
from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.language.compiler import DEFAULT_FOV_X, CompiledPath, compile_path
from kinoeye.language.motion.path import Anchor
from kinoeye.language.motion.timing import natural_duration, schedule
from kinoeye.language.plan import Action, ActorMention, Move, Plan
from kinoeye.shot.acting import Course, Part, groups, played
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.environment import Environment
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.shot import RGB, Actor, Avatar, BodyName, Shape, Shot, SkinnedAvatar

CAMERA_HEIGHT_M = 1.4
"""Where a staged camera starts: above the origin, level, looking along +x; lower for low subjects, see `first_pose`."""
LOWEST_CAMERA_M, HIGHEST_CAMERA_M = 0.6, 1.6
DEFAULT_PLACE = "meadow"
"""Where a shot takes place when the text does not say."""
_ANCHOR_HZ = 12.0
"""How often the camera is told where a moving actor is."""
WALK_M_PER_S, RUN_M_PER_S = 1.2, 3.0
NEAREST_M, FARTHEST_M = 3.0, 8.0
"""How far from the first camera an actor may be placed when no move says where it is."""
CLEARANCE_M, CAMERA_CLEARANCE_M = 0.35, 1.5
"""Free space that placing tries to keep between actors, and between an actor and the camera."""
HEIGHTS_AWAY = 1.8
"""A body this many of its heights away fills the height of a wide film."""
WELL_IN_VIEW, JUST_IN_VIEW = 0.38, 0.46
"""Angles off the camera's axis, in fields of view, at which a subject is whole in the picture, or touches its edge."""
_TRIES = 200

_BODIES: Mapping[str, tuple[Shape | BodyName, tuple[float, float, float]]] = {
    "robot": ("robot", (0.55, 0.85, 1.7)),
    "person": ("adult", (0.50, 0.75, 1.7)),
    "box": ("box", (1.0, 1.0, 1.0)),
    "sphere": ("sphere", (1.1, 1.1, 1.1)),
    "cylinder": ("cylinder", (0.8, 0.8, 1.3)),
    "cone": ("cone", (1.0, 1.0, 1.5)),
    "capsule": ("capsule", (0.65, 0.65, 1.6)),
    "pyramid": ("pyramid", (1.3, 1.3, 1.2)),
    "dog": ("dog", (1.07, 0.23, 0.65)),
    "car": ("car", (4.2, 1.8, 1.45)),
}
"""Canonical noun of a mention -> shape or body, and its size in metres."""
_AGENTS = ("robot", "adult", "dog")
_SIZES: Mapping[str | None, tuple[float, float, float]] = {
    None: (1.0, 1.0, 1.0),
    "tiny": (0.35, 0.35, 0.35),
    "small": (0.6, 0.6, 0.6),
    "large": (1.5, 1.5, 1.5),
    "huge": (2.5, 2.5, 2.5),
    "tall": (1.0, 1.0, 1.35),
    "short": (1.0, 1.0, 0.7),
    "wide": (1.3, 1.5, 1.0),
    "narrow": (0.7, 0.6, 1.0),
}
_GROWN = ("person",)
"""Who is never as much larger or smaller than usual as things are."""
_CROSSES = ("cross in front", "cross behind")
_ENDLESS = ("hold", "look_at", "follow", "handheld")
"""Actions of the camera that go on as long as there is something to see."""
_HEADINGS: Mapping[str | None, float] = {"left": 90.0, "right": -90.0, "forward": 0.0, "backward": 180.0, None: 90.0}
"""Walking direction as seen from the first camera -> heading in degrees around +z from where it looks."""


@dataclass(frozen=True)
class _Role:
    """An actor without its place."""

    mention: ActorMention
    shape: Shape | BodyName
    size_xyz: tuple[float, float, float]
    speed: float

    @property
    def radius(self) -> float:
        return 0.5 * math.hypot(self.size_xyz[0], self.size_xyz[1])

    def heading(self, view_heading: float) -> float:
        """Walking direction around +z from +x, for a first camera that looks along `view_heading`."""
        return view_heading + math.radians(_HEADINGS[self.mention.direction])

    def velocity_xyz(self, view_heading: float) -> Float64:
        """Walking velocity [3] in the world."""
        heading = self.heading(view_heading)
        return self.speed * np.array([math.cos(heading), math.sin(heading), 0.0])


def stage(
    plan: Plan,
    *,
    seed: int,
    into: Shot | None = None,
    size_wh: tuple[int, int] = (512, 288),
    fps: float | None = None,
    num_frames: int | None = None,
    duration_s: float | None = None,
    fov_x: float = DEFAULT_FOV_X,
    environment: Environment | None = None,
) -> Shot:
    """The shot of a plan: actors placed in view and free of each other, then the moves compiled around them.

    An actor that a move is about stands where the camera looks when that move begins, or as near to that as keeps it
    in view until then; the others are drawn into the first view by `seed`.

    Args:
        plan: moves, actors and place.
        seed: of the placement, the headings and a handheld shake.
        into: a shot to add the actors to; its camera stays, and its environment unless the plan names a place.
        size_wh: width and height of the film in pixels.
        fps: frames per second; the plan's, or 24.
        num_frames: frames of the film; wins over the durations of the plan.
        duration_s: length of the film; the plan's, or what its moves need.
        fov_x: horizontal field of view in radians.
        environment: where it takes place, whatever the plan and `into` say; None for what they say.

    Raises:
        InputError: a length, rate or field of view is out of range, or a name is taken in `into`.

    Example:
        >>> from kinoeye.language import parse
        >>> [actor.name for actor in stage(parse("orbit left around the red robot"), seed=0).actors]
        ['red robot']
    """
    generator = np.random.default_rng([seed, 0x57A6E])
    roles = [_role(mention) for mention in plan.actors]
    company = _Company.of(roles, _heading_of(into), seed)
    if into is None and not (num_frames or duration_s or plan.duration_s):
        plan = _lasting(plan, company.seconds)
    options = {"num_frames": num_frames, "fps": fps, "duration_s": duration_s, "fov_x": fov_x, "seed": seed}
    if into is not None:
        _refuse_taken_names(plan, into)
        space = _Space.around(into.camera, into.actors)
        courses = company.placed({}, space)
        space = space.beside(courses, roles)
        loners = [role for role in roles if role.mention.name not in courses]
        places = _place(loners, {}, space, generator)
        camera = into.camera
    else:
        targets = {action.target for move in plan.moves for action in move.actions}
        subjects = [role for role in roles if role.mention.name in targets] or roles
        start = first_pose(max((role.size_xyz[2] for role in subjects), default=None))
        sketch = compile_path(plan, start=start, **options)
        space = _Space(sketch.T_world_cam, sketch.times_s, fov_x, [])
        subjects_xy = _subjects_in_view(plan, sketch, fov_x)
        courses = company.placed(subjects_xy, space)
        space = space.beside(courses, roles)
        loners = [role for role in roles if role.mention.name not in courses]
        places = _place(loners, subjects_xy, space, generator)
        anchors = {role.mention.name: _anchor(role, place) for role, place in zip(loners, places, strict=True)}
        anchors |= {role.mention.name: _moving_anchor(role, courses) for role in roles if role.mention.name in courses}
        camera = language.compile(plan, anchors=anchors, start=start, size_wh=size_wh, **options)
    at = {role.mention.name: place for role, place in zip(loners, places, strict=True)}
    actors = tuple(
        _actor(role, at[role.mention.name], camera, space, generator)
        if role.mention.name in at
        else _acting_actor(role, courses[role.mention.name], camera, generator)
        for role in roles
    )
    return Shot(
        camera=camera,
        actors=(*(into.actors if into else ()), *actors),
        environment=environment or _environment(plan, into),
        prompt=" ".join(filter(None, [into.prompt if into else "", plan.text])),
        seed=into.seed if into else seed,
    )


def _environment(plan: Plan, into: Shot | None) -> Environment:
    if plan.place is None and into is not None:
        return into.environment
    return ENVIRONMENTS[plan.place.environment if plan.place else DEFAULT_PLACE]


def _heading_of(into: Shot | None) -> float:
    """Where the first camera looks, around +z from +x; a staged one looks along +x."""
    if into is None:
        return 0.0
    forward = into.camera.T_world_cam[0].as_matrix().numpy()[:2, 2]
    return math.atan2(forward[1], forward[0])


def _lasting(plan: Plan, seconds: float) -> Plan:
    """The plan with its camera holding, or going on with what has no end, until the actors are done."""
    missing = seconds - float(schedule(plan).bounds_s[-1])
    if missing <= 0.0:
        return plan
    *before, last = plan.moves
    if all(action.kind in _ENDLESS for action in last.actions):
        return replace(plan, moves=(*before, replace(last, duration_s=natural_duration(last) + missing)))
    return replace(plan, moves=(*plan.moves, Move((Action("hold"),), duration_s=missing)))


def first_pose(tallest_m: float | None = None) -> Float64:
    """T_world_cam [4, 4] of a staged camera's start: above the origin, level, looking along +x.

    Args:
        tallest_m: height of the tallest subject, whose upper part the camera looks at; None for an empty scene.
    """
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    height = CAMERA_HEIGHT_M if tallest_m is None else 0.75 * tallest_m
    pose[2, 3] = min(max(height, LOWEST_CAMERA_M), HIGHEST_CAMERA_M)
    return pose


def anchors_from_first_camera(shot: Shot) -> dict[str, Anchor]:
    """Where a shot's actors are in the axes of its first camera pose, for directing a path that starts at the identity.

    Actors who go straight and evenly walk at that velocity; others have their way.
    """
    T_cam_world = shot.camera.T_world_cam[0].inverse()
    anchors = {}
    for actor in shot.actors:
        origins = actor.track.T_world_body.translation
        even = (
            origins[:1]
            + (origins[-1:] - origins[:1]) * torch.linspace(0, 1, len(origins), dtype=origins.dtype)[:, None]
        )
        way: tuple[tuple[float, float, float, float], ...] = ()
        if float((origins - even).norm(dim=-1).max()) > 1e-6:
            seen = T_cam_world @ origins
            times = actor.track.times_s - shot.camera.times_s[0]
            way = tuple((t, x, y, z) for t, (x, y, z) in zip(times.tolist(), seen.tolist(), strict=True))
        velocity = (origins[-1] - origins[0]) / actor.track.duration_s if actor.moves else torch.zeros_like(origins[0])
        px, py, pz = (T_cam_world @ origins[0]).tolist()
        vx, vy, vz = (T_cam_world.rotation @ velocity).tolist()
        anchors[actor.name] = Anchor((px, py, pz), actor.size_xyz, (vx, vy, vz), way)
    return anchors


def mention_of(actor: Actor) -> ActorMention:
    """How a plan names an actor of a shot, whose name is a colour and a shape."""
    colour, shape = actor.name.split(" ")[:2]
    return ActorMention(name=actor.name, prompt=actor.prompt, shape=shape, colour=colour)


def _subjects_in_view(plan: Plan, sketch: CompiledPath, fov_x: float) -> dict[str, Float64]:
    """Ground position [2] of each target: at its distance ahead, or as little aside as keeps it in view until then.

    Standing aside costs nothing later: an orbit turns the camera to its subject as it sets off. A target that no place
    keeps in view stands ahead.
    """
    positions: dict[str, Float64] = {}
    for name, centre in sketch.subjects.items():
        move = next(i for i, move in enumerate(plan.moves) if any(a.target == name for a in move.actions))
        poses = sketch.T_world_cam[: int(sketch.bounds[move]) + 1]
        offset = np.asarray(centre)[:2] - poses[-1, :2, 3]
        heading, distance = math.atan2(offset[1], offset[0]), float(np.linalg.norm(offset))
        turns = sorted(np.radians(np.arange(-30, 31, 2)), key=abs)
        candidates = [
            poses[-1, :2, 3] + distance * np.array([math.cos(heading + t), math.sin(heading + t)]) for t in turns
        ]
        aside = [max(float(_aside(poses, c).max()), WELL_IN_VIEW * fov_x) for c in candidates]
        best = int(np.argmin(np.round(aside, 3)))  # the first, least turned, among equals
        positions[name] = candidates[best if aside[best] <= JUST_IN_VIEW * fov_x else 0]
    return positions


def _aside(poses: Float64, position_xy: Float64) -> Float64:
    """Horizontal angle [n] between cameras' axes and ground positions [2] or [n, 2], for camera poses [n, 4, 4]."""
    offset = position_xy - poses[:, :2, 3]
    aside = np.arctan2(offset[:, 1], offset[:, 0]) - np.arctan2(poses[:, 1, 2], poses[:, 0, 2])
    return np.abs((aside + math.pi) % (2 * math.pi) - math.pi)


def _refuse_taken_names(plan: Plan, into: Shot) -> None:
    taken = {actor.name for actor in into.actors} & {mention.name for mention in plan.actors}
    if taken:
        raise InputError(f"the shot has {', '.join(map(repr, sorted(taken)))} already; describe another actor")


def _role(mention: ActorMention) -> _Role:
    shape, base = _BODIES[mention.shape]
    factors = _SIZES[mention.size]
    if mention.shape in _GROWN:
        factors = (float(np.prod(factors)) ** (1 / 9),) * 3 if mention.size in ("tiny", "small", "large", "huge") else (
            1.0, 1.0, factors[2] ** (1 / 3))  # fmt: skip
    size = (base[0] * factors[0], base[1] * factors[1], base[2] * factors[2])
    speed = {"walk": WALK_M_PER_S, "run": RUN_M_PER_S}.get(mention.behaviour, 0.0)
    return _Role(mention, shape, size, speed)


def _moving_anchor(role: _Role, courses: Mapping[str, Course]) -> Anchor:
    course = courses[role.mention.name]
    times = np.arange(0.0, course.seconds + 1.0 / _ANCHOR_HZ, 1.0 / _ANCHOR_HZ)
    xyz, _ = course.at(times)
    rows = [(t, x, y, z) for t, (x, y, z) in zip(times.tolist(), xyz.tolist(), strict=True)]
    return Anchor(rows[0][1:], role.size_xyz, way=tuple(rows))


def _anchor(role: _Role, place: Float64) -> Anchor:
    vx, vy, vz = role.velocity_xyz(0.0).tolist()
    return Anchor((float(place[0]), float(place[1]), 0.0), role.size_xyz, (vx, vy, vz))


@dataclass(frozen=True)
class _Space:
    """What placing has to respect: the first view, the camera's path, and bodies that are there already."""

    T_world_cam: Float64
    times_s: Float64
    fov_x: float
    bodies: list[tuple[Float64, float]]
    """Ground path [n, 2] at `times_s` and radius of each."""

    @classmethod
    def around(cls, camera: Trajectory, actors: Sequence[Actor]) -> _Space:
        paths = [actor.track.at(camera.times_s).T_world_body.translation.numpy()[:, :2] for actor in actors]
        radii = [0.5 * math.hypot(*actor.size_xyz[:2]) for actor in actors]
        fov_x = float(camera.intrinsics.fov()[0, 0])
        bodies = list(zip(paths, radii, strict=True))
        return cls(camera.T_world_cam.as_matrix().numpy(), camera.times_s.numpy(), fov_x, bodies)

    def beside(self, courses: Mapping[str, Course], roles: Sequence[_Role]) -> _Space:
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

    def faults(self, path_xy: Float64, role: _Role, bodies: Sequence[tuple[Float64, float]]) -> float:
        """How badly a body on a ground path [n, 2] is placed: near another or the camera, out of view, overlapping."""
        others = [*self.bodies, *bodies]
        near = [float(np.linalg.norm(path_xy - other, axis=1).min()) - role.radius - radius for other, radius in others]
        crowded = max(0.0, CLEARANCE_M - min(near, default=CLEARANCE_M))
        distance = float(np.linalg.norm(path_xy - self.T_world_cam[:, :2, 3], axis=1).min())
        looming = max(0.0, max(CAMERA_CLEARANCE_M, HEIGHTS_AWAY * role.size_xyz[2]) - distance)
        unseen = np.maximum(0.0, _aside(self.T_world_cam, path_xy) - WELL_IN_VIEW * self.fov_x).mean()
        overlap = sum(self._overlap(path_xy[0], role.radius, other[0], radius) for other, radius in others)
        return 10 * crowded + looming + float(unseen) + overlap

    def _overlap(self, one_xy: Float64, radius: float, other_xy: Float64, other_radius: float) -> float:
        """Angle by which two bodies cover each other in the first picture."""
        from_camera = np.stack([one_xy, other_xy]) - self.T_world_cam[0, :2, 3]
        half_widths = np.array([radius, other_radius]) / np.maximum(np.linalg.norm(from_camera, axis=1), 1e-6)
        bearings = np.arctan2(from_camera[:, 1], from_camera[:, 0])
        between = abs((bearings[0] - bearings[1] + math.pi) % (2 * math.pi) - math.pi)
        return max(0.0, float(half_widths.sum()) - float(between))


@dataclass(frozen=True)
class _Company:
    """Actors who act, in groups of those who have to do with each other, before they are placed."""

    roles: Mapping[str, _Role]
    parts: list[list[Part]]
    view_heading: float
    seed: int

    @classmethod
    def of(cls, roles: Sequence[_Role], view_heading: float, seed: int) -> _Company:
        parts = [Part(role.mention, role.size_xyz, _told_heading(role, view_heading)) for role in roles]
        return cls({role.mention.name: role for role in roles}, groups(parts), view_heading, seed)

    @property
    def seconds(self) -> float:
        """How long all of them need, with a moment more."""
        played_s = [course.seconds for group in self.parts for course in self._played(group, np.zeros(2)).values()]
        return max(played_s) + 0.5 if played_s else 0.0

    def placed(self, subjects: Mapping[str, Float64], space: _Space) -> dict[str, Course]:
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
        space: _Space,
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
        for _ in range(_TRIES):
            heading = 0.0 if _is_oriented(group) else generator.uniform(-math.pi, math.pi)
            if faced and not _is_oriented(group):
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


def _is_oriented(group: Sequence[Part]) -> bool:
    """Whether a text says where somebody of a group goes as the camera sees it."""
    told = [action for part in group for action in part.mention.actions]
    return any(part.heading is not None for part in group) or any(a.name == "straight" and a.side for a in told)


def _told_heading(role: _Role, view_heading: float) -> float | None:
    return None if role.mention.direction is None else role.heading(view_heading)


def _place(
    roles: Sequence[_Role], subjects: Mapping[str, Float64], space: _Space, generator: np.random.Generator
) -> list[Float64]:
    """Ground positions [2] at time 0: subjects where the moves take them to be, the rest where there is room."""
    times = (space.times_s - space.times_s[0])[:, None]
    placed: dict[str, Float64] = {}
    bodies: list[tuple[Float64, float]] = []
    for role in sorted(roles, key=lambda role: role.mention.name not in subjects):  # subjects first
        velocity = role.velocity_xyz(space.heading)[:2]
        if role.mention.name in subjects:
            candidates = [subjects[role.mention.name]]
        else:
            candidates = [space.draw(velocity * times[-1], generator) for _ in range(_TRIES)]
        faults = [space.faults(place + velocity * times, role, bodies) for place in candidates]
        place = candidates[int(np.argmin(faults))]  # the first of those without fault
        placed[role.mention.name] = place
        bodies.append((place + velocity * times, role.radius))
    return [placed[role.mention.name] for role in roles]


def _actor(role: _Role, place: Float64, camera: Trajectory, space: _Space, generator: np.random.Generator) -> Actor:
    times = camera.times_s if role.speed > 0 else camera.times_s[:1]
    to_camera = camera.T_world_cam.translation[0].numpy()[:2] - place
    # A standing actor half faces the camera, so that its front can be told from its side.
    heading = math.atan2(to_camera[1], to_camera[0]) + generator.uniform(-0.6, 0.6)
    if role.speed > 0:
        heading = role.heading(space.heading)
    origin = torch.tensor([*place, 0.0], dtype=torch.float64)
    velocity = torch.from_numpy(role.velocity_xyz(space.heading))
    rotation = SO3.exp(torch.tensor([0.0, 0.0, heading], dtype=torch.float64))
    pose = SE3.from_parts(rotation, origin + velocity * (times - times[0])[:, None])
    return Actor(
        name=role.mention.name,
        prompt=role.mention.prompt or role.mention.name,
        category="agent" if role.shape in _AGENTS else "object",
        size_xyz=role.size_xyz,
        track=Track(pose, times),
        avatar=_avatar(role, _colour(role, generator), walks=role.speed > 0),
    )


def _acting_actor(role: _Role, course: Course, camera: Trajectory, generator: np.random.Generator) -> Actor:
    times = camera.times_s
    xyz, facing = course.at((times - times[0]).numpy())
    axes = torch.from_numpy(np.stack([np.zeros_like(facing), np.zeros_like(facing), facing], axis=-1))
    pose = SE3.from_parts(SO3.exp(axes), torch.from_numpy(xyz))
    start = float(times[0])
    cues = tuple(replace(cue, start_s=start + cue.start_s) for cue in course.cues)
    return Actor(
        name=role.mention.name,
        prompt=role.mention.prompt or role.mention.name,
        category="agent" if role.shape in _AGENTS else "object",
        size_xyz=role.size_xyz,
        track=Track(pose, times),
        avatar=_avatar(role, _colour(role, generator), walks=True, cues=cues),
    )


def _avatar(role: _Role, color_rgb: RGB, *, walks: bool, cues: tuple[Cue, ...] = ()) -> Avatar | SkinnedAvatar:
    if role.shape == "adult" or role.shape == "dog" or role.shape == "car":
        clothes = f"in {role.mention.clothes}" if role.mention.clothes else ""
        return SkinnedAvatar(body=role.shape, color_rgb=color_rgb, clothes=clothes, cues=cues)
    return Avatar(shape=role.shape, color_rgb=color_rgb, gait="walk" if walks else "stand")


def _colour(role: _Role, generator: np.random.Generator) -> RGB:
    name = role.mention.colour or list(COLOURS)[int(generator.integers(len(COLOURS)))]
    return COLOURS[name]
