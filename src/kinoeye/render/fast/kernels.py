"""Compiled kernels, one ray at a time; each function is the twin of the one of its name in `render.reference`.

A scene without meshes hands None where its meshes would come in, and numba leaves out all that asks for them. They
share one file because numba's cache watches only the file of a kernel: a change here recompiles all of it. Constants
of the look come in with the stage for the same reason. Scenes come in as records because numba counts references to
arrays inside tuples, which took ten times the work of a ray, wherever it counts references at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kinoeye.render.scene import (
    BOX,
    CAPSULE,
    CHECKER,
    CONE,
    CYLINDER,
    LATTICE,
    LAYER_STEP,
    NOISE,
    PICTURE,
    PLAIN,
    SALT_STEP,
    SPHERE,
    STRIPES,
    TILE_SALT,
    TILES,
    WINDOWS,
)

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
SKY, GROUND = -2, -1
GROUND_FAR = 1e9
SHADOW_BIAS_M = 1e-4
T_MIN = 1e-6
TILE = 8
"""Side in pixels of the screen tiles that list the parts they may see."""
FOLD = 4.0
WRAP = LATTICE - 1
SRGB_STEPS = 16384
"""Steps of the table from linear light to sRGB bytes."""


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    """A function compiled by numba, kept on disk where there is a place for that."""
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return njit(**options)(function)


class Figures(NamedTuple):
    """All meshes of a frame as the kernels read them."""

    meshes: Any
    """[m] records."""
    triangles: Any
    """[t] records of all meshes."""
    vertices: Any
    """[v] records of all meshes."""
    after: Float64
    """[v, 3] where they go by the next frame."""
    light: Float64
    """[v, 3] places across the sunlight and along it."""
    starts: NDArray[np.int32]
    """Where the list of each cell across the sunlight begins in `shades`, mesh after mesh."""
    shades: Any
    """Records of triangles that may keep the sunlight away, and how far they reach towards the sun."""


# NaN and infinity keep their meaning. Nothing in a kernel owns memory, so counting references would be wasted work.
_OPTIONS = {"error_model": "numpy", "fastmath": {"contract", "arcp", "nsz", "reassoc"}, "_nrt": False}
kernel = partial(_compiled, **_OPTIONS)
inlined = partial(_compiled, **_OPTIONS, forceinline=True)
# Without sums contracted with products, two triangles find exactly opposite numbers along the edge that they share.
exact = partial(_compiled, error_model="numpy", _nrt=False, forceinline=True)


@_compiled
def bin_rectangles(low: Float64, high: Float64, order: Int64, across: int, down: int):
    """Which rectangles touch each cell of a grid, as compressed rows in one array.

    Args:
        low: [p, 2] smallest x and y in cells; not finite where there is no bound.
        high: [p, 2] largest x and y.
        order: [p] the rectangles in the order that every cell lists them in.
        across: cells along x.
        down: cells along y.

    Returns:
        bins: those of cell k are bins[bins[k] : bins[k + 1]].
    """
    cells = across * down
    counts = np.zeros(cells, np.int64)
    bins = np.zeros(cells + 1, np.int64)
    for fill in (False, True):
        if fill:
            starts = np.empty(cells + 1, np.int64)
            starts[0] = cells + 1
            for cell in range(cells):
                starts[cell + 1] = starts[cell] + counts[cell]
            bins = np.empty(starts[cells], np.int64)
            bins[: cells + 1] = starts
            counts[:] = 0
        for part in order:
            if not (low[part, 0] < across and low[part, 1] < down and high[part, 0] >= 0 and high[part, 1] >= 0):
                continue
            left, top = int(max(low[part, 0], 0.0)), int(max(low[part, 1], 0.0))
            right, bottom = int(min(high[part, 0], across - 1.0)), int(min(high[part, 1], down - 1.0))
            for row in range(top, bottom + 1):
                for cell in range(row * across + left, row * across + right + 1):
                    if fill:
                        bins[bins[cell] + counts[cell]] = part
                    counts[cell] += 1
    return bins


# --- Canonical solids -------------------------------------------------------------------------------------------------


@kernel
def _slab(axis, o, d, t_in, face_in, t_out, face_out):
    """Clip the interval of a ray inside a box by one pair of its faces."""
    per_d = 1.0 / (d if d != 0.0 else 1e-300)
    middle, half = -o * per_d, abs(per_d)
    if middle - half > t_in:
        t_in, face_in = middle - half, (axis + 3 if d > 0.0 else axis)
    if middle + half < t_out:
        t_out, face_out = middle + half, (axis if d > 0.0 else axis + 3)
    return t_in, face_in, t_out, face_out


@kernel
def _half_space(nx, ny, nz, offset, face, ox, oy, oz, dx, dy, dz, t_in, face_in, t_out, face_out):
    """Clip the interval of a ray inside a convex polytope by one more half space."""
    speed = dx * nx + dy * ny + dz * nz
    if speed == 0.0:
        speed = 1e-300
    t = (offset - (ox * nx + oy * ny + oz * nz)) / speed
    if speed < 0.0:
        if t > t_in:
            t_in, face_in = t, face
    elif t < t_out:
        t_out, face_out = t, face
    return t_in, face_in, t_out, face_out


@kernel
def _box(ox, oy, oz, dx, dy, dz):
    a, fa, b, fb = _slab(0, ox, dx, -math.inf, 0, math.inf, 0)
    a, fa, b, fb = _slab(1, oy, dy, a, fa, b, fb)
    a, fa, b, fb = _slab(2, oz, dz, a, fa, b, fb)
    return _first(a, fa, b, fb)


@kernel
def _pyramid(ox, oy, oz, dx, dy, dz):
    a, fa, b, fb = -math.inf, 0, math.inf, 0
    a, fa, b, fb = _half_space(1.0, 0.0, 0.5, 0.5, 0, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    a, fa, b, fb = _half_space(-1.0, 0.0, 0.5, 0.5, 1, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    a, fa, b, fb = _half_space(0.0, 1.0, 0.5, 0.5, 2, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    a, fa, b, fb = _half_space(0.0, -1.0, 0.5, 0.5, 3, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    a, fa, b, fb = _half_space(0.0, 0.0, -1.0, 1.0, 4, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    return _first(a, fa, b, fb)


@kernel
def _first(t_in, face_in, t_out, face_out):
    """The first hit of a ray that is inside a convex solid from t_in to t_out."""
    if t_in > t_out:
        return math.inf, 0
    if t_in > T_MIN:
        return t_in, face_in
    return (t_out, face_out) if t_out > T_MIN else (math.inf, 0)


@kernel
def _quadratic(a, half_b, c):
    q = -(half_b + (-1.0 if half_b < 0.0 else 1.0) * math.sqrt(half_b * half_b - a * c))
    return q / a, c / q


@kernel
def _side(t, best, limit, oz, dz):
    """The nearer of `best` and t, if t lies where |z| <= limit."""
    return t if T_MIN < t < best and abs(oz + t * dz) <= limit else best


@kernel
def _disc(z, face, best, best_face, ox, oy, oz, dx, dy, dz):
    t = (z - oz) / dz
    x, y = ox + t * dx, oy + t * dy
    if T_MIN < t < best and x * x + y * y <= 1.0:
        return t, face
    return best, best_face


@kernel
def _cap(sign, segment, best, ox, oy, oz, dx, dy, dz):
    """The nearer of `best` and the hit with a capsule's hemisphere."""
    z = oz - sign * segment
    roots = _quadratic(dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + z * dz, ox * ox + oy * oy + z * z - 1.0)
    for t in roots:
        if T_MIN < t < best and sign * (oz + t * dz) >= segment:
            best = t
    return best


