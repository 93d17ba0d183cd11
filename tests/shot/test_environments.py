"""The named environments and what stands in them."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from kinoeye.base.records import from_json, to_json
from kinoeye.language.lexicon import PLACES
from kinoeye.shot.environment import Environment
from kinoeye.shot.environments import ENVIRONMENTS, find_environment
from kinoeye.shot.scenery import CLEAR_M


def test_every_place_that_a_sentence_can_mention_has_an_environment():
    assert set(PLACES) == set(ENVIRONMENTS)
    assert all(name == environment.name for name, environment in ENVIRONMENTS.items())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("a robot in the snowy field", "snow"),
        ("Sand  Dunes at noon", "desert"),
        ("a street at night", "night street"),
        ("a red ball", None),
        ("", None),
    ],
)
def test_words_find_the_environment_of_their_longest_synonym(words, name):
    assert find_environment(words) == name


def test_no_two_environments_look_alike():
    for one, other in combinations(ENVIRONMENTS.values(), 2):
        colours = [
            np.array([e.ground.color_a_rgb, e.ground.color_b_rgb, e.sky.horizon_rgb, e.sky.zenith_rgb])
            for e in (one, other)
        ]
        assert np.abs(colours[0] - colours[1]).max() > 0.12, (one.name, other.name)


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_environment_is_a_record_with_colours_in_range(environment):
    assert from_json(Environment, to_json(environment)) == environment
    ground, sky = environment.ground, environment.sky
    for colour in (ground.color_a_rgb, ground.color_b_rgb, sky.horizon_rgb, sky.zenith_rgb, environment.fog_rgb):
        assert all(0 <= channel <= 1 for channel in colour)


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_props_leave_the_middle_to_the_actors(environment):
    for prop in environment.props:
        reach = 0.5 * math.hypot(*prop.size_xyz[:2])
        x, y = prop.position_xy
        inward = prop.size_xyz[0] / 2 if prop.size_xyz[1] > 10 else reach  # walls and houses show us their thin side
        assert math.hypot(x, y) - inward > CLEAR_M - 3.0
