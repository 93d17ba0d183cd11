"""Camera paths of random programs, with captions in the wordings of a stream or in those of DataDoP."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from random import Random

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.language.captions import caption
from kinoeye.language.compiler import compile_path
from kinoeye.language.motion.timing import natural_duration
from kinoeye.language.plan import Plan
from kinoeye.language.tags import motion_tags, segments
from kinoeye.networks.captioned_paths import CaptionedPath
from kinoeye.systems.gendop.wording import CaptionedProgram, Stream, captioned_program

FEWEST_POSES, MOST_POSES = 30, 60
_SCALES = (0.03, 1.5)
"""Of paths that are told by their tags, as those of DataDoP are in no known unit."""
_UNSEEN = ("hold", "zoom")
"""Kinds of action that leave the camera where it is."""
_NEXT_TRY = 2**40
"""What is added to the number of a program that has no path; streams are shorter."""


@dataclass(frozen=True)
class WordedPaths:
    """A `PairSource`: even numbers are told in the words of a stream, odd ones by their tags.

    Args:
        stream: of programs and wordings.
        first: the number in the stream of pair 0.
    """

    stream: Stream
    first: int = 0

    def __call__(self, index: int) -> CaptionedPath:
        """The pair with this number."""
        made = told_by_tags if index % 2 else told_in_words
        return made(self.stream, self.first + index)


@dataclass(frozen=True)
class WordedPrograms:
    """A `PairSource` of one length: the captions that our own director learns from, with the paths of their programs.

    Args:
        stream: of programs and wordings.
        first: the number in the stream of pair 0.
        poses: of every path.
    """

    stream: Stream
    first: int
    poses: int

    def __call__(self, index: int) -> CaptionedPath:
        """The pair with this number."""
        return told_in_words(self.stream, self.first + index, poses=self.poses)


def told_in_words(stream: Stream, number: int, *, poses: int | None = None) -> CaptionedPath:
    """A caption of a stream and the path of its program in metres; programs without a path are passed over.

    Its meaning is the program without amounts and without what leaves the camera where it is. The path has so many
    poses, or 30 to 60 of them.

    Example:
        >>> told_in_words("train", 3).T_world_cam.shape[1:]
        (4, 4)
    """
    program, path = _with_path(stream, number, lambda drawn: drawn if poses is None else poses)
    return CaptionedPath(T_world_cam=path, caption=program.caption, meaning=_moves_seen(program.plan))


def told_by_tags(stream: Stream, number: int) -> CaptionedPath:
    """The path of a program in any scale, and a caption of its motion tags as DataDoP has them ("Movement")."""
    # DataDoP tags shots at twice the rate at which 60 poses see them.
    _, path = _with_path(stream, number, lambda poses: 2 * poses - 1)
    smallest, largest = (math.log(scale) for scale in _SCALES)
    path[:, :3, 3] *= math.exp(Random(f"scale {stream} {number}").uniform(smallest, largest))
    said = caption(segments(motion_tags(path)))
    return CaptionedPath(T_world_cam=path[::2], caption=said, meaning=said)


def _with_path(
    stream: Stream, number: int, frames: Callable[[int], int]
) -> tuple[CaptionedProgram, NDArray[np.float64]]:
    """The first program from a number on that has a path, and that path; half of all have `MOST_POSES` poses."""
    rng = Random(f"poses {stream} {number}")
    poses = rng.randint(FEWEST_POSES, MOST_POSES) if rng.random() < 0.5 else MOST_POSES
    while True:
        program = captioned_program(stream, number)
        try:
            return program, _path(program.plan, frames(poses), seed=number)
        except InputError:
            number += _NEXT_TRY


def _path(plan: Plan, frames: int, *, seed: int) -> NDArray[np.float64]:
    """The whole path of a plan at so many even times."""
    duration = plan.duration_s or sum(natural_duration(move) for move in plan.moves)
    return compile_path(plan, num_frames=frames, fps=(frames - 1) / duration, seed=seed).T_world_cam


def _moves_seen(plan: Plan) -> str:
    moves = (
        " + ".join(f"{action.kind} {action.direction}" for action in move.actions if action.kind not in _UNSEEN)
        for move in plan.moves
    )
    return ", ".join(name or "hold" for name, _ in groupby(moves))
