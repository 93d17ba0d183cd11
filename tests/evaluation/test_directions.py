"""Plans against plans, paths against paths, and paths in worlds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.evaluation.path_diversity import path_diversity
from kinoeye.evaluation.path_tags import count_tags, poses_of, tag_measurements
from kinoeye.evaluation.program_metrics import exact_program, segment_similarity
from kinoeye.evaluation.world_scores import (
    collides,
    framing_error,
    in_world,
    score_in_worlds,
    true_world_paths,
    world_items,
)
from kinoeye.language import Action, Directed, GrammarDirector, Move, Plan, parse
from kinoeye.language import compile as compile_plan
from kinoeye.language.sampling import random_plan

seeds = st.integers(0, 2**32 - 1)
LEFT, RIGHT = Action("yaw", "left"), Action("yaw", "right")


def plan(*moves: tuple[Action, ...]) -> Plan:
    return Plan(tuple(Move(actions) for actions in moves))


@given(seeds)
def test_a_plan_is_its_own_program_and_no_shorter_one_is(seed):
    true = random_plan(np.random.default_rng(seed), amounts=True)
    assert exact_program(true, true)
    assert segment_similarity(true, true) == 1
    longer = replace(true, moves=(*true.moves, Move((Action("hold"),))))
    assert not exact_program(true, longer)
    assert not exact_program(longer, true)


def test_the_order_of_moves_counts_and_that_of_actions_does_not():
    up = Action("pedestal", "up")
    assert exact_program(plan((LEFT, up)), plan((up, LEFT)))
    assert not exact_program(plan((LEFT,), (up,)), plan((up,), (LEFT,)))
    assert not exact_program(plan((LEFT, up)), plan((LEFT,), (up,)))


def test_directions_and_holds_count():
    assert not exact_program(plan((LEFT,)), plan((RIGHT,)))
    assert not exact_program(plan((Action("hold"),), (LEFT,)), plan((LEFT,)))


@pytest.mark.parametrize(
    ("true", "predicted", "same"),
    [
        (Action("yaw", "left", amount=1.0), Action("yaw", "left", amount=1.25), True),
        (Action("yaw", "left", amount=1.0), Action("yaw", "left", amount=0.74), False),
        (Action("yaw", "left", amount=1.0), Action("yaw", "left", amount=1.26), False),
        (Action("yaw", "left", amount=1.0), Action("yaw", "left"), False),
        (Action("yaw", "left"), Action("yaw", "left", amount=3.0), True),
        (Action("zoom", "in", amount=2.0), Action("zoom", "in", amount=2.3), True),
        (Action("zoom", "in", amount=1.2), Action("zoom", "in", amount=1.01), False),
        (Action("truck", "left", amount=2.0), Action("truck", "left", amount=2.0, target="box"), True),
    ],
)
def test_a_stated_amount_is_within_a_quarter(true, predicted, same):
    assert exact_program(plan((true,)), plan((predicted,))) is same


def test_a_rate_for_a_time_states_an_amount():
    true = Plan((Move((Action("yaw", "left", rate=0.5),), duration_s=2.0),))
    assert exact_program(true, plan((Action("yaw", "left", amount=1.1),)))
    assert not exact_program(true, plan((Action("yaw", "left", amount=2.0),)))
    zoom = Plan((Move((Action("zoom", "in", rate=0.35),), duration_s=2.0),))
    assert exact_program(zoom, plan((Action("zoom", "in", amount=math.exp(0.7)),)))


@given(seeds, seeds)
def test_segment_similarity_is_a_symmetric_share(a, b):
    one, other = (random_plan(np.random.default_rng(seed)) for seed in (a, b))
    assert segment_similarity(one, other) == segment_similarity(other, one)
    assert 0 <= segment_similarity(one, other) <= 1


def test_segment_similarity_by_hand():
    up = Action("pedestal", "up")
    assert segment_similarity(plan((LEFT,), (up,), (RIGHT,)), plan((LEFT,), (RIGHT,))) == pytest.approx(2 / 3)
    assert segment_similarity(plan((LEFT,), (RIGHT,)), plan((RIGHT,), (LEFT,))) == 0
    assert segment_similarity(plan((LEFT,), (RIGHT,), (LEFT,)), plan((RIGHT,), (LEFT,), (RIGHT,))) == pytest.approx(
        1 / 3
    )


def test_tags_of_a_path_are_compared_frame_by_frame():
    forward, back, still = (poses_of(compile_plan(parse(text)).track, 60) for text in ("push in", "pull out", "hold"))
    assert tag_measurements(count_tags([forward, back], [forward, back]))["tag_f1"].value == pytest.approx(1)
    assert tag_measurements(count_tags([back, forward], [forward, back]))["tag_f1"].value == 0
    missing = tag_measurements(count_tags([forward, None], [forward, forward]))
    assert missing["tag_recall"].value == pytest.approx(0.5)
    assert missing["tag_precision"].value == pytest.approx(1)
    assert tag_measurements(count_tags([still], [forward]))["tag_f1"].value == 0


def test_a_path_of_another_length_is_sampled_at_even_times():
    track = compile_plan(parse("truck left two metres, linear")).track
    poses = poses_of(track, 7)
    assert poses.shape == (7, 4, 4)
    assert poses[-1] == pytest.approx(poses_of(track)[-1])
    assert poses[3, :3, 3] == pytest.approx(poses[-1, :3, 3] / 2, abs=1e-6)


def test_diversity_is_a_share_of_the_motion_at_any_scale():
    texts = ("push in 2 metres", "pull out 1 metre", "pan left")
    paths = [poses_of(compile_plan(parse(text)).track, 30) for text in texts]
    translation, rotation = path_diversity(paths)
    assert translation > 0.3
    assert rotation > 0.3
    larger = [path.copy() for path in paths]
    for path in larger:
        path[:, :3, 3] *= 50
    assert path_diversity(larger) == pytest.approx((translation, rotation))
    assert path_diversity([paths[0], paths[0]]) == (0, 0)


@pytest.fixture(scope="module")
def items():
    return list(world_items(5, 8))


def directed(item, text: str) -> Directed:
    asked = parse(text)
    return Directed(compile_plan(asked, num_frames=20), asked)


def towards(item, share: float) -> Directed:
    """Straight at the subject, so far of the way to its middle."""
    T_cam_world = item.shot.camera.T_world_cam[0].inverse()
    actor = item.shot.actor(item.subject)
    middle = actor.track.T_world_body.translation[0] + torch.tensor([0, 0, actor.size_xyz[2] / 2], dtype=torch.float64)
    path = compile_plan(parse("push in"), num_frames=40)
    line = (T_cam_world @ middle) * torch.linspace(0, share, 40, dtype=torch.float64)[:, None]
    pose = type(path.T_world_cam).from_parts(path.T_world_cam.rotation, line)
    return Directed(replace(path, track=replace(path.track, T_world_body=pose)), parse("push in"))


def test_captions_of_worlds_are_read_back_to_their_plans_and_name_somebody_there(items):
    for item in items:
        assert parse(item.caption).moves == item.plan.moves
        assert item.subject in [actor.name for actor in item.shot.actors]
    assert [item.caption for item in items] == [item.caption for item in world_items(5, 8)]
    assert [item.caption for item in items] != [item.caption for item in world_items(6, 8)]


def test_a_camera_that_goes_through_its_subject_collides_between_frames_too(items):
    for item in items[:3]:
        assert not collides(in_world(towards(item, 0.3).path, item.shot))
        assert collides(in_world(towards(item, 1.5).path, item.shot))


def test_a_directed_path_starts_at_the_first_camera_with_its_lens(items):
    shot = items[0].shot
    placed = in_world(directed(items[0], "zoom in 2 times").path, shot)
    start = placed.camera.T_world_cam[0].as_matrix()
    assert torch.allclose(start, shot.camera.T_world_cam[0].as_matrix())
    focal = placed.camera.intrinsics.fx_fy_cx_cy[:, 0]
    assert float(focal[0]) == pytest.approx(float(shot.camera.intrinsics.fx_fy_cx_cy.reshape(-1, 4)[0, 0]))
    assert float(focal[-1] / focal[0]) == pytest.approx(2, rel=1e-6)


def test_looking_away_is_worse_framing_than_staying(items):
    for item in items[:3]:
        still = framing_error(in_world(directed(item, "hold").path, item.shot), item.subject)
        away = framing_error(in_world(directed(item, "pan left 170 degrees").path, item.shot), item.subject)
        assert 0 <= still < away <= 1


def test_a_subject_that_somebody_stands_in_front_of_is_not_found(items):
    item = items[0]
    actor = item.shot.actor(item.subject)
    wall = replace(actor, name="wall", size_xyz=(0.1, 30.0, 30.0))
    T = item.shot.camera.T_world_cam[0]
    between = actor.track.T_world_body.translation[0] * 0.5 + T.translation * 0.5
    facing = math.atan2(*reversed((T.translation - between)[:2].tolist()))
    rotation = type(actor.track.T_world_body.rotation).exp(torch.tensor([0, 0, facing], dtype=torch.float64))
    pose = type(T).from_parts(rotation[None], (between * torch.tensor([1.0, 1.0, 0.0]))[None])
    wall = replace(wall, track=replace(actor.track, T_world_body=pose, times_s=actor.track.times_s[:1]), avatar=None)
    hidden = replace(item.shot, actors=(*item.shot.actors, wall))
    still = directed(item, "hold").path
    assert framing_error(in_world(still, item.shot), item.subject) < 0.9
    assert framing_error(in_world(still, hidden), item.subject) == 1


def scores_of(found: list[Directed | Failure], items: list[WorldItem]) -> dict[str, Measurement]:
    return score_in_worlds(found, items, true=true_world_paths(items))


def test_failures_and_paths_without_metres_are_the_worst_in_worlds(items):
    found = [Failure("no words")] * 2 + [GrammarDirector()(items[2].caption)[0]]
    arbitrary = found[2].path
    arbitrary = replace(arbitrary, track=replace(arbitrary.track, unit="arbitrary"))
    scores = scores_of([*found[:2], Directed(arbitrary, found[2].plan)], items[:3])
    assert scores["collision_rate"].value == 1
    assert scores["framing_error"].value == 1
    assert scores_of(found[:2], items[:2])["world_tag_f1"].value == 0


def test_a_camera_at_rest_hits_nothing_and_follows_no_caption(items):
    scores = scores_of([directed(item, "hold") for item in items], items)
    assert scores["collision_rate"].value == 0
    assert scores["world_tag_f1"].value == 0


def test_a_framing_error_is_of_somebody_in_the_shot(items):
    with pytest.raises(InputError, match="no actor"):
        framing_error(items[0].shot, "nobody")
