"""Scores of an estimated path against a reference: every protocol by name, as a record that can be kept."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.evaluation.association import MAX_DIFFERENCE_S, Association, Missing, associate
from kinoeye.evaluation.error_statistics import Aggregate, Statistics, aggregate, statistics
from kinoeye.evaluation.pose_pairs import PosePairs, Settings
from kinoeye.evaluation.pose_protocols import chosen_protocols
from kinoeye.evaluation.poses import Poses, length
from kinoeye.evaluation.protocol import Better, PoseProtocol
from kinoeye.geometry.align import Alignment, Similarity, alignment
from kinoeye.geometry.track import Track

VERSION = 3


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One protocol's result."""

    unit: str
    """"m", "arbitrary", "deg", "rad", "%", "1" for a pure number, or "mixed"."""
    better: Better
    aggregate: Aggregate | None
    """What makes `value` of the values; None where they are one number for the path."""
    worst: float | None
    """What a failed pose counts as; None where an error has no upper bound."""
    failed: int
    """Poses that were asked for and have no error because the estimate lacks them or cannot be scaled."""
    statistics: Statistics
    """Over the poses that have an error: what is left out here is counted by `failed`."""
    values: tuple[float, ...]
    """Error of each pose or step that has an estimate, NaN where it is not defined."""

    @property
    def value(self) -> float:
        """The published number, with every failure at its worst: infinity where that has no bound."""
        if self.aggregate is None:
            return self.values[0]
        worst = math.inf if self.worst is None else self.worst
        return aggregate(self.values, self.aggregate, failed=self.failed, worst=worst)

    @property
    def value_of_rest(self) -> float:
        """The published number over the poses that have an error, as if nothing had failed."""
        return self.values[0] if self.aggregate is None else aggregate(self.values, self.aggregate)


@dataclass(frozen=True, kw_only=True)
class PoseScore:
    """How far an estimated path is from a reference, under the protocols of `PROTOCOLS`.

    Example:
        >>> import torch
        >>> from kinoeye.geometry import SE3, Track
        >>> track = Track(SE3.identity(3), torch.arange(3.0, dtype=torch.float64))
        >>> score_poses(track, track).metrics["rotation_deg"].statistics.mean
        0.0
    """

    align: Alignment
    """Of the protocols that leave it open; the others do their own."""
    by: Association
    pairs: int
    """Number of pairs of poses that were compared."""
    failed: int
    """Number of poses of the reference that the estimate lacks and that count as failures."""
    scale: float
    """Factor that alignment put on the estimate; 1 unless `align` is "sim3" or "scale"."""
    reference_path_length: float
    """In the unit of the reference, over the compared poses."""
    reference_poses: int
    """Of the whole reference, compared or not, and so the next."""
    reference_length: float
    unit: str
    """Unit of lengths: the reference's."""
    times_s: tuple[float, ...]
    metrics: dict[str, Metric]
    """Protocol's name -> result."""
    notes: tuple[str, ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """Protocol's name -> its published number."""
        return {name: metric.value for name, metric in self.metrics.items()}

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
    missing: Missing | None = None,
    settings: Settings | None = None,
    protocols: Iterable[str] | None = None,
) -> PoseScore:
    """Score an estimated track against a reference under named protocols.

    Args:
        reference: the poses taken as true.
        estimate: the poses to judge.
        align: how the estimate is brought into the reference's world by the protocols that leave it open; None
            chooses "first", or "scale" where one of the two paths is metric, the other is not, and both move.
        by: pair poses by nearest time or by index.
        max_difference_s: largest time between the poses of a pair.
        missing: whether poses of the reference without a partner are failures; see `associate`.
        settings: what the protocols leave open.
        protocols: names of `PROTOCOLS`; None means all.

    Raises:
        InputError: fewer than two poses can be paired, the alignment is not defined for these paths, or a protocol
            has another name.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> score_poses(camera.track, camera.track, protocols=["ate_translation"]).numbers
        {'ate_translation': 0.0}
    """
    settings = settings or Settings()
    chosen = chosen_protocols(protocols)
    paired = associate(reference, estimate, by=by, max_difference_s=max_difference_s, missing=missing)
    whole = reference
    reference, estimate = paired.reference, paired.estimate
    needed = settings.delta if settings.delta_unit == "frames" else 1
    if len(reference) <= needed:
        raise InputError(
            f"{len(reference)} poses can be paired; at least {needed + 1:g} are needed for errors over {needed:g} "
            "frame(s): --delta N takes shorter steps, --max-difference S or --by index pairs more poses"
        )
    mixed = reference.unit != estimate.unit
    poses = Poses.of(reference), Poses.of(estimate)
    moving = min(float(length(np.diff(p.t, axis=0)).sum()) for p in poses) > 0
    align = align or ("scale" if mixed and moving else "first")
    pairs = PosePairs(*poses, _alignment(estimate, reference, align), paired.found, settings)
    notes = (paired.note,) if paired.note else ()
    if mixed and align not in ("sim3", "scale"):
        notes += (
            f"lengths compare a path in {reference.unit!r} with one in {estimate.unit!r} at scale 1 (--align scale or "
            "sim3 fits it)",
        )
    return PoseScore(
        align=align,
        by=by,
        pairs=len(reference),
        failed=pairs.failed,
        scale=pairs.change.scale,
        reference_path_length=pairs.path_length,
        reference_poses=len(whole),
        reference_length=float(length(np.diff(Poses.of(whole).t, axis=0)).sum()),
        unit=reference.unit,
        times_s=tuple(reference.times_s.tolist()),
        metrics={protocol.name: _metric(protocol, pairs, reference.unit) for protocol in chosen},
        notes=notes,
    )


def _alignment(estimate: Track, reference: Track, align: Alignment) -> Similarity:
    try:
        return alignment(estimate, reference, align)
    except ValueError as error:
        raise InputError(f"{error} (--align)") from error


def _metric(protocol: PoseProtocol, pairs: PosePairs, unit: str) -> Metric:
    values = protocol.compute(pairs)
    unscaled = np.isinf(values)
    if unscaled.any():
        values = np.where(unscaled, np.nan, values)
    return Metric(
        unit=unit if protocol.unit == "length" else protocol.unit,
        better=protocol.better,
        aggregate=None if protocol.per == "path" else protocol.aggregate,
        worst=None if math.isinf(protocol.worst) else protocol.worst,
        failed=pairs.failed + int(np.count_nonzero(unscaled)),
        statistics=statistics(values),
        values=tuple(values.tolist()),
    )
