"""The list of formats, and the two functions that read and write any of them."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from kinoeye.base.errors import InputError
from kinoeye.formats.path_table import DEFAULT_FPS, NORMALISED, PathTable
from kinoeye.formats.paths import colmap, gen3r, native, re10k, transforms, tum
from kinoeye.formats.paths.foreign import read_head, what_it_is
from kinoeye.geometry.convention import Convention

if TYPE_CHECKING:
    from kinoeye.geometry.track import Trajectory


class PathFormat(Protocol):
    """What a module of a format holds."""

    NAME: str
    """What `--from` and `--to` call it."""
    TITLE: str
    """Where it comes from, for people."""
    FILE_NAMES: tuple[str, ...]
    """Patterns of output names that choose this format without `--to`; the longest one that matches decides."""
    DEFAULT_NAME: str
    """What to call its file or folder where nobody chose a name."""
    CONVENTION: Convention
    """How the format writes its poses."""
    LOSES: frozenset[str]
    """What it cannot hold, of times, intrinsics, size, names, ids, distortion and unit."""
    NEEDS: frozenset[str]
    """What must be known to write it, of times, intrinsics, and pixels or normalised for its intrinsics."""

    def sniff(self, head: str, path: Path) -> bool:
        """Whether this is such a file, by its first text, or such a folder."""
        ...

    def read(self, path: Path) -> PathTable:
        """Read a file; raises InputError for everything that is wrong with its layout."""
        ...

    def write(self, table: PathTable, path: Path) -> list[str]:
        """Write a table that is in `CONVENTION` and has what `NEEDS` names; returns further warnings."""
        ...


_FORMATS = cast(tuple[PathFormat, ...], (native, transforms, gen3r, colmap, re10k, tum))
READERS: dict[str, PathFormat] = {module.NAME: module for module in _FORMATS}
"""Format name -> module, in the order in which they sniff."""
WRITERS: dict[str, PathFormat] = {name: module for name, module in READERS.items() if hasattr(module, "write")}
"""Format name -> module, for those that can be written."""


def read_path(path: Path | str, format: str | None = None) -> PathTable:  # noqa: A002 - what users call it
    """Read the cameras of any file or folder that a format recognises.

    Args:
        path: a file or folder.
        format: a name of `READERS`; by default the one that recognises the content.

    Raises:
        InputError: the file is missing or damaged, holds no cameras, or its format is not known.

    Example:
        >>> read_path("transforms.json").format  # doctest: +SKIP
        'transforms'
    """
    path = Path(path)
    if format is not None:
        return _named(READERS, format, "read").read(path)
    head = "" if path.is_dir() else read_head(path)
    for reader in READERS.values():
        if head is not None and reader.sniff(head, path):
            return reader.read(path)
    raise InputError(f"{path} {what_it_is(path)}; readable formats: {', '.join(READERS)}")


def write_path(
    path_or_table: PathTable | Trajectory,
    path: Path | str,
    format: str | None = None,  # noqa: A002 - what users call it
) -> list[str]:
    """Write cameras in any format that can be written.

    Args:
        path_or_table: a table without faults, or a trajectory.
        path: the output file or folder.
        format: a name of `WRITERS`; by default the one that the output's name stands for.

    Returns:
        What was lost or assumed, one sentence each.

    Raises:
        InputError: the table is faulty or lacks what the format needs, or the file cannot be written.
    """
    path = Path(path)
    table = path_or_table if isinstance(path_or_table, PathTable) else PathTable.from_trajectory(path_or_table)
    writer = WRITERS[format_for_output(path, format)]
    table.require_sound()
    ready, warnings = _complete(table, writer)
    warnings += _losses(table, writer)
    return warnings + writer.write(ready.in_convention(writer.CONVENTION), path)


def format_for_output(path: Path | str, format: str | None = None) -> str:  # noqa: A002 - as above
    """The name of the format to write: the one given, or the one that an output's name stands for.

    Raises:
        InputError: the format is not known, or none writes files of that name.
    """
    if format is not None:
        return _named(WRITERS, format, "written").NAME
    name = Path(path).name.lower()
    matches = [
        (len(pattern), writer.NAME)
        for writer in WRITERS.values()
        for pattern in writer.FILE_NAMES
        if fnmatch.fnmatch(name, pattern)
    ]
    if not matches:
        raise InputError(f"{path} does not say its format; give one with --to: {', '.join(WRITERS)}")
    return max(matches)[1]


def _named(table: dict[str, PathFormat], name: str, verb: str) -> PathFormat:
    if name not in table:
        raise InputError(f"format {name!r} is not known; {', '.join(table)} can be {verb}")
    return table[name]


def _complete(table: PathTable, writer: PathFormat) -> tuple[PathTable, list[str]]:
    """The table with what the format needs, and what had to be assumed for it."""
    warnings = []
    if "times" in writer.NEEDS and table.times_s is None:
        table = table.with_fps(DEFAULT_FPS)
        warnings.append(f"the input has no times; {DEFAULT_FPS:g} frames per second are assumed (--fps)")
    if "intrinsics" in writer.NEEDS and table.intrinsics is None:
        raise InputError(f"{writer.NAME} needs intrinsics and the input has none; give --size WxH --fov-deg DEGREES")
    if table.intrinsics is None:
        return table, warnings
    if table.size_wh is None and "intrinsics" in writer.NEEDS:
        raise InputError(f"{writer.NAME} needs the image size of the intrinsics; give --size WxH")
    if "normalised" in writer.NEEDS:
        table = table.with_size(NORMALISED)
    elif "pixels" in writer.NEEDS and table.size_wh == NORMALISED:
        table = table.with_size(_square_pixel_size(table))
        width, height = cast(tuple[int, int], table.size_wh)
        warnings.append(f"the intrinsics are normalised; an image of {width}x{height} is assumed (--size)")
    return table, warnings


def _square_pixel_size(table: PathTable) -> tuple[int, int]:
    """An image with a short side of 720 pixels whose pixels are square under normalised intrinsics."""
    assert table.intrinsics is not None
    aspect = float(table.intrinsics[0, 1, 1] / table.intrinsics[0, 0, 0])
    return (round(720 * aspect), 720) if aspect >= 1 else (720, round(720 / aspect))


def _losses(table: PathTable, writer: PathFormat) -> list[str]:
    held = {
        "times": ("the times", table.times_s is not None),
        "intrinsics": ("the intrinsics", table.intrinsics is not None),
        "size": ("the image size", table.size_wh not in (None, NORMALISED)),
        "names": ("the image names", bool(table.names)),
        "ids": ("the frame numbers", bool(table.ids)),
        "distortion": ("the lens distortion", bool(table.distortion) or table.lens != "perspective"),
        "unit": ("that translations are metres", table.unit == "m"),
    }
    return [f"{writer.NAME} cannot hold {held[key][0]}" for key in held if key in writer.LOSES and held[key][1]]
