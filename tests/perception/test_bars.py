"""The accuracy that RESULTS.md states, on the 50 worlds that it names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "camera_estimation.py"


@pytest.mark.slow
def test_static_worlds_at_256_pixels_hold_the_bars():
    command = [sys.executable, str(SCRIPT), "--count", "50", "--size", "256", "--actors", "static", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads(run.stdout)["results"]["256px static"]
    depth, alone = results["with_depth"], results["frames_alone"]
    assert depth["rotation_deg"]["median"] <= 0.3
    assert depth["translation_percent_of_displacement"]["median"] <= 4
    assert alone["rotation_deg"]["median"] <= 1.5
    assert alone["direction_deg"]["median"] <= 12
    assert alone["failures"] <= 5
