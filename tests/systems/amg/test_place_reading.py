import re

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.language.lexicon import PLACES as NAMES
from kinoeye.networks.text import Vocabulary, WordBatch, load_word_vectors
from kinoeye.networks.text.words import UNKNOWN
from kinoeye.shot.captions.words import PLACES as STREAMS
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.place_phrases import PLACE_PHRASES
from kinoeye.systems.amg.place_reader import PlaceReader, PlaceReaders, caption_words
from kinoeye.systems.amg.place_wording import (
    DECISION,
    WordedCaption,
    reading_loss,
    tells_where,
    word_batch,
    worded_caption,
)

TAUGHT = {
    "beach": ("the sea", "the ocean", "a bay", "surf", "waves", "by the coast", "an island", "the shore"),
    "forest clearing": ("the woods", "a forest", "pines", "a thicket", "among trees", "a jungle", "a grove", "oaks"),
    "checkerboard hall": ("a palace", "a ballroom", "a temple", "columns", "a lobby", "a castle", "a gallery"),
    "snow": ("snow", "ice", "a blizzard", "a glacier", "frost", "a snowdrift", "winter", "in the cold"),
}  # fmt: skip
STRANGE = {
    "beach": ("a lagoon", "breakers", "the seaside", "at the seashore", "a reef"),
    "forest clearing": ("woodland", "a glade", "spruces", "shrubs and birches", "rainforest"),
    "checkerboard hall": ("a mansion", "a chapel", "a basilica", "a foyer", "pillars"),
    "snow": ("sleet", "an icy day", "icicles", "a snowstorm", "snowflakes"),
}
_SMALL = {"with", "and", "under", "by", "for", "from", "no", "its", "one", "after", "before", "into", "over"}
ACTORS = ("A man in a red coat waves", "Two women talk", "A tall person walks to the left and a dog sits still")


def vocabulary() -> Vocabulary:
    return Vocabulary.of([caption_words(actors) for actors in ACTORS], least=1, buckets=64, vectors=load_word_vectors())


def told(place: str, actors: str = ACTORS[0]) -> tuple[str, ...]:
    named = TAUGHT[place][0]
    return (f"{actors}, in {named}.", f"{named}.")


def shares(reader: PlaceReader, captions: list[str]) -> torch.Tensor:
    with torch.no_grad():
        return reader(reader.encoder.vocabulary.encode([caption_words(caption) for caption in captions])).softmax(-1)


@pytest.fixture(scope="module")
def reader() -> PlaceReader:
    """Taught four places in eight phrases each."""
    torch.manual_seed(0)
    made = PlaceReader(vocabulary(), len(PLACES))
    optimizer = torch.optim.AdamW(made.parameters(), lr=3e-3)
    for step in range(150):
        rng = np.random.default_rng([1, step])
        drawn = [list(TAUGHT)[int(rng.integers(4))] for _ in range(32)]
        captions = [worded_caption(told(place, ACTORS[int(rng.integers(3))]), place, rng, TAUGHT) for place in drawn]
        batch = word_batch(captions, made.encoder.vocabulary, rng)
        optimizer.zero_grad()
        words = WordBatch(batch["words"], batch["ngrams"], batch["valid"], batch["meanings"])
        reading_loss(made(words), batch["shares"]).backward()
        optimizer.step()
    return made.eval()


def test_words_that_were_never_taught_are_read_by_their_meaning(reader):
    asked = [(f"A nurse and a clown dance, in {phrase}.", PLACES.index(place))
             for place, phrases in STRANGE.items() for phrase in phrases]  # fmt: skip
    found = shares(reader, [caption for caption, _ in asked]).argmax(dim=-1)
    assert sum(int(place) == right for place, (_, right) in zip(found, asked, strict=True)) >= 0.75 * len(asked)


def test_where_no_place_is_told_none_is_likely_and_where_one_is_told_it_is(reader):
    nowhere = shares(reader, [*ACTORS, ""])
    assert float(nowhere.max()) < 0.5
    somewhere = shares(reader, [f"A man walks, in {phrases[1]}." for phrases in TAUGHT.values()])
    assert float(somewhere.max(dim=-1).values.min()) > 0.9


def test_a_caption_is_read_alike_whatever_stands_beside_it_in_the_batch(reader):
    lone = shares(reader, ["A dog sits by the sea."])
    beside = shares(reader, ["A dog sits by the sea.", ", ".join(ACTORS) + ", in the woods.", ""])
    torch.testing.assert_close(beside[:1], lone, rtol=1e-4, atol=1e-6)


