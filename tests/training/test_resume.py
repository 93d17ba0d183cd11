"""A run that was killed and gone on with is, bit for bit, the run that was never killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from toy import ToyRecipe, phase

from kinoeye.training import fit
from kinoeye.training.run_folder import read_metrics

PHASES = (
    phase("all", steps=11, accumulation=2, ema_decay=0.8, checkpoint_every=3, validate_every=4),
    phase("last", steps=9, clip_norm=None, schedule="linear", decay_vectors=True, checkpoint_every=4),
)
RECIPE = ToyRecipe(phases=PHASES, trained="last", delay_s=0.004)
"""Two phases, the second of which trains one layer; slow enough to be killed in the middle of a step."""


def score(model: Any, phase: Any, steps: int) -> dict[str, float]:
    return {"weight": float(model.last.weight.sum()), "training": float(model.training)}


def told(folder: Path) -> list[dict[str, Any]]:
    """What is equal in equal runs."""
    timed = ("items_per_s", "cpu_s")
    return [
        {name: value for name, value in row.items() if name not in timed}
        for row in read_metrics(folder / "metrics.jsonl")
    ]


def same_run(folder: Path, other: Path) -> bool:
    weights = [load_file(place / "model" / "model.safetensors") for place in (folder, other)]
    return told(folder) == told(other) and all(weights[0][name].equal(weights[1][name]) for name in weights[0])


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    fit(RECIPE, folder, seed=3, device="cpu", validate=score)
    return folder


def child(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, str(folder)], cwd=Path(__file__).parent, stderr=subprocess.PIPE)


def lines(folder: Path) -> int:
    log = folder / "metrics.jsonl"
    return log.read_text().count("\n") if log.exists() else 0


def wait_for_lines(process: subprocess.Popen[bytes], folder: Path, count: int) -> None:
    while lines(folder) < count and process.poll() is None:
        time.sleep(0.002)


def test_killed_at_random_moments_and_resumed_it_ends_in_the_same_bits(unbroken: Path, tmp_path: Path):
    draw = random.Random(5)
    killed = 0
    for until in (2, 8, 19):
        process = child(tmp_path)
        wait_for_lines(process, tmp_path, until)
        time.sleep(draw.random() * 0.008)  # anywhere in a step: between accumulated batches, in a checkpoint
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    assert killed == 3
    fit(RECIPE, tmp_path, seed=3, device="cpu", validate=score)
    assert same_run(tmp_path, unbroken)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["01-000000008", "01-000000009"]


if __name__ == "__main__":
    fit(RECIPE, sys.argv[1], seed=3, device="cpu", validate=score)