@kernel
def intersect(kind, segment, ox, oy, oz, dx, dy, dz):
    """First hit of a ray with a canonical solid: t (inf for a miss) and the face."""
    if kind == BOX:
        return _box(ox, oy, oz, dx, dy, dz)
    best, face = math.inf, 0
    if kind == SPHERE:
        near, far = _quadratic(
            dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz - 1.0
        )
        if T_MIN < near < best:
            best = near
        if T_MIN < far < best:
            best = far
    elif kind in (CYLINDER, CAPSULE):
        limit = 1.0 if kind == CYLINDER else segment
        near, far = _quadratic(dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - 1.0)
        best = _side(near, best, limit, oz, dz)
        best = _side(far, best, limit, oz, dz)
        if kind == CYLINDER:
            best, face = _disc(-1.0, 1, best, face, ox, oy, oz, dx, dy, dz)
            best, face = _disc(1.0, 2, best, face, ox, oy, oz, dx, dy, dz)
        else:
            best = _cap(-1.0, segment, best, ox, oy, oz, dx, dy, dz)
            best = _cap(1.0, segment, best, ox, oy, oz, dx, dy, dz)
    elif kind == CONE:
        r, dr = (1.0 - oz) / 2.0, -dz / 2.0
        near, far = _quadratic(dx * dx + dy * dy - dr * dr, ox * dx + oy * dy - r * dr, ox * ox + oy * oy - r * r)
        best = _side(near, best, 1.0, oz, dz)
        best = _side(far, best, 1.0, oz, dz)
        best, face = _disc(-1.0, 1, best, face, ox, oy, oz, dx, dy, dz)
    else:
        return _pyramid(ox, oy, oz, dx, dy, dz)
    return best, face


@kernel
def _outward(kind, segment, face, x, y, z):
    """Outward normal (not unit) in canonical coordinates."""
    if kind == BOX:
        sign = 1.0 if face < 3 else -1.0
        axis = face % 3
        return (sign if axis == 0 else 0.0), (sign if axis == 1 else 0.0), (sign if axis == 2 else 0.0)
    if kind == SPHERE:
        return x, y, z
    if kind == CAPSULE:
        return x, y, z - min(max(z, -segment), segment)
    if kind in (CYLINDER, CONE):
        if face != 0:
            return 0.0, 0.0, (-1.0 if face == 1 else 1.0)
        return x, y, (0.0 if kind == CYLINDER else (1.0 - z) / 4.0)
    if face == 4:
        return 0.0, 0.0, -1.0
    sign = 1.0 if face % 2 == 0 else -1.0
    return (sign if face < 2 else 0.0), (0.0 if face < 2 else sign), 0.5


# --- Textures ---------------------------------------------------------------------------------------------------------


@kernel
def square_wave(x, width):
    """A square wave averaged over an interval about x."""
    width = max(width, 1e-4)
    low, high = x - width / 2, x + width / 2
    low, high = low - 2.0 * math.floor(low / 2.0), high - 2.0 * math.floor(high / 2.0)
    return (abs(low - 1.0) - abs(high - 1.0)) / width


