"""`kinoeye check`: exit codes, one JSON object, limits, camera files, and --fix."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kinoeye.cli.main import main
from kinoeye.formats import read_path, write_path, write_ply
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.shot import Shot, stage

SMALL = {"size_wh": (96, 54), "num_frames": 25}


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shots")
    stage(parse("orbit left 30 degrees around the red robot"), seed=0, **SMALL).save(folder / "good.json")
    stage(parse("crane up three metres over the blue cone"), seed=1, **SMALL).save(folder / "bad.json")
    stage(parse("roll right 20 degrees"), seed=0, **SMALL).save(folder / "rolled.json")
    return folder


def run(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, dict]:
    code = main(["check", *map(str, argv), "--json"])
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    return code, json.loads(shown.out)


def test_a_shot_that_holds_exits_with_0_and_one_that_does_not_with_1(shots: Path, capsys: pytest.CaptureFixture[str]):
    code, facts = run(capsys, shots / "good.json")
    assert (code, facts["holds"]) == (0, True)
    assert facts["rigs"]["tripod"]["can"] is False
    assert facts["limits"]["clearance"] == 0.3
    code, facts = run(capsys, shots / "bad.json")
    assert (code, facts["holds"]) == (1, False)
    row = next(row for row in facts["findings"] if row["code"] == "in-frame")
    assert row["about"] == "blue cone"
    assert (row["severity"], row["holds"], row["unit"], row["limit"], row["sense"]) == (
        "error", False, "share", 0.5, "at least",
    )  # fmt: skip
    ((first, last),) = row["frames"]
    assert 0 < first < last == 24
    assert row["worst"] < 0.5
    assert "in the frame" in row["message"]


def test_warnings_and_hints_do_not_fail_a_shot(shots: Path, capsys: pytest.CaptureFixture[str]):
    code, facts = run(capsys, shots / "rolled.json")
    assert code == 0
    assert [row["severity"] for row in facts["findings"] if not row["holds"]] == ["warning"]


def test_the_page_for_people_says_the_same(shots: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["check", str(shots / "bad.json")]) == 1
    shown = capsys.readouterr().out
    assert "error    in-frame" in shown
    assert "rig      tripod                cannot" in shown
    assert "skipped  line" in shown


def test_limits_only_skip_and_rigs(shots: Path, capsys: pytest.CaptureFixture[str]):
    code, facts = run(capsys, shots / "good.json", "--limit", "clearance=9", "--only", "clearance")
    assert code == 1
    assert [row["code"] for row in facts["findings"]] == ["clearance"]
    code, facts = run(capsys, shots / "bad.json", "--skip", "in-frame,thirds")
    assert code == 0
    code, facts = run(capsys, shots / "good.json", "--rig", "tripod")
    assert code == 1
    assert {row["about"] for row in facts["findings"] if row["code"] == "rig" and not row["holds"]} == {
        "travel", "extent",
    }  # fmt: skip
    code, facts = run(capsys, shots / "good.json", "--shot-size", "close up", "--only", "size")
    assert facts["limits"]["size_min"] == 3.2
    code, facts = run(
        capsys, shots / "good.json", "--subject", "red robot", "--limit", "in-frame=1", "--only", "in-frame"
    )
    assert facts["findings"][0]["limit"] == 1.0


def test_fix_writes_a_shot_that_holds_and_compares_every_check(
    shots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    code, facts = run(capsys, shots / "bad.json", "--fix", "-o", tmp_path / "mended.json")
    assert (code, facts["holds"]) == (0, True)
    fix = facts["fix"]
    assert any(step["done"] and step["code"] == "in-frame" for step in fix["steps"])
    assert fix["turned_deg"] > 1
    rows = {(row["code"], row["about"]): row for row in fix["checks"]}
    assert rows["in-frame", "blue cone"]["change"] == "mended"
    assert rows["speed", ""]["before"]["worst"] == pytest.approx(rows["speed", ""]["after"]["worst"])
    worse = {(row["code"], row["about"]) for row in fix["checks"] if row["change"] in ("worse", "broken")}
    assert worse == {(row["code"], row["about"]) for row in fix["worsened"]}
    assert run(capsys, tmp_path / "mended.json")[0] == 0
    assert len(Shot.load(tmp_path / "mended.json").actors) == 1


def test_a_camera_file_is_checked_as_far_as_it_says_and_mended_in_its_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    eye = np.column_stack([np.linspace(0, 3, 20), np.zeros(20), np.ones(20)])
    eye[10:, 1] += 0.4  # a jump
    rows = [f"{t:.4f} {x:.6f} {y:.6f} {z:.6f} 0 0 0 1" for t, (x, y, z) in zip(np.arange(20) / 10, eye, strict=True)]
    (tmp_path / "jump.tum").write_text("\n".join(rows) + "\n")
    code, facts = run(capsys, tmp_path / "jump.tum")
    assert code == 0
    reasons = {row["code"]: row["reason"] for row in facts["skipped"]}
    assert "unit" in reasons["speed"]
    assert "vertical" in reasons["roll"]
    slow = ("--unit", "m", "--limit", "speed=3")
    code, facts = run(capsys, tmp_path / "jump.tum", *slow)
    assert code == 1
    speed = next(row for row in facts["findings"] if row["code"] == "speed")
    assert speed["frames"] == [[9, 10]]
    code, facts = run(capsys, tmp_path / "jump.tum", *slow, "--fix", "-o", tmp_path / "out.tum")
    assert code == 0
    assert read_path(tmp_path / "out.tum").intrinsics is None
    assert run(capsys, tmp_path / "out.tum", *slow)[0] == 0


def test_a_camera_file_keeps_clear_of_points_and_of_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    camera = compile_plan(parse("push in two metres"), size_wh=(96, 54))
    write_path(camera, tmp_path / "camera.json")
    wall = np.stack(np.meshgrid(np.linspace(-1, 1, 30), np.linspace(-1, 1, 30), [2.1]), -1).reshape(-1, 3)
    write_ply(tmp_path / "wall.ply", wall, np.zeros((len(wall), 3), np.uint8))
    np.save(tmp_path / "depth.npy", np.full((54, 96), 2.1, np.float32))
    for option in (("--points", tmp_path / "wall.ply"), ("--depth", tmp_path / "depth.npy")):
        code, facts = run(capsys, tmp_path / "camera.json", *option, "--only", "clearance")
        assert code == 1
        assert facts["findings"][0]["worst"] == pytest.approx(0.1, abs=0.02)
        assert facts["findings"][0]["frames"][0][1] == len(camera) - 1
        code, _ = run(capsys, tmp_path / "camera.json", *option, "--limit", "clearance=0.05", "--only", "clearance")
        assert code == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nowhere.json"], "does not exist"),
        (["SHOT", "--limit", "speed"], "NAME=VALUE"),
        (["SHOT", "--limit", "sped=1"], "did you mean 'speed'?"),
        (["SHOT", "--rig", "boat"], "tripod, dolly"),
        (["SHOT", "--only", "sped"], "there is no check"),
        (["SHOT", "--subject", "nobody"], "has no actor 'nobody'"),
        (["SHOT", "--shot-size", "huge"], "shot size"),
        (["SHOT", "--fix"], "belong together"),
        (["SHOT", "-o", "x.json"], "belong together"),
        (["SHOT", "--fps", "24"], "a shot says that itself"),
        (["SHOT", "--depth", "nowhere.npy"], "does not exist"),
        (["SHOT", "--points", "nowhere.ply"], "does not exist"),
        (["SHOT", "--depth", "SHOT"], ""),
        (["SHOT", "--depth", "a.npy", "--points", "b.ply"], "choose one"),
        (["SHOT", "--unit", "parsec"], "'parsec' is no unit"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    argv: list[str], message: str, shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["check", *(str(shots / "good.json") if word == "SHOT" else word for word in argv)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == []


def test_points_are_turned_and_scaled_with_the_path_whose_file_they_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_path(compile_plan(parse("push in two metres"), size_wh=(96, 54)), tmp_path / "cam.tum")
    points = np.random.default_rng(0).uniform(-1, 1, (500, 3)) + np.array([3.0, 0.5, 1.0])
    write_ply(tmp_path / "cloud.ply", points.astype(np.float32), np.zeros((500, 3), np.uint8))
    worst = set()
    for told in ((), ("--up", "y-down"), ("--up", "y"), ("--up", "x")):
        _, facts = run(capsys, tmp_path / "cam.tum", "--points", tmp_path / "cloud.ply", "--unit", "m", *told)
        worst.add(round(next(row["worst"] for row in facts["findings"] if row["code"] == "clearance"), 4))
    assert len(worst) == 1


def test_what_cannot_be_checked_at_all_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    np.save(tmp_path / "poses.npy", np.tile(np.eye(4), (5, 1, 1)))
    assert main(["check", str(tmp_path / "poses.npy"), "--from", "numpy:opencv-c2w"]) == 2
    assert "nothing could be checked (--unit, --fps, --up" in capsys.readouterr().err


def test_depth_of_another_shape_is_refused(shots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    np.save(tmp_path / "depth.npy", np.ones((198, 17)))
    assert main(["check", str(shots / "good.json"), "--depth", str(tmp_path / "depth.npy")]) == 2
    assert "is 17x198, another shape than the camera's 96x54" in capsys.readouterr().err


def test_only_rig_judges_all_that_a_rig_limits(shots: Path, capsys: pytest.CaptureFixture[str]):
    code, facts = run(capsys, shots / "bad.json", "--rig", "crane", "--only", "rig")
    assert not facts["rigs"]["crane"]["can"]
    assert code == 1
