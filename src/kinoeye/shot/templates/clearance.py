"""Free space between the boxes of bodies that stand upright, and how large a motion must be to leave enough of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float

from kinoeye.geometry.convention import Float64
from kinoeye.geometry.track import Track

Size = tuple[float, float, float]


def least_clearance(tracks: Sequence[Track], sizes: Sequence[Size]) -> float:
    """Least free space in metres between any two upright bodies at the times of the first one's poses.

    A lower bound of the distance of their boxes, by separating axes: exact unless two edges are nearest.

    Args:
        tracks: one an actor.
        sizes: boxes in metres along body axes: x forward, y left, z up; the origin is under the middle.

    Returns:
        Metres, negative where two overlap; infinite for a single actor.
    """
    poses = np.stack([track.at(tracks[0].times_s).T_world_body.as_matrix().numpy() for track in tracks])
    return least_gap(poses[..., :3, 3], np.arctan2(poses[..., 1, 0], poses[..., 0, 0]), sizes)


def least_gap(xyz: Float[Float64, "a t 3"], facing: Float[Float64, "a t"], sizes: Sequence[Size]) -> float:
    """As `least_clearance`, of ground contacts in metres and angles of the bodies' x axes about +z."""
    gaps = (apart - reach for apart, reach in _pairs(xyz, facing, sizes))
    return min((float(gap.max(axis=0).min()) for gap in gaps), default=np.inf)


def least_scale(
    xyz: Float[Float64, "a t 3"], facing: Float[Float64, "a t"], sizes: Sequence[Size], clearance_m: float
) -> float:
    """How many times larger than nominal a motion must be for the clearance to hold all the time.

    Args:
        xyz: ground contacts in nominal metres.
        facing: angles of the bodies' x axes about +z.
        sizes: boxes in metres, which do not grow with the motion.
        clearance_m: in metres.

    Returns:
        The scale; infinite where no scale helps, 0 for a single actor.
    """
    least = 0.0
    for apart, reach in _pairs(xyz, facing, sizes):
        with np.errstate(divide="ignore"):
            needed = np.where(apart > 1e-9, (reach + clearance_m) / apart, np.inf)
        least = max(least, float(needed.min(axis=0).max()))
    return least


def _pairs(
    xyz: Float[Float64, "a t 3"], facing: Float[Float64, "a t"], sizes: Sequence[Size]
) -> list[tuple[Float[Float64, "axis t"], Float[Float64, "axis t"]]]:
    """Of each pair of bodies, along each axis that may separate them: how far apart, and how far they reach."""
    pairs = []
    for one, other in combinations(range(len(sizes)), 2):
        offset = xyz[other] - xyz[one]
        apart, reach = [], []
        for angle in (facing[one], facing[one] + np.pi / 2, facing[other], facing[other] + np.pi / 2):
            apart.append(np.abs(offset[:, 0] * np.cos(angle) + offset[:, 1] * np.sin(angle)))
            reach.append(_reach(sizes[one], facing[one] - angle) + _reach(sizes[other], facing[other] - angle))
        lower = np.where(offset[:, 2] > 0.0, sizes[one][2], sizes[other][2])
        pairs.append((np.stack([*apart, np.abs(offset[:, 2])]), np.stack([*reach, lower])))
    return pairs


def _reach(size: Size, angle: Float[Float64, "t"]) -> Float[Float64, "t"]:
    """Half the extent of a box's footprint along an axis at an angle to its x axis."""
    return 0.5 * (size[0] * np.abs(np.cos(angle)) + size[1] * np.abs(np.sin(angle)))
