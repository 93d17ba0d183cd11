"""Where rays meet canonical solids, one function a kind.

Rays are `origin + t * direction` for arrays of directions [n, 3] from one or many origins, in the solid's canonical
coordinates. A function returns the smallest t > 0 on the surface (inf for a miss; a ray from inside meets the far
wall) and a face: which piece of the surface it is. Rays that touch nothing give NaN on the way, and NaN is no hit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.scene import BOX, CAPSULE, CONE, CYLINDER, PYRAMID, SPHERE

Float64 = NDArray[np.float64]
Hits = tuple[Float64, NDArray[np.int64]]
T_MIN = 1e-6
"""Hits nearer than this are the surface that the ray starts on."""
PYRAMID_PLANES = np.array([[1, 0, 0.5], [-1, 0, 0.5], [0, 1, 0.5], [0, -1, 0.5], [0, 0, -1]])
PYRAMID_OFFSETS = np.array([0.5, 0.5, 0.5, 0.5, 1.0])
"""The pyramid is where planes @ point <= offsets."""


def intersect(kind: int, segment: float, origin: Float64, direction: Float64) -> Hits:
    """First hit of rays with a canonical solid.

    Args:
        kind: index of the solid.
        segment: half length of a capsule's axis.
        origin: [n, 3] or [3].
        direction: [n, 3], of any length.

    Returns:
        t [n] (inf where missed) and face [n].
    """
    origin, direction = np.broadcast_arrays(origin, direction)
    with np.errstate(all="ignore"):
        if kind == BOX:
            planes = np.concatenate([np.eye(3), -np.eye(3)])
            return _polytope(planes, np.ones(6), origin, direction)
        if kind == PYRAMID:
            return _polytope(PYRAMID_PLANES, PYRAMID_OFFSETS, origin, direction)
        candidates = {SPHERE: _sphere, CYLINDER: _cylinder, CONE: _cone}
        found = _capsule(segment, origin, direction) if kind == CAPSULE else candidates[kind](origin, direction)
    return _nearest(found)


def normal(kind: int, segment: float, face: NDArray[np.int64], point: Float64) -> Float64:
    """Outward normals [n, 3] (not unit) in canonical coordinates at surface points [n, 3] on faces [n]."""
    if kind == BOX:
        return np.concatenate([np.eye(3), -np.eye(3)])[face]
    if kind == PYRAMID:
        return PYRAMID_PLANES[face]
    x, y, z = point.T
    if kind == SPHERE:
        return point
    if kind == CAPSULE:
        return np.stack([x, y, z - np.clip(z, -segment, segment)], axis=-1)
    side = np.stack([x, y, np.zeros_like(z) if kind == CYLINDER else (1.0 - z) / 4.0], axis=-1)
    cap = np.stack([np.zeros_like(x), np.zeros_like(x), np.where(face == 1, -1.0, 1.0)], axis=-1)
    return np.where((face == 0)[:, None], side, cap)


def _polytope(planes: Float64, offsets: Float64, origin: Float64, direction: Float64) -> Hits:
    """A convex polytope by clipping the ray with each half space (Kay and Kajiya 1986)."""
    distance = offsets - origin @ planes.T  # [n, k], positive inside
    speed = direction @ planes.T
    speed = np.where(speed == 0, 1e-300, speed)
    t = distance / speed
    enter = np.where(speed < 0, t, -np.inf)
    leave = np.where(speed > 0, t, np.inf)
    t_in, t_out = enter.max(axis=1), leave.min(axis=1)
    outside = t_in > T_MIN
    t_hit = np.where(outside, t_in, t_out)
    face = np.where(outside, enter.argmax(axis=1), leave.argmin(axis=1))
    return np.where((t_in <= t_out) & (t_hit > T_MIN), t_hit, np.inf), face


def _quadratic(a: Float64, half_b: Float64, c: Float64) -> tuple[Float64, Float64]:
    """Both roots of a t^2 + 2 half_b t + c = 0 without cancellation; NaN where there are none."""
    q = -(half_b + np.where(half_b < 0, -1.0, 1.0) * np.sqrt(half_b * half_b - a * c))
    return q / a, c / q


Candidate = tuple[Float64, NDArray[np.bool_], int]
"""t of each ray, whether it lies on the solid, and the face."""


def _nearest(candidates: list[Candidate]) -> Hits:
    valid = np.stack([np.where(on & (t > T_MIN), t, np.inf) for t, on, _ in candidates])
    best = valid.argmin(axis=0)
    return valid.min(axis=0), np.array([face for _, _, face in candidates])[best]


def _sphere(o: Float64, d: Float64) -> list[Candidate]:
    roots = _quadratic((d * d).sum(-1), (o * d).sum(-1), (o * o).sum(-1) - 1.0)
    return [(t, np.isfinite(t), 0) for t in roots]


def _cylinder(o: Float64, d: Float64) -> list[Candidate]:
    o_xy, d_xy = o[:, :2], d[:, :2]
    roots = _quadratic((d_xy**2).sum(-1), (o_xy * d_xy).sum(-1), (o_xy**2).sum(-1) - 1.0)
    side = [(t, np.abs(o[:, 2] + t * d[:, 2]) <= 1.0, 0) for t in roots]
    return [*side, _disc(o, d, -1.0, 1), _disc(o, d, 1.0, 2)]


def _cone(o: Float64, d: Float64) -> list[Candidate]:
    # x^2 + y^2 = r(z)^2 with radius r(z) = (1 - z) / 2.
    r, dr = (1.0 - o[:, 2]) / 2.0, -d[:, 2] / 2.0
    a = d[:, 0] ** 2 + d[:, 1] ** 2 - dr * dr
    half_b = o[:, 0] * d[:, 0] + o[:, 1] * d[:, 1] - r * dr
    c = o[:, 0] ** 2 + o[:, 1] ** 2 - r * r
    side = [(t, np.abs(o[:, 2] + t * d[:, 2]) <= 1.0, 0) for t in _quadratic(a, half_b, c)]
    return [*side, _disc(o, d, -1.0, 1)]


def _capsule(segment: float, o: Float64, d: Float64) -> list[Candidate]:
    o_xy, d_xy = o[:, :2], d[:, :2]
    roots = _quadratic((d_xy**2).sum(-1), (o_xy * d_xy).sum(-1), (o_xy**2).sum(-1) - 1.0)
    found = [(t, np.abs(o[:, 2] + t * d[:, 2]) <= segment, 0) for t in roots]
    for sign in (-1.0, 1.0):
        centred = o - np.array([0.0, 0.0, sign * segment])
        for t in _quadratic((d * d).sum(-1), (centred * d).sum(-1), (centred**2).sum(-1) - 1.0):
            found.append((t, sign * (o[:, 2] + t * d[:, 2]) >= segment, 0))
    return found


def _disc(o: Float64, d: Float64, z: float, face: int) -> Candidate:
    t = (z - o[:, 2]) / d[:, 2]
    on = (o[:, 0] + t * d[:, 0]) ** 2 + (o[:, 1] + t * d[:, 1]) ** 2 <= 1.0
    return t, on & np.isfinite(t), face
