"""Compiled kernels, one ray at a time; each function is the twin of the one of its name in `render.reference`.

They share one file because numba's cache watches only the file of a kernel: a change here recompiles all of it.
Constants of the look come in as arguments for the same reason.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kinoeye.render.look import Look
from kinoeye.render.scene import (
    BOX,
    CAPSULE,
    CHECKER,
    CONE,
    CYLINDER,
    NOISE,
    PLAIN,
    SPHERE,
    STRIPES,
    TILES,
    Backdrop,
    Parts,
)

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
SKY, GROUND = -2, -1
GROUND_FAR = 1e9
SHADOW_BIAS_M = 1e-4
T_MIN = 1e-6
TILE = 16
"""Side in pixels of the screen tiles that list the parts they may see."""
SRGB_STEPS = 16384
"""Steps of the table from linear light to sRGB bytes."""

# Multiply-adds may fuse; nothing that touches NaN or infinity is relaxed.
_options = {"cache": True, "error_model": "numpy", "fastmath": {"contract"}}


class Bins(NamedTuple):
    """A grid of cells, each with a list of parts (compressed rows)."""

    starts: Int64
    """[cells + 1]"""
    members: Int64
    """Parts of cell k: members[starts[k] : starts[k + 1]]."""


class View(NamedTuple):
    """The camera of one frame and where the parts are then."""

    T_world_cam: Float64
    """[3, 4]"""
    fx_fy_cx_cy: Float64
    """[4]"""
    canonical_from_world: Float64
    """[p, 3, 4]"""
    camera: Float64
    """[p, 3] the camera in each part's canonical coordinates."""
    sun: Float64
    """[p, 3] the direction to the sun in them."""
    near: Float64
    """[p] no point of the part has a smaller depth."""
    tiles: Bins
    """Parts by screen tile, nearest first."""
    tiles_across: int


class Light(NamedTuple):
    """The plane across the sunlight, divided into cells that list the parts above them."""

    axes: Float64
    """[3, 3] rows: two axes of the plane in cells per metre, and the direction to the sun."""
    offset: Float64
    """[2] subtracted from the first two coordinates."""
    side: int
    """Cells a side."""
    cells: Bins
    top: Float64
    """[p] the largest coordinate of the part along the direction to the sun."""


class Motion(NamedTuple):
    """What flow needs of the next frame."""

    known: bool
    next_from_world: Float64
    """[p, 3, 4] where each part's surface goes."""
    T_cam_world: Float64
    """[3, 4]"""
    fx_fy_cx_cy: Float64
    """[4]"""


