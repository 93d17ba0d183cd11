"""Violations planted in small shots, and shots without any, by brute force: dense samples in space and time.

Nothing here uses the code of the checks. Each measure is the plainest one there is: distances to points scattered
over surfaces, at many times between frames; rectangles around points scattered along edges; grids of rays; polynomials
through samples. A planted case takes a random scene, measures it, and sets the limit a known factor beyond the worst
value, so that it is violated (or held) by that factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.shot import Actor, Avatar, Shot

SIZE = (96, 54)
SOLIDS = ("box", "sphere", "cylinder", "cone", "capsule", "pyramid")
SUBSTEPS = 16
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


# --- scenes -----------------------------------------------------------------------------------------------------------


def camera(eye, R, *, fov_deg=60.0, fps=24.0, times=None) -> Trajectory:
    poses = np.tile(np.eye(4), (len(eye), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = R, eye
    times = np.arange(len(eye)) / fps if times is None else times
    fov = torch.full((len(eye),), math.radians(fov_deg), dtype=torch.float64)
    track = Track(SE3.from_matrix(torch.from_numpy(poses)), torch.from_numpy(np.asarray(times, np.float64)))
    return Trajectory(track, Intrinsics.from_fov(fov, SIZE))


def looking(eye, target) -> np.ndarray:
    forward = np.broadcast_to(target, eye.shape) - eye
    forward = forward / np.linalg.norm(forward, axis=1, keepdims=True)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right = right / np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], axis=-1)


def standing(name, shape, xy, size, *, yaw=0.0, velocity=(0.0, 0.0), times=(0.0,)) -> Actor:
    times = np.asarray(times, np.float64)
    poses = np.tile(np.eye(4), (len(times), 1, 1))
    poses[:, :3, :3] = Rotation.from_euler("z", yaw).as_matrix()
    poses[:, :2, 3] = np.asarray(xy) + times[:, None] * np.asarray(velocity)
    track = Track(SE3.from_matrix(torch.from_numpy(poses)), torch.from_numpy(times))
    avatar = Avatar(shape=shape, color_rgb=(0.5, 0.4, 0.3))
    return Actor(name=name, prompt=name, size_xyz=size, track=track, avatar=avatar)


def arrays(shot: Shot):
    """Times [n], eyes [n, 3], rotations [n, 3, 3] and focal lengths and centres [n, 4] of a camera."""
    c = shot.camera
    pose = c.T_world_cam.as_matrix().numpy()
    return c.times_s.numpy(), pose[:, :3, 3], pose[:, :3, :3], c.intrinsics.fx_fy_cx_cy.numpy()


# --- brute force ------------------------------------------------------------------------------------------------------


def body_surface(shape: str, size, count: int = 4000) -> np.ndarray:
    """Points [m, 3] all over a solid in body axes: its box's middle is at half its height."""
    i = np.arange(count) + 0.5
    u, v = i / count, i * (math.sqrt(5) - 1) / 2 % 1
    angle = 2 * math.pi * v
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    half = np.asarray(size) / 2
    if shape == "box":
        faces = [np.insert(2 * np.stack([u, v], 1) - 1, axis, side, axis=1) for axis in range(3) for side in (-1, 1)]
        points = np.concatenate(faces) * half
    elif shape == "sphere":
        z = 1 - 2 * u
        points = np.column_stack([ring * np.sqrt(1 - z * z)[:, None], z]) * half
    elif shape == "cylinder":
        lids = [np.column_stack([ring * np.sqrt(u)[:, None], np.full(count, side)]) for side in (-1.0, 1.0)]
        points = np.concatenate([np.column_stack([ring, 2 * u - 1]), *lids]) * half
    elif shape == "capsule":
        radius = min((half[0] + half[1]) / 2, half[2])
        z = 1 - 2 * u
        ball = np.column_stack([ring * np.sqrt(1 - z * z)[:, None] * half[:2], z * radius])
        ball[:, 2] += np.sign(z) * (half[2] - radius)
        side = np.column_stack([ring * half[:2], (2 * u - 1) * (half[2] - radius)])
        points = np.concatenate([ball, side])
    else:
        rim = ring if shape == "cone" else ring / np.abs(ring).max(axis=1, keepdims=True)
        shrink = np.sqrt(u)[:, None]
        base = np.column_stack([rim * shrink, np.full(count, -1.0)])
        points = np.concatenate([np.column_stack([rim * shrink, 1 - 2 * np.sqrt(u)]), base]) * half
    return points + np.array([0, 0, half[2]])


