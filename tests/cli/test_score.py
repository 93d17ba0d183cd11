"""`kinoeye score`: files against files, a take against its shot, and one line for what cannot be scored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.cli import main
from kinoeye.evaluation import PROTOCOLS, PoseScore
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
    assert data["notes"] == ["camera: estimated:nothing"]
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
    assert "by index" in capsys.readouterr().err
    assert score_json(capsys, *argv, "--by", "index")["pairs"] == 20