class Layers(NamedTuple):
    """The frame's layers to fill; a layer that is not wanted has no rows."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    depth: NDArray[np.float32]
    normals: NDArray[np.float32]
    instance: NDArray[np.uint8]
    part: NDArray[np.uint8]
    flow: NDArray[np.float32]
    object_coordinates: NDArray[np.float32]
    shadow: NDArray[np.uint8]


@njit(**_options)
def bin_rectangles(low: Float64, high: Float64, order: Int64, across: int, down: int):
    """Lists of the rectangles [p, 2] (in cells) that touch each cell of a grid, in the given order."""
    starts = np.zeros(across * down + 1, np.int64)
    members = np.empty(0, np.int64)
    for fill in (False, True):
        if fill:
            for cell in range(across * down):
                starts[cell + 1] += starts[cell]
            members = np.empty(starts[-1], np.int64)
            free = starts[:-1].copy()
        for part in order:
            if not (low[part, 0] < across and low[part, 1] < down and high[part, 0] >= 0 and high[part, 1] >= 0):
                continue
            left, top = int(max(low[part, 0], 0.0)), int(max(low[part, 1], 0.0))
            right, bottom = int(min(high[part, 0], across - 1.0)), int(min(high[part, 1], down - 1.0))
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    cell = row * across + column
                    if fill:
                        members[free[cell]] = part
                        free[cell] += 1
                    else:
                        starts[cell + 1] += 1
    return starts, members


# --- Canonical solids -------------------------------------------------------------------------------------------------


@njit(**_options)
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


@njit(**_options)
def _polytope(is_box, ox, oy, oz, dx, dy, dz):
    a, fa, b, fb = -math.inf, 0, math.inf, 0
    if is_box:
        a, fa, b, fb = _half_space(1.0, 0.0, 0.0, 1.0, 0, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, 1.0, 0.0, 1.0, 1, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, 0.0, 1.0, 1.0, 2, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(-1.0, 0.0, 0.0, 1.0, 3, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, -1.0, 0.0, 1.0, 4, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, 0.0, -1.0, 1.0, 5, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    else:
        a, fa, b, fb = _half_space(1.0, 0.0, 0.5, 0.5, 0, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(-1.0, 0.0, 0.5, 0.5, 1, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, 1.0, 0.5, 0.5, 2, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, -1.0, 0.5, 0.5, 3, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
        a, fa, b, fb = _half_space(0.0, 0.0, -1.0, 1.0, 4, ox, oy, oz, dx, dy, dz, a, fa, b, fb)
    if a > b:
        return math.inf, 0
    if a > T_MIN:
        return a, fa
    return (b, fb) if b > T_MIN else (math.inf, 0)


@njit(**_options)
def _quadratic(a, half_b, c):
    q = -(half_b + (-1.0 if half_b < 0.0 else 1.0) * math.sqrt(half_b * half_b - a * c))
    return q / a, c / q


@njit(**_options)
def _side(t, best, limit, oz, dz):
    """The nearer of `best` and t, if t lies where |z| <= limit."""
    return t if T_MIN < t < best and abs(oz + t * dz) <= limit else best


@njit(**_options)
def _disc(z, face, best, best_face, ox, oy, oz, dx, dy, dz):
    t = (z - oz) / dz
    x, y = ox + t * dx, oy + t * dy
    if T_MIN < t < best and x * x + y * y <= 1.0:
        return t, face
    return best, best_face


@njit(**_options)
def _cap(sign, segment, best, ox, oy, oz, dx, dy, dz):
    """The nearer of `best` and the hit with a capsule's hemisphere."""
    z = oz - sign * segment
    roots = _quadratic(dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + z * dz, ox * ox + oy * oy + z * z - 1.0)
    for t in roots:
        if T_MIN < t < best and sign * (oz + t * dz) >= segment:
            best = t
    return best


@njit(**_options)
def intersect(kind, segment, ox, oy, oz, dx, dy, dz):
    """First hit of a ray with a canonical solid: t (inf for a miss) and the face."""
    if kind == BOX:
        return _polytope(True, ox, oy, oz, dx, dy, dz)
    best, face = math.inf, 0
    if kind == SPHERE:
        near, far = _quadratic(
            dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz - 1.0
        )
        if T_MIN < near < best:
            best = near
        if T_MIN < far < best:
            best = far
    elif kind == CYLINDER or kind == CAPSULE:
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
        return _polytope(False, ox, oy, oz, dx, dy, dz)
    return best, face


@njit(**_options)
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
    if kind == CYLINDER or kind == CONE:
        if face != 0:
            return 0.0, 0.0, (-1.0 if face == 1 else 1.0)
        return x, y, (0.0 if kind == CYLINDER else (1.0 - z) / 4.0)
    if face == 4:
        return 0.0, 0.0, -1.0
    sign = 1.0 if face % 2 == 0 else -1.0
    return (sign if face < 2 else 0.0), (0.0 if face < 2 else sign), 0.5


# --- Textures ---------------------------------------------------------------------------------------------------------


@njit(**_options)
def square_wave(x, width):
    """A square wave averaged over an interval about x."""
    width = max(width, 1e-4)
    low, high = x - width / 2, x + width / 2
    low, high = low - 2.0 * math.floor(low / 2.0), high - 2.0 * math.floor(high / 2.0)
    return (abs(low - 1.0) - abs(high - 1.0)) / width


