"""The captions of the released examples, and what their trajectories are tagged as."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from kinoeye.geometry.convention import OPENCV, OPENGL, convert
from kinoeye.language import compile_path, motion_tags, parse, segments
from kinoeye.language.tags import tag_words

FIXTURE = Path(__file__).parent / "fixtures" / "tags.safetensors"

REWORDED = {
    "case1": (
        "We truck right as we pan left, then carry on right and ahead, and end on a locked-off frame.",
        "The camera moves to the right, yawing left, before moving forward and right; finally it stops.",
    ),
    "case2": (
        "Hold still, then glide forward and to the left, then come to a stop.",
        "Static shot. The camera moves left while pushing in. It holds.",
    ),
}


def released(name):
    return [tag for tag, _ in groupby(tag for *_, tag in segments(load_file(FIXTURE)[f"{name}.tags"]))]


def compiled(text):
    path = compile_path(parse(text))
    return [tag for tag, _ in groupby(tag for *_, tag in segments(motion_tags(path.T_world_cam)))]


def axes(tag):
    moves, turn = tag_words(tag)
    return {*moves, *([turn] if turn else [])}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in REWORDED.items() for text in texts])
def test_reworded_captions_compile_to_the_released_tags(name, text):
    assert compiled(text) == released(name)


@pytest.mark.parametrize("name", ["case1", "case2"])
def test_movement_captions_compile_to_the_released_tags(real_data, name):
    captions = json.loads((real_data / "gendop" / f"{name}_caption.json").read_text())
    frames = json.loads((real_data / "gendop" / f"{name}_transforms_cleaning.json").read_text())["frames"]
    path = convert(np.array([frame["transform_matrix"] for frame in frames]), OPENGL, OPENCV)
    from_file = [tag for tag, _ in groupby(tag for *_, tag in segments(motion_tags(path)))]
    assert compiled(captions["Movement"]) == from_file == released(name)


@pytest.mark.parametrize("key", ["Concise Interaction", "Detailed Interaction"])
@pytest.mark.parametrize("name", ["case1", "case2"])
def test_directorial_captions_follow_the_released_segments(real_data, name, key):
    plan = parse(json.loads((real_data / "gendop" / f"{name}_caption.json").read_text())[key])
    left = released(name)
    for tag in compiled(plan.text):
        while left and not axes(tag) <= axes(left[0]):
            left.pop(0)
        assert left, f"{tag_words(tag)} is in no released segment that is still to come"
    assert plan.unused
    assert not plan.actors


EXPECTED_UNUSED = {4: ["to reveal clouds", "to show more formations"]}


@pytest.mark.parametrize(
    ("line", "moves"), [(0, 4), (1, 4), (2, 3), (3, 3), (4, 4)]
)  # fmt: skip
def test_motion_cases_compile_and_report_their_other_words(real_data, line, moves):
    text = (real_data / "gendop" / "text_motion_cases.txt").read_text().splitlines()[line]
    plan = parse(text)
    assert len(plan.moves) == moves
    assert [words.text for words in plan.unused] == EXPECTED_UNUSED.get(line, [])
    path = compile_path(plan)
    assert np.isfinite(path.T_world_cam).all()
