"""Users' films and what they were made of, found by name in two folders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file
from kinoeye.base.names import first_names
from kinoeye.evaluation.filmed import (
    Filmed,
    GuideFolder,
    filmed_of_shot,
    nearest_frames,
    require_same_shape,
    scaled,
    times_in,
    with_most_rows,
)
from kinoeye.footage.pictures import read_picture
from kinoeye.footage.store import TAKE_FILE
from kinoeye.footage.take import Take
from kinoeye.footage.video import read_video
from kinoeye.geometry.convention import NORMALISED, Float64
from kinoeye.render.guides import LEGEND_FILE
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.frame_folder import FrameFolder

VIDEOS = (".mp4", ".webm", ".mov", ".mkv", ".avi", ".m4v")
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
TRUTH = "truth"
"""Name of a true film's video or folder of pictures."""
MOST_ROWS = 512
"""Of the frames that are judged."""
_FILM = "film"
_GUIDES, _SHOT = "guides", "shot.json"
_SMALL = 64
"""Pixels of the shorter side where there is no film whose size would count."""


@dataclass(frozen=True)
class OwnFilm:
    """A film that a user has."""

    rgb: UInt8[NDArray, "f h w 3"]
    times_s: Float64 | None
    """Of its frames; None where they are pictures without a rate."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.rgb.shape[1:3]
        return width, height


def read_film(path: Path) -> OwnFilm:
    """A video, a folder of numbered pictures, or a folder that Kinoeye wrote: a take, or one with film.mp4.

    Films of more than `MOST_ROWS` are scaled to that height.

    Raises:
        InputError: it is none of these, is damaged, or its pictures have several sizes.
    """
    film = _read_film(path)
    return replace(film, rgb=with_most_rows(film.rgb, MOST_ROWS))


def _read_film(path: Path) -> OwnFilm:
    if path.is_file():
        return _of_take(read_video(path))
    if (path / TAKE_FILE).is_file():
        return _of_take(Take.open(path))
    video = _video(path, _FILM)
    if video is not None:
        return _of_take(read_video(video))
    frames = [read_picture(file) for file in FrameFolder.open(path, PICTURES).files.values()]
    sizes = sorted({frame.shape for frame in frames})
    if len(sizes) > 1:
        raise InputError(f"{path} has frames of {sizes[0][1]}x{sizes[0][0]} and {sizes[-1][1]}x{sizes[-1][0]} pixels")
    return OwnFilm(np.stack(frames), None)


def _of_take(take: Take) -> OwnFilm:
    return OwnFilm(take.rgb.values, take.times_s)


def is_film(path: Path) -> bool:
    """Whether `read_film` would try to read a path."""
    if path.is_file():
        return path.suffix.lower() in VIDEOS
    if (path / TAKE_FILE).is_file() or _video(path, _FILM) is not None:
        return True
    return path.is_dir() and any(file.suffix.lower() in PICTURES for file in path.iterdir())


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What was filmed under one name."""

    file: Path
    """The shot, the take that holds it, or the legend of guides."""
    truth: Path | None
    """The true film."""

    @property
    def sha256(self) -> list[str]:
        """Of the files that say what was filmed, and of the true film's."""
        files = [self.file]
        if self.file.name == LEGEND_FILE:
            files += [self.file.with_name("avatar") / TAKE_FILE, *sorted(self.file.parent.glob("*/rgb.safetensors"))]
        if self.truth is not None and self.truth.is_file():
            files.append(self.truth)
        elif self.truth is not None:
            is_take = (self.truth / TAKE_FILE).is_file()
            files += sorted(self.truth.glob("rgb.safetensors" if is_take else "*.*"))
        return [sha256_of_file(file) for file in files]

    def times_of(self, film: OwnFilm) -> Float64:
        """Times of what was filmed that the frames of a film should show.

        Raises:
            InputError: the film has another shape or length, or a file is damaged.
        """
        filmed_s, size_wh = self._times_and_size
        require_same_shape(film.size_wh, size_wh)
        times = times_in(film.times_s, len(film.rgb), filmed_s)
        if isinstance(self._source, GuideFolder) and nearest_frames(filmed_s, times) is None:
            raise InputError(
                f"it has {len(times)} frames where guides have {len(filmed_s)}, and none can be drawn between these; "
                "give the shot in their place"
            )
        return times

    def at(self, times_s: Float64, size_wh: tuple[int, int]) -> Filmed:
        """What a film should show at some times in some size, frame by frame and pixel by pixel.

        Raises:
            InputError: a file is damaged, or as `filmed_of_shot`.
        """
        filmed_s, _ = self._times_and_size
        if isinstance(self._source, Shot):
            filmed = filmed_of_shot(self._source, times_s, size_wh)
        else:
            frames = nearest_frames(filmed_s, times_s)
            assert frames is not None
            filmed = self._source.filmed(frames, size_wh)
        return self._with_truth(filmed, times_s - filmed_s[0])

    def in_small(self) -> Filmed:
        """The same at its own times, for where there is no film whose size would count."""
        times, size_wh = self._times_and_size
        scale = min(1.0, _SMALL / min(size_wh))
        width, height = (max(1, round(side * scale)) for side in size_wh)
        return self.at(times, (width, height))

    @cached_property
    def _source(self) -> Shot | GuideFolder:
        if self.file.name == LEGEND_FILE:
            return GuideFolder.open(self.file.parent)
        if self.file.name != TAKE_FILE:
            return Shot.load(self.file)
        shot = Take.open(self.file.parent).requested
        assert shot is not None
        return shot

    @cached_property
    def _times_and_size(self) -> tuple[Float64, tuple[int, int]]:
        camera = self._source.camera
        if camera.size_wh == NORMALISED:
            raise InputError(
                f"{self.file} has a camera without a size in pixels; give it one with `kinoeye edit --size`"
            )
        return camera.times_s.double().numpy(), camera.size_wh

    def _with_truth(self, filmed: Filmed, since_s: Float64) -> Filmed:
        if self.truth is None:
            return filmed
        true = read_film(self.truth)
        size_wh, frames = filmed.size_wh, np.arange(len(filmed.person))
        try:
            require_same_shape(true.size_wh, size_wh)
        except InputError as error:
            return replace(filmed, no_truth=f"the true film is of no use: {error}")
        if len(true.rgb) != len(frames):
            found = None if true.times_s is None else nearest_frames(true.times_s - true.times_s[0], since_s)
            if found is None:
                return replace(filmed, no_truth="the true film has fewer frames than the film, or no rate")
            frames = found
        return replace(filmed, true_rgb=scaled(true.rgb[frames], size_wh))


