"""A small caption encoder: vectors of words, n-grams and dictionary meanings, and a few transformer layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks.blocks import Block, rotary
from kinoeye.networks.text.words import Vocabulary, WordBatch


@dataclass(frozen=True)
class EncodedCaptions:
    """Token states of captions."""

    states: Float[Tensor, "b l c"]
    valid: Bool[Tensor, "b l"]


class CaptionEncoder(nn.Module):
    """Captions to token states; trained from scratch inside of each room.

    A word that training never showed still has the vectors of its n-grams, its neighbours and, if the vocabulary has
    word vectors, a learned linear map of its meaning. Those come from a dictionary and are not learned: the weights
    hold the checksum of the table alone.

    Args:
        vocabulary: known words, hash buckets and word vectors.
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
        if vocabulary.vectors is not None:
            self.meaning = nn.Linear(vocabulary.vectors.dimensions, width, bias=False)
            nn.init.normal_(self.meaning.weight, std=width**-0.5)
            checksum = bytes.fromhex(vocabulary.vectors.sha256)
            self.register_buffer("meanings_sha256", torch.tensor(list(checksum), dtype=torch.uint8))
            self.register_load_state_dict_pre_hook(_refuse_other_meanings)

    def forward(self, captions: WordBatch) -> EncodedCaptions:
        """Token states of a batch."""
        b, length, grams = captions.ngrams.shape
        x = self.word(captions.words) + self.ngram(captions.ngrams.reshape(b * length, grams)).view(b, length, -1)
        if self.vocabulary.vectors is not None:
            if captions.meanings is None:
                raise ValueError("the captions have no meanings; encode them with the vocabulary of the encoder")
            x = x + self.meaning(captions.meanings)
        positions = rotary(length, self.head_width, device=x.device)
        # A caption without words would attend to nothing at all, which is no number: it attends to its padding.
        attended = captions.valid | ~captions.valid.any(dim=1, keepdim=True)
        mask = attended[:, None, None, :]
        for block in self.blocks:
            x = block(x, mask=mask, positions=positions)
        return EncodedCaptions(self.norm(x), captions.valid)


def _refuse_other_meanings(encoder: CaptionEncoder, state: Mapping[str, Tensor], prefix: str, *_: object) -> None:
    stored = state.get(f"{prefix}meanings_sha256")
    vectors = encoder.vocabulary.vectors
    if stored is None or vectors is None:
        return
    trained_on = bytes(stored.tolist()).hex()
    if trained_on != vectors.sha256:
        raise InputError(
            f"the weights were trained on word vectors with sha256 {trained_on[:12]}; those here have "
            f"{vectors.sha256[:12]}: train them again"
        )
