"""What happens in a scene, and in which order: beginnings and ends of phases, crossings, closest approaches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.facts import motion, relations
from kinoeye.facts.boxes import gap
from kinoeye.facts.hysteresis import Phase, phases
from kinoeye.facts.judged import direction_spread, in_deviations
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.facts.viewpoint import Viewpoint, bearings, seen_from
from kinoeye.geometry.convention import Float64


@dataclass(frozen=True)
class Event:
    """Something that happens at a time."""

    what: str
    """In words between the names: "starts moving", "meets", "crosses in front of" ..."""
    time_s: float
    names: tuple[str, ...]
    """Who does it, and to whom."""
    margin: float
    """How clear it is, in standard deviations of the tracks' noise: the least of the phases that it lies between."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where phases of motion begin and end; lengths in metres, to be scaled for tracks in another unit.

    Example:
        >>> Thresholds().scaled_by(0.1).moves_per_s
        0.015
    """

    moves_per_s: float = 0.15
    """Speed at which one starts moving."""
    rests_per_s: float = 0.08
    """Speed below which one stops."""
    turns_rad_per_s: float = 0.35
    """Rate of the heading at which a turn begins."""
    straight_rad_per_s: float = 0.17
    """Rate below which it ends."""
    meets: float = 0.8
    """Gap between boxes at which two meet."""
    parts: float = 1.2
    """Gap at which they part again."""
    hidden: float = 0.9
    """Share of an outline that is not seen from which one is hidden."""
    shown: float = 0.7
    """The same below which one is visible again."""
    covers: float = 0.1
    """Share of another's outline in whose stead one is seen from which it covers the other."""
    uncovers: float = 0.03
    """The same below which it no longer does."""
    beside_rad: float = 0.03
    """Difference of bearings from which one is on a side of another for an observer."""
    along: float = 0.85
    """Cosine or sine from which one follows or circles another."""
    astray: float = 0.7
    """The same below which it no longer does."""
    least_s: float = 0.3
    """Seconds that a phase lasts at least."""

    def scaled_by(self, scale: float) -> Thresholds:
        """The same for a scene whose lengths are multiplied by `scale`."""
        lengths = ("moves_per_s", "rests_per_s", "meets", "parts")
        return replace(self, **{name: getattr(self, name) * scale for name in lengths})


