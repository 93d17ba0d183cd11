"""Files of rows of any length made into files with other poses, in memory that does not grow with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.faults import FaultScan
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths import kitti
from kinoeye.formats.paths.rows import BLOCK_BYTES
from kinoeye.formats.paths.streaming import StreamedFormat, joined, rounded, streamed_format
from kinoeye.geometry.convention import Float64, homogeneous

MAX_FRAMES = 100_000_000
_QUERIES = 1 << 17


def resample_file(
    source: Path | str,
    target: Path | str,
    *,
    frames: int | None = None,
    fps: float | None = None,
    stride: int | None = None,
    format: str | None = None,  # noqa: A002 - as above
    block_bytes: int = BLOCK_BYTES,
) -> list[str]:
    """Write a file of rows with other poses, in the same format: evenly spaced in time, or every n-th.

    The file is read twice: once for its times and faults, once for its poses. Between poses, rotations are
    interpolated on the shortest arc and positions on straight lines, as `Track.at` does.

    Args:
        source: a TUM, KITTI, EuRoC or TartanAir file of any length.
        target: the file to write; times of a KITTI file go beside it.
        frames: number of poses, both ends included.
        fps: poses per second; a rest shorter than a frame at the end is left out.
        stride: every `stride`-th row is kept as it is.
        format: the source's format, if it shall not be told from its first rows.
        block_bytes: how much text to read at a time.

    Returns:
        What was lost or assumed, one sentence each.

    Raises:
        InputError: not exactly one of frames, fps and stride is given, one is out of range, or the path is faulty.

    Example:
        >>> resample_file("long.tum", "short.tum", fps=30)  # doctest: +SKIP
        []
    """
    if sum(value is not None for value in (frames, fps, stride)) != 1:
        raise InputError("resampling takes either a number of frames, a rate or a stride")
    source, target = Path(source), Path(target)
    module = streamed_format(source, format)
    _need_same_format(target, module.NAME)
    span = _span(module.layout(source).parts(source, block_bytes=block_bytes), source)
    if stride is None:
        queries = _Queries.of(span, frames, fps)
        kept = _interpolated(module.layout(source).parts(source, block_bytes=block_bytes), span, queries)
    else:
        if stride < 1:
            raise InputError(f"every {stride}th pose is no choice; give a stride of 1 or more")
        kept = _every(module.layout(source).parts(source, block_bytes=block_bytes), stride)
    _write(module, kept, target)
    return span.warnings(stride)


@dataclass(frozen=True)
class _Span:
    """The times of a path, and what its reader said."""

    frames: int
    start_s: float
    end_s: float
    has_times: bool
    notes: tuple[str, ...]

    def warnings(self, stride: int | None) -> list[str]:
        assumed = f"the input has no times; {DEFAULT_FPS:g} frames per second are assumed (--fps)"
        return [*([] if self.has_times or stride else [assumed]), *self.notes]


@dataclass(frozen=True)
class _Queries:
    """Evenly spaced times."""

    count: int
    start_s: float
    end_s: float
    step_s: float

    @classmethod
    def of(cls, span: _Span, frames: int | None, fps: float | None) -> _Queries:
        duration = span.end_s - span.start_s
        if fps is not None:
            if not 0 < fps < math.inf:
                raise InputError(f"{fps:g} frames per second is not a rate; give a number above 0")
            frames = math.floor(min(duration * fps, 1e18) * (1 + 1e-9) + 1e-6) + 1
        frames = frames or 0
        if not 1 <= frames <= MAX_FRAMES:
            raise InputError(f"{frames} frames is out of range; 1 to {MAX_FRAMES:,} are made")
        if fps is None and duration > 0:
            return cls(frames, span.start_s, span.end_s, duration / max(1, frames - 1))
        step = 1 / (fps or DEFAULT_FPS)  # a single pose is held
        return cls(frames, span.start_s, span.start_s + (frames - 1) * step, step)

    def times(self, start: int, stop: int) -> Float64:
        """Times number `start` to `stop`, from whichever end is nearer, so that both ends are exact."""
        index = np.arange(start, stop)
        from_end = self.end_s - (self.count - 1 - index) * self.step_s
        return np.where(2 * index < self.count, self.start_s + index * self.step_s, from_end)

    def up_to(self, time_s: float, start: int) -> int:
        """The number of times from the first to `time_s`, at least `start`."""
        guess = math.floor((time_s - self.start_s) / self.step_s) - 2  # rounding may be off by one
        count = min(max(start, guess), self.count)
        while count < self.count and self.times(count, count + 1)[0] <= time_s:
            count += 1
        return count


def _need_same_format(target: Path, name: str) -> None:
    from kinoeye.formats.paths.registry import format_for_output

    try:
        chosen = format_for_output(target)
    except InputError:  # a name that stands for no format
        return
    if chosen != name:
        raise InputError(f"a file that is resampled as a stream keeps its format {name}; {target} stands for {chosen}")


def _span(parts: Iterator[PathTable], source: Path) -> _Span:
    """The times of a sound path.

    Raises:
        InputError: the path has errors.
    """
    faults = FaultScan()
    found: list[Diagnosis] = []
    frames, first, last, notes = 0, None, None, ()
    for part in parts:
        found += [row for row in part.findings if row.severity == "error"]
        if not len(part):
            continue
        faults.add(part)
        first, last, notes = first or part, part, part.notes
        frames += len(part)
    found += faults.findings()
    if found:
        raise InputError(f"{source}: the cameras are faulty: {found[0].message}; files this long cannot be repaired")
    assert first is not None
    assert last is not None
    if first.times_s is None or last.times_s is None:
        return _Span(frames, 0.0, (frames - 1) / DEFAULT_FPS, False, notes)
    return _Span(frames, float(first.times_s[0]), float(last.times_s[-1]), True, notes)


def _every(parts: Iterator[PathTable], stride: int) -> Iterator[PathTable]:
    """Every `stride`-th pose, its rotation rounded."""
    seen = 0
    for part in parts:
        kept = part.frames(range(-seen % stride, len(part), stride))
        seen += len(part)
        if len(kept):
            yield replace(kept, matrices=rounded(kept.matrices))


def _interpolated(parts: Iterator[PathTable], span: _Span, queries: _Queries) -> Iterator[PathTable]:
    """The poses at evenly spaced times."""
    before: PathTable | None = None
    seen = done = 0
    for part in parts:
        if not len(part):
            continue
        if part.times_s is None:
            part = replace(part, times_s=(seen + np.arange(len(part))) / DEFAULT_FPS)
        seen += len(part)
        part = replace(part, matrices=rounded(part.matrices))
        path = part if before is None else joined([before, part])
        assert path.times_s is not None
        ready = queries.count if seen == span.frames else queries.up_to(float(path.times_s[-1]), done)
        for start in range(done, ready, _QUERIES):
            table = _at(path, queries.times(start, min(start + _QUERIES, ready)))
            yield table if span.has_times else replace(table, times_s=None)
        done = ready
        before = part.frames([len(part) - 1])


def _at(path: PathTable, times_s: Float64) -> PathTable:
    """The poses of a part at times, in the part's own convention: frames that do not move do not matter here."""
    import torch

    from kinoeye.geometry.lie import SE3
    from kinoeye.geometry.track import Track

    track = Track(SE3.from_matrix(torch.from_numpy(homogeneous(path.matrices))), torch.tensor(path.times_s), up=None)
    matrices = track.at(torch.from_numpy(times_s)).T_world_body.as_matrix()[:, :3].numpy()
    return replace(path, matrices=matrices, times_s=times_s)


def _write(module: StreamedFormat, parts: Iterator[PathTable], target: Path) -> None:
    """Write parts as one file, and times beside it where the format has them there."""
    with ExitStack() as files:
        file = _opened(files, target)
        beside: IO[str] | None = None
        for number, part in enumerate(parts):
            if number == 0:
                file.writelines(f"{line}\n" for line in module.header(part))
                if module.NAME == kitti.NAME and part.times_s is not None:
                    beside = _opened(files, kitti.times_path(target))
            file.writelines(f"{line}\n" for line in module.lines(part))
            if beside is not None:
                beside.writelines(f"{line}\n" for line in kitti.time_lines(part))


def _opened(files: ExitStack, path: Path) -> IO[str]:
    return files.enter_context(files.enter_context(atomic_file(path)).open("w", encoding="utf-8"))