def body_at(actor: Actor, times) -> np.ndarray:
    pose = actor.track.at(torch.as_tensor(np.asarray(times))).T_world_body.as_matrix()
    return pose.numpy()


def distances(shot: Shot) -> tuple[np.ndarray, np.ndarray]:
    """Times [m] many per frame, and how near the camera is to the ground or a point of any actor then."""
    times, eye, _, _ = arrays(shot)
    dense = np.interp(np.arange((len(times) - 1) * SUBSTEPS + 1) / SUBSTEPS, np.arange(len(times)), times)
    at = np.stack([np.interp(dense, times, column) for column in eye.T], axis=1)
    nearest = np.maximum(at[:, 2], 0.0)
    for actor in shot.actors:
        points = body_surface(actor.avatar.shape, actor.size_xyz)
        body = body_at(actor, dense)
        local = np.einsum("nji,nj->ni", body[:, :3, :3], at - body[:, :3, 3])
        close = np.flatnonzero(np.linalg.norm(local, axis=1) < np.linalg.norm(actor.size_xyz) + 1.0)
        for k in close:
            nearest[k] = min(nearest[k], math.sqrt(((points - local[k]) ** 2).sum(axis=1).min()))
    return dense, nearest


def edge_points(actor: Actor, times) -> np.ndarray:
    """World points [n, m, 3] along the edges of an actor's box."""
    t = np.linspace(0, 1, 41)
    lines = []
    for axis in range(3):
        for a in (0, 1):
            for b in (0, 1):
                lines.append(np.insert(np.column_stack([np.full(41, a), np.full(41, b)]), axis, t, axis=1))
    local = (np.concatenate(lines) - [0.5, 0.5, 0.0]) * actor.size_xyz
    body = body_at(actor, times)
    return np.einsum("nij,mj->nmi", body[:, :3, :3], local) + body[:, None, :3, 3]


def rectangles(shot: Shot, actor: Actor) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest image coordinates [n, 2] of an actor's box; its points must be before the camera."""
    times, eye, R, K = arrays(shot)
    seen = np.einsum("nji,nmj->nmi", R, edge_points(actor, times) - eye[:, None])
    assert (seen[..., 2] > 0.02).all()
    xy = seen[..., :2] / seen[..., 2:] * K[:, None, :2] + K[:, None, 2:]
    return xy.min(axis=1), xy.max(axis=1)


def share_in_frame(shot: Shot, actor: Actor) -> np.ndarray:
    """Share [n] of a fine grid over the rectangle that falls into the picture."""
    low, high = rectangles(shot, actor)
    s = (np.arange(2000) + 0.5) / 2000
    axes = low[:, None] + s[:, None] * (high - low)[:, None]
    return ((axes > 0) & (axes < np.array(SIZE))).mean(axis=1).prod(axis=1)


