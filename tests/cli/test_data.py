"""`kinoeye data`: sets are made and checked, and wrong usage is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinoeye.cli.main import main


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_a_set_is_made_checked_and_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["data", "make", "datadop", "--world-seed", "1", "--count", "1", "-o", "set", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["stages"]["worlds"] == {"given": 1, "done": 1, "failed": 0, "skipped": 0, "failures": {}}
    assert main(["data", "check", "set", "--as", "datadop"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "1 train and 0 test shots; 0 errors, 0 warnings\n")
    sums = (tmp_path / "set" / "SHA256SUMS").read_bytes()
    assert main(["rerun", "set"]) == 0
    assert (tmp_path / "set" / "SHA256SUMS").read_bytes() == sums


def test_a_folder_of_somebody_else_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.tex").write_text("")
    assert main(["data", "make", "datadop", "--world-seed", "1", "--count", "1", "-o", "set"]) == 2
    assert "was not made by Kinoeye" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "thesis.tex"]


def test_faults_are_listed_and_end_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "train_valid.txt").write_text("1_a/shot_0000\n")
    assert main(["data", "check", ".", "--as", "datadop"]) == 1
    assert "error: train/1_a/shot_0000: missing-shot: " in capsys.readouterr().out
    assert main(["data", "check", ".", "--as", "datadop", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["holds"], report["errors"], report["shots"]) == (False, 1, {"train": 1, "test": 0})
    assert report["faults"][0]["code"] == "missing-shot"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("check .", "data check FOLDER --as datadop or motion360"),
        ("check nowhere --as datadop", "nowhere is no folder"),
        ("make", "kinoeye data make datadop or motion360"),
        ("make dsr -o x", "kinoeye data make datadop or motion360"),
        ("make datadop --world-seed 1 --count 2 --size 64x64 -o x", "--size cannot be given"),
        ("make motion360 -o x", "--world-seed S --count N"),
        ("make motion360 clip.mp4 -o x", "clip.mp4 cannot be given"),
        ("make motion360 -o x --world-seed 1 --count 1 --fov-deg 50", "--fov-deg cannot be given"),
        ("make motion360 -o x --world-seed 1 --count 1 --size 97x64", "even numbers from 16"),
        ("make motion360 -o x --world-seed 1 --count 1 --size 96x64 --size 96x64", "the same size is asked for twice"),
        ("make motion360 -o x --world-seed 1 --count 0", "not a whole number from 1"),
        ("make datadop --world-seed 1 --count 2", "-o DIR"),
        ("make datadop -o x", "--world-seed S --count N, or give videos"),
        ("make datadop -o x --world-seed 1", "--world-seed S --count N, or give videos"),
        ("make datadop -o x --world-seed 1 --count 2 --whole --seed 0", "--whole and --seed cannot be given"),
        ("make datadop clip.mp4 -o x --count 2", "--count cannot be given"),
        ("make datadop clip.mp4 -o x", "clip.mp4 does not exist"),
        ("make datadop clip.mp4 -o x --shot-seconds 4", "such as 4,20"),
        ("make datadop clip.mp4 -o x --shot-seconds 9,3", "do not exist"),
        ("make datadop clip.mp4 -o x --estimator monst3r", "there is no estimator"),
        ("make datadop clip.mp4 -o x --directorial", "which only a language model can"),
        ("make datadop clip.mp4 -o x --llm", "set OPENAI_BASE_URL and OPENAI_MODEL"),
        ("make datadop clip.mp4 -o x --llm-replay", "--llm-replay cannot be given"),
        ("remake datadop", "invalid choice"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(
    argv: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["data", *argv.split()]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == []
