"""Shared fixtures: jaxtyping's run-time checks, real files where they are at hand, and tests that run on request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def khronos_issues() -> Callable[[Path], dict[str, Any]]:
    """What the Khronos validator finds in a glTF file, where it is installed."""
    node, package = shutil.which("node"), "require('gltf-validator')"
    if not (node and subprocess.run([node, "-e", package], capture_output=True).returncode == 0):
        pytest.skip("needs node and the npm package gltf-validator (NODE_PATH says where)")
    script = (
        f"{package}.validateBytes(new Uint8Array(require('fs').readFileSync(process.argv[1])))"
        ".then(report => console.log(JSON.stringify(report.issues)));"
    )

    def issues(file: Path) -> dict[str, Any]:
        run = subprocess.run([str(node), "-e", script, str(file)], capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    return issues
