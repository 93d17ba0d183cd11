"""The frames of a film as numbered files of a folder, and the clips that can be put together from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError

_NUMBERED = re.compile(r"(?:(?P<film>.*)_)?(?P<number>\d+)")


@dataclass(frozen=True)
class FrameFolder:
    """Files of one film by the number of their frame.

    Upstream names them by the film and six digits (`film_005240.pth`), or by four digits alone (`0012.pth`).
    """

    path: Path
    files: Mapping[int, Path]
    """Number -> file, in order."""

    @classmethod
    def open(cls, path: Path | str, suffixes: Collection[str]) -> FrameFolder:
        """The numbered files of a folder that have one of these suffixes; others are left alone.

        Raises:
            InputError: there is no such folder or no such file in it, or it has frames of several films.
        """
        path = Path(path)
        if not path.is_dir():
            raise InputError(f"{path} is no folder; give the folder of a film's frames")
        found = {
            file: numbered
            for file in path.iterdir()
            if file.suffix.lower() in suffixes and (numbered := _NUMBERED.fullmatch(file.stem))
        }
        if not found:
            raise InputError(f"{path} has no frames; files such as film_005240{min(suffixes)} are needed")
        films = sorted({numbered["film"] or "" for numbered in found.values()})
        if len(films) > 1:
            raise InputError(f"{path} has frames of several films ({films[0]!r}, {films[1]!r}); give a folder of one")
        files: dict[int, Path] = {}
        for file in sorted(found, key=lambda file: (int(found[file]["number"]), file.name)):
            number = int(found[file]["number"])
            if number in files:
                raise InputError(f"{path} has frame {number} twice, {files[number].name} and {file.name}; remove one")
            files[number] = file
        return cls(path, files)

    def clip(self, start: int, offsets: Sequence[int]) -> tuple[Path, ...]:
        """The files of a clip.

        Raises:
            InputError: one is missing.
        """
        missing = [start + offset for offset in offsets if start + offset not in self.files]
        if missing:
            raise InputError(
                f"{self.path} has {len(offsets) - len(missing)} of the {len(offsets)} frames of the clip at {start}; "
                f"{', '.join(map(str, missing[:4]))} are missing: its frames are {min(self.files)} to {max(self.files)}"
            )
        return tuple(self.files[start + offset] for offset in offsets)

    def starts(self, offsets: Sequence[int]) -> tuple[int, ...]:
        """Frames at which a whole clip begins: each of its frames is there, so that it has no gap.

        Example:
            >>> files = {number: Path(f"{number:04d}.pth") for number in (0, 1, 2, 3, 5)}
            >>> FrameFolder(Path("film"), files).starts([0, 2])
            (0, 1, 3)
        """
        return tuple(number for number in self.files if all(number + offset in self.files for offset in offsets))


def clip_offsets(frames: int, *, source_fps: float, fps: float, floored: bool) -> tuple[int, ...]:
    """The frames of a film, counted from the first of a clip, that are nearest to the times of the clip's frames.

    Args:
        frames: of the clip.
        source_fps: of the film.
        fps: of the clip.
        floored: whether every n-th frame is taken, n rounded down (`Quirks.floored_step`).

    Example:
        >>> clip_offsets(5, source_fps=24, fps=8, floored=True)
        (0, 3, 6, 9, 12)
        >>> clip_offsets(5, source_fps=30, fps=8, floored=True), clip_offsets(5, source_fps=30, fps=8, floored=False)
        ((0, 3, 6, 9, 12), (0, 4, 8, 11, 15))

    Raises:
        InputError: the clip has no frames, a rate is not above 0, or frames would be repeated.
    """
    if frames < 1 or not (source_fps > 0 and fps > 0):
        raise InputError(f"{frames} frames at {fps:g} of {source_fps:g} frames a second are no clip; give more than 0")
    if fps > source_fps:
        raise InputError(f"{fps:g} frames a second are asked of a film of {source_fps:g}; give at most those")
    if floored:
        return tuple(number * int(source_fps // fps) for number in range(frames))
    return tuple(int(number * source_fps / fps + 0.5) for number in range(frames))


def middle_offset(offsets: Sequence[int]) -> int:
    """That of the frame under whose name upstream files a clip's text features."""
    return offsets[len(offsets) // 2]
