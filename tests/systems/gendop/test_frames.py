"""First frames: rendered truth keeps clear, tensors keep geometry, and a reader learns where things are from depth."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count, islice, pairwise

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.evaluation.world_scores import collides, in_world
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.language.motion.path import Anchor
from kinoeye.language.plan import Action, Move, Plan
from kinoeye.render import first_frame
from kinoeye.render.worlds import world
from kinoeye.shot.staging import anchors_from_first_camera
from kinoeye.systems.gendop.frame_lessons import (
    IGNORED,
    FrameLesson,
    RenderedWorlds,
    lesson,
    lesson_batch,
    mirrored,
)
from kinoeye.systems.gendop.frame_reader import FrameReader, FrameReaderConfig, cautious, from_anchor, to_anchor
from kinoeye.systems.gendop.frame_recipe import FrameRecipe, load_reader, reading_scores, save
from kinoeye.systems.gendop.frame_tensors import GRID, PATCH, SIDE, frame_batch, stacked
from kinoeye.systems.gendop.framed_programs import FramedProgram, framed_programs, open_reaches
from kinoeye.systems.gendop.reaches import REACHES, is_open, with_aims, with_reach
from kinoeye.weights import resolve

SMALL = FrameReaderConfig(width=64, heads=2, image_layers=1, plan_layers=1)


def test_anchors_go_through_places_and_back():
    anchor = Anchor((0.7, 1.2, 4.0), (0.5, 0.5, 1.6))
    again = to_anchor(from_anchor(anchor))
    assert np.allclose(again.position_xyz, anchor.position_xyz)
    assert np.allclose(again.size_xyz, anchor.size_xyz)


@pytest.mark.parametrize("seed", range(4))
def test_the_chosen_reaches_keep_clear_of_the_whole_world(seed):
    """By the checker of shots, which samples between frames too, not by the code that chose them."""
    for item in framed_programs("train", seed):
        stated, moves = False, []
        for move, number in zip(item.plan.moves, item.reaches, strict=True):
            stated = stated or number is None or number == len(REACHES) - 1
            moves.append(move if number is None else with_reach(move, REACHES[number]))
        shot = in_world(compile_plan(replace(item.plan, moves=tuple(moves)), anchors=item.anchors), item.shot)
        assert shot is not None
        assert stated or not collides(shot)


def test_some_worlds_leave_no_room_for_the_whole_move():
    programs = [item for seed in range(20) for item in framed_programs("train", seed)]
    numbers = [number for item in programs for number in item.reaches if number is not None]
    assert numbers.count(0) > 40
    assert sum(number > 0 for number in numbers) > 10


def test_plans_are_about_actors_that_the_frame_shows():
    for item in framed_programs("eval", 5)[1:]:
        targets = {action.target for move in item.plan.moves for action in move.actions} - {None}
        assert targets <= set(item.anchors)
        assert {actor.name for actor in item.with_everybody.actors} >= set(item.anchors)


def test_a_share_of_the_default_is_exactly_that():
    move = parse("Slowly push in and rise slightly.").moves[0]
    path, shorter = (compile_plan(replace(parse("hold"), moves=(m,))) for m in (move, with_reach(move, 0.5)))
    ends = [p.T_world_cam.translation[-1] for p in (path, shorter)]
    torch.testing.assert_close(ends[1], 0.5 * ends[0])
    stated = parse("Push in two metres.").moves[0]
    assert not is_open(stated.actions[0])
    assert with_reach(stated, 0.5) == stated


def test_the_whole_reach_leaves_a_push_that_stops_short_of_its_subject():
    move = Move((Action("dolly", "forward", target="red cone"),))
    assert with_reach(move, 1.0) == move


@pytest.mark.parametrize(
    ("moves", "aimed"),
    [
        ([Action("dolly", "forward", target="red cone")], True),
        ([Action("dolly", "forward", target="green box")], False),
        ([Action("dolly", "forward", target="blue box")], False),
        ([Action("dolly", "forward")], False),
        ([Action("dolly", "forward", target="red cone"), Action("yaw", "left")], False),
        ([Action("truck", "left")], False),
    ],
)
def test_a_push_towards_somebody_who_was_seen_aside_is_aimed(moves, aimed):
    plan = Plan((Move(tuple(moves)),))
    anchors = {
        "red cone": Anchor((1.0, 1.0, 5.0), (1.0, 1.0, 1.0)),
        "green box": Anchor((0.2, 0.5, 5.0), (1.0, 1.0, 1.0)),
    }
    assert (with_aims(plan, anchors) != plan) == aimed


def test_an_aimed_push_ends_with_its_subject_in_the_middle():
    anchors = {"red cone": Anchor((1.2, 1.0, 5.0), (0.8, 0.8, 1.0))}
    push = Plan((Move((Action("dolly", "forward", target="red cone"),)),))
    pose = compile_plan(with_aims(push, anchors), anchors=anchors).T_world_cam.as_matrix()[-1].numpy()
    x, y, z = np.linalg.inv(pose)[:3, :3] @ (np.array([1.2, 0.5, 5.0]) - pose[:3, 3])
    assert max(abs(x), abs(y)) < 0.01 * z


def test_the_middle_of_a_patch_looks_where_its_pixels_look():
    item = framed_programs("train", 3)[0]
    assert item.frame.intrinsics is not None
    wide = RGBD(
        image=np.zeros((48, 96, 3), np.uint8),
        depth=np.ones((48, 96), np.float32),
        intrinsics=item.frame.intrinsics.resize((64, 64)),
    )
    batch = frame_batch([(item.plan, item.frame), (item.plan, replace(wide, intrinsics=None))])
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
    assert batch.known[0, :3, 0].tolist() == [0.0, 0.0, 1.0]
    assert batch.pixels[0, 5].sum() == PATCH * PATCH
    assert batch.pixels[0, 4].sum() == SIDE * SIDE - 2 * PATCH * PATCH
    metres = batch.pixels[0, 8:, -1, -1].sinh() / batch.pixels[0, 6:8, -1, -1]
    assert metres.tolist() == pytest.approx([3.0, 3.0], rel=1e-4)


@pytest.mark.parametrize("missing", ["image", "depth"])
def test_a_frame_without_colour_or_depth_is_refused(missing):
    frame = replace(framed_programs("train", 1)[0].frame, **{missing: None})
    with pytest.raises(InputError, match="both --image and --depth"):
        frame_batch([(parse("push in"), frame)])


def test_a_plan_of_too_many_moves_is_refused():
    plan = Plan(tuple(Move((Action("yaw", side),)) for side in ("left", "right") * 13))
    with pytest.raises(InputError, match="52 actions and ends; at most 48"):
        frame_batch([(plan, framed_programs("train", 1)[0].frame)])


def test_a_mirrored_lesson_says_the_same_of_a_mirrored_world():
    found = lesson(framed_programs("train", 2)[1])
    other = mirrored(found)
    again = mirrored(other)
    for name in ("patch", "place", "reach"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    assert np.array_equal(again.plan.items, found.plan.items)
    assert np.array_equal(again.frame.image, found.frame.image)
    here, there = (lesson_batch([item]) for item in (found, other))
    torch.testing.assert_close(there["rays"][..., 0], -here["rays"].flip(2)[..., 0])
    fx, fy, cx, cy = other.frame.lens
    for patch, place in zip(other.patch, other.place, strict=True):
        if patch != IGNORED:
            row, column = (place[1] * fy + cy) // PATCH, (place[0] * fx + cx) // PATCH
            assert patch == row * GRID + column
    assert not np.array_equal(other.patch, found.patch)


RECIPE = FrameRecipe(steps=4, batch_size=4, worlds=6, first_world=3_000_000)


def test_a_resumed_run_sees_what_an_unbroken_one_sees():
    """Beyond the first round too, when worlds come in another order and most were rendered before the break."""
    phase = RECIPE.phases[0]
    unbroken = list(islice(RECIPE.batches(phase, rank=0, world=1, start=0), 5))
    for start in (1, 3, 4):
        resumed = next(iter(RECIPE.batches(phase, rank=0, world=1, start=start)))
        assert all(torch.equal(resumed[name], unbroken[start][name]) for name in unbroken[start])


def test_every_world_is_visited_before_any_is_again_and_never_looks_the_same():
    worlds, rng = RenderedWorlds("train", 3_000_000, 4), np.random.default_rng(0)
    frames = [worlds.visit(number, rng).frame for number in range(8)]
    near = [np.nanquantile(np.where(np.isfinite(frame.depth), frame.depth, np.nan), 0.1) for frame in frames]
    first, second = sorted(near[:4]), sorted(near[4:])
    assert first == pytest.approx(second, rel=0.05)  # wear changes what is near by little
    assert min(np.diff(first)) > 0
    assert not any(np.array_equal(one.image, other.image) for one in frames[:4] for other in frames[4:])


def test_more_caution_never_goes_farther():
    logits = torch.randn(64, len(REACHES), generator=torch.Generator().manual_seed(0)) * 3
    chosen = [cautious(logits, caution) for caution in (0.2, 0.5, 0.8, 0.95, 1.0)]
    for less, more in pairwise(chosen):
        assert (more >= less).all()
    assert (chosen[-1] > chosen[0]).any()


def test_what_is_clear_far_out_counts_as_clear_nearer_by():
    shares = torch.tensor([0.5, 0.1, 0.3, 0.06, 0.01, 0.01, 0.01, 0.01])
    assert cautious(shares.log(), 0.5) == 0
    assert cautious(shares.log(), 0.55) == 1
    assert cautious(shares.log(), 0.85) == 2
    assert cautious(shares.log(), 1.0) == len(REACHES) - 1


DOWN = Plan((Move((Action("pedestal", "down"),)),))


@pytest.fixture(scope="module")
def worlds() -> list[FramedProgram]:
    """Of 20 worlds one plan that is about somebody, and one that is the same for all: depth says how far down.

    In each there are two of a kind, so that colour tells who is meant.
    """
    seeds = (seed for seed in count() if has_two_of_a_kind(seed))
    found = [framed_programs("train", seed)[1] for seed in islice(seeds, 20)]
    return [*found, *(_lowered(item) for item in found)]


def has_two_of_a_kind(seed: int) -> bool:
    actors = world("train", seed, num_frames=2, size_wh=(SIDE, SIDE), static=True).actors
    return len({actor.name.split()[1] for actor in actors}) < len(actors)


def _lowered(item: FramedProgram) -> FramedProgram:
    return replace(item, plan=DOWN, reaches=open_reaches(DOWN, item.shot, item.anchors))


@pytest.fixture(scope="module")
def lessons(worlds: list[FramedProgram]) -> list[FrameLesson]:
    return [lesson(item) for item in worlds]


@pytest.fixture(scope="module")
def learnt(lessons: list[FrameLesson]) -> FrameReader:
    """A small reader that has seen twenty worlds often."""
    torch.manual_seed(0)
    model, batch, recipe = FrameReader(SMALL), lesson_batch(lessons), FrameRecipe()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator()
    for _ in range(150):
        loss = recipe.loss(model, batch, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def test_a_reader_learns_where_actors_are_and_how_far_moves_may_go(learnt, lessons, worlds):
    scores = reading_scores(learnt, lessons)
    assert scores["patch_found"] > 0.9
    assert scores["depth_error"] < 0.1
    assert scores["reach_exact"] > 0.9
    assert scores["reach_too_far"] < 0.05
    assert scores["reach_kept"] > 0.8
    item = worlds[0]
    anchors, plan = learnt.read(item.plan, item.frame)
    name = item.plan.actors[0].name
    assert anchors[name].position_xyz[2] == pytest.approx(item.anchors[name].position_xyz[2], rel=0.25)
    assert [move.actions[0].kind for move in plan.moves] == [move.actions[0].kind for move in item.plan.moves]


def test_depth_and_colour_matter(learnt, worlds):
    """Of every condition of the frame alone: the truth is that of the whole frame."""
    other = [*worlds[1:20], worlds[0], *worlds[21:], worlds[20]]
    pairs = list(zip(worlds, other, strict=True))
    shown = {
        "whole": worlds,
        "depth": [replace(item, frame=replace(item.frame, depth=another.frame.depth)) for item, another in pairs],
        "image": [replace(item, frame=replace(item.frame, image=another.frame.image)) for item, another in pairs],
    }
    scores = {name: reading_scores(learnt, [lesson(item) for item in items]) for name, items in shown.items()}
    assert scores["depth"]["depth_error"] > 2 * scores["whole"]["depth_error"]
    assert scores["depth"]["reach_exact"] < 0.85 * scores["whole"]["reach_exact"]
    assert scores["image"]["patch_found"] < 0.7 * scores["whole"]["patch_found"]


def test_a_distance_that_nobody_measured_is_not_made_up(learnt, worlds):
    item = next(item for item in worlds if any(is_open(action) for action in item.plan.moves[0].actions))
    anchors, plan = learnt.read(item.plan, replace(item.frame, depth=np.zeros((SIDE, SIDE), np.float32)))
    assert anchors == {}
    assert plan == item.plan


def test_the_plan_matters_to_how_far_it_goes(learnt, worlds):
    """In one world, what is stated stays and what is open becomes an amount."""
    stated = parse("Truck left one metre, then pan right.")
    low = next(item for item in worlds[20:] if item.reaches[0])
    assert learnt.read(stated, low.frame)[1] == stated
    chosen = learnt.read(DOWN, low.frame)[1].moves[0].actions[0].amount
    assert chosen is not None
    assert chosen < 2.0
    assert learnt.read(Plan((Move((Action("pedestal", "up"),)),)), low.frame)[1] != learnt.read(DOWN, low.frame)[1]


def test_a_saved_reader_says_the_same(learnt, lessons, tmp_path):
    save(learnt, tmp_path)
    again = load_reader(tmp_path)
    batch = stacked([item.frame for item in lessons[:4]], [item.plan for item in lessons[:4]])
    with torch.no_grad():
        ours, theirs = learnt(batch), again(batch)
    torch.testing.assert_close(ours.place, theirs.place, atol=0.02, rtol=0.02)  # 16 bits


def test_the_reader_that_ships_knows_people_by_what_they_wear():
    reader = load_reader(resolve("frames", system="gendop").path)
    right = []
    for seed in range(120):
        shot = world("eval", seed, num_frames=2, size_wh=(SIDE, SIDE), static=True)
        people = [actor.name for actor in shot.actors if actor.name.endswith("person")]
        if len(people) < 2:
            continue
        true, frame = anchors_from_first_camera(shot), first_frame(shot)
        for name in people:
            found = reader.read(parse(f"Orbit left around the person in {name.split()[0]}."), frame)[0]
            if found:
                place = np.array(next(iter(found.values())).position_xyz)
                right.append(min(true, key=lambda n: float(np.linalg.norm(place - true[n].position_xyz))) == name)
            else:
                right.append(False)
    assert len(right) > 60
    assert np.mean(right) > 0.8
