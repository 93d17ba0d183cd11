"""Faults of poses and times, found a part of a path at a time, so that a file of any length can be diagnosed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.formats.diagnosis import (
    TOLERANCE,
    Diagnosis,
    FrameRuns,
    degenerate_frames,
    finding,
    finite_frames,
    reflected_frames,
    rotation_frames,
    singular_values,
)
from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:
    from kinoeye.formats.path_table import PathTable

_ERRORS = {
    "nan": "NaN or infinity in {frames}",
    "degenerate": "{frames}: the rotation block has no inverse",
    "reflection": "{frames}: a reflection, not a rotation (determinant -1)",
    "not-orthogonal": "{frames}: the rotation block is not orthogonal (sheared or stretched)",
    "scaled": "{frames}: the rotation block is scaled by ",
    "duplicate-times": "{frames}: the same time as the frame before",
    "backward-times": "{frames}: earlier than a frame before",
}


class FaultScan:
    """Faults of the poses and times of a path, whose parts are added in order.

    Example:
        >>> scan = FaultScan()
        >>> scan.add(table.frames(range(10)))  # doctest: +SKIP
        >>> list(scan.findings())
        []
    """

    def __init__(self) -> None:
        self._frames = {code: FrameRuns() for code in _ERRORS}
        self._scales = (np.inf, -np.inf)
        self._has_quaternions = False
        self._last_s = self._latest_s = np.nan

    def add(self, table: PathTable) -> None:
        """Take the next frames of the path."""
        masks = {code: np.zeros(len(table), bool) for code in _ERRORS}
        masks["nan"] = ~finite_frames(table)
        self._has_quaternions = table.convention.quaternion_order is not None
        if not rotation_frames(table.matrices).all():
            masks |= self._blocks(table.matrices)
        if table.times_s is not None and len(table):
            masks |= self._times(table.times_s)
        for code, mask in masks.items():
            self._frames[code].add(mask)

    @property
    def is_sound(self) -> bool:
        """Whether there is no fault so far."""
        return not any(frames.marked for frames in self._frames.values())

    def findings(self) -> Iterator[Diagnosis]:
        """The faults of all parts, every one an error."""
        reflected = self._frames["reflection"]
        is_mirrored = 0 < reflected.marked == reflected.count
        endings = {
            "reflection": "; --repair reflection mirrors the world, reflection-camera the camera" * is_mirrored,
            "scaled": self._size(),
        }
        for code, message in _ERRORS.items():
            yield from finding(code, "error", self._frames[code], message + endings.get(code, ""))

    def _blocks(self, matrices: Float64) -> dict[str, np.ndarray]:
        """Code -> frames [n] whose 3x3 block has that fault."""
        values = singular_values(matrices)
        degenerate = degenerate_frames(matrices)
        usable = ~(np.isnan(values[:, 0]) | degenerate)
        with np.errstate(invalid="ignore", divide="ignore"):
            sheared = usable & (values[:, 0] / values[:, 2] - 1 > 2 * TOLERANCE)
        scale = values.mean(1)
        scaled = usable & ~sheared & (abs(scale - 1) > TOLERANCE)
        if scaled.any():
            low, high = self._scales
            self._scales = (min(low, scale[scaled].min()), max(high, scale[scaled].max()))
        reflected = reflected_frames(matrices)
        return {"degenerate": degenerate, "reflection": reflected, "not-orthogonal": sheared, "scaled": scaled}

    def _times(self, times_s: Float64) -> dict[str, np.ndarray]:
        """Code -> frames [n] whose time has that fault."""
        latest = np.fmax.accumulate(np.concatenate([[self._latest_s], times_s]))
        with np.errstate(invalid="ignore"):
            duplicate = np.diff(times_s, prepend=self._last_s) == 0
            backward = times_s < latest[:-1]
        self._last_s, self._latest_s = times_s[-1], latest[-1]
        return {"duplicate-times": duplicate, "backward-times": backward}

    def _size(self) -> str:
        """By how much blocks are scaled, and why if the file has quaternions."""
        low, high = self._scales
        size = f"{low:.4g}" if high - low < 1e-3 * high else f"{low:.4g} to {high:.4g}"
        return size + " (a quaternion that is not of unit length)" * self._has_quaternions
