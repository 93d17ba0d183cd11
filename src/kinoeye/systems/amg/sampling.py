"""The sampler of AMG: DDIM from pure noise, guided away from the empty caption and from a film without avatars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.ddim import DDIMStep, NoiseSchedule, ddim_steps
from kinoeye.networks.windows import averaged
from kinoeye.systems.amg.model import AMG
from kinoeye.systems.amg.quirks import Quirks

STEPS, GUIDANCE = 20, 3.0
"""Of the released code."""


def jumps(steps: int, quirks: Quirks, *, timesteps: int = 1000) -> list[tuple[int, int | None]]:
    """The timestep that each step of the sampler leaves and the one that it reaches; None is the clean value.

    Args:
        steps: how many; the released code takes another where they do not divide `timesteps`.
        quirks: of the released code.
        timesteps: of the training.

    Example:
        >>> jumps(4, Quirks.official())
        [(751, 501), (501, 251), (251, 1), (1, 0)]
        >>> len(jumps(30, Quirks.official())), len(jumps(30, Quirks.none()))
        (31, 30)

    Raises:
        InputError: there are no steps, or more than timesteps.
    """
    if not 1 <= steps <= timesteps:
        raise InputError(f"{steps} sampling steps are given; 1 to {timesteps} are allowed")
    if quirks.extra_step:
        stride = timesteps // steps
        left = [min(1 + offset, timesteps - 1) for offset in range(0, timesteps, stride)]
        end = 0 if quirks.unfinished_sampling else None
        reached = [end, *(max(timestep - stride, 0) for timestep in left[1:])]
        return list(zip(left, reached, strict=True))[::-1]
    left = [min(1 + number * timesteps // steps, timesteps - 1) for number in range(steps)]
    return [*pairwise(reversed(left)), (left[0], 0 if quirks.unfinished_sampling else None)]


@torch.no_grad()
def sample_steps(
    model: AMG,
    noise: Float[Tensor, "b c f h w"],
    avatar: Float[Tensor, "b c f h w"],
    text: Float[Tensor, "b n d"],
    empty: Float[Tensor, "b n d"],
    *,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    avatar_guidance: float = 1.0,
    windows: Sequence[slice] | None = None,
) -> Iterator[DDIMStep]:
    """Latents of a film from noise, step by step; the value of the last step is the film.

    With windows the network sees a few frames at a time; its predictions are averaged at every step, see `averaged`.

    Args:
        model: in evaluation mode.
        noise: standard normal latents, in the dtype that steps are computed in.
        avatar: latents of the avatar's rendering, frame by frame; they and the features of captions are in the dtype
            of the model.
        text: the caption's features.
        empty: those of the empty caption.
        steps: of the sampler.
        guidance: how far predictions go from the empty caption's to the caption's; 1 takes the caption's alone.
        avatar_guidance: how far those of the empty caption go from what is predicted without avatars (zeros, as in
            training) to what is with them (Brooks et al., arXiv 2211.09800, equation 3); 1 takes the latter alone, as
            the released weights need, which were never trained without avatars.
        windows: frames that the network sees together, which cover the film; None is all of them at once.

    Raises:
        InputError: the number of steps is out of range.
    """
    schedule = NoiseSchedule()

    def predict(noisy: Tensor, timestep: int) -> Tensor:
        at = torch.full((len(noisy),), timestep, device=noisy.device)

        def guided(seen: Tensor, frames: slice) -> Tensor:
            shown = avatar[:, :, frames]

            def found(shown: Tensor, caption: Tensor) -> Tensor:
                return model(seen.to(avatar.dtype), shown, at, caption).to(noisy.dtype)

            told = found(shown, text)
            if guidance == avatar_guidance == 1:
                return told
            untold = found(shown, empty)
            towards_caption = untold + guidance * (told - untold)
            if avatar_guidance == 1:
                return towards_caption
            return towards_caption + (avatar_guidance - 1) * (untold - found(torch.zeros_like(shown), empty))

        return averaged(guided, noisy, windows or [slice(None)])

    yield from ddim_steps(predict, noise, schedule, jumps(steps, model.config.quirks, timesteps=len(schedule)))
