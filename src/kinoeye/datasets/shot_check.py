"""What is wrong with the files of one DataDoP shot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, read_text
from kinoeye.base.findings import Severity, frames_in_words
from kinoeye.datasets.datadop_layout import CAPTIONS, FILES, FRAMES, MAX_TOKENS, WIDTH, Split, least_tokens, shot_file
from kinoeye.datasets.faults import Problem, Problems

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 16_000_000
_ORTHOGONAL = 1e-6
"""GenDoP refuses rotations that are further from orthogonal (with a relative 1e-5)."""
_SIZE_KEYS = ("w", "h", "fl_x", "fl_y", "cx", "cy")


def shot_problems(folder: Path, split: Split, shot: str) -> dict[str, Problems]:
    """Kind of file, or "shot" -> what is wrong, for one shot.

    Args:
        folder: of the data set.
        split: which half the shot is in.
        shot: "VIDEO/SHOT".
    """
    paths = {kind: shot_file(folder, split, shot, kind) for kind in FILES}
    there = {kind for kind, path in paths.items() if path.is_file()}
    if not there:
        return {"shot": [Problem("missing-shot", "it is listed, and none of its files is there")]}
    found: dict[str, Problems] = {
        kind: [Problem("missing-file", f"{path.name} is missing")] for kind, path in paths.items() if kind not in there
    }
    sizes: dict[str, tuple[int, int]] = {}
    counts: dict[str, int] = {}
    looks = {
        "caption": lambda path: _caption(path),
        "rgb": lambda path: _rgb(path, sizes),
        "depth": lambda path: _depth(path, sizes),
        "intrinsics": lambda path: _intrinsics(path, counts),
        "traj": lambda path: _traj(path, counts),
        "transforms": lambda path: _transforms(path, sizes),
    }
    for kind in sorted(there, key=list(FILES).index):
        try:
            found[kind] = list(looks[kind](paths[kind]))
        except InputError as error:
            found[kind] = [Problem("unreadable", str(error))]
    found["shot"] = list(_agreement(sizes, counts))
    return {kind: problems for kind, problems in found.items() if problems}


def _caption(path: Path) -> Iterator[Problem]:
    data = read_json(path, max_bytes=MAX_FILE_BYTES)
    if not isinstance(data, dict):
        yield Problem("not-captions", "it holds no object with captions")
        return
    for key in CAPTIONS:
        # Every model can do with the first; the others are for models of directorial captions.
        severity: Severity = "error" if key == CAPTIONS[0] else "warning"
        text = data.get(key)
        if text is None:
            yield Problem("missing-caption", f"it has no {key!r}", severity)
        elif not isinstance(text, str):
            yield Problem("not-captions", f"{key!r} is no text")
        elif not text.strip():
            yield Problem("empty-caption", f"{key!r} is empty")
        elif (count := least_tokens(text)) > MAX_TOKENS:
            # No released model reads the detailed sentence.
            long: Severity = "warning" if key == "Detailed Interaction" else "error"
            yield Problem("long-caption", f"{key!r} has at least {count} tokens; CLIP reads {MAX_TOKENS}", long)


def _rgb(path: Path, sizes: dict[str, tuple[int, int]]) -> Iterator[Problem]:
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                yield Problem("too-large", f"{width}x{height} pixels; at most {MAX_PIXELS:,} are read")
                return
            image.load()
            sizes["rgb"] = (width, height)
            if image.format != "PNG":
                yield Problem("not-png", f"it is a {image.format} file", "warning")
            if image.mode not in ("RGB", "RGBA"):
                yield Problem("not-colour", f"its pixels are {image.mode}; RGB is needed")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        yield Problem("unreadable", f"it is no whole image: {error}")
        return
    if width != WIDTH:
        yield Problem("width", f"it is {width} pixels wide; those of the released set have {WIDTH}", "warning")


def _depth(path: Path, sizes: dict[str, tuple[int, int]]) -> Iterator[Problem]:
    if path.stat().st_size > MAX_FILE_BYTES:
        yield Problem("too-large", f"{path.stat().st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
        return
    try:
        depth = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        yield Problem("unreadable", f"it is no whole array of numbers: {str(error).splitlines()[0]}")
        return
    if not isinstance(depth, np.ndarray) or depth.ndim != 2 or depth.size == 0:
        yield Problem("shape", f"its shape is {list(getattr(depth, 'shape', ()))}; [height, width] is needed")
        return
    sizes["depth"] = (depth.shape[1], depth.shape[0])
    if depth.dtype != np.float32:
        yield Problem("dtype", f"its numbers are {depth.dtype}; float32 is needed")
    if depth.dtype.kind not in "fiu":
        return
    nan, infinite = int(np.isnan(depth).sum()), int(np.isinf(depth).sum())
    behind = int((depth <= 0).sum())
    if nan:
        yield Problem("nan-depth", f"{nan:,} of {depth.size:,} pixels are NaN")
    if infinite:
        yield Problem("infinite-depth", f"{infinite:,} of {depth.size:,} pixels are infinite")
    if behind:
        yield Problem("depth-behind", f"{behind:,} of {depth.size:,} pixels have a depth of 0 or less")
    if not nan and depth.min() == depth.max():
        yield Problem("flat-depth", f"every pixel has the depth {depth.flat[0]:g}", "warning")


def _intrinsics(path: Path, counts: dict[str, int]) -> Iterator[Problem]:
    rows = _numbers(path, 9)
    counts["intrinsics"] = len(rows)
    if not np.isfinite(rows).all():
        yield Problem("not-finite", f"{_rows_in_words(~np.isfinite(rows).all(axis=1))} hold NaN or infinity")
        return
    K = rows.reshape(-1, 3, 3)
    wrong = (K[:, 0, 0] <= 0) | (K[:, 1, 1] <= 0) | (K[:, 2] != [0, 0, 1]).any(axis=1) | (K[:, 1, 0] != 0)
    if wrong.any():
        yield Problem("calibration", f"{_rows_in_words(wrong)} are no calibration matrices with a focal length above 0")


def _traj(path: Path, counts: dict[str, int]) -> Iterator[Problem]:
    rows = _numbers(path, 8)
    counts["traj"] = len(rows)
    if not np.isfinite(rows).all():
        yield Problem("not-finite", f"{_rows_in_words(~np.isfinite(rows).all(axis=1))} hold NaN or infinity")
        return
    norm = np.linalg.norm(rows[:, 4:], axis=1)
    wrong = np.abs(norm - 1) > 1e-3
    if wrong.any():
        yield Problem("quaternion", f"{_rows_in_words(wrong)} have a quaternion that is not of length 1")
    if (np.diff(rows[:, 0]) <= 0).any():
        yield Problem("order", "the numbers of its frames do not increase", "warning")


def _transforms(path: Path, sizes: dict[str, tuple[int, int]]) -> Iterator[Problem]:
    data = read_json(path, max_bytes=MAX_FILE_BYTES)
    if not isinstance(data, dict) or not isinstance(data.get("frames"), list):
        yield Problem("not-transforms", "it holds no object with frames")
        return
    wrong = [key for key in _SIZE_KEYS if not _is_above_zero(data.get(key))]
    if wrong:
        yield Problem("camera", f"{', '.join(wrong)} are missing or not above 0")
    else:
        sizes["transforms"] = (round(data["w"]), round(data["h"]))
    frames = data["frames"]
    if len(frames) != FRAMES:
        yield Problem("frame-count", f"it has {len(frames)} frames; {FRAMES} are needed")
    matrices = _matrices(frames)
    if matrices is None:
        yield Problem("matrix", "a frame has no transform_matrix of 4x4 numbers")
        return
    if len(matrices) == 0:
        return
    yield from _poses(matrices)
    numbers = [frame.get("monst3r_im_id") for frame in frames]
    if numbers != list(range(1, len(frames) + 1)):
        yield Problem("numbers", "monst3r_im_id does not count from 1", "warning")


def _poses(matrices: NDArray[np.float64]) -> Iterator[Problem]:
    """Problems of camera-to-world matrices [n, 4, 4]."""
    infinite = ~np.isfinite(matrices).all(axis=(1, 2))
    if infinite.any():
        yield Problem("not-finite", f"{_frames(infinite)} hold NaN or infinity")
        return
    rows = (matrices[:, 3] != [0, 0, 0, 1]).any(axis=1)
    if rows.any():
        yield Problem("last-row", f"{_frames(rows)} do not end with 0 0 0 1")
    R = matrices[:, :3, :3]
    gap = np.abs(np.swapaxes(R, 1, 2) @ R - np.eye(3))
    skewed = (gap > _ORTHOGONAL + 1e-5 * np.eye(3)).any(axis=(1, 2))
    if skewed.any():
        yield Problem("not-orthogonal", f"{_frames(skewed)} have rotations off by up to {gap.max():.2g}")
    mirrored = np.linalg.det(R) < 0
    if mirrored.any():
        yield Problem("reflection", f"{_frames(mirrored)} are mirrored")
    if np.abs(matrices - matrices[0]).max() == 0:
        yield Problem("static", "the camera does not move at all", "warning")


def _agreement(sizes: dict[str, tuple[int, int]], counts: dict[str, int]) -> Iterator[Problem]:
    if len(set(sizes.values())) > 1:
        given = ", ".join(f"{kind} {width}x{height}" for kind, (width, height) in sizes.items())
        yield Problem("sizes", f"its files are of different sizes: {given}")
    if len(set(counts.values())) > 1:
        given = " and ".join(f"{count} rows of {kind}" for kind, count in counts.items())
        yield Problem("row-counts", f"it has {given}", "warning")


def _numbers(path: Path, columns: int) -> NDArray[np.float64]:
    """Rows [n, columns] of numbers.

    Raises:
        InputError: there are none, or a row is something else.
    """
    rows = [line.split() for line in read_text(path, max_bytes=MAX_FILE_BYTES).splitlines() if line.strip()]
    if not rows:
        raise InputError(f"{path.name} is empty")
    for number, row in enumerate(rows, start=1):
        if len(row) != columns:
            raise InputError(f"{path.name} has {len(row)} columns in line {number}; {columns} are needed")
    try:
        return np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{path.name} holds something that is no number: {error}") from error


def _matrices(frames: list[Any]) -> NDArray[np.float64] | None:
    """[n, 4, 4] of frames; None if one has no matrix."""
    try:
        found = np.array([frame["transform_matrix"] for frame in frames], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return found.reshape(-1, 4, 4) if found.size == 0 or found.shape[1:] == (4, 4) else None


def _is_above_zero(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 < value < 1e6


def _frames(marked: ArrayLike) -> str:
    """Marked frames, counted from 0, in words."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(marked, np.int8), [0]])))
    return frames_in_words([(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)])


def _rows_in_words(marked: ArrayLike) -> str:
    return _frames(marked).replace("frame", "row", 1)
