"""Small skinned meshes for the renderer's tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from render_scenes import camera, look_at

from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.geometry.track import Trajectory
from kinoeye.render.meshes import Mesh
from kinoeye.render.scene import Scene, build_scene
from kinoeye.shot.bodies import Body, Skeleton
from kinoeye.shot.environment import Environment
from kinoeye.shot.shot import Actor, Shot

Float64 = NDArray[np.float64]
FOURTH = np.array([0.0, 0.0, 0.0, 1.0])


def body_of(
    vertices: Float64, faces: Sequence[Sequence[int]] | NDArray[np.int64], *, joints: int = 1, seed: int = 0
) -> Body:
    """A body of random colours and parts, whose vertices hang on random shares of some joints."""
    rng = np.random.default_rng(seed)
    faces = np.asarray(faces, np.int64)
    heads = np.linspace([0.0, 0.0, 0.0], [0.0, 0.0, 1.0], joints)
    weights = rng.dirichlet(np.ones(joints), len(vertices))
    return Body(
        name="thing",
        skeleton=Skeleton(
            names=tuple(f"joint {k}" for k in range(joints)), parents=np.arange(joints) - 1, heads=heads, tails=heads
        ),
        vertices=np.asarray(vertices, np.float64),
        faces=faces,
        joints=np.tile(np.arange(joints), (len(vertices), 1)),
        weights=weights / weights.sum(axis=1, keepdims=True),
        colors_rgb=rng.integers(0, 256, (len(vertices), 3)).astype(np.uint8),
        parts=rng.integers(1, 4, len(faces)).astype(np.uint8),
        part_names=("head", "arm", "leg"),
    )


def sphere(subdivisions: int = 8, radius: float = 0.5) -> tuple[Float64, NDArray[np.int64]]:
    """Vertices and triangles of a closed ball that stands on the origin: a cube's faces, each in squares, blown up."""
    steps = np.linspace(-1, 1, subdivisions + 1)
    points, faces = [], []
    for axis, sign in product(range(3), (-1.0, 1.0)):
        first = len(points)
        for u, v in product(steps, steps):
            point = np.empty(3)
            point[axis], point[(axis + 1) % 3], point[(axis + 2) % 3] = sign, sign * u, v
            points.append(point / np.linalg.norm(point))
        for i, j in product(range(subdivisions), range(subdivisions)):
            a = first + i * (subdivisions + 1) + j
            b = a + subdivisions + 1
            faces += [(a, b, a + 1), (b, b + 1, a + 1)]
    unique, place = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    unit = unique / np.linalg.norm(unique, axis=1, keepdims=True)
    return unit * radius + [0.0, 0.0, radius], place.reshape(-1)[np.array(faces)]


def still(x: float, y: float, z: float = 0.0, turn=(0.0, 0.0, 0.0)) -> Float64:
    """A pose [3, 4]."""
    return np.column_stack([rotvec_to_matrix(np.asarray(turn, float)), [x, y, z]])


def strewn(rng: np.random.Generator, reach_m: float, turn: float) -> Float64:
    """A pose [3, 4] at random."""
    x, y, z = rng.uniform(-reach_m, reach_m, 3)
    return still(x, y, z, rng.uniform(-turn, turn, 3))


def mesh(body: Body, poses: Sequence[Float64], instance: int = 1) -> Mesh:
    """A mesh whose joints all go the same way, by one pose [3, 4] a frame."""
    joints = len(body.skeleton)
    return Mesh(body=body, instance=instance, world_from_rest=np.repeat(np.stack(poses)[:, None], joints, axis=1))


def scene_of(
    meshes: Sequence[Mesh],
    cam: Trajectory | None = None,
    *,
    actors: Sequence[Actor] = (),
    environment: Environment | None = None,
    seed: int = 0,
) -> Scene:
    """A scene of meshes and the solids of actors."""
    cam = cam or camera([look_at((-4, 0.3, 1.2), (0, 0, 0.5))] * len(meshes[0].world_from_rest))
    shot = Shot(camera=cam, actors=tuple(actors), environment=environment or Environment(), seed=seed)
    scene = build_scene(shot, cam)
    return Scene(**{**vars(scene), "meshes": tuple(meshes)})


def points_of(cam: Trajectory, depth: NDArray) -> Float64:
    """World points [f, h, w, 3] of depth."""
    from kinoeye.geometry.rays import unproject

    return unproject(cam, torch.from_numpy(depth).double()).numpy()
