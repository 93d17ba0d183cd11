"""Who is seen in a film where nobody drew masks: people told from their places by colours of the true film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray
from scipy import ndimage

_BINS = 32
"""Of each of the colours' three channels."""
_SPREAD = 1.0
"""Standard deviation in bins of the Gaussian that smooths histograms."""
_FLOOR = 1e-7
"""Probability of a colour that was never seen: nobody's and nowhere's."""
_SIGMA = 1 / 160
"""Standard deviation of the Gaussian that smooths likelihoods on the screen, as a share of the picture's height."""
_PRIOR = 0.5
"""Power of the prior odds: 0 finds people all over moors of their colours, 1 half of those who are small."""
FOUND_IOU = 0.3
"""A person is seen in a frame where that colours meet its place at least so well."""
FOUND_SHARE = 0.5
"""Of the frames that show enough of somebody, or of all: found in, or spurious in."""
ENOUGH = 1 / 400
"""Share of the picture that a person takes at least where it must be found."""
SPURIOUS_SHARE = 0.4
"""A blob of this share of what the film's people take, away from all of them, is one too many."""
_AWAY = 1 / 32
"""Distance from every true mask that is away from it, as a share of the picture's height."""

Frames = UInt8[NDArray, "f h w 3"]
Masks = Bool[NDArray, "f h w"]


@dataclass(frozen=True)
class ColourTest:
    """Which colours are some pixels' rather than others', by histograms that are smoothed and never 0.

    Colours count by their likelihood ratio times a power of the prior odds; logarithms are smoothed on the screen.
    """

    log_ratio: Float32[NDArray, "bins bins bins"]

    @classmethod
    def of(cls, film_rgb: Frames, mask: Masks, others: Masks) -> ColourTest:
        """Learn from the pixels of a film in a mask, and those in another one."""
        mine, theirs = _histogram(film_rgb[mask]), _histogram(film_rgb[others])
        odds = (int(mask.sum()) + 1) / (int(others.sum()) + 1)
        return cls(np.log(mine / theirs) + _PRIOR * np.float32(np.log(odds)))

    def __call__(self, film_rgb: Frames) -> Masks:
        """Where a film has such colours."""
        bins = _bins(film_rgb)
        ratio = self.log_ratio[bins[..., 0], bins[..., 1], bins[..., 2]]
        sigma = _SIGMA * film_rgb.shape[1]
        return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) > 0 for frame in ratio])


def _histogram(colours: UInt8[NDArray, "n 3"]) -> Float32[NDArray, "bins bins bins"]:
    bins = _bins(colours)
    index = (bins[:, 0] * _BINS + bins[:, 1]) * _BINS + bins[:, 2]
    counts = np.bincount(index, minlength=_BINS**3).reshape((_BINS,) * 3).astype(np.float32)
    smooth = ndimage.gaussian_filter(counts, _SPREAD, mode="nearest", truncate=3.0)
    return smooth / max(float(smooth.sum()), 1e-9) + _FLOOR


def _bins(colours: UInt8[NDArray, "*n 3"]) -> NDArray[np.int64]:
    return (colours.astype(np.int64) * _BINS) >> 8


def intersection_over_union(found: Masks, true: Masks) -> float:
    """Of all frames together; 1 where both are empty.

    Example:
        >>> half = np.zeros((1, 2, 2), bool)
        >>> half[:, 0] = True
        >>> intersection_over_union(half, np.ones((1, 2, 2), bool))
        0.5
    """
    union = int((found | true).sum())
    return int((found & true).sum()) / union if union else 1.0


@dataclass(frozen=True)
class PeopleByColour:
    """What tells the people of one film from their place.

    Persons are told from the place one by one: two in the same clothes are both found where both are.
    """

    person: UInt8[NDArray, "f h w"]
    """Truth: 1, 2, ... for people; 0 where there is none."""
    anybody: ColourTest
    """Of people against their place."""
    each: Mapping[int, ColourTest]
    """Number of a person that is ever seen -> its colours against the place's."""

    @classmethod
    def of(cls, film_rgb: Frames, person: UInt8[NDArray, "f h w"]) -> PeopleByColour:
        """Learn colours from a true film.

        Args:
            film_rgb: the true film.
            person: 1, 2, ... for people in order; 0 where there is none.
        """
        place = person == 0
        return cls(
            person=person,
            anybody=ColourTest.of(film_rgb, ~place, place),
            each={int(n): ColourTest.of(film_rgb, person == n, place) for n in np.unique(person) if n},
        )

    def silhouettes(self, film_rgb: Frames) -> Masks:
        """Where a film has colours of people rather than of their place."""
        return self.anybody(film_rgb)

    def silhouette_iou(self, film_rgb: Frames) -> float:
        """How well `silhouettes` of a film meet the true ones, over all frames; the true film itself stays under 1."""
        return intersection_over_union(self.silhouettes(film_rgb), self.person > 0)

    def counted_right(self, film_rgb: Frames) -> bool:
        """Whether everybody is found who is to be seen, and nobody else.

        A person is found whose own colours meet its true mask with an IoU of `FOUND_IOU` in half of the frames where it
        takes `ENOUGH` of the picture; pixels of other people do not count. Somebody is there too many where half of
        the frames have a blob of people's colours, of `SPURIOUS_SHARE` of the mean person's pixels or more, away from
        every true mask.
        """
        return self._all_found(film_rgb) and not self._one_too_many(film_rgb)

    def _all_found(self, film_rgb: Frames) -> bool:
        for number, colours in self.each.items():
            true = self.person == number
            found = colours(film_rgb) & ((self.person == 0) | true)
            shown = true.mean(axis=(1, 2)) >= ENOUGH
            meets = [intersection_over_union(found[k : k + 1], true[k : k + 1]) for k in np.flatnonzero(shown)]
            if meets and np.mean([iou >= FOUND_IOU for iou in meets]) < FOUND_SHARE:
                return False
        return True

    def _one_too_many(self, film_rgb: Frames) -> bool:
        height = film_rgb.shape[1]
        around = 2 * round(_AWAY * height) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (around, around))
        someone = (self.person > 0).astype(np.uint8)
        sizes = [(self.person == number).sum(axis=(1, 2)) for number in self.each]
        shown = np.concatenate([size[size >= ENOUGH * someone[0].size] for size in sizes]) if sizes else np.empty(0)
        least = SPURIOUS_SHARE * float(shown.mean()) if len(shown) else ENOUGH * someone[0].size
        frames = [
            _largest_blob(found & (cv2.dilate(true, kernel) == 0)) >= least
            for found, true in zip(self.silhouettes(film_rgb), someone, strict=True)
        ]
        return float(np.mean(frames)) >= FOUND_SHARE


def _largest_blob(mask: NDArray[np.bool_]) -> int:
    """Pixels of the largest connected part of a mask [h, w]."""
    _, _, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return int(facts[1:, cv2.CC_STAT_AREA].max(initial=0))