@kernel
def comb(x, width, gap):
    """Share of an interval about x that lies in gaps [k, k + gap] for whole k."""
    width = max(width, 1e-4)
    low, high = x - width / 2, x + width / 2
    whole_low, whole_high = math.floor(low), math.floor(high)
    return ((whole_high - whole_low) * gap + min(high - whole_high, gap) - min(low - whole_low, gap)) / width


@kernel
def _smooth(x):
    return x * x * (3.0 - 2.0 * x)


@kernel
def _octave_fade(width):
    return min(max((1.0 - width) / 0.7, 0.0), 1.0)


@kernel
def _value_noise_2d(lattice, x, y, salt):
    i, j = math.floor(x), math.floor(y)
    u, v = _smooth(x - i), _smooth(y - j)
    near, far = (i + SALT_STEP * salt) & WRAP, (i + 1 + SALT_STEP * salt) & WRAP
    low, high = j & WRAP, (j + 1) & WRAP
    a = lattice[near, low] + v * (lattice[near, high] - lattice[near, low])
    b = lattice[far, low] + v * (lattice[far, high] - lattice[far, low])
    return a + u * (b - a)


@kernel
def _value_noise_3d(lattice, x, y, z, salt):
    k = math.floor(z)
    w = _smooth(z - k)
    # A whole shift moves the cells and leaves the place within them.
    low = _value_noise_2d(lattice, x + LAYER_STEP[0] * k, y + LAYER_STEP[1] * k, salt)
    high = _value_noise_2d(lattice, x + LAYER_STEP[0] * (k + 1), y + LAYER_STEP[1] * (k + 1), salt)
    return low + w * (high - low)


@inlined
def _ground_color(stage, lattice, x, y, width_x, width_y, width):
    scale = 1.0 / stage.tile_m
    x, y, width_x, width_y, width = x * scale, y * scale, width_x * scale, width_y * scale, width * scale
    coarse, fine = 0.0, 0.0
    for octave in range(stage.ground_octaves.shape[0]):
        cells, amplitude, cosine, sine = stage.ground_octaves[octave]
        fade = _octave_fade(width * cells)
        if fade > 0.0:
            value = fade * amplitude * _value_noise_2d(lattice, cosine * x - sine * y, sine * x + cosine * y, octave)
            if octave < stage.coarse_octaves:
                coarse += value
            else:
                fine += value
    share, brightness = 0.0, 1.0 + stage.grain * (coarse + fine)
    if stage.pattern == CHECKER:
        share = 0.5 - 0.5 * square_wave(x, width_x) * square_wave(y, width_y)
    elif stage.pattern == STRIPES:
        share = 0.5 - 0.5 * square_wave(x, width_x)
    elif stage.pattern == NOISE:
        share = min(max(0.5 + stage.mixing * coarse, 0.0), 1.0)
    elif stage.pattern == TILES:
        share = 1.0 - (1.0 - comb(x, width_x, stage.grout)) * (1.0 - comb(y, width_y, stage.grout))
        fade = min(max(1.0 - width, 0.0), 1.0)
        if fade > 0.0:
            cell = lattice[(math.floor(x) + SALT_STEP * TILE_SALT) & WRAP, math.floor(y) & WRAP]
            brightness += (1.0 - share) * fade * stage.tile_contrast * cell
    brightness = max(brightness, 0.05)
    a, b = stage.ground_a, stage.ground_b
    return (
        brightness * (a[0] + share * (b[0] - a[0])),
        brightness * (a[1] + share * (b[1] - a[1])),
        brightness * (a[2] + share * (b[2] - a[2])),
    )


@inlined
def _part_color(stage, lattice, parts, part, x, y, z, width):
    share = 0.0
    pattern = parts[part].pattern
    if pattern != PLAIN:
        cells, w = parts[part].cells, width * stage.pattern_cells
        p, q, r = x * cells[0] + 0.5, y * cells[1] + 0.5, z * cells[2] + 0.5
        if pattern == WINDOWS:
            pane = stage.pane
            margin = (1.0 - pane) / 2
            share = comb(p - margin, w, pane) * comb(q - margin, w, pane) * comb(r - margin, w, pane)
        else:
            wave = square_wave(r, w)
            if pattern == CHECKER:
                wave *= square_wave(p, w) * square_wave(q, w)
            share = 0.5 - 0.5 * wave
    size = parts[part].size_xyz
    x, y = x * (size[0] / size[2]), y * (size[1] / size[2])
    grain = 0.0
    for octave in range(stage.part_octaves.shape[0]):
        cells, amplitude = stage.part_octaves[octave]
        fade = _octave_fade(width * cells)
        if fade > 0.0:
            grain += fade * amplitude * _value_noise_3d(lattice, x * cells, y * cells, z * cells, octave)
    brightness = max(1.0 + stage.part_grain * grain, 0.05)
    a, b = parts[part].color_a, parts[part].color_b
    return (
        brightness * (a[0] + share * (b[0] - a[0])),
        brightness * (a[1] + share * (b[1] - a[1])),
        brightness * (a[2] + share * (b[2] - a[2])),
    )


# --- One ray ----------------------------------------------------------------------------------------------------------


@kernel
def _apply(A, x, y, z):
    """An affine map [3, 4] on a point."""
    return (
        A[0, 0] * x + A[0, 1] * y + A[0, 2] * z + A[0, 3],
        A[1, 0] * x + A[1, 1] * y + A[1, 2] * z + A[1, 3],
        A[2, 0] * x + A[2, 1] * y + A[2, 2] * z + A[2, 3],
    )


