"""Scores as tables on a screen and as JSON objects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kinoeye.base.records import to_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kinoeye.evaluation import PoseScore, ScoreTable

SHOWN = ("rmse", "mean", "median", "max")
IN_ROWS = ("ate_translation", "rpe_translation", "rotation_deg", "auc_30", "cami2v_roterr", "cami2v_transerr_relative")
"""Protocols that the rows of many paths show; all are in the file and in the means."""


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


def comparison_json(names: list[str], values: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Values of several scores and their differences from the first."""
    protocols = {
        protocol: {
            "values": {name: finite(value) for name, value in row.items()},
            "difference": {name: finite(row[name] - row[names[0]]) for name in names[1:]},
        }
        for protocol, row in values.items()
    }
    return {"compared": names, "protocols": protocols}


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


def print_comparison(names: list[str], values: dict[str, dict[str, float]]) -> None:
    """Print scores side by side with their differences from the first."""
    table = _table("protocol", *names, *(f"{name} - {names[0]}" for name in names[1:]))
    for protocol, row in values.items():
        differences = (f"{row[name] - row[names[0]]:+.6g}" for name in names[1:])
        table.add_row(protocol, *(_shown(row[name]) for name in names), *differences)
    _console().print(table)


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
    shown = [name for name in IN_ROWS if name in scores.summary] or list(scores.summary)[:6]
    rows = _table("path", "poses", "failed", *shown)
    for row in scores.rows:
        numbers = (_shown(math.inf if name in row.unbounded else row.numbers[name]) for name in shown)
        rows.add_row(row.name, str(row.asked), str(row.failed), *numbers)
    means = _table("protocol", "unit", "better", "mean", "95 % interval", "paths", "failed", "mean of the rest")
    for name, found in scores.summary.items():
        mean = math.inf if found.mean is None else found.mean
        interval = "" if found.low is None or found.high is None else f"{_shown(found.low)} .. {_shown(found.high)}"
        rest = _shown(found.mean_of_rest) if found.failed else ""
        means.add_row(
            name, found.unit, found.better, _shown(mean), interval, str(found.paths), str(found.failed or ""), rest
        )
    console = _console()
    console.print(rows)
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


def _shown(value: float) -> str:
    return "failed" if math.isinf(value) else f"{value:.6g}"
