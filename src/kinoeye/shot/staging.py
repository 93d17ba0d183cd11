"""From a Plan to a Shot: actors get a body, a place and a path, then the camera's moves are compiled around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye import language
from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.language.compiler import DEFAULT_FOV_X, CompiledPath, compile_path
from kinoeye.language.motion.path import Anchor
from kinoeye.language.motion.timing import natural_duration, schedule
from kinoeye.language.plan import Action, ActorMention, Move, Plan
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.company import TRIES, Company
from kinoeye.shot.course import Course
from kinoeye.shot.environment import Environment
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.roles import AGENTS, Role, avatar_of, colour_of, role_of
from kinoeye.shot.shot import Actor, Avatar, Shot, SkinnedAvatar
from kinoeye.shot.space import JUST_IN_VIEW, WELL_IN_VIEW, Space, angle_aside

CAMERA_HEIGHT_M = 1.4
"""Where a staged camera starts: above the origin, level, looking along +x; lower for low subjects, see `first_pose`."""
LOWEST_CAMERA_M, HIGHEST_CAMERA_M = 0.6, 1.6
DEFAULT_PLACE = "meadow"
"""Where a shot takes place when the text does not say."""
GETTING_UP_S = 1.4
"""How long who sits needs to stand up again."""
_ANCHOR_HZ = 12.0
"""How often the camera is told where a moving actor is."""
_ENDLESS = ("hold", "look_at", "follow", "handheld")
"""Actions of the camera that go on as long as there is something to see."""


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
    roles = [role_of(mention) for mention in plan.actors]
    company = Company.of(roles, _heading_of(into), seed)
    if into is None and not (num_frames or duration_s or plan.duration_s):
        plan = _lasting(plan, company.seconds)
    options = {"num_frames": num_frames, "fps": fps, "duration_s": duration_s, "fov_x": fov_x, "seed": seed}
    if into is not None:
        _refuse_taken_names(plan, into)
        space = Space.around(into.camera, into.actors)
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
        space = Space(sketch.T_world_cam, sketch.times_s, fov_x, [])
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
    return anchors_of(shot, shot.camera.T_world_cam[0].inverse())


def anchors_of(shot: Shot, T_axes_world: SE3) -> dict[str, Anchor]:
    """Where a shot's actors are in some axes; see `anchors_from_first_camera`."""
    anchors = {}
    for actor in shot.actors:
        origins = actor.track.T_world_body.translation
        even = (
            origins[:1]
            + (origins[-1:] - origins[:1]) * torch.linspace(0, 1, len(origins), dtype=origins.dtype)[:, None]
        )
        way: tuple[tuple[float, float, float, float], ...] = ()
        if float((origins - even).norm(dim=-1).max()) > 1e-6:
            seen = T_axes_world @ origins
            times = actor.track.times_s - shot.camera.times_s[0]
            way = tuple((t, x, y, z) for t, (x, y, z) in zip(times.tolist(), seen.tolist(), strict=True))
        velocity = (origins[-1] - origins[0]) / actor.track.duration_s if actor.moves else torch.zeros_like(origins[0])
        px, py, pz = (T_axes_world @ origins[0]).tolist()
        vx, vy, vz = (T_axes_world.rotation @ velocity).tolist()
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
        aside = [max(float(angle_aside(poses, c).max()), WELL_IN_VIEW * fov_x) for c in candidates]
        best = int(np.argmin(np.round(aside, 3)))  # the first, least turned, among equals
        positions[name] = candidates[best if aside[best] <= JUST_IN_VIEW * fov_x else 0]
    return positions


def _refuse_taken_names(plan: Plan, into: Shot) -> None:
    taken = {actor.name for actor in into.actors} & {mention.name for mention in plan.actors}
    if taken:
        raise InputError(f"the shot has {', '.join(map(repr, sorted(taken)))} already; describe another actor")


def _moving_anchor(role: Role, courses: Mapping[str, Course]) -> Anchor:
    course = courses[role.mention.name]
    times = np.arange(0.0, course.seconds + 1.0 / _ANCHOR_HZ, 1.0 / _ANCHOR_HZ)
    xyz, _ = course.at(times)
    rows = [(t, x, y, z) for t, (x, y, z) in zip(times.tolist(), xyz.tolist(), strict=True)]
    return Anchor(rows[0][1:], role.size_xyz, way=tuple(rows))


def _anchor(role: Role, place: Float64) -> Anchor:
    vx, vy, vz = role.velocity_xyz(0.0).tolist()
    return Anchor((float(place[0]), float(place[1]), 0.0), role.size_xyz, (vx, vy, vz))


def _place(
    roles: Sequence[Role], subjects: Mapping[str, Float64], space: Space, generator: np.random.Generator
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
            candidates = [space.draw(velocity * times[-1], generator) for _ in range(TRIES)]
        faults = [space.faults(place + velocity * times, role, bodies) for place in candidates]
        place = candidates[int(np.argmin(faults))]  # the first of those without fault
        placed[role.mention.name] = place
        bodies.append((place + velocity * times, role.radius))
    return [placed[role.mention.name] for role in roles]


def _actor(role: Role, place: Float64, camera: Trajectory, space: Space, generator: np.random.Generator) -> Actor:
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
    return cast(role, Track(pose, times), avatar_of(role, colour_of(role, generator), walks=role.speed > 0))


def _acting_actor(role: Role, course: Course, camera: Trajectory, generator: np.random.Generator) -> Actor:
    track, cues = filmed(course, camera.times_s)
    return cast(role, track, avatar_of(role, colour_of(role, generator), walks=True, cues=cues))


def filmed(course: Course, times_s: Float[Tensor, "n"]) -> tuple[Track, tuple[Cue, ...]]:
    """A course as it goes from the first time of a film to the last: the track, and the cues at the film's times."""
    xyz, facing = course.at((times_s - times_s[0]).numpy())
    axes = torch.from_numpy(np.stack([np.zeros_like(facing), np.zeros_like(facing), facing], axis=-1))
    pose = SE3.from_parts(SO3.exp(axes), torch.from_numpy(xyz))
    start = float(times_s[0])
    cues = tuple(
        replace(_to_the_end(cue, float(times_s[-1]) - start), start_s=start + cue.start_s) for cue in course.cues
    )
    return Track(pose, times_s), cues


def cast(role: Role, track: Track, avatar: Avatar | SkinnedAvatar) -> Actor:
    """The actor who plays a role."""
    return Actor(
        name=role.mention.name,
        prompt=role.mention.prompt or role.mention.name,
        category="agent" if role.shape in AGENTS else "object",
        size_xyz=role.size_xyz,
        track=track,
        avatar=avatar,
    )


def _to_the_end(cue: Cue, seconds: float) -> Cue:
    """A cue that sits with a duration in which it does not get up again before the end, if it has none."""
    if cue.name != "sit" or "duration_s" in cue.parameters:
        return cue
    return replace(cue, parameters={**cue.parameters, "duration_s": max(seconds - cue.start_s, 0.0) + 2 * GETTING_UP_S})
