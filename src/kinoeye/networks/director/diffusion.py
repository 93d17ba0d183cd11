"""Diffusion as in EDM (Karras et al., arXiv 2206.00364): preconditioning, the training loss and Heun's sampler."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.director.conditions import Conditions
from kinoeye.networks.director.model import Director

SIGMA_DATA = 0.5
"""Standard deviation that clean features are scaled to."""


@dataclass(frozen=True, kw_only=True)
class NoiseSchedule:
    """Noise levels of training: ln(sigma) is normal (EDM, table 1)."""

    mean: float = -1.2
    std: float = 1.2


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Steps of Heun's method from much noise to none (EDM, algorithm 1 without churn), with guidance.

    Raises:
        InputError: a number is out of range.
    """

    steps: int = 10
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 40.0
    """Exponent of the spacing; EDM's own is 7."""
    guidance: float = 1.4
    """1 is none; the unconditional prediction has zeroed conditions."""

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise InputError(f"{self.steps} steps are given; at least 2 are needed")
        if not 0 < self.sigma_min < self.sigma_max:
            raise InputError(f"noise from {self.sigma_max} down to {self.sigma_min} is no range; give 0 < min < max")

    def sigmas(self) -> list[float]:
        """Noise levels of the steps, and 0 at the end (EDM, equation 5)."""
        top, bottom = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        shares = (i / (self.steps - 1) for i in range(self.steps))
        return [(top + share * (bottom - top)) ** self.rho for share in shares] + [0.0]


def denoise(
    model: Director,
    noisy: Float[Tensor, "b f 9"],
    sigma: Float[Tensor, " b"],
    conditions: Conditions,
    valid: Bool[Tensor, "b f"],
) -> Float[Tensor, "b f 9"]:
    """The clean features (scaled to `SIGMA_DATA`) that the model expects behind noisy ones (EDM, equation 7)."""
    level = sigma[:, None, None]
    total = level**2 + SIGMA_DATA**2
    raw = model(noisy / total.sqrt(), sigma.log() / 4, conditions, valid)
    return noisy * SIGMA_DATA**2 / total + raw * level * SIGMA_DATA / total.sqrt()


def loss_weight(sigma: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
    """Weight of the squared error at a noise level, which makes the network's own error weigh the same at all."""
    return (sigma**2 + SIGMA_DATA**2) / (SIGMA_DATA * sigma) ** 2


def diffusion_loss(
    model: Director,
    features: Float[Tensor, "b f 9"],
    conditions: Conditions,
    valid: Bool[Tensor, "b f"],
    schedule: NoiseSchedule,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """The weighted squared error of denoising, averaged over real frames; conditions are dropped at random."""
    normal = torch.randn(len(features), generator=generator, device=generator.device)
    noise = torch.randn(features.shape, generator=generator, device=generator.device)
    sigma = (normal.to(features) * schedule.std + schedule.mean).exp()
    clean = SIGMA_DATA * features
    told = conditions.dropped(model.config.condition_dropout, generator)
    found = denoise(model, clean + sigma[:, None, None] * noise.to(features), sigma, told, valid)
    error = ((found - clean) ** 2).mean(-1) * loss_weight(sigma)[:, None]
    return (error * valid).sum() / valid.sum()


@torch.no_grad()
def sample(
    model: Director,
    latents: Float[Tensor, "b f 9"],
    conditions: Conditions,
    valid: Bool[Tensor, "b f"],
    sampler: Sampler | None = None,
) -> Float[Tensor, "b f 9"]:
    """Features scaled to `SIGMA_DATA` from standard normal latents."""
    sampler = sampler or Sampler()
    both, both_valid = conditions.repeated(conditions.zeroed()), torch.cat([valid, valid])

    def guided(values: Tensor, sigma: float) -> Tensor:
        level = values.new_full((len(both_valid),), sigma)
        told, untold = denoise(model, torch.cat([values, values]), level, both, both_valid).chunk(2)
        return untold + sampler.guidance * (told - untold)

    sigmas = sampler.sigmas()
    values = latents * sigmas[0]
    for sigma, following in pairwise(sigmas):
        slope = (values - guided(values, sigma)) / sigma
        stepped = values + (following - sigma) * slope
        if following > 0:
            second = (stepped - guided(stepped, following)) / following
            stepped = values + (following - sigma) * (slope + second) / 2
        values = stepped
    return values
