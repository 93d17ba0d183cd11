"""What the official DIRECTOR does that nobody would want."""

from __future__ import annotations

from dataclasses import dataclass

from kinoeye.base.quirks import QuirkSet


@dataclass(frozen=True, kw_only=True)
class Quirks(QuirkSet):
    """Upstream defects, each on or off."""

    shrunk_samples: bool
    """Features are multiplied by sigma_data before noise is added and never divided by it after sampling, so that
    generated translations come out at half their size."""
