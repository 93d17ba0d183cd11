"""Where the corners of boxes are, and how far apart boxes are, from surface to surface."""

from __future__ import annotations

import itertools

import numpy as np

from kinoeye.facts.motion import centres
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.geometry.convention import Float64

_SIGNS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
EDGES = np.array([(i, j) for i, j in itertools.combinations(range(8), 2) if (_SIGNS[i] != _SIGNS[j]).sum() == 1])
"""[12, 2] which of the corners of a box an edge joins."""


def corners(tracks: SceneTracks) -> Float64:
    """World points [a, t, 8, 3] at the corners of all boxes; those of the camera and of unknown sizes are one point."""
    return np.stack([_corners(*_box(tracks, row)) for row in range(len(tracks.names))])


def gap(tracks: SceneTracks, a: str, b: str) -> Float64:
    """Shortest distance [t] between the boxes of two; 0 where they touch or overlap.

    The camera and actors of unknown size are points. The nearest points of two boxes that do not overlap are a corner
    of one and a point of the other, or lie on two edges.

    Raises:
        InputError: there is no such track.

    Example:
        >>> poses = np.tile(np.eye(4), (3, 1, 1, 1))
        >>> poses[2, 0, 0, 3] = 5.0
        >>> tracks = SceneTracks(names=("camera", "car", "dog"), times_s=[0.0], T_world_body=poses, source="file",
        ...     sizes=[[0, 0, 0], [4.0, 2.0, 1.5], [1.0, 0.4, 0.6]], valid=np.ones((3, 1), bool))
        >>> gap(tracks, "car", "dog")
        array([2.5])
    """
    one, other = _box(tracks, tracks.index(a)), _box(tracks, tracks.index(b))
    ends = [_corners(*one), _corners(*other)]
    edges = [points[:, EDGES] for points in ends]
    nearest = np.minimum(_corners_to_box(ends[0], *other), _corners_to_box(ends[1], *one))
    nearest = np.minimum(nearest, _edges_apart(edges[0][:, :, None], edges[1][:, None]).min(axis=(1, 2)))
    return np.where(_overlap(one, other), 0.0, nearest)


def _box(tracks: SceneTracks, row: int) -> tuple[Float64, Float64, Float64]:
    """Centres [t, 3], axes [t, 3, 3] and half sizes [3] of a box."""
    half = np.nan_to_num(tracks.sizes[row]) / 2
    R = tracks.T_world_body[row, :, :3, :3] if half.any() else np.broadcast_to(np.eye(3), (len(tracks), 3, 3))
    return centres(tracks)[row], R, half


def _corners(centre: Float64, R: Float64, half: Float64) -> Float64:
    """Corners [t, 8, 3] of a box."""
    return centre[:, None] + (_SIGNS * half) @ np.swapaxes(R, -1, -2)


def _corners_to_box(points: Float64, centre: Float64, R: Float64, half: Float64) -> Float64:
    """Distance [t] from the nearest of some points [t, n, 3] to a box."""
    local = (points - centre[:, None]) @ R
    return np.linalg.norm(np.maximum(np.abs(local) - half, 0.0), axis=-1).min(axis=1)


def _edges_apart(p: Float64, q: Float64) -> Float64:
    """Distance [...] between segments [..., 2, 3] (Ericson, Real-Time Collision Detection, 2005, 5.1.9)."""
    u, v, w = p[..., 1, :] - p[..., 0, :], q[..., 1, :] - q[..., 0, :], p[..., 0, :] - q[..., 0, :]
    uu, vv, uv, uw, vw = ((x * y).sum(axis=-1) for x, y in ((u, u), (v, v), (u, v), (u, w), (v, w)))
    area = uu * vv - uv * uv
    safe_uu, safe_vv = np.where(uu > 0, uu, 1.0), np.where(vv > 0, vv, 1.0)
    s = np.where(area > 1e-12 * uu * vv, np.clip((uv * vw - uw * vv) / np.where(area > 0, area, 1.0), 0.0, 1.0), 0.0)
    t = np.clip((uv * s + vw) / safe_vv, 0.0, 1.0)
    s = np.clip((uv * t - uw) / safe_uu, 0.0, 1.0)
    return np.linalg.norm(w + s[..., None] * u - t[..., None] * v, axis=-1)


def _overlap(one: tuple[Float64, Float64, Float64], other: tuple[Float64, Float64, Float64]) -> np.ndarray:
    """Whether [t] no plane separates two boxes: along their axes and the products of these (Gottschalk et al. 1996)."""
    (centre_a, R_a, half_a), (centre_b, R_b, half_b) = one, other
    products = np.cross(R_a[:, :, :, None], R_b[:, :, None, :], axis=1).reshape(len(R_a), 3, 9)
    along = np.concatenate([R_a, R_b, products], axis=-1)  # [t, 3, 15]
    reach = sum(
        (np.abs(np.swapaxes(R, -1, -2) @ along) * half[:, None]).sum(axis=1)
        for R, half in ((R_a, half_a), (R_b, half_b))
    )
    between = np.abs(np.einsum("tk,tki->ti", centre_b - centre_a, along))
    return (between <= reach).all(axis=-1)
