"""The distribution of worlds, measured, and the separation of its streams."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import get_args

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.base.records import to_json
from kinoeye.render import render, sample_worlds, world, worlds_sha256
from kinoeye.render.world_bodies import TEMPLATES_OF_WORLDS
from kinoeye.render.world_words import TEMPLATES
from kinoeye.render.worlds import Distribution
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.captions import doing_of
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.record import shot_to_json
from kinoeye.shot.shot import Avatar, Shot, SkinnedAvatar


@cache
def worlds_of(distribution: str) -> list[Shot]:
    """The first 120 for evaluation."""
    return [world("eval", seed, distribution=distribution) for seed in range(120)]


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> list[Shot]:
    return worlds_of(request.param)


in_both = pytest.mark.parametrize("sample", get_args(Distribution), indirect=True)


@pytest.mark.parametrize(
    ("distribution", "sha256"),
    [
        ("worlds-v0", "445573b709b2861666e5acc4b0a819b8cb78ac04d4d04e2ca7e86823385da96f"),
        ("worlds-v1", "5ec2cdada9fd408b68373353ff5a916a2387ad2c2f96f16a6f27575c74cd014b"),
        ("worlds-v1-people", "0a0216cf8f10f497e67efaf34438641f097222218a3d5cf3cbc90d74cda5744b"),
    ],
)
def test_frozen_distributions_have_not_changed(distribution, sha256):
    assert worlds_sha256(distribution) == sha256


def test_variety_of_solids():
    actors = [actor for shot in worlds_of("worlds-v0") for actor in shot.actors]
    assert len({actor.avatar.color_rgb for actor in actors if actor.avatar}) >= 8
    assert len({actor.avatar.shape for actor in actors if isinstance(actor.avatar, Avatar)}) >= 6
    assert {actor.avatar.gait for actor in actors if isinstance(actor.avatar, Avatar)} == {"stand", "walk"}


def test_variety_of_bodies_and_of_what_they_do():
    actors = [(shot, actor) for shot in worlds_of("worlds-v1") for actor in shot.actors]
    kinds = Counter(actor.name.split()[1] for _, actor in actors)
    assert len(kinds) >= 9
    assert min(kinds["person"] / len(actors), 0.4) == 0.4
    assert min(kinds["dog"], kinds["car"], kinds["robot"]) >= 5
    assert len({actor.name.split()[0] for _, actor in actors}) >= 8
    assert len({actor.avatar.clothes for _, actor in actors if isinstance(actor.avatar, SkinnedAvatar)}) > 80
    doings = [doing_of(actor, shot.camera.times_s) for shot, actor in actors]
    assert {"rest", "straight", "bend", "circle"} < {doing.course for doing in doings}
    assert len({cue for doing in doings for cue in doing.cues}) >= 6
    assert 0.3 < np.mean([doing.course == "rest" for doing in doings]) < 0.6


@in_both
def test_places_and_numbers_of_actors(sample):
    assert {shot.environment.name for shot in sample} == set(ENVIRONMENTS)
    assert len(ENVIRONMENTS) == 12
    assert {len(shot.actors) for shot in sample} == {1, 2, 3}
    assert any(len(actor.track) == 1 for shot in sample for actor in shot.actors)


def test_people_are_alone_in_worlds_of_people():
    actors = [actor for shot in worlds_of("worlds-v1-people") for actor in shot.actors]
    assert {actor.avatar.body for actor in actors if isinstance(actor.avatar, SkinnedAvatar)} == {"adult"}
    assert all(isinstance(actor.avatar, SkinnedAvatar) for actor in actors)


def test_cars_turn_as_cars_do():
    for shot in worlds_of("worlds-v1"):
        for actor in shot.actors:
            if actor.name.endswith("car") and len(actor.track) > 1:
                poses = actor.track.T_world_body.as_matrix().numpy()
                yaw = np.unwrap(np.arctan2(poses[:, 1, 0], poses[:, 0, 0]))
                way_m = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).sum()
                assert np.abs(np.diff(yaw)).sum() <= way_m / 2.9 + 1e-3


@in_both
def test_the_camera_turns_and_travels(sample):
    turns, travels = [], []
    for shot in sample[:50]:
        track = shot.camera.track.T_world_body
        turns.append(np.degrees(float((track[0].inverse() @ track[-1]).rotation.angle())))
        depth = render(shot, layers=("depth",), size_wh=(32, 32), times_s=[0.0]).layers["depth"].values
        moved = float((track[-1].translation - track[0].translation).norm())
        travels.append(moved / np.median(depth[np.isfinite(depth)]))
    assert np.median(turns) >= 20.0
    assert np.median(travels) >= 0.25


@in_both
def test_figures_have_a_fair_size(sample):
    shares = []
    for shot in sample[:30]:
        times_s = shot.camera.times_s[::3].tolist()
        ids = render(shot, layers=("instance",), size_wh=(96, 96), times_s=times_s).layers["instance"].values
        for index in range(len(shot.actors)):
            rows = (ids == index + 1).any(axis=2)
            whole = [rows[f].sum() / 96 for f in range(len(ids)) if rows[f].any() and not rows[f][[0, -1]].any()]
            if whole:
                shares.append(np.median(whole))
    # Bounds hold for the body's axis; what is seen of a body may be hidden or reach over its axis.
    assert np.mean([0.22 <= share <= 0.75 for share in shares]) >= 0.9
    assert 0.25 <= np.median(shares) <= 0.70


@in_both
def test_actors_stay_clear_of_each_other_and_of_the_camera(sample):
    for shot in sample:
        times = shot.camera.times_s
        eye = shot.camera.T_world_cam.translation[:, :2]
        paths = [actor.track.at(times).T_world_body.translation[:, :2] for actor in shot.actors]
        for index, path in enumerate(paths):
            assert float((path - eye).norm(dim=-1).min()) > 0.5
            for other in paths[:index]:
                assert float((path - other).norm(dim=-1).min()) > 0.3


@pytest.mark.parametrize("distribution", get_args(Distribution))
def test_static_worlds_have_only_a_moving_camera(distribution):
    for seed in range(10):
        shot = world("eval", seed, static=True, distribution=distribution)
        assert all(len(actor.track) == 1 for actor in shot.actors)
        assert len(shot.camera) == 25
        for actor in shot.actors:
            if isinstance(actor.avatar, SkinnedAvatar):
                _, T_body_rest = perform(actor, actor.avatar, np.array([0.0, 0.7, 1.4]))
                np.testing.assert_array_equal(T_body_rest, T_body_rest[:1].repeat(3, axis=0))


def test_a_world_is_a_function_of_its_seed():
    first, again, other = (to_json(shot_to_json(world("train", seed))) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_world_survives_its_file(tmp_path):
    for shot in [*worlds_of("worlds-v1")[:8], *worlds_of("worlds-v0")[:4]]:
        shot.save(tmp_path / "shot.json")
        read = Shot.load(tmp_path / "shot.json")
        assert (read.environment, read.prompt, read.seed) == (shot.environment, shot.prompt, shot.seed)
        assert [actor.avatar for actor in read.actors] == [actor.avatar for actor in shot.actors]


def test_the_streams_share_no_world_and_no_wording():
    train, evaluation = (
        [to_json(shot_to_json(world(stream, seed))) for seed in range(40)] for stream in ("train", "eval")
    )
    poses = [{str(shot["camera"]["T_world_cam"][0]) for shot in shots} for shots in (train, evaluation)]
    assert not poses[0] & poses[1]
    tables = (TEMPLATES, TEMPLATES_OF_WORLDS)
    assert not any(set(table["train"]) & set(table["eval"]) for table in tables)


@in_both
def test_the_prompt_names_every_actor(sample):
    for shot in sample[:40]:
        assert re.fullmatch(r"[A-Z].*\.", shot.prompt)
        for actor in shot.actors:
            assert actor.prompt.lower() in shot.prompt.lower()
            assert actor.name.split()[0] in actor.prompt


def test_worlds_of_two_seeds_do_not_overlap():
    assert [shot.seed for shot in sample_worlds("eval", 3, 2, num_frames=2)] == [3 * 2**20, 3 * 2**20 + 1]
    with pytest.raises(InputError, match="2\\^20"):
        list(sample_worlds("eval", 0, 2**20 + 1))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("test", 1), {}),
        (("eval", -1), {}),
        (("eval", 1), {"num_frames": 1}),
        (("eval", 1), {"fps": 0.0}),
        (("eval", 1), {"distribution": "worlds-v9"}),
    ],
)
def test_what_is_no_world_is_refused(arguments, options):
    with pytest.raises(InputError):
        world(*arguments, **options)


@pytest.mark.parametrize("distribution", get_args(Distribution))
def test_other_lengths_rates_and_shapes_of_frame_are_possible(distribution):
    for options in (
        {"num_frames": 81, "fps": 15.0},
        {"num_frames": 2},
        {"size_wh": (512, 288)},
        {"size_wh": (96, 160)},
    ):
        for seed in range(4):
            shot = world("train", seed, distribution=distribution, **options)
            assert shot.camera.size_wh == options.get("size_wh", (256, 256))
