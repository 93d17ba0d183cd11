"""What is wrong or suspicious in a camera path as written: faults of matrices, times and intrinsics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, starmap
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.base.findings import Severity, frames_in_words, severity_rank
from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:
    from kinoeye.formats.path_table import PathTable

TOLERANCE = 1e-3
"""Deviation of singular values from 1 that counts as rounding: files with four decimals reach 2e-4."""
DEGENERATE = 1e-6
"""Ratio of the smallest to the largest singular value under which a block has no rotation in it."""
NEARLY_ORTHOGONAL = 3e-4
"""Largest entry of R^T R - I for which the series of the polar factor is exact to 1e-12."""
MAX_FRAMES = 100_000
"""A finding lists so many frames at most."""


@dataclass(frozen=True)
class Diagnosis:
    """One finding about a camera path."""

    code: str
    """Also the name of its repair, where there is one."""
    severity: Severity
    """"error" cannot be used as it is, "warning" is probably wrong, "hint" may be meant."""
    frames: tuple[int, ...]
    """Indices of the frames concerned, the first `MAX_FRAMES` of them."""
    message: str


def diagnose(table: PathTable) -> list[Diagnosis]:
    """Every finding about a table, errors first."""
    found = faults(table)
    if not any(finding.severity == "error" for finding in found):
        found += [*_motion(table), *hints(table)]
    return by_severity(found)


def hints(table: PathTable) -> list[Diagnosis]:
    """What is possible but hardly meant, of a path without errors."""
    from kinoeye.formats.motion_hints import motion_hints
    from kinoeye.formats.plausibility import implausible_motion

    return [*implausible_motion(table), *motion_hints(table)]


def by_severity(found: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Errors first, then warnings, then hints."""
    return sorted(found, key=lambda row: severity_rank(row.severity))


def faults(table: PathTable) -> list[Diagnosis]:
    """What the file, the poses, the times or the intrinsics are wrong in: every finding that can be an error."""
    from kinoeye.formats.faults import FaultScan

    if len(table) == 0:
        return [Diagnosis("empty", "error", (), "there are no poses")]
    scan = FaultScan()
    scan.add(table)
    return [*table.findings, *scan.findings(), *_intrinsics(table)]


def finite_frames(table: PathTable) -> np.ndarray:
    """[n] bool: every number of the frame's pose, intrinsics and time is finite, but for a centre not known yet."""
    K = table.intrinsics
    if K is not None and table.is_centred_nowhere:
        K = K[:, :, :2]
    columns = [table.matrices, K, table.times_s]
    finite = [np.isfinite(c).reshape(len(table), -1).all(1) for c in columns if c is not None]
    return np.logical_and.reduce(finite)


def singular_values(matrices: Float64) -> Float64:
    """[n, 3] singular values, largest first, of the 3x3 blocks; NaN where a block is not finite."""
    blocks = matrices[:, :, :3]
    finite = np.isfinite(blocks).all((1, 2))
    values = np.full((len(blocks), 3), np.nan)
    values[finite] = np.linalg.svd(blocks[finite], compute_uv=False)
    return values


def degenerate_frames(matrices: Float64) -> np.ndarray:
    """[n] bool: the 3x3 block is finite but of lower rank, so that no repair can know the rotation."""
    values = singular_values(matrices)
    with np.errstate(invalid="ignore"):
        return values[:, 2] <= DEGENERATE * values[:, 0]


def reflected_frames(matrices: Float64) -> np.ndarray:
    """[n] bool: the 3x3 block has a negative determinant."""
    values = singular_values(matrices)
    usable = ~(np.isnan(values[:, 0]) | degenerate_frames(matrices))
    reflected = np.zeros(len(matrices), bool)
    reflected[usable] = np.linalg.det(matrices[usable, :, :3] / values[usable, :1, None]) < 0
    return reflected


def nearest_rotation(blocks: Float64) -> Float64:
    """The orthogonal matrices [n, 3, 3] nearest in the Frobenius norm, of the same handedness (polar factor).

    The factor is R (R^T R)^(-1/2): its series where R^T R is within 3e-4 of the identity, which is exact to 1e-12
    there and ten times as fast as the singular value decomposition that the other blocks get.
    """
    R, excess = _gram_excess(blocks)
    near = abs(excess).max((0, 1)) <= NEARLY_ORTHOGONAL
    identity = np.eye(3)[:, :, None]
    series = identity + _product(excess, _product(excess, 0.375 * identity - 0.3125 * excess) - 0.5 * identity)
    rotation = np.ascontiguousarray(_product(R, series).transpose(2, 0, 1))
    if not near.all():
        U, _, Vh = np.linalg.svd(blocks[~near])
        rotation[~near] = U @ Vh
    return rotation


