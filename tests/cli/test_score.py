"""`kinoeye score`: files against files, a take against its shot, and one line for what cannot be scored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.cli import main
from kinoeye.evaluation import PROTOCOLS, PoseScore
from kinoeye.evaluation.error_statistics import STATISTICS
from kinoeye.formats.paths import write_path
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory
from kinoeye.render import render
from kinoeye.render.worlds import world


def camera(*, turn: float = 0.0, scale: float = 1.0, count: int = 20) -> Trajectory:
    """A metric path; `turn` radians about z are added to every pose but the first."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    extra = torch.full((count,), turn, dtype=torch.float64)
    extra[0] = 0
    rotation = SO3.exp(torch.stack([0 * s, 0.5 * s, extra], dim=-1))
    origin = scale * torch.stack([s, 0.3 * s * s, 0.1 * s], dim=-1)
    return Trajectory(Track(SE3.from_parts(rotation, origin), s), Intrinsics.from_fov(1.0, (64, 64)))


def files(folder: Path, **change: float) -> list[str]:
    """Command-line options for a reference and a changed estimate."""
    write_path(camera(), folder / "a.json")
    write_path(camera(**change), folder / "b.json")
    return ["--reference", str(folder / "a.json"), "--estimate", str(folder / "b.json")]


def score_json(capsys: pytest.CaptureFixture[str], *argv: str) -> dict:
    assert main(["score", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_two_files_are_scored_under_every_protocol(tmp_path, capsys):
    data = score_json(capsys, *files(tmp_path, turn=np.deg2rad(2)))
    assert set(data["metrics"]) == set(PROTOCOLS)
    assert data["metrics"]["final_rotation_deg"]["mean"] == pytest.approx(2, abs=0.05)
    assert data["metrics"]["ate_translation"]["max"] == pytest.approx(0, abs=1e-9)
    assert data["metrics"]["ate_translation"]["unit"] == data["unit"]
    shape = {"unit", "better", "aggregate", "worst", "failed", "value", *STATISTICS}
    assert all(set(metric) == shape for metric in data["metrics"].values())


def test_alignment_changes_the_score(tmp_path, capsys):
    argv = files(tmp_path, scale=0.5)
    left = score_json(capsys, *argv, "--align", "none")
    fitted = score_json(capsys, *argv, "--align", "scale")
    assert fitted["scale"] == pytest.approx(2)
    assert fitted["metrics"]["ate_translation"]["rmse"] < 1e-9 < left["metrics"]["ate_translation"]["rmse"]


def test_the_table_names_protocols_and_units_and_the_file_keeps_every_pose(tmp_path, capsys):
    out = tmp_path / "score.json"
    assert main(["score", *files(tmp_path, turn=0.1), "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in PROTOCOLS)
    assert "deg" in printed
    assert "alignment first" in printed
    assert len(PoseScore.load(out).metrics["rotation_deg"].values) == 20


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small take with depth and without estimated cameras, and its shot."""
    folder = tmp_path_factory.mktemp("filmed")
    shot = world("eval", 4, num_frames=9, size_wh=(160, 160), static=True)
    render(shot, layers=("rgb", "depth"), samples=2).save(folder / "take")
    shot.save(folder / "shot.json")
    return folder / "take", folder / "shot.json"


def test_a_take_is_estimated_and_compared_with_its_shot(filmed, capsys):
    take, shot = filmed
    data = score_json(capsys, str(take), "--shot", str(shot))
    assert data["metrics"]["rotation_deg"]["mean"] < 0.3
    assert data["unit"] == "m"
    assert any("estimated:photometric" in note for note in data["notes"])


def test_an_estimated_camera_in_the_take_is_used_as_it_is(filmed, tmp_path, capsys):
    from kinoeye.footage import Take

    take, shot = filmed
    opened = Take.open(take)
    turned = opened.cameras["truth"]
    still = Track(SE3(turned.T_world_cam.wxyz_xyz[:1].expand(9, 7)), turned.times_s)
    opened.with_camera("estimated:nothing", Trajectory(still, turned.intrinsics)).save(tmp_path / "take")
    data = score_json(capsys, str(tmp_path / "take"), "--shot", str(shot))
    assert data["notes"] == ["camera: estimated:nothing, as stored in the take"]
    assert data["metrics"]["translation_direction_deg"]["mean"] == 180


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--reference", "missing.json", "--estimate", "missing.json"], "missing.json does not exist"),
        ([], "give --reference FILE and --estimate FILE"),
        (["--reference", "a.json"], "give --reference FILE and --estimate FILE"),
        (["somewhere", "--reference", "a.json"], "--shot SHOT"),
        (["nowhere", "--shot", "nothing.json"], "nowhere is not a take"),
        (["--reference", "a", "--estimate", "b", "--align", "best"], "invalid choice"),
    ],
)
def test_what_cannot_be_scored_is_one_line(argv, says, capsys):
    assert main(["score", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert captured.err.count("\n") == 1


def test_paths_that_never_meet_in_time_are_refused_and_can_be_paired_by_index(tmp_path, capsys):
    write_path(camera(), tmp_path / "a.json")
    late = camera()
    late = Trajectory(Track(late.T_world_cam, late.times_s + 100), late.intrinsics)
    write_path(late, tmp_path / "b.json")
    argv = ["--reference", str(tmp_path / "a.json"), "--estimate", str(tmp_path / "b.json")]
    assert main(["score", *argv]) == 2
    told = capsys.readouterr().err
    assert "--by index" in told
    assert "--max-difference" in told
    assert score_json(capsys, *argv, "--by", "index")["pairs"] == 20


def test_messages_name_the_options_that_help(tmp_path, capsys):
    argv = files(tmp_path, turn=0.1)
    assert main(["score", *argv, "--delta", "20"]) == 2
    told = capsys.readouterr().err
    assert "--delta N" in told
    assert "--by index" in told
    track = camera().track
    arbitrary = Track(track.T_world_body, track.times_s, "arbitrary")
    write_path(Trajectory(arbitrary, camera().intrinsics), tmp_path / "free.json")
    notes = score_json(capsys, *argv[:3], str(tmp_path / "free.json"), "--align", "first")["notes"]
    assert any("--align scale or sim3" in note for note in notes)
    still = Track(SE3(track.T_world_body.wxyz_xyz[:1].expand(20, 7)), track.times_s)
    write_path(Trajectory(still, camera().intrinsics), tmp_path / "still.json")
    assert main(["score", *argv[:3], str(tmp_path / "still.json"), "--align", "sim3"]) == 2
    assert "(--align)" in capsys.readouterr().err


def test_two_folders_give_a_row_each_and_means_with_failures(tmp_path, capsys):
    for name, turn in (("one", 0.01), ("two", 0.02)):
        write_path(camera(), tmp_path / "truth" / f"{name}.json")
        write_path(camera(turn=turn), tmp_path / "found" / f"{name}.tum")
    write_path(camera(), tmp_path / "truth" / "three.json")
    argv = ["--reference", str(tmp_path / "truth"), "--estimate", str(tmp_path / "found"), "--resamples", "200"]
    data = score_json(capsys, *argv, "-o", str(tmp_path / "table.json"))
    assert [row["name"] for row in data["rows"]] == ["one", "three", "two"]
    assert (data["failures"], data["resamples"]) == (1, 200)
    assert data["summary"]["ate_translation"]["mean"] is None
    assert data["summary"]["rra_30"]["mean"] == pytest.approx(2 / 3)
    assert json.loads((tmp_path / "table.json").read_text())["record"] == "ScoreTable"
    assert main(["score", *argv]) == 0
    printed = capsys.readouterr().out
    assert "three: there is no estimate" in printed
    assert "1 without a score" in printed
    assert all(name in printed for name in PROTOCOLS)


def test_lists_of_files_are_paired_in_order(tmp_path, capsys):
    first, second = (files(tmp_path / name, turn=turn) for name, turn in (("x", 0.01), ("y", 0.5)))
    argv = ["--reference", first[1], second[1], "--estimate", first[3], second[3], "--protocol", "final_rotation_deg"]
    data = score_json(capsys, *argv)
    assert [row["numbers"]["final_rotation_deg"] for row in data["rows"]] == pytest.approx(
        [np.rad2deg(0.01), np.rad2deg(0.5)], rel=0.05
    )
    assert list(data["summary"]) == ["final_rotation_deg"]


def test_saved_scores_are_compared_with_the_first(tmp_path, capsys):
    for name, turn in (("good", 0.01), ("bad", 0.2)):
        assert main(["score", *files(tmp_path / name, turn=turn), "-o", str(tmp_path / f"{name}.json")]) == 0
    capsys.readouterr()
    argv = ["--compare", str(tmp_path / "good.json"), str(tmp_path / "bad.json")]
    data = score_json(capsys, *argv)
    row = data["protocols"]["rotation_deg"]
    assert row["difference"]["bad"] == pytest.approx(row["values"]["bad"] - row["values"]["good"])
    assert row["difference"]["bad"] > 5
    assert main(["score", *argv]) == 0
    assert "bad - good" in capsys.readouterr().out


def saved(folder: Path, name: str, *argv: str) -> str:
    """The file of a saved score."""
    out = str(folder / f"{name}.json")
    assert main(["score", *argv, "-o", out]) == 0
    return out


def test_scores_against_different_references_are_not_compared(tmp_path, capsys):
    one = saved(tmp_path, "one", *files(tmp_path / "x", turn=0.1))
    write_path(camera(scale=1.5), tmp_path / "y" / "a.json")
    write_path(camera(scale=1.5, turn=0.1), tmp_path / "y" / "b.json")
    longer = ["--reference", str(tmp_path / "y" / "a.json"), "--estimate", str(tmp_path / "y" / "b.json")]
    other = saved(tmp_path, "other", *longer)
    capsys.readouterr()
    assert main(["score", "--compare", one, other]) == 2
    told = capsys.readouterr().err
    assert "different references" in told
    assert "one: 20 poses over" in told


def test_a_comparison_tells_that_not_the_same_poses_were_compared(tmp_path, capsys):
    argv = files(tmp_path, turn=0.1)
    whole = camera(turn=0.1)
    part = Track(whole.T_world_cam[:14], whole.times_s[:14])
    write_path(Trajectory(part, Intrinsics.from_fov(1.0, (64, 64))), tmp_path / "part.json")
    all_ = saved(tmp_path, "all", *argv)
    some = saved(tmp_path, "some", *argv[:3], str(tmp_path / "part.json"))
    capsys.readouterr()
    data = score_json(capsys, "--compare", all_, some)
    assert data["notes"] == [
        "not the same poses are compared: all: 20 pairs by time, 0 failed; some: 14 pairs by time, 6 failed"
    ]
    assert data["protocols"]["ate_translation"]["difference"]["some"] is None
    assert main(["score", "--compare", some, all_]) == 0
    printed = capsys.readouterr().out
    assert "note: not the same poses" in printed
    assert "nan" not in printed
    again = saved(tmp_path, "again", *argv)
    capsys.readouterr()
    assert score_json(capsys, "--compare", all_, again)["notes"] == []


def folder_of(folder: Path, **turns: float) -> list[str]:
    """Options for a folder of references and one of estimates turned so far; NaN for one that is missing."""
    for name, turn in turns.items():
        write_path(camera(), folder / "truth" / f"{name}.json")
        (folder / "found").mkdir(exist_ok=True)
        if not np.isnan(turn):
            write_path(camera(turn=turn), folder / "found" / f"{name}.json")
    return ["--reference", str(folder / "truth"), "--estimate", str(folder / "found"), "--resamples", "50"]


def test_a_comparison_of_tables_tells_which_paths_are_not_in_both_and_refuses_other_references(tmp_path, capsys):
    first = saved(tmp_path, "first", *folder_of(tmp_path / "a", one=0.1, two=0.1))
    second = saved(tmp_path, "second", *folder_of(tmp_path / "b", one=0.2, two=0.1, three=0.1))
    capsys.readouterr()
    notes = score_json(capsys, "--compare", first, second)["notes"]
    assert notes == ["paths of second that not all have count in its means: three"]
    argv = folder_of(tmp_path / "c", one=0.1)
    write_path(camera(scale=2.0), tmp_path / "c" / "truth" / "one.json")
    third = saved(tmp_path, "third", *argv)
    capsys.readouterr()
    assert main(["score", "--compare", first, third]) == 2
    assert "different references of one" in capsys.readouterr().err


def test_a_table_shows_every_protocol_that_was_asked_for_and_no_bare_nan(tmp_path, capsys):
    asked = ["ate_translation", "das_roterr", "rra_3", "final_rotation_deg", "auc_3", "rta_3", "rpe_rotation_rad"]
    argv = [*folder_of(tmp_path, one=float("nan"), two=float("nan")), *(w for n in asked for w in ("--protocol", n))]
    assert main(["score", *argv]) == 0
    printed = capsys.readouterr().out
    rows = printed[: printed.index("95 % interval")]
    assert all(name in rows for name in asked)
    assert "all failed" in printed
    assert "nan" not in printed
    assert main(["score", *folder_of(tmp_path / "single", one=0.1)]) == 0
    printed = capsys.readouterr().out
    assert "needs 2 paths" in printed
    assert "nan" not in printed


def test_an_unknown_protocol_names_the_nearest_one_for_takes_too(filmed, capsys):
    take, shot = filmed
    for argv in ([str(take)], [str(take), str(take.parent)]):
        assert main(["score", *argv, "--shot", str(shot), "--protocol", "auc30"]) == 2
        assert "did you mean 'auc_30'?" in capsys.readouterr().err


def test_frames_without_an_estimate_make_the_number_failed_and_leave_the_statistics(tmp_path, capsys):
    write_path(camera(), tmp_path / "a.json")
    whole = camera()
    part = Track(whole.T_world_cam[:14], whole.times_s[:14])
    write_path(Trajectory(part, Intrinsics.from_fov(1.0, (64, 64))), tmp_path / "b.json")
    argv = ["--reference", str(tmp_path / "a.json"), "--estimate", str(tmp_path / "b.json")]
    data = score_json(capsys, *argv)
    assert (data["pairs"], data["failed"]) == (14, 6)
    assert data["metrics"]["ate_translation"]["value"] is None
    assert data["metrics"]["ate_translation"]["rmse"] == pytest.approx(0, abs=1e-9)
    assert data["metrics"]["rotation_deg"]["value"] == pytest.approx(180 * 6 / 20, abs=1e-3)
    assert main(["score", *argv]) == 0
    assert "failed" in capsys.readouterr().out
    assert any("--missing skip" in note for note in data["notes"])
    skipped = score_json(capsys, *argv, "--missing", "skip")
    assert skipped["failed"] == 0
    assert any("--missing fail" in note for note in skipped["notes"])


def test_takes_are_estimated_by_the_chosen_estimator_and_a_failure_is_a_row(filmed, tmp_path, capsys):
    from kinoeye.footage import Take

    take, shot = filmed
    write_path(Take.open(take).cameras["truth"], tmp_path / "truth.json")
    data = score_json(capsys, str(take), "--shot", str(shot), "--estimator", f"file:{tmp_path / 'truth.json'}")
    assert data["metrics"]["rotation_deg"]["value"] == pytest.approx(0, abs=1e-5)
    assert data["notes"][0] == "camera: estimated:file"
    still = Take.open(take)
    Take(times_s=still.times_s[:1], layers={"rgb": still.rgb.__class__(still.rgb.values[:1], "file")}).save(
        tmp_path / "single"
    )
    argv = [str(take), str(tmp_path / "single"), "--shot", str(shot), "--estimator", "kinoeye", "--protocol", "rra_5"]
    table = score_json(capsys, *argv)
    assert [row["failure"] is None for row in table["rows"]] == [True, False]
    assert table["summary"]["rra_5"]["mean"] == pytest.approx(0.5)
    assert main(["score", str(tmp_path / "single"), "--shot", str(shot)]) == 1
    assert "cannot be estimated" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--reference", "a", "b", "--estimate", "c"], "2 references and 1 estimates"),
        (["--compare", "a.json"], "at least two"),
        (["--compare", "a.json", "b.json"], "a.json does not exist"),
        (["--compare", "a.json", "b.json", "--shot", "s"], "nothing else"),
        (["--reference", "a", "--estimate", "b", "--estimator", "kinoeye"], "--estimator"),
        (["t", "u", "v", "--shot", "s", "--shot", "r"], "2 shots for 3 takes"),
        (["--reference", ".", "--estimate", "missing.json"], "one --reference FOLDER"),
        (["--reference", "a", "--estimate", "b", "--delta", "0.5"], "whole frame"),
    ],
)
def test_what_cannot_be_paired_or_compared_is_one_line(argv, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["score", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert captured.err.count("\n") == 1
