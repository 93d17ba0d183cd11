"""A template performed: its parameters, place, heading, size and pace drawn, and its tracks in a film's time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track
from kinoeye.shot.templates.clearance import Size, least_gap, least_scale
from kinoeye.shot.templates.path import SAMPLES, Path
from kinoeye.shot.templates.template import Pace, Template

PERSON: Size = (0.5, 0.75, 1.7)
PACES_M_PER_S: Mapping[Pace, tuple[float, float]] = {"walk": (0.8, 1.8), "run": (2.2, 4.0), "fly": (1.2, 4.0)}
"""Greatest speed of anybody in a motion, for a body as tall as `PERSON`; others' goes with the square root of their
size, which makes their gaits alike (equal Froude numbers)."""
MAX_ACCELERATION_M_PER_S2 = 6.0
MAX_TURN_RATE = 5.0
"""Radians per second."""
HURRY = 1.5
"""How many times faster than its pace a motion may become that bodies too large for it make wider."""
MIN_SECONDS = 2.0
"""No motion is played faster; a film that is shorter shows its beginning."""
GRAVITY_SHARES = (0.5, 1.15)
"""How much slower and faster than under gravity a hop may look."""
HOP_SCALES = (0.6, 1.5)
"""Smallest and largest size of motions with hops, whose heights a body must be able to jump."""
_BETWEEN_SAMPLES_M = 0.02
"""Clearance on top of what was asked for: bodies may come nearer between the instants that are looked at."""
_TRIES = 24


@dataclass(frozen=True, kw_only=True)
class Performance:
    """A template as it is performed in a film."""

    template: Template
    parameters: Mapping[str, float]
    tracks: tuple[Track, ...]
    """One T_world_body an actor, at the film's times."""
    clearance_m: float
    """Least free space between two bodies at any time, between frames too; infinite for one actor."""
    least_clearance_m: float
    """What was asked for."""
    lasts_s: float
    """How long the whole motion lasts; a longer film holds its end, a shorter one shows its beginning."""
    scale: float
    """Metres per nominal metre."""
    pace_m_per_s: float
    """Greatest speed of anybody; over the ground alone where they hop."""
    heading: float
    """Angle in radians about +z by which the nominal motion is turned."""

    @property
    def is_clear(self) -> bool:
        """Whether the bodies keep the clearance that was asked for."""
        return self.clearance_m >= self.least_clearance_m - 1e-6

    @property
    def camera_azimuth(self) -> float | None:
        """Where the camera should stand, as an angle about +z seen from the middle; None where any side will do."""
        return self.heading - math.pi / 2 if self.template.seen_from else None

    @property
    def shown(self) -> float:
        """How much of the motion the film shows, 0 to 1."""
        return min(1.0, self.tracks[0].duration_s / self.lasts_s)


