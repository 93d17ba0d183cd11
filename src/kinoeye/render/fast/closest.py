"""Compiled distances from points to solids: Gilbert, Johnson and Keerthi's algorithm (1988) on support points.

A solid is a canonical one under an affine map, so its support point in a direction is the map of the canonical
solid's in the direction taken back; one loop serves every kind at every size.
"""

from __future__ import annotations

import math

import numpy as np

from kinoeye.render.fast.kernels import _compiled, _turn_back
from kinoeye.render.scene import BOX, CAPSULE, CONE, CYLINDER, SPHERE

PRECISION = 1e-9
"""Relative gap between the bounds of a distance at which it counts as found."""
_STEPS = 96


@_compiled
def nearest_parts(kind, segment, maps, centres, radii, points, start, start_part, distance, nearest):
    """Distance from points to the nearest part, each point among the parts as they are at its own time.

    Args:
        kind: [p] canonical solids.
        segment: [p] half length of a capsule's axis.
        maps: [n, p, 3, 4] canonical to world.
        centres: [n, p, 3] centres of spheres around the parts.
        radii: [n, p] their radii.
        points: [n, 3]
        start: [n] distances that are known already, such as the ground's.
        start_part: [n] what they are distances to.
        distance: [n] to fill; 0 inside a part.
        nearest: [n] to fill with the index of the part, or what `start_part` says.
    """
    simplex = np.empty((4, 3))
    for i in range(points.shape[0]):
        best, part = start[i], start_part[i]
        for p in range(kind.shape[0]):
            x, y, z = points[i, 0] - centres[i, p, 0], points[i, 1] - centres[i, p, 1], points[i, 2] - centres[i, p, 2]
            if math.sqrt(x * x + y * y + z * z) - radii[i, p] >= best:
                continue
            found = _distance(kind[p], segment[p], maps[i, p], points[i], best, simplex)
            if found < best:
                best, part = found, p
        distance[i], nearest[i] = best, part


@_compiled
def _support(kind, segment, x, y, z):
    """The point of a canonical solid that lies farthest in a direction."""
    flat = math.sqrt(x * x + y * y)
    if kind in (SPHERE, CAPSULE):
        length = math.sqrt(flat * flat + z * z)
        scale = 1.0 / length if length > 0.0 else 0.0
        return x * scale, y * scale, z * scale + math.copysign(segment, z)
    up = math.copysign(1.0, z)
    if kind == BOX:
        return math.copysign(1.0, x), math.copysign(1.0, y), up
    if kind in (CYLINDER, CONE):
        if kind == CONE and 2.0 * z > flat:
            return 0.0, 0.0, 1.0
        scale = 1.0 / flat if flat > 0.0 else 0.0
        return x * scale, y * scale, (up if kind == CYLINDER else -1.0)
    if 2.0 * z > abs(x) + abs(y):
        return 0.0, 0.0, 1.0
    return math.copysign(1.0, x), math.copysign(1.0, y), -1.0


@_compiled
def _distance(kind, segment, M, point, enough, W):
    """Distance from a point to one solid, or some bound above `enough` once it cannot be nearer; W is room to work."""
    x, y, z = M[0, 3] - point[0], M[1, 3] - point[1], M[2, 3] - point[2]
    count = 0
    for _ in range(_STEPS):
        length = math.sqrt(x * x + y * y + z * z)
        if length == 0.0:
            return 0.0
        ux, uy, uz = -x / length, -y / length, -z / length
        cx, cy, cz = _support(kind, segment, *_turn_back(M, ux, uy, uz))
        for k in range(3):
            W[count, k] = M[k, 0] * cx + M[k, 1] * cy + M[k, 2] * cz + M[k, 3] - point[k]
        below = -(W[count, 0] * ux + W[count, 1] * uy + W[count, 2] * uz)
        if below >= enough:
            return below
        if length - below <= PRECISION * length:
            return length
        nx, ny, nz, kept = _closest(W, count + 1)
        if count == 3 and kept == 15:
            return 0.0
        if nx * nx + ny * ny + nz * nz >= length * length and count > 0:
            return length
        x, y, z = nx, ny, nz
        count = 0
        for row in range(4):
            if kept & (1 << row):
                for k in range(3):
                    W[count, k] = W[row, k]
                count += 1
        if count == 4:
            return 0.0
    return math.sqrt(x * x + y * y + z * z)


