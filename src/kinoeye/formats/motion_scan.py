"""Rests, jumps and lengths of a path, found a part at a time, so that a file of any length can be inspected."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np

from kinoeye.formats.diagnosis import Diagnosis, FrameRuns, finding
from kinoeye.geometry.convention import Float64, matrix_to_rotvec

TELEPORT = 30.0
"""A step of this many times the median step is a jump."""
MIN_STEPS = 10
"""A shorter path has no usual step."""
IN_MEMORY = 1 << 20
"""So many steps are kept in memory; more go to a temporary file, 8 bytes each."""


class MotionScan:
    """Rests and jumps of a path without errors, whose poses in the own convention are added in order."""

    def __init__(self) -> None:
        self._count = 0
        self._first = self._last = np.empty((0, 3, 4))
        self._extent = self._turned = self._largest = 0.0
        self._steps = _Steps()

    def add(self, poses: Float64) -> None:
        """Take the next poses [n, 3, 4]."""
        if not len(poses):
            return
        if not self._count:
            self._first = poses[:1].copy()
        joined = np.concatenate([self._last, poses])
        steps = np.linalg.norm(np.diff(joined[:, :, 3], axis=0), axis=1)
        self._steps.add(steps)
        self._largest = max(self._largest, float(steps.max(initial=0.0)))
        self._extent = max(self._extent, float(abs(poses[:, :, 3]).max()))
        self._turned = max(self._turned, float(abs(poses[:, :, :3] - self._first[:, :, :3]).max()))
        self._last = poses[-1:].copy()
        self._count += len(poses)

    def findings(self) -> Iterator[Diagnosis]:
        """Findings "one-frame", "static" and "teleport" of all parts."""
        frames = FrameRuns(np.ones(self._count, bool))
        if self._count == 1:
            yield from finding("one-frame", "hint", frames, "one camera only: there is no motion")
        elif self._largest <= 1e-9 * max(1.0, self._extent):
            text = "the camera turns but never leaves its place" if self._turned > 1e-6 else "the camera never moves"
            yield from finding("static", "hint", frames, text)
        elif self._count > MIN_STEPS:
            limit = TELEPORT * self._steps.median()
            jumps = FrameRuns(np.zeros(1, bool), *(steps > limit for steps in self._steps))
            text = f"{{frames}}: a step over {TELEPORT:g} times the median step"
            yield from finding("teleport", "warning", jumps, text)


class Travel:
    """Length and rotation of a path whose sound poses are added in order; sums do not depend on the parts."""

    def __init__(self) -> None:
        self.length = 0.0
        """Of the path of the centres, in the unit of the poses."""
        self.rotation = 0.0
        """Sum of the angles between neighbours in radians."""
        self._last = np.empty((0, 3, 4))

    def add(self, poses: Float64) -> None:
        """Take the next poses [n, 3, 4], whose blocks are rotations."""
        if not len(poses):
            return
        joined = np.concatenate([self._last, poses])
        turns = matrix_to_rotvec(np.swapaxes(joined[:-1, :, :3], 1, 2) @ joined[1:, :, :3])
        steps = np.linalg.norm(np.diff(joined[:, :, 3], axis=0), axis=1)
        self.length = _running_sum(self.length, steps)
        self.rotation = _running_sum(self.rotation, np.linalg.norm(turns, axis=1))
        self._last = poses[-1:].copy()


def _running_sum(start: float, values: Float64) -> float:
    """A sum in order: pairwise sums would depend on where parts begin."""
    return float(np.cumsum(np.concatenate([[start], values]))[-1])


class _Steps:
    """Lengths of steps in order: in memory, and in a temporary file beyond `IN_MEMORY`."""

    def __init__(self) -> None:
        self._count = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=8 * IN_MEMORY)  # noqa: SIM115 - closed when forgotten

    def add(self, steps: Float64) -> None:
        self._count += len(steps)
        self._file.seek(0, 2)
        self._file.write(steps.tobytes())

    def __iter__(self) -> Iterator[Float64]:
        self._file.seek(0)
        while data := self._file.read(8 * IN_MEMORY):
            yield np.frombuffer(data)

    def median(self) -> float:
        """The median of the steps that move."""
        if self._count <= IN_MEMORY:
            return float(np.median(np.concatenate([steps[steps > 0] for steps in self])))
        moving = sum(int(np.count_nonzero(steps)) for steps in self)
        return 0.5 * (self._smallest((moving - 1) // 2) + self._smallest(moving // 2))

    def _smallest(self, k: int) -> float:
        """The k-th smallest of the steps that move: positive floats sort as their bits do, 16 bits a pass."""
        prefix = 0
        for shift in (48, 32, 16, 0):
            counts = np.zeros(1 << 16, np.int64)
            for steps in self:
                bits = steps[steps > 0].view(np.uint64)
                if shift < 48:
                    bits = bits[bits >> np.uint64(shift + 16) == prefix]
                counts += np.bincount(
                    (bits >> np.uint64(shift) & np.uint64(0xFFFF)).astype(np.int64), minlength=1 << 16
                )
            below = np.cumsum(counts)
            place = int(np.searchsorted(below, k, side="right"))
            k -= int(below[place - 1]) if place else 0
            prefix = prefix << 16 | place
        return float(np.uint64(prefix).view(np.float64))
