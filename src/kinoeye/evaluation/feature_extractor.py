"""What turns camera paths and captions into feature vectors; scores take whatever fulfils these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from kinoeye.geometry.convention import Float64


@runtime_checkable
class FeatureExtractor(Protocol):
    """A fixed map from items to vectors: the same items give the same features, on every call and in any batch."""

    @property
    def name(self) -> str:
        """Which one it is; features under two names are not comparable."""
        ...

    @property
    def dim(self) -> int:
        """Length of a feature."""
        ...

    def __call__(self, items: Sequence[Any]) -> Float64:
        """Features [n, dim] of n items."""
        ...


@dataclass(frozen=True)
class Latents:
    """Normal distributions in a latent space, one an item."""

    mean: Float64
    """[n, d]"""
    std: Float64
    """[n, d]"""


class PathTextEncoder(Protocol):
    """One latent space for camera paths and captions, and a decoder from it back to paths, such as CLaTr."""

    @property
    def name(self) -> str:
        """Which one it is."""
        ...

    @property
    def dim(self) -> int:
        """Length of a latent."""
        ...

    @property
    def reads_captions(self) -> bool:
        """Whether it has what encodes captions."""
        ...

    def encode_paths(self, T_world_cam: Sequence[Float64]) -> Latents:
        """Latents of camera paths [t, 4, 4], camera-to-world, OpenCV axes."""
        ...

    def encode_texts(self, captions: Sequence[str]) -> Latents:
        """Latents of captions."""
        ...

    def decode(self, latents: Float64, lengths: Sequence[int]) -> list[Float64]:
        """Camera paths [t, 4, 4] of latents [n, d], each of so many poses."""
        ...
