"""Layers of a take as small pictures over time, one sheet a layer, for pages that show the tile of the moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.footage import Take
from kinoeye.shot import Shot

TILE_WIDTH = 200
MAX_TILES = 48
COLUMNS = 8
_NOTHING_RGB = (0.2, 0.22, 0.26)
_JPEG_QUALITY = 82


@dataclass(frozen=True)
class Sheet:
    """Pictures of one layer, row by row."""

    name: str
    jpeg: bytes
    tiles: int
    columns: int
    rows: int
    aspect: float
    """Width over height of a tile."""


def layer_sheets(take: Take, shot: Shot) -> list[Sheet]:
    """Sheets of the take's depth (near is bright) and of its actors (in their own colours), where it has them."""
    painters: dict[str, Callable[[NDArray[Any]], NDArray[np.uint8]]] = {
        "depth": _paint_depth,
        "instance": lambda ids: _paint_instances(ids, shot),
    }
    chosen = np.unique(np.linspace(0, len(take) - 1, min(MAX_TILES, len(take))).round().astype(int))
    return [
        _sheet(name, paint(_small(take.layers[name].values[chosen])))
        for name, paint in painters.items()
        if name in take.layers
    ]


def _small(frames: NDArray[Any]) -> NDArray[Any]:
    """Frames with rows and columns left out: ids and depths must not be averaged."""
    step = max(1, frames.shape[2] // TILE_WIDTH)
    return frames[:, ::step, ::step]


def _paint_depth(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Inverse depth between its 1st and 99th percentile in the colours of viridis; the sky is the darkest."""
    import matplotlib as mpl

    inverse = np.where(np.isfinite(depth) & (depth > 0), 1.0 / np.maximum(depth, 1e-6), 0.0)
    seen = inverse[inverse > 0]
    low, high = np.percentile(seen, (1, 99)) if len(seen) else (0.0, 1.0)
    shade = np.clip((inverse - low) / max(high - low, 1e-9), 0.0, 1.0)
    return mpl.colormaps["viridis"](shade, bytes=True)[..., :3]


def _paint_instances(ids: NDArray[np.uint8], shot: Shot) -> NDArray[np.uint8]:
    table = np.full((256, 3), 0.5)
    table[0] = _NOTHING_RGB
    for index, actor in enumerate(shot.actors, start=1):
        if actor.avatar is not None:
            table[index] = actor.avatar.color_rgb
    return (255 * table).round().astype(np.uint8)[ids]


def _sheet(name: str, frames: NDArray[np.uint8]) -> Sheet:
    import cv2

    count, height, width = frames.shape[:3]
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    padded = np.concatenate([frames, np.zeros((rows * columns - count, height, width, 3), np.uint8)])
    sheet = padded.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)
    bgr = cv2.cvtColor(np.ascontiguousarray(sheet), cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return Sheet(name, jpeg.tobytes(), count, columns, rows, width / height)
