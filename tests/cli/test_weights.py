"""`kinoeye weights`: every verb and every error, as a user meets them."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from kinoeye.base.run_record import RunRecord
from kinoeye.cli import main
from kinoeye.weights import WeightsIndex, resolve

FIXTURES = Path(__file__).parents[1] / "fixtures"
CLATR = FIXTURES / "clatr" / "weights.safetensors"


def printed(capsys: pytest.CaptureFixture[str], argv: list[str], code: int = 0) -> Any:
    assert main(["weights", *argv, "--json"]) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], argv: list[str]) -> str:
    """The one line that a wrong command line gives."""
    assert main(["weights", *argv]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    WeightsIndex().write(folder)
    monkeypatch.setattr("kinoeye.weights.index.ROOT", folder)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run as `kinoeye train` leaves it."""
    folder = tmp_path / "run"
    (folder / "model").mkdir(parents=True)
    save_file({"weight": torch.arange(6.0).view(2, 3)}, folder / "model" / "model.safetensors")
    (folder / "model" / "config.json").write_text("{}")
    RunRecord(argv=("train", "gendop", "--seed", "1"), seeds={"seed": 1}).write(folder)
    phases = {"all": {"steps": 2, "batch_size": 4}}
    (folder / "training.json").write_text(
        json.dumps({"recipe": "kinoeye.Recipe", "settings": {}, "seed": 1, "phases": phases})
    )
    rows: list[dict[str, Any]] = [
        {"phase": "all", "step": step, "losses": {"loss": 1.0 / step}, "lr": 1e-3, "items_per_s": 2.0, "cpu_s": step}
        for step in (1, 2)
    ]
    rows.append({"phase": "all", "step": 2, "validation": {"error": 0.25}})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands for `kinoeye eval`, whose own tests score models; gives the command lines that it got."""
    asked: list[list[str]] = []

    def score(argv: list[str]) -> dict[str, Any]:
        asked.append(argv)
        resolve(argv[argv.index("--model") + 1], system=argv[0])
        return {"metrics": {"exact_program": 0.5, "exact_program_hard": None}, "worlds_sha256": "these"}

    monkeypatch.setattr("kinoeye.cli.weights.evaluated", score)
    return asked


def test_what_ships_is_listed(capsys: pytest.CaptureFixture[str]):
    listed = printed(capsys, ["list"])
    shipped = WeightsIndex.read()
    assert [(row["system"], row["name"]) for row in listed["entries"]] == [
        (entry.system, entry.name) for entry in shipped.entries
    ]
    assert set(listed) == {"entries", "stored", "budget_bytes", "used_bytes"}
    assert main(["weights", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{entry.system} {entry.name}" in shown for entry in shipped.entries)


def test_a_run_is_added_scored_and_listed(
    root: Path, run: Path, scored: list[list[str]], capsys: pytest.CaptureFixture[str]
):
    added = printed(capsys, ["add", str(run), "--name", "tiny", "--count", "32", "--world-seed", "5"])
    assert added["metrics"] == {"exact_program": 0.5, "exact_program_hard": None}
    assert added["evaluation"] == "eval gendop --model tiny --world-seed 5 --count 32 --baselines none".split()
    assert added["hours"] == pytest.approx(2 * 4 / 2.0 / 3600, abs=1e-3)
    assert scored[0][0] == "gendop"
    assert resolve("tiny", system="gendop", root=root).sha256 == added["sha256"]
    listed = printed(capsys, ["list"])
    assert listed["used_bytes"] == {"gendop": added["bytes"]}
    assert listed["entries"][0]["learning_curve"] == [{"step": 2, "cpu_seconds": 2.0, "metrics": {"error": 0.25}}]
    assert main(["weights", "list"]) == 0
    shown = capsys.readouterr().out
    assert "gendop tiny" in shown
    assert "kinoeye train gendop --seed 1" in shown
    assert "exact_program 0.5, exact_program_hard not defined" in shown


def test_a_baseline_is_stored_and_listed(
    root: Path, run: Path, scored: list[list[str]], capsys: pytest.CaptureFixture[str]
):
    row = printed(capsys, ["add", str(run), "--name", "official_architecture", "--stored"])
    assert row["name"] == "official_architecture"
    assert row["evaluation"][:4] == ["eval", "gendop", "--model", "run/model"]  # no folder of this machine
    assert WeightsIndex.read(root).stored_rows("gendop")[0].sha256 == row["sha256"]
    assert main(["weights", "list"]) == 0
    assert "gendop official_architecture  stored scores, no weights  exact_program 0.5" in capsys.readouterr().out


def test_a_shared_part_is_scored_by_its_validation(root: Path, run: Path, capsys: pytest.CaptureFixture[str]):
    record = RunRecord.read(run)
    replace(record, argv=("train", "clatr", *record.argv[2:])).write(run)
    added = printed(capsys, ["add", str(run), "--name", "clatr"])
    assert added["metrics"] == {"error": 0.25}
    assert resolve("clatr", system="shared", root=root).path == root / "shared" / "clatr"


def test_what_reads_frames_for_directors_stands_beside_them(
    root: Path, run: Path, scored: list[list[str]], capsys: pytest.CaptureFixture[str]
):
    record = RunRecord.read(run)
    replace(record, argv=("train", "frames", *record.argv[2:])).write(run)
    added = printed(capsys, ["add", str(run), "--name", "frames"])
    assert added["metrics"] == {"error": 0.25}
    assert scored == [], "no evaluation scores it alone"
    assert resolve("frames", system="gendop", root=root).path == root / "gendop" / "frames"


def test_adding_over_budget_or_an_unfinished_run_is_refused(
    root: Path, run: Path, scored: list[list[str]], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.setattr("kinoeye.weights.index.BUDGET_BYTES", 10)
    assert "gendop would take" in refused(capsys, ["add", str(run), "--name", "tiny", "-q"])
    shutil.rmtree(run / "model")
    assert "has not finished" in refused(capsys, ["add", str(run), "--name", "tiny", "-q"])
    assert "does not exist" in refused(capsys, ["add", str(root), "--name", "tiny", "-q"])
    assert {path.name for path in root.rglob("*") if path.is_file()} == {"weights.json"}


def test_a_checkpoint_is_recognised(capsys: pytest.CaptureFixture[str]):
    facts = printed(capsys, ["check", str(CLATR), "--plan", "--dtype", "bf16"])
    assert (facts["system"], facts["missing"], facts["problem"]) == ("clatr", [], None)
    assert facts["plan"]["resident"] == 2 * facts["parameters"]
    assert facts["plan"]["peak"]["none"] >= facts["plan"]["peak"]["model"]
    assert main(["weights", "check", str(CLATR), "--plan"]) == 0
    shown = capsys.readouterr().out
    assert "CLaTr of E.T. and GenDoP" in shown
    assert "memory in fp32" in shown


def test_an_incomplete_checkpoint_exits_with_1(capsys: pytest.CaptureFixture[str]):
    decoder = str(FIXTURES / "gendop" / "weights.safetensors")
    assert printed(capsys, ["check", decoder], code=1)["missing"] == ["text_encoder.*"]
    assert main(["weights", "check", decoder, "--plan"]) == 1
    shown = capsys.readouterr().out
    assert "missing  text_encoder.*" in shown
    assert "does not load" in shown
    assert "estimate" in shown


def test_wrong_checkpoints_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "a checkpoint of gendop is needed" in refused(capsys, ["check", str(CLATR), "--as", "gendop"])
    assert "does not exist" in refused(capsys, ["check", str(tmp_path / "nowhere.safetensors")])
    (tmp_path / "cut.safetensors").write_bytes(CLATR.read_bytes()[:-5])
    assert "copy it again" in refused(capsys, ["check", str(tmp_path / "cut.safetensors")])
    (tmp_path / "words.ckpt").write_text("no checkpoint at all")
    assert "cannot be read as weights alone" in refused(capsys, ["check", str(tmp_path / "words.ckpt")])
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as archive:
        archive.writestr("a", "b")
    assert "cannot be read" in refused(capsys, ["check", str(tmp_path / "other.pt")])
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    assert "no model that is known here" in refused(capsys, ["check", str(tmp_path / "other.safetensors")])


def test_parity_prints_the_largest_differences(capsys: pytest.CaptureFixture[str]):
    found = printed(capsys, ["parity", "gendop", str(FIXTURES / "director")])
    assert set(found) == {"system", "fixture", "outputs"}
    assert (found["system"], found["fixture"]) == ("gendop", str(FIXTURES / "director"))
    assert max(found["outputs"].values()) < 1e-4
    assert main(["weights", "parity", "clatr", str(FIXTURES / "clatr")]) == 0
    assert "traj_mu" in capsys.readouterr().out
    assert "no fixtures of 'dsr'" in refused(capsys, ["parity", "dsr", str(FIXTURES / "clatr")])
    assert "a fixture of amg is needed" in refused(capsys, ["parity", "amg", str(FIXTURES / "clatr")])
    assert "a fixture of director is needed" in refused(capsys, ["parity", "director", str(FIXTURES / "clatr")])


def test_outputs_that_are_no_numbers_are_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = shutil.copytree(FIXTURES / "clatr", tmp_path / "clatr")
    weights = load_file(folder / "weights.safetensors")
    weights["traj_encoder.projection.bias"] *= float("nan")
    save_file(weights, folder / "weights.safetensors")
    assert printed(capsys, ["parity", "clatr", str(folder)])["outputs"]["traj_mu"] is None


def test_an_official_checkpoint_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "models" / "clatr"
    told = printed(capsys, ["import", str(CLATR), "--as", "clatr", "-o", str(out)])
    assert told["tensors"] == len(load_file(CLATR))
    assert told["sha256"] == resolve(out, system="clatr").sha256
    assert main(["weights", "check", str(out), "--as", "clatr"]) == 0
    capsys.readouterr()
    elsewhere = tmp_path / "elsewhere"
    assert "a checkpoint of director is needed" in refused(
        capsys, ["import", str(CLATR), "--as", "director", "-o", str(elsewhere)]
    )
    assert not elsewhere.exists()


def test_wrong_usage_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert "VERB" in refused(capsys, [])
    assert "invalid choice: 'lst'" in refused(capsys, ["lst"])
    assert "--as, -o/--out" in refused(capsys, ["import", "x.ckpt"])
