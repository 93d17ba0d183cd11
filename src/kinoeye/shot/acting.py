"""What the actors of a plan do, in turn and with regard to each other: where they are over time, and their cues."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.language.acting_words import ACTS, CAMERA
from kinoeye.language.plan import ActorAction, ActorMention
from kinoeye.shot.acting_relations import Row, related_path
from kinoeye.shot.bodies.motions.cues import Cue, parameters_of
from kinoeye.shot.course import RATE_HZ, Course
from kinoeye.shot.templates import find_template
from kinoeye.shot.templates.path import SAMPLES, Path, smooth_step
from kinoeye.shot.templates.pieces import FULL
from kinoeye.shot.templates.relations import along_course, watching

PACES_M_PER_S: Mapping[str, float] = {"walk": 1.2, "run": 3.0, "fly": 2.0}
GAP_M = 0.5
"""Free space between two who go behind, beside or up to each other."""
FLYING_M = 1.5
"""Height of who flies along a way that is told of the ground."""
WAY_S = 4.0
"""How long somebody goes straight, or does without end what has none, when nobody says."""
TURNS_RAD_PER_S = 2.5
CLIMBS_M_PER_S = 1.0
"""How fast somebody gets to the height of its way from where it stood."""
_RAMP_S = 0.4
_CAR_SCALE = 3.0
"""How much wider a car goes, and how much faster, than somebody on foot."""
_ROOM = 1.3
"""Size of the ways of somebody on foot over those of the templates."""
_STAYING = ("beside", "sit", "wait")
"""Actions beside another: with it, or where it is."""
_SIDED = ("circle", "half circle", "square", "U-turn", "corner", "sidestep")
_NAMED: Mapping[str, str] = {
    "fly": "flies in waves",
    "take off": "takes off",
    "land": "lands",
    "hop": "hops on the spot",
}
_WHOLE: Mapping[str, Mapping[str, float]] = {"circle": {"turn": FULL}}
"""Parameters that a way must have to be what its word says."""
_CUE_S: Mapping[str, float] = {"jump": 1.9, "dance": 6.0}
"""How long cues last when nobody says; others as their motion does."""


def template_of(action: ActorAction) -> str:
    """The name of the motion template that a way is.

    Example:
        >>> template_of(ActorAction("circle", side="right"))
        'circle right'
    """
    if action.name == "spin":
        return f"turns on the spot to the {action.side or 'left'}"
    if action.name in _SIDED:
        return f"{action.name} {action.side or 'left'}"
    return _NAMED.get(action.name, action.name)


@dataclass(frozen=True)
class Part:
    """An actor before it acts: who it is, and how much room it takes."""

    mention: ActorMention
    size_xyz: tuple[float, float, float]
    heading: float | None = None
    """Where it sets off, when that is told, around +z from +x."""
    stands: tuple[float, float, float, float] | None = None
    """Where it is before it acts, and the heading there; None where its ways may say that."""

    @property
    def is_car(self) -> bool:
        """Whether it needs the room of a car."""
        return self.mention.shape == "car"

    @property
    def half_length(self) -> float:
        """From its middle to its front or side, whichever is farther."""
        return 0.5 * max(self.size_xyz[:2])


def groups(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts that act, with those that they act upon; those who have to do with each other together."""
    found: list[set[str]] = []
    for part in parts:
        names = {part.mention.name, *(action.other or CAMERA for action in part.mention.actions)}
        names |= {action.after[0] for action in part.mention.actions if action.after}
        names -= {CAMERA}
        if part.mention.actions:
            for other in [each for each in found if each & names]:
                found.remove(other)
                names |= other
            found.append(names)
    return [[part for part in parts if part.mention.name in names] for names in found]


def is_oriented(group: Sequence[Part]) -> bool:
    """Whether a text says where somebody of a group goes as the camera sees it."""
    told = [action for part in group for action in part.mention.actions]
    return any(part.heading is not None for part in group) or any(a.name == "straight" and a.side for a in told)


