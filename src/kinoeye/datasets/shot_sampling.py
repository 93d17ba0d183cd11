"""The frames of a shot that are looked at, and shots that show nothing moving or nothing at all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.datasets.clips import Frame, read_clip
from kinoeye.datasets.datadop_layout import WIDTH

ENDS = 2
"""Frames left out at both ends, where cuts may blend."""
FPS = 6.0
MAX_FRAMES = 200
BLACK, MAY_BE_BLACK = 50, 15
"""A first frame whose grey levels are all lower is left out, if it is among so many."""
LEAST_FRAMES = 15


@dataclass(frozen=True)
class SampledShot:
    """Some frames of a shot."""

    frames: NDArray[np.uint8]
    """[n, h, w, 3], 512 pixels wide."""
    times_s: NDArray[np.float64]
    """[n] from the beginning of the video."""


def sample_shot(item: Item) -> SampledShot:
    """About six frames a second of a shot's picture, without its ends, at most 200.

    Args:
        item: with the file "video" and data start_s, end_s, fps and crop.
    """
    data = item.data
    step = max(1, int(data["fps"] / FPS))
    crop = tuple(data["crop"])
    kept = [
        (time, _narrowed(frame))
        for index, (time, frame) in enumerate(read_clip(item.files["video"], data["start_s"], data["end_s"], crop=crop))
        if index >= ENDS and (index - ENDS) % step == 0
    ]
    last = data["end_s"] - (ENDS + 0.5) / data["fps"]
    kept = [(time, frame) for time, frame in kept if time < last][:MAX_FRAMES]
    if not kept:
        return SampledShot(np.zeros((0, 2, WIDTH, 3), np.uint8), np.zeros(0))
    return SampledShot(np.stack([frame for _, frame in kept]), np.array([time for time, _ in kept]))


@dataclass(frozen=True)
class FilterShot:
    """A shot is refused if it is too short, too dark, or does not change; its first black frames are left out."""

    still_share: float = 0.7
    """A shot where a larger part of the pixels is the same from frame to frame, on average, does not change."""
    least_brightness: float = 15.0
    """Mean grey level."""
    name: str = "filter-shot"

    @property
    def version(self) -> str:
        """Changes with the parameters."""
        return f"1 {self.still_share} {self.least_brightness}"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Measure the shot; data gets brightness, still_share and the number of black frames."""
        shot = sample_shot(item)
        black = leading_black(shot.frames)
        gray = grays(shot.frames[black:])
        if len(gray) < LEAST_FRAMES:
            return Failure(f"{len(gray)} frames at {FPS:g} per second; {LEAST_FRAMES} are needed")
        brightness, still = float(np.mean([image.mean() for image in gray])), same_pixels(gray)
        if brightness < self.least_brightness:
            return Failure(f"too dark: a mean of {brightness:.1f}; {self.least_brightness:g} is needed")
        if still > self.still_share:
            return Failure(f"nothing moves: {still:.0%} of the pixels stay the same from frame to frame")
        data = {**item.data, "black": black, "brightness": round(brightness, 3), "still_share": round(still, 4)}
        return Item(item.name, data, item.files)


def grays(frames: NDArray[np.uint8]) -> list[Frame]:
    """Grey images [h, w] of sRGB frames."""
    return [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False) for frame in frames]


def same_pixels(gray: Sequence[Frame]) -> float:
    """Share of pixels with exactly the same grey level in the next frame, on average.

    Example:
        >>> same_pixels([np.zeros((2, 2), np.uint8), np.eye(2, dtype=np.uint8)])
        0.5
    """
    return float(np.mean([(a == b).mean() for a, b in itertools.pairwise(gray)]))


def leading_black(frames: NDArray[np.uint8]) -> int:
    """How many frames at the beginning are black; at most 15 are looked at."""
    count = 0
    for gray in grays(frames[:MAY_BE_BLACK]):
        if gray.max() >= BLACK:
            break
        count += 1
    return count


def _narrowed(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    size = (WIDTH, max(2, round(height * WIDTH / width)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
