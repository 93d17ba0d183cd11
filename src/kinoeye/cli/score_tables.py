"""Scores as tables on a screen and as JSON objects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kinoeye.base.records import to_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kinoeye.evaluation import PoseScore, ScoreTable
    from kinoeye.evaluation.score_table import Summary

SHOWN = ("rmse", "mean", "median", "max")
IN_ROWS = ("ate_translation", "rpe_translation", "rotation_deg", "auc_30", "cami2v_roterr", "cami2v_transerr_relative")
"""Protocols that the rows of many paths show where none were chosen; all are in the file and in the means."""
COLUMNS = 6
"""Protocols side by side in the rows of many paths; more go into another table."""


def score_json(score: PoseScore | ScoreTable) -> dict[str, Any]:
    """A table as it is saved; a score without the errors of single poses. What failures make infinite is null."""
    from kinoeye.evaluation import ScoreTable

    data = to_json(score)
    if isinstance(score, ScoreTable):
        return data
    del data["times_s"]
    for name, metric in score.metrics.items():
        fields = data["metrics"][name]
        del fields["values"]
        data["metrics"][name] = {**fields.pop("statistics"), **fields, "value": finite(metric.value)}
    return data


def comparison_json(names: list[str], values: dict[str, dict[str, float]], notes: tuple[str, ...]) -> dict[str, Any]:
    """Values of several scores, their differences from the first, and what else differs."""
    protocols = {
        protocol: {
            "values": {name: finite(value) for name, value in row.items()},
            "difference": {name: finite(row[name] - row[names[0]]) for name in names[1:]},
        }
        for protocol, row in values.items()
    }
    return {"compared": names, "protocols": protocols, "notes": list(notes)}


def finite(value: float) -> float | None:
    """The number, or null where it is infinite or unknown."""
    return value if math.isfinite(value) else None


def print_score(score: PoseScore | ScoreTable) -> None:
    """Print a score, or a table of them."""
    from kinoeye.evaluation import ScoreTable

    if isinstance(score, ScoreTable):
        _print_table(score)
    else:
        _print_one(score)


def print_comparison(names: list[str], values: dict[str, dict[str, float]], notes: tuple[str, ...]) -> None:
    """Print scores side by side with their differences from the first."""
    table = _table("protocol", *names, *(f"{name} - {names[0]}" for name in names[1:]))
    for protocol, row in values.items():
        differences = (_difference(row[name], row[names[0]]) for name in names[1:])
        table.add_row(protocol, *(_shown(row[name]) for name in names), *differences)
    console = _console()
    console.print(table)
    _print_notes(console, notes)


def _print_one(score: PoseScore) -> None:
    """Print every protocol's published number, and statistics over the poses that were found."""
    table = _table("protocol", "unit", "published number", *SHOWN)
    for name, metric in score.metrics.items():
        shown = (getattr(metric.statistics, statistic) for statistic in SHOWN) if metric.aggregate else ()
        number = f"{_shown(metric.value)} {metric.aggregate or 'value'}"
        table.add_row(name, metric.unit, number, *map(_shown, shown))
    console = _console()
    console.print(table)
    length = f"{score.reference_path_length:.6g} {score.unit}"
    failed = f" ({score.failed} more failed)" if score.failed else ""
    console.print(
        f"{score.pairs} pairs by {score.by}{failed}, alignment {score.align}, scale {score.scale:.6g}, path {length}",
        highlight=False,
    )
    _print_notes(console, score.notes)


def _print_table(scores: ScoreTable) -> None:
    """Print a row for every path, and every protocol's mean with its confidence interval."""
    from kinoeye.evaluation import PROTOCOLS

    console = _console()
    shown = list(IN_ROWS if len(scores.summary) == len(PROTOCOLS) else scores.summary)
    for start in range(0, len(shown), COLUMNS):
        columns = shown[start : start + COLUMNS]
        rows = _table("path", "poses", "failed", *columns)
        for row in scores.rows:
            numbers = (_shown(math.inf if name in row.unbounded else row.numbers[name]) for name in columns)
            rows.add_row(row.name, str(row.asked), str(row.failed), *numbers)
        console.print(rows)
    means = _table("protocol", "unit", "better", "mean", "95 % interval", "paths", "failed", "mean of the rest")
    for name, found in scores.summary.items():
        mean = math.inf if found.mean is None else found.mean
        rest = _shown(found.mean_of_rest, undefined="all failed") if found.failed else ""
        paths = str(found.paths), str(found.failed or "")
        means.add_row(name, found.unit, found.better, _shown(mean), _interval(found), *paths, rest)
    console.print(means)
    console.print(
        f"{len(scores.rows)} paths, {scores.failures} without a score; failures count as the worst value; intervals by "
        f"{scores.resamples} bootstrap resamples, seed {scores.seed}",
        highlight=False,
    )
    _print_notes(console, scores.notes)
    _print_notes(console, [f"{row.name}: {row.failure}" for row in scores.rows if row.failure])


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        table.add_column(
            column, no_wrap=True, justify="left" if index == 0 or column in ("unit", "better") else "right"
        )
    return table


def _console() -> Console:
    from rich.console import Console

    return Console(width=max(140, Console().width))  # a pipe has no width, and a cut table no use


def _print_notes(console: Console, notes: tuple[str, ...] | list[str]) -> None:
    for note in notes:
        console.print(f"note: {note}", highlight=False, markup=False)


def _interval(found: Summary) -> str:
    if found.low is None or found.high is None:
        return ""
    if found.paths < 2:
        return "needs 2 paths"
    return f"{_shown(found.low)} .. {_shown(found.high)}"


def _shown(value: float, *, undefined: str = "undefined") -> str:
    if math.isnan(value):
        return undefined
    return "failed" if math.isinf(value) else f"{value:.6g}"


def _difference(value: float, first: float) -> str:
    change = value - first
    return f"{change:+.6g}" if math.isfinite(change) else "undefined"
