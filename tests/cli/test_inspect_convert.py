"""`inspect` and `convert`: exit codes, one JSON object, warnings on standard error, nothing heavy loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinoeye.cli import main
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.paths import READERS, WRITERS
from kinoeye.formats.paths.path_format import completed
from kinoeye.geometry.convention import OPENGL, homogeneous
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse


@pytest.fixture
def sound() -> PathTable:
    return PathTable.from_trajectory(compile_plan(parse("push in two metres, then pan left 30 degrees")))


@pytest.fixture
def reflected(tmp_path: Path, sound: PathTable) -> Path:
    """A transforms.json whose frames 2 and 3 are reflections."""
    matrices = sound.in_convention(replace(OPENGL, world_axes=None)).matrices.copy()
    matrices[2:4, :, 0] *= -1
    frames = [{"transform_matrix": matrix} for matrix in homogeneous(matrices).tolist()]
    file = tmp_path / "transforms.json"
    file.write_text(json.dumps({"w": 64, "h": 48, "fl_x": 60, "frames": frames}))
    return file


def test_inspect_tells_everything(sound: PathTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_path(sound, tmp_path / "cam.json")
    assert main(["inspect", str(tmp_path / "cam.json"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["format"] == "kinoeye"
    assert facts["frames"] == len(sound)
    assert facts["unit"] == "m"
    assert facts["path_length"] == pytest.approx(2)
    assert facts["rotation_deg"] == pytest.approx(30)
    assert [tag["name"] for tag in facts["tags"]] == ["forward", "static + yaw left"] or len(facts["tags"]) == 2
    assert facts["diagnostics"] == []
    assert main(["inspect", str(tmp_path / "cam.json")]) == 0
    assert "2 m travelled, 30 degrees turned" in capsys.readouterr().out


def test_inspect_exits_with_1_on_errors(reflected: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["inspect", str(reflected), "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    (row,) = facts["diagnostics"]
    assert (row["code"], row["severity"], row["frames"]) == ("reflection", "error", [2, 3])
    assert facts["tags"] is None
    assert main(["inspect", str(reflected)]) == 1
    assert "frames 2-3: a reflection" in capsys.readouterr().out


def test_convert_refuses_then_repairs(reflected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.tum"
    assert main(["convert", str(reflected), str(out)]) == 2
    assert "--repair reflection" in capsys.readouterr().err
    assert not out.exists()
    assert main(["convert", "--repair", "reflection", str(reflected), str(out), "--fps", "10", "--json"]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert (report["from"], report["to"]) == ("transforms", "tum")
    assert "negated" in report["changes"][0]
    assert "tum cannot hold the intrinsics" in report["warnings"]
    assert "cannot hold the intrinsics" in captured.err
    table = read_path(out)
    assert table.times_s is not None
    np.testing.assert_allclose(np.diff(table.times_s), 0.1)


KEYS_OF_ORBITS = ("phi-theta-r", "theta-phi-r")
"""They hold nothing but orbits about a point."""


@pytest.mark.parametrize("target", [name for name in WRITERS if name in READERS and name not in KEYS_OF_ORBITS])
def test_convert_to_every_format(sound: PathTable, target: str, tmp_path: Path):
    write_path(sound, tmp_path / "cam.json")
    out = tmp_path / "out" / WRITERS[target].DEFAULT_NAME
    assert main(["convert", str(tmp_path / "cam.json"), str(out), "--to", target, "--size", "560x560"]) == 0
    given, _ = completed(sound.with_size((560, 560)), WRITERS[target])
    tolerance = 4e-6 if target == "gltf" else 1e-9  # glTF keys are 32-bit
    np.testing.assert_allclose(read_path(out).T_world_cam, given.T_world_cam, atol=tolerance)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in.txt", "out.xyz"], "give one with --to"),
        (["missing.json", "out.json"], "does not exist"),
        (["missing.json", "out.json", "--to", "blend"], "'blend' is not known"),
        (["missing.json", "out.json", "--size", "0x3"], "is not WIDTHxHEIGHT"),
    ],
)
def test_bad_words(words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["convert", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_options_change_the_output(sound: PathTable, tmp_path: Path):
    write_path(sound, tmp_path / "a.tum")
    assert (
        main(["convert", str(tmp_path / "a.tum"), str(tmp_path / "b.json"), "--size", "200x100", "--fov-deg", "90"])
        == 0
    )
    table = read_path(tmp_path / "b.json")
    assert table.size_wh == (200, 100)
    assert table.fov_deg is not None
    assert table.fov_deg[0, 0] == pytest.approx(90)
    assert main(["convert", str(tmp_path / "b.json"), str(tmp_path / "c.json"), "--repair", "direction"]) == 0
    np.testing.assert_allclose(read_path(tmp_path / "c.json").repair("direction").matrices, table.matrices, atol=1e-12)


def test_inspect_loads_nothing_heavy(sound: PathTable, tmp_path: Path):
    write_path(sound, tmp_path / "cam.json")
    file = str(tmp_path / "cam.json")
    code = f"import sys; from kinoeye.cli import main; main(['inspect', {file!r}]); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "scipy", "jaxtyping", "pydantic", "numba", "trimesh"} & set(modules)


def test_every_real_file_is_inspected_or_refused(real_data: Path, capsys: pytest.CaptureFixture[str]):
    codes = {}
    for file in (file for file in real_data.rglob("*") if file.is_file()):
        codes[file.name] = main(["inspect", str(file), "--json"])
        captured = capsys.readouterr()
        if codes[file.name] == 2:
            assert captured.err.count("\n") == 1
            assert captured.out == ""
        else:
            json.loads(captured.out)
    assert codes["look_right.txt"] == 1
    assert codes["V102.txt"] == 1
    assert codes["fox_transforms.json"] == 0
    assert codes["case1_depth.npy"] == 2


def test_convert_for_a_model_writes_what_it_wants_or_names_the_edits(
    sound: PathTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_path(sound, tmp_path / "cam.json")
    out = tmp_path / "wan.txt"
    assert main(["convert", str(tmp_path / "cam.json"), str(out), "--for", "wan-fun"]) == 2
    message = capsys.readouterr().err
    assert f"wants 81 (or 4k + 1) frames and the path has {len(sound)}" in message
    assert "films 832x480 and the intrinsics are of 256x256" in message
    assert "edit" in message
    assert "resample:wan-fun fit:832x480" in message
    assert not out.exists()
    fitting = PathTable.from_trajectory(
        compile_plan(parse("push in two metres"), num_frames=81, fps=16, size_wh=(1664, 960))
    )
    write_path(fitting, tmp_path / "cam.json")
    assert main(["convert", str(tmp_path / "cam.json"), str(out), "--for", "wan-fun"]) == 0
    written = read_path(out)
    assert written.format == "wan-fun"
    assert written.intrinsics is not None
    np.testing.assert_allclose(written.T_world_cam, fitting.T_world_cam, atol=1e-12)
    assert main(["convert", str(tmp_path / "cam.json"), str(out), "--for", "wan-fun", "--to", "tum"]) == 2
    assert "reads wan-fun files; leave out --to tum" in capsys.readouterr().err


def test_convert_is_told_the_unit_and_the_vertical(tmp_path: Path):
    (tmp_path / "a.tum").write_text("0 0 0 0 0 0 0 1\n1 0 0 150 0 0 0 1\n")
    arguments = ["convert", str(tmp_path / "a.tum"), str(tmp_path / "cam.json")]
    assert main([*arguments, "--unit", "cm", "--up", "y-down"]) == 0
    table = read_path(tmp_path / "cam.json")
    assert (table.unit, table.up) == ("m", "z")
    np.testing.assert_allclose(table.T_world_cam[1, :, 3], [1.5, 0, 0])  # forward is +x where +z is up
    assert main([*arguments, "--up", "y"]) == 0
    table = read_path(tmp_path / "cam.json")
    assert (table.unit, table.up) == ("arbitrary", "z")
    np.testing.assert_allclose(table.T_world_cam[0, :, 1], [0, 0, 1])  # the image's down points up: it is upside down


def test_an_empty_name_is_not_the_current_folder(capsys: pytest.CaptureFixture[str]):
    for arguments in (["inspect", ""], ["convert", "", "x.json"]):
        assert main(arguments) == 2
        assert "an empty file name was given" in capsys.readouterr().err


def test_camera_words_are_read_like_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["convert", "recammaster:arc-left", str(tmp_path / "a.tum")]) == 0
    assert len(read_path(tmp_path / "a.tum")) == 81
    assert main(["inspect", "diffsynth:Left", "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out.splitlines()[-1])["diagnostics"]
    assert (row["code"], row["repair"]) == ("not-orthogonal", "not-orthogonal")
