"""Signals over time cut into labelled phases, with hysteresis, so that noise near a threshold makes no phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kinoeye.facts.judged import UNKNOWN, Judged, in_deviations
from kinoeye.geometry.convention import Float64


@dataclass(frozen=True)
class Phase:
    """A stretch of time in which one thing holds."""

    label: str
    start_s: float
    end_s: float
    margin: float
    """How clear it is, in standard deviations of the signal's noise: how far the signal gets beyond the threshold of
    the phase; for one that fills all the time that is known, how far the signal stays from ending it."""

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.start_s


@dataclass
class _Run:
    state: int
    start_s: float
    end_s: float


def phases(
    times_s: Float64,
    signal: Float64,
    labels: tuple[str, str] | tuple[str, str, str],
    *,
    enter: float,
    leave: float,
    least_s: float = 0.0,
    spread: ArrayLike = 0.0,
) -> tuple[Phase, ...]:
    """The phases of a signal, in order, each as long as `least_s` or more unless it stands alone.

    With two labels (off, on), on begins when the signal reaches `enter` and ends when it falls below `leave`. With
    three (negative, neither, positive), positive does so and negative likewise with both thresholds' signs changed.
    A boundary is where the line between two samples crosses the threshold. Where the signal is unknown (NaN) there is
    no phase, and what follows begins anew. A shorter phase goes to its neighbours: to both where they are alike, or
    else half to each.

    Args:
        times_s: [t] increasing.
        signal: [t]
        labels: two or three.
        enter: threshold of beginning.
        leave: threshold of ending, at most `enter`; not negative with three labels.
        least_s: seconds that a phase lasts at least.
        spread: standard deviation of the signal, one or [t].

    Raises:
        ValueError: the thresholds are in the wrong order.

    Example:
        >>> speed = np.array([0.0, 0.0, 2.0, 0.9, 0.0])
        >>> found = phases(np.arange(5.0), speed, ("rests", "moves"), enter=1.0, leave=0.5)
        >>> [(phase.label, round(phase.end_s, 2)) for phase in found]
        [('rests', 1.5), ('moves', 3.44), ('rests', 4.0)]
    """
    is_signed = len(labels) == 3
    if not leave <= enter or (is_signed and leave < 0):
        raise ValueError(f"phases are left at {leave} and entered at {enter}: the first is the smaller, or equal")
    times_s, signal = np.asarray(times_s, np.float64), np.asarray(signal, np.float64)
    spread = np.broadcast_to(np.asarray(spread, np.float64), signal.shape)
    found: list[Phase] = []
    for first, last in _known_stretches(np.isfinite(signal)):
        part = slice(first, last + 1)
        t, x = times_s[part], signal[part]
        runs = _absorbed(_hysteresis(t, x, enter, leave, is_signed), least_s)
        for run in runs:
            inside = (t >= run.start_s) & (t <= run.end_s)
            margin = _margin(x[inside], run.state, len(runs) == 1, enter, leave, is_signed)
            at_most = float(spread[part][inside].max(initial=0.0))
            label = labels[run.state + is_signed]
            found.append(Phase(label, run.start_s, run.end_s, float(in_deviations(margin, at_most))))
    return tuple(found)


def runs(times_s: Float64, judged: Judged, *, least_s: float = 0.0) -> tuple[Phase, ...]:
    """The phases of words over time; boundaries lie half way between samples, short ones go to their neighbours.

    A run's margin is the largest of its words'.

    Example:
        >>> words = Judged(("left", "right"), np.array([0, 0, 1, 0, 0]), np.ones(5))
        >>> [phase.label for phase in runs(np.arange(5.0), words, least_s=1.2)]
        ['left']
    """
    times_s, found = np.asarray(times_s, np.float64), []
    for first, last in _known_stretches(judged.index != UNKNOWN):
        starts = [first, *(k for k in range(first + 1, last + 1) if judged.index[k] != judged.index[k - 1])]
        edges = [times_s[first], *((times_s[k - 1] + times_s[k]) / 2 for k in starts[1:]), times_s[last]]
        raw = [
            _Run(int(judged.index[k]), float(a), float(b))
            for k, a, b in zip(starts, edges[:-1], edges[1:], strict=True)
        ]
        for run in _absorbed(raw, least_s):
            inside = (times_s >= run.start_s) & (times_s <= run.end_s) & (judged.index == run.state)
            margin = judged.margin[inside]
            known = margin[~np.isnan(margin)]
            peak = float(known.max()) if len(known) else float("nan")
            found.append(Phase(judged.words[run.state], run.start_s, run.end_s, peak))
    return tuple(found)


def _known_stretches(known: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each stretch of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _hysteresis(t: Float64, x: Float64, enter: float, leave: float, is_signed: bool) -> list[_Run]:
    def following(state: int, value: float) -> int:
        if value >= enter or (state == 1 and value >= leave):
            return 1
        if is_signed and (value <= -enter or (state == -1 and value <= -leave)):
            return -1
        return 0

    found = [_Run(following(0, float(x[0])), float(t[0]), float(t[-1]))]
    for i in range(1, len(x)):
        old, state = found[-1].state, following(found[-1].state, float(x[i]))
        if state != old:
            threshold = state * enter if state else old * leave
            share = (threshold - x[i - 1]) / (x[i] - x[i - 1])
            crossing = min(float(t[i - 1] + max(share, 0.0) * (t[i] - t[i - 1])), float(t[i]))
            found[-1].end_s = crossing
            found.append(_Run(state, crossing, float(t[-1])))
    return found


def _absorbed(found: list[_Run], least_s: float) -> list[_Run]:
    """Runs of at least so many seconds: shorter ones, the shortest first, are shared out to their neighbours."""
    found = list(found)
    while len(found) > 1:
        short = min(range(len(found)), key=lambda k: found[k].end_s - found[k].start_s)
        run = found[short]
        if run.end_s - run.start_s >= least_s:
            break
        before, after = found[short - 1] if short else None, found[short + 1] if short + 1 < len(found) else None
        del found[short]
        if before and after:
            middle = (run.start_s + run.end_s) / 2
            before.end_s, after.start_s = middle, middle
            if before.state == after.state:
                before.end_s = after.end_s
                del found[short]
        elif after:
            after.start_s = run.start_s
        elif before:
            before.end_s = run.end_s
    return found


def _margin(x: Float64, state: int, is_alone: bool, enter: float, leave: float, is_signed: bool) -> float:
    """How far a signal gets beyond the threshold of its phase or, where that is alone, stays from ending it."""
    size = np.abs(x) if is_signed and state == 0 else (x if state >= 0 else -x)
    if is_alone:
        return float(size.min() - leave if state else enter - size.max())
    return float(size.max() - enter if state else leave - size.min())
