"""Slips of the pen are told at once: before torch is loaded, which takes seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from kinoeye.cli.main import main
code = main(sys.argv[1:])
print(code, sorted({"torch", "scipy", "numba", "cv2"} & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["check", "nowhere.json"], "does not exist"),
        (["check", "notes.txt"], "notes.txt"),
        (["check", "path.tum", "--rig", "boat"], "tripod, dolly"),
        (["check", "path.tum", "--only", "sped"], "did you mean 'speed'?"),
        (["check", "path.tum", "--limit", "sped=1"], "did you mean 'speed'?"),
        (["check", "path.tum", "--depth", "nowhere.npy"], "does not exist"),
        (["check", "path.tum", "--repair", "nothing"], "nothing"),
        (["edit", "nowhere.json", "smooth:0.02", "-o", "out.json"], "does not exist"),
        (["edit", "path.tum", "smoth:0.02", "-o", "out.json"], "did you mean"),
        (["edit", "path.tum", "stitch:nowhere.tum", "-o", "out.tum"], "nowhere.tum does not exist"),
        (["edit", "notes.txt", "smooth:0.02", "-o", "out.json"], "notes.txt"),
        (["view", "nowhere", "-o", "out.html"], "does not exist"),
        (["view", "notes.txt", "-o", "out.html"], "notes.txt"),
        (["view", "recammaster:arc-lef", "-o", "out.html"], "arc-left"),
        (["stage", "A red robot walks left.", "-o", "walk.xyz"], "walk.xyz is no name for a shot"),
        (["render", "nowhere.json", "-o", "out"], "does not exist"),
        (["render", "path.tum", "-o", "out"], "path.tum"),
        (["score", "--reference", "nowhere.json", "--estimate", "path.tum"], "does not exist"),
        (["score", "--reference", "path.tum", "--estimate", "notes.txt"], "notes.txt"),
        (["score", "--reference", "path.tum", "--estimate", "path.tum", "--protocol", "ate"], "ate_translation"),
        (["score", "--reference", "path.tum", "--estimate", "path.tum", "--delta", "0.5"], "--delta-unit length"),
        (["score", "nowhere", "--shot", "nowhere.json"], "is not a take"),
        (["score", "--compare", "nowhere.json", "other.json"], "does not exist"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_anything_heavy_is_loaded(argv: list[str], says: str, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("Nothing here is a camera.\n")
    (tmp_path / "path.tum").write_text("".join(f"{i / 10} {i} 0 0 0 0 0 1\n" for i in range(5)))
    before = sorted(tmp_path.iterdir())
    run = subprocess.run([sys.executable, "-c", PROGRAM, *argv], capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout == "2 []\n", run.stdout + run.stderr
    assert says in run.stderr
    assert run.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before
