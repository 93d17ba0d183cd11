"""Which place a caption speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinoeye.networks.text import CaptionEncoder, Vocabulary, WordBatch
from kinoeye.shot.environments import find_environment

MAX_WORDS = 120
"""Of a caption; further ones are not read."""
_WORD = re.compile(r"[a-z]+")


def caption_words(caption: str) -> tuple[str, ...]:
    """A caption's words in lower case, and behind them as a mark the place that the lexicon finds in it, if any.

    Example:
        >>> caption_words("She waves, at the seaside.")
        ('she', 'waves', 'at', 'the', 'seaside', '<beach>')
    """
    words = tuple(_WORD.findall(caption.lower()))[:MAX_WORDS]
    place = find_environment(" ".join(words))
    return words if place is None else (*words, f"<{place}>")


class PlaceReader(nn.Module):
    """Captions to logits of places.

    Args:
        vocabulary: known words and marks.
        places: how many there are.
        width: channels.
    """

    def __init__(self, vocabulary: Vocabulary, places: int, *, width: int = 64) -> None:
        super().__init__()
        self.encoder = CaptionEncoder(vocabulary, width=width, heads=2, layers=1)
        self.asks = nn.Parameter(torch.zeros(width))
        self.says = nn.Linear(width, places)

    def batch(self, captions: Sequence[str]) -> WordBatch:
        """Captions as the reader takes them."""
        return self.encoder.vocabulary.encode([caption_words(caption) for caption in captions])

    def forward(self, captions: WordBatch) -> Float[Tensor, "b places"]:
        """Logits; the words that tell a place are weighed most."""
        encoded = self.encoder(captions)
        scores = (encoded.states @ self.asks).masked_fill(~encoded.valid, -1e4)
        return self.says((scores.softmax(dim=1)[..., None] * encoded.states).sum(dim=1))
