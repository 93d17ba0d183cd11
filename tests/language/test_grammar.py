from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_notation import notation
from shot_sentences import SENTENCES, WITHOUT_A_MOVE

from kinoeye.base.errors import InputError
from kinoeye.language import describe, parse
from kinoeye.language.grammar import slips
from kinoeye.language.lexicon import CREATURES, PLACES, SHAPES, inflect
from kinoeye.language.plan import Action, Move, PlaceMention, Plan, ReadAs
from kinoeye.language.text.items import scan, vocabulary
from kinoeye.language.text.tokens import tokenize


@pytest.mark.parametrize(("text", "plan"), SENTENCES, ids=[text[:60] for text, _ in SENTENCES])
def test_sentence_means_plan(text, plan):
    assert notation(parse(text)) == plan


def test_table_is_broad():
    assert len({text for text, _ in SENTENCES}) == len(SENTENCES) >= 300


@pytest.mark.parametrize("text", WITHOUT_A_MOVE)
def test_sentence_without_a_move_shows_examples(text):
    with pytest.raises(InputError, match=r"no camera move in .* write for example 'The camera moves forward") as error:
        parse(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("text", "words"), [("", "empty"), (" \n\t", "empty"), ("pan left " * 12_000, "20000")])
def test_empty_and_endless_texts_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pan left 90 and pan right 90 at the same time", "cannot yaw left and right at the same time"),
        ("moves left and right at the same time", "cannot truck left and right"),
        ("simultaneously moves up and down", "cannot pedestal up and down"),
        ("zoom in while zooming out", "cannot zoom in and out"),
        ("pan left, pan right at the same time", "cannot yaw left and right"),
        ("push in -2 metres", "'-2 metres' is negative, but amounts are positive; .* 'pull back 2 metres'"),
        ("move minus two metres left", "negative"),
        ("push in 1e9 metres", r"1e\+09 of dolly is out of range"),
        ("pan left for 5000 seconds", "'5000 seconds' is too long; .* at most 3600 s"),
    ],
)
def test_what_cannot_be_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse(text)


def test_a_typo_is_named_in_the_error():
    with pytest.raises(InputError, match="did you mean 'camera'"):
        parse("the camerra")


@pytest.mark.parametrize(("text", "noun"), [("orbit around the red bus", "bus"), ("circle the statue", "statue")])
def test_an_unknown_subject_is_noted(text, noun):
    (words,) = parse(text).unused
    assert words.note == f"no subject {noun!r}; there are {', '.join([*SHAPES, *CREATURES])}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("track the cat", "no subject 'cat'; there are robot, person"),
        ("look at the tower", "no subject 'tower'"),
        ("the camrea orbits right around the red robot", "did you mean 'camera' for 'camrea'"),
    ],
)
def test_the_error_names_what_it_does_not_know(text, words):
    with pytest.raises(InputError, match=words):
        parse(text)


@pytest.mark.parametrize(
    ("text", "unused", "meant"),
    [
        ("Push in. A mna walks to the left.", "mna walks to the left", "man"),
        ("A womn walks to the left. Push in.", "womn walks to the left", "woman"),
        ("a man and a dgo walk to the left. Push in.", "dgo walk to the left", "dog"),
        ("Push in while a caar drives left", "while a caar drives left", "car"),
        ("orbit around the mna", "mna", "man"),
        ("push in, in the desrt", "desrt", "desert"),
        ("Push in. Pnu left.", "Pnu left", "pan"),
        ("Push in, then obrti left.", "obrti left", "orbit"),
    ],
)
def test_a_misspelt_noun_or_verb_is_named(text: str, unused: str, meant: str):
    (words,) = parse(text).unused
    assert (words.text, words.suggestion) == (unused, meant)
    assert slips(text) == (words,)


@pytest.mark.parametrize(
    "text",
    [
        "Push in. A cat walks left.",
        "push in to reveal the health of the old bell",
        "truck left past the many moons of the most distant coat store",
    ],
)
def test_english_words_are_no_slips_of_nouns(text: str):
    assert not slips(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A mna walks to the left", "no actor, place or camera move in .* did you mean 'man' for 'mna'"),
        ("Pnu left", "did you mean 'pan' for 'Pnu left'"),
    ],
)
def test_a_sentence_of_which_nothing_is_read_names_its_slip(text: str, words: str):
    with pytest.raises(InputError, match=words):
        parse(text, camera_required=False)


def test_no_word_is_suggested_for_itself():
    (words,) = parse("push in 5 seconds 3 seconds").unused
    assert (words.text, words.suggestion) == ("3 seconds", None)


