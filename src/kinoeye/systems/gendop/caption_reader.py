"""A trained module from captions to token features, for models that take them from outside, such as CLaTr."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.base.records import read_record, write_record
from kinoeye.networks.captioned_paths import CaptionTokens
from kinoeye.networks.text import CaptionEncoder, Vocabulary
from kinoeye.systems.gendop.caption_words import read_words

VERSION = 1
_NOTHING = "<nothing>"
"""The one word of a caption that has none."""
_STEPS_AN_OCTAVE = 2
"""Sizes of quantities are told apart by a factor of 1.4."""


@dataclass(frozen=True, kw_only=True)
class CaptionReaderConfig:
    """The vocabulary and the sizes of a caption reader.

    Raises:
        InputError: a size is not positive, or the heads do not divide the width.
    """

    words: tuple[str, ...]
    buckets: int = 2048
    """Hash buckets for the n-grams of words."""
    width: int = 96
    heads: int = 3
    layers: int = 1

    def __post_init__(self) -> None:
        for name in ("buckets", "width", "heads", "layers"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} of the caption reader is {getattr(self, name)}; at least 1 is needed")
        if self.width % (2 * self.heads):
            raise InputError(f"width {self.width} is no even multiple of {self.heads} heads; choose one that is")

    def to_json(self) -> dict[str, Any]:
        """JSON data of which `build_reader` makes the module again."""
        return write_record(self, version=VERSION)


class CaptionReader(nn.Module):
    """Captions to token features [b, n, width]; quantities are words that say their unit and about their size.

    Example:
        >>> reader = CaptionReader(CaptionReaderConfig(words=("pan", "left")))
        >>> reader(["pan left", "push in slowly"]).features.shape
        torch.Size([2, 3, 96])
    """

    def __init__(self, config: CaptionReaderConfig) -> None:
        super().__init__()
        self.config = config
        vocabulary = Vocabulary(config.words, config.buckets)
        self.encoder = CaptionEncoder(vocabulary, width=config.width, heads=config.heads, layers=config.layers)

    def forward(self, captions: Sequence[str]) -> CaptionTokens:
        """Token features of captions."""
        # Attention needs something to look at in every caption.
        words = self.encoder.vocabulary.encode([caption_tokens(caption) or [_NOTHING] for caption in captions])
        encoded = self.encoder(words.to(self.encoder.word.weight.device))
        return CaptionTokens(encoded.states, encoded.valid)


def build_reader(data: Any) -> CaptionReader:
    """A caption reader with any weights, of the data that stands in `captions.json`.

    Raises:
        InputError: it is something else.
    """
    return CaptionReader(read_record(CaptionReaderConfig, data, version=VERSION, where="captions.json"))


def vocabulary_of(captions: Iterable[str], *, least: int = 3) -> tuple[str, ...]:
    """The words that occur at least so often in captions, the most frequent first."""
    return Vocabulary.of((caption_tokens(caption) for caption in captions), least=least).words


def caption_tokens(caption: str) -> list[str]:
    """The words of a caption, in which a mark of unit and size stands for each quantity.

    Example:
        >>> caption_tokens("Pan left 45 degrees, then push in by 4 m")
        ['pan', 'left', '<rad -1>', ',', 'then', 'push', 'in', 'by', '<m 4>']
    """
    read = read_words(caption)
    sizes = {f"<q{number}>": quantity for number, quantity in enumerate(read.quantities, start=1)}
    tokens: list[str] = []
    words = iter(read.words)
    for word in words:
        if word not in sizes:
            tokens.append(word)
            continue
        unit, quantity = next(words), sizes[word]
        countable = quantity.unit != "number" and 0 < quantity.value < math.inf
        size = f" {round(_STEPS_AN_OCTAVE * math.log2(quantity.value))}" if countable else ""
        tokens.append(f"<{unit.strip('<>')}{size}>")
    return tokens