@njit(**_options)
def comb(x, width, gap):
    """Share of an interval about x that lies in gaps [k, k + gap] for whole k."""
    width = max(width, 1e-4)
    low, high = x - width / 2, x + width / 2
    whole_low, whole_high = math.floor(low), math.floor(high)
    return ((whole_high - whole_low) * gap + min(high - whole_high, gap) - min(low - whole_low, gap)) / width


@njit(**_options)
def _smooth(x):
    return x * x * (3.0 - 2.0 * x)


@njit(**_options)
def _octave_fade(width, cell):
    return min(max((cell - width) / (0.7 * cell), 0.0), 1.0)


@njit(**_options)
def _value_noise_2d(backdrop: Backdrop, x, y, salt):
    values, permutation = backdrop.values, backdrop.permutation
    i, j = int(math.floor(x)), int(math.floor(y))
    u, v = _smooth(x - i), _smooth(y - j)
    left, right = permutation[(i + 31 * salt) & 255] + j, permutation[(i + 1 + 31 * salt) & 255] + j
    a, b = values[permutation[left & 255]], values[permutation[right & 255]]
    c, d = values[permutation[(left + 1) & 255]], values[permutation[(right + 1) & 255]]
    return (a + u * (b - a)) * (1.0 - v) + (c + u * (d - c)) * v


@njit(**_options)
def _value_noise_3d(backdrop: Backdrop, x, y, z, salt):
    values, permutation = backdrop.values, backdrop.permutation
    i, j, k = int(math.floor(x)), int(math.floor(y)), int(math.floor(z))
    u, v, w = _smooth(x - i), _smooth(y - j), _smooth(z - k)
    total = 0.0
    for di in range(2):
        row = permutation[(i + di + 31 * salt) & 255]
        for dj in range(2):
            column = permutation[(row + j + dj) & 255] + k
            low, high = values[permutation[column & 255]], values[permutation[(column + 1) & 255]]
            total += (u if di else 1.0 - u) * (v if dj else 1.0 - v) * (low + w * (high - low))
    return total


@njit(**_options)
def _ground_color(backdrop: Backdrop, look: Look, x, y, width_x, width_y, width):
    tile = backdrop.tile_m
    x, y, width_x, width_y, width = x / tile, y / tile, width_x / tile, width_y / tile, width / tile
    coarse, fine = 0.0, 0.0
    for octave in range(look.ground_octaves.shape[0]):
        cell, amplitude = look.ground_octaves[octave, 0], look.ground_octaves[octave, 1]
        fade = _octave_fade(width, cell)
        if fade > 0.0:
            p, q = x / cell, y / cell
            cosine, sine = look.ground_octaves[octave, 2], look.ground_octaves[octave, 3]
            value = fade * amplitude * _value_noise_2d(backdrop, cosine * p - sine * q, sine * p + cosine * q, octave)
            if octave < look.coarse_octaves:
                coarse += value
            else:
                fine += value
    share, brightness = 0.0, 1.0 + backdrop.grain * (coarse + fine)
    if backdrop.pattern == CHECKER:
        share = 0.5 - 0.5 * square_wave(x, width_x) * square_wave(y, width_y)
    elif backdrop.pattern == STRIPES:
        share = 0.5 - 0.5 * square_wave(x, width_x)
    elif backdrop.pattern == NOISE:
        share = min(max(0.5 + look.mixing * coarse, 0.0), 1.0)
    elif backdrop.pattern == TILES:
        share = 1.0 - (1.0 - comb(x, width_x, look.grout)) * (1.0 - comb(y, width_y, look.grout))
        fade = min(max(1.0 - width, 0.0), 1.0)
        if fade > 0.0:
            row = backdrop.permutation[(int(math.floor(x)) + 31 * 7) & 255]
            cell = backdrop.values[backdrop.permutation[(row + int(math.floor(y))) & 255]]
            brightness += (1.0 - share) * fade * look.tile_contrast * cell
    brightness = max(brightness, 0.05)
    a, b = backdrop.ground_a, backdrop.ground_b
    return (
        brightness * (a[0] + share * (b[0] - a[0])),
        brightness * (a[1] + share * (b[1] - a[1])),
        brightness * (a[2] + share * (b[2] - a[2])),
    )


