"""Program tokens mean what they point at, and only what can follow may follow."""

from __future__ import annotations

import math
from random import Random

import pytest

from kinoeye.systems.gendop.caption_words import MAX_QUANTITIES, read_words
from kinoeye.systems.gendop.program_tokens import END, END_MOVE, START, TOKENS, allowed_next, to_plan, token_ids
from kinoeye.systems.gendop.wording import captioned_program


def test_numbers_and_actors_are_pointed_at():
    words = read_words("Orbit the red cone 45 degrees from 3 metres in 2 s, then push in half a metre.")
    plan = to_plan(
        ["orbit left", "<q1>", "<a1>", "<distance>", "<q2>", "<q3>", END_MOVE, "dolly forward", "<q4>", END_MOVE, END],
        words,
    )
    assert plan is not None
    orbit, dolly = plan.moves[0].actions[0], plan.moves[1].actions[0]
    assert math.isclose(orbit.amount or 0, math.radians(45))
    assert (orbit.target, orbit.distance, plan.moves[0].duration_s) == ("red cone", 3.0, 2.0)
    assert dolly.amount == 0.5


def test_sentences_in_which_only_actors_act_are_left_out_and_their_names_stay():
    camera = "Blorpily pan left around the dog for 2 seconds"
    words = read_words(
        f"A man walks in a circle for 3 seconds in the desert. A dog runs around him, then sits. {camera}."
    )
    assert words.words == read_words(f"{camera}.").words
    assert [quantity.value for quantity in words.quantities] == [2.0]
    assert words.actors == ("dog",)
    assert [actor.name for actor in words.cast] == ["person", "dog"]
    assert "sits" in read_words("A dog walks in a circle, then sits.").words, "there is nothing else to read"
    assert "waves" in read_words("A man waves while the camera blorpily pans left.").words


def test_quantities_of_another_dimension_change_nothing():
    words = read_words("Pan left 3 metres for 2 s.")
    plan = to_plan(["yaw left", "<q1>", "<q7>", "<a1>", END_MOVE, END], words)
    assert plan is not None
    assert plan.moves[0].actions[0].amount is None
    assert plan.moves[0].duration_s is None


@pytest.mark.parametrize("stream", ["train", "eval"])
def test_every_program_of_the_streams_may_be_written(stream):
    for seed in range(300):
        item = captioned_program(stream, seed)
        for at, token in enumerate(item.tokens):
            assert token in allowed_next([START, *item.tokens[:at]], item.words), (
                item.caption,
                item.tokens[:at],
                token,
            )


def test_whatever_is_allowed_is_a_plan():
    rng, words = Random(0), read_words("The red robot, 2 metres, 45 degrees, 3 s, twice the speed of the blue box.")
    for _ in range(300):
        tokens: list[str] = [START]
        while tokens[-1] != END and len(tokens) < 40:
            tokens.append(rng.choice(allowed_next(tokens, words)))
        plan = to_plan(tokens[1:], words)
        assert plan is None or len(plan.moves) >= 1
        assert plan is not None or END_MOVE not in tokens


def test_a_pointer_needs_something_to_point_at():
    words = read_words("Pan left.")
    assert not {"<q1>", "<a1>", "<distance>"} & set(allowed_next([START, "yaw left"], words))
    many = read_words(" ".join(["pan left 3 degrees,"] * (MAX_QUANTITIES + 3)))
    assert len(many.quantities) == MAX_QUANTITIES


def test_token_numbers_are_places_in_the_vocabulary():
    assert token_ids(TOKENS) == list(range(len(TOKENS)))