def rotation_frames(matrices: Float64) -> np.ndarray:
    """[n] bool: the 3x3 block is so near to a rotation that no finding is about it; others need a closer look."""
    R, excess = _gram_excess(matrices[:, :, :3])
    with np.errstate(invalid="ignore", over="ignore"):
        cross = R[[1, 2, 0], 0] * R[[2, 0, 1], 1] - R[[2, 0, 1], 0] * R[[1, 2, 0], 1]
        return (abs(excess).max((0, 1)) <= TOLERANCE / 4) & ((cross * R[:, 2]).sum(0) > 0)


def _gram_excess(blocks: Float64) -> tuple[Float64, Float64]:
    """Blocks R and R^T R - I, both [3, 3, n]: sums over planes of n numbers are fast where n small products are not."""
    R = np.ascontiguousarray(blocks.transpose(1, 2, 0))
    with np.errstate(invalid="ignore", over="ignore"):
        return R, _product(R.transpose(1, 0, 2), R) - np.eye(3)[:, :, None]


def _product(a: Float64, b: Float64) -> Float64:
    """Products [3, 3, n] of matrices [3, 3, n]."""
    with np.errstate(invalid="ignore", over="ignore"):
        return (a[:, :, None] * b[None]).sum(1)


class FrameRuns:
    """The frames of a path that a finding is about, gathered a part at a time as runs of neighbours."""

    def __init__(self, *masks: np.ndarray) -> None:
        self.count = 0
        """How many frames the path has so far."""
        self.marked = 0
        """How many of them are meant."""
        self._runs: list[tuple[int, int]] = []
        self._run_count = 0
        self._end = -1
        for mask in masks:
            self.add(mask)

    def add(self, mask: np.ndarray) -> None:
        """Take the next frames [n] bool of the path."""
        if mask.any():
            edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
            runs = [(int(first), int(end)) for first, end in (edges.reshape(-1, 2) + self.count)[:MAX_FRAMES]]
            self.marked += int(np.count_nonzero(mask))
            continues = runs[0][0] == self._end
            if continues and self._run_count == len(self._runs):
                self._runs[-1] = (self._runs[-1][0], runs[0][1])
            self._run_count += len(edges) // 2 - continues
            runs = runs[continues:]
            self._runs += runs[: MAX_FRAMES - len(self._runs)]
            self._end = self.count + int(edges[-1])
        self.count += len(mask)

    @property
    def frames(self) -> tuple[int, ...]:
        """Indices of the frames, the first `MAX_FRAMES` of them."""
        return tuple(islice(chain.from_iterable(starmap(range, self._runs)), MAX_FRAMES))

    def __str__(self) -> str:
        """Such as "frame 3", "frames 0-4 and 7", or "all 49 frames"."""
        if self.marked == self.count:
            return f"all {self.count} frames" if self.count > 1 else "the only frame"
        return frames_in_words([(first, end - 1) for first, end in self._runs[:9]], count=self._run_count)


def describe_frames(frames: np.ndarray, count: int) -> str:
    """The words of `FrameRuns` for some of `count` frames."""
    mask = np.zeros(count, bool)
    mask[frames] = True
    return str(FrameRuns(mask))


def finding(code: str, severity: Severity, frames: np.ndarray | FrameRuns, message: str) -> Iterator[Diagnosis]:
    """One finding about some frames, given as a mask [n] or as runs, or none; "{frames}" in the message names them."""
    runs = frames if isinstance(frames, FrameRuns) else FrameRuns(frames)
    if runs.marked:
        yield Diagnosis(code, severity, runs.frames, message.format(frames=runs))


def _intrinsics(table: PathTable) -> Iterator[Diagnosis]:
    K = table.intrinsics
    if K is not None:
        with np.errstate(invalid="ignore"):
            wrong = (K[:, 0, 0] <= 0) | (K[:, 1, 1] <= 0)
            skewed = abs(K[:, 0, 1]) > 1e-6 * abs(K[:, 0, 0])
        yield from finding("focal", "error", wrong, "{frames}: a focal length is not positive")
        from kinoeye.formats.plausibility import implausible_intrinsics

        yield from implausible_intrinsics(table)
        yield from finding("skew", "warning", skewed & ~wrong, "{frames}: pixel skew, which pinhole cameras here lose")
    if table.lens != "perspective":
        text = f"the lens is {table.lens}: a pinhole with these intrinsics fits only the centre of the image"
        yield Diagnosis("lens", "warning", tuple(range(len(table))), text)


def _motion(table: PathTable) -> Iterator[Diagnosis]:
    """Findings about the motion of a path whose matrices are sound."""
    from kinoeye.formats.motion_scan import MotionScan

    scan = MotionScan()
    scan.add(table.T_world_cam)
    return scan.findings()
