"""What a module of a format holds, what it needs of a path to write it, and what it loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from kinoeye.base.errors import InputError
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import NORMALISED, Convention

CONTENT = {
    "times": "the times",
    "intrinsics": "the intrinsics",
    "size": "the image size",
    "names": "the image names",
    "ids": "the frame numbers",
    "distortion": "the lens distortion",
    "unit": "that translations are metres",
    "up": "which way is up",
    "near_far": "the nearest and farthest distances",
}
"""What a path may have besides poses, and how a warning calls it."""


class PathFormat(Protocol):
    """What a module of a format holds; one without `read` or without `write` is for the other direction only.

    A format may have `keeps(table) -> frozenset[str]`: what of `CONTENT` it cannot hold in general and holds of this
    very table, such as intrinsics that one angle says.
    """

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
    HOLDS: frozenset[str]
    """What it can hold besides poses, of `CONTENT`."""
    NEEDS: frozenset[str]
    """What must be known to write it, of times, intrinsics, pixels or normalised (of its intrinsics), unit and up."""

    def sniff(self, head: FileHead) -> bool:
        """Whether this is such a file or folder; no other format may claim it."""
        ...

    def read(self, path: Path) -> PathTable | Mapping[str, PathTable]:
        """Read a file as written, or each camera of a file that names several.

        Raises:
            InputError: anything is wrong with its layout.
        """
        ...

    def write(self, table: PathTable, path: Path) -> list[str]:
        """Write a table that is sound, in `CONVENTION` and has what `NEEDS` names; returns further warnings."""
        ...


def completed(table: PathTable, writer: PathFormat) -> tuple[PathTable, list[str]]:
    """The table with what a format needs, and what had to be assumed for it.

    Raises:
        InputError: what it needs cannot be assumed.
    """
    warnings = []
    if "times" in writer.NEEDS and table.times_s is None:
        table = table.with_fps(DEFAULT_FPS)
        warnings.append(f"the input has no times; {DEFAULT_FPS:g} frames per second are assumed (--fps)")
    if "unit" in writer.NEEDS and table.unit != "m":
        table = replace(table, convention=replace(table.convention, metres_per_unit=1.0))
        warnings.append("the input states no unit; its numbers are taken as metres (--unit)")
    if "up" in writer.NEEDS and table.up is None:
        table = replace(table, convention=table.convention.with_world("RDF"))
        warnings.append("the input does not name the vertical of its world; its -y is taken as up (--up y-down)")
    if "intrinsics" in writer.NEEDS and table.intrinsics is None:
        raise InputError(f"{writer.NAME} needs intrinsics and the input has none; give --size WxH --fov-deg DEGREES")
    if table.is_centred_nowhere and "intrinsics" not in writer.NEEDS:
        table = replace(table, intrinsics=None, distortion={})
        warnings.append("the intrinsics are left out: the image size that would centre them is not known (--size)")
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


def losses(table: PathTable, ready: PathTable, writer: PathFormat) -> list[str]:
    """What a format cannot hold of a table, one sentence each; `ready` is the table as `completed` leaves it."""
    held = writer.HOLDS | getattr(writer, "keeps", lambda table: frozenset())(ready)
    has = {
        "times": table.times_s is not None,
        "intrinsics": table.intrinsics is not None,
        "size": table.size_wh not in (None, NORMALISED),
        "names": bool(table.names),
        "ids": bool(table.ids),
        "distortion": bool(table.distortion) or table.lens != "perspective",
        "unit": table.unit == "m",
        "up": table.up is not None,
        "near_far": table.near_far is not None,
    }
    return [f"{writer.NAME} cannot hold {CONTENT[key]}" for key in has if key not in held and has[key]]
