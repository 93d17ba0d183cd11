"""Which pose of an estimate belongs to which pose of a reference."""

from __future__ import annotations

from dataclasses import replace

import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.track import Track

MAX_DIFFERENCE_S = 0.02
"""Clocks of RGB-D and motion-capture recordings differ by less; the TUM tools use the same bound."""


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
    estimate_is_longer = len(estimate) > len(reference)
    short, long = (reference, estimate) if estimate_is_longer else (estimate, reference)
    nearest, difference = _nearest(long.times_s, short.times_s)
    near = difference <= max_difference_s
    if not bool(near.any()):
        raise InputError(
            f"no pose of the estimate ({_span(estimate)}) lies within {max_difference_s:g} s of one of the reference "
            f"({_span(reference)}); pair them by index, or raise the allowed difference"
        )
    times = short.times_s[near]
    chosen = replace(short, T_world_body=short.T_world_body[near], times_s=times)
    partner = replace(long, T_world_body=long.T_world_body[nearest[near]], times_s=times)
    return (chosen, partner) if estimate_is_longer else (partner, chosen)


def associate_by_index(reference: Track, estimate: Track) -> tuple[Track, Track]:
    """Pose i with pose i, at the times of the reference.

    Raises:
        InputError: the tracks have different numbers of poses.
    """
    if len(reference) != len(estimate):
        raise InputError(
            f"the reference has {len(reference)} poses and the estimate {len(estimate)}; pairing by index needs "
            "equally many, pair them by time instead"
        )
    return reference, replace(estimate, times_s=reference.times_s)


def _nearest(times_s: torch.Tensor, queries_s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Index of the sample nearest to each query, and the distance in seconds."""
    times_s, queries_s = times_s.contiguous(), queries_s.contiguous()
    after = torch.searchsorted(times_s, queries_s).clamp(max=len(times_s) - 1)
    before = (after - 1).clamp(min=0)
    distances = torch.stack([(times_s[index] - queries_s).abs() for index in (before, after)])
    difference, which = distances.min(dim=0)
    return torch.where(which == 0, before, after), difference


def _span(track: Track) -> str:
    return f"{float(track.times_s[0]):g} to {float(track.times_s[-1]):g} s"
