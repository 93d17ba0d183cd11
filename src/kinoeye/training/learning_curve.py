"""The picture of a run: losses and learning rate of each phase, and what validation said over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.files import atomic_file

_BINS = 400
"""Points of a curve; each is the mean of the steps it stands for."""
_DECADES = 4
"""Of losses that are shown below the largest."""
_COLUMNS, _PANEL_WH = 3, (3.3, 2.4)
"""Least columns of a picture with validation, and a panel's width and height in inches."""


def draw_learning_curve(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw `metrics.jsonl` as a PNG: a column a phase of losses and learning rate over its steps, then a panel for each
    number that validation gave more than once, over the steps of all phases.

    Args:
        rows: as `read_metrics` gives them.
        path: of the PNG.
    """
    from matplotlib.figure import Figure

    steps = [row for row in rows if "losses" in row]
    starts, told = _phase_starts(steps), _validated(rows)
    columns = max(len(starts), min(_COLUMNS, len(told)), 1)
    lines = 2 + math.ceil(len(told) / columns)
    width, height = _PANEL_WH
    figure = Figure(figsize=(max(2, columns) * width, lines * height), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False)
    for panel in panels.flat:
        panel.set_visible(False)
    for column, phase in enumerate(starts):
        _draw_phase(panels[0, column], panels[1, column], phase, [row for row in steps if row["phase"] == phase])
    for panel, (name, points) in zip(panels[2:].flat, told.items(), strict=False):
        panel.plot([starts[phase] + step for phase, step, _ in points], [value for *_, value in points], marker=".")
        for start in list(starts.values())[1:]:
            panel.axvline(start, color="grey", linewidth=0.8, linestyle=":")
        _label(panel, name, "step of all")
    with atomic_file(path) as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})


def _validated(rows: Sequence[dict[str, Any]]) -> Mapping[str, list[tuple[str, int, float]]]:
    """Name -> phase, step and value of each time, where there are several."""
    told: dict[str, list[tuple[str, int, float]]] = {}
    for row in rows:
        for name, value in row.get("validation", {}).items():
            told.setdefault(name, []).append((row["phase"], row["step"], value))
    return {name: points for name, points in told.items() if len(points) > 1}


def _draw_phase(losses: Any, rate: Any, phase: str, steps: Sequence[dict[str, Any]]) -> None:
    for name in dict.fromkeys(name for row in steps for name in row["losses"]):
        _curve(losses, [(row["step"], row["losses"][name]) for row in steps if name in row["losses"]], name)
    largest = max((value for row in steps for value in row["losses"].values() if math.isfinite(value)), default=0.0)
    if largest > 0:
        losses.set_yscale("log")
        losses.set_ylim(bottom=max(losses.get_ylim()[0], largest / 10**_DECADES))
    losses.legend(fontsize="x-small")
    _label(losses, f"{phase}: losses", "step")
    _curve(rate, [(row["step"], row["lr"]) for row in steps], "learning rate")
    _label(rate, f"{phase}: learning rate", "step")


def _label(panel: Any, title: str, along: str) -> None:
    panel.set_visible(True)
    panel.set_title(title, fontsize="small")
    panel.set_xlabel(along, fontsize="small")
    panel.tick_params(labelsize="small")
    panel.grid(alpha=0.3)


def _phase_starts(steps: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Phase -> how many steps were done before it."""
    lengths: dict[str, int] = {}
    for row in steps:
        lengths[row["phase"]] = row["step"]
    ends = np.cumsum([0, *lengths.values()])
    return {name: int(start) for name, start in zip(lengths, ends[:-1], strict=True)}


def _curve(panel: Any, points: Sequence[tuple[int, float]], label: str) -> None:
    chunks = np.array_split(np.array(points, dtype=float), max(1, min(_BINS, len(points))))
    means = np.array([chunk.mean(axis=0) for chunk in chunks])
    panel.plot(means[:, 0], means[:, 1], linewidth=1.0, label=label)
