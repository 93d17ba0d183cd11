"""Plans in worlds that a first frame shows, with how far they may go: what the frame reader learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.compiler import CompiledPath, compile_path
from kinoeye.language.motion.path import Anchor
from kinoeye.language.plan import Action, Move, Plan
from kinoeye.render.film import first_frame
from kinoeye.render.shot_solids import ShotSolids
from kinoeye.render.worlds import world
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging import anchors_from_first_camera, mention_of
from kinoeye.systems.gendop.reaches import REACHES, is_open, with_aims, with_reach
from kinoeye.systems.gendop.wording import Stream, captioned_program
from kinoeye.systems.gendop.wording.programs import in_order

SIZE_WH = (64, 64)
CLEARANCE_M = 0.45
"""What the camera keeps away from things here; more than the 0.3 m that `check` asks for."""
PROGRAMS = 4
"""Plans of a world: the first is read from a caption of the stream, each of the others is about somebody in sight."""
_FPS = 12.0
_PROBES = 48
_NEXT = 2**40
_AIMED = 0.75
"""Share of the plans about somebody whose pushes turn to their subject, as a reader makes those that it is shown."""
_TRAVELS = (("truck", ("left", "right")), ("pedestal", ("up", "down")), ("dolly", ("forward", "backward")))


@dataclass(frozen=True)
class FramedProgram:
    """A plan, the frame that it is about, and how far its moves may go."""

    plan: Plan
    shot: Shot
    frame: RGBD
    anchors: dict[str, Anchor]
    """Where the actors are, in the axes of the first camera."""
    reaches: tuple[int | None, ...]
    """For each move the number in `REACHES` of what keeps clear of everything; None where nothing is left open."""

    @property
    def with_everybody(self) -> Plan:
        """The plan with every actor of the world behind its own, so that all of them are looked for."""
        named = {actor.name for actor in self.plan.actors}
        others = tuple(mention_of(actor) for actor in self.shot.actors if actor.name not in named)
        return replace(self.plan, actors=(*self.plan.actors, *others))


def framed_programs(stream: Stream, seed: int) -> tuple[FramedProgram, ...]:
    """The world of a seed, its first frame, and `PROGRAMS` plans in it.

    Args:
        stream: "train" or "eval", of the world and the words.
        seed: of everything.
    """
    shot = world(stream, seed, num_frames=2, fps=_FPS, size_wh=SIZE_WH, static=True)
    frame, anchors, solids = first_frame(shot), anchors_from_first_camera(shot), ShotSolids(shot)
    plans = [_captioned(stream, seed, shot, anchors)]
    rng = Random(f"about {stream} {seed}")
    while len(plans) < PROGRAMS:
        plan = _about_somebody(rng, shot)
        plan = with_aims(plan, anchors) if rng.random() < _AIMED else plan
        if _compiled(plan, anchors) is not None:
            plans.append(plan)
    return tuple(FramedProgram(plan, shot, frame, anchors, open_reaches(plan, shot, anchors, solids)) for plan in plans)


def open_reaches(
    plan: Plan, shot: Shot, anchors: dict[str, Anchor], solids: ShotSolids | None = None
) -> tuple[int | None, ...]:
    """The largest reach of each move in turn that keeps clear of everything; the smallest where none does.

    Args:
        plan: its moves.
        shot: the world; the path begins at its first camera.
        anchors: of its actors, in the axes of that camera.
        solids: of the shot, where they are at hand.
    """
    solids = solids or ShotSolids(shot)
    T_world_start = shot.camera.T_world_cam[0].as_matrix().double().numpy(force=True)
    done: list[Move] = []
    reaches: list[int | None] = []
    for move in plan.moves:
        if not any(is_open(action) for action in move.actions):
            done.append(move)
            reaches.append(None)
            continue
        chosen = len(REACHES) - 1
        for number, reach in enumerate(REACHES):
            path = _compiled(replace(plan, moves=(*done, with_reach(move, reach))), anchors)
            if path is not None and _is_clear(path, len(done), T_world_start, solids):
                chosen = number
                break
        done.append(with_reach(move, REACHES[chosen]))
        reaches.append(chosen)
    return tuple(reaches)


def _captioned(stream: Stream, seed: int, shot: Shot, anchors: dict[str, Anchor]) -> Plan:
    """The plan of a caption that may name actors of the world."""
    cast = [actor.name for actor in shot.actors]
    plan = captioned_program(stream, seed, cast=cast).plan
    while _compiled(plan, anchors) is None:  # such as five zooms in a row
        seed += _NEXT
        plan = captioned_program(stream, seed, cast=cast).plan
    return plan


def _about_somebody(rng: Random, shot: Shot) -> Plan:
    """One to three moves about an actor of the world, most of their amounts left open."""
    actor = rng.choice(shot.actors)
    moves: list[Move] = []
    count = rng.choices((1, 2, 3), weights=(5, 4, 1))[0]
    while len(moves) < count:
        move = _told(rng, _move_about(rng, actor.name))
        if not moves or move != moves[-1]:
            moves.append(move)
    return Plan(tuple(moves), actors=(mention_of(actor),))


def _move_about(rng: Random, name: str) -> tuple[Action, ...]:
    draw = rng.random()
    if draw < 0.35:
        amount = math.radians(rng.uniform(15.0, 90.0)) if rng.random() < 0.4 else None
        return (Action("orbit", rng.choice(("left", "right")), amount=amount, target=name),)
    if draw < 0.4:
        return (Action("orbit", rng.choice(("up", "down")), target=name),)
    if draw < 0.6:
        return (Action("dolly", "forward", target=name),)
    if draw < 0.65:
        return (Action("dolly_zoom", rng.choice(("in", "out")), target=name),)
    travels = [
        Action(kind, rng.choice(directions)) for kind, directions in rng.sample(_TRAVELS, rng.choice((1, 1, 2, 2, 3)))
    ]
    aims = [] if rng.random() < 0.25 else [Action("look_at", target=name)]
    return in_order([*travels, *aims])


def _told(rng: Random, actions: Sequence[Action]) -> Move:
    return Move(
        tuple(actions), speed=rng.choices((1.0, 0.5, 2.0), weights=(6, 1, 1))[0], slight=rng.random() < 0.08,
        duration_s=rng.uniform(1.0, 5.0) if rng.random() < 0.15 else None,
    )  # fmt: skip


def _compiled(plan: Plan, anchors: dict[str, Anchor]) -> CompiledPath | None:
    try:
        return compile_path(plan, anchors=anchors, fps=_FPS)
    except InputError:
        return None


def _is_clear(path: CompiledPath, move: int, T_world_start: Float64, solids: ShotSolids) -> bool:
    first, last = round(path.bounds[move]), len(path.T_world_cam) - 1
    # Always as many points: the solids keep what they built for a set of times, and nothing moves here.
    frames = np.linspace(first, last, _PROBES).round().astype(int)
    centres = path.T_world_cam[frames, :3, 3] @ T_world_start[:3, :3].T + T_world_start[:3, 3]
    distance, _ = solids.distances(np.zeros(_PROBES), centres)
    return bool(distance.min() >= CLEARANCE_M)
