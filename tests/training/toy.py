"""A recipe that learns in under a second: a line with a bend, seen through noise, by a net with dropout."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from kinoeye.networks import Phase
from kinoeye.networks.recipe import Batch


class ToyNet(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(2, 16)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(16, 16), nn.ReLU()) for _ in range(2)])
        self.last = nn.Linear(16, 1)
        self.dropout = nn.Dropout(dropout)

    def values(self, points: Tensor) -> Tensor:  # not `forward`: recipes may call anything of their model
        hidden = torch.relu(self.first(points))
        for block in self.blocks:
            hidden = hidden + block(self.dropout(hidden))
        return self.last(hidden).squeeze(-1)


def phase(name: str = "all", **changes: object) -> Phase:
    settings: dict = {"steps": 12, "batch_size": 8, "lr": 1e-2, "warmup_steps": 2, "checkpoint_every": 3} | changes
    return Phase(name=name, **settings)


@dataclass
class ToyRecipe:
    phases: tuple[Phase, ...] = field(default_factory=lambda: (phase(),))
    dropout: float = 0.1
    noise: float = 0.1
    delay_s: float = 0.0
    trained: str = ""
    """Beginning of the names of what the last phase trains."""

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        model = previous or ToyNet(self.dropout)
        if phase is self.phases[-1]:
            for name, parameter in model.named_parameters():
                parameter.requires_grad_(name.startswith(self.trained))
        return model

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        size = phase.batch_size // phase.accumulation
        number = start
        while True:
            generator = torch.Generator().manual_seed(number)
            points = torch.rand(size, 2, generator=generator) * 2 - 1
            share = slice(rank * size // world, (rank + 1) * size // world)
            yield {"points": points[share], "number": number}
            number += 1

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        if self.delay_s:
            time.sleep(self.delay_s)
        points = batch["points"]
        assert isinstance(model, ToyNet)
        wanted = points[:, 0].abs() + 0.5 * points[:, 1]
        noise = torch.randn(points.shape[0], generator=generator, device=points.device)
        errors = model.values(points) - wanted - self.noise * noise
        return {"loss": errors.square().mean(), "mae": errors.abs().mean()}

    def export(self, model: nn.Module, folder: Path) -> None:
        save_file(model.state_dict(), folder / "model.safetensors")
