"""What users do wrong, through the real program: one line, exit 2, nothing half-written, no traceback."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kinoeye.cli import main

FAST = ["--size", "96x64", "--frames", "6", "--json"]


def kinoeye(*words: str, cwd: Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kinoeye", *words], capture_output=True, text=True, cwd=cwd, **options)


def assert_one_line(run: subprocess.CompletedProcess[str], message: str) -> None:
    assert run.returncode == 2, (run.stdout, run.stderr)
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


@pytest.fixture(scope="module")
def sound_camera(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a sound native camera file holds."""
    folder = tmp_path_factory.mktemp("sound")
    run = kinoeye("direct", "push in two metres", "-o", "camera.json", cwd=folder)
    assert run.returncode == 0, run.stderr
    return (folder / "camera.json").read_text()


def leftovers(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} - {"input"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is empty"),
        ("   \n ", "the text is empty"),
        ("push in " * 13_000, "characters"),
        ("a red robot in the desert", "no camera move"),
        ("colourless green ideas sleep furiously", "no camera move"),
        ("\x00\x01\x02", "no camera move"),
    ],
)
def test_sentences_that_cannot_be_filmed(
    tmp_path: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    # A NUL byte cannot be an argument of a process, so this goes through the entry point.
    monkeypatch.chdir(tmp_path)
    code = main(["shoot", text, "-o", "film"])
    assert_one_line(subprocess.CompletedProcess(["kinoeye"], code, *capfd.readouterr()), message)
    assert leftovers(tmp_path) == set()


def damaged(data: dict, change) -> str:
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda text: text[: len(text) // 2], "truncated"),
        (lambda text: "", "empty"),
        (lambda text: damaged(json.loads(text), lambda d: d["T_world_cam"][3][0].__setitem__(0, None)), "nan"),
        (lambda text: damaged(json.loads(text), lambda d: d.update(T_world_cam=[], times_s=[])), "no poses"),
    ],
)
def test_damaged_camera_files_are_not_converted(sound_camera: str, tmp_path: Path, make, message: str):
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "camera.json").write_text(make(sound_camera))
    run = kinoeye("convert", "input/camera.json", "out.tum", cwd=tmp_path)
    assert_one_line(run, message)
    assert leftovers(tmp_path) == set()


def test_one_frame_is_filmed_and_its_missing_score_explained(tmp_path: Path):
    run = kinoeye("shoot", "push in", "-o", "film", "--frames", "1", "--size", "96x64", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    made = json.loads(run.stdout)
    assert made["frames"] == 1
    assert made["scores"] == {}
    assert made["failure"]
    assert made["failure"] in json.loads((tmp_path / "film" / "score.json").read_text())["failure"]


@pytest.mark.parametrize("command", [["shoot", "push in", *FAST], ["direct", "push in"]])
def test_a_place_that_cannot_be_written(tmp_path: Path, command: list[str]):
    (tmp_path / "input").write_text("a file where a folder is needed")
    run = kinoeye(*command, "-o", "input/film/x.json", cwd=tmp_path)
    assert_one_line(run, "cannot be written")
    if sys.platform == "linux":  # the kernel's own file system refuses new entries, also from root
        run = kinoeye(*command, "-o", "/sys/kinoeye.json", cwd=tmp_path)
        assert_one_line(run, "cannot be written")
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("limit", [500, 5_000, 50_000])
def test_a_full_disk(tmp_path: Path, limit: int):
    # A limit on the size of files makes the kernel refuse the write half-way, as a full disk does.
    run = kinoeye("shoot", "push in", "-o", "film", "--size", "96x64", "--frames", "12", cwd=tmp_path,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
                  env={**os.environ, "NUMBA_DISABLE_JIT": "0"})  # fmt: skip
    assert run.returncode == 2, (run.stdout, run.stderr)
    assert "cannot be written" in run.stderr
    assert "Traceback" not in run.stderr
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_half_way(tmp_path: Path, stop: signal.Signals):
    command = [sys.executable, "-m", "kinoeye", "shoot", "orbit left around the blue cone for 20 seconds", "-o", "film"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # A job in the background inherits an ignored interrupt; a person at a terminal does not have one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not any(tmp_path.iterdir()):  # until the temporary folder is there
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.05)
    process.send_signal(stop)
    out, err = process.communicate()
    assert process.returncode == 2
    assert err.splitlines()[-1] == "kinoeye: interrupted; nothing half-written was left behind"
    assert "Traceback" not in err
    assert out == ""
    assert leftovers(tmp_path) == set()


def test_a_folder_of_the_users_is_not_overwritten(tmp_path: Path):
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "thesis.tex").write_text("years of work")
    run = kinoeye("shoot", "push in", "-o", "input", *FAST, cwd=tmp_path)
    assert_one_line(run, "not made by Kinoeye")
    assert (tmp_path / "input" / "thesis.tex").read_text() == "years of work"
