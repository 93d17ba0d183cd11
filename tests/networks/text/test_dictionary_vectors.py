"""A table of vectors made of a small dictionary: likeness, names, forms, files and the same bytes again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_wordnet import write_tiny_wordnet

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file
from kinoeye.formats.dictionaries.wordnet import WordNet, read_wordnet
from kinoeye.networks.text.dictionary_vectors import make_word_vectors, write_word_vectors
from kinoeye.networks.text.dictionary_words import chosen_words, definition_words, lexicon_words
from kinoeye.networks.text.word_vectors import WordVectors, read_word_vectors

KINDS = {"hound": "collie spaniel terrier poodle", "vessel": "sloop dinghy canoe barge", "tunic": "kimono toga caftan"}
GLOSSES = {"hound": "a dog that barks and guards", "vessel": "a boat that floats", "tunic": "a garment with sleeves"}
TOPICS = {"hound": 5, "vessel": 6, "tunic": 6}


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> WordNet:
    """Three families of nouns: a general word, its kinds, and what definitions say of them."""
    synsets = {"n00000900": (("Kyoto",), 15, [("@i", "n00000100")], "a city")}
    for number, (general, kinds) in enumerate(KINDS.items(), start=1):
        key = f"n{number:05}000"
        synsets[key] = ((general,), TOPICS[general], [], GLOSSES[general])
        for place, kind in enumerate(kinds.split(), start=1):
            synsets[f"n{number:05}{place:03}"] = ((kind,), TOPICS[general], [("@", key)], GLOSSES[general])
    for place, word in enumerate(("dog", "guard", "boat", "garment", "sleeve"), start=1):
        synsets[f"n00008{place:03}"] = ((word,), 6, [], "")
    synsets["n00000100"] = (("city",), 15, [], "")
    folder = tmp_path_factory.mktemp("wordnet")
    write_tiny_wordnet(folder, synsets, counts=["hound%1:05:00:: 1 3"], irregular="caftanae caftan\ncollies collie\n")
    return read_wordnet(folder)


@pytest.fixture(scope="module")
def vectors(wordnet: WordNet) -> WordVectors:
    return made(wordnet, {})


def made(wordnet: WordNet, thesaurus: dict[str, tuple[str, ...]]) -> WordVectors:
    return make_word_vectors(wordnet, thesaurus, words=40, dimensions=8, steps=12)


def families(vectors: WordVectors) -> dict[str, list[str]]:
    """The nearest words of each kind of thing among its family and the others."""
    named = {word for words in KINDS.values() for word in words.split()}
    return {word: [other for other, _ in vectors.nearest(word, 40) if other in named] for word in named}


def test_words_of_one_kind_are_neighbours(vectors: WordVectors):
    nearest = families(vectors)
    for words in map(str.split, KINDS.values()):
        for word in words:
            assert set(nearest[word][: len(words) - 1]) == set(words) - {word}


def test_a_thesaurus_alone_tells_likeness_too(tmp_path: Path):
    thesaurus = {word: tuple(words.split()) for words in KINDS.values() for word in words.split()}
    thesaurus["mixed"] = tuple(" ".join(KINDS.values()).split())
    write_word_vectors(made(WordNet({}, {}, {}), thesaurus), tmp_path)
    nearest = families(read_word_vectors(tmp_path))
    for words in map(str.split, KINDS.values()):
        assert set(nearest[words[0]][: len(words) - 1]) == set(words[1:])


def test_dictionaries_that_tell_nothing_are_refused():
    with pytest.raises(InputError, match="no two words that are alike"):
        made(WordNet({}, {}, {}), {"grey": ("grey",)})


def test_names_and_words_of_grammar_are_left_out_and_wanted_ones_come_first(wordnet: WordNet):
    definitions = definition_words(wordnet)
    assert definitions["n00001001"] == {"dog": 1, "guard": 1}
    everything = chosen_words(wordnet, {"with": ("within",)}, definitions, 100, wanted=())
    assert "city" in everything
    assert not {"kyoto", "with", "within"} & set(everything)
    assert chosen_words(wordnet, {}, definitions, 1, wanted={"caftan"}) == ["caftan"]


def test_what_follows_from_other_words_has_no_row(wordnet: WordNet):
    thesaurus = dict.fromkeys(("grey", "greyness", "grey-dog", "slow", "slowly"), ("dog", "boat"))
    kept = chosen_words(wordnet, thesaurus, definition_words(wordnet), 100, wanted=())
    assert {"grey", "slow"} <= set(kept)
    assert not {"greyness", "grey-dog", "slowly"} & set(kept)


def test_the_lexicon_is_wanted():
    words = lexicon_words()
    assert {"trousers", "savanna", "hitchcock", "orbit", "android"} <= words
    assert all(word and " " not in word for word in words)


def test_a_table_is_written_with_its_record_and_read_back_the_same(vectors: WordVectors, tmp_path: Path):
    assert vectors.irregular == {"caftanae": "caftan", "collies": "collie"}
    write_word_vectors(vectors, tmp_path)
    again = read_word_vectors(tmp_path)
    assert again.words == vectors.words
    assert again.irregular == vectors.irregular
    np.testing.assert_array_equal(again.table, vectors.table)
    record = json.loads((tmp_path / "english.json").read_text())
    assert record["sha256"] == again.sha256 == sha256_of_file(tmp_path / "english.safetensors")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in record["wordnet_licence"]


def test_the_same_dictionary_makes_the_same_bytes_whatever_the_global_seed(wordnet: WordNet, vectors: WordVectors):
    torch.manual_seed(5)
    np.testing.assert_array_equal(made(wordnet, {}).steps, vectors.steps)


def test_a_damaged_table_is_refused(vectors: WordVectors, tmp_path: Path):
    write_word_vectors(vectors, tmp_path)
    file = tmp_path / "english.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"does not have the sha256 of english\.json"):
        read_word_vectors(tmp_path)
