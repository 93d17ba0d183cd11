"""Shared fixtures: jaxtyping's run-time checks, real files where they are at hand, and tests that run on request."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# Shapes are annotated everywhere and checked only here.
install_import_hook(["kinoeye.geometry"], "beartype.beartype")

settings.register_profile(
    "kinoeye", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fuzz", parent=settings.get_profile("kinoeye"), max_examples=3000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "kinoeye"))

REAL_DATA = Path(__file__).parents[1].parent / "shared" / "data" / "real"


OPTIONAL_MARKERS = ("browser", "slow")
"""Tests with these run only when the option of the same name is given."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--browser` and `--slow`."""
    for marker in OPTIONAL_MARKERS:
        parser.addoption(f"--{marker}", action="store_true", help=f"run tests marked {marker} too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, and tests of real files where there are none; pytest counts the deselected."""
    unwanted = [marker for marker in OPTIONAL_MARKERS if not config.getoption(f"--{marker}")]
    without = [
        item
        for item in items
        if any(item.get_closest_marker(marker) for marker in unwanted)
        or ("real_data" in getattr(item, "fixturenames", ()) and not REAL_DATA.is_dir())
    ]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files beside the checkout."""
    return REAL_DATA
