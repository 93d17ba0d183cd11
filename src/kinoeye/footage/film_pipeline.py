"""What every system that makes films is to those who call it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import torch

from kinoeye.footage.take import Take
from kinoeye.shot.shot import Shot


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a system asks of a film before its weights are used."""

    size_wh: tuple[int, int]
    """Width and height in pixels that it was trained on."""
    side_multiple: int
    """What both sides of any size must be multiples of."""
    fps: float
    """Frames per second that it was trained on."""
    window: int
    """Frames that it sees at once; longer films are made of windows that overlap."""
    max_words: int
    """Words of a caption that it reads."""
    guide_layers: tuple[str, ...]
    """Layers of the guide take that it needs; none for a system that is not guided."""


class FilmPipeline(Protocol):
    """A system that makes films of shots."""

    @classmethod
    def from_pretrained(
        cls, name_or_dir: Path | str, *, device: str = "auto", dtype: torch.dtype | None = None
    ) -> Self:
        """Load a model that ships, by its name, or one from a folder.

        Raises:
            InputError: there is no such model, or it is damaged.
        """
        ...

    def requirements(self, shot: Shot) -> Requirements:
        """What a film of the shot needs."""
        ...

    def __call__(self, shot: Shot, *, guide: Take | None = None, seed: int, **options: Any) -> Take:
        """The film of a shot; the same seed makes the same film.

        Raises:
            InputError: the shot or the guide is not what `requirements` says, or an option is out of range.
        """
        ...
