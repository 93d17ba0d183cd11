from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinoeye.cli import main
from kinoeye.footage import Take
from kinoeye.footage.take import Layer
from kinoeye.formats.paths import READERS, WRITERS, read_paths, write_path
from kinoeye.language import parse
from kinoeye.shot import Shot, stage
from kinoeye.studio.viewable import report_for

KEYS_OF_ORBITS = ("phi-theta-r", "theta-phi-r")
"""They hold nothing but orbits about a point."""


@pytest.fixture(scope="module")
def shot() -> Shot:
    plan = parse("push in two metres, then orbit left around the blue cone")
    return stage(plan, seed=0, size_wh=(64, 48), num_frames=12)


@pytest.fixture(scope="module")
def take(shot: Shot) -> Take:
    import numpy as np

    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3)).astype(np.uint8)
    shifted = shot.camera.track.scaled_by(1.01)
    estimate = type(shot.camera)(shifted, shot.camera.intrinsics)
    return Take(
        times_s=shot.camera.times_s.numpy(),
        layers={"rgb": Layer(frames, "truth")},
        cameras={"estimated:test": estimate, "truth": shot.camera},
        requested=shot,
    )


@pytest.mark.parametrize("name", [name for name in WRITERS if name in READERS and name not in KEYS_OF_ORBITS])
def test_every_camera_format_can_be_viewed(name: str, shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / WRITERS[name].DEFAULT_NAME
    write_path(shot.camera, file, format=name)
    assert main(["view", str(file), "-o", str(tmp_path / "out.html"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 12
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert f"<h1>{file.name}</h1>" in html
    assert "<iframe" in html
    assert all(note in html for note in told["notes"])


def test_a_file_without_intrinsics_says_what_was_assumed(
    shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_path(shot.camera, tmp_path / "tum.txt", format="tum")
    assert main(["view", str(tmp_path / "tum.txt"), "-o", str(tmp_path / "out.html")]) == 0
    assert "no intrinsics; frusta are drawn 60° wide" in capsys.readouterr().err


def test_a_shot_is_viewed_with_its_actors(shot: Shot, tmp_path: Path):
    shot.save(tmp_path / "shot.json")
    for given in (tmp_path / "shot.json", tmp_path):
        assert main(["view", str(given), "-o", str(tmp_path / "out.html")]) == 0
        assert "<dd>blue cone</dd>" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_a_take_is_viewed_with_its_film_and_estimate(take: Take, tmp_path: Path):
    take.save(tmp_path / "take")
    assert main(["view", str(tmp_path / "take"), "-o", str(tmp_path / "out.html")]) == 0
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "data:video/mp4" in html
    assert "re-estimated from the film by test" in html


@pytest.mark.parametrize("content", [None, "", "{", '{"record": "Take"}', "not a camera"])
def test_what_has_no_camera_is_one_line_and_exit_2(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "given.json"
    if content is not None:
        file.write_text(content)
    assert main(["view", str(file), "-o", str(tmp_path / "out.html")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "given.json" in err
    assert not (tmp_path / "out.html").exists()


def test_a_take_without_a_camera_is_refused(take: Take, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bare = Take(times_s=take.times_s, layers={"rgb": take.rgb})
    bare.save(tmp_path / "take")
    assert main(["view", str(tmp_path / "take"), "-o", str(tmp_path / "out.html")]) == 2
    assert "a take without a camera" in capsys.readouterr().err


def scene_bytes(html: str) -> bytes:
    """What the 3-D view of a page was given."""
    zstandard = pytest.importorskip("zstandard")

    found = re.search(r"__VISER_EMBED_DATA__=&quot;([A-Za-z0-9+/=]+)", html)
    assert found is not None
    return zstandard.ZstdDecompressor().decompress(base64.b64decode(found[1])[8:])


@pytest.fixture
def pair(shot: Shot, tmp_path: Path) -> tuple[Path, Path]:
    """A prediction and its reference, of 12 poses each."""
    other = stage(
        parse("push in one metre, then orbit left around the blue cone"), seed=0, size_wh=(64, 48), num_frames=12
    )
    write_path(other.camera, tmp_path / "predicted.json")
    write_path(shot.camera, tmp_path / "reference.json")
    return tmp_path / "predicted.json", tmp_path / "reference.json"


def test_a_page_holds_both_cameras_and_the_score_of_the_score_command(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    predicted, reference = map(str, pair)
    assert main(["view", predicted, "--reference", reference, "-o", str(tmp_path / "out.html"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["score", "--reference", reference, "--estimate", predicted, "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert told["score"]["ate_translation"] == metrics["ate_translation"]["value"] > 0
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "predicted.json against reference.json" in html
    assert "The first poses are made equal, as kinoeye score does by default" in html
    assert f"{told['score']['rotation_deg']:.3g} deg" in html
    assert "the reference and the predicted orientation" in html
    assert "intended" not in shown_words(html)
    scene = scene_bytes(html)
    assert b"/estimate/now" in scene
    assert b"/camera/now" in scene


def shown_words(html: str) -> set[str]:
    """The words of a page outside of tags and styles, its 3-D view left out."""
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<iframe.*?</iframe>|<[^>]*>", " ", html, flags=re.DOTALL)
    return set(text.split())


def test_a_path_without_metres_is_scaled_to_its_reference_and_said_so(
    pair: tuple[Path, Path], shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    half = replace(shot.camera, track=shot.camera.track.scaled_by(0.5, unit="arbitrary"))
    write_path(half, tmp_path / "half.json")
    assert main(["view", str(tmp_path / "half.json"), "--reference", str(pair[1]), "-o", str(tmp_path / "a.glb")]) == 0
    assert "scaled by 2, as kinoeye score does by default (alignment scale)" in capsys.readouterr().err
    cameras = read_paths(tmp_path / "a.glb")
    assert abs(cameras["predicted"].T_world_cam - cameras["reference"].T_world_cam).max() < 1e-5


def test_files_that_share_no_time_or_number_of_poses_are_still_seen(
    pair: tuple[Path, Path], shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    late = replace(shot.camera, track=replace(shot.camera.track, times_s=shot.camera.times_s + 100))
    write_path(late, tmp_path / "late.json")
    sparse = torch.linspace(0, shot.camera.track.duration_s, 6, dtype=torch.float64)
    write_path(shot.camera.at(sparse), tmp_path / "few.txt", format="tartanair")
    for file, said in (("late.json", "share no time: poses are paired in order"), ("few.txt", "6 poses are spread")):
        given = ["view", str(tmp_path / file), "--reference", str(pair[1]), "-o", str(tmp_path / "a.glb"), "--json"]
        assert main(given) == 0
        told = json.loads(capsys.readouterr().out)
        assert said in " ".join(told["notes"])
        assert told["score"] is None
        last = [
            read_paths(file)[name].T_world_cam[-1] for file, name in ((tmp_path / "a.glb", "predicted"), (pair[1], ""))
        ]
        assert abs(last[0] - last[1]).max() < 0.03  # of a path of more than two metres


def test_several_files_are_panels_of_one_picture(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shot_file = tmp_path / "video" / "shot_01_transforms_pred.json"
    shot_file.parent.mkdir()
    shot_file.write_text(pair[0].read_text())
    (shot_file.parent / "shot_01_caption.json").write_text('{"Movement": "The camera pushes in."}')
    files = [str(shot_file), *map(str, pair)]
    assert main(["view", *files, "--reference", str(pair[1]), "-o", str(tmp_path / "out.png"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [path["score"]["ate_translation"] == 0 for path in told["paths"]] == [False, False, True]
    assert main(["view", *files, "-o", str(tmp_path / "out.PNG")]) == 0
    assert report_for(shot_file).heading == "The camera pushes in."
    for kind in (".html", ".glb"):
        assert main(["view", *files, "-o", str(tmp_path / f"no{kind}")]) == 2
        err = capsys.readouterr().err
        assert f"3 files do not fit into one {kind}; give one, or a .png for all of them" in err
        assert not (tmp_path / f"no{kind}").exists()


@pytest.mark.parametrize("name", ["out", "out.jpg", "out.htm", "out.json"])
def test_a_name_that_does_not_say_what_to_make_is_refused(
    name: str, pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["view", str(pair[0]), "-o", str(tmp_path / name)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "its name must end in .html, .png, .glb or .usda" in err
    assert main(["view", str(pair[0]), "--reference", "nothing.json", "-o", str(tmp_path / "a.png")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_shot_becomes_a_scene_of_both_kinds_with_its_actors(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shot = stage(parse("push in half a metre towards the red robot"), seed=0, num_frames=3)
    shot.save(tmp_path / "shot.json")
    for name, actor in (("a.glb", b'"red robot"'), ("a.usda", b'"red_robot"')):
        assert main(["view", str(tmp_path / "shot.json"), "-o", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out.strip() == str(tmp_path / name)
        assert actor in (tmp_path / name).read_bytes()
        (table,) = read_paths(tmp_path / name).values()
        poses = torch.tensor(table.T_world_cam)
        torch.testing.assert_close(poses, shot.camera.T_world_cam.as_matrix()[:, :3], atol=1e-6, rtol=0)
