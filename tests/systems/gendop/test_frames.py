"""First frames: rendered truth keeps clear, tensors keep geometry, and a reader learns where things are from depth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.evaluation.world_scores import collides, in_world
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.language.motion.path import Anchor
from kinoeye.networks.text import Vocabulary
from kinoeye.systems.gendop.frame_reader import (
    GRID,
    PATCH,
    SIDE,
    FrameReader,
    FrameReaderConfig,
    frame_batch,
    from_anchor,
    to_anchor,
)
from kinoeye.systems.gendop.frame_recipe import FrameRecipe, load_reader, save, to_batch
from kinoeye.systems.gendop.framed_programs import framed_program
from kinoeye.systems.gendop.reaches import REACHES, is_open, with_reach
from kinoeye.systems.gendop.segment_director import SegmentDirector
from kinoeye.systems.gendop.segments import SegmentConfig, SegmentModel

SMALL = FrameReaderConfig(width=64, heads=2, image_layers=1, plan_layers=1)


def test_anchors_go_through_places_and_back():
    anchor = Anchor((0.7, 1.2, 4.0), (0.5, 0.5, 1.6))
    again = to_anchor(from_anchor(anchor))
    assert np.allclose(again.position_xyz, anchor.position_xyz)
    assert np.allclose(again.size_xyz, anchor.size_xyz)


@pytest.mark.parametrize("seed", range(12))
def test_the_chosen_reaches_keep_clear_of_the_whole_world(seed):
    """By the checker of shots, which samples between frames too, not by the code that chose them."""
    item = framed_program("train", seed)
    plan, stated = item.captioned.plan, False
    moves = []
    for move, number in zip(plan.moves, item.reaches, strict=True):
        stated = stated or number is None or number == len(REACHES) - 1
        moves.append(move if number is None else with_reach(move, REACHES[number]))
    shot = in_world(compile_plan(replace(plan, moves=tuple(moves)), anchors=item.anchors), item.shot)
    assert shot is not None
    assert stated or not collides(shot)


def test_some_worlds_leave_no_room_for_the_whole_move():
    numbers = [number for seed in range(60) for number in framed_program("train", seed).reaches if number is not None]
    assert numbers.count(0) > 20
    assert sum(number > 0 for number in numbers) > 5


def test_a_share_of_the_default_is_exactly_that():
    move = parse("Slowly push in and rise slightly.").moves[0]
    whole, half = with_reach(move, 1.0), with_reach(move, 0.5)
    path, shorter = (compile_plan(replace(parse("hold"), moves=(m,))) for m in (whole, half))
    ends = [p.T_world_cam.translation[-1] for p in (path, shorter)]
    torch.testing.assert_close(ends[1], 0.5 * ends[0])
    stated = parse("Push in two metres.").moves[0]
    assert not is_open(stated.actions[0])
    assert with_reach(stated, 0.5) == stated


def test_the_middle_of_a_patch_looks_where_its_pixels_look():
    item = framed_program("train", 3)
    assert item.frame.intrinsics is not None
    wide = RGBD(
        image=np.zeros((48, 96, 3), np.uint8),
        depth=np.ones((48, 96), np.float32),
        intrinsics=item.frame.intrinsics.resize((64, 64)),
    )
    plan = item.captioned.plan
    batch = frame_batch([(plan, item.frame), (plan, replace(wide, intrinsics=None))])
    fx, fy, cx, cy = item.frame.intrinsics.fx_fy_cx_cy.reshape(-1, 4)[0].tolist()
    for row, column in ((0, 0), (3, 5), (GRID - 1, GRID - 1)):
        expected = ((column + 0.5) * PATCH - cx) / fx, ((row + 0.5) * PATCH - cy) / fy
        assert batch.rays[0, row, column].tolist() == pytest.approx(expected, abs=1e-5)
    known = batch.pixels[1, 4]
    assert known.sum() == SIDE * SIDE / 2, "a wide frame fills half of the square"
    assert known[: SIDE // 4].sum() == 0


def test_depth_is_read_off_each_patch_and_unknown_depth_is_said():
    image, depth = np.zeros((SIDE, SIDE, 3), np.uint8), np.full((SIDE, SIDE), 3.0, np.float32)
    depth[:PATCH, :PATCH] = np.nan
    depth[PATCH : 2 * PATCH, :PATCH] = np.inf
    batch = frame_batch([(parse("push in"), RGBD(image=image, depth=depth))])
    assert batch.log_depth[0, 0, 0].item() == pytest.approx(math.log(4.0))
    assert batch.log_depth[0, 4, 4].item() == pytest.approx(math.log(3.0))
    assert batch.pixels[0, 5].sum() == PATCH * PATCH
    assert batch.pixels[0, 4].sum() == SIDE * SIDE - 2 * PATCH * PATCH


@pytest.mark.parametrize("missing", ["image", "depth"])
def test_a_frame_without_colour_or_depth_is_refused(missing):
    frame = replace(framed_program("train", 1).frame, **{missing: None})
    with pytest.raises(InputError, match="both --image and --depth"):
        frame_batch([(parse("push in"), frame)])


@pytest.fixture(scope="module")
def learnt():
    """A small reader that has seen 32 frames often."""
    torch.manual_seed(0)
    items = [framed_program("train", seed) for seed in range(32)]
    model, batch, recipe = FrameReader(SMALL), to_batch(items), FrameRecipe()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator()
    for _ in range(150):
        loss = recipe.loss(model, batch, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval(), items, batch


def test_a_reader_learns_where_actors_are_and_how_far_moves_may_go(learnt):
    model, items, batch = learnt
    with torch.no_grad():
        losses = FrameRecipe().loss(model, batch, torch.Generator())
    assert losses["patch"] < 0.2
    assert losses["reach"] < 0.3
    item = next(
        item for item in items if item.captioned.plan.actors and item.captioned.plan.actors[0].name in item.anchors
    )
    anchors, plan = model.read(item.captioned.plan, item.frame)
    name = item.captioned.plan.actors[0].name
    assert anchors[name].position_xyz[2] == pytest.approx(item.anchors[name].position_xyz[2], rel=0.25)
    assert [move.actions[0].kind for move in plan.moves] == [move.actions[0].kind for move in item.captioned.plan.moves]


def test_depth_and_colour_matter(learnt):
    model, items, _ = learnt
    whole = to_batch(items)
    blind = to_batch([replace(item, frame=replace(item.frame, depth=np.zeros((SIDE, SIDE)))) for item in items])
    grey = to_batch(
        [replace(item, frame=replace(item.frame, image=np.full((SIDE, SIDE, 3), 127, np.uint8))) for item in items]
    )
    with torch.no_grad():
        losses = [FrameRecipe().loss(model, batch, torch.Generator()) for batch in (whole, blind, grey)]
    assert losses[1]["place"] > 2 * losses[0]["place"]
    assert losses[2]["patch"] > 2 * losses[0]["patch"]


def test_a_director_with_a_reader_sees_where_its_subject_is(learnt, tmp_path):
    model, items, _ = learnt
    save(model, tmp_path)
    reader = load_reader(tmp_path)
    words = Vocabulary.of([("orbit", "left")], least=1, buckets=64).words
    size = {"width": 32, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "buckets": 64}
    director = SegmentDirector(model=SegmentModel(SegmentConfig(words=words, **size)).eval(), reader=reader)
    item = items[0]
    name = item.shot.actors[0].name
    plan = parse(f"Orbit left 40 degrees around the {name}.")
    seen, blind = director(plan, frame=item.frame)[0], director(plan)[0]
    assert not torch.allclose(seen.path.T_world_cam.as_matrix()[-1], blind.path.T_world_cam.as_matrix()[-1], atol=1e-2)
    told = director(plan, frame=item.frame, anchors=item.anchors)[0]
    exact = compile_plan(plan, anchors=item.anchors)
    torch.testing.assert_close(told.path.T_world_cam.as_matrix(), exact.T_world_cam.as_matrix())
    with pytest.raises(InputError, match="looks at no frame"):
        replace(director, reader=None)(plan, frame=item.frame)
