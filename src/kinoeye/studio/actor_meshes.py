"""The parts of a shot's actors as triangle meshes with a rigid pose a frame, as the renderer sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.color import linear_to_bytes
from kinoeye.render.scene import BOX, CAPSULE, CONE, CYLINDER, PYRAMID, SPHERE, build_scene
from kinoeye.shot import Shot

Float64 = NDArray[np.float64]
_AROUND = 32
"""Sides of what is round."""


@dataclass(frozen=True)
class MeshPart:
    """A rigid piece of an actor."""

    vertices: Float64
    """[v, 3] in metres, in the piece's own frame."""
    faces: NDArray[np.int64]
    """[t, 3] indices of vertices."""
    is_round: bool
    """Whether its shading is smooth."""
    color_rgb: tuple[int, int, int]
    """sRGB bytes."""
    R_world_part: Float64
    """[f, 3, 3]"""
    position: Float64
    """[f, 3]"""


def mesh_parts(shot: Shot) -> list[MeshPart]:
    """Every drawn part of the actors at the times of the shot's camera."""
    scene = build_scene(shot, shot.camera)
    parts = []
    for index in range(len(scene.parts.kind)):
        affine = scene.world_from_canonical[:, index]
        # The renderer's maps are rotations after a scaling along the canonical axes, the same in every frame.
        scale = np.linalg.norm(affine[0, :, :3], axis=0)
        kind = int(scene.parts.kind[index])
        vertices, faces = _solid(kind, float(scene.parts.segment[index]))
        red, green, blue = linear_to_bytes(scene.parts.color_a[index]).tolist()
        parts.append(
            MeshPart(
                vertices=vertices * scale,
                faces=faces,
                is_round=kind in (SPHERE, CAPSULE, CYLINDER, CONE),
                color_rgb=(red, green, blue),
                R_world_part=affine[:, :, :3] / scale,
                position=affine[:, :, 3],
            )
        )
    return parts


@cache
def _solid(kind: int, segment: float) -> tuple[Float64, NDArray[np.int64]]:
    """Vertices and faces of a canonical solid of `render.scene`."""
    import trimesh

    if kind == BOX:
        mesh = trimesh.creation.box(extents=(2.0, 2.0, 2.0))
    elif kind == SPHERE:
        mesh = trimesh.creation.uv_sphere(radius=1.0, count=[_AROUND // 2, _AROUND])
    elif kind == CYLINDER:
        mesh = trimesh.creation.cylinder(radius=1.0, height=2.0, sections=_AROUND)
    elif kind == CAPSULE:
        mesh = trimesh.creation.capsule(radius=1.0, height=2.0 * segment, count=[_AROUND // 2, _AROUND])
        mesh.apply_translation(-mesh.bounds.mean(axis=0))
    else:
        return _spire(4 if kind == PYRAMID else _AROUND)
    return np.asarray(mesh.vertices), np.asarray(mesh.faces)


def _spire(sides: int) -> tuple[Float64, NDArray[np.int64]]:
    """A cone of radius 1, or the pyramid of half side 1 for four sides: apex (0, 0, 1), base at z = -1."""
    angles = 2 * np.pi * (np.arange(sides) + 0.5) / sides
    radius = np.sqrt(2.0) if sides == 4 else 1.0
    ring = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full(sides, -1.0)], axis=-1)
    vertices = np.concatenate([ring, [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]])
    here, following = np.arange(sides), np.roll(np.arange(sides), -1)
    walls = np.stack([here, following, np.full(sides, sides)], axis=-1)
    base = np.stack([following, here, np.full(sides, sides + 1)], axis=-1)
    return vertices, np.concatenate([walls, base])