def test_phrases_are_of_one_place_and_fit_into_sentences():
    assert set(PLACE_PHRASES) == set(PLACES)
    phrases = [phrase for named in PLACE_PHRASES.values() for phrase in named]
    assert all(len(named) >= 120 for named in PLACE_PHRASES.values())
    assert len({phrase.lower() for phrase in phrases}) == len(phrases)
    assert not [phrase for phrase in phrases if phrase != phrase.strip() or phrase[-1] in ".,:" or ";" in phrase]


def test_compounds_without_a_meaning_are_told_in_parts_that_have_one():
    vectors = load_word_vectors()
    assert not vectors.knows("seafront")
    assert caption_words("The seafront, a seaside") == ("the", "sea", "front", "a", "seaside", "<beach>")
    assert caption_words("A zzyzx") == ("a", "zzyzx")


def test_every_caption_that_tells_a_place_has_a_phrase_of_it_or_the_train_streams_words():
    phrases = {"beach": ("qqone",), "snow": ("under qqtwo",)}
    told_of = ("In zzsnow, a man sits.", "A man sits, in zzsnow.", "Zzsnow, in bright light.")
    rng = np.random.default_rng(3)
    made = [worded_caption(told_of, "snow", rng, phrases) for _ in range(400)]
    said = [bool({"qqtwo", "zzsnow"} & set(caption.words)) for caption in made if caption.place]
    silent = [caption for caption in made if caption.place is None]
    assert np.mean(said) > 0.85  # a few words are missing
    assert not [caption for caption in silent if {"qqtwo", "zzsnow", "<snow>"} & set(caption.words)]
    assert 10 < len(silent) < 80
    assert not [caption for caption in made if "qqone" in caption.words]


def test_wording_follows_from_its_generator():
    first, second = (
        [worded_caption(told("snow"), "snow", np.random.default_rng([7, number]), TAUGHT) for number in range(20)]
        for _ in range(2)
    )
    assert first == second
    assert len(set(first)) > 10


def test_a_batch_tells_places_evenly_where_none_is_told_and_hides_identities_only_of_words_with_a_meaning():
    captions = [WordedCaption(("man", "sea", "zzyzx") * 20, "beach"), WordedCaption(("man",), None)]
    batch = word_batch(captions, vocabulary(), np.random.default_rng(0))
    assert batch["shares"][0].tolist() == [float(place == "beach") for place in PLACES]
    torch.testing.assert_close(batch["shares"][1], torch.full((12,), 1 / 12))
    known = vocabulary().encode([captions[0].words])
    hidden = (batch["words"][0] == UNKNOWN) & (known.words[0] != UNKNOWN)
    assert 5 < int(hidden.sum()) < 20  # of 20 times "man"
    assert not batch["ngrams"][0][hidden].any()
    assert bool(batch["ngrams"][0][2::3].any(dim=-1).all())
    assert not batch["meanings"][0][2::3].any()


def test_shares_that_films_are_made_from_are_the_odds_to_a_power():
    odds = torch.tensor([[0.5, 0.3, 0.2]])
    logits = (DECISION * odds.log()).requires_grad_()
    smoothed = (odds - 0.05 / 3) / 0.95  # what smoothing turns into the odds
    reading_loss(logits, smoothed).backward()
    torch.testing.assert_close(logits.grad, torch.zeros(1, 3), rtol=0, atol=1e-6)


def test_phrases_with_prepositions_are_known():
    assert tells_where("with gulls overhead")
    assert not tells_where("a street under lamps")


def test_the_teaching_has_no_word_that_only_captions_of_the_eval_stream_tell_places_by():
    def told_by(*tables) -> set[str]:
        return {word for table in tables for named in table.values() for name in named for word in content(name)}

    def content(name: str) -> list[str]:
        return [word for word in re.findall("[a-z]+", name.lower()) if len(word) > 2 and word not in _SMALL]

    unseen = told_by(STREAMS["eval"]) - told_by(STREAMS["train"], NAMES)
    assert len(unseen) > 20
    assert not unseen & told_by(PLACE_PHRASES)


def test_readers_are_taught_apart_and_asked_together():
    torch.manual_seed(0)
    readers = PlaceReaders(vocabulary(), len(PLACES), 2).eval()
    captions = readers.batch(["A man waves, in the woods.", "A dog sits.", "Two women talk, in a palace.", "Snow."])
    with torch.no_grad():
        first, second = (reader(captions) for reader in readers.readers)
        assert not torch.allclose(first, second)
        torch.testing.assert_close(readers(captions), ((first + second) / 2).softmax(dim=-1))
        torch.testing.assert_close(readers.apart(captions), torch.cat([first[:2], second[2:]]))
    with pytest.raises(InputError, match="4 captions cannot be dealt into 3 parts"):
        captions.dealt(3)
