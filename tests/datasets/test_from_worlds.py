"""Sets of our own worlds: the official layout, true captions, and the same bytes for the same seed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.base.jobs import Item
from kinoeye.datasets import WorldPlan, check_datadop, datadop_from_worlds
from kinoeye.datasets.datadop_layout import LISTS, MAX_TOKENS, SPLITS, least_tokens, shot_file
from kinoeye.datasets.publishing import clock, split_names
from kinoeye.datasets.world_shots import FilmWorld
from kinoeye.formats import read_path
from kinoeye.language.captions import caption
from kinoeye.language.prose import definite
from kinoeye.language.tags import MAX_SEGMENTS, motion_tags, segments
from kinoeye.render import world
from kinoeye.shot.captions.interaction import SubjectStory, interaction_captions
from kinoeye.shot.captions.story import brief


def shots_of(folder: Path) -> list[tuple[str, str]]:
    return [(split, shot) for split in SPLITS for shot in (folder / LISTS[split]).read_text().split()]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_seed_gives_the_same_bytes_however_many_work(made_set: Path, tmp_path: Path):
    again = tmp_path / "elsewhere" / "again"
    report = datadop_from_worlds(WorldPlan(world_seed=5, count=3, workers=2), again)
    assert report.counts() == {"given": 3, "done": 3, "failed": 0, "skipped": 0}
    assert contents(again) == contents(made_set)
    assert check_datadop(again).faults == ()


def test_a_larger_set_keeps_what_is_made(made_set: Path):
    report = datadop_from_worlds(WorldPlan(world_seed=5, count=3), made_set)
    assert report.counts() == {"given": 3, "done": 0, "failed": 0, "skipped": 3}


def test_captions_and_depth_are_those_of_the_path_and_its_world(made_set: Path):
    facts = json.loads((made_set / "provenance.json").read_text())
    for split, shot in shots_of(made_set):
        path = read_path(shot_file(made_set, split, shot, "transforms"))
        raw = read_path(shot_file(made_set, split, shot, "traj"))
        np.testing.assert_allclose(path.T_world_cam, raw.T_world_cam, atol=1e-9)
        np.testing.assert_allclose(path.T_world_cam[0], np.eye(4)[:3], atol=1e-9)
        captions = json.loads(shot_file(made_set, split, shot, "caption").read_text())
        assert captions["Movement"] == caption(segments(motion_tags(path.checked_matrices())))
        assert definite(facts[shot]["subject"]) in captions["Concise Interaction"]
        scene = world("train", facts[shot]["world_seed"], num_frames=2, size_wh=(512, 288), static=True)
        assert facts[shot]["subject"] in [brief(actor.prompt) for actor in scene.actors]
        assert path.intrinsics is not None
        np.testing.assert_allclose(path.intrinsics[0], scene.camera.intrinsics.as_matrix()[0].numpy())
        depth = np.load(shot_file(made_set, split, shot, "depth"))
        assert depth.shape == (288, 512)
        assert 0.3 < depth.min() < 10


def test_the_card_and_the_metadata_say_what_it_is(made_set: Path):
    card = (made_set / "README.md").read_text()
    assert "world seed 5" in card
    assert "2 shots for training and 1 for testing" in card
    rows = (made_set / "metadata.csv").read_text().splitlines()
    assert rows[0] == "ClipID,YouTubeID,CropSize,StartTime,EndTime"
    assert rows[1] == "2_5_00000/shot_0000,,512:288:0:0,00:00:00.000,00:00:04.000"
    assert json.loads((made_set / "run.json").read_text())["seeds"] == {"world_seed": 5}


def test_another_seed_gives_another_world(tmp_path: Path):
    one, other = (FilmWorld(tmp_path)(Item("2_0_00000/shot_0000"), seed) for seed in (1, 2))
    assert isinstance(one, Item)
    assert isinstance(other, Item)
    assert one.data["world_seed"] != other.data["world_seed"]
    assert one.data["moves"] != other.data["moves"]


def test_impossible_counts_are_refused():
    with pytest.raises(InputError, match="ask for 1 to 100,000"):
        WorldPlan(world_seed=0, count=0)


@given(
    st.lists(st.integers(0, 188), min_size=1, max_size=MAX_SEGMENTS),
    st.sampled_from(["left", "middle", "right", "out of view"]),
    st.sampled_from(["leaves", "grows", "shrinks", "stays"]),
    st.integers(0, 2**32),
)
def test_interaction_captions_name_the_subject_and_fit(classes: list[int], side: str, ending: str, seed: int):
    runs = [(10 * i, 10 * i + 10, tag) for i, tag in enumerate(classes)]
    story = SubjectStory(
        subject="an orange checkered four-sided spire",
        others=("a red robot", "a cyan cone"),
        place="a plain photo studio with a soft grey backdrop",
        side=side,  # type: ignore[arg-type]
        ending=ending,  # type: ignore[arg-type]
    )
    written = interaction_captions(runs, story, np.random.default_rng(seed))
    assert "the orange checkered four-sided spire" in written["Concise Interaction"]
    assert "a red robot and a cyan cone" in written["Detailed Interaction"]
    assert least_tokens(written["Concise Interaction"]) <= MAX_TOKENS
    assert all("{" not in text and "  " not in text and text.endswith(".") for text in written.values())


@given(st.integers(0, 300), st.integers(0, 2**32))
def test_splits_share_nothing_and_lose_nothing(count: int, seed: int):
    names = [f"1_v/shot_{i:04d}" for i in range(count)]
    halves = split_names(names[::-1], seed)
    assert sorted(halves["train"] + halves["test"]) == names
    assert len(halves["test"]) == (max(round(count / 10), 1) if count > 1 else 0)
    assert halves == split_names(names, seed)


def test_clock_times():
    assert clock(0) == "00:00:00.000"
    assert clock(59.9996) == "00:01:00.000"
