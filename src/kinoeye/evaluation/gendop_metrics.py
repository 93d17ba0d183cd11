"""The metrics of `kinoeye eval gendop` by name; docs/protocols.md states each one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kinoeye.evaluation.protocol import Better


@dataclass(frozen=True)
class EvalMetric:
    """What a number is in, and what a failure counts as."""

    unit: str
    """"1" for a share or another pure number."""
    better: Better | None
    """None where neither more nor less is better by itself."""
    worst: str
    """What an item without an answer counts as."""


_SHARE = EvalMetric("1", "higher", "0")
_TAGS = EvalMetric("1", "higher", "wrong in every frame")
_IN_NO_BALL = EvalMetric("1", "higher", "a camera at rest")

GENDOP_METRICS: Mapping[str, EvalMetric] = {
    "exact_program": _SHARE,
    "exact_program_hard": _SHARE,
    "exact_program_N_moves": _SHARE,
    "segment_similarity": _SHARE,
    "tag_precision": _TAGS,
    "tag_recall": _TAGS,
    "tag_f1": _TAGS,
    "seconds_per_path": EvalMetric("s", "lower", "what it took"),
    "diversity_translation": EvalMetric("1", None, "0"),
    "diversity_rotation": EvalMetric("1", None, "0"),
    "collision_rate": EvalMetric("1", "lower", "1"),
    "framing_error": EvalMetric("1", "lower", "1"),
    "world_tag_f1": _TAGS,
    "tag_precision_reconstructed": _TAGS,
    "tag_recall_reconstructed": _TAGS,
    "tag_f1_reconstructed": _TAGS,
    "clatr_score": EvalMetric("1", "higher", "-100"),
    "clatr_frechet_distance": EvalMetric("1", "lower", "a camera at rest"),
    "clatr_precision": _IN_NO_BALL,
    "clatr_recall": _IN_NO_BALL,
    "clatr_density": _IN_NO_BALL,
    "clatr_coverage": _IN_NO_BALL,
}
"""Name -> metric; N in a name is a number of moves."""


def gendop_metric(name: str) -> EvalMetric:
    """The metric of a name as reports have it.

    Example:
        >>> gendop_metric("exact_program_3_moves").better
        'higher'
    """
    return GENDOP_METRICS[re.sub(r"_\d+_moves$", "_N_moves", name)]
