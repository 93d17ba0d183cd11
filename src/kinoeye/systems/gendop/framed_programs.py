"""Captions about what a first frame shows, with the paths that keep clear of it: what an RGB-D director learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.compiler import CompiledPath, compile_path
from kinoeye.language.motion.path import Anchor
from kinoeye.language.plan import Move, Plan
from kinoeye.render.film import first_frame
from kinoeye.render.shot_solids import ShotSolids
from kinoeye.render.worlds import world
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging import anchors_from_first_camera, mention_of
from kinoeye.systems.gendop.reaches import REACHES, is_open, with_reach
from kinoeye.systems.gendop.wording import CaptionedProgram, Stream, captioned_program

SIZE_WH = (64, 64)
CLEARANCE_M = 0.45
"""What the camera keeps away from things here; more than the 0.3 m that `check` asks for."""
_FPS = 12.0
_PROBES = 48
_NEXT = 2**40


@dataclass(frozen=True)
class FramedProgram:
    """A caption, what it should be read as, the frame that it is about, and how far its moves may go."""

    captioned: CaptionedProgram
    shot: Shot
    frame: RGBD
    anchors: dict[str, Anchor]
    """Where the actors are, in the axes of the first camera."""
    reaches: tuple[int | None, ...]
    """For each move the number in `REACHES` of what keeps clear of everything; None where nothing is left open."""


def framed_program(stream: Stream, seed: int) -> FramedProgram:
    """The world, frame and caption of a seed.

    Args:
        stream: "train" or "eval", of the world and the words.
        seed: of everything.
    """
    shot = world(stream, seed, num_frames=2, fps=_FPS, size_wh=SIZE_WH, static=True)
    anchors = anchors_from_first_camera(shot)
    cast = [actor.name for actor in shot.actors]
    captioned = captioned_program(stream, seed, cast=cast)
    while _compiled(captioned.plan, anchors) is None:  # such as five zooms in a row
        seed += _NEXT
        captioned = captioned_program(stream, seed, cast=cast)
    return FramedProgram(captioned, shot, first_frame(shot), anchors, open_reaches(captioned.plan, shot, anchors))


def everybody(item: FramedProgram) -> Plan:
    """The plan with every actor of the world among its actors, so that all of them are looked for."""
    named = {actor.name for actor in item.captioned.plan.actors}
    others = tuple(mention_of(actor) for actor in item.shot.actors if actor.name not in named)
    return replace(item.captioned.plan, actors=(*item.captioned.plan.actors, *others))


def open_reaches(plan: Plan, shot: Shot, anchors: dict[str, Anchor]) -> tuple[int | None, ...]:
    """The largest reach of each move in turn that keeps clear of everything; the smallest where none does."""
    solids = ShotSolids(shot)
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
