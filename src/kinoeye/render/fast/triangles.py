"""Compiled kernels that pose meshes and lay their triangles out for rays: on the screen, and across the sunlight.

Nothing here is called by a kernel of another file, and nothing calls one, because numba's cache watches only the file
of a kernel. Products are not contracted with sums: two triangles must find exactly opposite numbers along the edge
that they share, or rays slip through between them.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from kinoeye.render.fast.kernels import _compiled

T_MIN = 1e-6
THIN = 1e-12
PAD = 1e-2
"""Triangles count as this much larger, in pixels, when the pixels they may cover are listed: more than single precision
loses in any picture.
"""
ABOVE_M = 1e-4
"""Triangles count as reaching this much nearer to the sun, more than single precision loses."""

exact = partial(_compiled, error_model="numpy", _nrt=False)
inlined = partial(exact, forceinline=True)


@inlined
def _bounds(placed, a, b, c, K):
    behind = (placed[a, 2] <= T_MIN) + (placed[b, 2] <= T_MIN) + (placed[c, 2] <= T_MIN)
    if behind == 3:
        return 1.0, 0.0, 1.0, 0.0
    left, right, top, bottom = math.inf, -math.inf, math.inf, -math.inf
    for start, end in ((a, b), (b, c), (c, a)):
        if placed[start, 2] > T_MIN:
            x, y = placed[start, 3], placed[start, 4]
            left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
        if behind > 0 and (placed[start, 2] > T_MIN) != (placed[end, 2] > T_MIN):
            share = (T_MIN - placed[start, 2]) / (placed[end, 2] - placed[start, 2])
            x = placed[start, 0] + share * (placed[end, 0] - placed[start, 0])
            y = placed[start, 1] + share * (placed[end, 1] - placed[start, 1])
            x, y = x / T_MIN * K[0] + K[2], y / T_MIN * K[1] + K[3]
            left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
    return left - PAD, right + PAD, top - PAD, bottom + PAD


@exact
def pose(world, T_cam_world, K, light_axes, triangles, vertices, light, placed, bounds):
    """Bring meshes into one frame.

    Args:
        world: [v, 3]
        T_cam_world: [3, 4]
        K: [4] fx, fy, cx, cy.
        light_axes: [3, 3] the plane across the sunlight, and the way to the sun.
        triangles: [t] records, of which two fields are filled: `top`, how far each reaches towards the sun, -inf if it
            has no surface, and `away`, whether it turns its back to the camera.
        vertices: [v] records, whose `world` is filled.
        light: [v, 3] to fill with places across the sunlight and along it.
        placed: [v, 5] to fill with x, y, z in the camera and x, y on the screen (NaN behind the camera).
        bounds: [t, 4] to fill with the smallest and largest x, the smallest and largest y on the screen of what each
            triangle has ahead of the camera; the smallest is the larger if it has nothing there.
    """
    T, L = T_cam_world, light_axes
    camera_x = -(T[0, 0] * T[0, 3] + T[1, 0] * T[1, 3] + T[2, 0] * T[2, 3])
    camera_y = -(T[0, 1] * T[0, 3] + T[1, 1] * T[1, 3] + T[2, 1] * T[2, 3])
    camera_z = -(T[0, 2] * T[0, 3] + T[1, 2] * T[1, 3] + T[2, 2] * T[2, 3])
    for v in range(world.shape[0]):
        x, y, z = world[v, 0], world[v, 1], world[v, 2]
        there, seen = vertices[v].world, placed[v]
        there[0], there[1], there[2] = x, y, z
        light[v, 0] = L[0, 0] * x + L[0, 1] * y + L[0, 2] * z
        light[v, 1] = L[1, 0] * x + L[1, 1] * y + L[1, 2] * z
        light[v, 2] = L[2, 0] * x + L[2, 1] * y + L[2, 2] * z
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
            bounds[t, 0], bounds[t, 1] = 1.0, 0.0
            continue
        triangles[t].top = max(light[a, 2], light[b, 2], light[c, 2])
        x, y, z = world[a, 0] - camera_x, world[a, 1] - camera_y, world[a, 2] - camera_z
        triangles[t].away = 1 if nx * x + ny * y + nz * z > 0.0 else 0
        bounds[t, 0], bounds[t, 1], bounds[t, 2], bounds[t, 3] = _bounds(placed, a, b, c, K)


# --- The screen -------------------------------------------------------------------------------------------------------


@inlined
def _side(placed, first, second, sign, per_fx, per_fy, cx, cy):
    """How a ray through x, y on the screen passes an edge: not negative inside, as the factors of x, y and 1."""
    ax, ay, az = placed[first, 0], placed[first, 1], placed[first, 2]
    bx, by, bz = placed[second, 0], placed[second, 1], placed[second, 2]
    right, down = sign * (ay * bz - az * by) * per_fx, sign * (az * bx - ax * bz) * per_fy
    return right, down, sign * (ax * by - ay * bx) - cx * right - cy * down


@inlined
def _plane(placed, a, b, c, per_fx, per_fy, cx, cy):
    """One over the depth of a triangle's plane, as the factors of x, y and 1; and on which side of it the camera is, 0
    in it.
    """
    ax, ay, az = placed[a, 0], placed[a, 1], placed[a, 2]
    ux, uy, uz = placed[b, 0] - ax, placed[b, 1] - ay, placed[b, 2] - az
    vx, vy, vz = placed[c, 0] - ax, placed[c, 1] - ay, placed[c, 2] - az
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    volume = ax * nx + ay * ny + az * nz
    if volume == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    per_volume = 1.0 / volume
    right, down = nx * per_volume * per_fx, ny * per_volume * per_fy
    return right, down, nz * per_volume - cx * right - cy * down, math.copysign(1.0, volume)


@inlined
def _nearest(placed, a, b, c):
    """One over the depth of a triangle's nearest corner; infinite if one is behind the camera."""
    z = min(placed[a, 2], placed[b, 2], placed[c, 2])
    return 1.0 / z if z > T_MIN else math.inf


