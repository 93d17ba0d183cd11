"""What the official training of CLaTr does that nobody would want."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """Upstream defects, each on or off."""

    padding_in_reconstruction: bool
    """The reconstruction loss averages over padded frames too, so that short paths count less."""

    @classmethod
    def official(cls) -> Quirks:
        """As upstream."""
        return cls(padding_in_reconstruction=True)

    @classmethod
    def none(cls) -> Quirks:
        """As it should be."""
        return cls(padding_in_reconstruction=False)
