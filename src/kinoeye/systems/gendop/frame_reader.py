"""What a first frame says about a plan: where its actors are, and how far its moves may go.

The plan may come from any director. The network finds each named actor in the picture, its depth is read off the depth
map, and every move whose amount nobody stated is told what share of its default keeps clear of what the frame shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.lexicon import COLOURS, SHAPES
from kinoeye.language.motion.path import Anchor
from kinoeye.language.motion.timing import amount_of, natural_duration
from kinoeye.language.plan import ActorMention, Plan
from kinoeye.networks.blocks import Block, rotary
from kinoeye.systems.gendop.program_tokens import ACTIONS
from kinoeye.systems.gendop.reaches import REACHES, is_open, with_reach

SIDE, PATCH = 64, 8
GRID = SIDE // PATCH
MAX_MARKS, MAX_ITEMS = 6, 48
_END_ITEM = len(ACTIONS) + 1
_COLOURS, _SHAPES = tuple(COLOURS), tuple(SHAPES)
_NEAR_M, _FAR_M, _USUAL_M = 0.1, 100.0, 4.0
_DEFAULT_FOV = math.radians(60.0)


@dataclass(frozen=True)
class FrameBatch:
    """Frames and plans as tensors."""

    pixels: Float[Tensor, "b 8 s s"]
    """Red, green, blue, log depth, depth known, sky, and the tangents of the ray to the right and down."""
    log_depth: Float[Tensor, "b g g"]
    """Median log depth of each patch; that of 4 m where it is not known."""
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


@dataclass(frozen=True)
class FrameReading:
    """What the network says."""

    patch_logits: Float[Tensor, "b k p"]
    """In which patch the middle of each actor is."""
    place: Float[Tensor, "b k 5"]
    """Tangents to the right and down of an actor's middle, and the logarithms of its depth, height and width in m."""
    reach_logits: Float[Tensor, "b i r"]
    """For each item the share of the default amount; it counts where a move ends."""


@dataclass(frozen=True, kw_only=True)
class FrameReaderConfig:
    """Size of a frame reader."""

    width: int = 128
    heads: int = 4
    image_layers: int = 2
    plan_layers: int = 2


