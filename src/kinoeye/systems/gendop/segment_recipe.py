"""How the segment director is trained: fresh captions without end, cross-entropy on program tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from kinoeye.base.files import write_json
from kinoeye.base.records import write_record
from kinoeye.networks.recipe import Batch, Phase
from kinoeye.networks.tensor_files import write_tensors
from kinoeye.networks.text import Vocabulary, WordBatch
from kinoeye.networks.text.words import UNKNOWN
from kinoeye.systems.gendop.program_tokens import PAD, START, token_ids
from kinoeye.systems.gendop.segments import NO_CAPTION, SegmentConfig, SegmentModel
from kinoeye.systems.gendop.wording import (
    Lesson,
    Stream,
    caption_without_camera,
    captioned_program,
    essential_words,
)

CONFIG_FILE, WEIGHTS_FILE, CONFIG_VERSION = "config.json", "model.safetensors", 1
_VOCABULARY_CAPTIONS = 30_000
_VALIDATION_FROM = 500_000
_POOL = 16
"""Batches that are drawn together and sorted by length, so that little of a batch is padding."""


@dataclass(frozen=True, kw_only=True)
class SegmentRecipe:
    """Training of the segment director on the train stream of `wording`.

    Each caption is made from its own number, so every batch is new and a resumed run sees what an unbroken one sees.
    """

    steps: int = 5_000
    batch_size: int = 96
    lr: float = 2e-3
    seed: int = 0
    forget: tuple[float, ...] = (0.02, 0.1, 0.25, 0.5)
    """Shares of a caption's words that lose their vectors; each caption draws one of them. Words that say where the
    camera goes are never forgotten, see `wording.essential_words`."""
    no_caption: float = 0.05
    """Share of captions that are left out whole, for guidance."""
    without_camera: int = 50
    """One caption in so many says nothing of a camera; its program is empty."""
    first_caption: int = 1_000_000
    """Number of the first caption; those below are for the vocabulary and for validation."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (
            Phase(
                name="captions", steps=self.steps, batch_size=self.batch_size, lr=self.lr, warmup_steps=300,
                schedule="cosine", final_lr_fraction=0.02, betas=(0.9, 0.98), weight_decay=0.05, clip_norm=1.0,
                ema_decay=0.998, precision="bf16", validate_every=1000, checkpoint_every=500,
            ),
        )  # fmt: skip

    def build(self, phase: Phase, previous: nn.Module | None) -> SegmentModel:
        """A fresh model whose vocabulary is that of the train stream."""
        del phase, previous
        return SegmentModel(SegmentConfig(words=train_words()))

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Captions that no other batch or process has, of about one length."""
        size = phase.batch_size // (phase.accumulation * world)
        vocabulary = Vocabulary(train_words())
        number = start
        while True:
            pool, first = divmod(number, _POOL)
            for index, items in enumerate(self._pool(pool * world + rank, size)[first:], first):
                batch = to_batch(items, vocabulary)
                self._forget(batch, items, Random(f"{self.seed} {pool} {rank} {index}"))
                yield batch
                number += 1

    def validate(self, model: nn.Module, phase: Phase, step: int) -> dict[str, float]:
        """Exact programs on captions of both streams that training never sees."""
        del phase, step
        return {"exact_train_words": exact_share(model, "train"), "exact_eval_words": exact_share(model, "eval")}

    def _forget(self, batch: dict[str, Any], items: Sequence[Lesson], rng: Random) -> None:
        """Take words away, so that unknown ones are read by what stands beside them, or the whole caption."""
        kept = essential_words()
        nothing = Vocabulary(train_words()).encode([(NO_CAPTION,)])
        for row, item in enumerate(items):
            if rng.random() < self.no_caption:
                for name, value in (("words", nothing.words), ("ngrams", nothing.ngrams), ("valid", nothing.valid)):
                    batch[name][row] = 0
                    batch[name][row, 0] = value[0, 0]
                continue
            share = rng.choice(self.forget)
            for column, word in enumerate(item.words.inputs):
                if word not in kept and not word.startswith("<") and rng.random() < share:
                    batch["words"][row, column] = UNKNOWN
                    if rng.random() < 0.5:
                        batch["ngrams"][row, column] = 0

    def _pool(self, pool: int, size: int) -> list[list[Lesson]]:
        first = self.first_caption + pool * _POOL * size
        items = [self._lesson(number) for number in range(first, first + _POOL * size)]
        items.sort(key=lambda item: (len(item.words.inputs), len(item.tokens)))
        batches = [items[at : at + size] for at in range(0, len(items), size)]
        Random(f"{self.seed} {pool}").shuffle(batches)
        return batches

    def _lesson(self, number: int) -> Lesson:
        if number % self.without_camera == 0:
            return caption_without_camera(number)
        return captioned_program("train", number)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Cross-entropy per token, and how often whole programs are right with the true tokens before them."""
        del generator
        logits = model(WordBatch(batch["words"], batch["ngrams"], batch["valid"]), batch["tokens"][:, :-1])
        targets = batch["tokens"][:, 1:]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=0)
        right = (logits.argmax(-1) == targets) | (targets == 0)
        return {"loss": loss, "exact": right.all(dim=1).float().mean().detach()}

    def export(self, model: nn.Module, folder: Path) -> None:
        """Configuration and weights in 16 bits."""
        save(model, folder)


@cache
def train_words() -> tuple[str, ...]:
    """The vocabulary of the train stream, and the mark of no caption."""
    captions = (captioned_program("train", seed).words.inputs for seed in range(_VOCABULARY_CAPTIONS))
    return (NO_CAPTION, *Vocabulary.of(captions, least=3).words)


def to_batch(items: Sequence[Lesson], vocabulary: Vocabulary) -> dict[str, Any]:
    """Captions and their tokens as tensors."""
    words = vocabulary.encode([item.words.inputs for item in items])
    longest = max(len(item.tokens) for item in items) + 1
    tokens = torch.tensor(
        [token_ids([START, *item.tokens] + [PAD] * (longest - 1 - len(item.tokens))) for item in items]
    )
    return {"words": words.words, "ngrams": words.ngrams, "valid": words.valid, "tokens": tokens}


def save(model: nn.Module, folder: Path) -> None:
    """Write what `SegmentDirector.from_pretrained` loads."""
    assert isinstance(model, SegmentModel)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS_FILE, {key: value.half().contiguous() for key, value in model.state_dict().items()})
    write_json(folder / CONFIG_FILE, write_record(model.config, version=CONFIG_VERSION))


@cache
def _held_out(stream: Stream, count: int) -> list[Lesson]:
    return [captioned_program(stream, _VALIDATION_FROM + index) for index in range(count)]


def exact_share(model: nn.Module, stream: Stream, *, count: int = 512) -> float:
    """Share of held-out captions whose whole program is the likeliest one token by token."""
    assert isinstance(model, SegmentModel)
    items = sorted(_held_out(stream, count), key=lambda item: len(item.words.inputs))
    device, right = model.head.weight.device, 0
    for at in range(0, count, 64):
        batch = to_batch(items[at : at + 64], model.encoder.vocabulary)
        captions = WordBatch(batch["words"], batch["ngrams"], batch["valid"]).to(device)
        tokens = batch["tokens"].to(device)
        with torch.no_grad():
            best = model(captions, tokens[:, :-1]).argmax(-1)
        right += int(((best == tokens[:, 1:]) | (tokens[:, 1:] == 0)).all(dim=1).sum())
    return right / count
