"""`kinoeye train` end to end, with a room made for these tests."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy_room

from kinoeye.base.run_record import RunRecord
from kinoeye.cli import train
from kinoeye.cli.main import main
from kinoeye.training.launch import launch
from kinoeye.training.run_folder import read_metrics


@pytest.fixture(autouse=True)
def _toy_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(train, "SYSTEMS", dict(train.SYSTEMS))
    toy_room.register()
    yield
    sys.modules.pop("kinoeye.systems.toy.recipe")


COMMAND = [sys.executable, toy_room.__file__, "train", "toy", "--device", "cpu"]


def losses(folder: Path) -> list[float]:
    return [row["losses"]["loss"] for row in read_metrics(folder / "metrics.jsonl")]


def test_a_run_its_summary_and_its_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    argv = ["train", "toy", "-o", str(tmp_path / "run"), "--steps", "5,2", "--lr", "0.02", "--noise", "0.5"]
    assert main([*argv, "--batch-size", "4", "--dtype", "fp32", "--threads", "1", "--device", "cpu", "--json"]) == 0
    shown = capsys.readouterr()
    summary = json.loads(shown.out)
    assert summary["steps"] == 7
    assert Path(summary["model"]).is_dir()
    assert shown.err == ""
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert len(rows) == 7
    assert rows[1]["lr"] == 0.02
    assert RunRecord.read(tmp_path / "run").argv[:2] == ("train", "toy")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "no output folder was given; name one with -o"),
        (["-o", "run", "--steps", "1,2,3"], "3 numbers of steps"),
        (["-o", "run", "--steps", "none"], "whole number from 1"),
        (["-o", "run", "--accumulation", "3"], "no multiple of accumulation 3"),
        (["-o", "run", "--device", "abacus"], "give auto, cpu"),
        (["-o", "run", "--preset", "huge"], "'tiny', 'seed'"),
        (["-o", "run", "--nosie", "1"], "unrecognized arguments: --nosie"),
    ],
)
def test_wrong_options_are_one_line(
    more: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "toy", *more]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_system_is_refused(capsys: pytest.CaptureFixture[str]):
    assert main(["train", "toi", "-o", "run"]) == 2
    assert "invalid choice: 'toi'" in capsys.readouterr().err


def test_the_help_of_a_system_has_its_own_options_and_not_its_hidden_ones(capsys: pytest.CaptureFixture[str]):
    assert main(["train", "toy", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "how noisy the targets are" in shown
    assert "--resume" in shown
    assert "--workspace" not in shown


def test_a_room_may_name_the_folder_by_its_own_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["train", "toy", "--workspace", str(tmp_path), "--steps", "1", "--device", "cpu"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "toy" / "model")


def test_interrupted_then_resumed_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    slow = ["--delay", "0.05", "-o"]
    process = subprocess.Popen([*COMMAND, *slow, str(tmp_path / "run")], stderr=subprocess.PIPE, text=True)
    wait_for_lines(process, tmp_path / "run", 2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.count("\n") == 1
    assert "the same command with --resume goes on from there" in said
    again = ["train", "toy", "--device", "cpu", *slow]
    assert main([*again, str(tmp_path / "run")]) == 2
    assert "holds a run; go on with --resume" in capsys.readouterr().err
    assert main([*again, str(tmp_path / "run"), "--resume", "-q"]) == 0
    assert main([*again, str(tmp_path / "other"), "-q"]) == 0
    assert losses(tmp_path / "run") == losses(tmp_path / "other")


def wait_for_lines(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    while len(read_metrics(folder / "metrics.jsonl")) < count:
        assert process.poll() is None
        time.sleep(0.01)


def test_several_processes_say_one_thing_and_stop_together(tmp_path: Path):
    folder = tmp_path / "run"
    script = "import sys; from kinoeye.training.launch import launch; raise SystemExit(launch(sys.argv[1:], 2))"
    command = [*COMMAND, "-o", str(folder), "--delay", "0.05", "--parallel", "fsdp"]
    process = subprocess.Popen([sys.executable, "-c", script, *command], stderr=subprocess.PIPE, text=True)
    wait_for_lines(process, folder, 2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.count("\n") == 1
    assert "--resume goes on" in said
    assert main([*command[2:], "--resume", "-q"]) == 0
    assert len(losses(folder)) == 10


def test_processes_run_the_same_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started = []
    monkeypatch.setattr("kinoeye.training.launch.launch", lambda command, count: started.append((command, count)) or 0)
    argv = ["train", "toy", "-o", str(tmp_path), "--processes", "3"]
    assert main(["train", "--json", *argv[1:]]) == 0
    assert started == [([sys.executable, "-m", "kinoeye", *argv, "--json"], 3)]


def test_the_guides_commands_have_options_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "training.md").read_text()
    block = re.findall(r"```bash\n(.*?)```", guide, re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        assert main([*shlex.split(line.replace("kinoeye train gendop", "train toy")), "-q"]) == 0, line
    named = re.findall(r"^\| `([^`]+)`", guide, re.MULTILINE)
    assert {path.name for path in (tmp_path / "runs" / "first").iterdir()} == {".lock", *(n.rstrip("/") for n in named)}


def test_a_process_that_fails_ends_the_others():
    script = "import os, sys, time; sys.exit(7) if os.environ['RANK'] == '1' else time.sleep(3600)"
    assert launch([sys.executable, "-c", script], 2) == 7