@njit(**_options)
def _part_color(backdrop: Backdrop, look: Look, parts: Parts, part, x, y, z, width):
    height = parts.size_xyz[part, 2]
    x, y, z, width = x / height, y / height, z / height, width / height
    share = 0.0
    pattern = parts.pattern[part]
    if pattern != PLAIN:
        cells = look.pattern_cells
        wave = square_wave(z * cells, width * cells)
        if pattern == CHECKER:
            wave *= square_wave(x * cells + 0.5, width * cells) * square_wave(y * cells + 0.5, width * cells)
        share = 0.5 - 0.5 * wave
    grain = 0.0
    for octave in range(look.part_octaves.shape[0]):
        cell = look.part_octaves[octave, 0]
        fade = _octave_fade(width, cell)
        if fade > 0.0:
            grain += (
                fade * look.part_octaves[octave, 1] * _value_noise_3d(backdrop, x / cell, y / cell, z / cell, octave)
            )
    brightness = max(1.0 + look.part_grain * grain, 0.05)
    a, b = parts.color_a[part], parts.color_b[part]
    return (
        brightness * (a[0] + share * (b[0] - a[0])),
        brightness * (a[1] + share * (b[1] - a[1])),
        brightness * (a[2] + share * (b[2] - a[2])),
    )


# --- One ray ----------------------------------------------------------------------------------------------------------


@njit(**_options)
def _apply(A, x, y, z):
    """An affine map [3, 4] on a point."""
    return (
        A[0, 0] * x + A[0, 1] * y + A[0, 2] * z + A[0, 3],
        A[1, 0] * x + A[1, 1] * y + A[1, 2] * z + A[1, 3],
        A[2, 0] * x + A[2, 1] * y + A[2, 2] * z + A[2, 3],
    )


@njit(**_options)
def _turn(A, x, y, z):
    """The linear part of an affine map on a direction."""
    return (
        A[0, 0] * x + A[0, 1] * y + A[0, 2] * z,
        A[1, 0] * x + A[1, 1] * y + A[1, 2] * z,
        A[2, 0] * x + A[2, 1] * y + A[2, 2] * z,
    )


@njit(**_options)
def _turn_back(A, x, y, z):
    """The transpose of the linear part on a direction."""
    return (
        A[0, 0] * x + A[1, 0] * y + A[2, 0] * z,
        A[0, 1] * x + A[1, 1] * y + A[2, 1] * z,
        A[0, 2] * x + A[1, 2] * y + A[2, 2] * z,
    )


@njit(**_options)
def _ray(view: View, x, y):
    """World direction of the ray through an image point, with length 1 along the camera's z axis."""
    fx, fy, cx, cy = view.fx_fy_cx_cy
    return _turn(view.T_world_cam, (x - cx) / fx, (y - cy) / fy, 1.0)


@njit(**_options)
def _cast(view: View, parts: Parts, tile, dx, dy, dz):
    """What a camera ray meets first: depth, surface and face."""
    depth, surface, face = math.inf, SKY, 0
    to_ground = -view.T_world_cam[2, 3] / dz
    if T_MIN < to_ground < GROUND_FAR:
        depth, surface = to_ground, GROUND
    for index in range(view.tiles.starts[tile], view.tiles.starts[tile + 1]):
        part = view.tiles.members[index]
        if view.near[part] > depth:
            break
        lx, ly, lz = _turn(view.canonical_from_world[part], dx, dy, dz)
        camera = view.camera[part]
        t, hit = intersect(parts.kind[part], parts.segment[part], camera[0], camera[1], camera[2], lx, ly, lz)
        if t < depth or (t == depth and part < surface):
            depth, surface, face = t, part, hit
    return depth, surface, face


