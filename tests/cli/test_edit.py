"""`edit`: formats in and out, what is kept of a file, shots, notes and mistakes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.cli import main
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.edited import editable, with_edited
from kinoeye.geometry import Trajectory
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.shot import Shot, edit, stage


@pytest.fixture
def camera() -> PathTable:
    return PathTable.from_trajectory(compile_plan(parse("push in two metres, then pan left 30 degrees, handheld")))


@pytest.fixture
def file(camera: PathTable, tmp_path: Path) -> Path:
    write_path(camera, tmp_path / "cam.json")
    return tmp_path / "cam.json"


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    stage(parse("A red robot walks left. Push in slowly."), seed=0).save(tmp_path / "shot.json")
    return tmp_path / "shot.json"


def run_edit(file: Path, *edits: str, out: Path, options: tuple[str, ...] = ()) -> int:
    return main(["edit", str(file), *edits, "-o", str(out), *options])


def test_edits_are_done_from_left_to_right_and_told(file: Path, camera: PathTable, capsys: pytest.CaptureFixture[str]):
    out = file.with_name("out.json")
    assert run_edit(file, "resample:49", "reverse", out=out, options=("--json",)) == 0
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert (report["frames_before"], report["frames"]) == (len(camera), 49)
    assert [row["edit"] for row in report["edits"]] == ["resample:49", "reverse"]
    assert report["edits"][0]["changed"] == f"resample: {len(camera)} poses became 49, at 14.96 a second"
    assert report["edits"][0]["changed"] in shown.err
    np.testing.assert_allclose(read_path(out).T_world_cam[0], camera.T_world_cam[-1], atol=1e-12)
    wanted = edit(camera.to_trajectory(), "resample:49", "reverse").path
    np.testing.assert_allclose(read_path(out).T_world_cam, wanted.T_world_cam.as_matrix()[:, :3], atol=1e-12)


def test_saving_without_a_change_is_exact(file: Path):
    out = file.with_name("same.json")
    assert run_edit(file, "trim:0", out=out) == 0
    before, after = read_path(file), read_path(out)
    np.testing.assert_allclose(after.matrices, before.matrices, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(after.times_s, before.times_s)
    np.testing.assert_array_equal(after.intrinsics, before.intrinsics)


@pytest.mark.parametrize(
    ("name", "out", "wanted"),
    [
        ("a_transforms.json", "edited.json", "transforms"),
        ("a_transforms.json", "b.tum", "tum"),
        ("cam.json", "transforms.json", "transforms"),
        ("b.tum", "edited.tum", "tum"),
        ("b.tum.txt", "edited.txt", "tum"),
        ("b.tum.txt", "re10k.txt", None),  # poses alone have no lens to write
        ("b.tum", "edited.json", "kinoeye"),
        ("model.colmap", "edited", None),  # neither the name nor its ending says a format
    ],
)
def test_the_format_stays_unless_the_name_says_another_one(name, out, wanted, camera, tmp_path: Path):
    write_path(camera, tmp_path / name)
    code = run_edit(tmp_path / name, "reverse", out=tmp_path / out)
    if wanted is None:
        assert code == 2
    else:
        assert code == 0
        assert read_path(tmp_path / out).format == wanted


def test_names_and_distortion_stay_with_their_frames(camera: PathTable, tmp_path: Path):
    names = tuple(f"images/{i:04}.jpg" for i in range(len(camera)))
    full = replace(camera, names=names, distortion={"k1": np.full(len(camera), 0.1)})
    write_path(full, tmp_path / "transforms.json")
    assert run_edit(tmp_path / "transforms.json", "smooth:0.01", "mirror", out=tmp_path / "a_transforms.json") == 0
    same = read_path(tmp_path / "a_transforms.json")
    assert same.names == names
    assert same.distortion["k1"][3] == 0.1
    assert run_edit(tmp_path / "transforms.json", "resample:20", out=tmp_path / "b_transforms.json") == 0
    other = read_path(tmp_path / "b_transforms.json")
    assert names[5] not in other.names
    assert other.distortion["k1"].tolist() == [0.1] * 20


def test_distances_follow_the_scale_and_bound_new_frames(camera: PathTable):
    near_far = np.stack([np.linspace(1, 2, len(camera)), np.linspace(5, 9, len(camera))], -1)
    table = replace(camera, near_far=near_far)
    path = editable(table)[0]
    np.testing.assert_allclose(with_edited(table, path, keeps_frames=True, factor=3.0)[0].near_far, 3 * near_far)
    spread = with_edited(table, edit(path, "resample:5").path, keeps_frames=False)[0].near_far
    np.testing.assert_allclose(spread, np.tile([1.0, 9.0], (5, 1)))


def test_what_a_file_does_not_say_is_assumed_aloud_and_not_written(camera: PathTable):
    bare = replace(camera, times_s=None, size_wh=None)
    path, notes = editable(bare)
    assert isinstance(path, Trajectory)
    assert path.size_wh == camera.size_wh
    assert "no times" in notes[0]
    assert "no image size" in notes[1]
    kept, _ = with_edited(bare, edit(path, "mirror").path, keeps_frames=True)
    assert (kept.times_s, kept.size_wh) == (None, None)
    timed, _ = with_edited(bare, edit(path, "retime:duration=9").path, keeps_frames=False)
    assert timed.times_s is not None


def test_poses_without_a_lens_are_edited_where_no_lens_is_needed(
    camera: PathTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_path(camera, tmp_path / "a.tum")
    edits = ["smooth:0.01", "stitch:" + str(tmp_path / "a.tum"), "look-at:0,0,4", "mirror", "anchor:z-up", "handheld"]
    assert run_edit(tmp_path / "a.tum", *edits, out=tmp_path / "b.tum") == 0
    assert len(read_path(tmp_path / "b.tum")) == 2 * len(camera) - 1
    capsys.readouterr()
    assert run_edit(tmp_path / "a.tum", "dolly-zoom:2", out=tmp_path / "c.tum") == 2
    assert "needs intrinsics" in capsys.readouterr().err
    assert not (tmp_path / "c.tum").exists()


def test_a_shot_keeps_its_actors(shot: Path, capsys: pytest.CaptureFixture[str]):
    out = shot.with_name("edited.json")
    assert run_edit(shot, "look-at:red-robot", "dolly-zoom:red-robot", out=out) == 0
    before, after = Shot.load(shot), Shot.load(out)
    assert [a.name for a in after.actors] == ["red robot"]
    assert (after.prompt, after.seed, after.environment) == (before.prompt, before.seed, before.environment)
    robot = after.actors[0]
    middle = robot.track.at(after.camera.times_s).T_world_body.translation
    middle = middle + torch.tensor([0, 0, robot.size_xyz[2] / 2], dtype=torch.float64)
    seen = after.camera.T_world_cam.inverse() @ middle
    assert float(seen[:, :2].abs().max()) < 1e-9
    size = after.camera.intrinsics.fx_fy_cx_cy[:, 0] / seen[:, 2]
    assert float((size / size[0] - 1).abs().max()) < 1e-9
    capsys.readouterr()
    assert run_edit(shot, "reverse", out=shot.with_name("camera.tum")) == 0
    assert "left out" in capsys.readouterr().err


def test_a_take_and_a_camera_of_several_can_be_edited(camera: PathTable, tmp_path: Path):
    times = camera.times_s
    assert times is not None
    write_path(camera, tmp_path / "cam.json")
    record = json.loads((tmp_path / "cam.json").read_text())
    one = {key: value for key, value in record.items() if key not in ("record", "version")}
    (tmp_path / "take.json").write_text(
        json.dumps({"record": "Take", "version": 1, "cameras": {"truth": one, "b": one}})
    )
    assert run_edit(Path(f"{tmp_path / 'take.json'}#b"), "trim:0,1", out=tmp_path / "part.json") == 0
    assert len(read_path(tmp_path / "part.json")) == int((times <= 1 + 1e-9).sum())


@pytest.mark.parametrize("how", ["resample:40", "resample:fps=7", "resample:stride=5"])
def test_a_long_file_is_resampled_as_a_short_one_is(
    how: str, camera: PathTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    write_path(camera, tmp_path / "a.tum")
    assert run_edit(tmp_path / "a.tum", how, out=tmp_path / "short.tum") == 0
    assert "a part at a time" not in capsys.readouterr().err
    monkeypatch.setattr("kinoeye.formats.paths.streaming.STREAM_BYTES", 100)
    assert run_edit(tmp_path / "a.tum", how, out=tmp_path / "long.tum", options=("--json",)) == 0
    assert "a part at a time" in json.loads(capsys.readouterr().out)["edits"][0]["changed"]
    short, long = read_path(tmp_path / "short.tum"), read_path(tmp_path / "long.tum")
    assert len(short) < len(camera)
    np.testing.assert_allclose(long.matrices, short.matrices, atol=1e-9)
    np.testing.assert_allclose(long.times_s, short.times_s, atol=1e-9)
    assert run_edit(tmp_path / "a.tum", how, "reverse", out=tmp_path / "both.tum") == 0
    assert len(read_path(tmp_path / "both.tum")) == len(short)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["smoth:1"], "did you mean 'smooth'?"),
        (["smooth:-1"], "out of range"),
        (["look-at:red-robot"], "no actors"),
        (["stitch:nowhere.json"], "nowhere.json does not exist"),
        (["zoom:fov=171"], "1 to 170 degrees"),
        (["resample:nomodel"], "known models: "),
        (["resample:99999999"], "out of range"),
        (["resample:10,stride=2"], "give one of"),
        (["trim:50"], "no pose lies from 50"),
        (["retime:duration=1,constant-speed"], "either a pace"),
        (["reverse", "--to", "blend"], "'blend' is not known"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str, file: Path, capsys: pytest.CaptureFixture[str]):
    out = file.with_name("out.json")
    assert main(["edit", str(file), *words, "-o", str(out)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert not out.exists()


REAL = (
    "re10k_txt/0bf152ef84195293.txt",
    "gendop/case1_transforms_cleaning.json",
    "tum/freiburg1_xyz-rgbdslam.txt",
    "gen3r/bedroom_cameras.json",
    "nerfstudio_transforms/fox_transforms.json",
)


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_edited_in_their_own_format(real_data: Path, name: str, tmp_path: Path):
    source = real_data / name
    out = tmp_path / source.name
    assert run_edit(source, "smooth:0.02", "resample:49", out=out) == 0
    before, after = read_path(source), read_path(out)
    assert (after.format, len(after), after.unit) == (before.format, 49, before.unit)
    for end in (0, -1):
        np.testing.assert_allclose(after.T_world_cam[end], before.T_world_cam[end], atol=1e-5)
    if before.fov_deg is not None and math.isfinite(before.fov_deg[0, 0]):
        assert after.fov_deg is not None
        np.testing.assert_allclose(after.fov_deg[0], before.fov_deg[0], atol=1e-6)
