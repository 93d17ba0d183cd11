"""Paths with captions, and what turns captions into token features: CLIP for official weights, ours for small ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.recipe import Batch, Phase, item_numbers


class CaptionTokens(NamedTuple):
    """Token features of captions, padded to one length."""

    features: Float[Tensor, "b n d"]
    valid: Bool[Tensor, "b n"]
    """Which tokens are real; they come first."""

    @property
    def sentences(self) -> Float[Tensor, "b d"]:
        """The last real token of each caption: its end-of-text state where the tokens are CLIP's."""
        last = self.valid.sum(dim=1) - 1
        return self.features[torch.arange(len(last), device=last.device), last]


class CaptionFeatures(Protocol):
    """A module, trained or frozen, from captions to token features on its own device."""

    def __call__(self, captions: Sequence[str]) -> CaptionTokens:
        """Token features of captions."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptionedPath:
    """A camera path and what is said of it."""

    T_world_cam: NDArray[np.float64]
    """[n, 4, 4] or [n, 3, 4], OpenCV camera axes."""
    caption: str
    meaning: str = ""
    """What captions in other words share, such as the motion program; the caption itself when empty."""
    character: NDArray[np.float64] | None = None
    """Centre [n, 3] of the filmed character in the path's world, if there is one."""


class PairSource(Protocol):
    """Pairs by number, without end, so that a resumed run sees the pairs of an unbroken one."""

    def __call__(self, index: int) -> CaptionedPath:
        """The pair with this number."""
        ...


def pair_batches(
    pairs: PairSource, features: PathFeatures, phase: Phase, *, rank: int, world: int, start: int
) -> Iterator[tuple[Batch, list[CaptionedPath]]]:
    """Batches of one process, with the pairs that each holds; consecutive pairs go round the processes.

    A batch has `features` [b, f, 9], `valid` [b, f], `captions` (a list) and `same_meaning` [b, b].

    Raises:
        InputError: the batch size of the phase is no multiple of the processes and accumulated batches.
    """
    for numbers in item_numbers(phase, rank=rank, world=world, start=start):
        chosen = [pairs(number) for number in numbers]
        yield _collate(chosen, features), chosen


def _collate(pairs: Sequence[CaptionedPath], features: PathFeatures) -> Mapping[str, Any]:
    values, valid = features.batch([pair.T_world_cam for pair in pairs])
    meanings = np.array([pair.meaning or pair.caption for pair in pairs])
    return {
        "features": values,
        "valid": valid,
        "captions": [pair.caption for pair in pairs],
        "same_meaning": torch.from_numpy(meanings[:, None] == meanings[None, :]),
    }
