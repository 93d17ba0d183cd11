"""How one stands, faces and moves with respect to another for an observer, in words over time with margins."""

from __future__ import annotations

import itertools

import numpy as np

from kinoeye.facts import motion
from kinoeye.facts.judged import UNKNOWN, Judged, direction_spread, in_deviations, sectors, thresholded
from kinoeye.facts.motion import WINDOW_S
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.facts.viewpoint import Viewpoint, directions_seen, frame, seen_from, velocities_seen
from kinoeye.geometry.convention import Float64

SIDE = 0.3
"""A direction has a side where the component of its unit vector is larger (DSR-Bench's threshold)."""
RATIO = 1.2
"""Lengths and speeds within this factor are alike (DSR-Bench's threshold)."""
_AXES = (("front", "behind"), ("left", "right"), ("above", "below"))
SIDES = tuple(
    "|".join(names[0] if sign > 0 else names[1] for names, sign in zip(_AXES, signs, strict=True) if sign)
    for signs in itertools.product((1, 0, -1), repeat=3)
)
"""Every combination of sides, such as "front|left"; the 14th, of none, never comes up."""
EIGHT = ("front", "front|left", "left", "behind|left", "behind", "behind|right", "right", "front|right")
CLOCK = ("12 o'clock", *(f"{hour} o'clock" for hour in range(11, 0, -1)))
FACING = ("towards", "left", "away", "right")
CHANGE = ("approaches", "keeps its distance", "retreats")


def sides(tracks: SceneTracks, a: str, b: str, view: Viewpoint) -> Judged:
    """On which sides of `b` is `a` for an observer: front, left, above ..., as many as hold, joined by "|".

    The unit vector from the centre of `b` to that of `a` is written in the observer's axes; a side holds where its
    component is beyond 0.3 (DSR-Bench, `rel_dir` and `abs_dir`). "front" is farther on in the observer's forward. With
    `b` the observer itself, that is where `a` is for it.

    Raises:
        InputError: a name or the viewpoint cannot be used (see `viewpoint.frame`).
    """
    between = _from_to(tracks, b, a, view)
    return _sides(between, direction_spread(tracks, np.linalg.norm(between, axis=-1)))


def direction(tracks: SceneTracks, a: str, b: str, view: Viewpoint) -> Judged:
    """In which of eight horizontal directions from `b` is `a`, in an observer's axes: front, front|left, left ...

    Raises:
        InputError: as `sides`.
    """
    return _horizontal(tracks, a, b, view, EIGHT)


def clock(tracks: SceneTracks, a: str, b: str, view: Viewpoint) -> Judged:
    """At which hour of a clock around `b` is `a`: 12 is the observer's forward, 3 its right.

    Raises:
        InputError: as `sides`.
    """
    return _horizontal(tracks, a, b, view, CLOCK)


def pointing(tracks: SceneTracks, a: str, view: Viewpoint) -> Judged:
    """To which sides `a` points in an observer's axes, as `sides` (DSR-Bench, `rel_ori` and `abs_ori`).

    Raises:
        InputError: as `sides`.
    """
    forward = directions_seen(tracks, motion.axes(tracks)[tracks.index(a), :, :, 0], view)
    return _sides(forward, np.full(len(tracks), np.sqrt(2.0) * tracks.noise.heading_rad))


def facing_angles(tracks: SceneTracks, a: str, view: Viewpoint) -> Float64:
    """How `a` is turned for an observer who looks at it [t]: 0 towards it, pi/2 to the observer's left, pi away.

    Both directions are taken across the observer's up. NaN where there is none, also for the observer itself.

    Raises:
        InputError: as `sides`.
    """
    R, origin = frame(tracks, view)
    row = tracks.index(a)
    sight = np.einsum("tki,tk->ti", R, motion.centres(tracks)[row] - origin)[:, :2]
    forward = np.einsum("tki,tk->ti", R, motion.axes(tracks)[row, :, :, 0])[:, :2]
    along = (forward * sight).sum(axis=-1)
    to_left = sight[:, 0] * forward[:, 1] - sight[:, 1] * forward[:, 0]
    return np.where((along == 0) & (to_left == 0), np.nan, np.arctan2(to_left, -along))


