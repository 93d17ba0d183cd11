"""Sixteen frames of a shot in one picture, for a language model to look at."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE, SHEET_WIDTH = 4, 900


def contact_sheet(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grid of 4 by 4 frames evenly spread over a shot, in reading order, 900 pixels wide.

    Args:
        frames: sRGB [n, h, w, 3], at least one.

    Example:
        >>> contact_sheet(np.zeros((30, 288, 512, 3), np.uint8)).shape
        (508, 900, 3)
    """
    chosen = frames[np.linspace(0, len(frames) - 1, SIDE * SIDE).round().astype(int)]
    width = SHEET_WIDTH // SIDE
    height = max(1, round(width * frames.shape[1] / frames.shape[2]))
    small = [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in chosen]
    return np.vstack([np.hstack(small[row * SIDE : (row + 1) * SIDE]) for row in range(SIDE)]).astype(np.uint8)


def png_of(image: NDArray[np.uint8]) -> bytes:
    """An image as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG")
    return file.getvalue()
