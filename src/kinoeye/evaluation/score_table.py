"""Scores of many paths: a row each, and means with confidence intervals in which failures count."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record
from kinoeye.evaluation.pose_protocols import PROTOCOLS
from kinoeye.evaluation.pose_score import PoseScore
from kinoeye.evaluation.protocol import Better
from kinoeye.evaluation.resampling import RESAMPLES, mean_interval
from kinoeye.geometry.convention import Float64

VERSION = 2


@dataclass(frozen=True, kw_only=True)
class Row:
    """One path's numbers."""

    name: str
    failure: str | None
    """Why there is no score at all."""
    asked: int
    """Poses of the reference that the estimate should have had."""
    failed: int
    """Those that it lacks: all of them, and at least one, where there is no score."""
    align: str | None
    """How the estimate was aligned, and the scale that was fitted."""
    reference_length: float | None
    """Path length of the whole reference; None where there is no score."""
    scale: float | None
    unit: str
    """Unit of lengths."""
    numbers: dict[str, float]
    """Protocol's name -> its published number over the poses that were found and the failures that have a bound."""
    unbounded: tuple[str, ...]
    """Protocols whose failures have no bound: their number here is over the rest, and their result is infinite."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One protocol over all rows."""

    unit: str
    better: Better
    paths: int
    """Rows with a number, whole failures among them; rows where the protocol is not defined are left out."""
    failed: int
    """Rows in which poses or everything failed."""
    mean: float | None
    """With every failure at its worst; None where that has no bound, so that the mean is infinite."""
    low: float | None
    high: float | None
    """The 95 % confidence interval of the mean; None with it."""
    mean_of_rest: float
    """Over the rows in which nothing failed."""
    low_of_rest: float
    high_of_rest: float


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """Many paths under the same protocols.

    Example:
        >>> table = tabulate({"a": Failure("no features")}, asked={"a": 25})
        >>> table.summary["auc_30"].mean, table.summary["ate_translation"].mean
        (0.0, None)
    """

    rows: tuple[Row, ...]
    summary: dict[str, Summary]
    """Protocol's name -> what it says over all rows."""
    failures: int
    """Rows without a score."""
    resamples: int
    """Of the bootstrap that gives the intervals."""
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """Protocol's name -> mean over all rows, infinite where a failure has no bound."""
        return {name: math.inf if found.mean is None else found.mean for name, found in self.summary.items()}

    def save(self, path: Path | str) -> None:
        """Write the table as JSON.

        Raises:
            InputError: the file cannot be written.
        """
        write_json(path, write_record(self, version=VERSION))

    @classmethod
    def load(cls, path: Path | str) -> ScoreTable:
        """Read a table that `save` wrote.

        Raises:
            InputError: the file is missing, damaged, or not a table of scores.
        """
        return read_record(cls, read_json(path), version=VERSION, where=str(path))


def tabulate(
    scores: Mapping[str, PoseScore | Failure],
    *,
    asked: Mapping[str, int] | None = None,
    protocols: tuple[str, ...] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    notes: tuple[str, ...] = (),
) -> ScoreTable:
    """The table of many scores; a failure is a row in which every protocol has its worst value.

    Args:
        scores: name -> score or why there is none.
        asked: name -> poses of the reference, for those without a score: a sum over poses fails in each of them.
        protocols: names to summarise; None takes those of the scores, or all where there is no score.
        seed: of the resampling that gives the intervals.
        resamples: how often is resampled.
        notes: what a reader of the table should know.

    Raises:
        InputError: there are no scores, or they differ in their unit of length.
    """
    if not scores:
        raise InputError("there is nothing to tabulate: no scores were given")
    found = [score for score in scores.values() if isinstance(score, PoseScore)]
    units = sorted({score.unit for score in found})
    if len(units) > 1:
        raise InputError(
            f"lengths in {' and '.join(map(repr, units))} cannot be averaged; score the paths of each unit apart"
        )
    unit = units[0] if units else "m"
    names = protocols or tuple(found[0].metrics if found else PROTOCOLS)
    rows = tuple(
        _row(name, score, names, unit, (asked or {}).get(name, 0)) for name, score in scores.items()
    )  # fmt: skip
    return ScoreTable(
        rows=rows,
        summary={name: _summary(name, rows, unit, seed, resamples) for name in names},
        failures=len(scores) - len(found),
        resamples=resamples,
        seed=seed,
        notes=notes,
    )


def _row(name: str, score: PoseScore | Failure, protocols: tuple[str, ...], unit: str, asked: int) -> Row:
    if isinstance(score, Failure):
        worst = {protocol: _worst_of_path(protocol, asked) for protocol in protocols}
        return Row(
            name=name,
            failure=str(score),
            asked=asked,
            failed=max(asked, 1),
            align=None,
            scale=None,
            reference_length=None,
            unit=unit,
            numbers={protocol: value for protocol, value in worst.items() if math.isfinite(value)},
            unbounded=tuple(protocol for protocol, value in worst.items() if not math.isfinite(value)),
        )
    metrics = {protocol: score.metrics[protocol] for protocol in protocols}
    unbounded = tuple(protocol for protocol, metric in metrics.items() if math.isinf(metric.value))
    return Row(
        name=name,
        failure=None,
        asked=score.pairs + score.failed,
        failed=score.failed,
        align=score.align,
        scale=score.scale,
        reference_length=score.reference_length,
        unit=score.unit,
        numbers={
            protocol: metric.value_of_rest if protocol in unbounded else metric.value
            for protocol, metric in metrics.items()
        },
        unbounded=unbounded,
        notes=score.notes,
    )


def _worst_of_path(name: str, asked: int) -> float:
    """What a protocol says of a path of which nothing was estimated."""
    protocol = PROTOCOLS[name]
    if protocol.per != "path" and protocol.aggregate == "sum":
        return protocol.worst * asked if asked else math.inf
    return protocol.worst


def _summary(name: str, rows: tuple[Row, ...], unit: str, seed: int, resamples: int) -> Summary:
    protocol = PROTOCOLS[name]
    unbounded = [row for row in rows if name in row.unbounded]
    numbers = _known(row.numbers[name] for row in rows if name not in row.unbounded)
    rest = _known(row.numbers[name] for row in rows if row.failed == 0 and name not in row.unbounded)
    mean = None if unbounded else _mean(numbers)
    low, high = (None, None) if unbounded else mean_interval(numbers, seed=seed, resamples=resamples)
    low_of_rest, high_of_rest = mean_interval(rest, seed=seed, resamples=resamples)
    return Summary(
        unit=unit if protocol.unit == "length" else protocol.unit,
        better=protocol.better,
        paths=len(numbers) + len(unbounded),
        failed=sum(row.failed > 0 or name in row.unbounded for row in rows),
        mean=mean,
        low=low,
        high=high,
        mean_of_rest=_mean(rest),
        low_of_rest=low_of_rest,
        high_of_rest=high_of_rest,
    )


def _known(numbers: Iterable[float]) -> Float64:
    values = np.array(list(numbers), np.float64)
    return values[~np.isnan(values)]


def _mean(values: Float64) -> float:
    return float(values.mean()) if len(values) else math.nan