def perform(
    template: Template,
    times_s: Float[Tensor, "n"] | Sequence[float],
    *,
    seed: int,
    sizes: Sequence[Size] | None = None,
    area_radius_m: float = 4.0,
    centre: tuple[float, float] = (0.0, 0.0),
    least_clearance_m: float = 0.15,
    camera_azimuth: float | None = None,
    parameters: Mapping[str, float] | None = None,
) -> Performance:
    """Draw a template's parameters, place, heading, size and pace, and play it within a film's time.

    The motion starts with the film and ends with it, as long as nobody must go faster, turn faster or jump otherwise
    than a body does; then it takes longer than the film, or is over before it.

    Args:
        template: what happens.
        times_s: times of the frames in seconds, increasing.
        seed: the same one gives the same tracks.
        sizes: one box an actor in metres, x forward, y left, z up; adults if not given.
        area_radius_m: all ground contacts stay within so many metres of the centre.
        centre: x and y of the area's centre, in metres.
        least_clearance_m: free space that bodies keep between them.
        camera_azimuth: angle about +z at which the camera stands, seen from the centre; used by templates that are
            what their words say only from one side (`seen_from`).
        parameters: values that shall not be drawn.

    Raises:
        InputError: the bodies do not fit into the area with their clearance, there is not one size an actor, or a
            parameter is unknown or out of its range.

    Example:
        >>> from kinoeye.shot.templates import find_template
        >>> performance = perform(find_template("orbit one another"), [0.0, 2.0, 4.0], seed=1)
        >>> len(performance.tracks), performance.is_clear
        (2, True)
    """
    times = torch.as_tensor(times_s, dtype=torch.float64)
    boxes = tuple(sizes) if sizes is not None else (PERSON,) * template.actors
    _check(template, times, boxes, area_radius_m, least_clearance_m)
    rng = np.random.default_rng([seed, template.actors, template.number])
    values, paths, scales = _drawn_to_fit(template, boxes, area_radius_m, least_clearance_m, parameters or {}, rng)

    span_s = float(times[-1] - times[0])
    scale, lasts_s = _size_and_duration(template.pace, paths, span_s, boxes, scales, rng)
    heading = _heading(template, camera_azimuth, rng)
    x, y = np.asarray(centre) + _offset(template, heading, area_radius_m - scale * _extent(paths), rng)
    placed = [path.scaled(scale).lasting(lasts_s).placed(x, y, heading) for path in paths]

    instants = np.union1d(np.linspace(0.0, min(lasts_s, span_s), SAMPLES), (times - times[0]).numpy())
    xyz, facing = (np.stack(each) for each in zip(*(path.sampled(instants) for path in placed), strict=True))
    return Performance(
        template=template,
        parameters=values,
        tracks=tuple(_track(path, times) for path in placed),
        clearance_m=least_gap(xyz, facing, boxes),
        least_clearance_m=least_clearance_m,
        lasts_s=lasts_s,
        scale=scale,
        pace_m_per_s=max(float(path.speed.max()) for path in placed),
        heading=heading,
    )


def _drawn_to_fit(
    template: Template,
    sizes: Sequence[Size],
    area_radius_m: float,
    least_clearance_m: float,
    fixed: Mapping[str, float],
    rng: np.random.Generator,
) -> tuple[dict[str, float], tuple[Path, ...], tuple[float, float]]:
    """Parameters, nominal paths about the origin, and the scales at which the bodies are clear and in the area."""
    needed_m = np.inf
    for _ in range(_TRIES if template.ranges else 1):
        values = template.drawn(rng) | dict(fixed)
        paths = _centred(template, template.paths(values))
        extent = _extent(paths)
        largest = area_radius_m / extent if extent > 0.0 else np.inf
        xyz, facing = np.stack([path.xyz for path in paths]), np.stack([path.facing for path in paths])
        smallest = least_scale(xyz, facing, sizes, least_clearance_m + _BETWEEN_SAMPLES_M)
        if smallest <= largest:
            return values, paths, (smallest, largest)
        needed_m = min(needed_m, smallest * extent)
    raise InputError(
        f"motion {template.name!r} of these bodies needs an area of radius {needed_m:.1f} m to keep "
        f"{least_clearance_m:g} m between them; given {area_radius_m:g} m: enlarge it, or take another motion"
    )


