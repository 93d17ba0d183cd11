"""Patterns as functions of place, averaged over the pixel's footprint so that they neither flicker nor moire."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.look import LOOK
from kinoeye.render.scene import (
    CHECKER,
    LATTICE,
    LAYER_STEP,
    NOISE,
    PLAIN,
    SALT_STEP,
    STRIPES,
    TILE_SALT,
    TILES,
    WINDOWS,
    Backdrop,
    Parts,
)

Float64 = NDArray[np.float64]


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
    share, brightness = np.zeros(len(xy)), 1.0 + backdrop.grain * (coarse + fine)
    if backdrop.pattern == CHECKER:
        share = 0.5 - 0.5 * square_wave(p[:, 0], w[:, 0]) * square_wave(p[:, 1], w[:, 1])
    elif backdrop.pattern == STRIPES:
        share = 0.5 - 0.5 * square_wave(p[:, 0], w[:, 0])
    elif backdrop.pattern == NOISE:
        share = np.clip(0.5 + LOOK.mixing * coarse, 0.0, 1.0)
    elif backdrop.pattern == TILES:
        gap = 1.0 - (1.0 - comb(p[:, 0], w[:, 0], LOOK.grout)) * (1.0 - comb(p[:, 1], w[:, 1], LOOK.grout))
        fade = np.clip(1.0 - area, 0.0, 1.0)
        cell = _cell(backdrop, *np.floor(np.where(fade[:, None] > 0, p, 0.0)).T, salt=TILE_SALT)
        brightness = brightness + (1.0 - gap) * fade * LOOK.tile_contrast * cell
        share = gap
    color = backdrop.ground_a + share[:, None] * (backdrop.ground_b - backdrop.ground_a)
    return color * np.maximum(brightness, 0.05)[:, None]


def part_color(backdrop: Backdrop, parts: Parts, part: int, place: Float64, width: Float64) -> Float64:
    """Linear colour of a part's surface.

    Args:
        backdrop: the noise lattice.
        parts: colours, patterns and sizes.
        part: which one.
        place: [n, 3] place in the box of the actor at rest, 0 to 1 a side.
        width: [n] extent of the pixel on the surface as a share of the actor's height.

    Returns:
        [n, 3]
    """
    size, pattern = parts.size_xyz[part], parts.pattern[part]
    share = np.zeros(len(place))
    if pattern != PLAIN:
        q, w = place * parts.cells[part] + 0.5, width * LOOK.pattern_cells  # faces lie in the middle of cells
        if pattern == WINDOWS:
            panes = [comb(q[:, axis] - (1.0 - LOOK.pane) / 2, w, LOOK.pane) for axis in range(3)]
            share = np.prod(panes, axis=0)
        else:
            wave = square_wave(q[:, 2], w)
            if pattern == CHECKER:
                wave = wave * square_wave(q[:, 0], w) * square_wave(q[:, 1], w)
            share = 0.5 - 0.5 * wave
    grain = noise_3d(backdrop, place * (size / size[2]), width)
    color = parts.color_a[part] + share[:, None] * (parts.color_b[part] - parts.color_a[part])
    return color * np.maximum(1.0 + LOOK.part_grain * grain, 0.05)[:, None]


def square_wave(x: Float64, width: Float64) -> Float64:
    """A square wave (1 on [0, 1), -1 on [1, 2), ...) averaged over intervals of the given width about x."""
    width = np.maximum(width, 1e-4)
    return (_wave_integral(x + width / 2) - _wave_integral(x - width / 2)) / width


def _wave_integral(x: Float64) -> Float64:
    phase = x - 2.0 * np.floor(x / 2.0)
    return 1.0 - np.abs(phase - 1.0)


def comb(x: Float64, width: Float64, gap: float) -> Float64:
    """Share of intervals of the given width about x that lies in gaps [k, k + gap] for whole k."""
    width = np.maximum(width, 1e-4)
    return (_comb_integral(x + width / 2, gap) - _comb_integral(x - width / 2, gap)) / width


def _comb_integral(x: Float64, gap: float) -> Float64:
    whole = np.floor(x)
    return whole * gap + np.minimum(x - whole, gap)


def noise_2d(backdrop: Backdrop, xy: Float64, width: Float64) -> tuple[Float64, Float64]:
    """Value noise at places [n, 2] in two bands: coarse octaves and fine ones, each [n]."""
    bands = [np.zeros(len(xy)), np.zeros(len(xy))]
    for octave, (cells, amplitude, cosine, sine) in enumerate(LOOK.ground_octaves):
        fade = octave_fade(width * cells)
        x, y = np.where(fade[:, None] > 0, xy, 0.0).T
        u, v = cosine * x - sine * y, sine * x + cosine * y
        bands[octave >= LOOK.coarse_octaves] += fade * amplitude * _value_noise_2d(backdrop, u, v, octave)
    return bands[0], bands[1]


def noise_3d(backdrop: Backdrop, xyz: Float64, width: Float64) -> Float64:
    """Value noise [n] at places [n, 3]."""
    total = np.zeros(len(xyz))
    for octave, (cells, amplitude) in enumerate(LOOK.part_octaves):
        total += octave_fade(width * cells) * amplitude * _value_noise_3d(backdrop, xyz * cells, octave)
    return total


def octave_fade(width: Float64) -> Float64:
    """Share of an octave that a pixel of the given width in cells shows: all below 0.3, nothing above 1."""
    return np.clip((1.0 - width) / 0.7, 0.0, 1.0)


def _value_noise_2d(backdrop: Backdrop, x: Float64, y: Float64, salt: int) -> Float64:
    """Smooth interpolation between lattice values (value noise), -1 to 1; `salt` shifts the lattice."""
    i, j = np.floor(x), np.floor(y)
    u, v = _smooth(x - i), _smooth(y - j)
    total = np.zeros_like(x)
    for dx, dy in np.ndindex(2, 2):
        weight = (u if dx else 1.0 - u) * (v if dy else 1.0 - v)
        total += weight * _cell(backdrop, i + dx, j + dy, salt)
    return total


def _value_noise_3d(backdrop: Backdrop, xyz: Float64, salt: int) -> Float64:
    """The same in space: the layer at height k is the lattice shifted by a step that never lines up with itself."""
    base = np.floor(xyz)
    share = _smooth(xyz - base)
    total = np.zeros(len(xyz))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.array(corner) == 1, share, 1.0 - share), axis=1)
        i, j, k = (base + np.array(corner)).T
        total += weight * _cell(backdrop, i + LAYER_STEP[0] * k, j + LAYER_STEP[1] * k, salt)
    return total


def _cell(backdrop: Backdrop, i: Float64, j: Float64, salt: int) -> Float64:
    row, column = i.astype(np.int64) + SALT_STEP * salt, j.astype(np.int64)
    return backdrop.lattice[row % LATTICE, column % LATTICE]


def _smooth(x: Float64) -> Float64:
    return x * x * (3.0 - 2.0 * x)
