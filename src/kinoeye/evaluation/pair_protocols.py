"""Accuracies over all pairs of frames: the share of relative poses that are within a threshold, and their curve."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from kinoeye.evaluation.pair_counts import MAX_DEG
from kinoeye.evaluation.pose_pairs import PosePairs
from kinoeye.evaluation.protocol import SHAPE, PoseProtocol
from kinoeye.geometry.convention import Float64

THRESHOLDS_DEG = (3, 5, 15, MAX_DEG)


def _share(count: float, of: int) -> Float64:
    return np.array([count / of if of else np.nan])


def rotation_accuracy(threshold: int) -> Callable[[PosePairs], Float64]:
    """The protocol's function for a threshold in degrees."""

    def compute(pairs: PosePairs) -> Float64:
        counts = pairs.pair_counts
        return _share(counts.rotation[threshold], counts.pairs)

    compute.__doc__ = (
        f"Relative rotation accuracy: share of all pairs of frames whose rotation is within {threshold} deg."
    )
    return compute


def translation_accuracy(threshold: int) -> Callable[[PosePairs], Float64]:
    """The protocol's function for a threshold in degrees."""

    def compute(pairs: PosePairs) -> Float64:
        counts = pairs.pair_counts
        return _share(counts.translation[threshold], counts.moving_pairs)

    compute.__doc__ = (
        f"Relative translation accuracy: share of all moving pairs whose line of travel is within {threshold} deg."
    )
    return compute


def area_under_curve(threshold: int) -> Callable[[PosePairs], Float64]:
    """The protocol's function for a largest threshold in degrees."""

    def compute(pairs: PosePairs) -> Float64:
        counts = pairs.pair_counts
        return _share(float(counts.both[1 : threshold + 1].mean()), counts.pairs)

    compute.__doc__ = (
        f"Mean over 1, 2, ..., {threshold} deg of the share of all pairs with rotation and line of travel within it."
    )
    return compute


_accuracy = partial(
    PoseProtocol, unit="1", alignment="none", invariant_to=SHAPE, worst=0.0, better="higher", per="path"
)

PAIR_PROTOCOLS = (
    *(_accuracy(name=f"rra_{degrees}", compute=rotation_accuracy(degrees)) for degrees in THRESHOLDS_DEG),
    *(_accuracy(name=f"rta_{degrees}", compute=translation_accuracy(degrees)) for degrees in THRESHOLDS_DEG),
    *(_accuracy(name=f"auc_{degrees}", compute=area_under_curve(degrees)) for degrees in THRESHOLDS_DEG),
    _accuracy(name="gen3r_auc_30", compute=area_under_curve(MAX_DEG)),
)
"""As PoseDiffusion (Wang et al. 2023) and VGGT (Wang et al. 2025) report them; Gen3R reports the last."""
