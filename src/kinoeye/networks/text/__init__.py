"""Captions as vectors, trained inside of each room. The meaning of words for a room may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.networks.text.caption_encoder import CaptionEncoder as CaptionEncoder
    from kinoeye.networks.text.caption_encoder import EncodedCaptions as EncodedCaptions
    from kinoeye.networks.text.word_vectors import WordMeanings as WordMeanings
    from kinoeye.networks.text.word_vectors import WordVectors as WordVectors
    from kinoeye.networks.text.word_vectors import load_word_vectors as load_word_vectors
    from kinoeye.networks.text.words import Vocabulary as Vocabulary
    from kinoeye.networks.text.words import WordBatch as WordBatch

__getattr__, __dir__, __all__ = lazy_exports(__name__)
