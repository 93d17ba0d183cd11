"""`kinoeye inspect` of a camera file loads neither PyTorch nor SciPy, which take longer than reading it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mutations import samples

from kinoeye.formats.paths import READERS

HEAVY = ("torch", "scipy", "pandas", "matplotlib", "trimesh", "pycolmap")
SAMPLES = [f"{number}-{name}" for number, (name, _) in enumerate(samples())]
INSPECT = f"""
import contextlib, io, json, sys
from kinoeye.cli.main import main

loaded = {{}}
for file in sys.argv[1:]:
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = main(["inspect", file])
    loaded[file] = status, sorted(set({HEAVY!r}) & (set(sys.modules) - before))
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, list[str]]]:
    """What a fresh process loads for each sample: exit status, and the heavy libraries that it is the first to need."""
    folder, places = tmp_path_factory.mktemp("samples"), {}
    for name, (_, files) in zip(SAMPLES, samples(), strict=True):
        for key, data in files.items():
            (folder / name / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / key).write_bytes(data)
        places[str(folder / name / Path(next(iter(files))).parts[0])] = name
    run = subprocess.run([sys.executable, "-c", INSPECT, *places], capture_output=True, text=True, check=True)
    return {places[file]: found for file, found in json.loads(run.stdout).items()}


def test_every_format_that_can_be_read_has_a_sample():
    assert {name for name, _ in samples()} == set(READERS)


@pytest.mark.parametrize("name", SAMPLES)
def test_inspecting_loads_no_heavy_library(name: str, inspected: dict[str, tuple[int, list[str]]]):
    status, heavy = inspected[name]
    assert heavy == []
    assert status in ((2,) if name == "2-numpy" else (0, 1))  # an array alone does not say its convention