@dataclass(frozen=True)
class OwnPair:
    """What was filmed, and the film of it if there is one."""

    reference: Reference
    film: Path | None


def find_pairs(predicted: Path, reference: Path) -> tuple[dict[str, OwnPair], tuple[str, ...]]:
    """Name -> pair of two folders, and what a reader of their scores should know.

    Both may also be the folders of one film and of what was filmed.

    Raises:
        InputError: a folder is missing or holds nothing of its kind, or two films or shots have one name.
    """
    for folder in (predicted, reference):
        if not folder.is_dir():
            raise InputError(
                f"{folder} is no folder; give the folder of the {'films' if folder is predicted else 'shots'}"
            )
    alone = _source_file(reference)
    if alone is not None:
        if not is_film(predicted):
            raise InputError(f"{predicted} is not a film, as {reference} is what was filmed alone: give a folder with "
                             f"film.mp4, {TAKE_FILE} or numbered pictures")  # fmt: skip
        return {reference.name or "film": _pair(alone, reference, predicted)}, ()
    films, no_films = _films(predicted)
    references, others = _references(reference)
    if not references:
        raise InputError(
            f"{reference} holds nothing that was filmed; give shots (NAME.json, NAME/{_SHOT}), takes or guides"
        )
    if not films.keys() & references.keys():
        raise InputError(f"{predicted} has no film of the {len(references)} names in {reference}, such as "
                         f"{min(references)}; give films of these names")  # fmt: skip
    pairs = {name: _pair(file, reference / name, films.get(name)) for name, file in sorted(references.items())}
    truths = {pair.reference.truth for pair in pairs.values() if pair.reference.truth is not None}
    others -= truths | {truth.parent for truth in truths}
    notes: tuple[str, ...] = ()
    if no_films and predicted.resolve() != reference.resolve():
        notes += (f"not films, and left out: {first_names(no_films)}",)
    if unasked := sorted(films.keys() - references.keys()):
        notes += (f"films without anything that was filmed, and left out: {first_names(unasked)}",)
    if others and predicted.resolve() != reference.resolve():
        notes += (
            f"neither shots, takes nor guides, and left out: {first_names(sorted(path.name for path in others))}",
        )
    return pairs, notes


def _pair(file: Path, folder: Path, film: Path | None) -> OwnPair:
    truth = _truth(folder)
    same = truth is not None and film is not None and truth.resolve() == film.resolve()
    return OwnPair(Reference(file=file, truth=None if same else truth), film)


def _films(folder: Path) -> tuple[dict[str, Path], list[str]]:
    found: dict[str, Path] = {}
    others: list[str] = []
    for path in _entries(folder):
        if not is_film(path):
            others.append(path.name)
        elif _name(path) in found:
            raise InputError(
                f"{folder} holds both {found[_name(path)].name} and {path.name}; films are matched by name"
            )
        else:
            found[_name(path)] = path
    return found, others


def _references(folder: Path) -> tuple[dict[str, Path], set[Path]]:
    found: dict[str, Path] = {}
    others: set[Path] = set()
    for path in _entries(folder):
        file = _source_file(path)
        if file is None:
            others.add(path)
        elif _name(path) in found:
            raise InputError(f"{folder} holds both {path.name} and {_name(path)}; what was filmed is matched by name")
        else:
            found[_name(path)] = file
    return found, others


def _source_file(path: Path) -> Path | None:
    """What says what was filmed in a folder, or a shot's file itself."""
    if path.is_file():
        return path if path.suffix == ".json" and Shot.is_at(path) else None
    if (path / _SHOT).is_file() and Shot.is_at(path):
        return path / _SHOT
    if (path / TAKE_FILE).is_file() and Take.open(path).requested is not None:
        return path / TAKE_FILE
    return next((file for file in (path / LEGEND_FILE, path / _GUIDES / LEGEND_FILE) if file.is_file()), None)


def _truth(folder: Path) -> Path | None:
    """The true film of a name: named so in its folder, a video beside that, or the rendered take that it is."""
    video = _video(folder, TRUTH) or _pictures(folder / TRUTH) or _video(folder.parent, folder.name)
    if video is not None:
        return video
    is_take = (folder / TAKE_FILE).is_file()
    return folder if is_take and not Take.open(folder).layers["rgb"].source.startswith("generated") else None


def _video(folder: Path, stem: str) -> Path | None:
    return next((file for suffix in VIDEOS if (file := folder / f"{stem}{suffix}").is_file()), None)


def _pictures(folder: Path) -> Path | None:
    return folder if folder.is_dir() and is_film(folder) else None


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _name(path: Path) -> str:
    return path.name if path.is_dir() else path.stem
