"""Whether a shot's camera stands, moves freely, or tracks somebody: DataDoP keeps those that move freely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.base.llm import LanguageModel, LanguageModelError, Question
from kinoeye.datasets.contact_sheet import contact_sheet, png_of
from kinoeye.datasets.shot_sampling import sample_shot
from kinoeye.geometry.convention import Float64
from kinoeye.perception.point_tracks import track_points

ShotClass = Literal["static", "free", "tracking"]
CLASSES: tuple[ShotClass, ...] = ("static", "free", "tracking")
LEAST_MOTION = 0.001
"""Median motion of the background between frames, in image widths, under which the camera stands."""
_CENTRE = (0.3, 0.7)
_LEAST_POINTS = 12
_GAP = 2
"""Frames between those that are compared."""
_OFF = 0.002
"""Image widths by which a point of somebody who moves departs from where a still scene could have it."""
_HELD_STILL = 0.5
"""A tracked subject moves by at most this share of what the background does behind it."""
_SUBJECT_SHARE = 0.3
"""Share of the points in the middle of the frame that a tracked subject has at least."""
_TRACKED_SHARE = 0.5
"""Share of the pairs of frames in which a subject is held still for a shot to be tracking."""
_QUESTION = (
    "These are 16 frames of one film shot, in reading order. How does the camera move? "
    "1: it stands still. 2: it moves freely through the scene. 3: it follows a moving person or thing. "
    "Answer with the number alone."
)


@dataclass(frozen=True)
class ClassifyShot:
    """A shot is refused unless its camera moves freely."""

    model: LanguageModel | None = None
    """None for rules on how the picture's points move."""
    name: str = "classify-shot"

    @property
    def version(self) -> str:
        """Changes with the model."""
        return f"1 {self.model.model if self.model else 'rules'}"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Class the shot; data gets its class."""
        frames = sample_shot(item).frames[item.data["black"] :]
        found = class_by_rules(frames) if self.model is None else class_by_model(frames, self.model)
        if found != "free":
            reason = "the camera stands still" if found == "static" else "the camera follows somebody"
            return Failure(reason)
        return Item(item.name, {**item.data, "class": found}, item.files)


def class_by_model(frames: NDArray[np.uint8], model: LanguageModel) -> ShotClass:
    """The class that a language model sees in 16 frames.

    Raises:
        LanguageModelError: it gives none.
    """
    answer = model.ask(Question(_QUESTION, (png_of(contact_sheet(frames)),), max_tokens=20))
    number = next((int(letter) for letter in answer if letter in "123"), None)
    if number is None:
        raise LanguageModelError(f"{model.model} was asked for 1, 2 or 3 and said {answer!r}")
    return CLASSES[number - 1]


def class_by_rules(frames: NDArray[np.uint8]) -> ShotClass:
    """The class by how corners move: as one scene, or with something in the middle that is held still and moves itself.

    A rigid thing that is followed on a straight line cannot be told from a scene that is far away, and counts as free.

    Args:
        frames: sRGB [n, h, w, 3], at least two.
    """
    tracks = track_points(frames) / frames.shape[2]
    motion, held = [], []
    for before, after in zip(tracks[:-_GAP], tracks[_GAP:], strict=True):
        seen = ~np.isnan(before[:, 0]) & ~np.isnan(after[:, 0])
        if seen.sum() >= _LEAST_POINTS:
            moved, is_held = _pair(before[seen], after[seen], frames.shape[1] / frames.shape[2])
            motion.append(moved)
            held.append(is_held)
    if not motion or float(np.median(motion)) < LEAST_MOTION:
        return "static"
    return "tracking" if float(np.mean(held)) >= _TRACKED_SHARE else "free"


def _pair(before: Float64, after: Float64, aspect: float) -> tuple[float, bool]:
    """How far the background moves, and whether something in the middle is held still before it.

    Args:
        before: [m, 2] points in image widths.
        after: [m, 2] the same, some frames later.
        aspect: height of the image over its width.
    """
    low, high = _CENTRE
    middle = (before[:, 0] > low) & (before[:, 0] < high)
    middle &= (before[:, 1] > low * aspect) & (before[:, 1] < high * aspect)
    if (~middle).sum() < _LEAST_POINTS or not middle.any():
        return float(np.median(np.linalg.norm(after - before, axis=1))), False
    cv2.setRNGSeed(0)
    model, _ = cv2.estimateAffinePartial2D(before[~middle], after[~middle], ransacReprojThreshold=_OFF)
    F, _ = cv2.findFundamentalMat(before[~middle], after[~middle], cv2.FM_RANSAC, _OFF / 4, 0.99)
    if model is None or F is None or F.shape != (3, 3):
        return float(np.median(np.linalg.norm(after - before, axis=1))), False
    expected = np.linalg.norm(before @ model[:, :2].T + model[:, 2] - before, axis=1)
    observed = np.linalg.norm(after - before, axis=1)
    moves_itself = _epipolar_distance(np.asarray(F, np.float64), before, after) > _OFF
    held = moves_itself & (observed < _HELD_STILL * expected)
    return float(np.median(expected)), float(held[middle].mean()) >= _SUBJECT_SHARE


def _epipolar_distance(F: Float64, before: Float64, after: Float64) -> Float64:
    """Sampson's distance [m] of matches from the epipolar geometry F (Hartley and Zisserman 2004, eq. 11.9)."""
    a, b = (np.column_stack([points, np.ones(len(points))]) for points in (before, after))
    in_b, in_a = a @ F.T, b @ F
    error = (b * in_b).sum(axis=1)
    slope = (in_b[:, :2] ** 2).sum(axis=1) + (in_a[:, :2] ** 2).sum(axis=1)
    return np.abs(error) / np.sqrt(np.maximum(slope, 1e-300))