@njit(**_options)
def _normal(view: View, parts: Parts, surface, face, px, py, pz, dx, dy, dz):
    """Unit world normal towards the camera."""
    if surface == GROUND:
        nx, ny, nz = 0.0, 0.0, 1.0
    else:
        A = view.canonical_from_world[surface]
        x, y, z = _apply(A, px, py, pz)
        x, y, z = _outward(parts.kind[surface], parts.segment[surface], face, x, y, z)
        nx, ny, nz = _turn_back(A, x, y, z)
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx / length, ny / length, nz / length
    if nx * dx + ny * dy + nz * dz > 0.0:
        return -nx, -ny, -nz
    return nx, ny, nz


@njit(**_options)
def _in_shadow(view: View, light: Light, parts: Parts, px, py, pz, nx, ny, nz):
    """Whether no sunlight arrives at a surface point."""
    sun = light.axes[2]
    if nx * sun[0] + ny * sun[1] + nz * sun[2] <= 0.0:
        return True
    x, y, z = px + SHADOW_BIAS_M * nx, py + SHADOW_BIAS_M * ny, pz + SHADOW_BIAS_M * nz
    if -z / sun[2] > 0.0:
        return True
    axes = light.axes
    u = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z - light.offset[0]
    v = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z - light.offset[1]
    if not (0.0 <= u < light.side and 0.0 <= v < light.side):
        return False
    cell = int(v) * light.side + int(u)
    along = sun[0] * x + sun[1] * y + sun[2] * z
    for index in range(light.cells.starts[cell], light.cells.starts[cell + 1]):
        part = light.cells.members[index]
        if light.top[part] < along:
            continue
        ox, oy, oz = _apply(view.canonical_from_world[part], x, y, z)
        toward = view.sun[part]
        t, _ = intersect(parts.kind[part], parts.segment[part], ox, oy, oz, toward[0], toward[1], toward[2])
        if t < math.inf:
            return True
    return False


@njit(**_options)
def _sky(backdrop: Backdrop, dx, dy, dz):
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    low = 1.0 - max(dz / length, 0.0)
    low = low * low * low
    sun_xyz = backdrop.sun_xyz
    toward = max((dx * sun_xyz[0] + dy * sun_xyz[1] + dz * sun_xyz[2]) / length, 0.0)
    power8 = toward * toward
    power8 *= power8
    power8 *= power8
    power64 = power8 * power8
    power64 *= power64
    power64 *= power64
    halo = backdrop.glow * (0.25 * power8 + 0.75 * power64)
    zenith, horizon, sun = backdrop.zenith, backdrop.horizon, backdrop.sun
    return (
        zenith[0] + low * (horizon[0] - zenith[0]) + halo * sun[0],
        zenith[1] + low * (horizon[1] - zenith[1]) + halo * sun[1],
        zenith[2] + low * (horizon[2] - zenith[2]) + halo * sun[2],
    )


@njit(**_options)
def _ground_albedo(view: View, backdrop: Backdrop, look: Look, px, py, depth, dx, dy, dz):
    R, K = view.T_world_cam, view.fx_fy_cx_cy
    right = R[2, 0] / K[0] / dz
    right_x, right_y = depth * (R[0, 0] / K[0] - dx * right), depth * (R[1, 0] / K[0] - dy * right)
    down = R[2, 1] / K[1] / dz
    down_x, down_y = depth * (R[0, 1] / K[1] - dx * down), depth * (R[1, 1] / K[1] - dy * down)
    width = math.sqrt(abs(right_x * down_y - right_y * down_x))
    return _ground_color(backdrop, look, px, py, max(abs(right_x), abs(down_x)), max(abs(right_y), abs(down_y)), width)


@njit(**_options)
def _place_in_box(view: View, parts: Parts, part, px, py, pz):
    x, y, z = _apply(view.canonical_from_world[part], px, py, pz)
    return _apply(parts.box_from_canonical[part], x, y, z)


