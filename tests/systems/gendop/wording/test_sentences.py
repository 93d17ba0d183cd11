"""Captions are exact by construction, and the eval stream shares only direction words with training."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import fields

import pytest

from kinoeye.language.lexicon import inflect
from kinoeye.language.plan import KINDS, Plan
from kinoeye.systems.gendop.caption_words import NEXT_MOVE, UNREAD_WORDS, read_words
from kinoeye.systems.gendop.program_tokens import TOKENS
from kinoeye.systems.gendop.wording import captioned_program
from kinoeye.systems.gendop.wording.directions import FAMILY, PHRASES
from kinoeye.systems.gendop.wording.eval_phrases import EVAL
from kinoeye.systems.gendop.wording.ordinary_words import (
    ADJECTIVES,
    ADVERBS,
    ASIDES,
    DOINGS,
    MATTERS,
    PARTS,
    PEOPLE,
    PLACES,
    SENTENCES,
    THINGS,
)
from kinoeye.systems.gendop.wording.train_phrases import TRAIN

SHARED = {"", "slowly", "slow", "quickly", "quick", "brisk", "slightly", "handheld", "over", "for"}
"""Manners, an empty opening, and prepositions of time: no verb, template, filler or subject."""


@pytest.fixture(scope="module")
def train():
    return [captioned_program("train", seed) for seed in range(3000)]


@pytest.fixture(scope="module")
def heard():
    return [captioned_program("eval", seed) for seed in range(1500)]


def test_the_streams_share_no_template_filler_or_subject():
    for name in (field.name for field in fields(TRAIN)):
        if name in ("verbs", "idioms", "nouns"):
            continue
        assert not (set(getattr(TRAIN, name)) & set(getattr(EVAL, name))) - SHARED, name


def test_training_never_shows_a_held_out_verb(train):
    held_out = {form for verbs in EVAL.verbs.values() for verb in verbs for form in inflect(verb)}
    assert not held_out & {word for item in train for word in item.words.words}


def test_every_direction_word_occurs_in_training(train):
    needed = {word for phrases in PHRASES.values() for phrase in phrases for word in read_words(phrase).words}
    seen = Counter(word for item in train for word in item.words.words)
    assert not needed - set(seen) - {"{", "}"} - {"subject"}


def test_a_caption_is_read_back_to_its_program(train, heard):
    for item in (*train, *heard):
        assert read_words(item.caption) == item.words
        assert set(item.tokens) <= set(TOKENS)
        assert item.plan.text == item.caption


def test_stated_amounts_are_the_quantities_of_the_text(train):
    stated = 0
    for item in train:
        for move in item.plan.moves:
            for action in move.actions:
                if action.amount is None:
                    continue
                stated += 1
                unit = KINDS[action.kind].unit
                values = [quantity.value for quantity in item.words.quantities]
                assert any(math.isclose(action.amount, value) for value in values), item.caption
                assert unit in ("m", "rad", "ratio")
    assert stated > 500


def test_every_kind_of_action_is_told_in_both_streams(train, heard):
    for items in (train, heard):
        kinds = {action.kind for item in items for move in item.plan.moves for action in move.actions}
        assert kinds == set(KINDS)


def test_a_seed_is_one_caption_and_streams_differ():
    assert captioned_program("train", 5) == captioned_program("train", 5)
    assert captioned_program("train", 5).caption != captioned_program("eval", 5).caption


def test_one_to_six_moves_and_neighbours_differ(train):
    counts = Counter(len(item.plan.moves) for item in train)
    assert set(counts) == {1, 2, 3, 4, 5, 6}
    assert captioned_program("train", 7, count=5).plan.moves.__len__() == 5


@pytest.mark.parametrize("key", sorted(PHRASES))
def test_every_direction_phrase_has_verbs_of_both_streams(key):
    family = FAMILY[key[0]]
    assert TRAIN.verbs[family]
    assert EVAL.verbs[family]
    assert not set(TRAIN.verbs[family]) & set(EVAL.verbs[family])


def test_ordinary_words_hold_no_subject_or_place_of_the_eval_stream():
    held_out = {phrase.split()[-1] for phrase in (*EVAL.things, *EVAL.people, *EVAL.places)} - {"glass", "set"}
    tables = (THINGS, PARTS, MATTERS, PEOPLE, PLACES, ADJECTIVES, ADVERBS, DOINGS, ASIDES, SENTENCES)
    ours = {word for table in tables for phrase in table for word in re.findall(r"[a-z]+", phrase)}
    assert not held_out & ours


def test_training_is_given_what_the_grammar_reads(train):
    read = [item.words.reading for item in train]
    assert 0.01 < sum(reading == ("<not read>",) for reading in read) / len(read) < 0.2
    assert sum(UNREAD_WORDS in reading for reading in read) > 300
    right = [
        _marks_of(item.plan) == tuple(mark for mark in item.words.reading if mark != UNREAD_WORDS) for item in train
    ]
    assert 0.2 < sum(right) / len(right) < 0.8, "it is right often enough to learn from, and not always"


def _marks_of(plan: Plan) -> tuple[str, ...]:
    moves = [
        sorted(f"<{f'{action.kind} {action.direction}'.strip()}>" for action in move.actions) for move in plan.moves
    ]
    return tuple(mark for index, move in enumerate(moves) for mark in ([NEXT_MOVE] if index else []) + move)
