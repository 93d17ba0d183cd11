"""The distribution of worlds, measured, and the separation of its streams."""

from __future__ import annotations

import re

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.base.records import to_json
from kinoeye.render import render, sample_worlds, world, worlds_sha256
from kinoeye.render.world_words import MOTIONS, NOUNS, PLACES, TEMPLATES
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.record import shot_to_json
from kinoeye.shot.shot import Shot

SAMPLE = [world("eval", seed) for seed in range(160)]


def test_the_frozen_distribution_has_not_changed():
    assert worlds_sha256() == "445573b709b2861666e5acc4b0a819b8cb78ac04d4d04e2ca7e86823385da96f"


def test_variety_of_what_is_seen():
    actors = [actor for shot in SAMPLE for actor in shot.actors]
    assert len({actor.avatar.color_rgb for actor in actors if actor.avatar}) >= 8
    assert len({actor.avatar.shape for actor in actors if actor.avatar}) >= 6
    assert {shot.environment.name for shot in SAMPLE} == set(ENVIRONMENTS)
    assert len(ENVIRONMENTS) == 12
    assert {len(shot.actors) for shot in SAMPLE} == {1, 2, 3}
    assert {actor.avatar.gait for actor in actors if actor.avatar} == {"stand", "walk"}
    assert any(len(actor.track) == 1 for actor in actors)


def test_the_camera_turns_and_travels():
    turns, travels = [], []
    for shot in SAMPLE[:60]:
        track = shot.camera.track.T_world_body
        turns.append(np.degrees(float((track[0].inverse() @ track[-1]).rotation.angle())))
        depth = render(shot, layers=("depth",), size_wh=(32, 32), times_s=[0.0]).layers["depth"].values
        moved = float((track[-1].translation - track[0].translation).norm())
        travels.append(moved / np.median(depth[np.isfinite(depth)]))
    assert np.median(turns) >= 20.0
    assert np.median(travels) >= 0.25


def test_figures_have_a_fair_size():
    shares = []
    for shot in SAMPLE[:40]:
        ids = render(shot, layers=("instance",), size_wh=(96, 96)).layers["instance"].values
        for index in range(len(shot.actors)):
            rows = (ids == index + 1).any(axis=2)
            whole = [rows[f].sum() / 96 for f in range(len(ids)) if rows[f].any() and not rows[f][[0, -1]].any()]
            if whole:
                shares.append(np.median(whole))
    # Bounds hold for the body's axis; what is seen of a body may be hidden or reach over its axis.
    assert np.mean([0.22 <= share <= 0.75 for share in shares]) >= 0.9
    assert 0.25 <= np.median(shares) <= 0.70


def test_actors_stay_clear_of_each_other_and_of_the_camera():
    for shot in SAMPLE:
        times = shot.camera.times_s
        eye = shot.camera.T_world_cam.translation[:, :2]
        paths = [actor.track.at(times).T_world_body.translation[:, :2] for actor in shot.actors]
        for index, path in enumerate(paths):
            assert float((path - eye).norm(dim=-1).min()) > 0.5
            for other in paths[:index]:
                assert float((path - other).norm(dim=-1).min()) > 0.3


def test_static_worlds_have_only_a_moving_camera():
    for seed in range(10):
        shot = world("eval", seed, static=True)
        assert all(len(actor.track) == 1 for actor in shot.actors)
        assert len(shot.camera) == 25


def test_a_world_is_a_function_of_its_seed():
    first, again, other = (to_json(shot_to_json(world("train", seed))) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_world_survives_its_file(tmp_path):
    for shot in SAMPLE[:6]:
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
    for table in (NOUNS, PLACES, MOTIONS):
        words = [
            {word for choices in table[stream].values() for word in choices} - {""} for stream in ("train", "eval")
        ]
        assert not words[0] & words[1]
    assert not set(TEMPLATES["train"]) & set(TEMPLATES["eval"])


def test_the_prompt_names_every_actor():
    for shot in SAMPLE[:40]:
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
    [(("test", 1), {}), (("eval", -1), {}), (("eval", 1), {"num_frames": 1}), (("eval", 1), {"fps": 0.0})],
)
def test_what_is_no_world_is_refused(arguments, options):
    with pytest.raises(InputError):
        world(*arguments, **options)


def test_other_lengths_rates_and_shapes_of_frame_are_possible():
    for options in (
        {"num_frames": 81, "fps": 15.0},
        {"num_frames": 2},
        {"size_wh": (512, 288)},
        {"size_wh": (96, 160)},
    ):
        for seed in range(4):
            assert world("train", seed, **options).camera.size_wh == options.get("size_wh", (256, 256))