def test_a_misspelt_word_has_its_place_and_what_it_was_read_as():
    text = "Pan rigth, then tilt up."
    plan = parse(text)
    assert plan.read_as == (ReadAs("rigth", 4, 9, "right"),)
    assert plan.without_text() == parse("Pan right, then tilt up.").without_text()


@pytest.mark.parametrize(
    "word", ["pen", "plan", "pain", "lent", "tower", "track", "lift", "town", "trucks", "cat", "pin"]
)
def test_an_english_word_is_no_slip(word):
    assert not parse(f"pan left by the {word}").read_as


def test_unused_words_have_their_place_and_the_nearest_word():
    text = "Cinematically orbit right around the red robot, highlighting its chrome."
    words = parse(text).unused
    assert [(text[w.start : w.end], w.suggestion) for w in words] == [
        ("Cinematically", "cinematic"),
        ("highlighting its chrome", None),
    ]


def test_spans_refer_to_the_original_text():
    text = "A TALL  Blue\tcone stands in the DESERT; pan left."
    plan = parse(text)
    assert text[plan.actors[0].start : plan.actors[0].end] == plan.actors[0].prompt == "A TALL  Blue\tcone"
    assert plan.place is not None
    assert text[plan.place.start : plan.place.end] == plan.place.text == "DESERT"


def test_definite_phrase_points_back_and_indefinite_one_does_not():
    names = [actor.name for actor in parse("A red robot. A red robot. Pan left. The red robot walks right.").actors]
    assert names == ["red robot", "red robot 2"]
    plan = parse("Orbit around a red robot and then push in on the robot.")
    assert [move.actions[0].target for move in plan.moves] == ["red robot", "red robot"]


def test_unknown_adjectives_stay_in_the_prompt():
    actor = parse("Push in on a rusty old red robot.").actors[0]
    assert (actor.name, actor.prompt) == ("red robot", "a rusty old red robot")


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("pan", "pan pans panning panned"),
        ("dolly", "dolly dollies dollying dollied"),
        ("glide", "glide glides gliding glided"),
        ("travel", "travel travels traveling travelling traveled travelled"),
        ("push", "push pushes pushing pushed"),
        ("fly", "fly flies flying flied flew"),
        ("truck", "truck trucks trucking trucked"),
    ],
)
def test_inflection(verb, forms):
    assert set(inflect(verb)) == set(forms.split())


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("push in 1 metre over 1 second", "The camera moves forward 1 metre, over 1 second."),
        ("pan left 1 degree at 1 degree per second", "The camera yaws left 1 degree at 1 degree per second."),
        ("orbit left at a distance of 1 m", "The camera orbits left at a distance of 1 metre."),
        ("on the beach, follow the cone", "On the beach. A cone stands still. The camera follows the cone."),
        ("vertigo on the cone", "A cone stands still. The camera dolly zooms in on the cone."),
    ],
)
def test_description_is_english(text, description):
    assert describe(parse(text)) == description


@pytest.mark.parametrize("environment", PLACES)
def test_every_described_place_is_read_back(environment):
    plan = parse(describe(Plan((Move((Action("hold"),)),), place=PlaceMention(environment, ""))))
    assert plan.place is not None
    assert (plan.place.environment, plan.unused) == (environment, ())


def _accounted(text: str, plan: Plan) -> bool:
    return all(text[words.start : words.end] == words.text for words in plan.unused)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    try:
        assert _accounted(text, parse(text))
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is fine, each has its own claim


_WORDS = (*sorted(vocabulary()), "red", "blue", "robot", "cones", "desert", "2", "45", "1.5", "½", "°", ",", ".", "-",
          "foo", "'s", "m", "/", "(", "->", "seconds", "two", "half", "a")  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=16).map(" ".join))
def test_any_words_of_the_lexicon_are_read_or_refused(text):
    try:
        plan = parse(text)
    except InputError:
        return
    assert plan.moves
    assert _accounted(text, plan)


@given(st.text(max_size=200))
def test_items_cover_every_token(text):
    tokens = tokenize(text)
    items = scan(tokens)
    assert [i for item in items for i in range(item.first, item.last)] == list(range(len(tokens)))


@pytest.mark.parametrize("word", ["foo", "gracious", "zebra"])
@pytest.mark.parametrize("text", ["pan {} left", "{} pan left", "pan left {}", "pan left, then {} tilt up"])
def test_an_unknown_word_is_never_dropped(text, word):
    plan = parse(text.format(word))
    assert any(word in words.text for words in plan.unused)
