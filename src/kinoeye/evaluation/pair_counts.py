"""How far the relative poses of all pairs of frames are off, as a histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinoeye.evaluation.poses import AT_REST, Poses, length
from kinoeye.geometry.convention import Float64

MAX_DEG = 30
"""The largest threshold that anybody reports."""
_ROWS = 16
"""Frames whose pairs are in memory at once."""


@dataclass(frozen=True)
class PairCounts:
    """How many of all pairs i < j of the poses that were asked for have an error below 0, 1, ..., 30 degrees.

    A pair with a pose that has no estimate is below none of them.
    """

    pairs: int
    """All pairs."""
    moving_pairs: int
    """Those between which the reference moves: the others have no direction."""
    rotation: Float64
    """[31] by angle((T_i^-1 T_j)^-1 (E_i^-1 E_j))."""
    translation: Float64
    """[31] by the angle of 0 to 90 degrees between the lines of t(T_i^-1 T_j) and t(E_i^-1 E_j)."""
    both: Float64
    """[31] by the larger of the two, or by the rotation where the reference rests."""


def count_pairs(reference: Poses, estimate: Poses, *, asked: int) -> PairCounts:
    """The counts that every accuracy over pairs is made of.

    Args:
        reference: the poses taken as true.
        estimate: as many poses to judge, in any world.
        asked: number of poses that were asked for; those above the given ones have no estimate.
    """
    count, all_pairs = len(reference.R), asked * (asked - 1) // 2
    # With D_i = R(E_i) R(T_i)^-1 the relative rotations of i and j differ by a turn as large as that from D_j to D_i.
    D = estimate.R @ reference.R.swapaxes(-1, -2)
    true_t, our_t = (poses.t - poses.t[:1] for poses in (reference, estimate))
    rest = AT_REST * max(float(length(true_t).max()), np.finfo(float).tiny)
    our_rest = AT_REST * max(float(length(our_t).max()), np.finfo(float).tiny)
    edges = np.zeros((3, MAX_DEG + 1))
    resting = 0
    for start in range(0, count - 1, _ROWS):
        rows = np.arange(start, min(start + _ROWS, count - 1))
        later = np.arange(start + 1, count)[None] > rows[:, None]
        traces = np.tensordot(D[rows], D[start + 1 :], ([1, 2], [1, 2]))[later]
        rotation = np.rad2deg(np.arccos(((traces - 1) / 2).clip(-1, 1)))
        true = (true_t[None, start + 1 :] - true_t[rows, None])[later]
        ours = ((our_t[None, start + 1 :] - our_t[rows, None]) @ D[rows])[later]
        distance, our_distance = length(true), length(ours)
        moves = distance > rest
        cosine = np.abs(np.einsum("ni,ni->n", true, ours))
        cosine = np.divide(cosine, distance * our_distance, out=0 * cosine, where=moves & (our_distance > our_rest))
        translation = np.where(moves, np.rad2deg(np.arccos(cosine.clip(max=1))), 0.0)
        edges += [_below(rotation), _below(translation[moves]), _below(np.maximum(rotation, translation))]
        resting += int(np.count_nonzero(~moves))
    return PairCounts(all_pairs, all_pairs - resting, *edges)


def _below(errors_deg: Float64) -> Float64:
    """[31] how many errors are below 0, 1, ..., 30 degrees."""
    whole = np.bincount(errors_deg[errors_deg < MAX_DEG].astype(np.int64), minlength=MAX_DEG)
    return np.concatenate([[0], np.cumsum(whole)]).astype(np.float64)