@kernel
def _turn(A, x, y, z):
    """The linear part of an affine map on a direction."""
    return (
        A[0, 0] * x + A[0, 1] * y + A[0, 2] * z,
        A[1, 0] * x + A[1, 1] * y + A[1, 2] * z,
        A[2, 0] * x + A[2, 1] * y + A[2, 2] * z,
    )


@kernel
def _turn_back(A, x, y, z):
    """The transpose of the linear part on a direction."""
    return (
        A[0, 0] * x + A[1, 0] * y + A[2, 0] * z,
        A[0, 1] * x + A[1, 1] * y + A[2, 1] * z,
        A[0, 2] * x + A[1, 2] * y + A[2, 2] * z,
    )


@inlined
def _ray(stage, x, y):
    """World direction of the ray through an image point, with length 1 along the camera's z axis."""
    rays = stage.rays
    return (
        rays[0, 0] + x * rays[1, 0] + y * rays[2, 0],
        rays[0, 1] + x * rays[1, 1] + y * rays[2, 1],
        rays[0, 2] + x * rays[1, 2] + y * rays[2, 2],
    )


@inlined
def _cast(stage, parts, tiles, tile, figures, inverse, triangle, dx, dy, dz):
    """What a camera ray meets first, given what it meets of meshes: depth, surface and face."""
    depth, surface, face = math.inf, SKY, 0
    to_ground = -stage.T_world_cam[2, 3] / dz
    if T_MIN < to_ground < GROUND_FAR:
        depth, surface = to_ground, GROUND
    if figures is not None and inverse > 0.0 and 1.0 / inverse < depth:
        depth, face = 1.0 / inverse, triangle
        surface = parts.shape[0] + figures.triangles[triangle].mesh
    for index in range(tiles[tile], tiles[tile + 1]):
        part = tiles[index]
        if parts[part].near > depth:
            break
        lx, ly, lz = _turn(parts[part].canonical_from_world, dx, dy, dz)
        camera = parts[part].camera
        t, hit = intersect(parts[part].kind, parts[part].segment, camera[0], camera[1], camera[2], lx, ly, lz)
        if t < depth or (t == depth and part < surface):
            depth, surface, face = t, part, hit
    return depth, surface, face


@inlined
def _normal(parts, surface, face, px, py, pz, dx, dy, dz):
    """Unit world normal towards the camera, and whether that is inwards."""
    if surface == GROUND:
        nx, ny, nz = 0.0, 0.0, 1.0
    else:
        A = parts[surface].canonical_from_world
        x, y, z = _apply(A, px, py, pz)
        x, y, z = _outward(parts[surface].kind, parts[surface].segment, face, x, y, z)
        nx, ny, nz = _turn_back(A, x, y, z)
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx / length, ny / length, nz / length
    if nx * dx + ny * dy + nz * dz > 0.0:
        return -nx, -ny, -nz, True
    return nx, ny, nz, False


@inlined
def _in_shadow(stage, parts, cells, figures, convex, px, py, pz, nx, ny, nz):
    """Whether no sunlight arrives at a surface point; the part `convex` (or none) cannot shade its own lit side."""
    sun = stage.light_axes[2]
    if nx * sun[0] + ny * sun[1] + nz * sun[2] <= 0.0:
        return True
    x, y, z = px + SHADOW_BIAS_M * nx, py + SHADOW_BIAS_M * ny, pz + SHADOW_BIAS_M * nz
    if -z / sun[2] > 0.0:
        return True
    axes = stage.light_axes
    u = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
    v = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
    along = sun[0] * x + sun[1] * y + sun[2] * z
    if figures is not None and _in_shadow_of_meshes(figures, u, v, along):
        return True
    u, v = u - stage.light_offset[0], v - stage.light_offset[1]
    if not (0.0 <= u < stage.light_side and 0.0 <= v < stage.light_side):
        return False
    cell = int(v) * stage.light_side + int(u)
    for index in range(cells[cell], cells[cell + 1]):
        part = cells[index]
        if part == convex or parts[part].top < along:
            continue
        ox, oy, oz = _apply(parts[part].canonical_from_world, x, y, z)
        toward = parts[part].sun
        t, _ = intersect(parts[part].kind, parts[part].segment, ox, oy, oz, toward[0], toward[1], toward[2])
        if t < math.inf:
            return True
    return False


@exact
def _shades(a, b, c, u, v, along):
    """Whether a triangle with these corners across the sunlight is between a place and the sun."""
    au, av, bu, bv, cu, cv = a[0] - u, a[1] - v, b[0] - u, b[1] - v, c[0] - u, c[1] - v
    in_a, in_b, in_c = bu * cv - bv * cu, cu * av - cv * au, au * bv - av * bu
    if not ((in_a >= 0.0 and in_b >= 0.0 and in_c >= 0.0) or (in_a <= 0.0 and in_b <= 0.0 and in_c <= 0.0)):
        return False
    return (in_a * a[2] + in_b * b[2] + in_c * c[2]) / (in_a + in_b + in_c) - along > T_MIN


@inlined
def _in_shadow_of_meshes(figures, u, v, along):
    meshes, light = figures.meshes, figures.light
    for m in range(meshes.shape[0]):
        low, per = meshes[m].light_low, meshes[m].cells_per_unit
        column, row = (u - low[0]) * per[0], (v - low[1]) * per[1]
        side = meshes[m].side
        if meshes[m].top < along or not (0.0 <= column < side and 0.0 <= row < side):
            continue
        start, first = meshes[m].first_start + int(row) * side + int(column), meshes[m].first_shade
        for index in range(first + figures.starts[start], first + figures.starts[start + 1]):
            if figures.shades[index].top < along:
                continue
            corners = figures.triangles[figures.shades[index].triangle].corners
            if _shades(light[corners[0]], light[corners[1]], light[corners[2]], u, v, along):
                return True
    return False


