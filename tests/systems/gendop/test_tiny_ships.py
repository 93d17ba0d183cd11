"""The director that ships: every condition matters, nothing is invented, and it is as good as its record says."""

from __future__ import annotations

import json
from functools import cache

import pytest

from kinoeye.base.errors import InputError
from kinoeye.cli import main
from kinoeye.evaluation.caption_benches import caption_bench
from kinoeye.evaluation.program_metrics import exact_program
from kinoeye.language import parse
from kinoeye.language.plan import Plan
from kinoeye.shot import Shot, SkinnedAvatar
from kinoeye.systems.gendop import segment_director
from kinoeye.systems.gendop.directors import director, read_plan
from kinoeye.systems.gendop.segment_director import SegmentDirector
from kinoeye.weights import WeightsIndex


@cache
def tiny() -> SegmentDirector:
    found = director("tiny")
    assert isinstance(found, SegmentDirector)
    return found


def moves(text: str) -> list[set[str]]:
    plan = tiny().plans(text)[0]
    return [{f"{action.kind} {action.direction}".strip() for action in move.actions} for move in plan.moves]


def amounts(plan: Plan) -> list[float | None]:
    return [action.amount for move in plan.moves for action in move.actions]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The rig scoots to the left.", "The rig scoots to the right."),
        (
            "Our eye flings its gaze upward, then wafts backward.",
            "Our eye flings its gaze downward, then wafts backward.",
        ),
        ("Coast forward while slewing its gaze right.", "Coast forward, then slew its gaze right."),
        ("It wafts up, then scoots ahead.", "It scoots ahead, then wafts up."),
        ("Skirt around the cone to the left.", "Skirt around the cone to the right."),
    ],
)
def test_directions_order_and_simultaneity_matter_beside_verbs_that_training_never_showed(one: str, other: str):
    assert moves(one) != moves(other)


def test_held_out_verbs_are_read_by_the_direction_beside_them():
    assert moves("The rig scoots to the left.") == [{"truck left"}]
    assert moves("The gimbal slews its gaze to the right.") == [{"yaw right"}]


def test_amounts_are_the_ones_of_the_text():
    text = "The gimbal scoots {} metres to the left."
    for metres in (0.5, 1.7, 3.0):
        assert amounts(tiny().plans(text.format(metres))[0]) == [pytest.approx(metres)]


def test_the_subject_is_the_one_of_the_text():
    plan = tiny().plans("The drone orbits the red cone to the left, near a blue cube.")[0]
    other = tiny().plans("The drone orbits the blue cube to the left, near a red cone.")[0]
    names = {plan.moves[0].actions[0].target, other.moves[0].actions[0].target}
    assert len(names) == 2
    assert None not in names


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("orbit around the dog while it runs in circles", "dog"),
        ("Follow the man who walks to the left.", "person"),
        ("A woman waves. The camera looks at the woman, then orbits the red cone to the left.", "person"),
    ],
)
def test_people_and_dogs_without_a_colour_are_subjects_too(text: str, subject: str):
    assert tiny().plans(text)[0].moves[0].actions[0].target == subject


def test_prose_is_no_move():
    assert moves("The picture holds still, the walls of the hall glinting nearby.") == [{"hold"}]


def test_it_is_as_good_on_fresh_captions_as_its_record_says():
    entry = WeightsIndex.read().entry("tiny", "gendop")
    items = list(caption_bench("synthetic").items(77, 120))
    right = sum(exact_program(item.plan, tiny().plans(item.caption)[0]) for item in items) / len(items)
    recorded = entry.metrics["exact_program"]
    assert recorded is not None
    assert abs(right - recorded) < 0.12  # three standard errors of 120 captions


def test_auto_asks_it_where_the_grammar_leaves_words_unread():
    reading = read_plan("The gimbal slews its gaze to the right.")
    assert (reading.director, reading.reason) == ("tiny", "the grammar finds no camera move")
    assert reading.plan.moves[0].actions[0].direction == "right"


ACTING = (
    "A tall woman in red walks in a circle while waving, then bows; a grey dog follows her. A box sits. "
    "The camera pushes in, then blorpily pans right."
)


def test_it_loses_nothing_that_the_text_says_of_actors():
    reading, grammar = read_plan(ACTING), parse(ACTING, camera_required=False)
    assert reading.director == "tiny"
    assert reading.plan.actors == grammar.actors
    woman, dog, _ = reading.plan.actors
    assert [action.name for action in woman.actions] == ["circle", "wave", "bow"]
    assert (woman.clothes, dog.actions[0].other) == ("red", woman.name)
    assert [words.note for words in reading.plan.unused] == ["a box cannot sit, so it stands there"]


def test_what_it_guesses_at_is_said_to_be_misspelt():
    (words,) = read_plan("Pnu left", "tiny").plan.unused
    assert (words.text, words.suggestion) == ("Pnu left", "pan")
    (words,) = read_plan("Push in. A mna walks to the left.", "tiny").plan.unused
    assert words.suggestion == "man"
    assert not read_plan("Pan left.", "tiny").plan.unused


def test_what_actors_do_moves_no_camera():
    actors = "A woman in red walks in a circle, then waves; a grey dog follows her. "
    for camera in ("The camera pushes in slowly, then slews its gaze to the right.", "The gimbal wafts up."):
        assert tiny().plans(actors + camera)[0].moves == tiny().plans(camera)[0].moves


def test_what_actors_cannot_do_is_no_reason_to_ask_it():
    reading = read_plan("A dog waves, then walks in a circle. Push in two metres.")
    assert (reading.director, reading.reason) == ("grammar", "the grammar uses every word of the camera")


def test_actors_of_its_own_moves_join_those_of_the_grammar(monkeypatch):
    text = "A man bows. The gimbal slews its gaze to the red robot."
    monkeypatch.setattr(segment_director, "_setting", lambda text: parse("A man bows.", camera_required=False))
    monkeypatch.setattr(
        segment_director, "to_plan", lambda tokens, words, *, text: parse("look at the red robot beside a blue cone")
    )
    plan = tiny().plans(text)[0]
    assert [actor.name for actor in plan.actors] == ["person", "red robot"]
    assert [action.name for action in plan.actors[0].actions] == ["bow"]


def test_a_film_of_its_camera_has_actors_who_act(tmp_path, capsys):
    text = "A woman in red walks in a circle, then waves. The gimbal slews its gaze to the right."
    assert (
        main(
            ["shoot", text, "-o", str(tmp_path / "film"), "--size", "64x36", "--fps", "4", "--system", "none", "--json"]
        )
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert made["director"]["name"] == "tiny"
    assert "wearing red walks in a circle, then waves" in made["understood"]
    (woman,) = Shot.load(tmp_path / "film").actors
    assert isinstance(woman.avatar, SkinnedAvatar)
    assert (woman.avatar.clothes, [cue.name for cue in woman.avatar.cues]) == ("in red", ["wave"])
    assert woman.track.duration_s > woman.avatar.cues[0].start_s + 1.0
    ground = woman.track.T_world_body.translation[:, :2]
    assert float((ground - ground[:1]).norm(dim=-1).max()) > 1.0


def test_a_caption_without_words_is_refused():
    with pytest.raises(InputError, match="empty"):
        tiny().plans("  ")