@njit(**_options)
def _shade(view, parts, backdrop, look, surface, depth, shadow, px, py, pz, nx, ny, nz, dx, dy, dz):
    """Linear light of a surface: sun, ambient hemisphere, fog."""
    distance = math.sqrt(dx * dx + dy * dy + dz * dz)
    if surface == GROUND:
        red, green, blue = _ground_albedo(view, backdrop, look, px, py, depth, dx, dy, dz)
    else:
        cosine = -(nx * dx + ny * dy + nz * dz) / distance
        width = depth / view.fx_fy_cx_cy[0] / math.sqrt(max(cosine, 0.05))
        x, y, z = _place_in_box(view, parts, surface, px, py, pz)
        size = parts.size_xyz[surface]
        red, green, blue = _part_color(backdrop, look, parts, surface, x * size[0], y * size[1], z * size[2], width)
    sun_xyz = backdrop.sun_xyz
    direct = 0.0 if shadow else max(nx * sun_xyz[0] + ny * sun_xyz[1] + nz * sun_xyz[2], 0.0)
    up = 0.5 + 0.5 * nz
    kept = math.exp(-backdrop.fog_per_m * depth * distance)
    sun, high, low, fog = backdrop.sun, backdrop.ambient_up, backdrop.ambient_down, backdrop.fog
    return (
        red * (direct * sun[0] + low[0] + up * (high[0] - low[0])) * kept + fog[0] * (1.0 - kept),
        green * (direct * sun[1] + low[1] + up * (high[1] - low[1])) * kept + fog[1] * (1.0 - kept),
        blue * (direct * sun[2] + low[2] + up * (high[2] - low[2])) * kept + fog[2] * (1.0 - kept),
    )


# --- One frame --------------------------------------------------------------------------------------------------------


@njit(**_options)
def _flow(view, motion: Motion, surface, x, y, px, py, pz):
    """Pixels to the same surface point in the next frame; NaN where it is not ahead of the camera."""
    if not motion.known:
        return math.nan, math.nan
    if surface >= 0:
        px, py, pz = _apply(motion.next_from_world[surface], px, py, pz)
    cx, cy, cz = _apply(motion.T_cam_world, px, py, pz)
    if cz <= T_MIN:
        return math.nan, math.nan
    K = motion.fx_fy_cx_cy
    return cx / cz * K[0] + K[2] - x, cy / cz * K[1] + K[3] - y


@njit(**_options)
def _trace(view, light, parts, backdrop, look, tile, x, y, lit, colored):
    """Everything about the ray through an image point; zeros for what is not asked for."""
    dx, dy, dz = _ray(view, x, y)
    depth, surface, face = _cast(view, parts, tile, dx, dy, dz)
    if surface == SKY:
        color = _sky(backdrop, dx, dy, dz) if colored else (0.0, 0.0, 0.0)
        return depth, surface, face, False, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), color
    T = view.T_world_cam
    px, py, pz = T[0, 3] + depth * dx, T[1, 3] + depth * dy, T[2, 3] + depth * dz
    nx, ny, nz = _normal(view, parts, surface, face, px, py, pz, dx, dy, dz)
    shadow = _in_shadow(view, light, parts, px, py, pz, nx, ny, nz) if lit or colored else False
    color = (0.0, 0.0, 0.0)
    if colored:
        color = _shade(view, parts, backdrop, look, surface, depth, shadow, px, py, pz, nx, ny, nz, dx, dy, dz)
    return depth, surface, face, shadow, (px, py, pz), (nx, ny, nz), color


@njit(**_options)
def _to_byte(table, light):
    return table[int(min(max(light, 0.0), 1.0) * (SRGB_STEPS - 1) + 0.5)]