@inlined
def _on_triangle(figures, triangle, px, py, pz, dx, dy, dz):
    """A place on a triangle: weights of the corners, the unit normal of its plane and the smooth one (both towards the
    camera).
    """
    vertices, corners = figures.vertices, figures.triangles[triangle].corners
    a, b, c = vertices[corners[0]].world, vertices[corners[1]].world, vertices[corners[2]].world
    ax, ay, az = a[0] - px, a[1] - py, a[2] - pz
    bx, by, bz = b[0] - px, b[1] - py, b[2] - pz
    cx, cy, cz = c[0] - px, c[1] - py, c[2] - pz
    nx, ny, nz = _cross(bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az)
    squared = nx * nx + ny * ny + nz * nz
    ux, uy, uz = _cross(bx, by, bz, cx, cy, cz)
    vx, vy, vz = _cross(cx, cy, cz, ax, ay, az)
    in_a, in_b = (ux * nx + uy * ny + uz * nz) / squared, (vx * nx + vy * ny + vz * nz) / squared
    weights = (in_a, in_b, 1.0 - in_a - in_b)
    sign = -1.0 if nx * dx + ny * dy + nz * dz > 0.0 else 1.0
    scale = sign / math.sqrt(squared)
    flat = (nx * scale, ny * scale, nz * scale)
    a, b, c = vertices[corners[0]].normal, vertices[corners[1]].normal, vertices[corners[2]].normal
    nx, ny, nz = _weighted(weights, a, b, c)
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    scale = sign / length if length > 0.0 else 0.0
    nx, ny, nz = (nx * scale, ny * scale, nz * scale) if length > 0.0 else flat
    lean = nx * dx + ny * dy + nz * dz
    if lean > 0.0:
        lean /= dx * dx + dy * dy + dz * dz
        nx, ny, nz = nx - lean * dx, ny - lean * dy, nz - lean * dz
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx / length, ny / length, nz / length
    return weights, flat, (nx, ny, nz)


@kernel
def _cross(ux, uy, uz, vx, vy, vz):
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@kernel
def _weighted(weights, a, b, c):
    """The mean of what the corners of a triangle have."""
    return (
        weights[0] * a[0] + weights[1] * b[0] + weights[2] * c[0],
        weights[0] * a[1] + weights[1] * b[1] + weights[2] * c[1],
        weights[0] * a[2] + weights[1] * b[2] + weights[2] * c[2],
    )


@kernel
def _look_up(panorama, turn, dx, dy, dz):
    """Linear light of an equirectangular picture along a direction, between its four nearest pixels."""
    height, width = panorama.shape[0], panorama.shape[1]
    rise = min(max(dz / math.sqrt(dx * dx + dy * dy + dz * dz), -1.0), 1.0)
    x = (0.5 - (math.atan2(dy, dx) - turn) / (2.0 * math.pi)) * width - 0.5
    y = min(max((0.5 - math.asin(rise) / math.pi) * height - 0.5, 0.0), height - 1.0)
    column, row = math.floor(x), min(math.floor(y), height - 2)
    u, v = x - column, y - row
    a, b = panorama[row, column % width], panorama[row, (column + 1) % width]
    c, d = panorama[row + 1, column % width], panorama[row + 1, (column + 1) % width]
    return (
        (1.0 - v) * (a[0] + u * (b[0] - a[0])) + v * (c[0] + u * (d[0] - c[0])),
        (1.0 - v) * (a[1] + u * (b[1] - a[1])) + v * (c[1] + u * (d[1] - c[1])),
        (1.0 - v) * (a[2] + u * (b[2] - a[2])) + v * (c[2] + u * (d[2] - c[2])),
    )


@inlined
def _sky(stage, panorama, dx, dy, dz):
    if panorama.shape[0] > 0:
        return _look_up(panorama, stage.panorama_turn, dx, dy, dz)
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    low = 1.0 - max(dz / length, 0.0)
    low = low * low * low
    sun_xyz = stage.sun_xyz
    toward = max((dx * sun_xyz[0] + dy * sun_xyz[1] + dz * sun_xyz[2]) / length, 0.0)
    power8 = toward * toward
    power8 *= power8
    power8 *= power8
    power64 = power8 * power8
    power64 *= power64
    power64 *= power64
    halo = stage.glow * (0.25 * power8 + 0.75 * power64)
    zenith, horizon, sun = stage.zenith, stage.horizon, stage.sun
    return (
        zenith[0] + low * (horizon[0] - zenith[0]) + halo * sun[0],
        zenith[1] + low * (horizon[1] - zenith[1]) + halo * sun[1],
        zenith[2] + low * (horizon[2] - zenith[2]) + halo * sun[2],
    )


@inlined
def _ground_albedo(stage, lattice, px, py, depth, dx, dy, dz):
    right, down = stage.rays[1], stage.rays[2]
    per_z = 1.0 / dz
    right_x, right_y = depth * (right[0] - dx * per_z * right[2]), depth * (right[1] - dy * per_z * right[2])
    down_x, down_y = depth * (down[0] - dx * per_z * down[2]), depth * (down[1] - dy * per_z * down[2])
    width = math.sqrt(abs(right_x * down_y - right_y * down_x))
    return _ground_color(stage, lattice, px, py, max(abs(right_x), abs(down_x)), max(abs(right_y), abs(down_y)), width)


