"""Whether a shot's camera stands, moves freely, or tracks somebody: DataDoP keeps those that move freely."""

from __future__ import annotations

import itertools
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
_OUTLIER = 0.004
"""Image widths by which a point of a subject departs from how the background moves."""
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
    """The class by how corners move: as one with the background, or held still in the middle in front of it.

    Args:
        frames: sRGB [n, h, w, 3], at least two.
    """
    tracks = track_points(frames) / frames.shape[2]
    motion, held = [], []
    for before, after in itertools.pairwise(tracks):
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
        after: [m, 2] the same in the next frame.
        aspect: height of the image over its width.
    """
    low, high = _CENTRE
    middle = (before[:, 0] > low) & (before[:, 0] < high)
    middle &= (before[:, 1] > low * aspect) & (before[:, 1] < high * aspect)
    around = ~middle if (~middle).sum() >= _LEAST_POINTS else np.ones(len(before), bool)
    cv2.setRNGSeed(0)
    model, _ = cv2.estimateAffinePartial2D(before[around], after[around], ransacReprojThreshold=_OUTLIER)
    if model is None:
        return float(np.median(np.linalg.norm(after - before, axis=1))), False
    predicted = before @ model[:, :2].T + model[:, 2] - before
    actual = after - before
    expected, observed = np.linalg.norm(predicted, axis=1), np.linalg.norm(actual, axis=1)
    still = (np.linalg.norm(actual - predicted, axis=1) > _OUTLIER) & (observed < _HELD_STILL * expected)
    held = bool(middle.any()) and float(still[middle].mean()) >= _SUBJECT_SHARE
    return float(np.median(expected)), held
