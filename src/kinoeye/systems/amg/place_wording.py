"""What the reader of captions is taught with: places told in many words and frames, beside actors who say nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from kinoeye.language.lexicon import PLACES as NAMES_OF_PLACES
from kinoeye.language.prose import capitalised, drawn
from kinoeye.networks.text import Vocabulary, load_word_vectors
from kinoeye.networks.text.words import UNKNOWN
from kinoeye.render.worlds import world
from kinoeye.shot.captions import captions_of
from kinoeye.systems.amg.film_config import BUCKETS, FPS, FRAMES, PLACES
from kinoeye.systems.amg.place_phrases import PLACE_PHRASES
from kinoeye.systems.amg.place_reader import caption_words

Phrases = Mapping[str, Sequence[str]]

_AS_WRITTEN, _NOWHERE, _LONE, _TWO = 0.2, 0.08, 0.15, 0.25
"""Shares of captions that stay as the train stream has them, of those that tell no place, and, of the others, of those
without actors and with two phrases."""
_HIDDEN, _STRANGE, _MEANING_NOISE, _UNMARKED = 0.15, 0.8, 0.05, 0.5
"""Largest share of a caption's words that is left out, share of words with a meaning that are told by it alone, noise
of meanings, and share of captions without the grammar's mark."""
_KIN, _NEAREST = 0.4, 16
"""Share of words told by meaning in whose stead one of so many nearest words is."""
_OTHER_WORDS = 0.5
"""Largest share of words about actors in whose stead any other stands."""
DECISION, _DOUBT = 2.0, 0.05
"""Power of the odds, and label smoothing."""
_CUT, _SOME_WORDS = 0.75, 24
"""Share of captions that have only a part of the words about actors, and the most words of a part."""
_STRAY, _STRAYS = 0.5, 4
"""Share of captions with words among the others that say nothing of the place, and the most of them."""
_VOCABULARY_WORLDS = 200
_PLACE_AT_THE_END = re.compile(r", in [^,.]+\.$")
_PREPOSITIONS = frozenset(
    "across after against along amid among as at before behind below beneath beside between by in inside into near "
    "on out outside over past through toward under up when where while with without surrounded wrapped shrouded "
    "veiled lost half swallowed isolated ringed far miles off".split()
)
_ARTICLES = frozenset(("a", "an", "the"))
_IN = ("in", "in", "in", "on", "at", "near", "against", "amid", "inside", "through", "by")
_AROUND = (
    "{actors}, {where}.", "{actors}, {where}.", "{actors} {where}.", "{where}, {actors}.", "A film {where}: {actors}.",
    "{actors}. The scene is set {where}.", "{actors}, filmed {where}.", "Set {where}. {actors}.",
    "{where}: {actors}.", "We are {where}; {actors}.", "A shot of {actors}, {where}.",
)  # fmt: skip
_NAMED = (
    "{actors}; behind them {what}.", "{what}. {actors}.", "{what}: {actors}.", "{actors}, with {what} behind.",
    "{what} as the setting; {actors}.", "{actors}. The background is {what}.", "{actors} and, all around, {what}.",
    "{actors}, {what} in the background.",
)  # fmt: skip
_ALONE = ("{where}.", "A scene {where}.", "Nobody is {where}.", "It happens {where}.")


@dataclass(frozen=True)
class WordedCaption:
    """The words of a caption as the reader is taught them."""

    words: tuple[str, ...]
    place: str | None
    """That it tells of, None for none."""


def worded_caption(
    told: Sequence[str], place: str, rng: np.random.Generator, phrases: Phrases | None = None
) -> WordedCaption:
    """A caption of the train stream, or its actors in a place told in other words or in none.

    At times some words about the actors are any others, the grammar's mark is left out, and a few words are missing.

    Args:
        told: captions of a world in the train stream: that of the avatars is the last but one, as `AvatarPair` has it.
        place: that the world shows.
        rng: draws all of it.
        phrases: place -> what it is called; None is all that there are.
    """
    kind = rng.random()
    if kind < _AS_WRITTEN:
        return WordedCaption(_worn(caption_words(drawn(rng, told)), rng), place)
    actors = _others_said(_actors(told), rng)
    if kind < _AS_WRITTEN + _NOWHERE:
        return WordedCaption(_worn(caption_words(f"{actors}."), rng), None)
    named = (phrases or all_phrases())[place]
    caption = _in_a_frame(drawn(rng, named), "" if rng.random() < _LONE else actors, rng)
    if rng.random() < _TWO:
        caption = f"{caption[:-1]}, {_where(drawn(rng, named), rng)}."
    return WordedCaption(_worn(caption_words(caption), rng), place)