@kernel
def _place_in_box(parts, part, px, py, pz):
    x, y, z = _apply(parts[part].canonical_from_world, px, py, pz)
    return _apply(parts[part].box_from_canonical, x, y, z)


@inlined
def _albedo(stage, lattice, parts, figures, surface, face, depth, weights, px, py, pz, nx, ny, nz, dx, dy, dz):
    """Linear colour of a surface."""
    if surface == GROUND:
        return _ground_albedo(stage, lattice, px, py, depth, dx, dy, dz)
    if figures is not None and surface >= parts.shape[0]:
        vertices, corners = figures.vertices, figures.triangles[face].corners
        a, b, c = vertices[corners[0]].color, vertices[corners[1]].color, vertices[corners[2]].color
        return _weighted(weights, a, b, c)
    cosine = -(nx * dx + ny * dy + nz * dz) / math.sqrt(dx * dx + dy * dy + dz * dz)
    width = depth * stage.pixel / math.sqrt(max(cosine, 0.05))
    x, y, z = _place_in_box(parts, surface, px, py, pz)
    return _part_color(stage, lattice, parts, surface, x, y, z, width / parts[surface].size_xyz[2])


@inlined
def _ground_picture(stage, panorama, px, py, pz, shadow):
    """Light of a ground that the panorama shows, as seen from where that was taken."""
    red, green, blue = _look_up(panorama, stage.panorama_turn, px, py, pz - stage.panorama_height)
    left = stage.shaded
    return (red * left[0], green * left[1], blue * left[2]) if shadow else (red, green, blue)


@inlined
def _lit(stage, albedo, shadow, nx, ny, nz):
    """Linear light of a surface: sun and ambient hemisphere."""
    red, green, blue = albedo
    sun_xyz, sun, high, low = stage.sun_xyz, stage.sun, stage.ambient_up, stage.ambient_down
    direct = 0.0 if shadow else max(nx * sun_xyz[0] + ny * sun_xyz[1] + nz * sun_xyz[2], 0.0)
    up = 0.5 + 0.5 * nz
    return (
        red * (direct * sun[0] + low[0] + up * (high[0] - low[0])),
        green * (direct * sun[1] + low[1] + up * (high[1] - low[1])),
        blue * (direct * sun[2] + low[2] + up * (high[2] - low[2])),
    )


@inlined
def _through_air(stage, light, depth, dx, dy, dz):
    """What fog leaves of a surface's light, and its own."""
    kept = math.exp(-stage.fog_per_m * depth * math.sqrt(dx * dx + dy * dy + dz * dz))
    fog = stage.fog
    return (
        light[0] * kept + fog[0] * (1.0 - kept),
        light[1] * kept + fog[1] * (1.0 - kept),
        light[2] * kept + fog[2] * (1.0 - kept),
    )


# --- One frame --------------------------------------------------------------------------------------------------------


@inlined
def _flow(stage, parts, figures, surface, face, weights, x, y, point):
    """Pixels to the same surface point in the next frame; NaN where it is not ahead of the camera."""
    if surface == SKY or not stage.flows:
        return math.nan, math.nan
    px, py, pz = point
    if surface >= parts.shape[0]:
        if figures is not None:
            after, corners = figures.after, figures.triangles[face].corners
            px, py, pz = _weighted(weights, after[corners[0]], after[corners[1]], after[corners[2]])
    elif surface >= 0:
        px, py, pz = _apply(parts[surface].next_from_world, px, py, pz)
    cx, cy, cz = _apply(stage.next_T_cam_world, px, py, pz)
    if cz <= T_MIN:
        return math.nan, math.nan
    K = stage.next_fx_fy_cx_cy
    return cx / cz * K[0] + K[2] - x, cy / cz * K[1] + K[3] - y


@inlined
def _instance(parts, figures, surface):
    if figures is not None and surface >= parts.shape[0]:
        return figures.meshes[surface - parts.shape[0]].instance
    return parts[surface].instance if surface >= 0 else np.uint8(0)


@inlined
def _part(parts, figures, surface, face):
    if figures is not None and surface >= parts.shape[0]:
        return figures.triangles[face].part
    return parts[surface].part if surface >= 0 else np.uint8(0)


@inlined
def _camera_normal(stage, surface, normal):
    if surface == SKY:
        return math.nan, math.nan, math.nan
    return _turn_back(stage.T_world_cam, normal[0], normal[1], normal[2])


@inlined
def _object_coordinates(parts, figures, surface, face, weights, point):
    if _instance(parts, figures, surface) == 0:
        return math.nan, math.nan, math.nan
    x, y, z = 0.0, 0.0, 0.0
    if surface < parts.shape[0]:
        x, y, z = _place_in_box(parts, surface, point[0], point[1], point[2])
    elif figures is not None:
        vertices, corners = figures.vertices, figures.triangles[face].corners
        a, b, c = vertices[corners[0]].place, vertices[corners[1]].place, vertices[corners[2]].place
        x, y, z = _weighted(weights, a, b, c)
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0), min(max(z, 0.0), 1.0)


