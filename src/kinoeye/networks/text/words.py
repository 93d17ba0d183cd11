"""Words as numbers: a closed vocabulary, and hashed character n-grams, which unknown words have too."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.text.word_vectors import WordVectors

PAD, UNKNOWN = 0, 1
_FIRST = 2
_SIZES = (3, 4, 5)
MAX_NGRAMS = 16
"""N-grams of a word; further ones of long words are left out."""


@dataclass(frozen=True)
class WordBatch:
    """Captions of a batch, padded at the end."""

    words: Int[Tensor, "b l"]
    ngrams: Int[Tensor, "b l g"]
    """Hash buckets, 0 for none."""
    valid: Bool[Tensor, "b l"]
    meanings: Float[Tensor, "b l d"] | None = None
    """Vectors of words from a dictionary, 0 for none; for vocabularies that have such."""

    def to(self, device: torch.device | str) -> WordBatch:
        """The same on a device."""
        meanings = None if self.meanings is None else self.meanings.to(device)
        return WordBatch(self.words.to(device), self.ngrams.to(device), self.valid.to(device), meanings)

    def dealt(self, parts: int) -> list[WordBatch]:
        """The captions in so many parts of one size, in their order.

        Raises:
            InputError: their number does not divide.
        """
        if len(self.words) % parts:
            raise InputError(f"{len(self.words)} captions cannot be dealt into {parts} parts of one size")
        cuts = [one.chunk(parts) for one in (self.words, self.ngrams, self.valid)]
        meanings = [None] * parts if self.meanings is None else self.meanings.chunk(parts)
        return [WordBatch(*part) for part in zip(*cuts, meanings, strict=True)]


@dataclass(frozen=True)
class Vocabulary:
    """The words that have a vector of their own; others are `UNKNOWN` and have only their n-grams.

    Words in angle brackets, such as `<q1>`, are marks: they have no n-grams.

    Args:
        words: in order of their numbers.
        buckets: number of hash buckets for n-grams.
        vectors: where every word, known or not, gets a vector of its meaning; None leaves them out.
    """

    words: tuple[str, ...]
    buckets: int = 4096
    vectors: WordVectors | None = None

    @classmethod
    def of(
        cls,
        captions: Iterable[Sequence[str]],
        *,
        least: int = 3,
        buckets: int = 4096,
        vectors: WordVectors | None = None,
    ) -> Vocabulary:
        """The words that occur at least `least` times, the most frequent first."""
        counts = Counter(word for caption in captions for word in caption)
        kept = [word for word, count in counts.items() if count >= least]
        return cls(tuple(sorted(kept, key=lambda word: (-counts[word], word))), buckets, vectors)

    def __len__(self) -> int:
        return len(self.words) + _FIRST

    def encode(self, captions: Sequence[Sequence[str]]) -> WordBatch:
        """Word numbers, n-gram buckets and, if there are such, meanings of captions, padded to the longest."""
        numbers = _numbers(self.words)
        length = max((len(caption) for caption in captions), default=0) or 1
        words = torch.zeros(len(captions), length, dtype=torch.int64)
        ngrams = torch.zeros(len(captions), length, MAX_NGRAMS, dtype=torch.int64)
        for row, caption in enumerate(captions):
            if not caption:
                continue  # nothing of it is valid
            words[row, : len(caption)] = torch.tensor([numbers.get(word, UNKNOWN) for word in caption])
            ngrams[row, : len(caption)] = torch.tensor([word_ngrams(word, self.buckets) for word in caption])
        meanings = None if self.vectors is None else self.vectors.encode(captions).vectors
        return WordBatch(words, ngrams, words != PAD, meanings)


@lru_cache(maxsize=4)
def _numbers(words: tuple[str, ...]) -> dict[str, int]:
    return {word: index + _FIRST for index, word in enumerate(words)}


@lru_cache(maxsize=65536)
def word_ngrams(word: str, buckets: int) -> tuple[int, ...]:
    """Buckets 1 to `buckets` of a word's character n-grams with its ends marked, padded with 0 to `MAX_NGRAMS`.

    Example:
        >>> word_ngrams("<q1>", 4096) == (0,) * 16
        True
    """
    if word.startswith("<") or not word[0].isalnum():
        return (0,) * MAX_NGRAMS
    marked = f"<{word}>"
    pieces = [marked[at : at + size] for size in _SIZES for at in range(len(marked) - size + 1)]
    found = tuple(1 + zlib.crc32(piece.encode()) % buckets for piece in pieces[:MAX_NGRAMS])
    return found + (0,) * (MAX_NGRAMS - len(found))
