"""Black borders of films: where the picture is within the frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from kinoeye.datasets.clips import Box, Frame, VideoFacts, read_clip

BLACK = 24
"""Mean grey level of a row or column up to which it is border."""
SECONDS, FROM_S = 60.0, 900.0
"""How much is looked at, and from where: past the titles of a film; shorter videos are looked at from their middle."""
NEGLIGIBLE = 6
"""Borders at the left and top of no more pixels than this together are kept."""
_EVERY_S = 0.5


def picture_box(frames: Iterable[Frame]) -> Box | None:
    """The most common box of what is not black, its sides even; None if there is no border worth cropping.

    Args:
        frames: sRGB [h, w, 3] of one size; wholly black ones say nothing.

    Example:
        >>> framed = np.zeros((100, 160, 3), np.uint8); framed[20:80] = 128
        >>> picture_box([framed])
        (160, 60, 0, 20)
    """
    boxes = Counter(box for box in map(_box, frames) if box is not None)
    if not boxes:
        return None
    box = max(boxes, key=lambda box: (boxes[box], box))
    return None if box[2] + box[3] <= NEGLIGIBLE else box


def border_of_video(path: Path | str, facts: VideoFacts) -> Box | None:
    """The box of a video's picture, from a minute of it."""
    start = FROM_S if facts.duration_s > FROM_S + SECONDS else max(0.0, (facts.duration_s - SECONDS) / 2)
    return picture_box(_sampled(path, start))


def _sampled(path: Path | str, start_s: float) -> Iterable[Frame]:
    due = start_s
    for time, frame in read_clip(path, start_s, start_s + SECONDS):
        if time >= due:
            due = time + _EVERY_S
            yield frame


def _box(frame: Frame) -> Box | None:
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    rows, columns = (np.flatnonzero(gray.mean(axis=axis) > BLACK) for axis in (1, 0))
    if len(rows) == 0 or len(columns) == 0:
        return None
    (left, width), (top, height) = _even(columns), _even(rows)
    return (width, height, left, top) if width > 0 and height > 0 else None


def _even(inside: np.ndarray) -> tuple[int, int]:
    """Beginning and length, both even and within, of the stretch that indices span."""
    first, last = int(inside[0]), int(inside[-1]) + 1
    first += first % 2
    return first, (last - first) // 2 * 2
