"""The entry point: commands, help, errors of one line."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinoeye.cli.main import COMMANDS, command_parser, main

CLI = Path(importlib.import_module("kinoeye.cli").__file__ or "").parent
NOT_COMMANDS = {"__init__", "main", "options", "direct_model", "direct_candidates", "score_tables", "eval_tables"}


def test_the_list_of_commands_is_the_folder_and_its_docstrings():
    assert set(COMMANDS) == {path.stem for path in CLI.glob("*.py")} - NOT_COMMANDS
    for name, summary in COMMANDS.items():
        assert (importlib.import_module(f"kinoeye.cli.{name}").__doc__ or "").splitlines()[0] == summary


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_help(name: str, capsys: pytest.CaptureFixture[str]):
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"usage: kinoeye {name}" in shown
    assert "--json" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str):
    parser = command_parser(name, importlib.import_module(f"kinoeye.cli.{name}"))
    assert [action.dest for action in parser._actions if not action.help] == []


def test_help_lists_all_commands(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown and summary in shown for name, summary in COMMANDS.items())


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["shot"], "did you mean 'shoot'?"),
        (["xyzzy"], "commands: shoot, direct"),
        (["--nonsense"], "unrecognized arguments"),
        (["shoot"], "required: TEXT, -o/--out"),
        (["shoot", "push in", "-o", "x", "--size", "0x10"], "such as 512x288"),
        (["shoot", "push in", "-o", "x", "--size", "banana"], "such as 512x288"),
        (["shoot", "push in", "-o", "x", "--fps", "nan"], "not a number above 0"),
        (["shoot", "push in", "-o", "x", "--frames", "0"], "whole number from 1"),
        (["shoot", "push in", "-o", "x", "--seed", "-1"], "whole number from 0"),
        (["direct", "push in"], "nothing to do"),
        (["rerun", "nowhere"], "does not exist"),
        (["inspect", "nowhere"], "does not exist"),
        (["convert", "nowhere", "out.json"], "does not exist"),
        (["tag", "nowhere"], "does not exist"),
        (["view", "nowhere", "-o", "x.html"], "does not exist"),
        (["render", "nowhere", "-o", "x"], "does not exist"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    argv: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("given", "kept"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_threads_wait_without_spinning_unless_told_otherwise(given: dict[str, str], kept: str):
    code = (
        "import os, sys; from kinoeye.cli.main import main; sys.argv = ['kinoeye', '--version']; main(); "
        "assert 'torch' not in sys.modules; print(os.environ['OMP_WAIT_POLICY'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | given
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout.split()[-1] == kept
