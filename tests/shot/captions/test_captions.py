"""What is said of shots: true to the shot, in the style of each system, and in words that the streams do not share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
import torch

from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track
from kinoeye.language import parse
from kinoeye.render.world_words import MOTIONS
from kinoeye.render.worlds import world
from kinoeye.shot import Actor, Shot, SkinnedAvatar, stage
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.captions import captions_of, doing_of, interaction, words
from kinoeye.shot.captions.shot_captions import _light_of
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.templates import find_template, perform

TIMES = torch.linspace(0.0, 4.0, 49, dtype=torch.float64)
TABLES = (
    words.NOUNS, words.LIVING, words.GARMENTS, words.DRESSED, words.PLACES, words.GAITS, words.COURSES, words.CUES,
    words.RECORDED, words.CAMERA, words.LIGHTS, interaction._PHRASES, MOTIONS,
)  # fmt: skip


def phrases(table: object) -> set[str]:
    """All that a table says, without the smallest words."""
    if isinstance(table, str):
        return {table} if len(table) > 4 else set()
    if is_dataclass(table):
        return set().union(*(phrases(getattr(table, each.name)) for each in fields(table)))
    values = table.values() if isinstance(table, Mapping) else table
    return set().union(*map(phrases, values))  # type: ignore[call-overload]


def test_streams_share_no_phrase():
    for table in TABLES:
        if isinstance(table["train"], Mapping):
            assert table["train"].keys() == table["eval"].keys()
    taught, asked = (set().union(*(phrases(table[stream]) for table in TABLES)) for stream in ("train", "eval"))
    assert len(taught) > 120
    assert not taught & asked


def walker(track: Track, cues: tuple[Cue, ...] = ()) -> Actor:
    avatar = SkinnedAvatar(body="adult", color_rgb=(0.8, 0.1, 0.1), cues=cues)
    return Actor(name="w", prompt="a man", category="agent", size_xyz=(0.5, 0.75, 1.7), track=track, avatar=avatar)


@pytest.mark.parametrize(
    ("template", "course", "side"),
    [
        ("straight", "straight", None), ("bend left", "bend", "left"), ("bend right", "bend", "right"),
        ("half circle left", "back", "left"), ("circle right", "circle", "right"), ("slalom", "winding", None),
        ("backwards", "backwards", None), ("sidestep left", "sideways", "left"),
        ("sidestep right", "sideways", "right"), ("turns on the spot to the left", "turn", "left"),
        ("hops on the spot", "hop", None),
    ],
)  # fmt: skip
def test_motions_are_named_as_their_templates_are(template, course, side):
    for seed in range(4):
        found = perform(find_template(template), TIMES, seed=seed)
        doing = doing_of(walker(found.tracks[0]), TIMES)
        assert doing.course == course, template
        assert side in (None, doing.side)


def test_who_stands_acts_and_runs():
    still = Track(SE3.identity(1), TIMES[:1])
    assert doing_of(walker(still), TIMES).course == "rest"
    late = (Cue(start_s=9.0, name="bow"), Cue(start_s=1.0, name="wave"), Cue(start_s=0.5, name="nod"))
    assert doing_of(walker(still, late), TIMES).cues == ("nod", "wave")
    for speed, runs in ((1.2, False), (3.0, True)):
        places = torch.stack([speed * TIMES, 0 * TIMES, 0 * TIMES], dim=1)
        track = Track(SE3.from_parts(SO3.exp(torch.zeros(len(TIMES), 3, dtype=torch.float64)), places), TIMES)
        assert doing_of(walker(track), TIMES).runs is runs


def test_captions_follow_the_shot():
    text = "a tall woman in red walks in a circle to the left, then waves; a grey dog follows her in the snow. Pan left"
    shot = stage(parse(text), seed=0)
    said = captions_of(shot)
    assert said.motion.startswith("The camera yaws left")
    assert said.entities == ("a tall woman in red", "a grey dog")
    assert "snow" in said.location
    assert not said.location.startswith(("a ", "the "))
    assert re.match(r"A tall woman in red \w+ in a circle to the left and waves and a grey dog ", said.avatar)
    assert said.film == f"a tall woman in red and a grey dog are moving in the {said.location}"
    assert "woman" not in said.environment
    assert "snow" in said.environment
    assert said == captions_of(shot)


def test_articles_are_small_within_a_sentence():
    said = captions_of(stage(parse("A man in blue walks left. A dog follows him. Push in."), seed=0))
    assert said.entities == ("a man in blue", "a dog")
    assert not any(" A " in text for text in (said.directorial, said.avatar, said.film))
    assert said.avatar.startswith("A man in blue ")


def test_a_shot_without_actors_is_its_place():
    said = captions_of(stage(parse("push in on a beach"), seed=0))
    assert said.entities == ()
    assert said.directorial == said.motion == "The camera moves forward."
    assert said.film == said.environment
    assert "beach" in said.environment.lower()


def test_what_approaches_is_said_to_grow():
    shot = stage(parse("push in 2 metres towards a red cone"), seed=0)
    pulled = shot.with_camera(shot.camera.at(shot.camera.times_s))
    near = captions_of(pulled).directorial
    assert "red cone" in near
    assert any(phrase.split("{it}")[0] in near for phrase in interaction._PHRASES["train"].endings["grows"])


def test_lights():
    found = {name: _light_of(environment) for name, environment in ENVIRONMENTS.items()}
    expected = {"night street": "dark", "sunset plain": "low", "foggy moor": "fog", "overcast plaza": "soft"}
    assert expected.items() <= found.items()
    assert found["meadow"] == found["desert"] == "bright"


@pytest.mark.parametrize("stream", ["train", "eval"])
def test_words_of_worlds(stream):
    other = "eval" if stream == "train" else "train"
    foreign = phrases(words.CUES[other]) | phrases(words.PLACES[other]) | phrases(words.CAMERA[other])
    for seed in range(25):
        shot = world(stream, seed)
        said = captions_of(shot, stream)
        text = " ".join([shot.prompt, said.motion, said.directorial, said.avatar, said.environment, said.film])
        assert not {phrase for phrase in foreign if re.search(rf"\b{re.escape(phrase)}\b", text)}
        assert "{" not in text
        assert all(actor.prompt in said.film for actor in shot.actors)


def test_every_shot_has_words_for_any_length():
    shot: Shot = world("train", 3)
    one = shot.with_camera(shot.camera.at(shot.camera.times_s[:1]))
    assert captions_of(one).motion == "The camera remains static."
    assert np.isfinite(math.fsum(actor.size_xyz[2] for actor in one.actors))
