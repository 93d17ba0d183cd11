"""Every template is a motion of its own, true to its words and to what it says of itself."""

import itertools
import re

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.shot.templates import TEMPLATES, Template, difference, find_template, normal_form_of_paths

LEAST_COUNTS = {1: 36, 2: 60, 3: 35}
DIFFERENT = 0.2
"""At least so different are any two templates, at the middle of their parameters."""
ALIKE = 0.1
"""At most so different is anything that a template makes from its middle: less than half of the way to any other."""

of_each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.code)


def of(actors: int) -> list[Template]:
    return [template for template in TEMPLATES if template.actors == actors]


@pytest.mark.parametrize("actors", [1, 2, 3])
def test_there_are_as_many_as_the_published_set_has(actors: int):
    templates = of(actors)
    assert len(templates) >= LEAST_COUNTS[actors]
    assert [template.number for template in templates] == list(range(1, len(templates) + 1))
    assert all(len(template.paths()) == actors for template in templates)


@pytest.mark.parametrize("actors", [1, 2, 3])
def test_any_two_are_different_after_place_heading_size_speed_and_names_are_removed(actors: int):
    forms = {template.name: normal_form_of_paths(template.paths()) for template in of(actors)}
    for (one, form), (other, other_form) in itertools.combinations(forms.items(), 2):
        assert difference(form, other_form) >= DIFFERENT, (one, other)


@pytest.mark.parametrize("actors", [1, 2, 3])
def test_whatever_a_template_makes_is_nearest_to_that_template(actors: int):
    rng = np.random.default_rng(0)
    for template in of(actors):
        middle = normal_form_of_paths(template.paths())
        corners = itertools.product(*template.ranges.values())
        drawn = [dict(zip(template.ranges, corner, strict=True)) for corner in corners]
        drawn += [template.drawn(rng) for _ in range(3)]
        worst = max(difference(middle, normal_form_of_paths(template.paths(values))) for values in drawn)
        assert worst <= ALIKE, (template.name, worst)


def test_names_are_unique_and_codes_stay():
    assert len({template.name for template in TEMPLATES}) == len(TEMPLATES)
    # Codes name films that exist; templates are only ever added at the end.
    pinned = {
        "t1n1": "straight",
        "t1n25": "loop on the way",
        "t1n59": "rises and sinks",
        "t2n1": "crosses in front",
        "t2n41": "drives back",
        "t2n86": "rise by turns",
        "t3n1": "three abreast",
        "t3n33": "two leave one",
        "t3n60": "take off in formation",
    }
    assert {code: find_template(code).name for code in pinned} == pinned
    assert all(find_template(name).code == code for code, name in pinned.items())


@of_each_template
def test_words_mention_every_subject(template: Template):
    subjects = ("a red robot", "the grey dog", "a tall woman")[: template.actors]
    caption = template.caption(*subjects)
    assert all(subject in caption for subject in subjects)
    assert not re.search(r"[{}]|\.$|  ", caption)


def test_the_verb_agrees_and_can_be_exchanged():
    assert find_template("straight").caption("it") == "it walks straight ahead"
    assert find_template("side by side").caption("it", "she") == "it and she walk straight ahead side by side"
    assert find_template("straight").caption("a car", verb="drive") == "a car drives straight ahead"
    assert find_template("lands").caption("it").startswith("it flies down")
    assert find_template("straight").caption("it", verb="go") == "it goes straight ahead"


@of_each_template
def test_nominal_paths_are_smooth(template: Template):
    paths = template.paths()
    assert len({path.seconds for path in paths}) == 1
    for path in paths:
        steps = np.linalg.norm(np.diff(path.xyz, axis=0), axis=-1)
        assert steps.max() < 0.05, "no jump"
        assert np.abs(np.diff(path.facing)).max() < 0.15
        if not path.leaps:
            assert path.acceleration.max() < 8.0, "no kink"


@of_each_template
def test_bodies_face_where_they_go_if_they_say_so(template: Template):
    off, turned_in_place = [], []
    for path, heading in zip(template.paths(), template.headings, strict=True):
        velocity = np.gradient(path.xyz[:, :2], path.times, axis=0)
        moving = np.linalg.norm(velocity, axis=-1) > 0.1
        course = np.arctan2(velocity[:, 1], velocity[:, 0])
        wrong = np.abs(np.angle(np.exp(1j * (path.facing - course))))[moving].max(initial=0.0)
        assert wrong < 0.08 or heading == "free", wrong
        if heading == "free":
            off.append(wrong > 0.2)
            turned_in_place.append(not moving.any() and np.ptp(path.facing) > 0.5)
    assert not off or any(off) or any(turned_in_place), "free headings are used"


@of_each_template
def test_feet_stay_on_the_ground_of_those_who_neither_fly_nor_hop(template: Template):
    for index, path in enumerate(template.paths()):
        z = path.xyz[:, 2]
        assert z.min() >= -1e-9
        if index in template.flyers:
            assert z.max() > 0.3
        elif path.leaps:
            assert 0.1 < z.max() < 0.6
        else:
            assert not z.any()


@of_each_template
def test_those_who_hop_end_at_rest_with_their_fellows(template: Template):
    paths = template.paths()
    if any(path.leaps for path in paths):
        assert max(path.speed[-1] for path in paths) < 0.05


def test_a_parameter_is_refused_that_is_unknown_or_out_of_range():
    template = find_template("bend left")
    with pytest.raises(InputError, match=r"no parameter 'radius'; its parameters: turn"):
        template.paths({"radius": 1.0})
    with pytest.raises(InputError, match=r"turn of template 'bend left' is 1.1 to 1.4; given 9"):
        template.paths({"turn": 9.0})
    with pytest.raises(InputError, match="2 actors; 1 subjects"):
        find_template("follows").caption("a dog")


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match=r"'figure eigth'; did you mean 'figure eight'\?.*t2n1 to t2n86"):
        find_template("figure eigth")