def share_visible(shot: Shot, actor: Actor, others: list[Actor], side: int = 120) -> np.ndarray:
    """Share [n] of the rays that meet an actor which meet none of the others before; boxes and spheres that stand."""
    times, eye, R, K = arrays(shot)
    low, high = rectangles(shot, actor)
    s = (np.arange(side) + 0.5) / side
    shares = []
    for i in range(len(times)):
        x, y = np.meshgrid(low[i, 0] + s * (high - low)[i, 0], low[i, 1] + s * (high - low)[i, 1])
        rays = np.stack([(x - K[i, 2]) / K[i, 0], (y - K[i, 3]) / K[i, 1], np.ones_like(x)], -1).reshape(-1, 3) @ R[i].T
        mine = entry(actor, times[i], eye[i], rays)
        before = np.min([entry(other, times[i], eye[i], rays) for other in others], axis=0)
        shares.append((before > mine)[np.isfinite(mine)].mean())
    return np.array(shares)


def entry(actor: Actor, time, eye, rays) -> np.ndarray:
    """Where rays [m, 3] enter a box or a sphere; inf for a miss."""
    body = body_at(actor, [time])[0]
    half = np.asarray(actor.size_xyz) / 2
    o = (body[:3, :3].T @ (eye - body[:3, 3]) - [0, 0, half[2]]) / half
    d = rays @ body[:3, :3] / half
    with np.errstate(all="ignore"):
        if actor.avatar.shape == "sphere":
            a, b, c = (d * d).sum(1), d @ o, o @ o - 1
            t = (-b - np.sqrt(b * b - a * c)) / a
            return np.where(np.isfinite(t) & (t > 0), t, np.inf)
        one, other = (-1 - o) / d, (1 - o) / d
        t_in, t_out = np.minimum(one, other).max(axis=1), np.maximum(one, other).min(axis=1)
    return np.where((t_in < t_out) & (t_in > 0), t_in, np.inf)


def derivative(times, points, order: int) -> np.ndarray:
    """Length [n - order] of the derivative of the polynomial through each `order` + 1 samples in a row."""
    found = []
    for i in range(len(times) - order):
        t = times[i : i + order + 1] - times[i]
        top = [np.polyfit(t, points[i : i + order + 1, axis], order)[0] for axis in range(3)]
        found.append(math.factorial(order) * np.linalg.norm(top))
    return np.array(found)


def turning(times, R, order: int) -> np.ndarray:
    """Degrees per second [n - 1], or per second squared [n - 2], of rotations [n, 3, 3]."""
    turns = Rotation.from_matrix(R)
    rates = (turns[1:] * turns[:-1].inv()).as_rotvec(degrees=True) / np.diff(times)[:, None]
    if order == 1:
        return np.linalg.norm(rates, axis=1)
    middle = (times[1:] + times[:-1]) / 2
    return np.linalg.norm(np.diff(rates, axis=0), axis=1) / np.diff(middle)


def lean(R) -> np.ndarray:
    """Degrees [n] by which the picture of a plumb line is off the picture's vertical."""
    plumb = np.einsum("nji,j->ni", R, [0.0, 0.0, -1.0])
    return np.abs(np.degrees(np.arctan2(plumb[:, 0], plumb[:, 1])))


# --- planted cases ----------------------------------------------------------------------------------------------------


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
    size = size_of(rng)
    eye = path(rng, n, middle=(0, -4.5))
    pan = np.linspace(0, rng.uniform(-1, 1), n) ** (1 if rng.uniform() < 0.5 else 3)
    look = looking(eye, [0.0, 0.0, size[2] / 2]) @ Rotation.from_euler("y", 0.62 * pan[:, None]).as_matrix()
    times = np.arange(n) / 24
    thing = standing("red thing", SOLIDS[rng.integers(6)], (0, 0), size, yaw=rng.uniform(0, 6), velocity=(0.2, 0.1),
                     times=times)  # fmt: skip
    shot = Shot(camera=camera(eye, look), actors=(thing,))
    if code == "in-frame":
        return shot, code, "red thing", "least", share_in_frame(shot, thing), np.arange(n)
    low, high = rectangles(shot, thing)
    sense = "least" if code == "size-min" else "most"
    return shot, code, "red thing", sense, (high - low)[:, 1] / SIZE[1], np.arange(n)


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
    hidden,
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
