"""First frames and plans as tensors: what the frame reader looks at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.lexicon import COLOURS, CREATURES, SHAPES
from kinoeye.language.motion.timing import amount_of, natural_duration
from kinoeye.language.plan import ActorMention, Plan
from kinoeye.systems.gendop.program_tokens import ACTIONS
from kinoeye.systems.gendop.reaches import is_open

SIDE, PATCH = 64, 8
GRID = SIDE // PATCH
MAX_MARKS, MAX_ITEMS = 6, 48
END_ITEM = len(ACTIONS) + 1
CHANNELS = 10
_COLOURS, _SHAPES = tuple(COLOURS), (*SHAPES, *CREATURES)
COLOUR_NUMBERS, SHAPE_NUMBERS, ITEM_NUMBERS = len(_COLOURS) + 1, len(_SHAPES) + 1, END_ITEM + 1
"""How many there are, 0 among them, which stands for nothing."""
_NEAR_M, _FAR_M, _USUAL_M = 0.1, 100.0, 4.0
_DEFAULT_FOV = math.radians(60.0)
_GREY = 128


@dataclass(frozen=True)
class SquareFrame:
    """A first frame scaled into a square of `SIDE` pixels; what is beside it is grey and of unknown depth."""

    image: NDArray[np.uint8]
    """[s, s, 3]"""
    depth: NDArray[np.floating]
    """[s, s] in metres, NaN where unknown, infinite where the sky is."""
    lens: NDArray[np.floating]
    """[4] fx, fy, cx, cy in pixels of the square."""


@dataclass(frozen=True)
class PlanRows:
    """A plan as numbers."""

    marks: NDArray[np.int8]
    """[k, 2] colour and shape of each actor, 0 where nobody says; rows of zeros pad."""
    items: NDArray[np.int8]
    """[i] the actions of each move, and an end after them."""
    values: NDArray[np.float32]
    """[i, 2] logarithm of how far an action goes on its own, and whether that is stated."""
    about: NDArray[np.int8]
    """[i] number, from 1, of the actor that an action is about; 0 for none."""


@dataclass(frozen=True)
class FrameBatch:
    """Frames and plans as tensors."""

    pixels: Float[Tensor, "b 10 s s"]
    """Red, green, blue, log depth, depth known, sky, the tangents of the ray to the right and down, and (as areas of
    the hyperbolic sine) how many metres to the right and down of the camera the point is that is seen there."""
    log_depth: Float[Tensor, "b g g"]
    """Median log depth of each patch; that of 4 m where it is not known."""
    known: Float[Tensor, "b g g"]
    """Share of each patch whose depth is known."""
    rays: Float[Tensor, "b g g 2"]
    """Tangents of the ray through the middle of each patch."""
    colours: Int[Tensor, "b k"]
    shapes: Int[Tensor, "b k"]
    marked: Bool[Tensor, "b k"]
    items: Int[Tensor, "b i"]
    """Actions of the moves in order, each move closed by an end; 0 pads."""
    item_values: Float[Tensor, "b i 2"]
    """Logarithm of how far an action goes on its own, and whether that is stated."""
    item_marks: Int[Tensor, "b i"]
    """Number, from 1, of the actor that an action is about; 0 for none."""

    def to(self, device: torch.device | str) -> FrameBatch:
        """The same on a device."""
        return FrameBatch(**{name: value.to(device) for name, value in vars(self).items()})


def frame_batch(items: Sequence[tuple[Plan, RGBD]]) -> FrameBatch:
    """Plans and their frames as tensors; frames of any size are scaled into a square, the rest of it unknown.

    Raises:
        InputError: a frame has no depth or no picture, or a plan has more than 48 actions and ends.
    """
    return stacked([square_frame(frame) for _, frame in items], [plan_rows(plan) for plan, _ in items])


def stacked(frames: Sequence[SquareFrame], plans: Sequence[PlanRows]) -> FrameBatch:
    """Frames and plans, one for each other, as tensors."""
    pixels = _pixels(frames)
    cells = pixels.unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH).flatten(-2)  # [b, 10, g, g, pixels of a patch]
    known = cells[:, 4]
    depth = torch.where(known > 0, cells[:, 3], torch.nan).nanmedian(-1).values
    marks = torch.from_numpy(np.stack([plan.marks for plan in plans])).long()
    length = max(len(plan.items) for plan in plans)

    def padded(name: str) -> Tensor:
        arrays = [getattr(plan, name) for plan in plans]
        filled = [np.concatenate([a, np.zeros((length - len(a), *a.shape[1:]), a.dtype)]) for a in arrays]
        return torch.from_numpy(np.stack(filled))

    return FrameBatch(
        pixels=pixels,
        log_depth=torch.nan_to_num(depth, nan=math.log(_USUAL_M)),
        known=known.mean(-1),
        rays=cells[:, 6:8].mean(-1).movedim(1, -1),
        colours=marks[..., 0],
        shapes=marks[..., 1],
        marked=marks[..., 1] > 0,
        items=padded("items").long(),
        item_values=padded("values"),
        item_marks=padded("about").long(),
    )


def square_frame(frame: RGBD) -> SquareFrame:
    """A frame of any size in a square.

    Raises:
        InputError: it has no depth or no picture.
    """
    import cv2

    if frame.image is None or frame.depth is None:
        raise InputError("this director looks at colour and depth; give both --image and --depth")
    height, width = frame.depth.shape
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    inside = (slice(top, top + size[1]), slice(left, left + size[0]))
    image = np.full((SIDE, SIDE, 3), _GREY, np.uint8)
    image[inside] = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    depth = np.full((SIDE, SIDE), np.nan, np.float32)
    depth[inside] = cv2.resize(frame.depth.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    if frame.intrinsics is None:
        focal = SIDE / (2 * math.tan(_DEFAULT_FOV / 2))
        return SquareFrame(image, depth, np.array([focal, focal, SIDE / 2, SIDE / 2]))
    lens = frame.intrinsics
    lens = lens if lens.size_wh == (width, height) else lens.resize((width, height))
    fx_fy_cx_cy = np.asarray(lens.fx_fy_cx_cy.reshape(-1, 4)[0]) * scale
    return SquareFrame(image, depth, fx_fy_cx_cy + np.array([0.0, 0.0, left, top]))


def plan_rows(plan: Plan) -> PlanRows:
    """A plan as numbers.

    Raises:
        InputError: it has more than 48 actions and ends.
    """
    numbers: Mapping[str, int] = {actor.name: index + 1 for index, actor in enumerate(plan.actors[:MAX_MARKS])}
    items: list[int] = []
    values: list[tuple[float, float]] = []
    about: list[int] = []
    for move in plan.moves:
        for action in move.actions:
            extent = amount_of(action, move, natural_duration(move))
            items.append(ACTIONS.index(f"{action.kind} {action.direction}".strip()) + 1)
            values.append((math.log(max(extent, 1e-3)), float(not is_open(action))))
            about.append(numbers.get(action.target or "", 0))
        items.append(END_ITEM)
        values.append((0.0, 0.0))
        about.append(0)
    if len(items) > MAX_ITEMS:
        raise InputError(f"the plan has {len(items)} actions and ends; at most {MAX_ITEMS} are read with a frame")
    marks = [_mark(actor) for actor in plan.actors[:MAX_MARKS]]
    return PlanRows(
        marks=np.array(marks + [(0, 0)] * (MAX_MARKS - len(marks)), np.int8),
        items=np.array(items, np.int8),
        values=np.array(values, np.float32),
        about=np.array(about, np.int8),
    )


def _mark(actor: ActorMention) -> tuple[int, int]:
    """Colour and shape of an actor, counted from 1; colour 0 where nobody says one."""
    colour = actor.colour or _first_colour(actor.clothes)
    return (_COLOURS.index(colour) + 1 if colour in _COLOURS else 0, _SHAPES.index(actor.shape) + 1)


def _first_colour(clothes: str) -> str | None:
    """The colour that is said first of clothes; people are known by what they wear above their hips."""
    spoken = {word: colour for colour, words in COLOURS.items() for word in words}
    return next((spoken[word] for word in clothes.lower().split() if word in spoken), None)


def _pixels(frames: Sequence[SquareFrame]) -> Float[Tensor, "b 10 s s"]:
    image = torch.from_numpy(np.stack([frame.image for frame in frames]))
    depth = torch.from_numpy(np.stack([frame.depth for frame in frames])).float()
    fx, fy, cx, cy = torch.from_numpy(np.stack([frame.lens for frame in frames])).float().T[..., None, None]
    at = torch.arange(SIDE) + 0.5
    out = torch.zeros(len(frames), CHANNELS, SIDE, SIDE)
    out[:, :3] = image.movedim(-1, 1) / 255.0 - 0.5
    known = torch.isfinite(depth) & (depth > 0)
    out[:, 3] = torch.where(known, depth.nan_to_num(1.0, 1.0).clamp(_NEAR_M, _FAR_M).log(), 0.0)
    out[:, 4], out[:, 5] = known, torch.isposinf(depth)
    out[:, 6], out[:, 7] = (at - cx) / fx, (at[:, None] - cy) / fy
    out[:, 8:] = torch.where(known[:, None], out[:, 6:8] * out[:, 3:4].exp(), 0.0).asinh()
    return out
