"""Words become numbers and n-grams: unknown ones keep their n-grams, marks have none, padding is invalid."""

from __future__ import annotations

import torch

from kinoeye.networks.text import CaptionEncoder, Vocabulary
from kinoeye.networks.text.words import UNKNOWN, word_ngrams

VOCABULARY = Vocabulary.of([("pan", "left"), ("pan", "right"), ("<q1>", "pan")], least=1, buckets=64)


def test_frequent_words_come_first_and_rare_ones_are_left_out():
    assert VOCABULARY.words[0] == "pan"
    assert Vocabulary.of([("a", "a", "b")], least=2).words == ("a",)


def test_unknown_words_keep_their_ngrams_and_marks_have_none():
    batch = VOCABULARY.encode([("pan", "pans"), ("<q1>",)])
    assert batch.words[0, 1] == UNKNOWN
    shared = set(word_ngrams("pan", 64)) & set(batch.ngrams[0, 1].tolist()) - {0}
    assert shared
    assert batch.ngrams[1, 0].sum() == 0
    assert batch.valid.tolist() == [[True, True], [True, False]]


def test_an_empty_caption_stands_beside_others():
    batch = VOCABULARY.encode([(), ("pan",)])
    assert batch.valid.tolist() == [[False], [True]]


def test_a_caption_without_words_has_states_that_are_numbers():
    encoder = CaptionEncoder(VOCABULARY, width=32, heads=2, layers=1).eval()
    assert encoder(VOCABULARY.encode([(), ("pan", "left")])).states.isfinite().all()


def test_states_depend_on_neighbours_and_on_ngrams_but_not_on_padding():
    torch.manual_seed(0)
    encoder = CaptionEncoder(VOCABULARY, width=32, heads=2, layers=1).eval()

    def states(*captions):
        return encoder(VOCABULARY.encode(captions)).states

    alone = states(("pan", "left"))[0]
    padded = states(("pan", "left"), ("pan", "left", "right"))[0, :2]
    torch.testing.assert_close(alone, padded, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(alone[0], states(("pan", "right"))[0, 0], atol=1e-3)
    assert not torch.allclose(states(("zoomed",)), states(("craned",)), atol=1e-3)
