"""Scores of an estimated path against a reference: every protocol by name, as a record that can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.evaluation.association import MAX_DIFFERENCE_S, associate_by_index, associate_by_time
from kinoeye.evaluation.error_statistics import STATISTICS, Statistics, statistics
from kinoeye.evaluation.pose_protocols import PROTOCOLS, Settings, path_length
from kinoeye.geometry.align import Alignment, alignment
from kinoeye.geometry.track import Track

VERSION = 1
Association = Literal["time", "index"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One protocol's result."""

    unit: str
    """"m", "arbitrary", "deg" or "%"."""
    statistics: Statistics
    values: tuple[float, ...]
    """Error of each pair of poses, NaN where it is not defined."""


@dataclass(frozen=True, kw_only=True)
class PoseScore:
    """How far an estimated path is from a reference, under every protocol of `PROTOCOLS`.

    Example:
        >>> import torch
        >>> from kinoeye.geometry import SE3, Track
        >>> track = Track(SE3.identity(3), torch.arange(3.0, dtype=torch.float64))
        >>> score_poses(track, track).metrics["rotation_deg"].statistics.mean
        0.0
    """

    align: Alignment
    by: Association
    pairs: int
    """Number of pairs of poses that were compared."""
    scale: float
    """Factor that alignment put on the estimate; 1 unless `align` is "sim3" or "scale"."""
    reference_path_length: float
    """In the unit of the reference, over the compared poses."""
    unit: str
    """Unit of lengths: the reference's."""
    times_s: tuple[float, ...]
    metrics: dict[str, Metric]
    """Protocol's name -> result."""
    notes: tuple[str, ...] = ()

    def save(self, path: Path | str) -> None:
        """Write the score as JSON.

        Raises:
            InputError: the file cannot be written.
        """
        write_json(path, write_record(self, version=VERSION))

    @classmethod
    def load(cls, path: Path | str) -> PoseScore:
        """Read a score that `save` wrote.

        Raises:
            InputError: the file is missing, damaged, or not a score.
        """
        return read_record(cls, read_json(path), version=VERSION, where=str(path))


def score_poses(
    reference: Track,
    estimate: Track,
    *,
    align: Alignment | None = None,
    by: Association = "time",
    max_difference_s: float = MAX_DIFFERENCE_S,
    settings: Settings | None = None,
) -> PoseScore:
    """Score an estimated track against a reference under every protocol.

    Args:
        reference: the poses taken as true.
        estimate: the poses to judge.
        align: how the estimate is brought into the reference's world first; None chooses "first", or "scale" where
            one of the two paths is metric, the other is not, and both move.
        by: pair poses by nearest time or by index.
        max_difference_s: largest time between the poses of a pair.
        settings: what the protocols leave open.

    Raises:
        InputError: fewer than two poses can be paired, or the alignment is not defined for these paths.
    """
    settings = settings or Settings()
    given = (len(reference), len(estimate))
    if by == "time":
        reference, estimate = associate_by_time(reference, estimate, max_difference_s=max_difference_s)
    else:
        reference, estimate = associate_by_index(reference, estimate)
    if len(reference) <= settings.delta:
        raise InputError(
            f"{len(reference)} poses can be paired; at least {settings.delta + 1} are needed for errors over "
            f"{settings.delta} frame(s)"
        )
    mixed = reference.unit != estimate.unit
    align = align or ("scale" if mixed and min(path_length(reference), path_length(estimate)) > 0 else "first")
    try:
        change = alignment(estimate, reference, align)
    except ValueError as error:
        raise InputError(str(error)) from error
    aligned = change.apply(estimate)
    notes: tuple[str, ...] = ()
    if len(reference) < max(given):
        notes = (f"{len(reference)} pairs of {given[0]} reference and {given[1]} estimated poses are compared",)
    if mixed and align not in ("sim3", "scale"):
        notes += (f"lengths compare a path in {reference.unit!r} with one in {estimate.unit!r} at scale 1",)
    return PoseScore(
        align=align,
        by=by,
        pairs=len(reference),
        scale=change.scale,
        reference_path_length=path_length(reference),
        unit=reference.unit,
        times_s=tuple(reference.times_s.tolist()),
        metrics=_metrics(reference, aligned, settings),
        notes=notes,
    )


def compare(scores: Mapping[str, PoseScore], *, statistic: str = "rmse") -> dict[str, dict[str, float]]:
    """One statistic of several scores side by side: protocol -> name of the score -> value.

    Args:
        scores: name -> score; all with the same alignment, because others are not comparable.
        statistic: a field of `Statistics`.

    Raises:
        InputError: the statistic does not exist, or the scores were aligned differently or differ in unit.
    """
    if statistic not in STATISTICS:
        raise InputError(f"there is no statistic {statistic!r}; known: {', '.join(STATISTICS)}")
    settings = {(score.align, score.unit) for score in scores.values()}
    if len(settings) > 1:
        listed = ", ".join(f"{name}: {score.align}, {score.unit}" for name, score in scores.items())
        raise InputError(f"scores with different alignments or units cannot be compared ({listed})")
    shared = [name for name in PROTOCOLS if all(name in score.metrics for score in scores.values())]
    return {
        protocol: {name: getattr(score.metrics[protocol].statistics, statistic) for name, score in scores.items()}
        for protocol in shared
    }


def _metrics(reference: Track, aligned: Track, settings: Settings) -> dict[str, Metric]:
    metrics = {}
    for name, protocol in PROTOCOLS.items():
        values = protocol.compute(reference, aligned, settings).double().numpy()
        unit = reference.unit if protocol.unit == "length" else protocol.unit
        metrics[name] = Metric(unit=unit, statistics=statistics(values), values=tuple(values.tolist()))
    return metrics
