"""Props for the named environments: trees, rocks, walls, in a ring that leaves the middle to the actors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kinoeye.shot.environment import RGB, Prop

CLEAR_M = 11.0
"""No prop of a named environment stands nearer to the world's origin."""

_SPACING_M = 3.2


def pines(seed: int, count: int, *, needles: RGB, snow: bool = False) -> tuple[Prop, ...]:
    """Conifers: a trunk and two tiers, the upper one white under snow."""
    props: list[Prop] = []
    for rng, (x, y) in _ring(seed, count, CLEAR_M + 1.0, 30.0):
        height, leaf = rng.uniform(4.0, 7.5), _varied(rng, needles)
        spread = 0.42 * height
        top = (0.90, 0.93, 0.97) if snow else _varied(rng, needles)
        props += [
            _at(x, y, "cylinder", (0.09 * height, 0.09 * height, 0.25 * height), (0.30, 0.21, 0.14)),
            _at(x, y, "cone", (spread, spread, 0.55 * height), leaf, base_m=0.18 * height),
            _at(x, y, "cone", (0.7 * spread, 0.7 * spread, 0.5 * height), top, base_m=0.5 * height),
        ]
    return tuple(props)


def broadleaves(seed: int, count: int, *, leaves: RGB, inner_m: float = CLEAR_M + 1.0) -> tuple[Prop, ...]:
    """Round trees: a trunk and two overlapping crowns."""
    props: list[Prop] = []
    for rng, (x, y) in _ring(seed, count, inner_m, 32.0):
        height = rng.uniform(3.5, 6.5)
        crown, dx, dy = 0.62 * height, *rng.uniform(-0.18, 0.18, 2) * height
        props += [
            _at(x, y, "cylinder", (0.10 * height, 0.10 * height, 0.55 * height), (0.34, 0.25, 0.17)),
            _at(x, y, "sphere", (crown, crown, 0.9 * crown), _varied(rng, leaves), base_m=0.38 * height),
            _at(x + dx, y + dy, "sphere", (0.7 * crown,) * 3, _varied(rng, leaves), base_m=0.30 * height),
        ]
    return tuple(props)


def rocks(seed: int, count: int, *, stone: RGB, largest_m: float = 2.4) -> tuple[Prop, ...]:
    """Boulders, partly sunk into the ground."""
    props = []
    for rng, (x, y) in _ring(seed, count, CLEAR_M, 26.0):
        width = rng.uniform(0.5, 1.0) * largest_m
        size = (width, width * rng.uniform(0.6, 1.0), width * rng.uniform(0.45, 0.9))
        shape = "sphere" if rng.uniform() < 0.7 else "pyramid"
        yaw_deg = rng.uniform(0.0, 360.0)
        props.append(_at(x, y, shape, size, _varied(rng, stone), yaw_deg=yaw_deg, base_m=-0.25 * size[2]))
    return tuple(props)


def houses(seed: int, count: int, *, wall: RGB, pane: RGB, roofs: bool) -> tuple[Prop, ...]:
    """Blocks along a circle, turned to its middle, with rows of windows."""
    props: list[Prop] = []
    rng = np.random.default_rng(seed)
    for index in range(count):
        angle = 2 * math.pi * (index + rng.uniform(-0.15, 0.15)) / count
        distance = rng.uniform(18.0, 22.0)
        x, y, yaw_deg = distance * math.cos(angle), distance * math.sin(angle), math.degrees(angle)
        width, height = 2 * math.pi * 18.0 / count * rng.uniform(0.66, 0.86), rng.uniform(5.0, 9.5)
        house = _at(x, y, "box", (5.0, width, height), _varied(rng, wall), yaw_deg=yaw_deg, pattern="windows")
        props.append(replace(house, pattern_rgb=pane))
        if roofs:
            size = (5.6, width + 0.6, 2.2)
            props.append(_at(x, y, "pyramid", size, (0.45, 0.22, 0.18), yaw_deg=yaw_deg, base_m=height))
    return tuple(props)


