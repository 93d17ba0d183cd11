"""Bundler's bundle.out: world-to-camera rotations with OpenGL axes, focal lengths in pixels, two radial coefficients.

A point X of the world is at p = -P / P.z with P = R X + t, and in the image at f (1 + k1 |p|^2 + k2 |p|^4) p from its
centre, y up (Snavely, Seitz, Szeliski: Photo Tourism, 2006; the manual of Bundler v0.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_bytes
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.formats.paths.file_head import HEAD_BYTES, FileHead
from kinoeye.formats.paths.views import View, tables_of
from kinoeye.geometry.convention import Convention, Float64

NAME = "bundler"
TITLE = "Bundler bundle.out"
FILE_NAMES = ()
DEFAULT_NAME = "bundle.out"
CONVENTION = Convention("RUB", direction="world_to_cam")
HOLDS = frozenset({"intrinsics", "size", "names", "ids", "distortion"})
NEEDS = frozenset({"intrinsics", "pixels"})
_NUMBERS = 15
MAX_CAMERAS = 100_000
"""Files with more cameras are refused: the largest published problem has 13,682."""
_MAX_NUMBER = 40
"""Bytes of a number and the space around it, on the average."""
_HEADER = re.compile(rb"(?:#[^\n]*\n)*\s*(\d{1,9})\s+\d{1,12}(?=\s)")
_MAX_JPEG_HEAD = 4 * 1024 * 1024


def sniff(head: FileHead) -> bool:
    """The first line is the comment that Bundler writes."""
    return head.text.startswith("# Bundle file")


def read(path: Path) -> PathTable | dict[str, PathTable]:
    """Read the registered cameras in file order; names and image sizes are those of list.txt, where it is."""
    data = read_bytes(path)
    counts = _HEADER.match(data[:HEAD_BYTES])
    if counts is None:
        raise InputError(f"{path} does not begin with the numbers of cameras and points: is it truncated?")
    count = int(counts[1])
    rows = camera_rows(data, counts.end(), count, _NUMBERS, path)
    poses = np.concatenate([rows[:, 3:12].reshape(-1, 3, 3), rows[:, 12:15, None]], -1)
    names, sizes, notes = _listed(path, count)
    return bundle_table(poses, rows[:, :3], names, sizes, NAME, path, notes)


def camera_rows(data: bytes, at: int, count: int, columns: int, path: Path) -> Float64:
    """[count, columns] numbers of cameras, however they are broken into lines; what follows is not looked at.

    Raises:
        InputError: they break off, one is no number, or they are too many.
    """
    if count > MAX_CAMERAS:
        raise InputError(f"{path} announces {count:,} cameras; at most {MAX_CAMERAS:,} are read")
    words = data[at : at + count * columns * _MAX_NUMBER].split(maxsplit=count * columns)[: count * columns]
    if len(words) < count * columns:
        raise InputError(f"{path} breaks off in camera {len(words) // columns} of {count}")
    try:
        return np.array(words, np.float64).reshape(count, columns)
    except ValueError as error:
        raise InputError(f"{path} holds something else than numbers in a camera: is it truncated?") from error


def bundle_table(
    poses: Float64,
    f_k1_k2: Float64,
    names: tuple[str, ...],
    sizes: list[tuple[int, int] | None],
    format_name: str,
    path: Path,
    notes: tuple[str, ...] = (),
) -> PathTable | dict[str, PathTable]:
    """The table of cameras with a focal length, two radial coefficients and a centred principal point.

    The principal point in the middle of an image of unknown size is NaN until somebody states the size.

    Args:
        poses: [n, 3, 4] in `CONVENTION`.
        f_k1_k2: [n, 3] with f in pixels; a camera with f = 0 is not registered.
        names: image names, or empty.
        sizes: [n] image sizes, None where they are not known.
        format_name: the format that was read.
        path: the file, for messages.
        notes: what the reader assumed.

    Raises:
        InputError: no camera is registered.
    """
    registered = np.flatnonzero(f_k1_k2[:, 0] != 0)
    if not len(registered):
        raise InputError(f"{path} holds no poses: no camera is registered")
    if len(registered) < len(poses):
        notes += (f"{len(poses) - len(registered)} of {len(poses)} cameras are not registered and left out",)
    known = all(sizes[i] is not None for i in registered)
    if not known:
        focal = f_k1_k2[registered, 0]
        span = f"{focal.min():.6g}" if focal.min() == focal.max() else f"{focal.min():.6g} to {focal.max():.6g}"
        notes += (
            f"the size of the images is not known; the focal lengths are {span} pixels (state it with --size WxH)",
        )
    views = []
    for i in registered:
        (f, k1, k2), size = f_k1_k2[i], sizes[i]
        name = names[i] if names else ""
        centre = (np.nan, np.nan) if not known or size is None else (size[0] / 2, size[1] / 2)
        K = calibration_matrices([[f, f, *centre]])[0]
        views.append(View(poses[i], name, int(i), K, size if known else None, coefficients={"k1": k1, "k2": k2}))
    return tables_of(views, CONVENTION, format_name, notes)


def _listed(path: Path, count: int) -> tuple[tuple[str, ...], list[tuple[int, int] | None], tuple[str, ...]]:
    """Names, image sizes and notes out of the list.txt beside the file or, as Bundler leaves it, one folder up."""
    places = [folder / "list.txt" for folder in (path.parent, path.parent.parent)]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        return (), [None] * count, ()
    text = read_bytes(place).decode(errors="backslashreplace")
    # A line may end with two more numbers: a zero and the focal length that the camera stated.
    lines = [re.sub(r"\s+\d+\s+\d[\d.]*\s*$", "", line).strip() for line in text.splitlines()]
    names = tuple(filter(None, lines))
    if len(names) != count:
        return (), [None] * count, (f"{place.name} names {len(names)} images for {count} cameras and is not used",)
    return names, [image_size(place.parent / name) for name in names], ()


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG picture by its header; None where there is none."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(24)
            if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
                size = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
            elif head.startswith(b"\xff\xd8"):
                size = _jpeg_size(head + file.read(_MAX_JPEG_HEAD))
            else:
                return None
    except (OSError, ValueError):  # ValueError: a null character in the name
        return None
    return size if min(size) > 0 else None


def _jpeg_size(data: bytes) -> tuple[int, int]:
    for marker, start, end in _jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and end - start >= 5:
            return int.from_bytes(data[start + 3 : start + 5], "big"), int.from_bytes(
                data[start + 1 : start + 3], "big"
            )
    return 0, 0


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, and where the content begins and ends, of the segments before the coded picture."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield data[at + 1], at + 4, at + 2 + length
        at += 2 + max(length, 2)
