"""The defects of the released AMG code, each a field that can be kept for parity or mended."""

from __future__ import annotations

from dataclasses import dataclass

from kinoeye.base.quirks import QuirkSet


@dataclass(frozen=True, kw_only=True)
class Quirks(QuirkSet):
    """What the released code does differently from what it says; every field true is that code.

    Example:
        >>> Quirks.official().extra_step, Quirks.none().extra_step
        (True, False)
    """

    extra_step: bool
    """Sampling takes one step too many where the number of steps does not divide that of the training's timesteps."""
    unfinished_sampling: bool
    """Sampling ends at the noise of timestep 0 instead of none."""
    sampled_latents: bool
    """The latents of an avatar's rendering are drawn from the autoencoder's posterior instead of being its mean."""
    truncated_captions: bool
    """Of a caption only as many tokens are read as the text encoder takes at once."""
    floored_step: bool
    """Clips take every n-th frame, n rounded down, so that 8 frames a second of 30 are 10."""
    half_speed: bool
    """Films whose frames are an eighth of a second apart are written at 4 frames a second."""
    octal_seed: bool
    """Whole numbers with a leading zero in settings files are octal, so that the seed 0401 is 257."""
