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

ShotClass = Literal["static", "free", "tracking"]
CLASSES: tuple[ShotClass, ...] = ("static", "free", "tracking")
LEAST_MOTION = 0.001
"""Median motion of the background between the frames compared, in image widths, under which the camera stands."""
_GAP = 2
"""Frames between those that are compared."""
_WIDTH = 256
"""Pixels that frames are narrowed to."""
_BANDS = 18
"""Rows of the picture that are looked at, one below the other."""
_SIDES, _MIDDLE = ((0.05, 0.3), (0.7, 0.95)), (0.42, 0.58)
"""Where a band shows the background, and where somebody who is followed; shares of the width."""
_LEAST_SIDE, _LEAST_MIDDLE = 15, 10
"""Pixels with texture that must be there."""
_LEAST_TEXTURE = 1e-5
_PASSES = 0.006
"""Image widths that a background goes by at least, where something before it can be seen to be held still."""
_MOVES = 0.003
"""Median of the same over the picture, in pairs of frames that can tell a class."""
_HELD_STILL = 0.5
"""What is held still moves by at most this share of what the background does beside it."""
_HELD_SHARE, _LEAST_HELD = 0.25, 2
"""Share of the middle of a band that is held still, and bands of which this holds, where somebody is followed."""
_AT_FEET = 0.6
"""Least speed of the ground at the feet of somebody followed, as a share of the fastest background higher up."""
_TRACKED_SHARE = 0.4
"""Share of the pairs of frames in which somebody is followed for a shot to be tracking."""
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
        return f"2 {self.model.model if self.model else 'rules'}"

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
    """The class by how the picture moves, band by band: all of it, nothing, or all but something in the middle.

    Who is followed stays in its place while the ground at its feet goes by. What is circled stays too, but there the
    ground at its foot does not move, and what is far away moves as all that is beside it. Nobody is found who fills
    the width of the picture.

    Args:
        frames: sRGB [n, h, w, 3], at least two.
    """
    height = max(_BANDS, round(frames.shape[1] * _WIDTH / frames.shape[2]))
    grays = [
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (_WIDTH, height), interpolation=cv2.INTER_AREA)
        for frame in frames
    ]
    bands = [_bands(before, after) for before, after in zip(grays[:-_GAP], grays[_GAP:], strict=True)]
    bands = [each for each in bands if not np.isnan(each.passing).all()]
    motion = np.array([np.nanmedian(each.passing) for each in bands])
    if not bands or np.median(motion) < LEAST_MOTION:
        return "static"
    tracked = [_is_followed(each) for each, moved in zip(bands, motion, strict=True) if moved > _MOVES]
    return "tracking" if tracked and float(np.mean(tracked)) >= _TRACKED_SHARE else "free"


@dataclass(frozen=True)
class _Bands:
    """How a picture moves from one frame to a later one, from its top to its bottom."""

    passing: Float64
    """[bands] image widths that the background goes by beside the middle; NaN where no texture shows it."""
    held: Float64
    """[bands] share of the middle that is held still before that background."""


def _is_followed(bands: _Bands) -> bool:
    """Whether something in the middle is held still, and slides over the ground that it stands on."""
    held = np.flatnonzero((bands.passing > _PASSES) & (bands.held >= _HELD_SHARE))
    if len(held) < _LEAST_HELD:
        return False
    below = bands.passing[held[-1] : held[-1] + 2]
    return bool(below[~np.isnan(below)][-1] >= _AT_FEET * bands.passing[held].max())


def _bands(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> _Bands:
    flow, is_known = _flow(before, after)
    passing, held = np.full(_BANDS, np.nan), np.zeros(_BANDS)
    sides = [slice(round(low * _WIDTH), round(high * _WIDTH)) for low, high in _SIDES]
    middle = slice(round(_MIDDLE[0] * _WIDTH), round(_MIDDLE[1] * _WIDTH))
    for band, rows in enumerate(np.array_split(np.arange(len(before)), _BANDS)):
        shown = [flow[rows, side][is_known[rows, side]] for side in sides]
        if min(map(len, shown)) < _LEAST_SIDE:
            continue
        # Halfway between both sides of a scene that is the same on both, the background moves as their mean.
        passing[band] = np.linalg.norm(np.mean([np.median(side, axis=0) for side in shown], axis=0))
        moved = np.linalg.norm(flow[rows, middle][is_known[rows, middle]], axis=1)
        if len(moved) >= _LEAST_MIDDLE:
            held[band] = np.mean(moved < _HELD_STILL * passing[band])
    return _Bands(passing, held)


def _flow(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[Float64, NDArray[np.bool_]]:
    """Optical flow [h, w, 2] in image widths, and where texture and the way back (within a pixel) confirm it."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there, back = dis.calc(before, after, None), dis.calc(after, before, None)  # type: ignore[call-overload]
    rows, columns = np.mgrid[: before.shape[0], : before.shape[1]].astype(np.float32)
    outside = (float(_WIDTH),) * 2
    returned = cv2.remap(back, columns + there[..., 0], rows + there[..., 1], cv2.INTER_LINEAR, borderValue=outside)
    is_known = np.linalg.norm(there + returned, axis=-1) < 1.0
    is_known &= cv2.cornerMinEigenVal(before, 7) > _LEAST_TEXTURE
    return there.astype(np.float64) / before.shape[1], is_known