def motion_phases(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When one "moves" and when it "rests", by the speed of its centre.

    Raises:
        InputError: there is no such track, or its scale is unknown and no thresholds are given.
    """
    limits = _thresholds(tracks, thresholds)
    row = tracks.index(name)
    speed = motion.speed(tracks)[row]
    gain = motion.rate(tracks.times_s, motion.centres(tracks)[row, :, 2]).gain
    return phases(
        tracks.times_s,
        speed,
        ("rests", "moves"),
        enter=limits.moves_per_s,
        leave=limits.rests_per_s,
        least_s=limits.least_s,
        spread=tracks.noise.position * gain,
    )


def turn_phases(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When one "turns left", "turns right" or "keeps its heading".

    Raises:
        InputError: there is no such track, or the world's vertical is not known.
    """
    limits = thresholds or Thresholds()  # none of those used here is a length
    heading = motion.unwrapped(motion.headings(tracks)[tracks.index(name)])
    turning = motion.rate(tracks.times_s, heading)
    return phases(
        tracks.times_s,
        turning.per_s,
        ("turns right", "keeps its heading", "turns left"),
        enter=limits.turns_rad_per_s,
        leave=limits.straight_rad_per_s,
        least_s=limits.least_s,
        spread=tracks.noise.heading_rad * turning.gain,
    )


def approach_phases(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When `a` and `b` "approach", "keep their distance" or "retreat", by the rate of the distance of their centres.

    Raises:
        InputError: as `motion_phases`.
    """
    limits = _thresholds(tracks, thresholds)
    change = relations.range_rate(tracks, a, b)
    return phases(
        tracks.times_s,
        change.per_s,
        ("approach", "keep their distance", "retreat"),
        enter=limits.moves_per_s,
        leave=limits.rests_per_s,
        least_s=limits.least_s,
        spread=relations.distance_spread(tracks) * change.gain,
    )


def meeting_phases(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When `a` and `b` are "together" and when "apart", by the gap between their boxes.

    Raises:
        InputError: as `motion_phases`.
    """
    limits = _thresholds(tracks, thresholds)
    return phases(
        tracks.times_s,
        -gap(tracks, a, b),
        ("apart", "together"),
        enter=-limits.meets,
        leave=-limits.parts,
        least_s=limits.least_s,
        spread=relations.distance_spread(tracks),
    )


def follow_phases(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When `a` "follows" `b` and when it "goes its own way" (see `relations.following`).

    Raises:
        InputError: as `motion_phases`.
    """
    limits = _thresholds(tracks, thresholds)
    signal = relations.following(tracks, a, b, above=limits.moves_per_s)
    words = ("goes its own way", "follows")
    return _by_direction(tracks, signal, words, limits, relations.distance(tracks, a, b))


def circling_phases(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When `a` "circles clockwise" around `b` or "circles counter-clockwise", seen from above, and when it does not.

    Raises:
        InputError: as `motion_phases`, or the world's vertical is not known.
    """
    limits = _thresholds(tracks, thresholds)
    signal = relations.circling(tracks, a, b, above=limits.moves_per_s)
    words = ("circles clockwise", "does not circle", "circles counter-clockwise")
    return _by_direction(tracks, signal, words, limits, relations.distance(tracks, a, b))


def starts_and_stops(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Event, ...]:
    """When one "starts moving" and "stops moving"."""
    found = motion_phases(tracks, name, thresholds)
    return beginnings(found, {"moves": "starts moving", "rests": "stops moving"}, (name,))


def turns(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Event, ...]:
    """When one begins a turn: "turns left", "turns right"; one that is under way from the first sample too."""
    return tuple(
        Event(phase.label, phase.start_s, (name,), phase.margin)
        for phase in turn_phases(tracks, name, thresholds)
        if phase.label.startswith("turns")
    )


def meetings(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Event, ...]:
    """When one "meets" another and "parts from" it."""
    return beginnings(meeting_phases(tracks, a, b, thresholds), {"together": "meets", "apart": "parts from"}, (a, b))


def closest(tracks: SceneTracks, a: str, b: str) -> Event | None:
    """When two are closest, to a part of a frame: None where that is at the first or last sample that is known.

    The time is that of the least of the parabola through the squares of three distances, which is exact for straight
    motion at an even pace. The margin is how much farther apart they are at the nearer one of the two ends.

    Raises:
        InputError: there is no such track.
    """
    away = relations.distance(tracks, a, b)
    known = np.flatnonzero(np.isfinite(away))
    if len(known) < 3:
        return None
    t, squares = tracks.times_s[known], away[known] ** 2
    k = int(np.argmin(squares))
    if k in (0, len(known) - 1):
        return None
    left, right = t[k] - t[k - 1], t[k + 1] - t[k]
    fall, rise = (squares[k] - squares[k - 1]) / left, (squares[k + 1] - squares[k]) / right
    time = t[k] if rise == fall else (t[k - 1] + t[k]) / 2 - fall * (left + right) / 2 / (rise - fall)
    deeper = min(away[known[0]], away[known[-1]]) - away[known[k]]
    margin = float(in_deviations(deeper, np.sqrt(2.0) * relations.distance_spread(tracks)))
    return Event("is closest to", float(time), (a, b), margin)


def crossings(
    tracks: SceneTracks, a: str, b: str, view: Viewpoint, thresholds: Thresholds | None = None
) -> tuple[Event, ...]:
    """When `a` "crosses in front of" or "crosses behind" `b` for an observer: their bearings change order.

    In front is nearer to the observer. Behind the observer's back nothing crosses.

    Raises:
        InputError: there is no such track, or the viewpoint cannot be used.
    """
    limits = thresholds or Thresholds()  # none of those used here is a length
    rows = [tracks.index(a), tracks.index(b)]
    bearing = bearings(tracks, view)[rows]
    ahead = np.where((np.abs(bearing) < np.pi / 2).all(axis=0), bearing[0] - bearing[1], np.nan)
    away = np.linalg.norm(seen_from(tracks, view)[rows], axis=-1)
    found = phases(
        tracks.times_s,
        ahead,
        ("right", "in line", "left"),
        enter=limits.beside_rad,
        leave=0.0,
        spread=np.hypot(direction_spread(tracks, away[0]), direction_spread(tracks, away[1])),
    )
    unknown = tracks.times_s[np.isnan(ahead)]
    sided = [phase for phase in found if phase.label != "in line"]
    events = []
    for before, after in itertools.pairwise(sided):
        is_lost = ((unknown > before.end_s) & (unknown < after.start_s)).any()
        if before.label != after.label and not is_lost:
            nearer_by = np.interp(before.end_s, tracks.times_s, away[1] - away[0])
            what = "crosses in front of" if nearer_by > 0 else "crosses behind"
            clear = float(in_deviations(abs(nearer_by), 2 * tracks.noise.position))
            events.append(Event(what, before.end_s, (a, b), min(before.margin, after.margin, clear)))
    return tuple(events)


def passes(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Event, ...]:
    """When `a` passes `b` "on the left" or "on the right", as `b` faces: it approaches, is closest, and retreats.

    Raises:
        InputError: as `motion_phases`.
    """
    side = bearings(tracks, Viewpoint(b))[tracks.index(a)]
    away = relations.distance(tracks, a, b)
    moving = [phase for phase in approach_phases(tracks, a, b, thresholds) if phase.label != "keep their distance"]
    events = []
    for before, after in itertools.pairwise(moving):
        nearest = closest(tracks.between(before.start_s, after.end_s), a, b)
        if (before.label, after.label) == ("approach", "retreat") and nearest:
            k = int(np.argmin(np.abs(tracks.times_s - nearest.time_s)))
            if np.isfinite(side[k]):
                off = min(abs(side[k]), np.pi - abs(side[k]))
                clear = float(in_deviations(off, direction_spread(tracks, away[k])))
                what = "passes on the left of" if side[k] > 0 else "passes on the right of"
                events.append(Event(what, nearest.time_s, (a, b), min(before.margin, after.margin, clear)))
    return tuple(events)


def in_order(events: Iterable[Event], *, within_s: float = 0.1) -> tuple[tuple[Event, ...], ...]:
    """Events by time; those less than `within_s` after the one before them are tied with it in one group.

    Example:
        >>> events = [Event("stops moving", 2.0, ("dog",), 9.0), Event("meets", 0.5, ("dog", "cat"), 9.0)]
        >>> [group[0].what for group in in_order(events)]
        ['meets', 'stops moving']
    """
    groups: list[list[Event]] = []
    for event in sorted(events, key=lambda event: event.time_s):
        if groups and event.time_s - groups[-1][-1].time_s < within_s:
            groups[-1].append(event)
        else:
            groups.append([event])
    return tuple(map(tuple, groups))


def beginnings(found: Sequence[Phase], words: Mapping[str, str], names: tuple[str, ...]) -> tuple[Event, ...]:
    """The event at which each phase follows another without a gap, in the words for its label."""
    return tuple(
        Event(words[after.label], after.start_s, names, min(before.margin, after.margin))
        for before, after in itertools.pairwise(found)
        if before.end_s == after.start_s
    )


def _thresholds(tracks: SceneTracks, given: Thresholds | None) -> Thresholds:
    if given is None and tracks.unit != "m":
        raise InputError(
            "the tracks are of arbitrary scale, where thresholds in metres mean nothing; give thresholds in their unit"
        )
    return given or Thresholds()


def _by_direction(
    tracks: SceneTracks, signal: Float64, labels: Any, limits: Thresholds, away: Float64
) -> tuple[Phase, ...]:
    """Phases of a cosine or sine between velocities and a line so long."""
    swing = tracks.noise.position * motion.rate(tracks.times_s, away).gain / limits.moves_per_s
    return phases(
        tracks.times_s,
        signal,
        labels,
        enter=limits.along,
        leave=limits.astray,
        least_s=limits.least_s,
        spread=np.hypot(swing, direction_spread(tracks, away)),
    )
