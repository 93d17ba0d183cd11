"""Motion tags of predicted paths against those of reference paths, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.evaluation.classification import NO_CLASS, ClassCounts, count_classes
from kinoeye.evaluation.measurement import Measurement
from kinoeye.geometry.convention import Float64
from kinoeye.language.tags import motion_tags

if TYPE_CHECKING:
    from kinoeye.geometry.track import Track

TAG_SCORES = ("precision", "recall", "f1")


def poses_of(track: Track, count: int | None = None) -> Float64:
    """T_world_cam [count, 4, 4] of a camera's track, at even times where the count is another than its own."""
    import torch  # the folder is imported without it

    if count is not None and count != len(track):
        times = track.times_s
        track = track.at(torch.linspace(float(times[0]), float(times[-1]), count, dtype=times.dtype))
    return track.T_world_body.as_matrix().double().numpy(force=True)


def count_tags(predicted: Sequence[Float64 | None], reference: Sequence[Float64]) -> ClassCounts:
    """Counts of the 189 motion classes over every transition of every path.

    Args:
        predicted: camera-to-world [n, 4, 4], OpenCV axes, as many poses as the reference has; None for a path that is
            missing, which is wrong in every transition.
        reference: the paths taken as true.

    Raises:
        InputError: two paths differ in length.
    """
    truths = [motion_tags(path) for path in reference]
    guesses = [
        np.full(len(truth), NO_CLASS, np.int64) if path is None else motion_tags(path)
        for path, truth in zip(predicted, truths, strict=True)
    ]
    return count_classes(zip(guesses, truths, strict=True))


def tag_measurements(counts: ClassCounts, *, seed: int = 0, suffix: str = "") -> dict[str, Measurement]:
    """`tag_precision`, `tag_recall` and `tag_f1`, each with the suffix, and their intervals over paths.

    Raises:
        InputError: no reference path has a transition.
    """
    scores, intervals = counts.scores(), counts.intervals(seed=seed)
    return {
        f"tag_{name}{suffix}": Measurement(
            value=getattr(scores, name), low=intervals[name][0], high=intervals[name][1], items=len(counts.true)
        )
        for name in TAG_SCORES
    }