@inlined
def _all_hidden(nearest, inverse, first, last, upper, lower):
    for row in range(upper, lower + 1):
        for column in range(first, last + 1):
            if inverse[row, column] < nearest:
                return False
    return True


@exact
def rasterize(placed, triangles, bounds, K, inverse, triangle):
    """Find what the rays through pixel centres meet first (Olano and Greer 1997).

    Triangles that turn their backs come last: most are hidden by then, which costs less to see than to draw them.

    Args:
        placed: [v, 5] from `pose`.
        triangles: [t] records.
        bounds: [t, 4] from `pose`.
        K: [4] fx, fy, cx, cy.
        inverse: [height, width] one over the depth, 0 for nothing, to raise.
        triangle: [height, width] to fill where there is one.
    """
    height, width = inverse.shape
    per_fx, per_fy, cx, cy = 1.0 / K[0], 1.0 / K[1], K[2], K[3]
    for away in range(2):
        for t in range(triangles.shape[0]):
            left, right, top, bottom = bounds[t, 0], bounds[t, 1], bounds[t, 2], bounds[t, 3]
            if left > right or left > width or top > height or right < 0.0 or bottom < 0.0:
                continue
            if triangles[t].away != away:
                continue
            first, last = math.ceil(max(left - 0.5, 0.0)), math.floor(min(right - 0.5, width - 1.0))
            upper, lower = math.ceil(max(top - 0.5, 0.0)), math.floor(min(bottom - 0.5, height - 1.0))
            if first > last or upper > lower:
                continue
            corners = triangles[t].corners
            a, b, c = corners[0], corners[1], corners[2]
            if away == 1 and _all_hidden(_nearest(placed, a, b, c), inverse, first, last, upper, lower):
                continue
            zx, zy, z0, sign = _plane(placed, a, b, c, per_fx, per_fy, cx, cy)
            if sign == 0.0:
                continue
            ax, ay, a0 = _side(placed, b, c, sign, per_fx, per_fy, cx, cy)
            bx, by, b0 = _side(placed, c, a, sign, per_fx, per_fy, cx, cy)
            sx, sy, s0 = _side(placed, a, b, sign, per_fx, per_fy, cx, cy)
            for row in range(upper, lower + 1):
                y = row + 0.5
                in_a, in_b, in_c, z_row = ay * y + a0, by * y + b0, sy * y + s0, zy * y + z0
                for column in range(first, last + 1):
                    x = column + 0.5
                    if ax * x + in_a >= 0.0 and bx * x + in_b >= 0.0 and sx * x + in_c >= 0.0:
                        near = zx * x + z_row
                        if inverse[row, column] < near < 1.0 / T_MIN:
                            inverse[row, column], triangle[row, column] = near, t


@inlined
def _any_wanted(nearest, inverse, slots, first, last, upper, lower):
    """Whether a ray of these pixels is wanted that has met nothing nearer."""
    for row in range(upper, lower + 1):
        for column in range(first, last + 1):
            slot = slots[row, column]
            if slot >= 0:
                for ray in range(inverse.shape[1]):
                    if inverse[slot, ray] < nearest:
                        return True
    return False


