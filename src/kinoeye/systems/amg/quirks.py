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
