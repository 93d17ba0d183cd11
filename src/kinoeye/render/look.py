"""How surfaces look: the constants of patterns and noise, as one value that both renderers read."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Look(NamedTuple):
    """Constants of the textures."""

    ground_octaves: NDArray[np.float64]
    """[k, 4] noise cells per tile, amplitude, and those cells per tile times cosine and sine of the lattice's turn."""
    part_octaves: NDArray[np.float64]
    """[k, 2] noise cells over an actor's height, and amplitude."""
    coarse_octaves: int
    """How many ground octaves, from the first, mix the two colours of a noise pattern."""
    mixing: float
    """Slope of that mix."""
    grout: float
    """Width of the gaps between tiles as a share of a tile."""
    tile_contrast: float
    """How much the brightness of tiles varies."""
    pane: float
    """Width of a window as a share of a cell."""
    pattern_cells: float
    """Cells of a pattern over an actor's height."""
    part_grain: float
    """Contrast of the noise on actors."""


def _turned(octaves: list[tuple[float, float]], angle: float) -> NDArray[np.float64]:
    """Each octave's lattice turned by `angle` (radians) against the one before, which hides the lattice."""
    turns = [(angle * k, cells, amplitude) for k, (cells, amplitude) in enumerate(octaves)]
    return np.array([(cells, amplitude, cells * math.cos(a), cells * math.sin(a)) for a, cells, amplitude in turns])


LOOK = Look(
    ground_octaves=_turned([(0.53, 0.30), (1.5, 0.34), (3.9, 0.38), (9.1, 0.42), (19.7, 0.40)], 0.65),
    part_octaves=np.array([(5.9, 0.5), (16.1, 0.5)]),
    coarse_octaves=2,
    mixing=1.3,
    grout=0.05,
    tile_contrast=0.22,
    pane=0.5,
    pattern_cells=7.0,
    part_grain=0.34,
)