class FrameReader(nn.Module):
    """Frames and plans to anchors and reaches.

    Args:
        config: its size.
    """

    def __init__(self, config: FrameReaderConfig) -> None:
        super().__init__()
        self.config = config
        c = config.width
        self.patches = nn.Conv2d(8, c, PATCH, PATCH)
        self.patch_place = nn.Parameter(torch.randn(1, GRID * GRID, c) * c**-0.5)
        self.image_blocks = nn.ModuleList(Block(c, config.heads) for _ in range(config.image_layers))
        self.colour = nn.Embedding(len(_COLOURS) + 1, c)
        self.shape = nn.Embedding(len(_SHAPES) + 1, c)
        self.query = nn.Linear(c, c)
        self.key = nn.Linear(c, c)
        self.place = nn.Sequential(nn.Linear(2 * c, c), nn.GELU(), nn.Linear(c, 5))
        self.mark_token = nn.Linear(c + 5, c)
        self.item = nn.Embedding(len(ACTIONS) + 2, c, padding_idx=0)
        self.value = nn.Linear(2, c)
        self.plan_blocks = nn.ModuleList(Block(c, config.heads, crosses=True) for _ in range(config.plan_layers))
        self.norm = nn.LayerNorm(c)
        self.reach = nn.Linear(c, len(REACHES))
        nn.init.zeros_(self.place[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.place[-1].bias)  # type: ignore[arg-type]

    def forward(self, batch: FrameBatch) -> FrameReading:
        """Read a batch."""
        patches = self.patches(batch.pixels).flatten(2).transpose(1, 2) + self.patch_place
        for block in self.image_blocks:
            patches = block(patches)
        looks = self.colour(batch.colours) + self.shape(batch.shapes)
        logits = self.query(looks) @ self.key(patches).transpose(1, 2) / math.sqrt(self.config.width)
        share = logits.float().softmax(-1)
        place = self._places(batch, patches, looks, share)
        marks = self.mark_token(torch.cat([looks, place.to(looks.dtype)], -1)) * batch.marked[..., None]
        return FrameReading(logits.float(), place, self._reaches(batch, patches, marks))

    def _places(self, batch: FrameBatch, patches: Tensor, looks: Tensor, share: Tensor) -> Tensor:
        """Where actors are: what their patches say, and small corrections to it."""
        seen = share.to(patches.dtype) @ patches
        change = self.place(torch.cat([seen, looks], -1)).float()
        direction = share @ batch.rays.flatten(1, 2)
        log_depth = share @ batch.log_depth.flatten(1)[..., None]
        size = torch.zeros_like(direction)
        return torch.cat([direction, log_depth, size], -1) + change

    def _reaches(self, batch: FrameBatch, patches: Tensor, marks: Tensor) -> Tensor:
        none = torch.zeros_like(marks[:, :1])
        about = torch.cat([none, marks], 1).gather(1, batch.item_marks[..., None].expand(-1, -1, marks.shape[-1]))
        x = self.item(batch.items) + self.value(batch.item_values) + about
        length = x.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()[None, None]
        positions = rotary(length, self.config.width // self.config.heads, device=x.device)
        context = torch.cat([patches, marks], 1)
        for block in self.plan_blocks:
            x = block(x, mask=causal, positions=positions, context=context)
        return self.reach(self.norm(x)).float()

    @torch.no_grad()
    def read(self, plan: Plan, frame: RGBD) -> tuple[dict[str, Anchor], Plan]:
        """Anchors of the plan's actors in the axes of the first camera, and the plan with its open amounts chosen.

        Raises:
            InputError: the frame has no depth or no picture.
        """
        batch = frame_batch([(plan, frame)]).to(self.reach.weight.device)
        reading = self(batch)
        anchors = {
            actor.name: to_anchor(reading.place[0, index].cpu().numpy())
            for index, actor in enumerate(plan.actors[:MAX_MARKS])
        }
        ends = (batch.items[0] == _END_ITEM).nonzero().flatten().tolist()
        moves = list(plan.moves)
        for index, end in enumerate(ends):
            if any(is_open(action) for action in moves[index].actions):
                moves[index] = with_reach(moves[index], REACHES[int(reading.reach_logits[0, end].argmax())])
        return anchors, replace(plan, moves=tuple(moves))


def to_anchor(place: Sequence[float] | np.ndarray) -> Anchor:
    """The anchor of an actor whose middle, height and width are as in `FrameReading.place`."""
    right, down, log_depth, log_height, log_width = (float(value) for value in place)
    depth, height, width = math.exp(log_depth), math.exp(log_height), math.exp(log_width)
    # Down is +y in the axes of a camera: the ground contact lies half a height below the middle.
    return Anchor((right * depth, down * depth + height / 2, depth), (width, width, height))


def from_anchor(anchor: Anchor) -> Float[np.ndarray, "5"]:
    """The inverse of `to_anchor`, for anchors in front of the camera."""
    x, y, z = anchor.position_xyz
    width, _, height = anchor.size_xyz
    depth = max(z, 0.05)
    middle = y - height / 2
    return np.array(
        [x / depth, middle / depth, math.log(depth), math.log(max(height, 0.05)), math.log(max(width, 0.05))]
    )


def frame_batch(items: Sequence[tuple[Plan, RGBD]]) -> FrameBatch:
    """Plans and their frames as tensors; frames of any size are scaled into a square, the rest of it unknown.

    Raises:
        InputError: a frame has no depth or no picture, or a plan has more than 48 actions and ends.
    """
    frames = [_pixels(frame) for _, frame in items]
    marks = [_marks(plan.actors) for plan, _ in items]
    plans = [_items(plan) for plan, _ in items]
    length = max(len(rows) for rows in plans)
    if length > MAX_ITEMS:
        raise InputError(f"the plan has {length} actions and ends; at most {MAX_ITEMS} are read with a frame")
    padded = [[*rows, *[(0, 0.0, 0.0, 0)] * (length - len(rows))] for rows in plans]
    table = torch.tensor(padded, dtype=torch.float64)
    pixels = torch.from_numpy(np.stack(frames)).float()
    return FrameBatch(
        pixels=pixels,
        log_depth=_patch_depth(pixels),
        rays=pixels[:, 6:8].unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH).mean((-2, -1)).movedim(1, -1),
        colours=torch.tensor([[colour for colour, _ in row] for row in marks]),
        shapes=torch.tensor([[shape for _, shape in row] for row in marks]),
        marked=torch.tensor([[shape > 0 for _, shape in row] for row in marks]),
        items=table[..., 0].long(),
        item_values=table[..., 1:3].float(),
        item_marks=table[..., 3].long(),
    )


def _marks(actors: Sequence[ActorMention]) -> list[tuple[int, int]]:
    known = [
        (_COLOURS.index(actor.colour) + 1 if actor.colour in _COLOURS else 0, _SHAPES.index(actor.shape) + 1)
        for actor in actors[:MAX_MARKS]
    ]
    return known + [(0, 0)] * (MAX_MARKS - len(known))


def _items(plan: Plan) -> list[tuple[int, float, float, int]]:
    """Number of the action, logarithm of its extent, whether that is stated, and its actor, for each item."""
    names: Mapping[str, int] = {actor.name: index + 1 for index, actor in enumerate(plan.actors[:MAX_MARKS])}
    rows: list[tuple[int, float, float, int]] = []
    for move in plan.moves:
        for action in move.actions:
            extent = amount_of(action, move, natural_duration(move))
            number = ACTIONS.index(f"{action.kind} {action.direction}".strip()) + 1
            rows.append(
                (number, math.log(max(extent, 1e-3)), float(not is_open(action)), names.get(action.target or "", 0))
            )
        rows.append((_END_ITEM, 0.0, 0.0, 0))
    return rows


def _pixels(frame: RGBD) -> Float[np.ndarray, "8 s s"]:
    import cv2

    if frame.image is None or frame.depth is None:
        raise InputError("this director looks at colour and depth; give both --image and --depth")
    height, width = frame.depth.shape
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    inside = (slice(top, top + size[1]), slice(left, left + size[0]))
    out = np.zeros((8, SIDE, SIDE))
    out[:3, *inside] = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1) / 255.0 - 0.5
    depth = cv2.resize(frame.depth.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    known, sky = np.isfinite(depth) & (depth > 0), np.isposinf(depth)
    out[3, *inside] = np.where(known, np.log(np.clip(np.where(known, depth, 1.0), _NEAR_M, _FAR_M)), 0.0)
    out[4, *inside], out[5, *inside] = known, sky
    if frame.intrinsics is None:
        fx = fy = SIDE / (2 * math.tan(_DEFAULT_FOV / 2))
        cx, cy = SIDE / 2, SIDE / 2
    else:
        lens = (
            frame.intrinsics.resize((width, height))
            if frame.intrinsics.size_wh != (width, height)
            else frame.intrinsics
        )
        fx, fy, cx, cy = (np.asarray(lens.fx_fy_cx_cy.reshape(-1, 4)[0]) * scale).tolist()
        cx, cy = cx + left, cy + top
    columns, rows = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    out[6], out[7] = (columns - cx) / fx, (rows - cy) / fy
    return out


def _patch_depth(pixels: Float[Tensor, "b 8 s s"]) -> Float[Tensor, "b g g"]:
    """Median log depth of the known pixels of each patch."""
    cells = pixels[:, 3:5].unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH).flatten(-2)
    depth = torch.where(cells[:, 1] > 0, cells[:, 0], torch.nan).nanmedian(-1).values
    return torch.nan_to_num(depth, nan=math.log(_USUAL_M))
