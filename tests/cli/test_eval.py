"""`kinoeye eval`: tables and JSON of a model and of one's own files, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinoeye.cli.main import main
from kinoeye.formats.paths import write_path
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse

RUN = ["eval", "gendop", "--model", "grammar", "--bench", "described", "--count", "3"]


def test_a_model_is_scored_as_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*RUN, "--world-seed", "7", "--baselines", "none", "--json", "-o", str(tmp_path / "out.csv")]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["system"], found["world_seed"], found["count"], found["baselines"]) == ("gendop", 7, 3, {})
    assert found["metrics"]["exact_program"] == 1
    assert shown.err == ""
    assert (tmp_path / "out.csv").read_text().startswith("group,name,value,low,high,items\n")


def test_a_model_is_scored_as_a_table_with_its_baselines(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*RUN, "-o", str(tmp_path / "out.json")]) == 0
    shown = capsys.readouterr().out
    for word in ("exact_program_hard", "too few items", "nearest", "chance", "0 failed and count as the worst"):
        assert word in shown
    assert json.loads((tmp_path / "out.json").read_text())["record"] == "EvalReport"


def test_own_folders_are_scored_and_a_missing_prediction_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("a", "b"):
        write_path(compile_plan(parse("push in")), tmp_path / "gt" / f"{name}.json", format="transforms")
    write_path(compile_plan(parse("push in")), tmp_path / "pred" / "a.txt", format="tum")
    run = ["eval", "gendop", "--pred", str(tmp_path / "pred"), "--gt", str(tmp_path / "gt")]
    assert main([*run, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["count"], found["failures"], found["world_seed"]) == (2, 1, None)
    assert found["metrics"]["tag_recall"] == pytest.approx(0.5)
    assert main(run) == 0
    assert "note: b: there is no prediction" in capsys.readouterr().out


def test_a_clatr_adds_its_scores_and_the_published_protocol_needs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("kinoeye.evaluation.clatr_encoder.shipped_clatr_encoder", lambda: None)
    for index in range(5):
        write_path(compile_plan(parse("push in")), tmp_path / f"{index}.json", format="transforms")
    clatr = Path(__file__).parents[1] / "fixtures" / "clatr" / "weights.safetensors"
    run = ["eval", "gendop", "--pred", str(tmp_path), "--gt", str(tmp_path), "--clatr", str(clatr), "--json"]
    assert main(run) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["clatr_frechet_distance"] == pytest.approx(0, abs=1e-9)
    assert metrics["clatr_coverage"] == metrics["tag_f1_reconstructed"] == 1
    assert "clatr_score" not in metrics
    assert main([*run, "--quirks", "official"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["tag_f1"] == metrics["tag_f1_reconstructed"]
    assert main([word for word in run if word not in ("--clatr", str(clatr))] + ["--quirks", "official"]) == 2
    assert "give a CLaTr" in capsys.readouterr().err
    assert main([word for word in run if word not in ("--clatr", str(clatr), "--json")]) == 0
    assert "none ships with this version: give --clatr" in capsys.readouterr().out


def test_a_filmer_is_scored_on_worlds(capsys: pytest.CaptureFixture[str]):
    run = ["eval", "amg", "--model", "paste", "--world-seed", "3", "--count", "1", "--baselines", "none", "--json"]
    assert main(run) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["system"], found["model"], found["count"], found["failures"]) == ("amg", "paste", 1, 0)
    assert found["metrics"]["camera_motion_accuracy"] == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["eval"], "required: SYSTEM"),
        (["eval", "nonsense"], "gendop"),
        (["eval", "gendop"], "nothing to score"),
        (["eval", "gendop", "--model", "nowhere"], "nowhere"),
        (["eval", "gendop", "--model", "grammar", "--bench", "nonsense"], "benches: synthetic"),
        (["eval", "gendop", "--model", "grammar", "--count", "0"], "whole number from 1"),
        (["eval", "gendop", "--model", "grammar", "--clatr", "x.ckpt"], "x.ckpt does not exist"),
        (["eval", "gendop", "--pred", "x"], "belong together"),
        (["eval", "amg"], "nothing to score"),
        (["eval", "amg", "--model", "nowhere"], "amg has no checkpoint 'nowhere'"),
        (["eval", "amg", "--model", "paste", "--bench", "hand"], "--bench cannot be given"),
        (["eval", "amg", "--pred", "x", "--gt", "y"], "no folder"),
        (["eval", "amg", "--pred", "x"], "belong together"),
        (["eval", "amg", "--pred", "x", "--gt", "y", "--quirks", "official"], "--quirks cannot be given"),
        (["eval", "gendop", "--pred", "x", "--gt", "y"], "no folder"),
        (["eval", "gendop", "--pred", "x", "--gt", "y", "--count", "3"], "--count cannot be given"),
        (["eval", "gendop", "--pred", "x", "--gt", "y", "--clatr", "z.ckpt"], "z.ckpt"),
        (["eval", "gendop", "--pred", "x", "--gt", "y", "--clip", "z"], "give --clatr"),
        (["eval", "gendop", "--pred", "x", "--gt", "y", "--text-key", "z"], "captions: Movement"),
        (["eval", "gendop", "--model", "grammar", "-o", "x.png"], ".json nor .csv"),
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