def played(
    group: Sequence[Part],
    *,
    view_heading: float,
    camera_xy: Float64,
    generator: np.random.Generator,
    known: Mapping[str, Course] | None = None,
) -> dict[str, Course]:
    """The courses of actors who have to do with each other, about the origin, or in the world of those that are known.

    Args:
        group: as `groups` makes them.
        view_heading: where the camera looks, around +z, which is what left and right are told by.
        camera_xy: [2] where it stands.
        generator: of the places where nobody said them.
        known: courses that some of the group have already.
    """
    scene = _Scene({part.mention.name: part for part in group}, view_heading, camera_xy, generator, dict(known or {}))
    scene.is_placed = bool(known) or any(part.stands for part in group)
    for part in group:
        scene.course_of(part.mention.name)
    return scene.courses


@dataclass
class _Scene:
    parts: dict[str, Part]
    view_heading: float
    camera_xy: Float64
    generator: np.random.Generator
    courses: dict[str, Course] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    is_placed: bool = False
    """Whether courses are in the world already."""

    def course_of(self, name: str) -> Course:
        """The course of an actor, after those of the actors that it depends on; in a ring the first one is free."""
        if name in self.courses:
            return self.courses[name]
        part = self.parts[name]
        if name in self.begun:
            return Course(np.zeros((1, 3)), np.zeros(1))
        self.begun.add(name)
        self.courses[name] = _Player(self, part).play()
        return self.courses[name]

    def peers(self, one: Part, action: ActorAction) -> list[Part]:
        """Those who go with regard to the same one as an actor does, in the order of their mention."""
        names = _STAYING if action.name in _STAYING else (action.name,)
        return [
            part
            for part in self.parts.values()
            if part is one or any(a.name in names and a.other == action.other for a in part.mention.actions)
        ]

    @property
    def camera_heading(self) -> float:
        """Where the camera is, as a heading: ways that say no left or right are turned to have it at 0."""
        oriented = self.is_placed or is_oriented(list(self.parts.values()))
        return self.view_heading + math.pi if oriented else 0.0

    def is_followed(self, name: str) -> bool:
        """Whether others go with an actor."""
        told = [action for part in self.parts.values() for action in part.mention.actions]
        return any(action.other == name and action.name in ("follow", "beside") for action in told)


class _Player:
    """One actor while it plays its part."""

    def __init__(self, scene: _Scene, part: Part) -> None:
        self.scene, self.part = scene, part
        self.xyz, self.facing = np.zeros((0, 3)), np.zeros(0)
        self.place, self.heading = np.zeros(3), part.heading or 0.0
        self.cues: list[Cue] = []
        self.ends_s: list[float] = []
        self.seat: int | None = None
        """Which cue sits without a time that was told."""
        if part.stands is not None:
            self.place, self.heading = np.array(part.stands[:3]), part.stands[3]
            self.xyz, self.facing = self.place[None].copy(), np.array([self.heading])
        self.begin_s = self.end_s = 0.0
        """When the action before began, and when all so far end."""

    def play(self) -> Course:
        actions = self.part.mention.actions
        name = self.part.mention.name
        if not actions and (self.part.mention.behaviour != "stand" or self.scene.is_followed(name)):
            pace = "run" if self.part.mention.behaviour == "run" else "walk"
            actions = (ActorAction("straight", pace=pace),)
        for other in [action.other for action in actions if action.other in self.scene.parts]:
            self.scene.course_of(other)
        if self.part.stands is None and not self._begins_by(actions) and self.scene.courses:
            self._stand_aside()
        for action in actions:
            self._do(action)
        if not len(self.facing):
            self.xyz, self.facing = self.place[None].copy(), np.array([self.heading])
        return Course(self.xyz, self.facing, tuple(self.cues), tuple(self.ends_s))

    def _begins_by(self, actions: Sequence[ActorAction]) -> bool:
        """Whether the first way of an actor says where it begins: with regard to another."""
        first = next((action for action in actions if ACTS[action.name].kind in ("relation", "way")), None)
        return first is not None and ACTS[first.name].kind == "relation"

    def _stand_aside(self) -> None:
        """Begin at some distance of the others, in no order that was told."""
        ground = np.concatenate([course.xyz[:, :2] for course in self.scene.courses.values()])
        middle = 0.5 * (ground.min(axis=0) + ground.max(axis=0))
        farthest = float(np.linalg.norm(ground - middle, axis=1).max())
        angle = self.scene.generator.uniform(-math.pi, math.pi)
        away = farthest + self.part.half_length + 1.5 * _ROOM + GAP_M
        self.place[:2] = middle + away * np.array([math.cos(angle), math.sin(angle)])

    def _do(self, action: ActorAction) -> None:
        start_s = self.begin_s if action.together else self.end_s
        if action.after and action.after[0] in self.scene.parts:
            start_s = max([start_s, *self.scene.course_of(action.after[0]).ends_s[: action.after[1]]])
        kind = ACTS[action.name].kind
        if action.name in ("sit", "wait") and action.other:
            start_s = self._join(action, start_s)
        if self.seat is not None and not action.together and kind != "wait":
            self._get_up(start_s)
        if kind == "cue":
            end_s = self._cue(action, start_s)
        elif kind == "wait":
            end_s = start_s + (action.duration_s or 1.5)
            self._wait_until(end_s)
        elif kind == "face":
            end_s = self._face(action, start_s)
        elif kind == "relation":
            end_s = self._relate(action, start_s)
        else:
            end_s = self._go(action, start_s)
        self.begin_s, self.end_s = start_s, max(end_s, self.end_s)
        self.ends_s.append(end_s)

    def _cue(self, action: ActorAction, start_s: float) -> float:
        if action.other and not action.together and action.name != "sit":
            start_s = self._face(action, start_s)
        known = parameters_of(action.name)
        own = float(known.get("duration_s", 0.0))
        lasts = action.duration_s or _CUE_S.get(action.name, own) / action.speed
        values: dict[str, float | str] = {"duration_s": lasts} if own else {}
        if action.side and "side" in known:
            values["side"] = action.side
        if action.name == "sit" and action.duration_s is None:
            self.seat, values = len(self.cues), {}
        times = 1 if own else max(1, round(lasts / _CUE_S[action.name]))
        self.cues += [
            Cue(start_s=start_s + i * lasts / times, name=action.name, parameters=values) for i in range(times)
        ]
        return start_s + lasts

    def _get_up(self, time_s: float) -> None:
        """Stand at a time after having sat for as long as nobody said."""
        assert self.seat is not None
        cue = self.cues[self.seat]
        self.cues[self.seat] = replace(cue, parameters={"duration_s": time_s - cue.start_s})
        self.seat = None

    def _join(self, action: ActorAction, start_s: float) -> float:
        """Go beside another and turn as it is turned, or be there from the beginning; the time when that is done."""
        if action.other not in self.scene.parts:
            return start_s
        began = bool(self.ends_s or len(self.facing))
        if began and self.seat is None:
            start_s = self._relate(replace(action, duration_s=None), start_s)
        heading = float(self.scene.course_of(action.other).at(np.array([start_s]))[1][0])
        if began:
            return self._turn(math.remainder(heading - self.heading, FULL), start_s)
        _, wanted = self._related_to(replace(action, name="beside", duration_s=None), start_s, None)
        self.place, self.heading = wanted.xyz[0].copy(), heading
        return start_s

    def _face(self, action: ActorAction, start_s: float) -> float:
        self._wait_until(start_s)
        target = self.scene.camera_xy
        if action.other in self.scene.parts:
            target = self.scene.course_of(action.other).at(np.array([start_s]))[0][0, :2]
        offset = target - self.place[:2]
        angle = math.remainder(math.atan2(offset[1], offset[0]) - self.heading, FULL)
        return self._turn(angle, start_s)

    def _turn(self, angle: float, start_s: float) -> float:
        """Turn on the spot by an angle."""
        if abs(angle) < 1e-3:
            return start_s
        seconds = abs(angle) / TURNS_RAD_PER_S + 0.3
        facing = self.heading + angle * smooth_step(np.linspace(0.0, 1.0, SAMPLES))
        return self._append(Path(np.tile(self.place, (SAMPLES, 1)), facing, seconds), start_s)

    def _go(self, action: ActorAction, start_s: float) -> float:
        """Go a way of a template from where the actor is."""
        if action.name == "straight" and (action.side or (self.part.heading is not None and not self.ends_s)):
            told = self.part.heading if action.side is None else None
            side = {"left": 0.5 * math.pi, "right": -0.5 * math.pi}.get(action.side or "", 0.0)
            heading = self.scene.view_heading + side if told is None else told
            if self.ends_s or self.part.stands is not None:
                start_s = self._turn(math.remainder(heading - self.heading, FULL), start_s)
            else:
                self.heading = heading
        template = find_template(template_of(action))
        path = template.paths(template.middle() | dict(_WHOLE.get(action.name, {})))[0]
        pace = "fly" if action.name in ("fly", "take off", "land") else action.pace
        speed = self._speed(replace(action, pace=pace))
        travels = float(np.ptp(path.xyz[:, :2], axis=0).max()) > 0.1
        if path.leaps or not travels:
            return self._in_place(action, path, start_s)
        scale = action.scale * (_CAR_SCALE if self.part.is_car else _ROOM) * math.sqrt(speed / action.speed)
        scale /= math.sqrt(PACES_M_PER_S["walk"] * (_CAR_SCALE if self.part.is_car else 1.0))
        seconds = path.seconds * scale / speed
        if action.name == "straight" and action.duration_s is None:
            scale, seconds = scale * WAY_S / seconds, WAY_S
        if action.duration_s is not None:
            ratio = action.duration_s / seconds
            within = ratio if action.name == "straight" else min(max(ratio, 0.6), 1.8)
            scale, seconds = scale * within, action.duration_s
        flies = pace == "fly" and action.name not in ("fly", "take off", "land")
        path = _eased(path.scaled(scale).lasting(seconds))
        return self._append(self._from_here(self._aloft(path, flies, action.name), action.name), start_s)

    def _in_place(self, action: ActorAction, path: Path, start_s: float) -> float:
        """Turn or hop on the spot, as often as the time asks."""
        seconds = path.seconds if path.leaps else path.seconds / action.speed
        times = 1 if action.duration_s is None else max(1, round(action.duration_s / seconds))
        each = seconds if action.duration_s is None or path.leaps else action.duration_s / times
        for _ in range(times):
            start_s = self._append(self._from_here(path.lasting(each), action.name), start_s)
        return start_s

    def _aloft(self, path: Path, flies: bool, name: str) -> Path:
        """The path with its height changed from the actor's to the one that it goes at."""
        if name == "land" and self.place[2] > 0.1:
            return replace(path, xyz=path.xyz * np.array([1.0, 1.0, self.place[2] / max(path.xyz[0, 2], 1e-6)]))
        if name in ("fly", "take off", "land"):
            return path
        target = FLYING_M if flies else 0.0
        before = self.place[2] if self.ends_s else target
        height = before + (target - before) * smooth_step(path.times)
        return replace(path, xyz=path.xyz + height[:, None] * np.array([0.0, 0.0, 1.0]))

    def _from_here(self, path: Path, name: str) -> Path:
        """The path turned and moved to begin where the actor is and faces."""
        turn = self.heading - path.facing[0]
        turned = path.placed(0.0, 0.0, turn)
        x, y, z = self.place - turned.xyz[0]
        absolute = not self.ends_s or abs(turned.xyz[0, 2] - self.place[2]) < 1e-6
        return turned.placed(x, y, 0.0, 0.0 if absolute else z)

    def _relate(self, action: ActorAction, start_s: float) -> float:
        """Go with regard to another."""
        if action.other not in self.scene.parts:
            return self._go(replace(action, name="straight", other=None), start_s)
        first = not self.ends_s and not len(self.facing)
        other = self.scene.course_of(action.other)
        speed = self._speed(action)
        offset = self.place[:2] - other.at(np.array([start_s]))[0][0, :2]
        lasts, wanted = self._related_to(action, start_s, None if first else offset)
        if first:
            self.place, self.heading = wanted.xyz[0].copy(), float(wanted.facing[0])
            self.place[2] = FLYING_M if action.pace == "fly" else 0.0
        path = self._joined(wanted, speed, watches=action.name in ("retreat",), other=other, start_s=start_s)
        return self._append(self._aloft(replace(path, seconds=lasts), action.pace == "fly", action.name), start_s)

    def _speed(self, action: ActorAction) -> float:
        return PACES_M_PER_S[action.pace] * action.speed * (_CAR_SCALE if self.part.is_car else 1.0)

    def _related_to(self, action: ActorAction, start_s: float, offset_xy: Float64 | None) -> tuple[float, Path]:
        """How long an action with regard to another lasts, and the path that it is."""
        assert action.other is not None
        scene = self.scene
        other, part = scene.course_of(action.other), scene.parts[action.other]
        gap = self.part.half_length + part.half_length + GAP_M
        peers = scene.peers(self.part, action)
        with_it = tuple(
            (course, self.part.half_length + scene.parts[name].half_length + GAP_M)
            for name, course in scene.courses.items()
            if scene.parts[name] not in (*peers, part)
        )
        row = Row(peers.index(self.part), len(peers), 2.0 * max(peer.half_length for peer in peers) + GAP_M, with_it)
        return related_path(action, other, start_s, offset_xy, gap, self._speed(action), row, scene.camera_heading)

    def _joined(self, wanted: Path, speed: float, *, watches: bool, other: Course, start_s: float) -> Path:
        """The wanted path, entered smoothly from where the actor is."""
        missing = self.place * np.array([1.0, 1.0, 0.0]) - wanted.xyz[0]
        away = float(np.linalg.norm(missing))
        if away < 1e-3:
            return wanted
        seconds = min(max(1.5 * away / speed, 0.5), wanted.seconds)
        left = 1.0 - smooth_step(wanted.times / seconds)
        joined = replace(wanted, xyz=wanted.xyz + left[:, None] * missing)
        xyz, facing = other.at(start_s + wanted.times)
        return watching(joined, Path(xyz, facing, wanted.seconds)) if watches else along_course(joined)

    def _wait_until(self, time_s: float) -> None:
        """Stand where the actor is."""
        missing = round(time_s * RATE_HZ) + 1 - len(self.facing)
        if missing > 0:
            self.xyz = np.concatenate([self.xyz, np.tile(self.place, (missing, 1))])
            self.facing = np.concatenate([self.facing, np.full(missing, self.heading)])
        self.end_s = max(self.end_s, time_s)

    def _append(self, path: Path, start_s: float) -> float:
        """Follow a path from a time on, turning into it from where the body faces; the time when it ends."""
        if not len(self.facing) and start_s == 0.0:
            self.place, self.heading = path.xyz[0].copy(), float(path.facing[0])
        self._wait_until(start_s)
        count = max(round(path.seconds * RATE_HZ), 1)
        since = np.arange(1, count + 1) / RATE_HZ
        xyz, facing = path.sampled(since)
        if self.part.stands is not None:  # who flies rises first, and who lands was up
            off_m = float(self.place[2] - path.xyz[0, 2])
            xyz[:, 2] += off_m * (1.0 - smooth_step(since / min(path.seconds, max(abs(off_m) / CLIMBS_M_PER_S, 0.1))))
        off = math.remainder(self.heading - float(path.facing[0]), FULL)
        facing = facing + (self.heading - off - float(path.facing[0]))
        facing += off * (1.0 - smooth_step(since * TURNS_RAD_PER_S / max(abs(off), 0.5)))
        self.xyz, self.facing = np.concatenate([self.xyz, xyz]), np.concatenate([self.facing, facing])
        self.place, self.heading = xyz[-1].copy(), float(facing[-1])
        return start_s + count / RATE_HZ


def _eased(path: Path) -> Path:
    """The same way in the same time, set off for and stopped at smoothly."""
    ramp = min(_RAMP_S / path.seconds, 0.3)
    u = np.linspace(0.0, 1.0, SAMPLES)
    speed = np.minimum(1.0, np.minimum(u, 1.0 - u) / ramp)
    way = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]))])
    xyz, facing = path.sampled(path.seconds * way / way[-1])
    return replace(path, xyz=xyz, facing=facing)
