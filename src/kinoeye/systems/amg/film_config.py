"""Sizes of the small film model."""

from __future__ import annotations

from dataclasses import dataclass, field

from kinoeye.networks.codec import PatchCodecConfig
from kinoeye.networks.saved_config import SavedConfig
from kinoeye.networks.text import Vocabulary, load_word_vectors
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.place_field import PlaceFieldConfig

PLACES = tuple(sorted(ENVIRONMENTS))
BUCKETS = 1024
"""For n-grams of words in captions."""
FRAMES, FPS = 16, 8.0
"""Of a film that the small model makes at once."""


@dataclass(frozen=True, kw_only=True)
class AvatarFilmConfig(SavedConfig):
    """Sizes of an `AvatarFilm`.

    Args:
        places: names of the places that captions are read as.
        words: that the reader of captions knows beside those of the dictionary.
        buckets: for its n-grams.
        readers: of captions, which are asked together.
        field: sizes of the places.
        codec: of the films.
        heads: of attention, each 64 channels wide.
        layers: of the transformer.
        ffn: width of its feed-forward layers.
        text_width: channels of a text token.
        text_tokens: that say the place.
        size_wh: width and height of the films that it was trained on, in pixels.
    """

    places: tuple[str, ...] = PLACES
    words: tuple[str, ...]
    codec: PatchCodecConfig
    field: PlaceFieldConfig = field(default_factory=PlaceFieldConfig)
    heads: int = 4
    layers: int = 3
    ffn: int = 768
    text_width: int = 64
    text_tokens: int = 4
    buckets: int = BUCKETS
    readers: int = 3
    size_wh: tuple[int, int] = (128, 128)

    @property
    def vocabulary(self) -> Vocabulary:
        """What captions are encoded by."""
        return Vocabulary(self.words, self.buckets, load_word_vectors())