def facing(tracks: SceneTracks, a: str, view: Viewpoint) -> Judged:
    """Whether `a` faces an observer: towards, left, away or right as the observer sees it, each 90 degrees wide.

    Raises:
        InputError: as `sides`.
    """
    away = np.linalg.norm(seen_from(tracks, view)[tracks.index(a)], axis=-1)
    # The heading's noise in it is that of `a`: how the observer is turned does not matter.
    return sectors(facing_angles(tracks, a, view), FACING, direction_spread(tracks, away))


def moving(tracks: SceneTracks, a: str, view: Viewpoint, *, above: float, window_s: float = WINDOW_S) -> Judged:
    """To which sides `a` moves for an observer, as `sides`; unknown while it is slower than `above`.

    "left" is from right to left; "behind" comes towards an observer that looks at it. See `viewpoint.velocities_seen`
    for what a moving observer makes of it.

    Args:
        tracks: the scene.
        a: who moves.
        view: the observer.
        above: speed, per second in the unit of the tracks, from which a direction counts.
        window_s: over which velocities are taken.

    Raises:
        InputError: as `sides`.
    """
    seen = velocities_seen(tracks, view, window_s)[tracks.index(a)]
    speed, noise = np.linalg.norm(seen, axis=-1), _speed_spread(tracks, a, window_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.hypot(np.where(noise == 0, 0.0, noise / speed), tracks.noise.heading_rad)
    judged = _sides(np.where((speed >= above)[:, None], seen, np.nan), spread)
    return Judged(judged.words, judged.index, np.minimum(judged.margin, in_deviations(speed - above, noise)))


def approach(tracks: SceneTracks, a: str, b: str, *, above: float, window_s: float = WINDOW_S) -> Judged:
    """Whether the distance between two falls or grows faster than `above`, per second in the unit of the tracks.

    Raises:
        InputError: there is no such track.
    """
    change = range_rate(tracks, a, b, window_s)
    return thresholded(change.per_s, CHANGE, (-above, above), distance_spread(tracks) * change.gain)


def range_rate(tracks: SceneTracks, a: str, b: str, window_s: float = WINDOW_S) -> motion.Rate:
    """How fast the distance between the centres of two grows.

    Raises:
        InputError: there is no such track.
    """
    return motion.rate(tracks.times_s, distance(tracks, a, b), window_s)


def distance(tracks: SceneTracks, a: str, b: str) -> Float64:
    """Distance [t] between the centres of two.

    Raises:
        InputError: there is no such track.
    """
    points = motion.centres(tracks)
    return np.linalg.norm(points[tracks.index(a)] - points[tracks.index(b)], axis=-1)


def distance_spread(tracks: SceneTracks) -> float:
    """Standard deviation of the distance between two: each is off along the line between them."""
    return float(np.sqrt(2.0) * tracks.noise.position)


def nearer(tracks: SceneTracks, a: str, b: str, to: str, *, ratio: float = RATIO) -> Judged:
    """Which of two is nearer to a third: `a`, "both alike" where their distances are within a factor, or `b`.

    Raises:
        InputError: there is no such track.
    """
    points = motion.centres(tracks)
    from_to = points[[tracks.index(a), tracks.index(b)]] - points[tracks.index(to)]
    away = np.linalg.norm(from_to, axis=-1)
    # log(away_a / away_b) changes with a, with b, and with the third by what the other two leave of each other.
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = from_to / (away * away)[..., None]
        change = np.sqrt((pull * pull).sum(axis=(0, 2)) + ((pull[0] - pull[1]) ** 2).sum(axis=-1))
    return _compared(away[0], away[1], (a, b), ratio, tracks.noise.position * change)


def faster(
    tracks: SceneTracks, a: str, b: str, *, ratio: float = RATIO, above: float, window_s: float = WINDOW_S
) -> Judged:
    """Which of two is faster: `a`, "both alike" where their speeds are within a factor or both below `above`, or `b`.

    Raises:
        InputError: there is no such track.
    """
    rows = [tracks.index(a), tracks.index(b)]
    speeds = motion.speed(tracks, window_s)[rows]
    floored = np.maximum(speeds, above)
    noise = np.stack([_speed_spread(tracks, name, window_s) for name in (a, b)])
    return _compared(floored[1], floored[0], (a, b), ratio, np.hypot(*(noise / floored)))


def higher(tracks: SceneTracks, a: str, b: str, *, by: float) -> Judged:
    """Which of two is higher, centre over centre: `a`, "both alike" where less than `by` is between them, or `b`.

    Raises:
        InputError: there is no such track, or the world's vertical is not known.
    """
    motion.need_vertical(tracks)
    height = motion.centres(tracks)[..., 2]
    above = height[tracks.index(a)] - height[tracks.index(b)]
    return thresholded(-above, (a, "both alike", b), (-by, by), distance_spread(tracks))


def following(tracks: SceneTracks, a: str, b: str, *, above: float, window_s: float = WINDOW_S) -> Float64:
    """How much `a` follows `b` [t], -1 to 1: the smaller cosine of the two velocities to the line from `a` to `b`.

    Both go the way from `a` to `b` at 1: the one behind the other. -1 where either is slower than `above`.

    Raises:
        InputError: there is no such track.
    """
    rows = [tracks.index(a), tracks.index(b)]
    points, velocities = motion.centres(tracks)[rows], motion.velocity(tracks, window_s)[rows]
    line = points[1] - points[0]
    sizes = np.linalg.norm(velocities, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (velocities * line).sum(axis=-1) / (sizes * np.linalg.norm(line, axis=-1))
    slow = (sizes < above).any(axis=0)
    return np.where(slow, -1.0, along.min(axis=0))


def circling(tracks: SceneTracks, a: str, b: str, *, above: float, window_s: float = WINDOW_S) -> Float64:
    """How much `a` moves around `b` [t], -1 to 1: the sine from the line between them to `a`'s horizontal motion.

    Motion is relative to `b`, seen from above; 1 is counter-clockwise around, 0 towards or away, or slower than
    `above`.

    Raises:
        InputError: there is no such track, or the world's vertical is not known.
    """
    motion.need_vertical(tracks)
    rows = [tracks.index(a), tracks.index(b)]
    points, velocities = motion.centres(tracks)[rows], motion.velocity(tracks, window_s)[rows]
    line, moves = (points[0] - points[1])[:, :2], (velocities[0] - velocities[1])[:, :2]
    size = np.linalg.norm(moves, axis=-1)
    across = line[:, 0] * moves[:, 1] - line[:, 1] * moves[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = across / (np.linalg.norm(line, axis=-1) * size)
    return np.where(size < above, 0.0, sine)


def _from_to(tracks: SceneTracks, start: str, end: str, view: Viewpoint) -> Float64:
    rows = tracks.index(start), tracks.index(end)
    points = motion.centres(tracks)
    return directions_seen(tracks, points[rows[1]] - points[rows[0]], view)


def _sides(vectors: Float64, spread: Float64) -> Judged:
    """The sides of vectors [t, 3] whose directions have this standard deviation in radians [t]."""
    length = np.linalg.norm(vectors, axis=-1)
    known = np.isfinite(length) & (length > 0)
    unit = np.where(known, vectors.T, [[1.0], [0.0], [0.0]]) / np.where(known, length, 1.0)
    signs = np.where(unit > SIDE, 0, np.where(unit < -SIDE, 2, 1))
    index = np.where(known, signs[0] * 9 + signs[1] * 3 + signs[2], UNKNOWN)
    angle = np.arcsin(np.clip(np.abs(unit), 0.0, 1.0))
    distance = np.abs(angle - np.arcsin(SIDE)).min(axis=0)
    return Judged(SIDES, index, np.where(known, in_deviations(distance, spread), np.nan))


def _horizontal(tracks: SceneTracks, a: str, b: str, view: Viewpoint, words: tuple[str, ...]) -> Judged:
    between = _from_to(tracks, b, a, view)[:, :2]
    length = np.linalg.norm(between, axis=-1)
    angles = np.where(length > 0, np.arctan2(between[:, 1], between[:, 0]), np.nan)
    return sectors(angles, words, direction_spread(tracks, length))


def _compared(one: Float64, other: Float64, names: tuple[str, str], ratio: float, spread: Float64) -> Judged:
    """The first name where `one` is smaller by more than the factor, the second where `other` is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(one / other)
    known = (one > 0) & (other > 0)
    words = (names[0], "both alike", names[1])
    bound = float(np.log(ratio))
    return thresholded(np.where(known, log_ratio, np.nan), words, (-bound, bound), spread)


def _speed_spread(tracks: SceneTracks, name: str, window_s: float) -> Float64:
    """Standard deviation [t] of a coordinate of a velocity."""
    height = motion.centres(tracks)[tracks.index(name), :, 2]
    return tracks.noise.position * motion.rate(tracks.times_s, height, window_s).gain
