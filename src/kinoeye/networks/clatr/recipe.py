"""How a small CLaTr is trained on captioned paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from kinoeye.networks.captioned_paths import PairSource, pair_batches
from kinoeye.networks.clatr.captioned import CaptionedClatr
from kinoeye.networks.clatr.checkpoint import save_clatr
from kinoeye.networks.clatr.config import ClatrConfig
from kinoeye.networks.clatr.losses import LossWeights, clatr_losses
from kinoeye.networks.clatr.model import Clatr
from kinoeye.networks.recipe import Batch, Phase, Precision
from kinoeye.networks.seeding import seeded


@dataclass(frozen=True, kw_only=True)
class ClatrRecipe:
    """A `Recipe` for a CLaTr together with its caption module; pairs come from the caller, by number."""

    config: ClatrConfig
    pairs: PairSource
    build_captions: Callable[[], nn.Module]
    """Makes the caption module (`CaptionFeatures`), whose features have the configuration's `text_dim`."""
    captions: Mapping[str, Any]
    """JSON data from which that module can be built again; saved with the weights."""
    seed: int
    """Of the first weights."""
    steps: int = 4000
    batch_size: int = 64
    lr: float = 5e-4
    precision: Precision = "bf16"
    weights: LossWeights = field(default_factory=LossWeights)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase."""
        return (
            Phase(
                name="clatr",
                steps=self.steps,
                batch_size=self.batch_size,
                lr=self.lr,
                warmup_steps=min(200, self.steps // 10),
                betas=(0.9, 0.99),
                ema_decay=0.999,
                precision=self.precision,
            ),
        )

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        """The model with its caption module, all of it trained."""
        if previous is not None:
            return previous
        with seeded(self.seed):
            return CaptionedClatr(Clatr(self.config), self.build_captions())

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Path features, captions and which captions mean the same."""
        found = pair_batches(self.pairs, self.config.path, phase, rank=rank, world=world, start=start)
        return (batch for batch, _ in found)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """CLaTr's terms, with the decoded latents drawn from the posteriors."""
        output = model(batch["features"], batch["valid"], batch["captions"], generator)
        return clatr_losses(
            output,
            batch["features"],
            batch["valid"],
            batch["same_meaning"],
            weights=self.weights,
            quirks=self.config.quirks,
        )

    def export(self, model: nn.Module, folder: Path) -> None:
        """Write what `load_clatr` reads."""
        save_clatr(cast(CaptionedClatr, model), folder, captions=self.captions)
