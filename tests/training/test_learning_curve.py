"""Pictures of runs: readable however many phases and numbers they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kinoeye.training.learning_curve import draw_learning_curve


def rows(phases: int, validated: int, once: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for phase in range(phases):
        for step in range(1, 41):
            losses = {"loss": 1 / step, f"part_{phase}": 1e-12}
            found.append({"phase": f"phase {phase}", "step": step, "losses": losses, "lr": 1e-3})
        told = {f"number_{index}": float(index) for index in range(validated)}
        if phase == 0:
            told |= {f"ablation_{index}": 1.0 for index in range(once)}
        found.append({"phase": f"phase {phase}", "step": 40, "validation": told})
    return found


def size_of(path: Path, data: list[dict[str, Any]]) -> tuple[int, int]:
    draw_learning_curve(data, path)
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("L")).std() > 5  # something is drawn
        return picture.size


def test_numbers_that_were_given_once_take_no_room_and_others_a_panel_each(tmp_path: Path):
    plain = size_of(tmp_path / "plain.png", rows(3, 0, 0))
    assert size_of(tmp_path / "once.png", rows(3, 0, 40)) == plain
    three, six, seven = (size_of(tmp_path / f"{count}.png", rows(3, count, 40)) for count in (3, 6, 7))
    assert plain[0] == three[0] == six[0] == seven[0]
    heights = np.diff([plain[1], three[1], six[1], seven[1]])
    assert heights.min() == heights.max() == plain[1] / 2


def test_each_phase_has_a_column(tmp_path: Path):
    two, three = (size_of(tmp_path / f"{phases}.png", rows(phases, 0, 0)) for phases in (2, 3))
    assert three[0] == 1.5 * two[0]
    assert size_of(tmp_path / "one.png", rows(1, 0, 0)) == two


def test_losses_below_zero_are_drawn_too(tmp_path: Path):
    data = rows(1, 1, 0)
    for row in data:
        row.update({"losses": {"loss": -1.0}} if "losses" in row else {})
    assert size_of(tmp_path / "curve.png", data)
