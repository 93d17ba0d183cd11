"""What an actor does in a shot, from its track and its cues."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from kinoeye.geometry.convention import Float64
from kinoeye.language.prose import drawn, listed, within_sentence
from kinoeye.shot.captions.words import COURSES, CUES, GAITS, RECORDED, Stream
from kinoeye.shot.shot import Actor, SkinnedAvatar

Course = Literal[
    "rest", "stir", "turn", "straight", "bend", "back", "circle", "winding", "backwards", "sideways", "hop"
]  # fmt: skip
_MOVES_M_PER_S = 0.15
_GOES_M = 0.2
"""Who goes less in all rests."""
_TURNS_RAD = math.radians(30.0)
_WINDS_RAD = math.radians(35.0)
"""Who swings by more than that beyond what remains at the end goes from side to side."""
_HOPS_M = 0.08
_RUNS_M_PER_S = 2.0
"""Of an adult; smaller bodies run at speeds that are less by the root of their size."""
_ADULT_M = 1.7
_STEPS = 121
_BENDS = ((20.0, "straight"), (135.0, "bend"), (290.0, "back"), (math.inf, "circle"))
"""Degrees by which a way turns in all -> what it is; those that turn to both sides are winding."""


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What an actor does over a film."""

    course: Course
    side: Literal["left", "right"]
    """Where it turns or steps, as it sees it; of no account for courses without a side."""
    runs: bool
    cues: tuple[str, ...]
    """What else it does, in order."""


def doing_of(actor: Actor, times_s: Tensor) -> Doing:
    """What an actor is seen to do at times [n] in seconds.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("a man walks in a circle to the left", camera_required=False), seed=0)
        >>> doing_of(shot.actors[0], shot.camera.times_s).course
        'circle'
    """
    first, last = float(times_s[0]), float(times_s[-1])
    times = torch.linspace(first, last, _STEPS, dtype=torch.float64) if last > first else times_s[:1].double()
    poses = actor.track.at(times).T_world_body.as_matrix().double().numpy()
    cues = actor.avatar.cues if isinstance(actor.avatar, SkinnedAvatar) else ()
    told = tuple(cue.name for cue in sorted(cues, key=lambda cue: cue.start_s) if first <= cue.start_s < last)
    course, angle, fastest = _course(poses, times.numpy())
    if course == "rest" and isinstance(actor.avatar, SkinnedAvatar) and actor.avatar.recorded is not None:
        course = "stir"
    runs = fastest > _RUNS_M_PER_S * math.sqrt(actor.size_xyz[2] / _ADULT_M)
    return Doing(course=course, side="left" if angle >= 0 else "right", runs=runs, cues=told)


def who_does_what(actors: Sequence[Actor], times_s: Tensor, stream: Stream, rng: np.random.Generator) -> list[str]:
    """A clause for each actor: "a man in blue walks in a bend to the left and waves".

    Args:
        actors: of a shot.
        times_s: [n] of the film.
        stream: whose words.
        rng: draws them.
    """
    return [
        f"{within_sentence(actor.prompt)} {_said(actor, doing_of(actor, times_s), stream, rng)}" for actor in actors
    ]


def _said(actor: Actor, doing: Doing, stream: Stream, rng: np.random.Generator) -> str:
    """What an actor does as a verb and what goes with it."""
    cues = [drawn(rng, CUES[stream][name]) for name in doing.cues]
    if cues and doing.course == "rest":
        return listed(cues)
    body = actor.avatar.body if isinstance(actor.avatar, SkinnedAvatar) else getattr(actor.avatar, "shape", "box")
    key = {"car": "parked", "adult": "rest", "dog": "rest", "robot": "rest"}.get(body, "lie")
    gait = {"car": "drive", "adult": "walk", "dog": "trot", "robot": "walk"}.get(body, "slide")
    if doing.runs and gait in ("walk", "trot"):
        gait = "run"
    ways = RECORDED[stream] if doing.course == "stir" else COURSES[stream]
    way = drawn(rng, ways[key if doing.course == "rest" else doing.course])
    return listed([way.format(goes=drawn(rng, GAITS[stream][gait]), side=doing.side), *cues])


def _course(poses: Float64, times: Float64) -> tuple[Course, float, float]:
    """The course of body poses [n, 4, 4], the angle that it turns or lies to its left, and its highest speed."""
    xyz, yaw = poses[:, :3, 3], np.unwrap(np.arctan2(poses[:, 1, 0], poses[:, 0, 0]))
    turned = float(yaw[-1] - yaw[0])
    if len(times) < 2:
        return "rest", 0.0, 0.0
    steps = np.diff(xyz, axis=0)
    speeds = np.linalg.norm(steps[:, :2], axis=1) / np.diff(times)
    fastest = float(speeds.max())
    if float(np.ptp(xyz[:, 2])) > _HOPS_M:
        return "hop", turned, fastest
    goes = speeds > _MOVES_M_PER_S
    if float(np.linalg.norm(steps[:, :2], axis=1).sum()) < _GOES_M or not goes.any():
        widest = float(np.abs(yaw - yaw[0]).max())
        return ("turn" if widest > _TURNS_RAD else "rest"), turned, fastest
    heading = np.unwrap(np.arctan2(steps[goes, 1], steps[goes, 0]))
    aside = heading - yaw[:-1][goes]
    lie = float(np.arctan2(np.sin(aside).mean(), np.cos(aside).mean()))
    if np.hypot(np.sin(aside).mean(), np.cos(aside).mean()) > 0.8 and abs(lie) > math.pi / 4:
        return ("backwards" if abs(lie) > 0.75 * math.pi else "sideways"), lie, fastest
    swing, bent = float(np.ptp(heading)), float(heading[-1] - heading[0])
    if swing - abs(bent) > _WINDS_RAD:
        return "winding", bent, fastest
    return next(name for limit, name in _BENDS if math.degrees(abs(bent)) <= limit), bent, fastest  # type: ignore[return-value]
