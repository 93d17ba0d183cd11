from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from plan_notation import notation
from shot_sentences import SENTENCES

from kinoeye.language import compile_path, describe, motion_tags, parse, plan_tags, recognise, segments, tag_name
from kinoeye.language.recognition import signatures
from kinoeye.language.sampling import random_plan

FPS = 24.0
UP = (0.0, -1.0, 0.0)


def tags_of(path):
    return [tag for tag, _ in groupby(tag for *_, tag in segments(motion_tags(path.T_world_cam)))]


def comes_back(plan):
    path = compile_path(plan, fps=FPS)
    if any(action.kind in ("orbit", "dolly_zoom", "zoom") for move in plan.moves for action in move.actions):
        return signatures(recognise(path.T_world_cam, path.fov_x, fps=FPS, up=UP)) == signatures(plan.moves)
    return tags_of(path) == plan_tags(plan)


def test_random_plans_come_back_from_their_paths():
    # 2,000 plans: benchmarks/language_round_trip.py.
    rng = np.random.default_rng(7)
    plans = [random_plan(rng, fps=FPS) for _ in range(300)]
    assert sum(comes_back(plan) for plan in plans) >= 0.98 * len(plans)


def test_random_plans_come_back_from_their_descriptions():
    rng = np.random.default_rng(8)
    for _ in range(300):
        plan = random_plan(rng, fps=FPS, amounts=True)
        assert notation(parse(describe(plan))) == notation(plan)


@pytest.mark.parametrize("text", [text for text, _ in SENTENCES], ids=[text[:60] for text, _ in SENTENCES])
def test_descriptions_of_typed_sentences_come_back(text):
    plan = replace(parse(text), unused=(), read_as=())
    assert notation(parse(describe(plan))) == notation(plan)


@pytest.mark.parametrize(
    ("text", "actors"),
    [
        ("A man walks left. Another man walks right.", "A person walks left. Another person walks right."),
        ("Two red robots run.", "A red robot runs. Another red robot runs."),
        ("A man waves, then another man bows.", "A person waves, then another person bows."),
        ("A man approaches another man.", "A person walks up to another person."),
        ("A man in red waves. A man in blue bows.", "A person wearing red waves. A person wearing blue bows."),
        ("A man follows a dog. The dog stands.", "A person follows the dog. The dog stands still."),
    ],
)
def test_who_looks_as_somebody_before_is_told_apart(text: str, actors: str):
    plan = parse(f"{text} Push in.")
    assert describe(plan) == f"{actors} The camera moves forward."
    assert notation(parse(describe(plan))) == notation(plan)


def test_recognised_moves_have_their_amounts():
    plan = parse(
        "orbit right 80 degrees at a distance of 3 m over 2 s, then dolly zoom in 1.5 m over 2 s, "
        "then zoom out 1.6 times over 2 s, then tilt up 30 degrees over 2 s"
    )
    path = compile_path(plan, fps=FPS)
    orbit, dolly_zoom, zoom, tilt = recognise(path.T_world_cam, path.fov_x, fps=FPS, up=UP)
    assert orbit.actions[0].amount == pytest.approx(np.radians(80), rel=0.03)
    assert orbit.actions[0].distance == pytest.approx(3.0, rel=0.01)
    assert dolly_zoom.actions[0].amount == pytest.approx(1.5, rel=0.03)
    assert dolly_zoom.actions[0].distance == pytest.approx(4.0, rel=0.05)
    assert zoom.actions[0].amount == pytest.approx(1.6, rel=0.03)
    assert tilt.actions[0].amount == pytest.approx(np.radians(30), rel=0.03)


@pytest.mark.parametrize("text", ["orbit left", "orbit up", "truck left while yawing right", "push in and pan left"])
def test_only_real_orbits_are_orbits(text):
    plan = parse(text)
    path = compile_path(plan, fps=FPS)
    found = recognise(path.T_world_cam, path.fov_x, fps=FPS, up=UP)
    assert signatures(found) == signatures(plan.moves)
    assert (found[0].actions[0].kind == "orbit") == (text != "push in and pan left")


def test_one_pose_is_a_hold():
    assert recognise(np.eye(4)[None], [1.0], fps=FPS)[0].is_hold


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("moves left and forward, panning right", ["left and forward + yaw right"]),
        ("truck left 2 m while craning up 1 m", ["left"]),
        ("pan left, pan left slowly, hold, stay static", ["yaw left", "static"]),
        ("orbit left, then zoom in", ["left + yaw right", "static"]),
    ],
)
def test_plan_tags(text, tags):
    assert [tag_name(tag) for tag in plan_tags(parse(text))] == tags
