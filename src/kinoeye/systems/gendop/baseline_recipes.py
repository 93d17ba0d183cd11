"""The published networks on the captions of our own director: what its scores are held against at equal cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kinoeye.geometry.convention import OPENCV, OPENGL, convert
from kinoeye.language.compiler import DEFAULT_FOV_X
from kinoeye.language.tags import motion_tags
from kinoeye.networks.captioned_paths import CaptionedPath
from kinoeye.networks.director import CaptionedDirector, DirectorConfig, DirectorRecipe
from kinoeye.networks.path_features import PathFeatures, Standardisation
from kinoeye.networks.recipe import Batch, Phase, Recipe, item_numbers
from kinoeye.systems.gendop.caption_reader import CaptionReader, CaptionReaderConfig, vocabulary_of
from kinoeye.systems.gendop.checkpoint import save
from kinoeye.systems.gendop.config import GenDoPConfig, TextTower
from kinoeye.systems.gendop.data import collate, to_trajectory
from kinoeye.systems.gendop.diffusion_director import DiffusionDirector
from kinoeye.systems.gendop.engine import Engine
from kinoeye.systems.gendop.generation import Sampling, generate
from kinoeye.systems.gendop.learned_vocabulary import LearnedVocabulary
from kinoeye.systems.gendop.official import GenDoP, initialise, materialise, next_token_loss
from kinoeye.systems.gendop.quirks import Quirks
from kinoeye.systems.gendop.tokenizer import CaptionTokenizer
from kinoeye.systems.gendop.worded_paths import WordedPrograms
from kinoeye.systems.gendop.wording import Stream, captioned_program

BASELINES = ("official_architecture", "director")
"""What stored scores of them are called: E.T.'s diffusion model is DIRECTOR."""
_VALIDATION_FROM, _TRAINING_FROM = 500_000, 1_000_000
"""Numbers in the streams; training begins where that of our own director does."""
_TAGGED_POSES = 120
_TOKENS = 4096
_SIDE = 512
_FOCAL = _SIDE / 2 / float(np.tan(DEFAULT_FOV_X / 2))
_STEP_STD = 0.2
"""Metres of a step of the train stream's cameras from one of 30 poses to the next, axis by axis."""


def baseline_recipe(name: str, seed: int) -> Recipe:
    """The recipe of one of `BASELINES`."""
    return DirectorBaselineRecipe(seed=seed) if name == "director" else OfficialBaselineRecipe(seed=seed)


def small_official() -> GenDoPConfig:
    """The released architecture in a size that half an hour on one core trains: 30 poses, 302 tokens, 256 bins.

    Captions may have 96 tokens, as one in seven of 1 to 4 moves is longer than CLIP's 77.
    """
    text = TextTower(
        hidden_dim=128, intermediate_dim=512, num_layers=1, num_heads=2, vocab_size=_TOKENS + 2, num_tokens=96
    )
    return GenDoPConfig(
        hidden_dim=128, intermediate_dim=512, num_layers=3, num_heads=2, dropout=0.0, text=text, quirks=Quirks.none()
    )


@dataclass(frozen=True, kw_only=True)
class OfficialBaselineRecipe:
    """Training of the released architecture on the train stream of `wording`, its caption encoder from scratch too.

    Every caption and path is made from its own number, so every batch is new and a resumed run sees what an unbroken
    one sees.
    """

    steps: int = 8_200
    batch_size: int = 16
    lr: float = 2e-3
    seed: int = 0
    config: GenDoPConfig = field(default_factory=small_official)
    first_caption: int = _TRAINING_FROM
    """Number of the first caption; those below are for the vocabulary and for validation."""
    vocabulary_captions: int = 10_000
    validation_paths: int = 48
    """Of each stream."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (_phase(steps=self.steps, batch_size=self.batch_size, lr=self.lr),)

    def build(self, phase: Phase, previous: nn.Module | None) -> GenDoP:
        """A fresh model, all of it trained."""
        del phase, previous
        with torch.device("meta"):
            model = GenDoP(self.config)
        materialise(model, "cpu")
        initialise(model, torch.Generator().manual_seed(self.seed))
        return model.train()

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Tokens of captions and paths that no other batch or process has."""
        pairs = WordedPrograms("train", self.first_caption, self.config.pose_length)
        for numbers in item_numbers(phase, rank=rank, world=world, start=start):
            yield self.tokenised([pairs(number) for number in numbers])

    def tokenised(self, pairs: Sequence[CaptionedPath]) -> Batch:
        """Captions and paths as a batch; a caption that is too long loses its end."""
        items = []
        for pair in pairs:
            text, mask = self._tokenizer([pair.caption], truncate=True)
            poses = convert(pair.T_world_cam, OPENCV, OPENGL)
            ids = self.config.codec.encode(poses, (_SIDE, _SIDE), (_FOCAL, _FOCAL))
            items.append({"ids": torch.from_numpy(ids), "text": text[0], "text_mask": mask[0]})
        return collate(items, self.config)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Mean cross-entropy of the path's tokens and its end."""
        conditions = {"text": batch["text"], "text_mask": batch["text_mask"]}
        return {"loss": next_token_loss(model(conditions, batch["tokens"], generator), batch["labels"])}

    def validate(self, model: nn.Module, phase: Phase, step: int) -> dict[str, float]:
        """`tag_accuracy` of drawn paths on captions of both streams that training never sees."""
        del phase, step
        return _validated(lambda pairs: self._directed(cast(GenDoP, model), pairs), self.validation_paths)

    def export(self, model: nn.Module, folder: Path) -> None:
        """Weights under their official names, the configuration, and the vocabulary of the captions."""
        assert isinstance(model, GenDoP)
        save(model, folder)
        self._vocabulary.write(folder)

    @torch.inference_mode()
    def _directed(self, model: GenDoP, pairs: Sequence[CaptionedPath]) -> list[NDArray[np.float64]]:
        batch = self.tokenised(pairs)
        device = model.decoder.head.weight.device
        prefix = model.prefix({key: batch[key].to(device) for key in ("text", "text_mask")})
        found = generate(Engine(model.decoder), prefix, seeds=range(len(pairs)), sampling=Sampling())
        return [
            to_trajectory(self.config.codec.decode(ids[: self.config.path_tokens].numpy()), duration_s=1.0)
            .T_world_cam.as_matrix()
            .numpy()
            for ids in found
        ]

    @cached_property
    def _vocabulary(self) -> LearnedVocabulary:
        return LearnedVocabulary.of(_train_captions(self.vocabulary_captions), size=self.config.text.vocab_size - 2)

    @cached_property
    def _tokenizer(self) -> CaptionTokenizer:
        sizes = self.config.text
        with TemporaryDirectory() as folder:
            self._vocabulary.write(Path(folder))
            return CaptionTokenizer(folder, length=sizes.num_tokens, vocab_size=sizes.vocab_size)


