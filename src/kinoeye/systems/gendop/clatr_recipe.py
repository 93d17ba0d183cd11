"""How the small CLaTr is trained that scores captions against camera paths: fresh pairs without end."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.language.captions import caption
from kinoeye.networks.captioned_paths import CaptionedPath, PairSource
from kinoeye.networks.clatr import CaptionedClatr, ClatrConfig, ClatrRecipe, LossWeights
from kinoeye.networks.recipe import Batch, Phase, Recipe
from kinoeye.systems.gendop.caption_reader import CaptionReader, CaptionReaderConfig, vocabulary_of
from kinoeye.systems.gendop.worded_paths import WordedPaths
from kinoeye.systems.gendop.wording import Stream, captioned_program

_VOCABULARY_CAPTIONS = 10_000
_VALIDATION_FROM, _TRAINING_FROM = 500_000, 1_000_000
"""Numbers in their streams; those below are for the vocabulary."""
_VALIDATION_PAIRS = 256
_CLASSES = 189
_FIRST_RANKS = (1, 5)


@dataclass(frozen=True, kw_only=True)
class WordedClatrRecipe:
    """Training of a small CLaTr, with the reader of its captions, on programs in the words of the train stream.

    Every pair is made from its own number, so every batch is new and a resumed run sees what an unbroken one sees.
    Captions that say the same are no negatives of each other.
    """

    steps: int = 1800
    batch_size: int = 64
    lr: float = 1e-3
    seed: int = 0
    weights: LossWeights = field(default_factory=LossWeights)
    sizes: ClatrConfig = field(default_factory=ClatrConfig.small)
    reader: CaptionReaderConfig | None = None
    """None for one with the vocabulary of the train stream."""
    pairs: PairSource = field(default_factory=lambda: WordedPaths("train", _TRAINING_FROM))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return tuple(
            replace(phase, schedule="cosine", final_lr_fraction=0.02, ema_decay=0.998, validate_every=400)
            for phase in self._clatr.phases
        )

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        """The model with its caption reader, all of it trained."""
        return self._clatr.build(phase, previous)

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Path features, captions and which captions mean the same."""
        return self._clatr.batches(phase, rank=rank, world=world, start=start)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """CLaTr's terms."""
        return self._clatr.loss(model, batch, generator)

    def export(self, model: nn.Module, folder: Path) -> None:
        """Write what `load_clatr` reads with `build_reader`."""
        self._clatr.export(model, folder)

    def validate(self, model: nn.Module, phase: Phase, step: int) -> dict[str, float]:
        """Retrieval among pairs of both streams that training never sees, see `retrieval`."""
        del phase, step
        found: dict[str, float] = {}
        for stream in ("train", "eval"):
            scores = retrieval(cast(CaptionedClatr, model), _held_out(stream, _VALIDATION_PAIRS))
            found |= {f"{name}_{stream}_words": value for name, value in scores.items()}
        return found

    @cached_property
    def _clatr(self) -> ClatrRecipe:
        reader = self.reader or CaptionReaderConfig(words=clatr_words(), width=self.sizes.text_dim)
        return ClatrRecipe(
            config=self.sizes, pairs=self.pairs, build_captions=lambda: CaptionReader(reader),
            captions=reader.to_json(), seed=self.seed, steps=self.steps, batch_size=self.batch_size, lr=self.lr,
            weights=self.weights,
        )  # fmt: skip


def retrieval(model: CaptionedClatr, pairs: Sequence[CaptionedPath]) -> dict[str, float]:
    """How well captions find their paths among all of them and paths their captions, and how near each pair is.

    Args:
        model: in evaluation mode.
        pairs: each a caption and its path; one that means the same as the true one counts as found.

    Returns:
        `top1` and `top5`, shares over both directions; `clatr_score`, the mean of 100 cos(path, caption), and
        `clatr_score_shuffled`, that of each path and the next one's caption.
    """
    cosines = similarities(model, pairs)
    meanings = [pair.meaning or pair.caption for pair in pairs]
    same = torch.tensor([[one == other for other in meanings] for one in meanings], device=cosines.device)
    found = {}
    for rank in _FIRST_RANKS:
        hits = [
            same.gather(1, rows.topk(min(rank, len(pairs)), dim=1).indices).any(dim=1) for rows in (cosines, cosines.T)
        ]
        found[f"top{rank}"] = float(torch.cat(hits).double().mean())
    found["clatr_score"] = float(100 * cosines.diagonal().mean())
    found["clatr_score_shuffled"] = float(100 * cosines.roll(-1, dims=1).diagonal().mean())
    return found


@torch.inference_mode()
def similarities(model: CaptionedClatr, pairs: Sequence[CaptionedPath]) -> Float[Tensor, "b b"]:
    """Cosine of each path (rows) and each caption (columns)."""
    device = next(model.parameters()).device
    features, valid = model.clatr.config.path.batch([pair.T_world_cam for pair in pairs])
    paths = model.clatr.embed_path(features.to(device), valid.to(device))
    captions = model.embed_captions([pair.caption for pair in pairs])
    return nn.functional.normalize(paths.float(), dim=-1) @ nn.functional.normalize(captions.float(), dim=-1).T


@cache
def clatr_words() -> tuple[str, ...]:
    """The vocabulary: words of the train stream, and of captions of every motion tag."""
    written = (captioned_program("train", seed).caption for seed in range(_VOCABULARY_CAPTIONS))
    tagged = [caption([(0, 1, first), (1, 2, (first + 1) % _CLASSES)]) for first in range(_CLASSES)]
    return vocabulary_of(chain(written, tagged))


@cache
def _held_out(stream: Stream, count: int) -> list[CaptionedPath]:
    pairs = WordedPaths(stream, _VALIDATION_FROM)
    return [pairs(index) for index in range(count)]


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `kinoeye train clatr`; it has none of its own."""
    del parser


def recipe_from_args(args: argparse.Namespace) -> Recipe:
    """The recipe of `--preset tiny`.

    Raises:
        InputError: the published sizes are asked for, which are trained on what CLIP says of captions.
    """
    if args.preset != "tiny":
        raise InputError(f"no CLaTr is trained with --preset {args.preset}; leave it out for the one that ships")
    return WordedClatrRecipe(seed=args.seed)
