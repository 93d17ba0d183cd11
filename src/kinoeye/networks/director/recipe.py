"""How a DIRECTOR is trained on captioned paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from kinoeye.networks.captioned_paths import PairSource, pair_batches
from kinoeye.networks.director.captioned import CaptionedDirector
from kinoeye.networks.director.checkpoint import save_director
from kinoeye.networks.director.conditions import character_features
from kinoeye.networks.director.config import DirectorConfig
from kinoeye.networks.director.diffusion import NoiseSchedule, diffusion_loss
from kinoeye.networks.director.model import build_director
from kinoeye.networks.recipe import Batch, Phase
from kinoeye.networks.seeding import seeded


@dataclass(frozen=True, kw_only=True)
class DirectorRecipe:
    """A `Recipe` for a DIRECTOR together with its caption module; pairs come from the caller, by number.

    The optimizer's numbers are E.T.'s, but for steps and learning rate, which a small model wants otherwise.
    """

    config: DirectorConfig
    pairs: PairSource
    build_captions: Callable[[], nn.Module]
    """Makes the caption module (`CaptionFeatures`), whose features have the configuration's `text_dim`."""
    captions: Mapping[str, Any]
    """JSON data from which that module can be built again; saved with the weights."""
    seed: int
    """Of the first weights."""
    steps: int
    batch_size: int = 64
    lr: float = 1e-4
    warmup_steps: int = 5000
    ema_decay: float = 0.9999
    noise: NoiseSchedule = field(default_factory=NoiseSchedule)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (
            Phase(
                name="director",
                steps=self.steps,
                batch_size=self.batch_size,
                lr=self.lr,
                warmup_steps=self.warmup_steps,
                betas=(0.9, 0.95),
                weight_decay=0.1,
                ema_decay=self.ema_decay,
            ),
        )

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        """The model with its caption module, all of it trained."""
        if previous is not None:
            return previous
        with seeded(self.seed):
            return CaptionedDirector(build_director(self.config), self.build_captions())

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Path features, captions and characters; a path without a character has zeros."""
        frames, size = self.config.frames, self.config.character_dim
        for batch, chosen in pair_batches(self.pairs, self.config.path, phase, rank=rank, world=world, start=start):
            characters = [
                torch.zeros(frames, size) if pair.character is None else character_features(pair.character, frames)
                for pair in chosen
            ]
            yield {**batch, "character": torch.stack(characters)}

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """EDM's weighted denoising error."""
        captioned = cast(CaptionedDirector, model)
        conditions = captioned.conditions(batch["captions"], batch["character"])
        loss = diffusion_loss(captioned.director, batch["features"], conditions, batch["valid"], self.noise, generator)
        return {"loss": loss}

    def export(self, model: nn.Module, folder: Path) -> None:
        """Write what `load_director` reads."""
        save_director(cast(CaptionedDirector, model), folder, captions=self.captions)
