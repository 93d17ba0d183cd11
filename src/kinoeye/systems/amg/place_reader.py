"""Which place a caption speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.networks.text import CaptionEncoder, Vocabulary, WordBatch, load_word_vectors
from kinoeye.shot.environments import find_environment

MAX_WORDS = 120
"""Of a caption; further ones are not read."""
_WORD = re.compile(r"[a-z]+")
_SHORTEST_PART = 3
_NEIGHBOURS = 5


def caption_words(caption: str) -> tuple[str, ...]:
    """A caption's words in lower case, and behind them as a mark the place that the lexicon finds in it, if any.

    A compound without a word vector is told in its two parts if both have one.

    Example:
        >>> caption_words("She waves, at the seaside.")
        ('she', 'waves', 'at', 'the', 'seaside', '<beach>')
        >>> caption_words("He sits among sandcastles.")
        ('he', 'sits', 'among', 'sand', 'castles')
    """
    found = _WORD.findall(caption.lower())[:MAX_WORDS]
    place = find_environment(" ".join(found))
    words = tuple(part for word in found for part in _parts(word))[:MAX_WORDS]
    return words if place is None else (*words, f"<{place}>")


@lru_cache(maxsize=65536)
def _parts(word: str) -> tuple[str, ...]:
    vectors = load_word_vectors()
    if vectors.knows(word):
        return (word,)
    cuts = sorted(range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1), key=lambda cut: abs(2 * cut - len(word)))
    halves = ((word[:cut], word[cut:]) for cut in cuts)
    return next((parts for parts in halves if all(map(vectors.knows, parts))), (word,))


class PlaceReaders(nn.Module):
    """Several readers of captions, which are taught apart and then asked together.

    Args:
        vocabulary: known words and marks, with word vectors.
        places: how many there are.
        count: of readers.
    """

    def __init__(self, vocabulary: Vocabulary, places: int, count: int) -> None:
        super().__init__()
        self.readers = nn.ModuleList(PlaceReader(vocabulary, places) for _ in range(count))
        self.vocabulary = vocabulary

    def batch(self, captions: Sequence[str]) -> WordBatch:
        """Captions as the readers take them."""
        return self.vocabulary.encode([caption_words(caption) for caption in captions])

    def forward(self, captions: WordBatch) -> Float[Tensor, "b places"]:
        """Shares of places, by the mean of all readers' logits."""
        return torch.stack([reader(captions) for reader in self.readers]).mean(dim=0).softmax(dim=-1)

    def apart(self, captions: WordBatch) -> Float[Tensor, "b places"]:
        """Logits of captions that are dealt to the readers: the first part to the first one, and so on."""
        parts = captions.dealt(len(self.readers))
        return torch.cat([reader(part) for reader, part in zip(self.readers, parts, strict=True)])


class PlaceReader(nn.Module):
    """Captions to logits of places.

    Each word is seen with two neighbours on either side, which tells "a street by day" from one at night; some weighted
    means over words, in which a learned one that says nothing takes part, are read together.

    Args:
        vocabulary: known words and marks, with word vectors.
        places: how many there are.
        width: channels.
        asks: weighted means.
    """

    def __init__(self, vocabulary: Vocabulary, places: int, *, width: int = 48, asks: int = 4) -> None:
        super().__init__()
        self.encoder = CaptionEncoder(vocabulary, width=width, heads=2, layers=0)
        self.near = nn.Conv1d(width, width, _NEIGHBOURS, padding=_NEIGHBOURS // 2)
        self.mixed = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.asks = nn.Linear(width, asks)
        self.says = nn.Sequential(nn.Linear(width * asks, width), nn.GELU(), nn.Linear(width, places))

    def forward(self, captions: WordBatch) -> Float[Tensor, "b places"]:
        """Logits; the words that tell a place are weighed most."""
        encoded = self.encoder(captions)
        states = encoded.states * encoded.valid[..., None]
        near = functional.gelu(self.near(states.transpose(1, 2)).transpose(1, 2))
        states = self.norm(states + self.mixed(near))
        states = torch.cat([self.nothing.expand(len(states), 1, -1), states], dim=1)
        valid = functional.pad(encoded.valid, (1, 0), value=True)
        weights = self.asks(states).masked_fill(~valid[..., None], -1e4).softmax(dim=1)
        return self.says((weights.transpose(1, 2) @ states).flatten(1))
