"""The table that ships: it is whole, words that mean alike are near, forms are found, and encoders learn from it."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file
from kinoeye.networks.text import CaptionEncoder, Vocabulary, WordVectors, load_word_vectors
from kinoeye.networks.text import word_vectors as module
from kinoeye.networks.text.dictionary_words import CLOSED_CLASS, lexicon_words
from kinoeye.networks.text.word_forms import stems

VECTORS = load_word_vectors()
FOLDER = module._FOLDER


def small_table(**changes: str) -> WordVectors:
    steps = np.array([[127, 0, 0], [0, 127, 0], [0, 0, 127]], np.int8)
    return WordVectors(("moss", "cover", "ride"), steps, changes)


def test_the_table_that_ships_is_the_one_of_its_record_and_small():
    record = json.loads((FOLDER / "english.json").read_text())
    file = FOLDER / "english.safetensors"
    assert record["sha256"] == VECTORS.sha256 == sha256_of_file(file)
    assert record["words"] == len(VECTORS) == len(set(VECTORS.words))
    assert record["bytes"] == file.stat().st_size < 2_000_000
    assert "Princeton University" in record["wordnet_licence"]
    np.testing.assert_allclose(np.linalg.norm(VECTORS.table, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("one", "other"),
    [("glade", "clearing"), ("slacks", "breeches"), ("sprint", "gallop"), ("sedan", "coupe"), ("drizzle", "rain")],
)
def test_alike_words_are_among_the_nearest_of_one_another(one: str, other: str):
    for word, sought in ((one, other), (other, one)):
        assert VECTORS._row(sought) in {VECTORS._row(found) for found, _ in VECTORS.nearest(word, 60)}
    cosines = VECTORS.table @ VECTORS.vector(one)
    assert cosines[VECTORS._row(other)] > np.quantile(cosines, 0.998)


def test_nearly_every_word_of_the_lexicon_is_known():
    words = {word for word in lexicon_words() - CLOSED_CLASS if word.isalpha() and len(word) > 2}
    unknown = {word for word in words if not VECTORS.knows(word)}
    assert len(unknown) < 0.03 * len(words), sorted(unknown)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("ponies", "pony"), ("Dogs", "dog"), ("jogging", "jog"), ("strolled", "stroll"), ("women", "woman"),
        ("ran", "run"), ("knives", "knife"), ("colourful", "colorful"),
        ("driver's", "driver"), ("greyish", "grayish"),
    ],
)  # fmt: skip
def test_forms_and_spellings_of_a_word_have_its_vector(form: str, word: str):
    assert VECTORS.knows(word)
    np.testing.assert_array_equal(VECTORS.vector(form), VECTORS.vector(word))


@pytest.mark.parametrize("form", ["running", "swimming", "walking", "men", "sitting", "dug"])
def test_forms_with_senses_of_their_own_stay_near_their_words(form: str):
    base = {"men": "man", "dug": "dig", "running": "run", "swimming": "swim", "sitting": "sit", "walking": "walk"}[form]
    assert VECTORS._row(form) != VECTORS._row(base)
    cosines = VECTORS.table @ VECTORS.vector(form)
    assert cosines[VECTORS._row(base)] > np.quantile(cosines, 0.99)


def test_parts_between_hyphens_have_their_mean():
    vectors = small_table()
    np.testing.assert_allclose(vectors.vector("moss-covered"), [0.5**0.5, 0.5**0.5, 0], atol=1e-6)
    np.testing.assert_allclose(vectors.vector("zz-moss"), [1, 0, 0])


def test_irregular_forms_come_before_endings():
    assert small_table(mosses="ride").vector("mosses").tolist() == [0, 0, 1]
    assert small_table().vector("mosses").tolist() == [1, 0, 0]
    assert small_table().vector("riding").tolist() == [0, 0, 1]


@pytest.mark.parametrize("word", ["", "-", "<q1>", "<m 4>", ",", "zzyzx", "m", "moss" * 50])
def test_unknown_words_have_zeros(word: str):
    assert not VECTORS.knows(word)
    assert not VECTORS.vector(word).any()
    assert VECTORS.nearest(word) == []


def test_stems_are_never_very_short():
    assert all(len(stem) >= 2 for word in ("is", "as", "bed", "ring", "her", "my", "men") for stem in stems(word))


def test_a_batch_has_the_vectors_of_its_words_and_says_which_are_known():
    captions = [("the", "Glade", "zzyzx"), (), ("dogs",)]
    meanings = VECTORS.encode(captions)
    assert meanings.vectors.shape == (3, 3, VECTORS.dimensions)
    assert meanings.known.tolist() == [[False, True, False], [False] * 3, [True, False, False]]
    torch.testing.assert_close(meanings.vectors[0, 1], torch.from_numpy(VECTORS.vector("glade").copy()))
    assert not meanings.vectors[~meanings.known].any()
    assert VECTORS.encode([]).vectors.shape == (0, 1, VECTORS.dimensions)


def test_copies_of_an_encoder_share_the_table():
    encoder = CaptionEncoder(Vocabulary(("dog",), 64, VECTORS), width=16, heads=2, layers=1)
    assert deepcopy(encoder).vocabulary.vectors is VECTORS


def test_a_table_with_another_number_of_rows_is_refused():
    with pytest.raises(InputError, match=r"2 words have vectors of shape \[3, 3\]; one row a word is needed"):
        WordVectors(("moss", "cover"), np.ones((3, 3), np.int8), {})


def test_a_vocabulary_without_vectors_makes_the_same_encoder_as_before():
    plain = Vocabulary(("dog", "boat"), 64)
    batch = plain.encode([("dog",)])
    assert batch.meanings is None
    assert batch.to("cpu").meanings is None
    names = set(CaptionEncoder(plain, width=16, heads=2, layers=1).state_dict())
    with_meanings = CaptionEncoder(replace(plain, vectors=VECTORS), width=16, heads=2, layers=1)
    assert set(with_meanings.state_dict()) - names == {"meaning.weight", "meanings_sha256"}
    assert names <= set(with_meanings.state_dict())


def test_weights_of_another_table_and_captions_without_meanings_are_refused():
    encoder = CaptionEncoder(Vocabulary(("dog",), 64, VECTORS), width=16, heads=2, layers=1)
    state = encoder.state_dict()
    encoder.load_state_dict(state)
    other = {**state, "meanings_sha256": torch.zeros_like(state["meanings_sha256"])}
    with pytest.raises(InputError, match=r"trained on word vectors with sha256 000000000000; those here have \w{12}"):
        encoder.load_state_dict(other)
    with pytest.raises(ValueError, match="encode them with the vocabulary of the encoder"):
        encoder(Vocabulary(("dog",), 64).encode([("dog",)]))


TOLD = {
    "trousers": "trousers pants jeans breeches", "dog": "dog hound terrier spaniel", "boat": "boat ship yacht canoe",
    "forest": "forest woods woodland grove", "run": "run sprint dash race", "rain": "rain drizzle shower storm",
}  # fmt: skip
NEVER_TOLD = {
    "trousers": "slacks leggings", "dog": "poodle collie puppy", "boat": "ferry dinghy sloop",
    "forest": "jungle thicket", "run": "jog gallop", "rain": "downpour sleet",
}  # fmt: skip


def share_of_new_words_understood(vectors: WordVectors | None) -> float:
    """An encoder learns which kind of thing some words name, then meets words that it was never shown."""
    torch.manual_seed(0)
    told = [((word,), kind) for kind, words in enumerate(TOLD.values()) for word in words.split()]
    new = [((word,), kind) for kind, words in enumerate(NEVER_TOLD.values()) for word in words.split()]
    vocabulary = Vocabulary.of([caption for caption, _ in told], least=1, buckets=512, vectors=vectors)
    encoder = CaptionEncoder(vocabulary, width=32, heads=2, layers=1)
    head = nn.Linear(32, len(TOLD))
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=3e-3, weight_decay=0.1)

    def logits(items: list[tuple[tuple[str, ...], int]]) -> torch.Tensor:
        return head(encoder(vocabulary.encode([caption for caption, _ in items])).states[:, 0])

    for _ in range(80):
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits(told), torch.tensor([kind for _, kind in told])).backward()
        optimizer.step()
    with torch.no_grad():
        assert (logits(told).argmax(dim=1) == torch.tensor([kind for _, kind in told])).all()
        return float((logits(new).argmax(dim=1) == torch.tensor([kind for _, kind in new])).float().mean())


def test_an_encoder_understands_words_that_it_was_never_shown_by_their_vectors_alone():
    assert share_of_new_words_understood(VECTORS) >= 0.55
    assert share_of_new_words_understood(None) <= 0.4


def test_the_python_of_the_page_runs():
    page = Path(__file__).parents[3] / "docs" / "word-vectors.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) == 1
    names: dict[str, object] = {}
    exec(compile(blocks[0], str(page), "exec"), names)
    assert isinstance(names["encoder"], CaptionEncoder)


def test_plurals_of_words_that_end_on_e_are_theirs():
    vectors = load_word_vectors()
    for plural, word in (("dunes", "dune"), ("houses", "house"), ("boxes", "box"), ("beaches", "beach")):
        assert np.array_equal(vectors.vector(plural), vectors.vector(word)), plural
        assert vectors.knows(word)
