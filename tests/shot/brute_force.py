"""How shots measure by brute force: dense samples in space and time, and none of the code of the checks.

Distances to points scattered over surfaces, at many times between frames; rectangles around points scattered along
edges; grids of rays; polynomials through samples.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.shot import Actor, Avatar, Shot

SIZE = (96, 54)
SUBSTEPS = 16


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
    """Points [m, 3] all over a solid in body axes, with its underside at 0; a robot is its box."""
    i = np.arange(count) + 0.5
    u, v = i / count, i * (math.sqrt(5) - 1) / 2 % 1
    angle = 2 * math.pi * v
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    half = np.asarray(size) / 2
    if shape in ("box", "robot"):
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
        points = body_surface(getattr(actor.avatar, "shape", "box"), actor.size_xyz)  # skinned bodies are their boxes
        body = body_at(actor, dense)
        local = np.einsum("nji,nj->ni", body[:, :3, :3], at - body[:, :3, 3])
        close = np.flatnonzero(np.linalg.norm(local, axis=1) < np.linalg.norm(actor.size_xyz) + 1.0)
        for k in close:
            nearest[k] = min(nearest[k], math.sqrt(((points - local[k]) ** 2).sum(axis=1).min()))
    return dense, nearest


def edge_points(actor: Actor, times) -> np.ndarray:
    """World points [n, m, 3] along the edges of an actor's box."""
    t = np.linspace(0, 1, 7)
    lines = []
    for axis in range(3):
        for a in (0, 1):
            for b in (0, 1):
                lines.append(np.insert(np.column_stack([np.full(7, a), np.full(7, b)]), axis, t, axis=1))
    local = (np.concatenate(lines) - [0.5, 0.5, 0.0]) * actor.size_xyz
    body = body_at(actor, times)
    return local @ np.swapaxes(body[:, :3, :3], 1, 2) + body[:, None, :3, 3]


def rectangles(shot: Shot, actor: Actor) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest image coordinates [n, 2] of an actor's box; its points must be before the camera."""
    times, eye, R, K = arrays(shot)
    seen = (edge_points(actor, times) - eye[:, None]) @ R
    assert (seen[..., 2] > 0.02).all()
    xy = seen[..., :2] / seen[..., 2:] * K[:, None, :2] + K[:, None, 2:]
    return xy.min(axis=1), xy.max(axis=1)


def share_in_frame(shot: Shot, actor: Actor) -> np.ndarray:
    """Share [n] of a fine grid over the rectangle that falls into the picture."""
    low, high = rectangles(shot, actor)
    s = (np.arange(1000) + 0.5) / 1000
    axes = low[:, None] + s[:, None] * (high - low)[:, None]
    return ((axes > 0) & (axes < np.array(SIZE))).mean(axis=1).prod(axis=1)


def on_screen(shot: Shot, actor: Actor, margin: float = 0.0) -> np.ndarray:
    """Whether [n] some of a grid over the rectangle falls into the picture grown by a margin in pixels."""
    low, high = rectangles(shot, actor)
    s = np.linspace(0, 1, 4001)[:, None]
    axes = low[:, None] + s * (high - low)[:, None]
    return ((axes > -margin) & (axes < np.array(SIZE) + margin)).any(axis=1).all(axis=1)


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
        if getattr(actor.avatar, "shape", "box") == "sphere":
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
