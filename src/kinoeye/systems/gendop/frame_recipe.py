"""How the frame reader is trained: rendered first frames, plans about what they show, and how far these keep clear."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.recipe import Batch, Phase, Recipe, item_numbers
from kinoeye.networks.tensor_files import open_tensors, write_tensors
from kinoeye.systems.gendop.frame_lessons import IGNORED, FrameLesson, RenderedWorlds, lesson_batch
from kinoeye.systems.gendop.frame_reader import FrameReader, FrameReaderConfig, FrameReading, cautious
from kinoeye.systems.gendop.frame_tensors import FrameBatch
from kinoeye.systems.gendop.reaches import REACHES
from kinoeye.systems.gendop.wording import Stream

CONFIG_FILE, WEIGHTS_FILE, CONFIG_VERSION = "config.json", "model.safetensors", 1
_VALIDATION_FROM, _VALIDATION_WORLDS = 500_000, 96


@dataclass(frozen=True, kw_only=True)
class FrameRecipe:
    """Training of the frame reader on worlds of the train stream, each rendered once and visited often.

    A visit draws one of the world's plans, and other light, wear and side of the mirror, from its batch's number; so a
    resumed run sees what an unbroken one sees. A world takes 43 kB of memory.
    """

    steps: int = 4_800
    batch_size: int = 48
    lr: float = 1.5e-3
    seed: int = 0
    worlds: int = 9_600
    first_world: int = 1_000_000
    config: FrameReaderConfig = field(default_factory=FrameReaderConfig)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (
            Phase(
                name="frames", steps=self.steps, batch_size=self.batch_size, lr=self.lr, warmup_steps=200,
                schedule="cosine", final_lr_fraction=0.02, betas=(0.9, 0.98), weight_decay=0.05, ema_decay=0.998,
                precision="bf16", validate_every=500, checkpoint_every=250,
            ),
        )  # fmt: skip

    def build(self, phase: Phase, previous: nn.Module | None) -> FrameReader:
        """A fresh reader."""
        del phase, previous
        return FrameReader(self.config)

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Visits to worlds, all of them before any is visited again."""
        worlds = RenderedWorlds("train", self.first_world, self.worlds)
        for batch, numbers in enumerate(item_numbers(phase, rank=rank, world=world, start=start), start):
            rng = np.random.default_rng([self.seed, batch, rank])
            yield lesson_batch([worlds.visit(number, rng) for number in numbers])

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Where actors are, and how far moves may go."""
        del generator
        reading = model(_inputs(batch))
        patch = nn.functional.cross_entropy(
            reading.patch_logits.flatten(0, 1), batch["patch"].flatten(), ignore_index=IGNORED
        )
        seen = (batch["patch"] != IGNORED)[..., None]
        scale = torch.tensor([5.0, 5.0, 3.0, 1.0, 1.0], device=seen.device)
        off = nn.functional.smooth_l1_loss(reading.place * scale, batch["place"] * scale, beta=0.1, reduction="none")
        place = (off * seen).sum() / (seen.sum() * 5).clamp(min=1)
        reach = nn.functional.cross_entropy(
            reading.reach_logits.flatten(0, 1), batch["reach"].flatten(), ignore_index=IGNORED
        )
        return {
            "loss": patch + place + reach,
            "patch": patch.detach(),
            "place": place.detach(),
            "reach": reach.detach(),
        }

    def validate(self, model: nn.Module, phase: Phase, step: int) -> dict[str, float]:
        """What the reader says of worlds of both streams that training never sees, see `reading_scores`."""
        del phase, step
        assert isinstance(model, FrameReader)
        found: dict[str, float] = {}
        for stream in ("train", "eval"):
            scores = reading_scores(model, _held_out(stream, _VALIDATION_WORLDS))
            found |= {f"{name}_{stream}_worlds": value for name, value in scores.items()}
        return found

    def export(self, model: nn.Module, folder: Path) -> None:
        """Configuration and weights in 16 bits."""
        save(model, folder)


@torch.inference_mode()
def reading_scores(model: FrameReader, lessons: Sequence[FrameLesson]) -> dict[str, float]:
    """How right a reader is.

    Args:
        model: in evaluation mode.
        lessons: what it is asked.

    Returns:
        `patch_found`, the share of actors whose patch is the likeliest; `depth_error`, the median error of their depths
        as a share of them; `reach_exact`, the share of open moves whose likeliest reach is the true one; and of the
        reaches that are chosen with caution `reach_too_far`, the share of them that hit something, and `reach_kept`,
        how far they go of what would be clear, on average and at most all of it.
    """
    batch = {name: value.to(model.reach.weight.device) for name, value in lesson_batch(lessons).items()}
    reading: FrameReading = model(_inputs(batch))
    seen, open_ = batch["patch"] != IGNORED, batch["reach"] != IGNORED
    found = reading.patch_logits.argmax(-1)[seen] == batch["patch"][seen]
    off = (reading.place[..., 2] - batch["place"][..., 2])[seen].abs().expm1()
    logits, true = reading.reach_logits[open_], batch["reach"][open_]
    chosen = cautious(logits)
    share = torch.tensor(REACHES, device=true.device)
    return {
        "patch_found": float(found.double().mean()),
        "depth_error": float(off.median()),
        "reach_exact": float((logits.argmax(-1) == true).double().mean()),
        "reach_too_far": float((chosen < true).double().mean()),
        "reach_kept": float((share[chosen] / share[true]).clamp(max=1).double().mean()),
    }


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


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `kinoeye train frames`; it has none of its own."""
    del parser


def recipe_from_args(args: argparse.Namespace) -> Recipe:
    """The recipe of `--preset tiny`.

    Raises:
        InputError: published sizes are asked for, of which there are none.
    """
    if args.preset != "tiny":
        raise InputError(f"no frame reader is trained with --preset {args.preset}; leave it out for the one that ships")
    return FrameRecipe(seed=args.seed)


def _inputs(batch: Batch) -> FrameBatch:
    return FrameBatch(**{name: batch[name] for name in FrameBatch.__dataclass_fields__})


@cache
def _held_out(stream: Stream, count: int) -> tuple[FrameLesson, ...]:
    worlds = RenderedWorlds(stream, _VALIDATION_FROM, count)
    return tuple(found for index in range(count) for found in worlds[index])
