"""The commands of the guide run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from kinoeye.cli.main import main

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "data.md"


def test_the_commands_of_the_guide_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    lines = [
        line for block in re.findall(r"```bash\n(.*?)```", GUIDE.read_text(), re.DOTALL) for line in block.splitlines()
    ]
    assert len(lines) == 6
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0, line
