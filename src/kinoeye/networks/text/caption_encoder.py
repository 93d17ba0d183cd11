"""A small caption encoder: word and character n-gram vectors, and a few transformer layers."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinoeye.networks.blocks import Block, rotary
from kinoeye.networks.text.words import Vocabulary, WordBatch


@dataclass(frozen=True)
class EncodedCaptions:
    """Token states of captions."""

    states: Float[Tensor, "b l c"]
    valid: Bool[Tensor, "b l"]


class CaptionEncoder(nn.Module):
    """Captions to token states; trained from scratch inside of each room.

    A word that training never showed still has the vectors of its n-grams, and its neighbours.

    Args:
        vocabulary: known words and hash buckets.
        width: channels.
        heads: attention heads.
        layers: transformer layers.
        dropout: on the branches, while training.
    """

    def __init__(
        self, vocabulary: Vocabulary, *, width: int = 160, heads: int = 5, layers: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.head_width = width // heads
        self.word = nn.Embedding(len(vocabulary), width, padding_idx=0)
        self.ngram = nn.EmbeddingBag(vocabulary.buckets + 1, width, mode="mean", padding_idx=0)
        self.blocks = nn.ModuleList(Block(width, heads, dropout=dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.word.weight, std=width**-0.5)
        nn.init.normal_(self.ngram.weight, std=width**-0.5)

    def forward(self, captions: WordBatch) -> EncodedCaptions:
        """Token states of a batch."""
        b, length, grams = captions.ngrams.shape
        x = self.word(captions.words) + self.ngram(captions.ngrams.reshape(b * length, grams)).view(b, length, -1)
        positions = rotary(length, self.head_width, device=x.device)
        # A caption without words would attend to nothing at all, which is no number: it attends to its padding.
        attended = captions.valid | ~captions.valid.any(dim=1, keepdim=True)
        mask = attended[:, None, None, :]
        for block in self.blocks:
            x = block(x, mask=mask, positions=positions)
        return EncodedCaptions(self.norm(x), captions.valid)
