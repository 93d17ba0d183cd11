"""Rigid transforms as plain arrays, for scoring many paths quickly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:  # names of protocols are looked up before torch is needed
    from kinoeye.geometry.align import Similarity
    from kinoeye.geometry.track import Track

AT_REST = 1e-12
"""A displacement of this share of the path's largest is rounding: such a pose has no direction."""


@dataclass(frozen=True)
class Poses:
    """Rigid transforms as plain arrays: a score is a few array operations, and this is all of them."""

    R: Float64
    """[n, 3, 3]"""
    t: Float64
    """[n, 3]"""

    @classmethod
    def of(cls, track: Track) -> Poses:
        """The body-to-world poses of a track."""
        pose = track.T_world_body
        return cls(pose.rotation.as_matrix().double().numpy(), pose.translation.double().numpy())

    def __getitem__(self, index: slice | NDArray[np.integer]) -> Poses:
        """Some of the poses."""
        return Poses(self.R[index], self.t[index])

    def to(self, other: Poses) -> Poses:
        """Self^-1 @ other: the other poses as seen from these (one, or as many)."""
        inverse = self.R.swapaxes(-1, -2)
        return Poses(inverse @ other.R, (inverse @ (other.t - self.t)[..., None])[..., 0])

    def moved_by(self, change: Similarity) -> Poses:
        """The poses in another world."""
        R = change.T_new_old.rotation.as_matrix().double().numpy()
        t = change.T_new_old.translation.double().numpy()
        return Poses(R @ self.R, change.scale * (self.t @ R.T) + t)

    @cached_property
    def angle(self) -> Float64:
        """[n] geodesic distance of each rotation from the identity, in radians."""
        R = self.R
        axial = np.stack([R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1]], -1)
        return np.arctan2(length(axial), R[:, 0, 0] + R[:, 1, 1] + R[:, 2, 2] - 1)


def length(vectors: Float64) -> Float64:
    """Euclidean length along the last axis."""
    return np.sqrt(np.einsum("...i,...i->...", vectors, vectors))


def at_rest(displacements: Float64) -> NDArray[np.bool_]:
    """Displacements [n, 3] that are no more than rounding beside the largest."""
    distance = length(displacements)
    return distance <= AT_REST * max(float(distance.max(initial=0.0)), np.finfo(float).tiny)
