"""`kinoeye data`: sets are made and checked, and wrong usage is one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kinoeye.cli.data import KINDS
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


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [
        ("make motion360", ("--world-seed", "720x480"), ("--layers", "--llm", "--as", "256x256", "VIDEO", "takes:")),
        ("make takes", ("--shards", "256x256"), ("--llm", "--as", "720x480", "VIDEO", "motion360")),
        ("make datadop", ("--llm-cache", "VIDEO", "--count"), ("--size", "--layers", "--as", "takes:")),
        ("check", ("--as", "FOLDER"), ("--out", "--count", "--llm")),
        ("", ("--as", "--llm", "--shards", "make takes", "KIND [VIDEO...]"), ()),
    ],
)
def test_help_tells_of_the_kind_that_was_asked_for(
    words: str, shown: tuple[str, ...], hidden: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    assert main(["data", *words.split(), "--help"]) == 0
    told = capsys.readouterr().out
    assert [word for word in shown if word not in told] == []
    assert [word for word in hidden if word in told] == []
    assert "--json" in told


@pytest.mark.parametrize("kind", KINDS)
def test_what_help_hides_of_a_kind_is_refused_for_it(kind: str, capsys: pytest.CaptureFixture[str]):
    values = {"size": ["32x24"], "layers": ["depth"], "frames": ["2"], "shards": [], "whole": [], "llm": []}
    values |= {"llm_cache": ["kept"], "llm_replay": [], "directorial": [], "seed": ["1"], "fov_deg": ["50"]}
    values |= {"shot_seconds": ["4,20"], "estimator": ["kinoeye"]}
    for option in KINDS[kind].without:
        flag = f"--{option.replace('_', '-')}"
        given = ["data", "make", kind, "--world-seed", "1", "--count", "1", "-o", "set", flag, *values[option]]
        assert (main(given), flag in capsys.readouterr().err) == (2, True)


def test_takes_are_made_checked_and_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    given = "--world-seed 1 --count 1 --size 32x24 --frames 2 --layers depth -o set"
    assert main(["data", "make", "takes", *given.split(), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["stages"] == {"takes": {"given": 1, "done": 1, "failed": 0, "skipped": 0, "failures": {}}}
    assert main(["data", "check", "set", "--as", "takes"]) == 0
    assert capsys.readouterr().err == "1 takes; 0 errors, 0 warnings\n"
    assert main(["inspect", "set/1_000000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 2


def test_shards_without_their_library_are_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main("data make takes --world-seed 1 --count 1 --shards -o set".split()) == 2
    assert capsys.readouterr().err == 'kinoeye: pyarrow is not installed: pip install "kinoeye[data]"\n'
    assert list(tmp_path.iterdir()) == []


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
        ("make datadop --world-seed 1 --count 2 --shards -o x", "--shards cannot be given"),
        ("make motion360 --world-seed 1 --count 2 --layers rgb -o x", "--layers cannot be given"),
        ("make takes -o x --count 2", "--world-seed S --count N"),
        ("make takes clip.mp4 -o x", "clip.mp4 cannot be given"),
        ("make takes -o x --world-seed 1 --count 2 --layers rgb,smell", "cannot render the layer 'smell'"),
        ("make takes -o x --world-seed 1 --count 2 --layers ,", "cannot render the layer ''"),
        ("make takes -o x --world-seed 1 --count 2 --frames 1", "ask for 2 or more"),
        ("make takes -o x --world-seed 1 --count 2 --size 9x9 --size 8x8", "takes of a set have one size"),
        ("make takes -o x --world-seed 1 --count 2 --shards 5", "13 MB, which do not fit into a shard of 5 MB"),
        ("make takes -o x --world-seed 1 --count 2 --whole", "--whole cannot be given"),
        ("check nowhere --as takes", "nowhere is no folder"),
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