@exact
def rasterize_samples(placed, triangles, bounds, K, slots, samples, inverse, triangle):
    """The same for samples x samples rays in each of some pixels.

    Args:
        placed: [v, 5] from `pose`.
        triangles: [t] records.
        bounds: [t, 4] from `pose`.
        K: [4] fx, fy, cx, cy.
        slots: [height, width] row of each pixel in what follows, or -1.
        samples: rays a side.
        inverse: [n, samples * samples] one over the depth, 0 for nothing, to raise.
        triangle: [n, samples * samples] to fill where there is one.
    """
    height, width = slots.shape
    per_fx, per_fy, cx, cy, step = 1.0 / K[0], 1.0 / K[1], K[2], K[3], 1.0 / samples
    for away in range(2):
        for t in range(triangles.shape[0]):
            left, right, top, bottom = bounds[t, 0], bounds[t, 1], bounds[t, 2], bounds[t, 3]
            if left > right or left >= width or top >= height or right < 0.0 or bottom < 0.0:
                continue
            if triangles[t].away != away:
                continue
            first, last = int(max(left, 0.0)), int(min(right, width - 1.0))
            upper, lower = int(max(top, 0.0)), int(min(bottom, height - 1.0))
            corners = triangles[t].corners
            a, b, c = corners[0], corners[1], corners[2]
            if not _any_wanted(_nearest(placed, a, b, c), inverse, slots, first, last, upper, lower):
                continue
            zx, zy, z0, sign = _plane(placed, a, b, c, per_fx, per_fy, cx, cy)
            if sign == 0.0:
                continue
            ax, ay, a0 = _side(placed, b, c, sign, per_fx, per_fy, cx, cy)
            bx, by, b0 = _side(placed, c, a, sign, per_fx, per_fy, cx, cy)
            sx, sy, s0 = _side(placed, a, b, sign, per_fx, per_fy, cx, cy)
            for row in range(upper, lower + 1):
                for column in range(first, last + 1):
                    slot = slots[row, column]
                    if slot < 0:
                        continue
                    for i in range(samples):
                        y = row + (i + 0.5) * step
                        if y < top or y > bottom:
                            continue
                        in_a, in_b, in_c, z_row = ay * y + a0, by * y + b0, sy * y + s0, zy * y + z0
                        for j in range(samples):
                            x = column + (j + 0.5) * step
                            if ax * x + in_a >= 0.0 and bx * x + in_b >= 0.0 and sx * x + in_c >= 0.0:
                                near, ray = zx * x + z_row, i * samples + j
                                if inverse[slot, ray] < near < 1.0 / T_MIN:
                                    inverse[slot, ray], triangle[slot, ray] = near, t


# --- Triangles for a screen that others draw --------------------------------------------------------------------------


@exact
def lay_out(placed, triangles, bounds, K, width, height, drawn):
    """List the triangles that the picture may show, with what tells where and how near.

    Args:
        placed: [v, 5] from `pose`.
        triangles: [t] records.
        bounds: [t, 4] from `pose`.
        K: [4] fx, fy, cx, cy.
        width: of the picture in pixels.
        height: the same.
        drawn: [t] records, of which the first are filled: `a`, `b` and `c` are not negative inside, `inverse` is one
            over the depth, each as the factors of x, y and 1; `bounds`, and the `triangle`.

    Returns:
        How many there are, and the depths between which they lie.
    """
    per_fx, per_fy, cx, cy = 1.0 / K[0], 1.0 / K[1], K[2], K[3]
    count, nearest, farthest = 0, math.inf, T_MIN
    for t in range(triangles.shape[0]):
        left, right, top, bottom = bounds[t, 0], bounds[t, 1], bounds[t, 2], bounds[t, 3]
        if left > right or left > width or top > height or right < 0.0 or bottom < 0.0:
            continue
        corners = triangles[t].corners
        a, b, c = corners[0], corners[1], corners[2]
        zx, zy, z0, sign = _plane(placed, a, b, c, per_fx, per_fy, cx, cy)
        if sign == 0.0:
            continue
        one = drawn[count]
        one.a[0], one.a[1], one.a[2] = _side(placed, b, c, sign, per_fx, per_fy, cx, cy)
        one.b[0], one.b[1], one.b[2] = _side(placed, c, a, sign, per_fx, per_fy, cx, cy)
        one.c[0], one.c[1], one.c[2] = _side(placed, a, b, sign, per_fx, per_fy, cx, cy)
        one.inverse[0], one.inverse[1], one.inverse[2] = zx, zy, z0
        one.bounds[0], one.bounds[1], one.bounds[2], one.bounds[3] = left, right, top, bottom
        one.triangle = t
        count += 1
        nearest = min(nearest, placed[a, 2], placed[b, 2], placed[c, 2])
        farthest = max(farthest, placed[a, 2], placed[b, 2], placed[c, 2])
    return count, max(nearest, T_MIN), farthest


@exact
def take_over(numbers, pixels, drawn, x, y, ray, inverse, triangle):
    """Fill in what one ray of each of some pixels meets.

    Args:
        numbers: [height, width] one more than the place in `drawn`, 0 for nothing.
        pixels: [n] these pixels, counted by rows.
        drawn: [m] records from `lay_out`.
        x: of the ray within its pixel.
        y: the same.
        ray: its number.
        inverse: [n, rays] one over the depth, to fill where there is a triangle.
        triangle: [n, rays] to fill likewise.
    """
    width = numbers.shape[1]
    for n in range(pixels.shape[0]):
        row, column = pixels[n] // width, pixels[n] % width
        number = numbers[row, column]
        if number > 0:
            plane = drawn[number - 1].inverse
            inverse[n, ray] = plane[0] * (column + x) + (plane[1] * (row + y) + plane[2])
            triangle[n, ray] = drawn[number - 1].triangle


# --- Across the sunlight ----------------------------------------------------------------------------------------------


@exact
def count_shades(meshes, number, triangles, own_light, light, touched, starts):
    """Lay a grid over a mesh as the sun sees it, and count the triangles that touch the cells before each one.

    Args:
        meshes: [m] records; `top`, `light_low` and `cells_per_unit` of this one are filled.
        number: which mesh.
        triangles: [t] its records.
        own_light: [w, 3] places across the sunlight of its vertices.
        light: [v, 3] those of all meshes.
        touched: [t, 4] to fill with first and last column, first and last row of the cells that each triangle touches.
        starts: to fill from the mesh's `first_start`.

    Returns:
        Their number in all cells.
    """
    mesh = meshes[number]
    low_u, low_v, high_u, high_v, top = math.inf, math.inf, -math.inf, -math.inf, -math.inf
    for v in range(own_light.shape[0]):
        low_u, low_v = min(low_u, own_light[v, 0]), min(low_v, own_light[v, 1])
        high_u, high_v = max(high_u, own_light[v, 0]), max(high_v, own_light[v, 1])
        top = max(top, own_light[v, 2])
    mesh.top, mesh.light_low[0], mesh.light_low[1] = top, low_u, low_v
    # A shade less than the whole side, so that the last corner lies in the last cell.
    cells = (1.0 - 1e-9) * mesh.side
    per_u = cells / (high_u - low_u) if high_u > low_u else 0.0
    per_v = cells / (high_v - low_v) if high_v > low_v else 0.0
    mesh.cells_per_unit[0], mesh.cells_per_unit[1] = per_u, per_v
    first, side = mesh.first_start, mesh.side
    starts[first : first + side * side + 1] = 0
    for t in range(triangles.shape[0]):
        if triangles[t].top == -math.inf:
            touched[t, 0], touched[t, 1], touched[t, 2], touched[t, 3] = 1, 0, 1, 0
            continue
        corners = triangles[t].corners
        a, b, c = light[corners[0]], light[corners[1]], light[corners[2]]
        left, right = int((min(a[0], b[0], c[0]) - low_u) * per_u), int((max(a[0], b[0], c[0]) - low_u) * per_u)
        upper, lower = int((min(a[1], b[1], c[1]) - low_v) * per_v), int((max(a[1], b[1], c[1]) - low_v) * per_v)
        touched[t, 0], touched[t, 1], touched[t, 2], touched[t, 3] = left, right, upper, lower
        for row in range(upper, lower + 1):
            for column in range(left, right + 1):
                starts[first + row * side + column + 1] += 1
    for cell in range(first, first + side * side):
        starts[cell + 1] += starts[cell]
    return starts[first + side * side]


@exact
def list_shades(meshes, number, triangles, touched, starts, shades):
    """List the triangles that touch each cell: those of cell k are what `shades` holds from starts[k] to starts[k + 1].

    Args:
        meshes: [m] records.
        number: which mesh.
        triangles: [t] its records.
        touched: [t, 4] from `count_shades`.
        starts: from `count_shades`.
        shades: to fill from the mesh's `first_shade`: records of triangles among those of all meshes, and their tops.
    """
    mesh = meshes[number]
    first, side, first_shade, first_triangle = mesh.first_start, mesh.side, mesh.first_shade, mesh.first
    for t in range(triangles.shape[0]):
        top = np.float32(triangles[t].top + ABOVE_M)
        for row in range(touched[t, 2], touched[t, 3] + 1):
            for column in range(touched[t, 0], touched[t, 1] + 1):
                cell = first + row * side + column
                shade = first_shade + starts[cell]
                shades[shade].triangle, shades[shade].top = first_triangle + t, top
                starts[cell] += 1
    for cell in range(first + side * side, first, -1):  # each start has moved on to the next one's
        starts[cell] = starts[cell - 1]
    starts[first] = 0
