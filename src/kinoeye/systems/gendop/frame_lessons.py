"""What the frame reader is shown and should say, as small arrays: each world is rendered once and seen often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.systems.gendop.frame_reader import from_anchor
from kinoeye.systems.gendop.frame_tensors import (
    END_ITEM,
    GRID,
    MAX_MARKS,
    PATCH,
    SIDE,
    PlanRows,
    SquareFrame,
    plan_rows,
    square_frame,
    stacked,
)
from kinoeye.systems.gendop.framed_programs import FramedProgram, framed_programs
from kinoeye.systems.gendop.program_tokens import ACTIONS
from kinoeye.systems.gendop.wording import Stream

IGNORED = -100
_DEPTH_NOISE, _HOLE_SHARE, _MOST_PATCHES = 0.02, 0.1, 4
_FARTHEST_M = 6e4
"""So that no ground becomes sky in 16 bits."""
_BRIGHTNESS, _TINT, _GRAIN = 0.25, 0.08, 4.0


@dataclass(frozen=True)
class FrameLesson:
    """A frame and a plan, with what the reader should say of them."""

    frame: SquareFrame
    plan: PlanRows
    named: int
    """How many actors the plan itself names; those after them are looked for as well."""
    patch: NDArray[np.int8]
    """[k] in which patch the middle of each actor is; `IGNORED` where it is in none."""
    place: NDArray[np.float32]
    """[k, 5] as `FrameReading.place` has it."""
    reach: NDArray[np.int8]
    """[i] number in `REACHES` where a move ends; `IGNORED` elsewhere, and where nothing is open."""


class RenderedWorlds:
    """The lessons of `count` worlds, each rendered when it is first asked for and kept from then on.

    Args:
        stream: of worlds and words.
        first: seed of the first world.
        count: how many there are.
    """

    def __init__(self, stream: Stream, first: int, count: int) -> None:
        self._stream: Stream = stream
        self._first, self._count = first, count
        self._kept: dict[int, tuple[FrameLesson, ...]] = {}
        self._turn, self._order = 0, np.arange(count)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[FrameLesson, ...]:
        if index not in self._kept:
            items = framed_programs(self._stream, self._first + index)
            frame = _compact(square_frame(items[0].frame))
            self._kept[index] = tuple(lesson(item, frame) for item in items)
        return self._kept[index]

    def visit(self, number: int, rng: np.random.Generator) -> FrameLesson:
        """One of a world's lessons as it looks on one of many visits.

        Args:
            number: of the visit; every world is visited once before any is visited again.
            rng: the source of chance of this visit.
        """
        turn, place = divmod(number, self._count)
        if turn != self._turn:
            self._turn, self._order = turn, np.random.default_rng([turn, self._first]).permutation(self._count)
        found = self[int(self._order[place])]
        return worn(found[int(rng.integers(len(found)))], rng)


def lesson(item: FramedProgram, frame: SquareFrame | None = None) -> FrameLesson:
    """The arrays of a framed program; its frame may be at hand."""
    plan = item.with_everybody
    frame, rows = frame or square_frame(item.frame), plan_rows(plan)
    patch = np.full(MAX_MARKS, IGNORED, np.int8)
    place = np.zeros((MAX_MARKS, 5), np.float32)
    for index, actor in enumerate(plan.actors[:MAX_MARKS]):
        if actor.name in item.anchors:  # not somebody of the caption's prose, who is not in the world
            place[index] = from_anchor(item.anchors[actor.name])
            patch[index] = _patch_of(frame, place[index])
    reach = np.full(len(rows.items), IGNORED, np.int8)
    reach[rows.items == END_ITEM] = [IGNORED if number is None else number for number in item.reaches]
    return FrameLesson(frame, rows, min(len(item.plan.actors), MAX_MARKS), patch, place, reach)


def worn(lesson: FrameLesson, rng: np.random.Generator) -> FrameLesson:
    """A lesson in other light, with depth as imperfect as measured depth, at times mirrored or with fewer actors."""
    if rng.random() < 0.5:
        lesson = mirrored(lesson)
    if rng.random() < 0.5:
        lesson = _with_own_cast(lesson)
    return replace(lesson, frame=_worn_frame(lesson.frame, rng))


def mirrored(lesson: FrameLesson) -> FrameLesson:
    """The world in a mirror, where left is right; how far a move may go stays the same."""
    frame, plan = lesson.frame, lesson.plan
    fx, fy, cx, cy = frame.lens
    row, column = np.divmod(lesson.patch, GRID)
    return replace(
        lesson,
        frame=SquareFrame(frame.image[:, ::-1], frame.depth[:, ::-1], np.array([fx, fy, SIDE - cx, cy])),
        plan=replace(plan, items=_MIRRORED[plan.items]),
        patch=np.where(lesson.patch == IGNORED, IGNORED, row * GRID + GRID - 1 - column).astype(np.int8),
        place=lesson.place * np.array([-1, 1, 1, 1, 1], np.float32),
    )


def lesson_batch(lessons: Sequence[FrameLesson]) -> dict[str, Tensor]:
    """Lessons as the tensors of a `FrameBatch`, with the truth beside them."""
    inputs = stacked([item.frame for item in lessons], [item.plan for item in lessons])
    reach = np.full(inputs.items.shape, IGNORED, np.int64)
    for row, item in enumerate(lessons):
        reach[row, : len(item.reach)] = item.reach
    return {
        **vars(inputs),
        "patch": torch.from_numpy(np.stack([item.patch for item in lessons])).long(),
        "place": torch.from_numpy(np.stack([item.place for item in lessons])),
        "reach": torch.from_numpy(reach),
    }


def _compact(frame: SquareFrame) -> SquareFrame:
    """The same in a third of the memory; depth keeps three digits."""
    depth = np.where(np.isfinite(frame.depth), np.minimum(frame.depth, _FARTHEST_M), frame.depth)
    return SquareFrame(frame.image, depth.astype(np.float16), frame.lens.astype(np.float32))


def _with_own_cast(lesson: FrameLesson) -> FrameLesson:
    own = np.arange(MAX_MARKS) < lesson.named
    marks = np.where(own[:, None], lesson.plan.marks, 0).astype(np.int8)
    return replace(
        lesson, plan=replace(lesson.plan, marks=marks), patch=np.where(own, lesson.patch, IGNORED).astype(np.int8)
    )


def _worn_frame(frame: SquareFrame, rng: np.random.Generator) -> SquareFrame:
    light = rng.uniform(1 - _BRIGHTNESS, 1 + _BRIGHTNESS) * rng.uniform(1 - _TINT, 1 + _TINT, 3)
    image = frame.image * light + _GRAIN * rng.standard_normal(frame.image.shape, np.float32)
    depth = frame.depth.astype(np.float32)
    depth = depth * np.exp(_DEPTH_NOISE * rng.standard_normal(depth.shape, np.float32))
    if rng.random() < 0.3:
        depth[rng.random(depth.shape) < _HOLE_SHARE] = np.nan
    if rng.random() < 0.3:  # such as glass, or the shadow of a depth sensor
        for _ in range(int(rng.integers(1, _MOST_PATCHES + 1))):
            top, left = rng.integers(0, SIDE, 2)
            height, width = rng.integers(2, 12, 2)
            depth[top : top + height, left : left + width] = np.nan
    return SquareFrame(image.clip(0, 255).astype(np.uint8), depth, frame.lens)


def _patch_of(frame: SquareFrame, place: NDArray[np.float32]) -> int:
    """The patch in which an actor's middle is; ignored outside of the picture."""
    fx, fy, cx, cy = frame.lens
    column, row = int((place[0] * fx + cx) // PATCH), int((place[1] * fy + cy) // PATCH)
    return row * GRID + column if 0 <= column < GRID and 0 <= row < GRID else IGNORED


def _mirrored_items() -> NDArray[np.int8]:
    swapped = {"left": "right", "right": "left"}
    table = list(range(END_ITEM + 1))
    for number, action in enumerate(ACTIONS, 1):
        kind, _, direction = action.partition(" ")
        table[number] = ACTIONS.index(f"{kind} {swapped.get(direction, direction)}".strip()) + 1
    return np.array(table, np.int8)


_MIRRORED = _mirrored_items()
