"""What E.T.'s and GenDoP's use of CLaTr does that nobody would want."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """Upstream defects, each on or off."""

    sampled_embeddings: bool
    """Embeddings are drawn from the posterior even when metrics are computed, so that published numbers vary from run
    to run."""
    padding_in_reconstruction: bool
    """The reconstruction loss averages over padded frames too, so that short paths count less."""

    @classmethod
    def official(cls) -> Quirks:
        """As upstream."""
        return cls(sampled_embeddings=True, padding_in_reconstruction=True)

    @classmethod
    def none(cls) -> Quirks:
        """As it should be."""
        return cls(sampled_embeddings=False, padding_in_reconstruction=False)
