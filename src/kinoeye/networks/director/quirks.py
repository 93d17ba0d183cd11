"""What the official DIRECTOR does that nobody would want."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """Upstream defects, each on or off."""

    shrunk_samples: bool
    """Features are multiplied by sigma_data before noise is added and never divided by it after sampling, so that
    generated translations come out at half their size."""

    @classmethod
    def official(cls) -> Quirks:
        """As upstream."""
        return cls(shrunk_samples=True)

    @classmethod
    def none(cls) -> Quirks:
        """As it should be."""
        return cls(shrunk_samples=False)
