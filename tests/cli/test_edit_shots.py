"""`edit` of what a shot shows: from the command line to the file, with files of other tools, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from kinoeye.cli import main
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.shot import Shot, SkinnedAvatar, edit, stage
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.environment import Panorama
from kinoeye.studio import Report, edit_files, write_scene

BONES = {
    "Hips": ("", "0 0.95 0"),
    "Spine": ("Hips", "0 0.1 0"),
    "Neck": ("Spine", "0 0.4 0"),
    "Head": ("Neck", "0 0.1 0"),
    "LeftArm": ("Spine", "0.18 0.35 0"),
    "LeftForeArm": ("LeftArm", "0.27 0 0"),
    "LeftHand": ("LeftForeArm", "0.25 0 0"),
    "LeftUpLeg": ("Hips", "0.1 -0.05 0"),
    "LeftLeg": ("LeftUpLeg", "0 -0.42 0"),
    "LeftFoot": ("LeftLeg", "0 -0.4 0"),
    "LeftToeBase": ("LeftFoot", "0 -0.06 0.12"),
    "RightUpLeg": ("Hips", "-0.1 -0.05 0"),
    "RightLeg": ("RightUpLeg", "0 -0.42 0"),
    "RightFoot": ("RightLeg", "0 -0.4 0"),
    "RightToeBase": ("RightFoot", "0 -0.06 0.12"),
    "Sword": ("LeftHand", "0.1 0 0"),
}
"""Joint -> its parent and offset, in a file with +y up that faces +z."""


def bvh(seconds: float = 2.0) -> str:
    """A figure that raises its left arm by a right angle in steps of a tenth of a second."""
    order: list[str] = []

    def joint(name: str) -> list[str]:
        order.append(name)
        channels = "6 Xposition Yposition Zposition" if name == "Hips" else "3"
        lines = [f"{'ROOT' if name == 'Hips' else 'JOINT'} {name}", "{", f"OFFSET {BONES[name][1]}"]
        lines.append(f"CHANNELS {channels} Zrotation Xrotation Yrotation")
        below = [child for child, (parent, _) in BONES.items() if parent == name]
        inner = [line for child in below for line in joint(child)] or ["End Site", "{", "OFFSET 0 0 0.1", "}"]
        return [*lines, *inner, "}"]

    tree = joint("Hips")
    frames = round(seconds * 10) + 1
    rows = []
    for frame in range(frames):
        turns = [f"{90 * frame / (frames - 1)} 0 0" if name == "LeftArm" else "0 0 0" for name in order]
        rows.append(f"0 0.95 0 {' '.join(turns)}")
    return "\n".join(["HIERARCHY", *tree, "MOTION", f"Frames: {frames}", "Frame Time: 0.1", *rows, ""])


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    staged = stage(
        parse("A tall woman in red stands still, a grey dog stands still. Push in for 2 seconds."), seed=0, fps=10
    )
    staged.save(tmp_path / "shot.json")
    (tmp_path / "raise.bvh").write_text(bvh())
    return tmp_path / "shot.json"


def run_edit(*words: str) -> int:
    return main(["edit", "shot.json", *words, "-o", "new.json"])


def test_place_camera_motion_and_actors_change_in_one_command(shot: Path, capsys: pytest.CaptureFixture[str]):
    words = ["background=snow", "camera:orbit left 30 degrees around her", "motion:woman=waves", "actor:dog=a red car",
             "add-actor:a man in blue", "resample:31"]  # fmt: skip
    assert run_edit(*words, "--json") == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert [row["edit"] for row in told["edits"]] == words
    assert "background: the place is the environment 'snow'" in shown.err
    edited = Shot.load("new.json")
    assert edited.environment.name == "snow"
    assert [actor.name for actor in edited.actors] == ["person", "red car", "person 2"]
    assert len(edited.camera) == 31
    assert "A tall woman in red waves" in edited.prompt
    in_python = edit(Shot.load("shot.json"), *words, sources=edit_files())
    assert in_python.path.prompt == edited.prompt
    assert told["notes"] == list(in_python.caveats)


def test_recorded_motion_of_a_file_moves_the_one_arm(shot: Path, capsys: pytest.CaptureFixture[str]):
    assert run_edit("motion:woman=raise.bvh") == 0
    shown = capsys.readouterr().err
    assert "without counterpart: Sword" in shown
    assert "recorded motion at its own pace" in shown
    woman = Shot.load("new.json").actor("person")
    assert isinstance(woman.avatar, SkinnedAvatar)
    body, T_body_rest = perform(woman, woman.avatar, np.array([0.0, 2.0]))
    hands = {side: body.skeleton.index(f"{side}Hand") for side in ("Left", "Right")}
    height = {
        side: (T_body_rest[:, i, :, :3] @ body.skeleton.heads[i] + T_body_rest[:, i, :, 3])[:, 2]
        for side, i in hands.items()
    }
    assert height["Left"][1] - height["Left"][0] > 0.35
    assert abs(height["Right"][1] - height["Right"][0]) < 0.02


def test_a_clip_of_a_glb_file_is_chosen_by_its_name(shot: Path, capsys: pytest.CaptureFixture[str]):
    staged = stage(parse("A man walks left. Hold."), seed=0, fps=10, num_frames=8)
    write_scene(Report(shot=staged), Path("walk.glb"))
    assert run_edit("motion:woman=walk.glb") == 0
    assert "31 joints matched" in capsys.readouterr().err
    assert Shot.load("new.json").actor("person").avatar != Shot.load("shot.json").actor("person").avatar
    assert run_edit("motion:woman=walk.glb#run") == 2
    assert "walk.glb has no motion 'run'; " in capsys.readouterr().err


def test_a_panorama_is_the_place_and_looks_where_the_camera_does(shot: Path):
    cv2.imwrite("square.png", np.full((32, 64, 3), 128, np.uint8))
    assert run_edit("background:square.png,turn=30") == 0
    sky = Shot.load("new.json").environment.sky
    assert isinstance(sky, Panorama)
    assert Path(sky.file).resolve() == (shot.parent / "square.png").resolve()
    assert sky.turn_deg == pytest.approx(30, abs=1e-9)


def test_a_camera_file_is_filmed_with_and_a_word_of_a_model_too(shot: Path, capsys: pytest.CaptureFixture[str]):
    from kinoeye.formats import PathTable, write_path

    write_path(PathTable.from_trajectory(compile_plan(parse("truck left one metre over 4 seconds"))), Path("cam.json"))
    for name in ("cam.json", "recammaster:arc-left"):
        assert run_edit(f"camera:{name}") == 0
        assert "its first pose is put where the shot's first camera is" in capsys.readouterr().err
        before, after = Shot.load("shot.json"), Shot.load("new.json")
        assert after.camera.times_s.tolist() == before.camera.times_s.tolist()
        assert after.camera.size_wh == before.camera.size_wh


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["background:nowhere.hdr"], "nowhere.hdr does not exist"),
        (["background:raise.bvh"], "raise.bvh"),
        (["motion:woman=nowhere.bvh"], "nowhere.bvh does not exist"),
        (["motion:woman=shot.json"], "is no file of recorded motion that is read; give one of .bvh, .glb, .gltf"),
        (["motion:woman=raise.bvh#first"], "raise.bvh holds one motion; leave out '#first'"),
        (["motion:dog=raise.bvh"], "grey dog cannot move like that"),
        (["motion:damaged.bvh"], "whose? write motion:NAME=..."),
        (["motion:woman=damaged.bvh"], "damaged.bvh is no BVH file"),
        (["camera:nowhere.tum"], "nowhere.tum does not exist"),
        (["backgroud:snow"], "did you mean 'background'?"),
        (["actor:"], "actor needs who is seen instead"),
        (["motion:woman=waves", "motion:woman=sits"], "contradicts"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(words, message, shot: Path, capsys: pytest.CaptureFixture[str]):
    Path("damaged.bvh").write_text("HIERARCHY\n")
    assert run_edit(*words) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not Path("new.json").exists()


def test_words_that_are_no_files_stay_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beach").mkdir()
    (tmp_path / "wave").touch()
    sources = edit_files()
    for words in (
        "beach",
        "wave",
        "a beach, at dusk.",
        "walks in a circle. Then waves.",
        "x" * 300,
        "2.5 metres to the left",
    ):
        assert not sources.is_file(words)