def _size_and_duration(
    pace: Pace,
    paths: Sequence[Path],
    span_s: float,
    sizes: Sequence[Size],
    scales: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Metres per nominal metre, and how long the motion lasts in seconds."""
    smallest, largest = scales
    nominal_s = paths[0].seconds
    speed, acceleration, turn_rate = (
        max(float(getattr(path, name).max()) for path in paths) for name in ("speed", "acceleration", "turn_rate")
    )
    lasts_s = max(span_s, MIN_SECONDS)
    if any(path.leaps for path in paths):
        slow, fast = GRAVITY_SHARES
        scale = rng.uniform(slow, fast) * (lasts_s / nominal_s) ** 2
        scale = max(min(np.clip(scale, *HOP_SCALES), largest), smallest)
        shortest_s, longest_s = (nominal_s * math.sqrt(scale / share) for share in (fast, slow))
        return float(scale), float(np.clip(lasts_s, shortest_s, longest_s))

    lasts_s = max(lasts_s, nominal_s * turn_rate / MAX_TURN_RATE)
    gait = math.sqrt(np.mean([max(size) for size in sizes]) / max(PERSON))
    slowest, fastest = (gait * bound for bound in PACES_M_PER_S[pace])
    slower = lasts_s / nominal_s
    scale = rng.uniform(slowest, fastest) * slower / speed if speed > 0.0 else rng.uniform(0.8, 1.25)
    if acceleration > 0.0:
        scale = min(scale, MAX_ACCELERATION_M_PER_S2 * slower**2 / acceleration)
    scale = max(min(scale, largest), smallest)
    lasts_s = max(
        lasts_s,
        nominal_s * scale * speed / (HURRY * fastest),
        nominal_s * math.sqrt(scale * acceleration / MAX_ACCELERATION_M_PER_S2),
    )
    return float(scale), float(lasts_s)


def _centred(template: Template, paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths with the middle of the ground that they cover at the origin.

    Those with a camera's side stay: who hides whom does so on the line from the camera through their own origin.
    """
    if template.seen_from:
        return paths
    ground = np.concatenate([path.xyz[:, :2] for path in paths])
    x, y = -0.5 * (ground.min(axis=0) + ground.max(axis=0))
    return tuple(path.placed(x, y) for path in paths)


def _extent(paths: Sequence[Path]) -> float:
    """Greatest distance over the ground from the origin."""
    return max(float(np.linalg.norm(path.xyz[:, :2], axis=-1).max()) for path in paths)


def _heading(template: Template, camera_azimuth: float | None, rng: np.random.Generator) -> float:
    anywhere = rng.uniform(-np.pi, np.pi)
    if camera_azimuth is None or not template.seen_from:
        return float(anywhere)
    return float(camera_azimuth + np.pi / 2)


def _offset(template: Template, heading: float, room: float, rng: np.random.Generator) -> Float[Float64, "2"]:
    """Where a motion is, from the area's centre: in a disc, or on the line to the camera that it is seen from."""
    if template.seen_from:
        angle, share = heading - np.pi / 2, rng.uniform(-1.0, 1.0)
    else:
        angle, share = rng.uniform(-np.pi, np.pi), math.sqrt(rng.uniform())
    return max(room, 0.0) * share * np.array([math.cos(angle), math.sin(angle)])


def _track(path: Path, times_s: Float[Tensor, "n"]) -> Track:
    xyz, facing = path.sampled((times_s - times_s[0]).numpy())
    wxyz = np.stack([np.cos(facing / 2), np.zeros_like(facing), np.zeros_like(facing), np.sin(facing / 2)], axis=-1)
    return Track(SE3.from_parts(SO3(torch.from_numpy(wxyz)), torch.from_numpy(xyz)), times_s)


def _check(
    template: Template, times_s: Tensor, sizes: Sequence[Size], area_radius_m: float, least_clearance_m: float
) -> None:
    name = template.name
    if times_s.ndim != 1 or not len(times_s) or not bool(times_s.isfinite().all() and (times_s.diff() > 0).all()):
        raise InputError(f"motion {name!r} needs the times of its frames in seconds, one or more, increasing")
    if len(sizes) != template.actors:
        raise InputError(f"motion {name!r} has {template.actors} actors; {len(sizes)} sizes were given")
    if not all(len(size) == 3 and all(0.0 < edge < np.inf for edge in size) for size in sizes):
        raise InputError(f"sizes of bodies are three positive lengths in metres each; given {list(sizes)}")
    if not 0.0 < area_radius_m < np.inf:
        raise InputError(f"the area's radius is a positive number of metres; given {area_radius_m:g}")
    if not 0.0 <= least_clearance_m < np.inf:
        raise InputError(f"the clearance between bodies is 0 m or more; given {least_clearance_m:g}")
