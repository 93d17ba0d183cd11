"""Patterns as functions of place, averaged over the pixel's footprint so that they neither flicker nor moire."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.scene import CHECKER, LATTICE, NOISE, STRIPES, TILES, Backdrop

Float64 = NDArray[np.float64]

OCTAVES = ((2.0, 0.30), (0.71, 0.34), (0.26, 0.22), (0.093, 0.14))
"""Size of each octave's cells as a share of the texture's own length, and its amplitude."""
OCTAVE_ANGLE = 0.65
"""Each octave's lattice is turned by this against the one before (radians), which hides the lattice."""
GROUT = 0.05
"""Width of the gaps between tiles as a share of a tile."""
TILE_CONTRAST = 0.22
"""How much the brightness of tiles varies."""


def ground_color(backdrop: Backdrop, xy: Float64, width_xy: Float64, width: Float64) -> Float64:
    """Linear colour of the ground.

    Args:
        backdrop: pattern, colours, tile and grain.
        xy: [n, 2] places in metres.
        width_xy: [n, 2] extent of the pixel along x and y in metres.
        width: [n] square root of the pixel's area in metres.

    Returns:
        [n, 3]
    """
    p, w, area = xy / backdrop.tile_m, width_xy / backdrop.tile_m, width / backdrop.tile_m
    coarse, fine = noise_2d(backdrop, p, area)
    share = np.zeros(len(xy))
    if backdrop.pattern == CHECKER:
        share = 0.5 - 0.5 * square_wave(p[:, 0], w[:, 0]) * square_wave(p[:, 1], w[:, 1])
    elif backdrop.pattern == STRIPES:
        share = 0.5 - 0.5 * square_wave(p[:, 0], w[:, 0])
    elif backdrop.pattern == NOISE:
        share = np.clip(0.5 + 1.1 * coarse, 0.0, 1.0)
    elif backdrop.pattern == TILES:
        gap = 1.0 - (1.0 - comb(p[:, 0], w[:, 0])) * (1.0 - comb(p[:, 1], w[:, 1]))
        fade = np.clip(1.0 - area, 0.0, 1.0)
        cell = np.where(fade > 0, _cell_2d(backdrop, np.floor(np.where(fade[:, None] > 0, p, 0.0)), 7), 0.0)
        fine = fine + (1.0 - gap) * fade * TILE_CONTRAST / max(backdrop.grain, 1e-6) * cell
        share = gap
    color = backdrop.ground_a + share[:, None] * (backdrop.ground_b - backdrop.ground_a)
    return color * np.maximum(1.0 + backdrop.grain * (coarse + fine), 0.05)[:, None]


def part_color(
    backdrop: Backdrop,
    pattern: int,
    color_a: Float64,
    color_b: Float64,
    place_m: Float64,
    height_m: float,
    width: Float64,
) -> Float64:
    """Linear colour of an actor's surface.

    Args:
        backdrop: the noise lattice.
        pattern: index of the pattern.
        color_a: [3]
        color_b: [3]
        place_m: [n, 3] place on the actor at rest in metres.
        height_m: height of the actor: patterns and noise scale with it.
        width: [n] extent of the pixel on the surface in metres.

    Returns:
        [n, 3]
    """
    share = np.zeros(len(place_m))
    if pattern != 0:
        q, w = place_m * (PATTERN_CELLS / height_m), width * (PATTERN_CELLS / height_m)
        wave = square_wave(q[:, 2], w)
        if pattern == CHECKER:
            wave = wave * square_wave(q[:, 0] + 0.5, w) * square_wave(q[:, 1] + 0.5, w)
        share = 0.5 - 0.5 * wave
    grain = noise_3d(backdrop, place_m / height_m, width / height_m)
    color = color_a + share[:, None] * (color_b - color_a)
    return color * np.maximum(1.0 + PART_GRAIN * grain, 0.05)[:, None]


PATTERN_CELLS = 7.0
"""Cells of a pattern over an actor's height."""
PART_OCTAVES = ((0.19, 0.5), (0.061, 0.5))
"""Size of each octave's cells as a share of the actor's height, and its amplitude."""
PART_GRAIN = 0.32
"""Contrast of the noise on actors."""


