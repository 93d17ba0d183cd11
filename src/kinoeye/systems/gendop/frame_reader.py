"""What a first frame says about a plan: where its actors are, and how far its moves may go.

The plan may come from any director. The network finds each named actor in the picture, its depth is read off the depth
map, and every move whose amount nobody stated is told what share of its default keeps clear of what the frame shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.motion.path import Anchor
from kinoeye.language.plan import Plan
from kinoeye.networks.blocks import Block, rotary
from kinoeye.systems.gendop.frame_tensors import (
    CHANNELS,
    COLOUR_NUMBERS,
    END_ITEM,
    GRID,
    ITEM_NUMBERS,
    MAX_MARKS,
    PATCH,
    SHAPE_NUMBERS,
    FrameBatch,
    frame_batch,
)
from kinoeye.systems.gendop.reaches import REACHES, with_aims, with_reach

CAUTION = 0.85
"""How sure the reader must be that a move is clear before it goes so far."""
_LEAST_SEEN = 0.3
"""Of what an actor's place is read from, the share that needs known depth: a distance is never made up."""


@dataclass(frozen=True)
class FrameReading:
    """What the network says."""

    patch_logits: Float[Tensor, "b k p"]
    """In which patch the middle of each actor is."""
    place: Float[Tensor, "b k 5"]
    """Tangents to the right and down of an actor's middle, and the logarithms of its depth, height and width in m."""
    seen: Float[Tensor, "b k"]
    """How much of what an actor's place was read from has known depth, 0 to 1."""
    reach_logits: Float[Tensor, "b i r"]
    """For each item the largest share of the default amount that is clear; it counts where a move ends."""


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
        self.patches = nn.Conv2d(CHANNELS, c, PATCH, PATCH)
        self.patch_place = nn.Parameter(torch.randn(1, GRID * GRID, c) * c**-0.5)
        self.image_blocks = nn.ModuleList(Block(c, config.heads) for _ in range(config.image_layers))
        self.colour = nn.Embedding(COLOUR_NUMBERS, c)
        self.shape = nn.Embedding(SHAPE_NUMBERS, c)
        self.query = nn.Linear(c, c)
        self.key = nn.Linear(c, c)
        self.place = nn.Sequential(nn.Linear(2 * c, c), nn.GELU(), nn.Linear(c, 5))
        self.mark_token = nn.Linear(c + 5, c)
        self.item = nn.Embedding(ITEM_NUMBERS, c, padding_idx=0)
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
        place, seen = self._places(batch, patches, looks, share)
        marks = self.mark_token(torch.cat([looks, place.to(looks.dtype)], -1)) * batch.marked[..., None]
        return FrameReading(logits.float(), place, seen, self._reaches(batch, patches, marks))

    def _places(self, batch: FrameBatch, patches: Tensor, looks: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Where actors are (what their patches say, and small corrections to it), and how much of it has depth."""
        found = share.to(patches.dtype) @ patches
        change = self.place(torch.cat([found, looks], -1)).float()
        direction = share @ batch.rays.flatten(1, 2)
        known = batch.known.flatten(1)[..., None]
        seen = share @ known
        log_depth = share @ (known * batch.log_depth.flatten(1)[..., None]) / seen.clamp(min=1e-3)
        size = torch.zeros_like(direction)
        return torch.cat([direction, log_depth, size], -1) + change, seen[..., 0]

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
        """Anchors of the plan's actors in the axes of the first camera, and the plan as it should be made there.

        An actor whose depth is not known has no anchor, because a distance is never made up. Pushes turn to subjects
        that have one, and open amounts go as far as is clear with a probability of `CAUTION`; without any depth they
        stay open.

        Raises:
            InputError: the frame has no depth or no picture.
        """
        reading, batch = self._look(plan, frame)
        anchors = {
            actor.name: to_anchor(reading.place[0, index].cpu().numpy())
            for index, actor in enumerate(plan.actors[:MAX_MARKS])
            if batch.marked[0, index] and reading.seen[0, index] >= _LEAST_SEEN
        }
        if not batch.known.any():
            return anchors, plan
        aimed = with_aims(plan, anchors)
        if aimed != plan:
            plan = aimed
            reading, batch = self._look(plan, frame)
        numbers = cautious(reading.reach_logits[0, batch.items[0] == END_ITEM]).tolist()
        moves = tuple(with_reach(move, REACHES[number]) for move, number in zip(plan.moves, numbers, strict=True))
        return anchors, replace(plan, moves=moves)

    def _look(self, plan: Plan, frame: RGBD) -> tuple[FrameReading, FrameBatch]:
        batch = frame_batch([(plan, frame)]).to(self.reach.weight.device)
        return self(batch), batch


def cautious(reach_logits: Float[Tensor, "*b r"], caution: float = CAUTION) -> Int[Tensor, "*b"]:
    """Numbers in `REACHES` of the largest reaches that are clear with a probability of at least `caution`.

    The network says which reach is the largest that is clear. What is clear farther out is clear nearer by, so a reach
    is clear with the probability of that reach and all larger ones together.
    """
    clear = reach_logits.softmax(-1).cumsum(-1)
    clear[..., -1] = 1.0  # the smallest, whatever it is
    return (clear >= caution).int().argmax(-1)


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
