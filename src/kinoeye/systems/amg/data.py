"""Batches of what the small film model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from kinoeye.systems.amg.conditions import AvatarFilms
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.pairs import AvatarCondition, AvatarPair, PairSource

PAIR_ARRAYS = ("film_rgb", "avatar_rgb", "alpha", "nearness", "person", "cast", "T_world_cam", "fx_fy_cx_cy")
"""Of an `AvatarPair`."""
_OTHERS_EVERY = 5
"""One pair of so many is of the distribution with all kinds of actors."""


@dataclass(frozen=True, kw_only=True)
class TrainingPairs:
    """Pairs by number, most of them of people alone, the others of all kinds of actors.

    Args:
        folder: where rendered pairs are kept.
        first: seed of the first world of either distribution.
        size_wh: width and height in pixels.
    """

    folder: Path
    first: int = 2_000_000
    size_wh: tuple[int, int] = (128, 128)
    _words: dict[int, tuple[tuple[str, ...], str]] = field(default_factory=dict, init=False, repr=False)

    def __getitem__(self, number: int) -> AvatarPair:
        turn, place = divmod(number, _OTHERS_EVERY)
        if place == _OTHERS_EVERY - 1:
            return self._others[turn]
        return self._people[turn * (_OTHERS_EVERY - 1) + place]

    def told(self, number: int) -> tuple[tuple[str, ...], str]:
        """The captions of a pair, and its place."""
        if number not in self._words:
            pair = self[number]
            self._words[number] = pair.captions, pair.environment
        return self._words[number]

    @cached_property
    def _people(self) -> PairSource:
        return PairSource(folder=self.folder, first=self.first, size_wh=self.size_wh)

    @cached_property
    def _others(self) -> PairSource:
        return PairSource(folder=self.folder, first=self.first, size_wh=self.size_wh, distribution="worlds-v1")


def one_hot(places: Sequence[int]) -> Float[Tensor, "b k"]:
    """Shares of places, each whole."""
    return functional.one_hot(torch.tensor(places), len(PLACES)).float()


def avatar_films(pairs: Sequence[AvatarCondition]) -> AvatarFilms:
    """What a film model is shown of pairs."""

    def stacked(name: str, scale: float = 1.0) -> Tensor:
        return torch.from_numpy(np.stack([getattr(pair, name) for pair in pairs])).float() * scale

    return AvatarFilms(
        rgb=stacked("avatar_rgb", 1 / 255), alpha=stacked("alpha", 1 / 255), nearness=stacked("nearness"),
        person=stacked("person"), T_world_cam=stacked("T_world_cam"),
        fx_fy_cx_cy=stacked("fx_fy_cx_cy")[:, None].expand(-1, pairs[0].alpha.shape[0], -1),
    )  # fmt: skip


def pair_camera(pair: AvatarCondition) -> tuple[Float[Tensor, "1 f 3 4"], Float[Tensor, "1 f 4"]]:
    """Poses and lenses of a pair's frames."""
    poses = torch.from_numpy(pair.T_world_cam)[None]
    return poses, torch.from_numpy(pair.fx_fy_cx_cy).expand(1, poses.shape[1], 4)
