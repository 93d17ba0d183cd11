"""How alike two motions are, whoever makes them and wherever, whichever way, however large and fast they are made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import torch
from jaxtyping import Float

from kinoeye.geometry.convention import Float64
from kinoeye.geometry.track import Track
from kinoeye.shot.templates.path import Path

INSTANTS = 64
"""Samples of a normal form, evenly spaced over the motion."""
FACING_WEIGHT = 0.5
"""Weight of a body's facing beside its place: a body that faces the other way is as far as one of half the spread."""

NormalForm = Float[Float64, "a t 6"]
"""Actors over time: place divided by the spread of all, and where the body faces, times `FACING_WEIGHT`."""


def normal_form(tracks: Sequence[Track]) -> NormalForm:
    """What is left of a motion without its place, size and speed.

    Place: the mean of all places is 0, also in height. Size: the root mean square of all distances to it is 1, unless
    nobody moves away from one place. Speed: time runs from 0 to 1, so that standing and changes of speed remain.
    Heading, and who is who, are left to `difference`. Left and right stay apart, so do forwards and backwards in time.

    Args:
        tracks: one an actor, of the same times; as much of them is used as there is.
    """
    poses = []
    for track in tracks:
        times_s = torch.linspace(float(track.times_s[0]), float(track.times_s[-1]), INSTANTS, dtype=torch.float64)
        poses.append(track.at(times_s).T_world_body.as_matrix().numpy())
    stacked = np.stack(poses)
    return _normalised(stacked[..., :3, 3], stacked[..., :3, 0])


def normal_form_of_paths(paths: Sequence[Path]) -> NormalForm:
    """The normal form of nominal paths, which all last equally long."""
    sampled = [path.sampled(np.linspace(0.0, path.seconds, INSTANTS)) for path in paths]
    xyz, facing = (np.stack(values) for values in zip(*sampled, strict=True))
    return _normalised(xyz, np.stack([np.cos(facing), np.sin(facing), np.zeros_like(facing)], axis=-1))


def difference(one: NormalForm, other: NormalForm) -> float:
    """How different two motions are: 0 for the same, about 1 for motions that have little in common.

    The root mean square, over actors and time, of the distances between places and facings, at the turn about the
    vertical and the matching of actors that make it least.

    Raises:
        ValueError: the motions are of different numbers of actors.

    Example:
        >>> from kinoeye.shot.templates import find_template
        >>> left, right = (normal_form_of_paths(find_template(f"U-turn {side}").paths()) for side in ("left", "right"))
        >>> difference(left, left) < 1e-6 < 0.3 < difference(left, right)
        True
    """
    if one.shape != other.shape:
        raise ValueError(f"motions of {len(one)} and {len(other)} actors cannot be compared")
    matchings = (other[list(order)] for order in permutations(range(len(other))))
    return min(_turned_difference(one, matched) for matched in matchings)


def _normalised(xyz: Float[Float64, "a t 3"], forward: Float[Float64, "a t 3"]) -> NormalForm:
    centred = xyz - xyz.mean(axis=(0, 1))
    spread = np.sqrt((centred**2).sum(axis=-1).mean())
    places = centred / spread if spread > 1e-6 else np.zeros_like(centred)
    return np.concatenate([places, FACING_WEIGHT * forward], axis=-1)


def _turned_difference(one: NormalForm, other: NormalForm) -> float:
    """The root mean square difference after the turn about z that makes it least, which has a closed form."""
    across_one, across_other = (form[..., [0, 3]] + 1j * form[..., [1, 4]] for form in (one, other))
    overlap = abs(np.vdot(across_other, across_one))
    squares = (np.abs(across_one) ** 2).sum() + (np.abs(across_other) ** 2).sum() - 2.0 * overlap
    squares += ((one[..., [2, 5]] - other[..., [2, 5]]) ** 2).sum()
    return float(np.sqrt(max(squares, 0.0) / (one.shape[0] * one.shape[1])))
