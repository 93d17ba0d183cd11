"""What a check found: whether it holds, in which frames it does not, and how bad the worst one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.files import read_json, write_json
from kinoeye.base.findings import Severity, frames_in_words, severity_rank
from kinoeye.base.records import read_record, write_record
from kinoeye.geometry.convention import Float64

Sense = Literal["at least", "at most"]
ROUNDING = 1e-9
"""Share of a limit by which a value may pass it: what arithmetic alone does to a value that sits on it."""
VERSION = 1
NO_METRES = "the path's unit is not known, so it has no metres (--unit says it)"
NO_SUBJECT = "there is no subject (`kinoeye stage` puts actors into a shot)"
NO_VERTICAL = "the vertical of the world is not known (--up says it)"
"""Reasons why checks are skipped, with what would make them run."""
_NOTHING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer of one check about one thing."""

    code: str
    """What was measured; the check `size` has "size-min" and "size-max", every other one its own name."""
    about: str = ""
    """The actor, or the property of a rig, that it is about; empty for the camera as a whole."""
    severity: Severity
    """What it means when the check does not hold: "error" fails the shot, "warning" is probably not wanted, "hint" may
    be meant."""
    holds: bool
    frames: tuple[tuple[int, int], ...]
    """First and last frame of every stretch in which it does not hold."""
    worst: float
    """The worst value, in `unit`, whether it holds or not."""
    worst_frame: int
    unit: str
    limit: float
    sense: Sense
    """Whether values must be at least or at most `limit`."""
    message: str
    """In the words of the set."""

    @property
    def key(self) -> tuple[str, str]:
        """Code and thing: what two runs of the checks are compared by."""
        return self.code, self.about

    @property
    def excess(self) -> float:
        """How far the worst value is beyond the limit, in `unit`; below 0 it holds with so much to spare."""
        return self.worst - self.limit if self.sense == "at most" else self.limit - self.worst

    @property
    def bounds(self) -> str:
        """The limit in words, such as "at least 0.3 m"."""
        return f"{self.sense} {quantity(self.limit, self.unit)}"

    @property
    def where(self) -> str:
        """The first few stretches in which it does not hold: "frames 3-5 and 9"; empty where it holds."""
        return frames_in_words(self.frames) if self.frames else ""


@dataclass(frozen=True)
class Skipped:
    """A check that could not be made, and why."""

    code: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """Whether a class of rig can make a move."""

    can: bool | None
    """None where it cannot be told."""
    why: tuple[str, ...] = ()
    """What it cannot do, or why it cannot be told."""


@dataclass(frozen=True)
class CheckReport:
    """What all checks say about a shot.

    Example:
        >>> CheckReport(findings=(), skipped=(), rigs={}).holds
        True
    """

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    rigs: dict[str, Verdict] = field(default_factory=dict)
    """Class of rig -> whether it can make this move; empty where the check "rig" is left out."""

    @property
    def holds(self) -> bool:
        """Whether no check of severity "error" fails."""
        return not any(finding.severity == "error" for finding in self.violations)

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What does not hold, errors first."""
        return tuple(sorted((f for f in self.findings if not f.holds), key=lambda f: severity_rank(f.severity)))

    def find(self, code: str, about: str = "") -> Finding | None:
        """The finding of a check about a thing, or None."""
        return next((finding for finding in self.findings if finding.key == (code, about)), None)

    def save(self, path: Path | str) -> None:
        """Write the report as JSON.

        Raises:
            InputError: the file cannot be written.
        """
        write_json(path, write_record(self, version=VERSION))

    @classmethod
    def load(cls, path: Path | str) -> CheckReport:
        """Read a report that `save` wrote.

        Raises:
            InputError: the file is missing, damaged, or no report of checks.
        """
        return read_record(cls, read_json(path), version=VERSION, where=str(path))


@dataclass(frozen=True)
class Measured:
    """Values of a check with the frames that each one speaks for; NaN where there is nothing to measure."""

    values: Float64
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def by_frame(cls, values: Float64) -> Measured:
        """One value a frame."""
        index = np.arange(len(values))
        return cls(values, index, index)


def judge(
    code: str,
    measured: Measured,
    *,
    limit: float,
    sense: Sense,
    unit: str,
    severity: Severity,
    says: str,
    about: str = "",
) -> Finding | None:
    """The finding of measured values against a limit; None where nothing could be measured.

    Args:
        code: name of the check.
        measured: its values.
        limit: what they are held against.
        sense: whether they must be at least or at most that.
        unit: of both; "share" is shown in per cent.
        severity: of a violation.
        says: what the worst value means, with {worst} in the place of its number and unit.
        about: the thing that it is about.
    """
    if not np.isfinite(measured.values).any():
        return None
    sign = 1.0 if sense == "at most" else -1.0
    with np.errstate(invalid="ignore"):
        wrong = sign * (measured.values - limit) > ROUNDING * abs(limit)
    index = int(np.nanargmax(sign * measured.values))
    worst = float(measured.values[index])
    return Finding(
        code=code,
        about=about,
        severity=severity,
        holds=not wrong.any(),
        frames=frame_ranges(measured.first[wrong], measured.last[wrong]),
        worst=worst,
        worst_frame=int(measured.first[index] + measured.last[index]) // 2,
        unit=unit,
        limit=limit,
        sense=sense,
        message=f"{says.replace('{worst}', quantity(worst, unit))} ({sense} {quantity(limit, unit)})",
    )


def frame_ranges(first: Sequence[int] | NDArray, last: Sequence[int] | NDArray) -> tuple[tuple[int, int], ...]:
    """Stretches of frames, joined where they touch.

    Example:
        >>> frame_ranges([3, 4, 9], [4, 5, 9])
        ((3, 5), (9, 9))
    """
    ranges: list[tuple[int, int]] = []
    for start, end in sorted(zip((int(i) for i in first), (int(i) for i in last), strict=True)):
        if ranges and start <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
    return tuple(ranges)


def quantity(value: float, unit: str) -> str:
    """A number with its unit as people write it.

    Example:
        >>> quantity(0.25, "share"), quantity(3.14159, "m/s")
        ('25 %', '3.14 m/s')
    """
    value, unit = (100 * value, "%") if unit == "share" else (value, unit)
    value = 0.0 if abs(value) < _NOTHING else value  # what rounding left of nothing
    return f"{value:.0f} {unit}" if abs(value) >= 100 else f"{value:.3g} {unit}"
