"""The picture of a run: its losses, what validation said, and the learning rate, over all phases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.files import atomic_file

_BINS = 400
"""Points of a curve; each is the mean of the steps it stands for."""


def draw_learning_curve(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw `metrics.jsonl` as a PNG: losses over steps above, validation (if there was any) and learning rate below.

    Args:
        rows: as `read_metrics` gives them.
        path: of the PNG.
    """
    from matplotlib.figure import Figure

    steps = [row for row in rows if "losses" in row]
    validations = [row for row in rows if "validation" in row]
    starts = _phase_starts(steps)
    panels = 3 if any(row["validation"] for row in validations) else 2
    figure = Figure(figsize=(8, 2.6 * panels), layout="constrained")
    axes = figure.subplots(panels, 1, sharex=True)
    for name in dict.fromkeys(name for row in steps for name in row["losses"]):
        points = [(starts[row["phase"]] + row["step"], row["losses"][name]) for row in steps if name in row["losses"]]
        _curve(axes[0], points, name)
    axes[0].set_ylabel("training")
    for name in dict.fromkeys(name for row in validations for name in row["validation"]):
        points = [
            (starts[row["phase"]] + row["step"], row["validation"][name])
            for row in validations
            if name in row["validation"]
        ]
        axes[1].plot(*zip(*points, strict=True), marker=".", label=name)
    if panels == 3:
        axes[1].set_ylabel("validation")
    _curve(axes[-1], [(starts[row["phase"]] + row["step"], row["lr"]) for row in steps], "learning rate")
    axes[-1].set_ylabel("learning rate")
    axes[-1].set_xlabel("step")
    for axis in axes[:-1]:
        axis.legend(fontsize="small")
    for axis in axes:
        axis.grid(alpha=0.3)
        for start in list(starts.values())[1:]:
            axis.axvline(start, color="grey", linewidth=0.8, linestyle=":")
    with atomic_file(path) as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})


def _phase_starts(steps: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Phase -> how many steps were done before it."""
    lengths: dict[str, int] = {}
    for row in steps:
        lengths[row["phase"]] = row["step"]
    ends = np.cumsum([0, *lengths.values()])
    return {name: int(start) for name, start in zip(lengths, ends[:-1], strict=True)}


def _curve(axis: Any, points: Sequence[tuple[int, float]], label: str) -> None:
    chunks = np.array_split(np.array(points, dtype=float), max(1, min(_BINS, len(points))))
    means = np.array([chunk.mean(axis=0) for chunk in chunks])
    axis.plot(means[:, 0], means[:, 1], linewidth=1.2, label=label)
