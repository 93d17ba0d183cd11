"""How the frame reader is trained: rendered first frames, captions about what they show, and paths that keep clear."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.geometry.rgbd import RGBD
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.recipe import Batch, Phase
from kinoeye.networks.tensor_files import open_tensors, write_tensors
from kinoeye.systems.gendop.frame_reader import (
    GRID,
    MAX_MARKS,
    PATCH,
    FrameBatch,
    FrameReader,
    FrameReaderConfig,
    frame_batch,
    from_anchor,
)
from kinoeye.systems.gendop.framed_programs import FramedProgram, everybody, framed_program

CONFIG_FILE, WEIGHTS_FILE, CONFIG_VERSION = "config.json", "model.safetensors", 1
_IGNORED = -100
_DEPTH_NOISE, _HOLE_SHARE = 0.02, 0.1


@dataclass(frozen=True, kw_only=True)
class FrameRecipe:
    """Training of the frame reader on the train stream of worlds and words; every sample follows from its number."""

    steps: int = 2_500
    batch_size: int = 32
    lr: float = 1.5e-3
    seed: int = 0
    first_world: int = 1_000_000

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (
            Phase(
                name="frames", steps=self.steps, batch_size=self.batch_size, lr=self.lr, warmup_steps=200,
                schedule="cosine", final_lr_fraction=0.02, betas=(0.9, 0.98), weight_decay=0.05, ema_decay=0.998,
                precision="bf16", checkpoint_every=250,
            ),
        )  # fmt: skip

    def build(self, phase: Phase, previous: nn.Module | None) -> FrameReader:
        """A fresh reader."""
        del phase, previous
        return FrameReader(FrameReaderConfig())

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Worlds that no other batch or process has."""
        size = phase.batch_size // (phase.accumulation * world)
        number = start
        while True:
            first = self.first_world + (number * world + rank) * size
            items = [framed_program("train", first + index) for index in range(size)]
            rng = np.random.default_rng([self.seed, number, rank])
            yield to_batch([replace(item, frame=worn(item.frame, rng)) for item in items])
            number += 1

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Where actors are, and how far moves may go."""
        del generator
        reading = model(FrameBatch(**{name: batch[name] for name in FrameBatch.__dataclass_fields__}))
        patch = nn.functional.cross_entropy(
            reading.patch_logits.flatten(0, 1), batch["patch"].flatten(), ignore_index=_IGNORED
        )
        seen = (batch["patch"] != _IGNORED)[..., None]
        scale = torch.tensor([5.0, 5.0, 3.0, 1.0, 1.0], device=seen.device)
        off = nn.functional.smooth_l1_loss(reading.place * scale, batch["place"] * scale, beta=0.1, reduction="none")
        place = (off * seen).sum() / (seen.sum() * 5).clamp(min=1)
        reach = nn.functional.cross_entropy(
            reading.reach_logits.flatten(0, 1), batch["reach"].flatten(), ignore_index=_IGNORED
        )
        return {
            "loss": patch + place + reach,
            "patch": patch.detach(),
            "place": place.detach(),
            "reach": reach.detach(),
        }

    def export(self, model: nn.Module, folder: Path) -> None:
        """Configuration and weights in 16 bits."""
        save(model, folder)


def to_batch(items: Sequence[FramedProgram]) -> dict[str, Tensor]:
    """Samples as tensors, with what the reader should say."""
    plans = [everybody(item) for item in items]
    inputs = frame_batch([(plan, item.frame) for plan, item in zip(plans, items, strict=True)])
    shape = inputs.items.shape
    patch = torch.full((len(items), MAX_MARKS), _IGNORED)
    place = torch.zeros(len(items), MAX_MARKS, 5)
    reach = torch.full(shape, _IGNORED)
    for row, item in enumerate(items):
        for column, actor in enumerate(plans[row].actors[:MAX_MARKS]):
            if actor.name not in item.anchors:
                continue  # somebody of the caption's prose, who is not in the world
            known = from_anchor(item.anchors[actor.name])
            place[row, column] = torch.from_numpy(known)
            patch[row, column] = _patch_of(item.frame, known)
        for end, number in zip(_ends(inputs, row), item.reaches, strict=True):
            if number is not None:
                reach[row, end] = number
    return {**vars(inputs), "patch": patch, "place": place, "reach": reach}


def worn(frame: RGBD, rng: np.random.Generator) -> RGBD:
    """A frame whose depth is as imperfect as measured depth: two per cent of noise, and at times holes."""
    assert frame.depth is not None
    depth = frame.depth * np.exp(_DEPTH_NOISE * rng.standard_normal(frame.depth.shape)).astype(np.float32)
    if rng.random() < 0.3:
        depth = np.where(rng.random(depth.shape) < _HOLE_SHARE, np.float32(np.nan), depth)
    return replace(frame, depth=depth)


def save(model: nn.Module, folder: Path) -> None:
    """Write what a director that looks at frames loads."""
    assert isinstance(model, FrameReader)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS_FILE, {key: value.half().contiguous() for key, value in model.state_dict().items()})
    write_json(folder / CONFIG_FILE, write_record(model.config, version=CONFIG_VERSION))


def load_reader(folder: Path | str) -> FrameReader:
    """The frame reader of a folder that `save` wrote, ready to read.

    Raises:
        InputError: a file is missing or damaged, or it is not a frame reader.
    """
    where = Path(folder) / CONFIG_FILE
    config = read_record(FrameReaderConfig, read_json(where), version=CONFIG_VERSION, where=str(where))
    reader = FrameReader(config)
    KeyMap("frame reader", [Rule("{key*}", "{key*}")]).load(reader, open_tensors(Path(folder) / WEIGHTS_FILE))
    return reader.eval()


def _ends(batch: FrameBatch, row: int) -> list[int]:
    last = int(batch.items.max())
    return (batch.items[row] == last).nonzero().flatten().tolist()


def _patch_of(frame: RGBD, place: np.ndarray) -> int:
    """The patch in which an actor's middle is; ignored outside of the picture."""
    assert frame.intrinsics is not None
    fx, fy, cx, cy = frame.intrinsics.fx_fy_cx_cy.reshape(-1, 4)[0].tolist()
    column, row = (math.floor(value / PATCH) for value in (place[0] * fx + cx, place[1] * fy + cy))
    return row * GRID + column if 0 <= column < GRID and 0 <= row < GRID else _IGNORED
