"""What is done to a video before its path is looked for: borders, sampling, filters, classes, depth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_server import FakeServer, say
from kinoeye.base.errors import InputError, MissingExtraError
from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.base.llm import LanguageModel, LanguageModelError
from kinoeye.datasets.border_crop import picture_box
from kinoeye.datasets.clips import read_clip, video_facts
from kinoeye.datasets.contact_sheet import contact_sheet
from kinoeye.datasets.first_frame_depth import depth_of_first
from kinoeye.datasets.shot_captions import directorial_by_model, motion_by_model
from kinoeye.datasets.shot_classes import class_by_model, class_by_rules
from kinoeye.datasets.shot_detection import DetectShots
from kinoeye.datasets.shot_sampling import FilterShot, leading_black, same_pixels, sample_shot
from kinoeye.footage import write_video
from kinoeye.language import parse
from kinoeye.render import render
from kinoeye.shot import stage
from kinoeye.shot.shot import Shot


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_the_picture_is_found_within_its_borders(left: int, right: int, top: int, bottom: int):
    frame = np.zeros((60 + top + bottom, 80 + left + right, 3), np.uint8)
    frame[top : top + 60, left : left + 80] = 90
    box = picture_box([np.zeros_like(frame), frame, frame])
    if left + left % 2 + top + top % 2 <= 6:
        assert box is None
        return
    assert box is not None
    width, height, x, y = box
    assert all(side % 2 == 0 for side in box)
    assert (frame[y : y + height, x : x + width] == 90).all()
    assert width >= 80 - 3
    assert height >= 60 - 3


def test_black_films_have_no_picture():
    assert picture_box([np.zeros((20, 20, 3), np.uint8)]) is None


def test_a_stretch_of_a_video_has_the_frames_of_its_time(tmp_path: Path):
    levels = np.arange(40, 200, 4).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (len(levels), 32, 32, 3))
    write_video(tmp_path / "v.mp4", frames, fps=10)
    facts = video_facts(tmp_path / "v.mp4")
    assert (facts.fps, facts.size_wh) == (10, (32, 32))
    assert facts.duration_s == pytest.approx(4.0)
    found = list(read_clip(tmp_path / "v.mp4", 1.5, 2.5, crop=(16, 8, 0, 4)))
    np.testing.assert_allclose([time for time, _ in found], np.arange(15, 25) / 10, atol=1e-3)
    np.testing.assert_allclose([image.mean() for _, image in found], levels[15:25], atol=4)
    assert found[0][1].shape == (8, 16, 3)
    with pytest.raises(InputError, match="does not exist"):
        video_facts(tmp_path / "nothing.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match="cannot be decoded"):
        video_facts(tmp_path / "text.mp4")


def item_of(path: Path, **data: Any) -> Item:
    facts = video_facts(path)
    width, height = facts.size_wh
    given = {"crop": [width, height, 0, 0], "fps": facts.fps, "start_s": 0.0, "end_s": facts.duration_s, "black": 0}
    return Item("1_v/shot_0000", {**given, **data}, {"video": str(path)})


def test_six_frames_a_second_without_the_ends(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 36, 64, 3)).astype(np.uint8)
    write_video(tmp_path / "v.mp4", noise, fps=24)
    shot = sample_shot(item_of(tmp_path / "v.mp4"))
    np.testing.assert_allclose(shot.times_s, np.arange(2, 58, 4) / 24, atol=1e-3)
    assert shot.frames.shape == (14, 288, 512, 3)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (np.full((60, 36, 64, 3), 5, np.uint8), "13 frames at 6"),
        (np.full((60, 36, 64, 3), 120, np.uint8), "nothing moves: 100%"),
        (np.full((20, 36, 64, 3), 120, np.uint8), "15 are needed"),
    ],
)
def test_dark_still_and_short_shots_are_refused(frames: np.ndarray, reason: str, tmp_path: Path):
    write_video(tmp_path / "v.mp4", frames, fps=12)
    refused = FilterShot()(item_of(tmp_path / "v.mp4"), 0)
    assert isinstance(refused, Failure)
    assert reason in refused.reason


def test_dim_shots_are_refused(tmp_path: Path):
    dim = np.random.default_rng(0).integers(0, 12, (60, 36, 64, 3)).astype(np.uint8)
    dim[:, :6, :6] = 60
    write_video(tmp_path / "v.mp4", dim, fps=12)
    refused = FilterShot()(item_of(tmp_path / "v.mp4"), 0)
    assert isinstance(refused, Failure)
    assert "too dark" in refused.reason


def test_leading_black_frames_are_counted_up_to_fifteen():
    frames = np.zeros((20, 8, 8, 3), np.uint8)
    assert leading_black(frames) == 15
    frames[3, 0, 0] = 200
    assert leading_black(frames) == 3
    assert same_pixels([frame[..., 0] for frame in frames[:3]]) == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("push in for 4 seconds", "free"),
        ("pan left for 4 seconds", "free"),
        ("orbit left around the red robot for 4 seconds", "free"),
        ("orbit right around the woman 90 degrees for 4 seconds. In a studio.", "free"),
        ("follow the red robot that walks left for 4 seconds", "tracking"),
        ("follow the man who walks to the right for 4 seconds. On a beach.", "tracking"),
        ("follow the woman who walks in a circle for 5 seconds", "tracking"),
        ("hold for 4 seconds. A red robot walks left.", "static"),
    ],
)
def test_rules_tell_how_a_camera_moves(text: str, expected: str):
    shot = stage(parse(text), seed=1, size_wh=(512, 288), fps=6)
    assert class_by_rules(render(shot, layers=("rgb",)).rgb.values) == expected


def test_depth_from_motion_is_near_the_truth(filmed_shot: Shot):
    take = render(filmed_shot, layers=("rgb", "depth"), size_wh=(512, 288))
    poses = filmed_shot.camera.T_world_cam.as_matrix().numpy()[::2]
    K = filmed_shot.camera.resize((512, 288)).intrinsics.as_matrix()[0].numpy()
    found = depth_of_first(take.rgb.values[::2], poses, K)
    assert not isinstance(found, Failure)
    depth, share = found
    truth = take.layers["depth"].values[0]
    solid = np.isfinite(truth)
    assert share > 0.8
    assert np.median(np.abs(depth[solid] / truth[solid] - 1)) < 0.05
    assert np.isfinite(depth).all()


def test_depth_is_not_seen_without_parallax(filmed_shot: Shot):
    frames = render(filmed_shot, layers=("rgb",)).rgb.values[:4]
    K = filmed_shot.camera.intrinsics.as_matrix()[0].numpy()
    found = depth_of_first(frames, np.tile(np.eye(4), (4, 1, 1)), K)
    assert isinstance(found, Failure)
    assert "can be seen at" in found.reason


def test_cuts_are_found(filmed_shot: Shot, tmp_path: Path):
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed")
    frames = render(filmed_shot, layers=("rgb",), size_wh=(160, 90)).rgb.values
    write_video(tmp_path / "v.mp4", np.concatenate([frames, 255 - frames[:30]]), fps=12)
    found = DetectShots((3.0, 5.0))(Item("1_v", {}, {"video": str(tmp_path / "v.mp4")}), 0)
    assert isinstance(found, Item)
    assert found.data["found"] == 2
    (only,) = found.data["shots"]
    assert only == pytest.approx([0.0, 4.0], abs=0.1)


def test_without_pyscenedetect_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "scenedetect", None)
    with pytest.raises(MissingExtraError, match=r'pip install "kinoeye\[data\]"'):
        DetectShots().setup()
    DetectShots(whole=True).setup()


def test_a_video_of_another_length_is_refused(clip: Path):
    refused = DetectShots((10.0, 20.0), whole=True)(Item("1_v", {}, {"video": str(clip)}), 0)
    assert isinstance(refused, Failure)
    assert refused.reason == "no shot of 10 to 20 s: 1 of 4.0 s"


@settings(max_examples=10)
@given(st.integers(1, 60))
def test_sixteen_frames_in_one_picture(count: int):
    frames = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 9, 16, 3))
    sheet = contact_sheet(frames)
    assert sheet.shape == (4 * 127, 900, 3)
    assert (sheet[0, 0, 0], sheet[-1, -1, 0]) == (0, count - 1)


@pytest.fixture
def model_and_server():
    server = FakeServer()
    yield LanguageModel(model="small", base_url=server.url, attempts=1), server
    server.close()


def test_a_model_classes_shots(model_and_server: tuple[LanguageModel, FakeServer]):
    model, server = model_and_server
    frames = np.zeros((20, 9, 16, 3), np.uint8)
    server.replies = [say("2"), say("It is 3."), say("who knows")]
    assert [class_by_model(frames, model) for _ in range(2)] == ["free", "tracking"]
    with pytest.raises(LanguageModelError, match="asked for 1, 2 or 3"):
        class_by_model(frames, model)


def test_a_model_words_motion_without_numbers(model_and_server: tuple[LanguageModel, FakeServer]):
    model, server = model_and_server
    server.replies = [say("For 30 frames it rests."), say("The camera  rests,\nthen pushes in.")]
    assert motion_by_model([(0, 30, 0), (30, 119, 14)], model) == "The camera rests, then pushes in."
    assert [asked["seed"] for asked in server.asked] == [0, 1]
    assert server.asked[0]["messages"][1]["content"] == (
        "Total frames 120. Between frames 0 and 30: static; between frames 30 and 119: move forward."
    )
    server.replies = [say("9 times")]
    with pytest.raises(LanguageModelError, match="wrote numbers or too much 3 times"):
        motion_by_model([(0, 119, 0)], model)


def test_a_model_writes_what_is_filmed_in_three_lines(model_and_server: tuple[LanguageModel, FakeServer]):
    model, server = model_and_server
    server.replies = [
        say("I cannot"),
        say("**Focus**: a dog\n**Detailed**: It moves. It shows.\n**Concise**: It moves."),
    ]
    assert directorial_by_model("It moves.", b"png", model) == {
        "Detailed Interaction": "It moves. It shows.",
        "Concise Interaction": "It moves.",
    }
    server.replies = [say("**Concise**: half")]
    with pytest.raises(LanguageModelError, match="did not keep to the form 3 times"):
        directorial_by_model("It moves.", b"png", model)
