"""What films look like and how they move in a few numbers that need no weights; extractors for Frechet distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

from kinoeye.evaluation.film_flow import film_flow
from kinoeye.evaluation.film_metrics import lab
from kinoeye.evaluation.filmed import with_most_rows
from kinoeye.geometry.convention import Float64

Frames = UInt8[NDArray, "f h w 3"]
_ROWS = 64
"""Of the pictures that colours are measured in; larger ones are averaged."""
_LAB_UNIT = 10.0
"""CIELAB units that count as one."""
_LEVELS_UNIT = 10.0
"""8-bit levels that count as one."""


@dataclass(frozen=True)
class FilmColours:
    """Mean and standard deviation of L*, a* and b* over all pixels and frames of a film, in tens."""

    name: str = "own_colour"
    dim: int = 6

    def __call__(self, items: Sequence[Frames]) -> Float64:
        """Features [n, 6] of n films."""
        return np.array([_colours(film) for film in items], np.float64)


@dataclass(frozen=True)
class FilmMotion:
    """Optical flow and flicker of a film, from frame to frame.

    Mean flow to the right and down, its mean length, the standard deviation of its length over pixels (all in percent
    of the height), what is left between a frame and the next one when this is moved back by the flow, and the mean size
    of the second difference over time (both in tens of 8-bit levels).
    """

    name: str = "own_motion"
    dim: int = 6

    def __call__(self, items: Sequence[Frames]) -> Float64:
        """Features [n, 6] of n films; those of a single frame have no motion."""
        return np.array([_motion(film) for film in items], np.float64)


def _colours(film_rgb: Frames) -> Float32[NDArray, "6"]:
    colours = lab(with_most_rows(film_rgb, _ROWS).reshape(-1, 3)) / _LAB_UNIT
    return np.concatenate([colours.mean(axis=0), colours.std(axis=0)])


def _motion(film_rgb: Frames) -> Float64:
    if len(film_rgb) < 2:
        return np.zeros(6)
    height, width = film_rgb.shape[1:3]
    flow = film_flow(film_rgb)
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in film_rgb]).astype(np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = [cv2.remap(after, x + each[..., 0], y + each[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
             for after, each in zip(grey[1:], flow, strict=True)]  # fmt: skip
    left = float(np.abs(np.stack(moved) - grey[:-1]).mean())
    second = float(np.abs(np.diff(grey, n=2, axis=0)).mean()) if len(grey) > 2 else 0.0
    percent = 100 / height * flow
    length = np.linalg.norm(percent, axis=-1)
    lengths = (length.mean(), length.std())
    return np.array([*percent.mean(axis=(0, 1, 2)), *lengths, left / _LEVELS_UNIT, second / _LEVELS_UNIT])
