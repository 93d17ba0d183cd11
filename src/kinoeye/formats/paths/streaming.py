"""Files of rows of any length, read and inspected a part at a time in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.diagnosis import Diagnosis, by_severity, hints, nearest_rotation
from kinoeye.formats.faults import FaultScan
from kinoeye.formats.motion_scan import MotionScan, Travel
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import euroc, kitti, tartanair, tum
from kinoeye.formats.paths.file_head import file_head
from kinoeye.formats.paths.row_format import RowLayout, row_kind
from kinoeye.formats.paths.rows import BLOCK_BYTES
from kinoeye.geometry.convention import Float64

STREAM_BYTES = 16 << 20
"""Files of rows above this size are streamed."""
MAX_HEAD = 100_000
"""So many first poses are kept for hints, which need a path in memory."""


class StreamedFormat(Protocol):
    """A module of a format with one row a pose, camera-to-world."""

    NAME: str

    def layout(self, path: Path) -> RowLayout:
        """How the rows of a file are read."""
        ...

    def header(self, table: PathTable) -> list[str]:
        """The lines before the rows."""
        ...

    def lines(self, table: PathTable) -> Iterator[str]:
        """One row a frame."""
        ...


_STREAMED = {module.NAME: cast(StreamedFormat, module) for module in (tum, kitti, euroc, tartanair)}


@dataclass(frozen=True)
class PathSummary:
    """What is known of a path after reading it once."""

    head: PathTable
    """The first `MAX_HEAD` poses, or all."""
    frames: int
    duration_s: float | None
    """From the first time to the last; None without times."""
    diagnosis: tuple[Diagnosis, ...]
    """As `PathTable.diagnose`, but hints rest on `head`."""
    travel: Travel | None
    """Length and rotation of the path; None where the diagnosis has errors."""


def is_streamed(path: Path | str, format: str | None = None) -> bool:  # noqa: A002 - what users call it
    """Whether a path is a file of rows (TUM, KITTI, EuRoC, TartanAir) above `STREAM_BYTES`.

    Args:
        path: any file or folder, also one that does not exist.
        format: its name, if it shall not be told from its first rows.
    """
    path = Path(path)
    if not path.is_file() or path.stat().st_size <= STREAM_BYTES:
        return False
    return (format or row_kind(file_head(path))) in _STREAMED


def path_parts(
    path: Path | str,
    format: str | None = None,  # noqa: A002 - as above
    *,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[PathTable]:
    """The path of a file of rows a part at a time; the last part has no frames but the findings about the file's end.

    Args:
        path: a TUM, KITTI, EuRoC or TartanAir file of any length.
        format: its name, if it shall not be told from its first rows.
        block_bytes: how much text to read at a time.

    Raises:
        InputError: the file is none of these, or anything is wrong with its layout.

    Example:
        >>> sum(len(part) for part in path_parts("long.tum"))  # doctest: +SKIP
        10000000
    """
    path = Path(path)
    return streamed_format(path, format).layout(path).parts(path, block_bytes=block_bytes)


def summarise(
    path: Path | str,
    format: str | None = None,  # noqa: A002 - as above
    *,
    block_bytes: int = BLOCK_BYTES,
    max_head: int = MAX_HEAD,
) -> PathSummary:
    """Read a file of rows once, and say what it holds and what is wrong with it.

    Args:
        path: a TUM, KITTI, EuRoC or TartanAir file of any length.
        format: its name, if it shall not be told from its first rows.
        block_bytes: how much text to read at a time.
        max_head: how many of its first poses to keep.

    Raises:
        InputError: as `path_parts`.
    """
    faults, motion, travel = FaultScan(), MotionScan(), Travel()
    head: list[PathTable] = []
    found: list[Diagnosis] = []
    frames, first_s, last_s = 0, None, None
    for part in path_parts(path, format, block_bytes=block_bytes):
        found += part.findings
        if not len(part):
            continue
        if frames < max_head:
            head.append(part.frames(range(min(len(part), max_head - frames))))
        if part.times_s is not None:
            first_s, last_s = part.times_s[0] if first_s is None else first_s, part.times_s[-1]
        frames += len(part)
        faults.add(part)
        if faults.is_sound:
            motion.add(part.T_world_cam)
            travel.add(rounded(part.T_world_cam))
    table = joined(head)
    at_end = tuple(found)
    found += faults.findings()
    is_sound = not any(row.severity == "error" for row in found)
    if is_sound:
        found += motion.findings()
        whole = frames == len(table)
        # A path that rests for its first poses only does not rest.
        found += [hint for hint in hints(table) if whole or hint.code != "static"]
    if frames > len(table):
        table = table.noted(f"hints rest on the first {len(table):,} of {frames:,} poses")
    table = replace(table, findings=at_end)
    duration = None if first_s is None or last_s is None else float(last_s - first_s)
    return PathSummary(table, frames, duration, tuple(by_severity(found)), travel if is_sound else None)


def streamed_format(path: Path, format: str | None) -> StreamedFormat:  # noqa: A002 - as above
    """The module of a file's format.

    Raises:
        InputError: the file is none that can be streamed.
    """
    kind = format or row_kind(file_head(path))
    if kind not in _STREAMED:
        raise InputError(f"{path} is not a file of rows that can be streamed: {', '.join(_STREAMED)}")
    return _STREAMED[kind]


def rounded(matrices: Float64) -> Float64:
    """Poses [n, 3, 4] with rotations rounded to the nearest orthonormal matrix."""
    return np.concatenate([nearest_rotation(matrices[:, :, :3]), matrices[:, :, 3:]], -1)


def joined(tables: list[PathTable]) -> PathTable:
    """Parts of one path in a row."""
    first = tables[0]
    times = None if first.times_s is None else np.concatenate([cast(Float64, table.times_s) for table in tables])
    return replace(first, matrices=np.concatenate([table.matrices for table in tables]), times_s=times)