def lamps(seed: int, count: int, *, light: RGB) -> tuple[Prop, ...]:
    """Street lamps with a bright globe."""
    props: list[Prop] = []
    for _, (x, y) in _ring(seed, count, CLEAR_M, 15.0):
        props += [
            _at(x, y, "cylinder", (0.14, 0.14, 3.6), (0.12, 0.12, 0.14)),
            _at(x, y, "sphere", (0.6, 0.6, 0.6), light, base_m=3.55),
        ]
    return tuple(props)


def crates(seed: int, count: int, *, wood: RGB) -> tuple[Prop, ...]:
    """Stacks of one to three crates."""
    props: list[Prop] = []
    for rng, (x, y) in _ring(seed, count, CLEAR_M, 18.0):
        base_m = 0.0
        for _ in range(int(rng.integers(1, 4))):
            side, yaw_deg = rng.uniform(0.9, 1.5), rng.uniform(0.0, 90.0)
            pattern = "stripes" if rng.uniform() < 0.5 else "plain"
            color = _varied(rng, wood)
            props.append(_at(x, y, "box", (side,) * 3, color, yaw_deg=yaw_deg, base_m=base_m, pattern=pattern))
            base_m += side
    return tuple(props)


def colonnade(count: int, *, radius_m: float, height_m: float, stone: RGB) -> tuple[Prop, ...]:
    """Columns with base and capital, on a circle."""
    props: list[Prop] = []
    for index in range(count):
        angle = 2 * math.pi * (index + 0.5) / count
        x, y, yaw_deg = radius_m * math.cos(angle), radius_m * math.sin(angle), math.degrees(angle)
        props += [
            _at(x, y, "box", (1.3, 1.3, 0.4), stone, yaw_deg=yaw_deg),
            _at(x, y, "cylinder", (0.85, 0.85, height_m - 0.8), stone, base_m=0.4),
            _at(x, y, "box", (1.3, 1.3, 0.4), stone, yaw_deg=yaw_deg, base_m=height_m - 0.4),
        ]
    return tuple(props)


def walls(*, half_m: float, height_m: float, color: RGB) -> tuple[Prop, ...]:
    """Four walls around a square without a roof."""
    return tuple(
        _at(half_m * dx, half_m * dy, "box", (0.4, 2 * half_m, height_m), color, yaw_deg=yaw_deg, pattern="stripes")
        for dx, dy, yaw_deg in ((1, 0, 0.0), (0, 1, 90.0), (-1, 0, 180.0), (0, -1, 270.0))
    )


def _ring(
    seed: int, count: int, inner_m: float, outer_m: float
) -> Iterator[tuple[np.random.Generator, tuple[float, float]]]:
    """Places between two circles that keep a distance from each other, each with the generator for its details."""
    rng = np.random.default_rng(seed)
    taken: list[tuple[float, float]] = []
    while len(taken) < count:
        angle, distance = rng.uniform(0.0, 2 * math.pi), math.sqrt(rng.uniform(inner_m**2, outer_m**2))
        place = (distance * math.cos(angle), distance * math.sin(angle))
        if all(math.dist(place, other) > _SPACING_M for other in taken):
            taken.append(place)
            yield rng, place


def _varied(rng: np.random.Generator, color: RGB) -> RGB:
    """The colour a little lighter or darker."""
    r, g, b = (float(np.clip(channel * factor, 0.0, 1.0)) for channel, factor in zip(color, _factors(rng), strict=True))
    return round(r, 3), round(g, 3), round(b, 3)


def _factors(rng: np.random.Generator) -> list[float]:
    brightness = rng.uniform(0.82, 1.15)
    return [brightness * rng.uniform(0.95, 1.05) for _ in range(3)]


def _at(x: float, y: float, shape: str, size: tuple[float, ...], color: RGB, **details: float | str) -> Prop:
    """A prop with its numbers rounded to millimetres, which keeps shot.json readable."""
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in details.items()}
    size_xyz = tuple(round(float(side), 3) for side in size)
    return Prop(shape=shape, position_xy=(round(x, 3), round(y, 3)), size_xyz=size_xyz, color_rgb=color, **rounded)  # type: ignore[arg-type]