def word_batch(
    captions: Sequence[WordedCaption], vocabulary: Vocabulary, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Captions as the reader takes them, and shares of places: all alike where none is told.

    Most words are told by their meanings alone, as words are that training never shows, and some by that of a word
    that means nearly the same; meanings have some noise.

    Args:
        captions: of the batch.
        vocabulary: with word vectors.
        rng: draws strange words, those that stand for others, and noise.
    """
    batch = vocabulary.encode([caption.words for caption in captions])
    assert batch.meanings is not None
    meant = batch.meanings.any(dim=-1, keepdim=True)
    strange = meant[..., 0] & torch.from_numpy(rng.random(batch.words.shape) < _STRANGE)
    meanings = batch.meanings.clone()
    for row, column in (strange & torch.from_numpy(rng.random(batch.words.shape) < _KIN)).nonzero().tolist():
        kin = _kin(captions[row].words[column])
        meanings[row, column] = torch.tensor(kin[int(rng.integers(len(kin)))])
    shifted = rng.normal(scale=_MEANING_NOISE, size=batch.meanings.shape).astype(np.float32)
    shares = [[1 / len(PLACES) if told.place is None else float(told.place == name) for name in PLACES]
              for told in captions]  # fmt: skip
    return {
        "words": batch.words.masked_fill(strange, UNKNOWN),
        "ngrams": batch.ngrams.masked_fill(strange[..., None], 0),
        "valid": batch.valid,
        "meanings": meanings + torch.from_numpy(shifted) * meant,
        "shares": torch.tensor(shares),
    }


def reading_loss(logits: Float[Tensor, "b k"], shares: Float[Tensor, "b k"]) -> Tensor:
    """Cross-entropy of shares that are less decided than those that a film is made from.

    What is read as 0.6 and 0.4 by the odds would be filmed as a blend that is neither place: a caption mostly speaks of
    one. Trained so, a reader's shares are the odds to the power of `DECISION`; where all are alike they stay alike.

    Args:
        logits: of the reader.
        shares: of places that captions speak of.
    """
    return functional.cross_entropy(logits / DECISION, shares, label_smoothing=_DOUBT)


@cache
def all_phrases() -> Phrases:
    """What places are called: the shot grammar's names and the phrases of `place_phrases`."""
    return {place: (*NAMES_OF_PLACES[place], *PLACE_PHRASES[place]) for place in PLACES}


@cache
def train_vocabulary() -> Vocabulary:
    """The words of captions of the train stream, marks of places, and words for places that have no word vector."""
    return vocabulary_of(all_phrases())


def vocabulary_of(phrases: Phrases) -> Vocabulary:
    """The same for some of the words for places."""
    vectors = load_word_vectors()
    words = {word for named in phrases.values() for phrase in named for word in caption_words(phrase)}
    marks = [(f"<{place}>",) for place in PLACES]
    meaningless = [(word,) for word in sorted(words) if not vectors.knows(word) and not word.startswith("<")]
    return Vocabulary.of([*_train_captions(), *marks * 3, *meaningless * 3], buckets=BUCKETS, vectors=vectors)


@cache
def _train_captions() -> tuple[tuple[str, ...], ...]:
    told: list[tuple[str, ...]] = []
    for seed in range(_VOCABULARY_WORLDS):
        shot = world("train", seed, num_frames=FRAMES, fps=FPS, size_wh=(64, 64))
        captions = captions_of(shot, "train")
        told += [caption_words(text) for text in (shot.prompt, captions.avatar, captions.environment)]
    return tuple(told)


@lru_cache(maxsize=65536)
def _kin(word: str) -> tuple[NDArray[np.float32], ...]:
    """The meanings of the words whose meanings are nearest to a word's."""
    vectors = load_word_vectors()
    return tuple(vectors.vector(near) for near, _ in vectors.nearest(word, _NEAREST))


def _actors(told: Sequence[str]) -> str:
    """Who does what, without the place."""
    return _PLACE_AT_THE_END.sub("", told[-2]) if len(told) > 1 else ""


def _others_said(actors: str, rng: np.random.Generator) -> str:
    """A part of what actors are and do, with any other words in the stead of some."""
    words = actors.split()
    if rng.random() < _CUT:
        first = int(rng.integers(max(len(words) - 3, 1)))
        words = words[first : first + int(rng.integers(3, _SOME_WORDS))]
    others = load_word_vectors().words
    swapped = rng.random(len(words)) < rng.uniform(0, _OTHER_WORDS) * (rng.random() < 0.5)
    return " ".join(
        others[int(rng.integers(len(others)))] if swap else word for word, swap in zip(words, swapped, strict=True)
    )


def _strewn(words: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Words with so many of the dictionary anywhere among them."""
    mixed, others = list(words), load_word_vectors().words
    for _ in range(count):
        mixed.insert(int(rng.integers(len(mixed) + 1)), others[int(rng.integers(len(others)))])
    return mixed


def _in_a_frame(phrase: str, actors: str, rng: np.random.Generator) -> str:
    """A sentence about a place."""
    if not actors:
        frame = drawn(rng, _ALONE)
        what = phrase if rng.random() < 0.5 else _where(phrase, rng)
        return capitalised(frame.format(where=what))
    if tells_where(phrase) or rng.random() < 0.6:
        return capitalised(drawn(rng, _AROUND).format(actors=actors, where=_where(phrase, rng)))
    return capitalised(drawn(rng, _NAMED).format(actors=actors, what=phrase))


def _where(phrase: str, rng: np.random.Generator) -> str:
    """A phrase with a preposition and, at times, another article or none."""
    if tells_where(phrase):
        return phrase
    article, _, rest = phrase.partition(" ")
    if rest and article in _ARTICLES and rng.random() < 0.3:
        phrase = drawn(rng, ("the ", "some ", "", "a ")) + rest
    return f"{drawn(rng, _IN)} {phrase}"


def tells_where(phrase: str) -> bool:
    """Whether a phrase begins with a preposition.

    Example:
        >>> tells_where("under street lamps"), tells_where("an alley")
        (True, False)
    """
    return phrase.partition(" ")[0] in _PREPOSITIONS


def _worn(words: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    """Words as they come through, with the mark of the place or without, and at times with others among them."""
    if rng.random() < _STRAY:
        words = _strewn(words, int(rng.integers(1, _STRAYS + 1)), rng)
    if rng.random() < _UNMARKED:
        words = [word for word in words if not word.startswith("<")]
    hidden = rng.random(len(words)) < rng.uniform(0, _HIDDEN)
    return tuple(word for word, gone in zip(words, hidden, strict=True) if not gone)
