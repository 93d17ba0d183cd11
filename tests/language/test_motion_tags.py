from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from kinoeye.geometry.convention import OPENCV, OPENGL, convert, homogeneous, rotvec_to_matrix
from kinoeye.language.captions import caption
from kinoeye.language.tags import (
    motion_tags,
    raw_tags,
    segments,
    smooth_tags,
    tag_from_words,
    tag_name,
    tag_words,
    translation_classes,
)

FIXTURE = load_file(Path(__file__).parent / "fixtures" / "tags.safetensors")
CASES = [(name, None) for name in ("case1", "case2", "case3")] + [("synth", index) for index in range(24)]


@pytest.mark.parametrize(("name", "index"), CASES)
def test_tags_equal_the_official_tagger(name, index):
    def read(key):
        values = FIXTURE[f"{name}.{key}"]
        return values if index is None else values[index]

    path = homogeneous(convert(read("poses"), OPENGL, OPENCV))
    translation, rotation = raw_tags(path)
    np.testing.assert_array_equal(translation, read("trans_tags_raw"))
    np.testing.assert_array_equal(rotation, read("rot_tags_raw"))
    np.testing.assert_array_equal(motion_tags(path), read("tags"))


def test_captions_of_the_released_examples():
    def say(name):
        return caption(segments(FIXTURE[f"{name}.tags"]))

    assert say("case1") == (
        "The camera moves right while yawing left, then moves right and forward, and finally remains static."
    )
    assert say("case2") == "The camera remains static, then moves left and forward, and finally remains static."
    assert say("case3") == "The camera moves forward."


@given(st.integers(0, 188))
def test_names_and_classes_are_inverse(tag):
    moves, turn = tag_words(tag)
    assert tag_from_words(moves, turn) == tag
    assert tag_name(0) == "static"


@pytest.mark.parametrize(
    ("velocity", "words"),
    [
        ((1.0, 0.0, 0.0), ("right",)),
        ((0.0, -1.0, 0.0), ("down",)),
        ((0.0, 0.0, -1.0), ("forward",)),
        ((1.0, 0.0, -0.7), ("right", "forward")),
        ((1.0, 0.0, -0.5), ("right",)),
        ((0.02, 0.0, 0.0), ()),
        ((1.0, 0.5, 0.1), ("right",)),
        ((-1.0, 0.9, 0.8), ("left", "up", "backward")),
    ],
)
def test_the_relative_rule_keeps_leading_axes(velocity, words):
    tag = 7 * int(translation_classes(np.array([velocity]))[0])
    assert tag_words(tag)[0] == words


def test_a_turn_needs_a_twohundredth_of_a_radian():
    def tagged(yaw):
        path = np.tile(np.eye(4), (30, 1, 1))
        path[:, :3, :3] = rotvec_to_matrix(np.arange(30)[:, None] * np.array([0.0, yaw, 0.0]))
        return tag_name(motion_tags(path)[0])

    assert tagged(0.0051) == "yaw right"
    assert tagged(-0.0051) == "yaw left"
    assert tagged(0.0049) == "static"


@given(st.lists(st.integers(0, 188), max_size=150))
def test_smoothing_leaves_at_most_four_segments_of_given_classes(tags):
    smoothed = smooth_tags(np.array(tags, dtype=np.int64))
    assert len(smoothed) == len(tags)
    assert len(segments(smoothed)) <= 4
    assert set(smoothed.tolist()) <= set(tags)


def test_a_short_chunk_is_shared_by_its_neighbours():
    tags = np.repeat([14, 7, 21], [40, 9, 40])
    assert segments(smooth_tags(tags)) == [(0, 45, 14), (45, 89, 21)]


@pytest.mark.parametrize("count", [0, 1])
def test_paths_without_a_transition_have_no_tags(count):
    assert motion_tags(np.tile(np.eye(4), (count, 1, 1))).shape == (0,)
    assert caption([]) == "The camera remains static."
