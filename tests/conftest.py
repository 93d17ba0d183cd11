"""Shared fixtures: jaxtyping's run-time checks, and real files where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# Shapes are annotated everywhere and checked only here.
install_import_hook(["kinoeye.geometry"], "beartype.beartype")

settings.register_profile(
    "kinoeye", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kinoeye")

REAL_DATA = Path(__file__).parents[1].parent / "shared" / "data" / "real"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of real files where there are none: they are deselected, and pytest says so."""
    if REAL_DATA.is_dir():
        return
    without = [item for item in items if "real_data" in getattr(item, "fixturenames", ())]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files beside the checkout."""
    return REAL_DATA
