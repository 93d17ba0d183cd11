"""Where rays meet triangles, one function a question: the exact answer for every triangle, near, far or behind.

A ray from the origin meets the plane of a triangle inside it where it passes its three edges on the same side; the
volumes that it spans with the edges are, up to scale, the weights of the corners (Olano and Greer 1997). Nothing is
projected, so a triangle that crosses the camera's plane needs no clipping.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.reference.solids import T_MIN

Float64 = NDArray[np.float64]
THIN = 1e-12
"""Triangles with a smaller sine between their first two sides have no surface."""
_PAIRS = 500_000
"""Rays times triangles that are looked at together."""


def facing(corners: Float64) -> Float64:
    """Normals [t, 3] of triangles with corners [t, 3, 3], as long as their area twice over; 0 where there is none."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    sides = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.where((np.linalg.norm(normal, axis=1) <= THIN * sides)[:, None], 0.0, normal)


def vertex_normals(vertices: Float64, faces: NDArray[np.int64]) -> Float64:
    """Unit normals [v, 3]: the mean over the triangles of each vertex, by area; 0 where they cancel or there are none.

    Smooth shading, Gouraud 1971.
    """
    normal = facing(vertices[faces])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], normal)
    return unit(total)


def unit(vectors: Float64) -> Float64:
    """Vectors [n, 3] at length 1; 0 stays 0."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def first_hit(
    origin: Float64, direction: Float64, vertices: Float64, faces: NDArray[np.int64]
) -> tuple[Float64, NDArray[np.int64], Float64]:
    """What rays from one origin [3] meet first.

    Returns:
        t [n] (inf for a miss), triangle [n] and weights of its corners [n, 3].
    """
    corners = vertices[faces] - origin
    normal = facing(corners)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    volume = (a * normal).sum(-1)  # the origin's distance to the plane, times the normal's length
    there = volume != 0
    sides = np.sign(volume)[:, None] * np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)])  # [3, t, 3]
    t, triangle = np.full(len(direction), np.inf), np.zeros(len(direction), np.int64)
    weights = np.zeros((3, len(direction)))
    for some in _slices(len(direction), len(faces)):
        d = direction[some]
        passed = d @ np.swapaxes(sides, 1, 2)  # [3, n, t]
        with np.errstate(all="ignore"):
            along = volume / (d @ normal.T)
        hit = there & (passed >= 0).all(axis=0) & (along > T_MIN)
        along = np.where(hit, along, np.inf)
        nearest = along.argmin(axis=1)
        rows = np.arange(len(d))
        t[some], triangle[some], weights[:, some] = along[rows, nearest], nearest, passed[:, rows, nearest]
    total = weights.sum(axis=0)
    return t, triangle, (weights / np.where(total > 0, total, 1.0)).T


def any_hit(origin: Float64, direction: Float64, vertices: Float64, faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether parallel rays from origins [n, 3] along one direction [3] meet a triangle."""
    centre = vertices.mean(axis=0)
    corners, origin = vertices[faces] - centre, origin - centre
    normal = facing(corners)
    speed = normal @ direction
    sides, offsets = [], []
    for first, second in ((1, 2), (2, 0), (0, 1)):
        # direction . ((first - origin) x (second - origin)), sorted by powers of the origin
        sides.append(np.cross(corners[:, second] - corners[:, first], direction))
        offsets.append(np.cross(corners[:, first], corners[:, second]) @ direction)
    sides, offsets = np.sign(speed)[:, None] * np.stack(sides), np.sign(speed) * np.stack(offsets)
    found = np.zeros(len(origin), bool)
    for some in _slices(len(origin), len(faces)):
        o = origin[some]
        passed = offsets[:, None] - o @ np.swapaxes(sides, 1, 2)
        with np.errstate(all="ignore"):
            along = ((corners[:, 0] * normal).sum(-1) - o @ normal.T) / speed
        found[some] = ((speed != 0) & (passed >= 0).all(axis=0) & (along > T_MIN)).any(axis=1)
    return found


def _slices(rays: int, triangles: int) -> list[slice]:
    step = max(_PAIRS // triangles, 1)
    return [slice(start, start + step) for start in range(0, rays, step)]