@inlined
def _trace(stage, parts, lattice, panorama, tiles, cells, figures, inverse, triangle, x, y):
    """The ray through an image point, given one over the depth of the triangle that it meets (or 0): depth, surface,
    face, weights of the triangle's corners, shadow, world point, world normal, linear light.
    """
    tile = (int(y) // TILE) * stage.tiles_across + int(x) // TILE
    dx, dy, dz = _ray(stage, x, y)
    depth, surface, face = _cast(stage, parts, tiles, tile, figures, inverse, triangle, dx, dy, dz)
    weights = (math.nan, math.nan, math.nan)
    if surface == SKY:
        nowhere = (0.0, 0.0, 0.0)
        return depth, surface, face, weights, False, nowhere, nowhere, _sky(stage, panorama, dx, dy, dz)
    T = stage.T_world_cam
    px, py, pz = T[0, 3] + depth * dx, T[1, 3] + depth * dy, T[2, 3] + depth * dz
    nx, ny, nz, dark = 0.0, 0.0, 0.0, False
    if surface < parts.shape[0]:
        nx, ny, nz, inside = _normal(parts, surface, face, px, py, pz, dx, dy, dz)
        dark = _in_shadow(stage, parts, cells, figures, SKY if inside else surface, px, py, pz, nx, ny, nz)
    elif figures is not None:
        weights, flat, normal = _on_triangle(figures, face, px, py, pz, dx, dy, dz)
        nx, ny, nz = normal
        sun = stage.sun_xyz
        dark = nx * sun[0] + ny * sun[1] + nz * sun[2] <= 0.0
        dark = dark or _in_shadow(stage, parts, cells, figures, SKY, px, py, pz, flat[0], flat[1], flat[2])
    if surface == GROUND and stage.pattern == PICTURE:
        light = _ground_picture(stage, panorama, px, py, pz, dark)
    else:
        light = _lit(
            stage,
            _albedo(stage, lattice, parts, figures, surface, face, depth, weights, px, py, pz, nx, ny, nz, dx, dy, dz),
            dark,
            nx,
            ny,
            nz,
        )
    color = _through_air(stage, light, depth, dx, dy, dz)
    return depth, surface, face, weights, dark, (px, py, pz), (nx, ny, nz), color


@inlined
def _put(target, values):
    target[0], target[1], target[2] = values[0], values[1], values[2]


@inlined
def _put_light(table, target, light):
    for channel in range(3):
        target[channel] = table[int(min(max(light[channel], 0.0), 1.0) * (SRGB_STEPS - 1) + 0.5)]


@kernel
def fill_layers(
    stage,
    parts,
    lattice,
    panorama,
    tiles,
    cells,
    figures,
    table,
    seen,
    keys,
    rgb,
    alpha,
    depth,
    normals,
    instance,
    part,
    flow,
    place,
    shadow,
    labels,
):
    """Fill the wanted layers of one frame from the rays through pixel centres.

    Args:
        stage: record of the camera, backdrop, look and light (see `fast.frame`).
        parts: [p] records.
        lattice: [LATTICE, LATTICE] values of the noise.
        panorama: [h, w, 3] linear light of everything around, or [0, 0, 3].
        tiles: bins of the parts by screen tile, nearest first.
        cells: bins of the parts by cell across the sunlight.
        figures: the meshes, or None.
        table: [SRGB_STEPS] sRGB bytes of linear light.
        seen: one over the depth of what is seen of the meshes [height, width], 0 for nothing, and the triangle
            [height, width]; or None.
        keys: [height, width] to fill with what each pixel shows: a number that changes at edges of surfaces, faces and
            shadows.
        rgb: [height, width, 3], to fill like all that follow.
        alpha: [height, width]; this and any other layer may have no rows, which leaves it out.
        depth: [height, width]
        normals: [height, width, 3]
        instance: [height, width]
        part: [height, width]
        flow: [height, width, 2]
        place: [height, width, 3] object coordinates.
        shadow: [height, width]
        labels: the triangle [height, width], and two of its corners' weights [height, width, 2]; or None.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    for row in range(height):
        for column in range(width):
            x, y = column + 0.5, row + 0.5
            inverse, triangle = 0.0, 0
            if seen is not None:
                inverse, triangle = seen[0][row, column], seen[1][row, column]
            z, surface, face, weights, dark, point, normal, color = _trace(
                stage, parts, lattice, panorama, tiles, cells, figures, inverse, triangle, x, y
            )
            keys[row, column] = (surface * 8 + (face if surface < parts.shape[0] else 0)) * 2 + dark
            _put_light(table, rgb[row, column], color)
            if alpha.shape[0] > 0:
                alpha[row, column] = 255 if _instance(parts, figures, surface) > 0 else 0
            if depth.shape[0] > 0:
                depth[row, column] = z
            if shadow.shape[0] > 0:
                shadow[row, column] = 255 if dark else 0
            if instance.shape[0] > 0:
                instance[row, column] = _instance(parts, figures, surface)
            if part.shape[0] > 0:
                part[row, column] = _part(parts, figures, surface, face)
            if normals.shape[0] > 0:
                _put(normals[row, column], _camera_normal(stage, surface, normal))
            if flow.shape[0] > 0:
                flow[row, column, 0], flow[row, column, 1] = _flow(
                    stage, parts, figures, surface, face, weights, x, y, point
                )
            if place.shape[0] > 0:
                _put(place[row, column], _object_coordinates(parts, figures, surface, face, weights, point))
            if labels is not None:
                _put_labels(labels, row, column, parts, figures, surface, face, weights)


@inlined
def _put_labels(labels, row, column, parts, figures, surface, face, weights):
    triangle, barycentrics = labels
    on_mesh = surface >= parts.shape[0]
    if triangle.shape[0] > 0:
        first = figures.meshes[surface - parts.shape[0]].first if on_mesh else 0
        triangle[row, column] = face - first + 1 if on_mesh else 0
    if barycentrics.shape[0] > 0:
        barycentrics[row, column, 0], barycentrics[row, column, 1] = weights[0], weights[1]


@kernel
def find_edges(parts, keys, inverse, thickness, slots, edges):
    """Number the pixels that show another thing than a neighbour.

    Args:
        parts: [p] records.
        keys: [height, width] from `fill_layers`.
        inverse: [height, width] one over the depth of the meshes, or None.
        thickness: how far, as a share of the nearer depth, neighbours on one mesh may be apart.
        slots: [height, width] to fill with the number of each such pixel, or -1.
        edges: [height * width] to fill with the pixels by number, counted by rows.

    Returns:
        How many there are.
    """
    height, width = keys.shape
    count = 0
    for row in range(height):
        for column in range(width):
            edge = (
                (row > 0 and _differ(parts, keys, inverse, thickness, row, column, row - 1, column))
                or (row < height - 1 and _differ(parts, keys, inverse, thickness, row, column, row + 1, column))
                or (column > 0 and _differ(parts, keys, inverse, thickness, row, column, row, column - 1))
                or (column < width - 1 and _differ(parts, keys, inverse, thickness, row, column, row, column + 1))
            )
            slots[row, column] = -1
            if edge:
                slots[row, column], edges[count] = count, row * width + column
                count += 1
    return count


@inlined
def _differ(parts, keys, inverse, thickness, row, column, other_row, other_column):
    """Whether two pixels show different surfaces, faces or folds of a mesh, or one of them in shadow."""
    if keys[row, column] != keys[other_row, other_column]:
        return True
    if inverse is not None and keys[row, column] >= parts.shape[0] * 16:
        here, there = 1.0 / inverse[row, column], 1.0 / inverse[other_row, other_column]
        return abs(here - there) > thickness * min(here, there)
    return False


@kernel
def smooth_edges(stage, parts, lattice, panorama, tiles, cells, figures, table, seen, edges, rgb, alpha, samples):
    """Replace rgb and alpha of pixels at edges [n] by the mean of samples x samples rays."""
    width = rgb.shape[1]
    for slot in range(edges.shape[0]):
        row, column = edges[slot] // width, edges[slot] % width
        red, green, blue, cover = 0.0, 0.0, 0.0, 0
        for i in range(samples):
            for j in range(samples):
                x, y = column + (j + 0.5) / samples, row + (i + 0.5) / samples
                inverse, triangle = 0.0, 0
                if seen is not None:
                    inverse, triangle = seen[0][slot, i * samples + j], seen[1][slot, i * samples + j]
                _, surface, _, _, _, _, _, color = _trace(
                    stage, parts, lattice, panorama, tiles, cells, figures, inverse, triangle, x, y
                )
                red += min(max(color[0], 0.0), 1.0)
                green += min(max(color[1], 0.0), 1.0)
                blue += min(max(color[2], 0.0), 1.0)
                cover += _instance(parts, figures, surface) > 0
        count = samples * samples
        _put_light(table, rgb[row, column], (red / count, green / count, blue / count))
        if alpha.shape[0] > 0:
            alpha[row, column] = int(cover * 255.0 / count + 0.5)


# --- Rays from anywhere -----------------------------------------------------------------------------------------------


@kernel
def first_hits(kind, segment, canonical_from_world, centres, radii, chosen, ground, origins, directions, t, surface):
    """What free rays meet first, each frame's rays among the parts as they are then.

    Args:
        kind: [p] canonical solids.
        segment: [p] half length of a capsule's axis.
        canonical_from_world: [n, p, 3, 4]
        centres: [n, p, 3] centres of spheres around the parts.
        radii: [n, p] their radii.
        chosen: [p] whether a part takes part.
        ground: whether the ground does.
        origins: [n, 3] one a frame.
        directions: [n, r, 3] of any length.
        t: [n, r] to fill with the ray's parameter, infinite for a miss.
        surface: [n, r] to fill with the index of the part, `GROUND` or `SKY`.
    """
    for i in range(directions.shape[0]):
        ox, oy, oz = origins[i, 0], origins[i, 1], origins[i, 2]
        for r in range(directions.shape[1]):
            dx, dy, dz = directions[i, r, 0], directions[i, r, 1], directions[i, r, 2]
            best, hit = math.inf, SKY
            if ground:
                to_ground = -oz / dz
                if T_MIN < to_ground < GROUND_FAR:
                    best, hit = to_ground, GROUND
            squared = dx * dx + dy * dy + dz * dz
            for p in range(kind.shape[0]):
                if not chosen[p]:
                    continue
                x, y, z = centres[i, p, 0] - ox, centres[i, p, 1] - oy, centres[i, p, 2] - oz
                along, radius = x * dx + y * dy + z * dz, radii[i, p]
                apart = x * x + y * y + z * z - radius * radius
                if apart > 0.0 and (along <= 0.0 or along * along < apart * squared):
                    continue
                A = canonical_from_world[i, p]
                cx, cy, cz = _apply(A, ox, oy, oz)
                lx, ly, lz = _turn(A, dx, dy, dz)
                found, _ = intersect(kind[p], segment[p], cx, cy, cz, lx, ly, lz)
                if found < best:
                    best, hit = found, p
            t[i, r], surface[i, r] = best, hit
