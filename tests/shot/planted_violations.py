"""Violations planted in small shots: a random scene is measured by brute force, and the limit set a known factor away.

So each case is violated, or held, by that factor, for any check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from brute_force import (
    SIZE,
    arrays,
    body_at,
    camera,
    derivative,
    distances,
    lean,
    looking,
    on_screen,
    rectangles,
    share_in_frame,
    share_visible,
    standing,
    turning,
)
from scipy.spatial.transform import Rotation

from kinoeye.shot.shot import Shot

SOLIDS = ("box", "sphere", "cylinder", "cone", "capsule", "pyramid")
BAND = 0.02
"""Share of a limit within which a frame may be counted either way."""


@dataclass(frozen=True)
class Planted:
    """A shot with a limit, and what brute force says about them."""

    code: str
    about: str
    shot: Shot
    limits: dict[str, float]
    rig: str | None
    violated: bool
    worst: float
    surely: np.ndarray
    """[n] frames that are beyond the limit by more than `BAND` of it; for a value between frames, both."""
    maybe: np.ndarray
    """[n] those that are beyond it, or nearer to it than that."""


def path(rng, n, *, middle, reach=1.5, height=1.4) -> np.ndarray:
    """A smooth eye path [n, 3] of a metre or two about a place."""
    t = np.linspace(-1, 1, n)[:, None]
    way, bend = rng.normal(size=(1, 2)), rng.normal(size=(1, 2)) * 0.3
    way *= reach / np.linalg.norm(way)
    return np.column_stack([np.asarray(middle) + t * way + t * t * bend, height + 0.1 * t[:, 0] * rng.normal()])


def size_of(rng) -> tuple[float, float, float]:
    x, y, z = rng.uniform(0.5, 1.2, 3)
    return float(x), float(y), float(z + 0.4)


def near_pass(rng, n):
    shape = SOLIDS[rng.integers(len(SOLIDS))]
    size = size_of(rng)
    angle, gap = rng.uniform(0, 2 * math.pi), 0.6 * max(size[:2]) + rng.uniform(0.1, 0.3)
    side = np.array([math.cos(angle), math.sin(angle)])
    along = np.array([-side[1], side[0]])
    length = rng.uniform(1.5, 8.0)
    t = np.linspace(-0.5, 0.5, n)[:, None] + rng.uniform(-0.2, 0.2)
    flat = gap * side + t * length * along + t * t * rng.uniform(-0.5, 0.5) * side
    eye = np.column_stack([flat, np.full(n, rng.uniform(0.5, 1.0) * size[2])])
    times = np.arange(n) / 24
    speed = rng.uniform(0, 0.3) if rng.uniform() < 0.4 else 0.0
    thing = standing("red thing", shape, (0, 0), size, yaw=angle, velocity=speed * along, times=times)
    shot = Shot(camera=camera(eye, looking(eye, [0.0, 0.0, 50.0])), actors=(thing,))
    dense, near = distances(shot)
    return shot, "clearance", "", "least", near, dense * 24


def framed(rng, n, code):
    while True:
        size = size_of(rng)
        eye = path(rng, n, middle=(0, -4.5))
        pan = np.linspace(0, rng.uniform(-1, 1), n) ** (1 if rng.uniform() < 0.5 else 3)
        most = 0.75 if code == "in-frame" else 1.0  # radians; the second may turn the subject out of the frame
        turn = Rotation.from_euler("y", most * pan[:, None]).as_matrix()
        look = looking(eye, [0.0, 0.0, size[2] / 2]) @ turn
        shape, yaw = SOLIDS[rng.integers(len(SOLIDS))], rng.uniform(0, 6)
        times = np.arange(n) / 24
        thing = standing("red thing", shape, (0, 0), size, yaw=yaw, velocity=(0.2, 0.1), times=times)
        shot = Shot(camera=camera(eye, look), actors=(thing,))
        if code != "in-frame":
            low, high = rectangles(shot, thing)
            if (on_screen(shot, thing, 0.5) != on_screen(shot, thing, -0.5)).any():
                continue  # on the edge, rounding decides whether a frame counts
            sense = "least" if code == "size-min" else "most"
            tall = np.where(on_screen(shot, thing), (high - low)[:, 1] / SIZE[1], np.nan)
            return shot, code, "red thing", sense, tall, np.arange(n)
        shares = share_in_frame(shot, thing)
        if 0.2 < shares.min() < 0.9:
            return shot, code, "red thing", "least", shares, np.arange(n)


def off_thirds(rng, n):
    shot, *_ = framed(rng, n, "size-min")
    times, eye, R, K = arrays(shot)
    body = body_at(shot.actors[0], times)
    centre = body[:, :3, 3] + [0, 0, shot.actors[0].size_xyz[2] / 2]
    seen = np.einsum("nji,nj->ni", R, centre - eye)
    place = (seen[:, :2] / seen[:, 2:] * K[:, :2] + K[:, 2:]) / SIZE
    away = np.min([np.abs(place - line).min(axis=1) for line in (1 / 3, 2 / 3)], axis=0)
    return shot, "thirds", "red thing", "most", np.where(((place > 0) & (place < 1)).all(1), away, np.nan), np.arange(n)


def hidden(rng, n):
    while True:
        kinds = rng.choice(["box", "sphere"], 2)
        thing = standing("red thing", kinds[0], (0, 0), size_of(rng), yaw=rng.uniform(0, 6))
        blocker = standing("blue thing", kinds[1], (rng.uniform(-0.5, 0.5), -1.6), size_of(rng), yaw=rng.uniform(0, 6))
        eye = path(rng, n, middle=(0, -4.5), reach=rng.uniform(1.0, 2.0))
        eye[:, 1] = np.minimum(eye[:, 1], -3.2)
        shot = Shot(camera=camera(eye, looking(eye, [0.0, 0.0, 0.7])), actors=(thing, blocker))
        if 0.3 < share_visible(shot, thing, [blocker], side=20).min() < 0.9:
            return shot, "occlusion", "red thing", "least", share_visible(shot, thing, [blocker]), np.arange(n)


def crossed(rng, n):
    times = np.arange(n) / 24
    turn = rng.uniform(0, 2 * math.pi)
    along = np.array([math.cos(turn), math.sin(turn)])
    across = np.array([-along[1], along[0]])
    share = np.linspace(0, 1, n)[:, None]
    flat = (1.2 - rng.uniform(1.6, 2.8) * share) * across + (3 + 0.5 * share) * along
    eye = np.column_stack([flat, np.full(n, 1.5)])
    if rng.uniform() < 0.5:
        actors = [standing(name, "box", d * along, (0.5, 0.5, 1.7)) for name, d in (("one", -0.5), ("other", 0.8))]
    else:
        actors = [standing("one", "box", (0, 0), (0.5, 0.5, 1.7), velocity=0.8 * along, times=times)]
    shot = Shot(camera=camera(eye, looking(eye, [0.0, 0.0, 1.0])), actors=tuple(actors))
    # Distance to a line a x + b y = c, with the sign of the first frame taken as the right side.
    beyond = eye[:, :2] @ across
    return shot, "line", "", "most", -np.sign(beyond[0]) * beyond, np.arange(n)


def hasty(rng, n, code, order):
    steps = rng.uniform(0.8, 1.6, n - 1) / 24
    times = np.concatenate([[0.0], np.cumsum(np.maximum(steps, 1.02 / 30))])
    frequency = rng.uniform(0.3, 1.2, 3) * 2 * math.pi
    eye = rng.uniform(0.1, 0.5, 3) * np.sin(frequency * times[:, None] + rng.uniform(0, 6, 3)) + np.array([0, 0, 3])
    angles = rng.uniform(0.1, 0.6, 3) * np.sin(frequency * times[:, None] + rng.uniform(0, 6, 3))
    R = looking(eye, [50.0, 0.0, 0.0]) @ Rotation.from_euler("yxz", angles).as_matrix()
    if rng.uniform() < 0.5:  # a jump in the middle
        at = int(rng.integers(n // 3, 2 * n // 3))
        eye[at:] += rng.uniform(0.2, 0.6, 3)
        R[at:] = R[at:] @ Rotation.from_euler("y", rng.uniform(0.1, 0.4)).as_matrix()
    shot = Shot(camera=camera(eye, R, times=times))
    _, eye, R, _ = arrays(shot)
    values = turning(times, R, order) if code.startswith("angular") else derivative(times, eye, order)
    return shot, code, "", "most", values, np.arange(len(values)) + order / 2


def leaning(rng, n):
    eye = path(rng, n, middle=(0, 0))
    turn = np.linspace(0, 1, n) ** rng.integers(1, 4) * rng.uniform(0.1, 0.8) * rng.choice([-1, 1])
    pitch = rng.uniform(-0.8, 0.8) * np.sin(np.linspace(0, 3, n))
    R = looking(eye, [30.0, 10.0, 2.0]) @ Rotation.from_euler("xz", np.column_stack([pitch, turn])).as_matrix()
    shot = Shot(camera=camera(eye, R))
    return shot, "roll", "", "most", lean(arrays(shot)[2]), np.arange(n)


def beyond_rig(rng, n, rig, about):
    """A move that a class of rig cannot make, by its own limit."""
    t = np.linspace(0, 1, n)
    ease = t * t * (3 - 2 * t)
    limit = {"travel": 0.05, "height": 0.05, "extent": 15.0, "shake": 0.05}[about]
    amount = limit * rng.choice([0.5, 0.95, 1.05, 1.05, 1.5, 4.0, 8.0])
    eye = np.tile([0.0, 0.0, 1.5], (n, 1))
    angle = rng.uniform(0, 2 * math.pi)
    if about == "height":
        eye[:, 2] += amount * ease * rng.choice([-1, 1])
        eye[:, 0] += 0.5 * ease
        values = np.maximum(eye[:, 2] - eye[:, 2].min(), eye[:, 2].max() - eye[:, 2])
    else:
        eye[:, :2] += amount * ease[:, None] * [math.cos(angle), math.sin(angle)]
        values = np.linalg.norm(eye - eye[0], axis=1)
        if about == "extent":
            values = np.full(n, np.linalg.norm(eye[:, None] - eye, axis=2).max())
    shot = Shot(camera=camera(eye, looking(eye, [60.0, 5.0, 1.5]), fps=4.0 if about == "extent" else 24.0))
    return shot, rig, about, limit, values


LIMIT_OF = {"in-frame": "in_frame", "occlusion": "visible"}
SCENES: tuple[Callable, ...] = (
    near_pass,
    lambda rng, n: framed(rng, n, "in-frame"),
    hidden,
    lambda rng, n: framed(rng, n, "size-min"),
    lambda rng, n: framed(rng, n, "size-max"),
    off_thirds,
    crossed,
    lambda rng, n: hasty(rng, n, "speed", 1),
    lambda rng, n: hasty(rng, n, "acceleration", 2),
    lambda rng, n: hasty(rng, n, "jerk", 3),
    lambda rng, n: hasty(rng, n, "angular-rate", 1),
    lambda rng, n: hasty(rng, n, "angular-acceleration", 2),
    leaning,
    near_pass,
    lambda rng, n: framed(rng, n, "in-frame"),
)
FACTORS = (1.05, 1.3, 1.05, 2.0, 0.95)
"""How far the worst value is beyond the limit; the last one holds."""
RIG_CASES = (("tripod", "travel"), ("dolly", "height"), ("crane", "extent"))


def planted(count: int) -> Iterator[Planted]:
    """So many cases, four of five violated, from every scene in turn."""
    for index in range(count):
        rng = np.random.default_rng([index, 77])
        n = int(rng.integers(24, 40))
        if index % 16 == 15:
            rig, about = RIG_CASES[index // 16 % 3]
            shot, rig, about, limit, values = beyond_rig(rng, n, rig, about)
            worst = float(values.max())
            surely, maybe = values > limit * (1 + BAND), values > limit * (1 - BAND)
            yield Planted("rig", about, shot, {}, rig, worst > limit, worst, surely, maybe)
            continue
        shot, code, about, sense, values, where = SCENES[index % 16](rng, n)
        worst = float(np.nanmin(values) if sense == "least" else np.nanmax(values))
        factor = FACTORS[(index // 16) % 5]
        limit = worst * factor if sense == "least" else worst / factor
        if code in LIMIT_OF:
            limit = min(limit, (1 + worst) / 2)  # a share is at most 1
        beyond = (limit - values if sense == "least" else values - limit) / limit
        surely, maybe = (_frames(where, beyond > bar, len(shot.camera)) for bar in (BAND, -BAND))
        limits = {LIMIT_OF.get(code, code): limit}
        if sense == "least" and code == "size-min":
            limits["size_max"] = 100.0
        elif code == "size-max":
            limits["size_min"] = 0.0
        yield Planted(code, about, shot, limits, None, factor > 1, worst, surely, maybe)


def _frames(where, wrong, count) -> np.ndarray:
    """The frames [count] around wrong values, whose places are in frames."""
    frames = np.zeros(count, bool)
    for at in np.asarray(where)[wrong]:
        frames[[math.floor(at), math.ceil(at)]] = True
    return frames
