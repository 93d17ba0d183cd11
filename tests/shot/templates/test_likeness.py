"""The measure of likeness forgets place, heading, size, speed and names, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from kinoeye.shot.templates import difference, find_template, normal_form_of_paths
from kinoeye.shot.templates.path import Path
from kinoeye.shot.templates.pieces import Go, Turn, trace
from kinoeye.shot.templates.relations import behind

PATH = trace(Go(length=2.0), Go(length=2.0, turn=1.2), Go(length=1.0, climb=0.6))


MIRRORED = replace(PATH, xyz=PATH.xyz * np.array([1.0, -1.0, 1.0]), facing=-PATH.facing)
BACKWARDS = replace(PATH, xyz=PATH.xyz[::-1], facing=PATH.facing[::-1])
RETRACED = replace(BACKWARDS, facing=BACKWARDS.facing + np.pi)
HASTY = Path(*PATH.sampled(2 * PATH.times), PATH.seconds)


def form(*paths: Path):
    return normal_form_of_paths(paths)


@pytest.mark.parametrize(
    "changed",
    [
        PATH.placed(3.0, -7.0, z=2.0),
        PATH.placed(0.0, 0.0, heading=2.5),
        PATH.scaled(0.3),
        PATH.lasting(17.0),
        PATH.scaled(4.0).lasting(1.0).placed(1.0, 2.0, heading=-1.0),
    ],
    ids=["place", "heading", "size", "speed", "all"],
)
def test_what_is_removed_makes_no_difference(changed: Path):
    assert difference(form(PATH), form(changed)) < 1e-6


@pytest.mark.parametrize(
    "changed",
    [MIRRORED, BACKWARDS, RETRACED, HASTY],
    ids=["mirrored", "backwards", "retraced", "twice as fast, then standing"],
)
def test_what_is_kept_makes_a_difference(changed: Path):
    assert difference(form(PATH), form(changed)) > 0.3


def test_facing_counts_where_places_are_the_same():
    turned = trace(Turn(1.0)), trace(Turn(-1.0))
    assert difference(form(turned[0]), form(turned[1])) > 0.2
    assert difference(form(turned[0]), form(turned[0].scaled(3.0).placed(1.0, 1.0, 1.0))) < 1e-6


def test_who_is_who_makes_no_difference_but_who_does_what_does():
    follower = behind(PATH, 1.0)
    assert difference(form(PATH, follower), form(follower, PATH)) < 1e-6
    assert difference(form(PATH, follower), form(PATH, behind(PATH, 4.0))) > 0.1


def test_it_is_a_distance():
    forms = [normal_form_of_paths(find_template(f"t1n{m}").paths()) for m in range(1, 25)]
    table = np.array([[difference(one, other) for other in forms] for one in forms])
    np.testing.assert_allclose(table, table.T, atol=1e-7)
    assert np.diag(table).max() < 1e-6
    assert (table[:, None, :] <= table[:, :, None] + table[None] + 1e-7).all(), "triangle inequality"


def test_motions_of_different_numbers_of_actors_are_refused():
    with pytest.raises(ValueError, match="1 and 2 actors"):
        difference(form(PATH), form(PATH, PATH))