def square_wave(x: Float64, width: Float64) -> Float64:
    """A square wave (1 on [0, 1), -1 on [1, 2), ...) averaged over intervals of the given width about x."""
    width = np.maximum(width, 1e-4)
    return (_wave_integral(x + width / 2) - _wave_integral(x - width / 2)) / width


def _wave_integral(x: Float64) -> Float64:
    phase = x - 2.0 * np.floor(x / 2.0)
    return 1.0 - np.abs(phase - 1.0)


def comb(x: Float64, width: Float64) -> Float64:
    """Share of intervals of the given width about x that lies in gaps [k, k + GROUT] for whole k."""
    width = np.maximum(width, 1e-4)
    return (_comb_integral(x + width / 2) - _comb_integral(x - width / 2)) / width


def _comb_integral(x: Float64) -> Float64:
    whole = np.floor(x)
    return whole * GROUT + np.minimum(x - whole, GROUT)


def noise_2d(backdrop: Backdrop, xy: Float64, width: Float64) -> tuple[Float64, Float64]:
    """Value noise at places [n, 2] in two bands: the two coarse octaves and the two fine ones, each [n]."""
    bands = [np.zeros(len(xy)), np.zeros(len(xy))]
    for octave, (cell, amplitude) in enumerate(OCTAVES):
        fade = octave_fade(width, cell)
        q = np.where(fade[:, None] > 0, xy, 0.0) / cell
        cosine, sine = np.cos(OCTAVE_ANGLE * octave), np.sin(OCTAVE_ANGLE * octave)
        u, v = cosine * q[:, 0] - sine * q[:, 1], sine * q[:, 0] + cosine * q[:, 1]
        bands[octave // 2] += fade * amplitude * _value_noise_2d(backdrop, u, v, octave)
    return bands[0], bands[1]


def noise_3d(backdrop: Backdrop, xyz: Float64, width: Float64) -> Float64:
    """Value noise [n] at places [n, 3]."""
    total = np.zeros(len(xyz))
    for octave, (cell, amplitude) in enumerate(PART_OCTAVES):
        total += octave_fade(width, cell) * amplitude * _value_noise_3d(backdrop, xyz / cell, octave)
    return total


def octave_fade(width: Float64, cell: float) -> Float64:
    """Share of an octave that a pixel of the given width still shows: all below 0.3 cells, nothing above one."""
    return np.clip((cell - width) / (0.7 * cell), 0.0, 1.0)


def _value_noise_2d(backdrop: Backdrop, x: Float64, y: Float64, salt: int) -> Float64:
    fx, fy = np.floor(x), np.floor(y)
    u, v = _smooth(x - fx), _smooth(y - fy)
    total = np.zeros_like(x)
    for dx in (0, 1):
        for dy in (0, 1):
            weight = (u if dx else 1.0 - u) * (v if dy else 1.0 - v)
            total += weight * _cell_2d(backdrop, np.stack([fx + dx, fy + dy], axis=-1), salt)
    return total


def _value_noise_3d(backdrop: Backdrop, xyz: Float64, salt: int) -> Float64:
    base = np.floor(xyz)
    share = _smooth(xyz - base)
    total = np.zeros(len(xyz))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.array(corner) == 1, share, 1.0 - share), axis=1)
        cell = (base + np.array(corner)).astype(np.int64)
        hashed = backdrop.permutation[(_hash_2d(backdrop, cell[:, 0], cell[:, 1], salt) + cell[:, 2]) % LATTICE]
        total += weight * backdrop.values[hashed]
    return total


def _cell_2d(backdrop: Backdrop, cells: Float64, salt: int) -> Float64:
    """The lattice's value, -1 to 1, at whole cells [n, 2]."""
    cells = cells.astype(np.int64)
    return backdrop.values[_hash_2d(backdrop, cells[:, 0], cells[:, 1], salt)]


def _hash_2d(backdrop: Backdrop, i: NDArray[np.int64], j: NDArray[np.int64], salt: int) -> NDArray[np.int64]:
    row = backdrop.permutation[(i + 31 * salt) % LATTICE]
    return backdrop.permutation[(row + j) % LATTICE]


def _smooth(x: Float64) -> Float64:
    return x * x * (3.0 - 2.0 * x)
