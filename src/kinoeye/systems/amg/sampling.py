"""The sampler of AMG: DDIM from pure noise, guided away from the empty caption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.ddim import DDIMStep, NoiseSchedule, ddim_steps
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


def overlapping_windows(frames: int, *, length: int, overlap: int) -> list[slice]:
    """Windows of a film of any length, each beginning `overlap` frames before the end of the one before.

    The last window ends with the film, so that it may overlap more; a film that fits into one window has one.

    Example:
        >>> [(window.start, window.stop) for window in overlapping_windows(30, length=16, overlap=8)]
        [(0, 16), (8, 24), (14, 30)]

    Raises:
        InputError: the film has no frames, or windows do not advance.
    """
    if frames < 1 or not 0 <= overlap < length:
        raise InputError(
            f"{frames} frames in windows of {length} that overlap by {overlap} cannot be; give at least one frame and "
            "an overlap below the length"
        )
    last = max(0, frames - length)
    starts = [*range(0, last, length - overlap), last]
    return [slice(start, min(start + length, frames)) for start in starts]


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
    windows: Sequence[slice] | None = None,
) -> Iterator[DDIMStep]:
    """Latents of a film from noise, step by step; the value of the last step is the film.

    With windows the network sees a few frames at a time, and where windows overlap its predictions are averaged at
    every step (MultiDiffusion, Bar-Tal et al., arXiv 2302.08113; over time: Wang et al., arXiv 2305.18264).

    Args:
        model: in evaluation mode.
        noise: standard normal latents, in the dtype that steps are computed in.
        avatar: latents of the avatar's rendering, frame by frame; they and the features of captions are in the dtype
            of the model.
        text: the caption's features.
        empty: those of the empty caption.
        steps: of the sampler.
        guidance: how far predictions go from the empty caption's to the caption's; 1 takes the caption's alone.
        windows: frames that the network sees together, which cover the film; None is all of them at once.

    Raises:
        InputError: the number of steps is out of range.
    """
    schedule = NoiseSchedule()

    def guided(noisy: Tensor, timestep: int, frames: slice) -> Tensor:
        at = torch.full((len(noisy),), timestep, device=noisy.device)
        seen, shown = noisy[:, :, frames].to(avatar.dtype), avatar[:, :, frames]

        def found(caption: Tensor) -> Tensor:
            return model(seen, shown, at, caption).to(noisy.dtype)

        told = found(text)
        if guidance == 1:
            return told
        untold = found(empty)
        return untold + guidance * (told - untold)

    def predict(noisy: Tensor, timestep: int) -> Tensor:
        if windows is None:
            return guided(noisy, timestep, slice(None))
        total, times = torch.zeros_like(noisy), noisy.new_zeros(noisy.shape[2], 1, 1)
        for frames in windows:
            total[:, :, frames] += guided(noisy, timestep, frames)
            times[frames] += 1
        return total / times

    yield from ddim_steps(predict, noise, schedule, jumps(steps, model.config.quirks, timesteps=len(schedule)))
