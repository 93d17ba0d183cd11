"""Our own director with a first frame: what it shows decides, without it nothing changes, and who may be shown one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from kinoeye.base.errors import InputError
from kinoeye.cli import main
from kinoeye.evaluation.gendop import contender, direct
from kinoeye.evaluation.world_scores import world_items
from kinoeye.formats.paths import read_path
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.render.film import first_frame
from kinoeye.systems.gendop import directors
from kinoeye.systems.gendop.directors import director, kind_of
from kinoeye.systems.gendop.frame_reader import FrameReader, FrameReaderConfig
from kinoeye.systems.gendop.frame_recipe import FrameRecipe, load_reader, save
from kinoeye.systems.gendop.framed_programs import framed_programs
from kinoeye.systems.gendop.reaches import is_open
from kinoeye.systems.gendop.segment_director import SegmentDirector

SMALL = FrameReaderConfig(width=32, heads=2, image_layers=1, plan_layers=1)


@pytest.fixture(scope="module")
def frames(tmp_path_factory) -> Path:
    """A reader that was taught nothing: what it says still depends on what it is shown."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("reader") / "model"
    save(FrameReader(SMALL), folder)
    return folder


@pytest.fixture
def shipped(frames, monkeypatch) -> None:
    """That reader in the place of the one that ships."""
    monkeypatch.setattr(directors, "_shipped_frames", lambda: frames)


def path_of(found) -> torch.Tensor:
    return found[0].path.T_world_cam.as_matrix()


def test_a_director_with_a_reader_sees_where_its_subject_is(folder, frames):
    with_eyes = director(folder, frames=frames)
    assert isinstance(with_eyes, SegmentDirector)
    item = framed_programs("train", 0)[0]
    plan = parse(f"Orbit left 40 degrees around the {item.shot.actors[0].name}.")
    seen, blind = with_eyes(plan, frame=item.frame), with_eyes(plan)
    assert not torch.allclose(path_of(seen)[-1], path_of(blind)[-1], atol=1e-2)
    told = with_eyes(plan, frame=item.frame, anchors=item.anchors)
    exact = compile_plan(plan, anchors=item.anchors)
    torch.testing.assert_close(path_of(told), exact.T_world_cam.as_matrix())
    with pytest.raises(InputError, match="looks at no frame"):
        replace(with_eyes, reader=None)(plan, frame=item.frame)


def test_without_a_frame_nothing_changes(folder, frames):
    text = "Push in, then pan left."
    one, other = director(folder, frames=None), director(folder, frames=frames)
    torch.testing.assert_close(path_of(one(text)), path_of(other(text)), atol=0, rtol=0)
    assert one(text)[0].plan == other(text)[0].plan


def test_the_part_that_ships_is_used_and_another_can_be_given(folder, frames, shipped, tmp_path):
    torch.manual_seed(4)
    save(FrameReader(SMALL), tmp_path / "another")
    ours, theirs = director(folder), director(folder, frames=tmp_path / "another")
    assert isinstance(ours, SegmentDirector)
    assert isinstance(theirs, SegmentDirector)
    assert ours.reader is not None
    assert theirs.reader is not None
    assert torch.equal(ours.reader.query.weight, load_reader(frames).query.weight)
    assert not torch.equal(ours.reader.query.weight, theirs.reader.query.weight)


def test_the_evaluation_shows_frames_to_those_that_look(folder, shipped, monkeypatch):
    looks = contender(str(folder))
    assert (looks.reads_frames, looks.needs_frames) == (True, False)
    items = list(world_items(3, 3))
    captions, seen = [item.caption for item in items], [first_frame(item.shot) for item in items]
    plans = {item.caption: item.plan for item in items}
    monkeypatch.setattr(SegmentDirector, "plans", lambda self, text, *, n=1, seed=0: [plans[text]] * n)
    shown, unshown = (direct(looks.direct, captions, frames=given) for given in (seen, None))
    zero = direct(looks.direct, captions, frames=[replace(f, depth=np.zeros_like(f.depth)) for f in seen])
    for one, other, none in zip(shown.directed, unshown.directed, zero.directed, strict=True):
        assert not torch.allclose(path_of([one])[-1], path_of([other])[-1], atol=1e-3)
        torch.testing.assert_close(path_of([none]), path_of([other]))
    monkeypatch.setattr(directors, "_shipped_frames", lambda: None)
    assert not contender(str(folder)).reads_frames


