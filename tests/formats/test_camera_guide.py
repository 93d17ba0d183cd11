"""The Python of the guide to camera paths runs from its first piece to its last."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from path_tables import path

from kinoeye.formats import read_path, write_path

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "camera-paths.md").read_text()
PIECES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_guides_python_runs_in_order(tmp_path: Path):
    write_path(path("push in two metres over 3 seconds, then truck right one metre"), tmp_path / "cam.json")
    script = "\n".join(PIECES)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "PathTable('diffsynth preset', 81 frames, w2c RDF, " in run.stdout
    assert read_path(tmp_path / "mended.json").fps == 16
    assert read_path(tmp_path / "path.txt").format == "wan-fun"


def test_every_part_of_the_guide_has_a_piece():
    parts = GUIDE.split("\n## ")[1:]
    assert [part.count("```python") for part in parts] == [1] * 5
