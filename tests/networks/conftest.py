"""Shared by tests of networks: a caption module with one vector a word of a small vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from kinoeye.networks.captioned_paths import CaptionTokens


class WordVectors(nn.Module):
    """Learned vectors of known words; captions are padded to the longest."""

    def __init__(self, words: Sequence[str], width: int) -> None:
        super().__init__()
        self.index = {word: number for number, word in enumerate(words)}
        self.vectors = nn.Embedding(len(words), width)

    def forward(self, captions: Sequence[str]) -> CaptionTokens:
        numbers = [torch.tensor([self.index[word] for word in caption.split()]) for caption in captions]
        padded = nn.utils.rnn.pad_sequence(numbers, batch_first=True)
        lengths = torch.tensor([len(line) for line in numbers])
        return CaptionTokens(self.vectors(padded), torch.arange(padded.shape[1]) < lengths[:, None])


@pytest.fixture(scope="session")
def word_vectors() -> type[WordVectors]:
    """The class, which tests build with their words and width."""
    return WordVectors