@pytest.fixture
def files(tmp_path) -> list[str]:
    """`--image` and `--depth` of a rendered frame, whose sky is infinite."""
    frame = framed_programs("train", 0)[0].frame
    assert frame.image is not None
    assert frame.depth is not None
    Image.fromarray(frame.image).save(tmp_path / "first.png")
    np.save(tmp_path / "first.npy", frame.depth)
    return ["--image", str(tmp_path / "first.png"), "--depth", str(tmp_path / "first.npy")]


def test_direct_looks_at_the_frame_of_the_command_line(learnt, folder, shipped, files, tmp_path):
    known = next(item for item in learnt[1] if any(is_open(action) for action in item.plan.moves[-1].actions))
    command = ["direct", known.caption, "--model", str(folder), "-q", "-o"]
    assert main([*command, str(tmp_path / "seen.json"), *files]) == 0
    assert main([*command, str(tmp_path / "blind.json")]) == 0
    ends = [read_path(tmp_path / name).checked_matrices()[-1] for name in ("seen.json", "blind.json")]
    assert np.abs(ends[0] - ends[1]).max() > 1e-2


@pytest.mark.parametrize("keep", [slice(0, 2), slice(2, 4)])
def test_half_a_frame_is_one_line(learnt, folder, shipped, files, tmp_path, capsys, keep):
    caption = learnt[1][0].caption
    assert main(["direct", caption, "--model", str(folder), "-o", str(tmp_path / "p.json"), *files[keep]]) == 2
    assert "give both --image and --depth" in capsys.readouterr().err
    assert not (tmp_path / "p.json").exists()


def test_a_frame_for_who_looks_at_none_is_one_line(learnt, folder, files, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(directors, "_shipped_frames", lambda: None)
    out = ["-o", str(tmp_path / "p.json")]
    assert main(["direct", learnt[1][0].caption, "--model", str(folder), *out, *files]) == 2
    assert "looks at no frame" in capsys.readouterr().err
    assert main(["direct", "Push in.", *out, *files]) == 2
    assert "--image and --depth cannot be given" in capsys.readouterr().err


def test_a_reader_is_no_director(frames, folder):
    with pytest.raises(InputError, match="directs nothing itself"):
        kind_of(frames)
    with pytest.raises(InputError, match="SegmentConfig"):
        director(folder, frames=folder)


def test_train_frames_is_one_recipe(tmp_path, capsys):
    assert main(["train", "frames", "--preset", "seed", "-o", str(tmp_path / "run")]) == 2
    assert "--preset seed" in capsys.readouterr().err


def test_a_run_of_few_steps_ends_in_a_reader(tmp_path, monkeypatch):
    small = FrameRecipe(steps=2, batch_size=4, worlds=4, first_world=3_100_000, config=SMALL)
    monkeypatch.setattr("kinoeye.systems.gendop.frame_recipe.FrameRecipe", lambda seed: replace(small, seed=seed))
    monkeypatch.setattr("kinoeye.systems.gendop.frame_recipe._VALIDATION_WORLDS", 2)
    assert main(["train", "frames", "-o", str(tmp_path / "run"), "--device", "cpu", "--threads", "1", "-q"]) == 0
    assert load_reader(tmp_path / "run" / "model").config == SMALL
    assert "reach_too_far_eval_worlds" in (tmp_path / "run" / "metrics.jsonl").read_text()
