"""Which pose of an estimate belongs to which pose of a reference, and which poses of the reference have none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.interpolation import nearest
from kinoeye.geometry.track import Track

MAX_DIFFERENCE_S = 0.02
"""Clocks of RGB-D and motion-capture recordings differ by less; the TUM tools use the same bound."""
DENSER = 1.5
"""A reference whose median time step is this many times shorter than the estimate's is only sampled more densely."""

Association = Literal["time", "index"]
Missing = Literal["skip", "fail"]
"""What a pose of the reference without an estimate is: nothing to compare, or a failure of the estimator."""


@dataclass(frozen=True)
class Paired:
    """A reference and an estimate with equally many poses, and which poses of the reference these are."""

    reference: Track
    estimate: Track
    found: NDArray[np.bool_]
    """Of each pose that was asked for, whether the estimate has it; as many are true as there are pairs."""
    note: str = ""
    """What was left out or counted as a failure, in words."""


def associate(
    reference: Track,
    estimate: Track,
    *,
    by: Association = "time",
    max_difference_s: float = MAX_DIFFERENCE_S,
    missing: Missing | None = None,
) -> Paired:
    """Pair the poses of two tracks, and say which poses of the reference the estimate lacks.

    Args:
        reference: the poses taken as true.
        estimate: the poses to judge.
        by: pair poses by nearest time or by index.
        max_difference_s: pairs further apart in seconds are none.
        missing: whether a pose of the reference without a partner is skipped or a failure. None decides: by time it is
            a failure, unless the reference is sampled at least `DENSER` times as densely as the estimate, as motion
            capture is; by index the counts must be equal.

    Raises:
        InputError: nothing can be paired, or the counts differ where the index needs them equal.
    """
    if by == "index":
        if missing == "fail" and len(estimate) < len(reference):
            found = np.arange(len(reference)) < len(estimate)
            head = replace(
                reference,
                T_world_body=reference.T_world_body[: len(estimate)],
                times_s=reference.times_s[: len(estimate)],
            )
            pairs = associate_by_index(head, estimate)
            return Paired(*pairs, found, _note(reference, estimate, len(estimate), "fail"))
        return Paired(*associate_by_index(reference, estimate), np.ones(len(reference), bool))
    if _in_step(reference, estimate, max_difference_s):
        return Paired(replace(reference, times_s=estimate.times_s), estimate, np.ones(len(reference), bool))
    of_reference, of_estimate = _nearest_pairs(reference, estimate, max_difference_s)
    missing = missing or ("skip" if _is_denser(reference, estimate) else "fail")
    found = np.ones(len(of_reference), bool)
    if missing == "fail":
        of_reference, of_estimate = _one_each(reference, estimate, of_reference, of_estimate)
        found = np.zeros(len(reference), bool)
        found[of_reference.numpy()] = True
    note = ""
    if len(of_reference) < max(len(reference), len(estimate)):
        note = _note(reference, estimate, len(of_reference), missing)
    return Paired(*_at_pairs(reference, estimate, of_reference, of_estimate), found, note)


def associate_by_time(
    reference: Track, estimate: Track, *, max_difference_s: float = MAX_DIFFERENCE_S
) -> tuple[Track, Track]:
    """Each pose of the track with fewer poses, paired with the pose of the other that is nearest in time.

    Args:
        reference: the poses taken as true.
        estimate: the poses to judge.
        max_difference_s: pairs further apart in seconds are dropped.

    Returns:
        Reference and estimate with equally many poses, both at the times of the shorter track.

    Raises:
        InputError: no pair is near enough.
    """
    return _at_pairs(reference, estimate, *_nearest_pairs(reference, estimate, max_difference_s))


def associate_by_index(reference: Track, estimate: Track) -> tuple[Track, Track]:
    """Pose i with pose i, at the times of the reference.

    Raises:
        InputError: the tracks have different numbers of poses.
    """
    if len(reference) != len(estimate):
        fewer = len(estimate) < len(reference)
        fix = "or --missing fail, which counts the others as failures" if fewer else "or --by time, if both have times"
        raise InputError(
            f"the reference has {len(reference)} poses and the estimate {len(estimate)}; pairing by index needs "
            f"equally many, {fix}"
        )
    return reference, replace(estimate, times_s=reference.times_s)


def _in_step(reference: Track, estimate: Track, max_difference_s: float) -> bool:
    """Whether pose i is nearest to pose i throughout, as from one film: then there is nothing to search."""
    if not 1 < len(reference) == len(estimate):
        return False
    half_a_step = float(reference.times_s.diff().min()) / 2
    return float((reference.times_s - estimate.times_s).abs().max()) < min(max_difference_s, half_a_step)


def _nearest_pairs(reference: Track, estimate: Track, max_difference_s: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices into reference and estimate of every pair, in order of time."""
    estimate_is_longer = len(estimate) > len(reference)
    short, long = (reference, estimate) if estimate_is_longer else (estimate, reference)
    partner = nearest(long.times_s, short.times_s)
    near = torch.nonzero((long.times_s[partner] - short.times_s).abs() <= max_difference_s)[:, 0]
    if len(near) == 0:
        raise InputError(
            f"no pose of the estimate ({_span(estimate)}) lies within {max_difference_s:g} s of one of the reference "
            f"({_span(reference)}); --by index pairs them in order, and --max-difference S allows more seconds between"
        )
    return (near, partner[near]) if estimate_is_longer else (partner[near], near)


def _one_each(
    reference: Track, estimate: Track, of_reference: torch.Tensor, of_estimate: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of several estimates of one pose of the reference, the nearest in time."""
    apart = (reference.times_s[of_reference] - estimate.times_s[of_estimate]).abs()
    order = np.lexsort((apart.numpy(), of_reference.numpy()))
    _, first = np.unique(of_reference.numpy()[order], return_index=True)
    kept = torch.from_numpy(order[first])
    return of_reference[kept], of_estimate[kept]


def _at_pairs(
    reference: Track, estimate: Track, of_reference: torch.Tensor, of_estimate: torch.Tensor
) -> tuple[Track, Track]:
    times = (
        reference.times_s[of_reference] if len(estimate) > len(reference) else estimate.times_s[of_estimate]
    )  # those of the shorter track cannot repeat
    return (
        replace(reference, T_world_body=reference.T_world_body[of_reference], times_s=times),
        replace(estimate, T_world_body=estimate.T_world_body[of_estimate], times_s=times),
    )


def _is_denser(reference: Track, estimate: Track) -> bool:
    if min(len(reference), len(estimate)) < 2:
        return False
    steps = [float(track.times_s.diff().median()) for track in (reference, estimate)]
    return steps[1] >= DENSER * steps[0]


def _note(reference: Track, estimate: Track, pairs: int, missing: Missing) -> str:
    counts = f"{pairs} pairs of {len(reference)} reference and {len(estimate)} estimated poses are compared"
    lacking = len(reference) - pairs
    if lacking == 0:
        return counts
    if missing == "fail":
        counted = "count as failures (--missing skip leaves them out)"
    else:
        counted = "are skipped (--missing fail counts them as failures)"
    return f"{counts}; {lacking} poses of the reference have no estimate and {counted}"


def _span(track: Track) -> str:
    return f"{float(track.times_s[0]):g} to {float(track.times_s[-1]):g} s"
