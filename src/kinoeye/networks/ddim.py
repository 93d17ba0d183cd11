"""Diffusion in discrete steps, and its deterministic sampler (DDIM; Song et al., arXiv 2010.02502)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

PredictNoise = Callable[[Tensor, int], Tensor]
"""What a network takes for the noise in a noisy value at a timestep."""


class NoiseSchedule:
    """Noise levels whose square roots of betas grow linearly, as in latent diffusion.

    Args:
        first_beta: of timestep 0.
        last_beta: of the last timestep.
        timesteps: how many there are.

    Example:
        >>> schedule = NoiseSchedule()
        >>> round(schedule.signal(0), 5), round(schedule.signal(999), 5)
        (0.99915, 0.00466)
    """

    def __init__(self, first_beta: float = 0.00085, last_beta: float = 0.012, timesteps: int = 1000) -> None:
        self.betas: Float[Tensor, " t"] = (
            torch.linspace(first_beta**0.5, last_beta**0.5, timesteps, dtype=torch.float64) ** 2
        )
        self.alphas_cumprod: Float[Tensor, " t"] = torch.cumprod(1 - self.betas, dim=0)

    def __len__(self) -> int:
        return len(self.alphas_cumprod)

    def signal(self, timestep: int | None) -> float:
        """Share of the variance that is signal at a timestep (alpha bar); None is the clean value, all signal."""
        return 1.0 if timestep is None else float(self.alphas_cumprod[timestep])

    def noised(
        self, clean: Float[Tensor, "b ..."], noise: Float[Tensor, "b ..."], timesteps: Int[Tensor, " b"]
    ) -> Float[Tensor, "b ..."]:
        """Clean values with the noise of their timesteps (Ho et al., arXiv 2006.11239, equation 4)."""
        shape = (-1, *(1,) * (clean.ndim - 1))
        at = timesteps.to(clean.device)
        signal, lost = (
            share.sqrt().to(clean)[at].view(shape) for share in (self.alphas_cumprod, 1 - self.alphas_cumprod)
        )
        return signal * clean + lost * noise


class DDIMStep(NamedTuple):
    """One step of the sampler."""

    clean: Tensor
    """What the clean value was taken for, from the noisy one before the step."""
    value: Tensor
    """What the sampler went on with."""


def ddim_steps(
    predict: PredictNoise, noise: Tensor, schedule: NoiseSchedule, jumps: Iterable[tuple[int, int | None]]
) -> Iterator[DDIMStep]:
    """Steps from noise towards a clean value, without new noise (equation 12 with sigma 0).

    Args:
        predict: the noise in a value at a timestep.
        noise: standard normal values.
        schedule: of the training.
        jumps: the timestep that each step leaves and the one that it reaches; None is the clean value.
    """
    value = noise
    for timestep, reached in jumps:
        found = predict(value, timestep)
        signal, kept = schedule.signal(timestep), schedule.signal(reached)
        clean = value / signal**0.5 - (1 / signal - 1) ** 0.5 * found
        value = kept**0.5 * clean + (1 - kept) ** 0.5 * found
        yield DDIMStep(clean, value)
