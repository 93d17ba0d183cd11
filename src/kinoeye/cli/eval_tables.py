"""Evaluations as tables on a screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from kinoeye.evaluation.gendop_metrics import EvalMetric
    from kinoeye.evaluation.harness import EvalReport
    from kinoeye.evaluation.measurement import Measurement

_WIDEST = 1000
"""Characters of a line at most; a table is as wide as its columns need."""


def print_report(report: EvalReport) -> None:
    """Print a row a metric, with what baselines score in it, and what the numbers are of."""
    from rich.console import Console

    from kinoeye.evaluation.gendop_metrics import gendop_metric

    metric_of = _metric_of_films if report.system == "amg" else gendop_metric
    console = Console(width=_WIDEST)  # a pipe has no width, and a cut table no use
    rows, others = baseline_columns(report)
    table = _table("metric", "better", "value", "95 % interval", "items", *rows, *(["chance"] if report.chance else []))
    for metric, found in report.metrics.items():
        cells = [metric_of(metric).better or "", _shown(found), _interval(found), str(found.items or "")]
        cells += [_shown(rows[row].get(metric)) + ("*" if f"{metric}_{row}" in report.stored else "") for row in rows]
        cells += [_shown(report.chance.get(metric))] if report.chance else []
        table.add_row(metric, *cells)
    console.print(table)
    if others:
        console.print("further baselines: " + ", ".join(f"{name} {_shown(found)}" for name, found in others.items()))
    if report.stored:
        console.print("* stored: scored once, on items of its own", highlight=False)
    seeds = "" if report.world_seed is None else f", world seed {report.world_seed}"
    console.print(
        f"{report.system}, {report.model} on {report.worlds} ({report.worlds_sha256[:12]}){seeds}, seed {report.seed}: "
        f"{report.count} items, {report.failures} failed and count as the worst; {report.cpu_seconds:.1f} CPU-seconds",
        highlight=False,
        markup=False,
    )
    for note in report.notes:
        console.print(f"note: {note}", highlight=False, markup=False)


def _metric_of_films(name: str) -> EvalMetric:
    from kinoeye.evaluation.amg_metrics import AMG_METRICS
    from kinoeye.evaluation.own_film_metrics import OWN_FILM_METRICS, SET_METRICS

    return {**OWN_FILM_METRICS, **SET_METRICS, **AMG_METRICS}[name]


def baseline_columns(
    report: EvalReport,
) -> tuple[dict[str, dict[str, Measurement]], dict[str, Measurement]]:
    """Row's name -> metric -> its score, and the baselines that are of no metric of the model."""
    rows: dict[str, dict[str, Measurement]] = {}
    others: dict[str, Measurement] = {}
    # The longest metric first: exact_program_hard_random is no exact_program of "hard_random".
    metrics = sorted(report.metrics, key=len, reverse=True)
    for name, found in report.baselines.items():
        metric = next((metric for metric in metrics if name.startswith(f"{metric}_")), None)
        if metric is None:
            others[name] = found
        else:
            rows.setdefault(name[len(metric) + 1 :], {})[metric] = found
    return rows, others


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=True, justify="left" if index < 2 else "right")
    return table


def _shown(found: Measurement | None) -> str:
    if found is None:
        return ""
    return "undefined" if found.value is None or math.isnan(found.value) else f"{found.value:.4g}"


def _interval(found: Measurement) -> str:
    if found.value is None:
        return "too few items"
    return "" if math.isnan(found.low) else f"{found.low:.4g} .. {found.high:.4g}"