@njit(**_options)
def fill_layers(
    view: View, light: Light, motion: Motion, parts: Parts, backdrop: Backdrop, look: Look, table, out: Layers
):
    """Fill the wanted layers of one frame from the rays through pixel centres.

    Args:
        view: camera, parts, and parts by screen tile.
        light: parts by cell across the sunlight.
        motion: the next frame.
        parts: what does not change.
        backdrop: ground, sky, sun and air.
        look: constants of the textures.
        table: [SRGB_STEPS] bytes of linear light.
        out: the layers; alpha, shadow and rgb are always there.

    Returns:
        What each pixel shows [height, width]: a number that changes at edges of surfaces, faces and shadows.
    """
    height, width = out.rgb.shape[0], out.rgb.shape[1]
    keys = np.empty((height, width), np.int32)
    lit = out.shadow.shape[0] > 0
    for row in range(height):
        for column in range(width):
            x, y = column + 0.5, row + 0.5
            tile = (row // TILE) * view.tiles_across + column // TILE
            depth, surface, face, shadow, point, normal, color = _trace(
                view, light, parts, backdrop, look, tile, x, y, lit, True
            )
            keys[row, column] = (surface * 8 + face) * 2 + shadow
            out.rgb[row, column, 0] = _to_byte(table, color[0])
            out.rgb[row, column, 1] = _to_byte(table, color[1])
            out.rgb[row, column, 2] = _to_byte(table, color[2])
            if out.alpha.shape[0] > 0:
                out.alpha[row, column] = 255 if surface >= 0 else 0
            if out.depth.shape[0] > 0:
                out.depth[row, column] = depth
            if out.shadow.shape[0] > 0:
                out.shadow[row, column] = 255 if shadow else 0
            if out.instance.shape[0] > 0:
                out.instance[row, column] = parts.instance[surface] if surface >= 0 else 0
            if out.part.shape[0] > 0:
                out.part[row, column] = parts.part[surface] if surface >= 0 else 0
            if out.normals.shape[0] > 0:
                a, b, c = _turn_back(view.T_world_cam, normal[0], normal[1], normal[2])
                if surface == SKY:
                    a, b, c = math.nan, math.nan, math.nan
                out.normals[row, column, 0], out.normals[row, column, 1], out.normals[row, column, 2] = a, b, c
            if out.flow.shape[0] > 0:
                u, v = math.nan, math.nan
                if surface != SKY:
                    u, v = _flow(view, motion, surface, x, y, point[0], point[1], point[2])
                out.flow[row, column, 0], out.flow[row, column, 1] = u, v
            if out.object_coordinates.shape[0] > 0:
                a, b, c = math.nan, math.nan, math.nan
                if surface >= 0:
                    a, b, c = _place_in_box(view, parts, surface, point[0], point[1], point[2])
                    a, b, c = min(max(a, 0.0), 1.0), min(max(b, 0.0), 1.0), min(max(c, 0.0), 1.0)
                place = out.object_coordinates[row, column]
                place[0], place[1], place[2] = a, b, c
    return keys


@njit(**_options)
def smooth_edges(view, light, parts, backdrop, look, table, out: Layers, keys, samples: int):
    """Replace rgb and alpha of pixels whose key differs from a neighbour's by the mean of samples x samples rays."""
    height, width = keys.shape
    for row in range(height):
        for column in range(width):
            key = keys[row, column]
            if (
                (row == 0 or keys[row - 1, column] == key)
                and (row == height - 1 or keys[row + 1, column] == key)
                and (column == 0 or keys[row, column - 1] == key)
                and (column == width - 1 or keys[row, column + 1] == key)
            ):
                continue
            tile = (row // TILE) * view.tiles_across + column // TILE
            red, green, blue, cover = 0.0, 0.0, 0.0, 0
            for i in range(samples):
                for j in range(samples):
                    x, y = column + (j + 0.5) / samples, row + (i + 0.5) / samples
                    _, surface, _, _, _, _, color = _trace(view, light, parts, backdrop, look, tile, x, y, True, True)
                    red += min(max(color[0], 0.0), 1.0)
                    green += min(max(color[1], 0.0), 1.0)
                    blue += min(max(color[2], 0.0), 1.0)
                    cover += surface >= 0
            count = samples * samples
            out.rgb[row, column, 0] = _to_byte(table, red / count)
            out.rgb[row, column, 1] = _to_byte(table, green / count)
            out.rgb[row, column, 2] = _to_byte(table, blue / count)
            if out.alpha.shape[0] > 0:
                out.alpha[row, column] = int(cover * 255.0 / count + 0.5)
