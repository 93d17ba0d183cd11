"""The README's commands and Python run as they stand, and what it names exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from kinoeye.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for language, body in BLOCKS if language == "bash" for line in body.splitlines() if line.strip()]


def test_the_makefile_runs_the_readmes_shoot():
    shoot = next(line for line in COMMANDS if line.startswith("kinoeye shoot"))
    assert shoot.removeprefix("kinoeye ") in (ROOT / "Makefile").read_text()


def test_make_targets_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = [line.split()[1] for line in COMMANDS if line.startswith("make ")]
    assert asked
    assert set(asked) <= set(targets)


def test_the_readmes_commands_run_in_order(tmp_path: Path):
    for line in COMMANDS:
        words = shlex.split(line)
        if words[0] == "kinoeye" and words[1] != "shoot":  # the loop has its own test at a smaller size
            run = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, cwd=tmp_path)
            assert run.returncode == 0, (line, run.stderr)


@pytest.mark.parametrize("body", [body for language, body in BLOCKS if language == "python"])
def test_the_readmes_python_runs(body: str, tmp_path: Path):
    run = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr


def test_the_commands_of_the_camera_guide_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    guide = (ROOT / "docs" / "guides" / "camera-paths.md").read_text()
    blocks = re.findall(r"```bash\n(.*?)```", guide, re.DOTALL)
    fails = ("kinoeye inspect diffsynth:Left", "kinoeye check smooth.json --rig drone")  # as the guide says
    for line in (line for block in blocks for line in block.splitlines()):
        program, *words = shlex.split(line)
        assert program == "kinoeye"
        assert main(words) == int(line in fails), line


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name
)
def test_links_between_pages_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