@_compiled
def _closest(W, count):
    """The point of a simplex nearest to the origin, and which corners it needs, as bits."""
    if count == 1:
        return W[0, 0], W[0, 1], W[0, 2], 1
    if count == 2:
        return _on_segment(W, 0, 1)
    if count == 3:
        return _on_triangle(W, 0, 1, 2)
    best = math.inf
    x, y, z, kept = 0.0, 0.0, 0.0, 15
    for a, b, c, d in ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 3, 1), (1, 2, 3, 0)):
        nx, ny, nz = _normal(W, a, b, c)
        to_origin = -(nx * W[a, 0] + ny * W[a, 1] + nz * W[a, 2])
        to_last = nx * (W[d, 0] - W[a, 0]) + ny * (W[d, 1] - W[a, 1]) + nz * (W[d, 2] - W[a, 2])
        if to_origin * to_last > 0.0:
            continue  # the origin lies on the inner side of this face
        px, py, pz, bits = _on_triangle(W, a, b, c)
        squared = px * px + py * py + pz * pz
        if squared < best:
            best, x, y, z, kept = squared, px, py, pz, bits
    return x, y, z, kept


@_compiled
def _normal(W, a, b, c):
    ux, uy, uz = W[b, 0] - W[a, 0], W[b, 1] - W[a, 1], W[b, 2] - W[a, 2]
    vx, vy, vz = W[c, 0] - W[a, 0], W[c, 1] - W[a, 1], W[c, 2] - W[a, 2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@_compiled
def _on_segment(W, a, b):
    dx, dy, dz = W[b, 0] - W[a, 0], W[b, 1] - W[a, 1], W[b, 2] - W[a, 2]
    squared = dx * dx + dy * dy + dz * dz
    along = -(W[a, 0] * dx + W[a, 1] * dy + W[a, 2] * dz)
    if along <= 0.0 or squared == 0.0:
        return W[a, 0], W[a, 1], W[a, 2], 1 << a
    if along >= squared:
        return W[b, 0], W[b, 1], W[b, 2], 1 << b
    t = along / squared
    return W[a, 0] + t * dx, W[a, 1] + t * dy, W[a, 2] + t * dz, (1 << a) | (1 << b)


@_compiled
def _on_triangle(W, a, b, c):
    nx, ny, nz = _normal(W, a, b, c)
    squared = nx * nx + ny * ny + nz * nz
    if squared > 0.0:
        inside = True
        for i, j in ((a, b), (b, c), (c, a)):
            ex, ey, ez = W[j, 0] - W[i, 0], W[j, 1] - W[i, 1], W[j, 2] - W[i, 2]
            ox, oy, oz = ey * nz - ez * ny, ez * nx - ex * nz, ex * ny - ey * nx  # points out of the triangle
            inside = inside and -(W[i, 0] * ox + W[i, 1] * oy + W[i, 2] * oz) <= 0.0
        if inside:
            t = (W[a, 0] * nx + W[a, 1] * ny + W[a, 2] * nz) / squared
            return t * nx, t * ny, t * nz, (1 << a) | (1 << b) | (1 << c)
    best = math.inf
    x, y, z, kept = 0.0, 0.0, 0.0, 0
    for i, j in ((a, b), (b, c), (c, a)):
        px, py, pz, bits = _on_segment(W, i, j)
        length = px * px + py * py + pz * pz
        if length < best:
            best, x, y, z, kept = length, px, py, pz, bits
    return x, y, z, kept
