"""Runs of these tests draw no learning curve, which would take longer than their training, unless they ask for it."""

from __future__ import annotations

import pytest


@pytest.fixture
def pictures() -> None:
    """Asks for learning curves."""


@pytest.fixture(autouse=True)
def _no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pictures" not in request.fixturenames:
        monkeypatch.setattr("kinoeye.training.fitting.draw_learning_curve", lambda rows, path: None)
