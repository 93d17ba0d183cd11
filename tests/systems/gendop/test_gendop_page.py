"""The commands and the Python of the page on GenDoP run as they stand, and its tables are whole."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from gendop_fixtures import tiny_model
from PIL import Image
from test_gendop_pipeline import write_vocabulary

from kinoeye.cli import main
from kinoeye.formats import read_path
from kinoeye.systems.gendop import Quirks
from kinoeye.systems.gendop.checkpoint import save

PAGE = (Path(__file__).parents[3] / "docs" / "systems" / "gendop.md").read_text()
BENCHMARKS = (Path(__file__).parents[3] / "benchmarks" / "RESULTS.md").read_text()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page takes as given: checkpoints, CLIP's vocabulary, a first frame, and shots to direct."""
    save(tiny_model("text"), tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "text_motion.safetensors")
    save(tiny_model("depth+image+text"), tmp_path / "models" / "text_rgbd")
    for folder in ("clip", "models/text_rgbd"):
        write_vocabulary(tmp_path / folder)
    Image.fromarray(np.zeros((36, 64, 3), np.uint8)).save(tmp_path / "first.png")
    np.save(tmp_path / "first.npy", np.ones((36, 64), np.float32))
    (tmp_path / "shots" / "mine").mkdir(parents=True)
    (tmp_path / "shots" / "mine" / "one_caption.json").write_text(json.dumps({"Movement": "The camera pans left."}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pages_commands_and_python_run_in_order(workplace: Path):
    [commands] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        assert (main(words) if program == "kinoeye" else subprocess.run([program, *words]).returncode) == 0, line
    assert len(read_path(workplace / "camera.json")) == 120
    assert (workplace / "predicted" / "mine" / "one_transforms_pred.json").is_file()
    assert {path.name for path in workplace.glob("best*")} == {"best.json", *(f"best_{i}.json" for i in (2, 3, 4))}
    [python] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    run = subprocess.run([sys.executable, "-c", python], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_every_quirk_has_its_row():
    section = PAGE.partition("## Defects of upstream")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == [field.name for field in fields(Quirks)]


def test_the_speeds_are_those_of_the_benchmark():
    section = PAGE.partition("## Generation speed")[2].partition("\n## ")[0]
    rows = [
        row for row in section.splitlines() if row.startswith(("| fp32", "| int8", "| bf16", "| best", "| the same"))
    ]
    measured = [[re.match(r"[\d.]+", cell) for cell in line.split(" | ")[1:4]] for line in BENCHMARKS.splitlines()]
    known = {tuple(found.group() for found in row) for row in measured if len(row) == 3 and all(row)}
    shown = [tuple(re.match(r"[\d.]+", cell).group() for cell in row.split(" | ")[1:4]) for row in rows]
    assert len(shown) == 10
    assert set(shown) <= known
