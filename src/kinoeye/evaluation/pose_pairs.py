"""Paired poses and the relations between them that protocols share, each computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from kinoeye.evaluation.pair_counts import PairCounts, count_pairs
from kinoeye.evaluation.poses import Poses, length
from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:
    from kinoeye.geometry.align import Similarity

Index = slice | NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the protocols leave open."""

    delta: float = 1
    """Between the two poses of a relative pose error: frames, or length travelled in the reference's unit."""
    delta_unit: Literal["frames", "length"] = "frames"
    all_pairs: bool = True
    """Relative errors from every pose; if not, from where the last one ended, so that none overlap."""
    min_displacement: float | None = None
    """Poses of the reference nearer to its first one have no direction and no relative error; in its unit.

    None means 5 % of its path length.
    """

    def __post_init__(self) -> None:
        if self.delta_unit == "frames" and (self.delta < 1 or self.delta != int(self.delta)):
            raise ValueError(
                f"a relative pose error needs a delta of at least 1 whole frame; given {self.delta:g} "
                "(--delta N, or --delta-unit length)"
            )
        if not 0 < self.delta < np.inf:
            raise ValueError(f"a relative pose error needs a positive delta; given {self.delta}")


@dataclass(frozen=True)
class PosePairs:
    """A reference and an estimate of it, pose by pose, with what several protocols need of them."""

    reference: Poses
    estimate: Poses
    """As it was given, in its own world."""
    change: Similarity
    """What the chosen alignment does to the estimate."""
    found: NDArray[np.bool_]
    """[asked] of each pose asked for, whether there is an estimate of it; as many are true as there are pairs."""
    settings: Settings

    @property
    def failed(self) -> int:
        """Number of poses that were asked for and have no estimate."""
        return int(len(self.found) - np.count_nonzero(self.found))

    @cached_property
    def aligned(self) -> Poses:
        """The estimate in the reference's world, by the chosen alignment."""
        return self.estimate.moved_by(self.change)

    @cached_property
    def absolute_error(self) -> Poses:
        """T_i^-1 E_i after alignment."""
        return self.reference.to(self.aligned)

    @cached_property
    def relative_steps(self) -> tuple[Poses, Poses]:
        """T_i^-1 T_j and E_i^-1 E_j after alignment, over the delta of the settings."""
        first, second = step_indices(self.reference.t, self.settings)
        return self.reference[first].to(self.reference[second]), self.aligned[first].to(self.aligned[second])

    @cached_property
    def relative_error(self) -> Poses:
        """(T_i^-1 T_j)^-1 (E_i^-1 E_j) after alignment."""
        true, ours = self.relative_steps
        return true.to(ours)

    @cached_property
    def since_first(self) -> tuple[Poses, Poses]:
        """T_0^-1 T_i and E_0^-1 E_i of the estimate as it was given: what no choice of world changes."""
        return self.reference[:1].to(self.reference), self.estimate[:1].to(self.estimate)

    @cached_property
    def since_first_error(self) -> Float64:
        """[n] angle((T_0^-1 T_i)^-1 (E_0^-1 E_i)) in radians."""
        true, ours = self.since_first
        return true.to(ours).angle

    @cached_property
    def pair_counts(self) -> PairCounts:
        """How many of all pairs of poses are within how many degrees."""
        return count_pairs(self.reference, self.estimate, asked=len(self.found))

    @cached_property
    def path_length(self) -> float:
        """Sum of the distances between successive origins of the reference."""
        return float(length(np.diff(self.reference.t, axis=0)).sum())


def step_indices(origins: Float64, settings: Settings) -> tuple[Index, Index]:
    """First and second pose of every relative error.

    Over a length, the second pose is, from every pose, the one whose travelled distance comes nearest to the delta
    and within a tenth of it; or else, without overlap, the first one that reaches it.
    """
    count = len(origins)
    if settings.delta_unit == "frames":
        delta = int(settings.delta)
        step = 1 if settings.all_pairs else delta
        return slice(0, count - delta, step), slice(delta, count, step)
    travelled = np.concatenate([[0.0], np.cumsum(length(np.diff(origins, axis=0)))])
    if not settings.all_pairs:
        stops = [0]
        while (stop := int(np.searchsorted(travelled, travelled[stops[-1]] + settings.delta))) < count:
            stops.append(stop)
        return np.array(stops[:-1], np.int64), np.array(stops[1:], np.int64)
    goal = travelled + settings.delta
    after = np.searchsorted(travelled, goal).clip(max=count - 1)
    before = after - 1
    nearest = np.where(goal - travelled[before] <= np.abs(travelled[after] - goal), before, after)
    first = np.flatnonzero((np.abs(travelled[nearest] - goal) <= 0.1 * settings.delta) & (nearest > np.arange(count)))
    return first, nearest[first]
