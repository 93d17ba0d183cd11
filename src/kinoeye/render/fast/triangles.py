"""Compiled kernels that pose meshes and lay their triangles out for rays: on the screen, and across the sunlight.

Nothing here is called by a kernel of another file, and nothing calls one, because numba's cache watches only the file
of a kernel. Products are not contracted with sums: two triangles must find exactly opposite numbers along the edge
that they share, or rays slip through between them.
"""

from __future__ import annotations

import math
from functools import partial

from kinoeye.render.fast.kernels import _compiled

T_MIN = 1e-6
THIN = 1e-12
PAD = 1e-6
"""Triangles count as this much larger, in pixels, when the pixels they may cover are listed."""

exact = partial(_compiled, error_model="numpy", _nrt=False)
inlined = partial(exact, forceinline=True)


@exact
def pose(world, T_cam_world, K, light_axes, triangles, vertices, placed):
    """Bring meshes into one frame.

    Args:
        world: [v, 3]
        T_cam_world: [3, 4]
        K: [4] fx, fy, cx, cy.
        light_axes: [3, 3] the plane across the sunlight, and the way to the sun.
        triangles: [t] records, whose `top` is filled: how far each reaches towards the sun, -inf if it has no surface.
        vertices: [v] records, whose `world` and `light` are filled.
        placed: [v, 5] to fill with x, y, z in the camera and x, y on the screen (NaN behind the camera).
    """
    T, L = T_cam_world, light_axes
    for v in range(world.shape[0]):
        x, y, z = world[v, 0], world[v, 1], world[v, 2]
        there, light, seen = vertices[v].world, vertices[v].light, placed[v]
        there[0], there[1], there[2] = x, y, z
        light[0] = L[0, 0] * x + L[0, 1] * y + L[0, 2] * z
        light[1] = L[1, 0] * x + L[1, 1] * y + L[1, 2] * z
        light[2] = L[2, 0] * x + L[2, 1] * y + L[2, 2] * z
        seen[0] = T[0, 0] * x + T[0, 1] * y + T[0, 2] * z + T[0, 3]
        seen[1] = T[1, 0] * x + T[1, 1] * y + T[1, 2] * z + T[1, 3]
        seen[2] = T[2, 0] * x + T[2, 1] * y + T[2, 2] * z + T[2, 3]
        ahead = seen[2] > T_MIN
        seen[3] = seen[0] / seen[2] * K[0] + K[2] if ahead else math.nan
        seen[4] = seen[1] / seen[2] * K[1] + K[3] if ahead else math.nan
    for t in range(triangles.shape[0]):
        corners = triangles[t].corners
        a, b, c = corners[0], corners[1], corners[2]
        ux, uy, uz = world[b, 0] - world[a, 0], world[b, 1] - world[a, 1], world[b, 2] - world[a, 2]
        vx, vy, vz = world[c, 0] - world[a, 0], world[c, 1] - world[a, 1], world[c, 2] - world[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        sides = (ux * ux + uy * uy + uz * uz) * (vx * vx + vy * vy + vz * vz)
        if nx * nx + ny * ny + nz * nz <= THIN * THIN * sides:
            triangles[t].top = -math.inf
        else:
            triangles[t].top = max(vertices[a].light[2], vertices[b].light[2], vertices[c].light[2])


# --- The screen -------------------------------------------------------------------------------------------------------


@inlined
def _bounds(placed, a, b, c, K):
    """Smallest and largest x and y on the screen of what a triangle has ahead of the camera; nothing if it has none."""
    behind = (placed[a, 2] <= T_MIN) + (placed[b, 2] <= T_MIN) + (placed[c, 2] <= T_MIN)
    if behind == 3:
        return math.inf, math.inf, -math.inf, -math.inf
    if behind == 0:
        return (
            min(placed[a, 3], placed[b, 3], placed[c, 3]) - PAD,
            min(placed[a, 4], placed[b, 4], placed[c, 4]) - PAD,
            max(placed[a, 3], placed[b, 3], placed[c, 3]) + PAD,
            max(placed[a, 4], placed[b, 4], placed[c, 4]) + PAD,
        )
    left, top, right, bottom = math.inf, math.inf, -math.inf, -math.inf
    for start, end in ((a, b), (b, c), (c, a)):
        if placed[start, 2] > T_MIN:
            x, y = placed[start, 3], placed[start, 4]
            left, top, right, bottom = min(left, x), min(top, y), max(right, x), max(bottom, y)
        if (placed[start, 2] > T_MIN) != (placed[end, 2] > T_MIN):
            share = (T_MIN - placed[start, 2]) / (placed[end, 2] - placed[start, 2])
            x = placed[start, 0] + share * (placed[end, 0] - placed[start, 0])
            y = placed[start, 1] + share * (placed[end, 1] - placed[start, 1])
            x, y = x / T_MIN * K[0] + K[2], y / T_MIN * K[1] + K[3]
            left, top, right, bottom = min(left, x), min(top, y), max(right, x), max(bottom, y)
    return left - PAD, top - PAD, right + PAD, bottom + PAD


@inlined
def _side(placed, first, second, sign, fx, fy, cx, cy):
    """How a ray through x, y on the screen passes an edge: not negative inside, as the factors of x, y and 1."""
    ax, ay, az = placed[first, 0], placed[first, 1], placed[first, 2]
    bx, by, bz = placed[second, 0], placed[second, 1], placed[second, 2]
    right, down = sign * (ay * bz - az * by) / fx, sign * (az * bx - ax * bz) / fy
    return right, down, sign * (ax * by - ay * bx) - cx * right - cy * down


@inlined
def _plane(placed, a, b, c, fx, fy, cx, cy):
    """One over the depth of a triangle's plane, as the factors of x, y and 1; and on which side of it the camera is."""
    ax, ay, az = placed[a, 0], placed[a, 1], placed[a, 2]
    ux, uy, uz = placed[b, 0] - ax, placed[b, 1] - ay, placed[b, 2] - az
    vx, vy, vz = placed[c, 0] - ax, placed[c, 1] - ay, placed[c, 2] - az
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    volume = ax * nx + ay * ny + az * nz
    right, down = nx / volume / fx, ny / volume / fy
    return right, down, nz / volume - cx * right - cy * down, volume


@exact
def rasterize(placed, triangles, K, inverse, triangle):
    """Find what the rays through pixel centres meet first (Olano and Greer 1997).

    Args:
        placed: [v, 5] from `pose`.
        triangles: [t] records.
        K: [4] fx, fy, cx, cy.
        inverse: [height, width] one over the depth, 0 for nothing, to lower.
        triangle: [height, width] to fill where there is one.
    """
    height, width = inverse.shape
    fx, fy, cx, cy = K[0], K[1], K[2], K[3]
    for t in range(triangles.shape[0]):
        corners = triangles[t].corners
        a, b, c = corners[0], corners[1], corners[2]
        left, top, right, bottom = _bounds(placed, a, b, c, K)
        first, last = math.ceil(max(left - 0.5, 0.0)), math.floor(min(right - 0.5, width - 1.0))
        upper, lower = math.ceil(max(top - 0.5, 0.0)), math.floor(min(bottom - 0.5, height - 1.0))
        if first > last or upper > lower or triangles[t].top == -math.inf:
            continue
        zx, zy, z0, volume = _plane(placed, a, b, c, fx, fy, cx, cy)
        if volume == 0.0:
            continue
        sign = math.copysign(1.0, volume)
        ax, ay, a0 = _side(placed, b, c, sign, fx, fy, cx, cy)
        bx, by, b0 = _side(placed, c, a, sign, fx, fy, cx, cy)
        sx, sy, s0 = _side(placed, a, b, sign, fx, fy, cx, cy)
        for row in range(int(upper), int(lower) + 1):
            y = row + 0.5
            in_a, in_b, in_c, z_row = ay * y + a0, by * y + b0, sy * y + s0, zy * y + z0
            for column in range(int(first), int(last) + 1):
                x = column + 0.5
                if ax * x + in_a >= 0.0 and bx * x + in_b >= 0.0 and sx * x + in_c >= 0.0:
                    near = zx * x + z_row
                    if inverse[row, column] < near < 1.0 / T_MIN:
                        inverse[row, column], triangle[row, column] = near, t


@exact
def rasterize_samples(placed, triangles, K, slots, samples, inverse, triangle):
    """The same for samples x samples rays in each of some pixels.

    Args:
        placed: [v, 5] from `pose`.
        triangles: [t] records.
        K: [4] fx, fy, cx, cy.
        slots: [height, width] row of each pixel in what follows, or -1.
        samples: rays a side.
        inverse: [n, samples * samples] one over the depth, 0 for nothing, to lower.
        triangle: [n, samples * samples] to fill where there is one.
    """
    height, width = slots.shape
    fx, fy, cx, cy = K[0], K[1], K[2], K[3]
    for t in range(triangles.shape[0]):
        corners = triangles[t].corners
        a, b, c = corners[0], corners[1], corners[2]
        left, top, right, bottom = _bounds(placed, a, b, c, K)
        first, last = math.floor(max(left, 0.0)), math.floor(min(right, width - 1.0))
        upper, lower = math.floor(max(top, 0.0)), math.floor(min(bottom, height - 1.0))
        if first > last or upper > lower or triangles[t].top == -math.inf:
            continue
        wanted = False
        for row in range(int(upper), int(lower) + 1):
            for column in range(int(first), int(last) + 1):
                wanted |= slots[row, column] >= 0
        if not wanted:
            continue
        zx, zy, z0, volume = _plane(placed, a, b, c, fx, fy, cx, cy)
        if volume == 0.0:
            continue
        sign = math.copysign(1.0, volume)
        ax, ay, a0 = _side(placed, b, c, sign, fx, fy, cx, cy)
        bx, by, b0 = _side(placed, c, a, sign, fx, fy, cx, cy)
        sx, sy, s0 = _side(placed, a, b, sign, fx, fy, cx, cy)
        for row in range(int(upper), int(lower) + 1):
            for column in range(int(first), int(last) + 1):
                slot = slots[row, column]
                if slot < 0:
                    continue
                for ray in range(samples * samples):
                    x, y = column + (ray % samples + 0.5) / samples, row + (ray // samples + 0.5) / samples
                    if (
                        ax * x + (ay * y + a0) >= 0.0
                        and bx * x + (by * y + b0) >= 0.0
                        and sx * x + (sy * y + s0) >= 0.0
                    ):
                        near = zx * x + (zy * y + z0)
                        if inverse[slot, ray] < near < 1.0 / T_MIN:
                            inverse[slot, ray], triangle[slot, ray] = near, t


# --- Across the sunlight ----------------------------------------------------------------------------------------------


@inlined
def _touched(mesh, corners, vertices):
    """The rectangle of cells that a triangle touches: first and last column, first and last row."""
    a, b, c = vertices[corners[0]].light, vertices[corners[1]].light, vertices[corners[2]].light
    low, per = mesh.light_low, mesh.cells_per_unit
    return (
        int((min(a[0], b[0], c[0]) - low[0]) * per[0]),
        int((max(a[0], b[0], c[0]) - low[0]) * per[0]),
        int((min(a[1], b[1], c[1]) - low[1]) * per[1]),
        int((max(a[1], b[1], c[1]) - low[1]) * per[1]),
    )


@exact
def count_shades(meshes, number, triangles, vertices, starts):
    """Lay a grid over a mesh as the sun sees it, and count the triangles that touch the cells before each one.

    Args:
        meshes: [m] records; `top`, `light_low` and `cells_per_unit` of this one are filled.
        number: which mesh.
        triangles: [t] its records.
        vertices: [v] records of all meshes.
        starts: to fill from the mesh's `first_start`.

    Returns:
        Their number in all cells.
    """
    mesh = meshes[number]
    low_u, low_v, high_u, high_v, top = math.inf, math.inf, -math.inf, -math.inf, -math.inf
    for t in range(triangles.shape[0]):
        top = max(top, triangles[t].top)
        for corner in range(3):
            light = vertices[triangles[t].corners[corner]].light
            low_u, low_v = min(low_u, light[0]), min(low_v, light[1])
            high_u, high_v = max(high_u, light[0]), max(high_v, light[1])
    mesh.top, mesh.light_low[0], mesh.light_low[1] = top, low_u, low_v
    # A shade less than the whole side, so that the last corner lies in the last cell.
    cells = (1.0 - 1e-9) * mesh.side
    mesh.cells_per_unit[0] = cells / (high_u - low_u) if high_u > low_u else 0.0
    mesh.cells_per_unit[1] = cells / (high_v - low_v) if high_v > low_v else 0.0
    first, count = mesh.first_start, mesh.side * mesh.side
    starts[first : first + count + 1] = 0
    for t in range(triangles.shape[0]):
        if triangles[t].top == -math.inf:
            continue
        left, right, upper, lower = _touched(mesh, triangles[t].corners, vertices)
        for row in range(upper, lower + 1):
            for column in range(left, right + 1):
                starts[first + row * mesh.side + column + 1] += 1
    for cell in range(first, first + count):
        starts[cell + 1] += starts[cell]
    return starts[first + count]


@exact
def list_shades(meshes, number, triangles, vertices, starts, shades):
    """List the triangles that touch each cell: those of cell k are what `shades` holds from starts[k] to starts[k + 1].

    Args:
        meshes: [m] records.
        number: which mesh.
        triangles: [t] its records.
        vertices: [v] records of all meshes.
        starts: from `count_shades`.
        shades: to fill from the mesh's `first_shade` with indices among all meshes' triangles.
    """
    mesh = meshes[number]
    first = mesh.first_start
    for t in range(triangles.shape[0]):
        if triangles[t].top == -math.inf:
            continue
        left, right, upper, lower = _touched(mesh, triangles[t].corners, vertices)
        for row in range(upper, lower + 1):
            for column in range(left, right + 1):
                cell = first + row * mesh.side + column
                shades[mesh.first_shade + starts[cell]] = mesh.first + t
                starts[cell] += 1
    for cell in range(first + mesh.side * mesh.side, first, -1):  # each start has moved on to the next one's
        starts[cell] = starts[cell - 1]
    starts[first] = 0
