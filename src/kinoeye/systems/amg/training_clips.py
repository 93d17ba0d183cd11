"""The clips that the released architecture is trained on: frames of a film, the avatars' rendering, and a caption."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from jaxtyping import UInt8

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text, sha256_of_file
from kinoeye.footage.pictures import read_picture
from kinoeye.systems.amg.clips import LATENTS, PICTURES
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.frame_folder import FrameFolder, clip_offsets, middle_offset
from kinoeye.systems.amg.new_captions import MAX_CHARACTERS, check_caption
from kinoeye.systems.amg.pairs import PairSource
from kinoeye.systems.amg.renderings import fitted
from kinoeye.systems.amg.training_settings import TrainingSettings

FEATURES, WORDS = ".pth", ".txt"


@dataclass(frozen=True)
class FrameFile:
    """One frame of a film as a picture or as latents, or all frames of a clip in an archive of a rendered world."""

    path: Path
    array: Literal["film_rgb", "avatar_rgb"] | None = None
    """Of an archive."""

    @property
    def is_latent(self) -> bool:
        """Whether it needs no encoding."""
        return self.path.suffix.lower() in LATENTS


@dataclass(frozen=True)
class TrainingClip:
    """What a film is made from, and the film."""

    film: tuple[FrameFile, ...]
    avatar: tuple[FrameFile, ...]
    caption: str | Path
    """Of the whole clip: in words, a file of text features, or the archive of a rendered world, which has several."""

    @property
    def captions(self) -> tuple[str | Path, ...]:
        """Each in words or as a file of text features; one of them is shown at a time."""
        if isinstance(self.caption, str) or is_features(self.caption):
            return (self.caption,)
        with np.load(self.caption, allow_pickle=False) as archive:
            return tuple(map(str, archive["captions"]))


@dataclass(frozen=True, kw_only=True)
class Cropping:
    """How pictures become the square that is encoded.

    Args:
        size_wh: of the result.
        rows: central rows of a picture that count; None is all.
    """

    size_wh: tuple[int, int] = (256, 256)
    rows: int | None = None

    def __call__(self, frame: FrameFile) -> UInt8[np.ndarray, "f h w 3"]:
        """The pictures of a frame, or of a clip in an archive.

        Raises:
            InputError: a picture is damaged, or smaller than the result.
        """
        if frame.array is not None:
            with np.load(frame.path, allow_pickle=False) as archive:
                return archive[frame.array]
        picture = read_picture(frame.path)
        try:
            return fitted(picture, self.size_wh, rows=self.rows)[None]
        except InputError as error:
            raise InputError(f"{frame.path}: {error}") from error

    def key(self, frame: FrameFile) -> str:
        """What tells the pictures of a frame from all others: the bytes of the file and what is done to them."""
        told = f"{sha256_of_file(frame.path)}/{frame.array}/{self.size_wh}/{self.rows}"
        return hashlib.sha256(told.encode()).hexdigest()


class ClipSource(Protocol):
    """Where clips are from; a dataclass of plain values, which `training.json` of a run keeps."""

    def clips(self, settings: TrainingSettings) -> tuple[TrainingClip, ...]:
        """All of them, in order.

        Raises:
            InputError: there is none.
        """
        ...

    def prepare(self, numbers: Iterable[int]) -> None:
        """Make the files of clips that are not there yet."""
        ...


@dataclass(frozen=True, kw_only=True)
class FilmedClips:
    """Clips of one film, whose files are named by the film and the number of the frame (`film_005240.jpg`).

    A clip begins at each frame from which all its frames are there, as pictures or as latents, of the film and of the
    rendering, and whose middle frame has a caption (`film_005264.txt`) or features of one (`.pth`).

    Args:
        film: folder of its frames.
        avatars: of the rendering's frames.
        captions: of the captions.
        fps: frames a second of the film.
    """

    film: str
    avatars: str
    captions: str
    fps: float = 24

    def clips(self, settings: TrainingSettings) -> tuple[TrainingClip, ...]:
        """All clips, by their first frame.

        Raises:
            InputError: a folder is missing or has no frames, a caption is empty, or no clip is whole.
        """
        offsets = clip_offsets(
            settings.frames, source_fps=self.fps, fps=settings.fps, floored=settings.quirks.floored_step
        )
        film, avatars = (_frames(folder) for folder in (self.film, self.avatars))
        told = FrameFolder.open(self.captions, (FEATURES, WORDS))
        middle = middle_offset(offsets)
        both = set(film.starts(offsets)) & set(avatars.starts(offsets))
        starts = [start for start in sorted(both) if start + middle in told.files]
        if not starts:
            raise InputError(
                f"{self.film} and {self.avatars} have {len(both)} clips of {settings.frames} frames "
                f"({offsets[-1] + 1} frames long without a gap) in common, and {self.captions} has a caption of the "
                "middle frame of none of them"
            )
        return tuple(
            TrainingClip(
                tuple(map(FrameFile, film.clip(start, offsets))),
                tuple(map(FrameFile, avatars.clip(start, offsets))),
                _caption(told.files[start + middle]),
            )
            for start in starts
        )

    def prepare(self, numbers: Iterable[int]) -> None:
        """Nothing: everything is there."""


@dataclass(frozen=True, kw_only=True)
class RenderedClips:
    """Clips of our own worlds: people on black, and in the place that the caption names.

    Args:
        folder: where rendered worlds are kept.
        count: how many.
        size_wh: width and height in pixels.
    """

    folder: str
    count: int
    size_wh: tuple[int, int] = (256, 256)

    def clips(self, settings: TrainingSettings) -> tuple[TrainingClip, ...]:
        """One clip a world; its captions are those of the pair, known when it is rendered.

        Raises:
            InputError: clips of another length are asked for.
        """
        if (settings.frames, settings.fps) != (FRAMES, FPS):
            raise InputError(f"worlds are filmed in {FRAMES} frames at {FPS:g} a second; {settings.frames} at "
                             f"{settings.fps:g} are asked for")  # fmt: skip
        files = [self._pairs.file(number) for number in range(self.count)]
        return tuple(
            TrainingClip((FrameFile(file, "film_rgb"),), (FrameFile(file, "avatar_rgb"),), file) for file in files
        )

    def prepare(self, numbers: Iterable[int]) -> None:
        """Render worlds that are not there yet."""
        for number in numbers:
            _ = self._pairs[number]

    @property
    def _pairs(self) -> PairSource:
        return PairSource(folder=Path(self.folder), size_wh=self.size_wh)


def _frames(path: str) -> FrameFolder:
    folder = FrameFolder.open(path, (*LATENTS, *PICTURES))
    if len({FrameFile(file).is_latent for file in folder.files.values()}) > 1:
        raise InputError(f"{path} has latents and pictures; give a folder of either")
    return folder


def is_features(caption: str | Path) -> bool:
    """Whether a caption needs no text encoder."""
    return isinstance(caption, Path) and caption.suffix.lower() == FEATURES


def _caption(file: Path) -> str | Path:
    if is_features(file):
        return file
    text = read_text(file, max_bytes=4 * MAX_CHARACTERS).strip()
    check_caption(text, where=str(file))
    return text
