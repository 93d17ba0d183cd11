"""People of a film told by their colours."""

from __future__ import annotations

import numpy as np
import pytest

from kinoeye.evaluation.film_segments import ColourTest, PeopleByColour, intersection_over_union

RED, BLUE, GREEN = (200, 30, 30), (30, 40, 200), (60, 150, 60)


def film_of(*boxes: tuple[tuple[int, int, int], int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Frames [6, 64, 64, 3] of a green place with boxes (colour, left, top) 8 wide and 20 high, and who is where."""
    rng = np.random.default_rng(0)
    film = np.empty((6, 64, 64, 3), int)
    film[:] = GREEN
    person = np.zeros((6, 64, 64), np.uint8)
    for number, (colour, left, top) in enumerate(boxes, 1):
        film[:, top : top + 20, left : left + 8] = colour
        person[:, top : top + 20, left : left + 8] = number
    return np.clip(film + rng.integers(-6, 7, film.shape), 0, 255).astype(np.uint8), person


TRUE, PERSON = film_of((RED, 8, 30), (BLUE, 40, 26))
PEOPLE = PeopleByColour.of(TRUE, PERSON)


def test_the_true_film_is_segmented_and_counted():
    assert PEOPLE.silhouette_iou(TRUE) > 0.95
    assert PEOPLE.counted_right(TRUE)


@pytest.mark.parametrize(
    ("boxes", "right"),
    [
        ([(RED, 8, 30)], False),
        ([(BLUE, 8, 30), (RED, 40, 26)], False),
        ([(RED, 8, 30), (BLUE, 40, 26), (RED, 54, 2)], False),
        ([(RED, 20, 30), (BLUE, 40, 26)], False),
        ([(RED, 10, 31), (BLUE, 41, 26)], True),
    ],
    ids=["one missing", "changed places", "one too many", "one elsewhere", "a little off"],
)
def test_a_film_with_other_people_is_counted_wrong(boxes: list, right: bool):
    assert PEOPLE.counted_right(film_of(*boxes)[0]) == right


def test_somebody_too_many_in_a_few_frames_is_not_counted():
    extra = film_of((RED, 8, 30), (BLUE, 40, 26), (RED, 54, 2))[0]
    assert PEOPLE.counted_right(np.concatenate([extra[:2], TRUE[2:]]))
    assert not PEOPLE.counted_right(np.concatenate([extra[:3], TRUE[3:]]))


def test_two_in_the_same_clothes_are_both_found_or_not():
    twins, person = film_of((RED, 8, 30), (RED, 40, 26))
    people = PeopleByColour.of(twins, person)
    assert people.counted_right(twins)
    assert not people.counted_right(film_of((RED, 8, 30))[0])


def test_the_order_of_frames_and_mirrors_change_nothing():
    mixed = PeopleByColour.of(TRUE[::-1, :, ::-1], PERSON[::-1, :, ::-1])
    moved = film_of((RED, 11, 30), (BLUE, 40, 26))[0]
    assert mixed.silhouette_iou(moved[::-1, :, ::-1]) == pytest.approx(PEOPLE.silhouette_iou(moved), abs=1e-3)


def test_who_is_too_small_need_not_be_found():
    film, person = film_of((RED, 8, 30))
    tiny = person.copy()
    tiny[:, 50:52, 50:52] = 2
    people = PeopleByColour.of(np.where((tiny == 2)[..., None], np.array(BLUE, np.uint8), film), tiny)
    assert people.counted_right(film)


def test_colours_that_were_never_seen_are_nobodys():
    test = ColourTest.of(TRUE, PERSON == 1, PERSON == 0)
    assert not test(np.full((1, 8, 8, 3), 255, np.uint8)).any()
    assert intersection_over_union(np.zeros((1, 2, 2), bool), np.zeros((1, 2, 2), bool)) == 1
