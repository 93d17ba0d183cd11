"""What the official training of CLaTr does that nobody would want."""

from __future__ import annotations

from dataclasses import dataclass

from kinoeye.base.quirks import QuirkSet


@dataclass(frozen=True, kw_only=True)
class Quirks(QuirkSet):
    """Upstream defects, each on or off."""

    padding_in_reconstruction: bool
    """The reconstruction loss averages over padded frames too, so that short paths count less."""