def small_director() -> DirectorConfig:
    """A DIRECTOR of 1.5 million parameters for paths of 30 poses in metres, whose captions are read by our encoder."""
    steps = Standardisation(step_std=(_STEP_STD, _STEP_STD, _STEP_STD))
    path = PathFeatures(frames=30, camera_axes="RDF", relative=True, standardisation=steps)
    return replace(DirectorConfig.small(frames=path.frames), path=path, stochastic_depth=0.0)


@dataclass(frozen=True, kw_only=True)
class DirectorBaselineRecipe:
    """Training of a small DIRECTOR on the train stream of `wording`, the reader of its captions from scratch too."""

    steps: int = 6_300
    batch_size: int = 32
    lr: float = 1e-3
    seed: int = 0
    config: DirectorConfig = field(default_factory=small_director)
    first_caption: int = _TRAINING_FROM
    """Number of the first caption; those below are for the vocabulary and for validation."""
    vocabulary_captions: int = 10_000
    validation_paths: int = 48
    """Of each stream."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (_phase(steps=self.steps, batch_size=self.batch_size, lr=self.lr),)

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        """A fresh model, all of it trained."""
        return self._director.build(phase, previous)

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Captions and paths that no other batch or process has."""
        return self._director.batches(phase, rank=rank, world=world, start=start)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """EDM's weighted denoising error."""
        return self._director.loss(model, batch, generator)

    def validate(self, model: nn.Module, phase: Phase, step: int) -> dict[str, float]:
        """`tag_accuracy` of drawn paths on captions of both streams that training never sees."""
        del phase, step
        director = DiffusionDirector(model=cast(CaptionedDirector, model), num_frames=_TAGGED_POSES)
        return _validated(
            lambda pairs: [
                director(pair.caption, seed=seed)[0].path.T_world_cam.as_matrix().numpy()
                for seed, pair in enumerate(pairs)
            ],
            self.validation_paths,
        )

    def export(self, model: nn.Module, folder: Path) -> None:
        """Write what `DiffusionDirector.from_pretrained` loads."""
        self._director.export(model, folder)

    @cached_property
    def _director(self) -> DirectorRecipe:
        reader = CaptionReaderConfig(
            words=vocabulary_of(_train_captions(self.vocabulary_captions)), width=self.config.text_dim, heads=4
        )
        pairs = WordedPrograms("train", self.first_caption, self.config.path.frames)
        return DirectorRecipe(
            config=self.config, pairs=pairs, build_captions=lambda: CaptionReader(reader),
            captions=reader.to_json(), seed=self.seed, steps=self.steps,
        )  # fmt: skip


def _phase(*, steps: int, batch_size: int, lr: float) -> Phase:
    """What both are trained by: the published numbers are for weeks on GPUs."""
    return Phase(
        name="paths", steps=steps, batch_size=batch_size, lr=lr, warmup_steps=200, schedule="cosine",
        final_lr_fraction=0.02, betas=(0.9, 0.95), weight_decay=0.01, clip_norm=1.0, ema_decay=0.998,
        precision="bf16", validate_every=1000, checkpoint_every=200,
    )  # fmt: skip


def _train_captions(count: int) -> Iterator[str]:
    return (captioned_program("train", number).caption for number in range(count))


def _validated(
    direct: Callable[[Sequence[CaptionedPath]], Sequence[NDArray[np.float64]]], count: int
) -> dict[str, float]:
    """Share of the transitions of held-out paths whose motion tag is the true one, for captions of each stream."""
    found: dict[str, float] = {}
    for stream in ("train", "eval"):
        pairs = _held_out(stream, count)
        made = direct(pairs)
        same = [motion_tags(path) == motion_tags(pair.T_world_cam) for path, pair in zip(made, pairs, strict=True)]
        found[f"tag_accuracy_{stream}_words"] = float(np.concatenate(same).mean())
    return found


@cache
def _held_out(stream: Stream, count: int) -> list[CaptionedPath]:
    pairs = WordedPrograms(stream, _VALIDATION_FROM, _TAGGED_POSES)
    return [pairs(index) for index in range(count)]
