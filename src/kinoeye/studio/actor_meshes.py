"""The parts of a shot's actors as triangle meshes with a rigid pose a frame, as the renderer sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.color import linear_to_bytes
from kinoeye.render.meshes import Mesh
from kinoeye.render.scene import BOX, CAPSULE, CONE, CYLINDER, PYRAMID, SPHERE, Scene, build_scene
from kinoeye.shot import Shot
from kinoeye.shot.bodies import Body

Float64 = NDArray[np.float64]
_AROUND = 32
"""Sides of what is round."""
_CELL = 1 / 70
"""Side of the cells that a body's vertices are merged in, as a share of its height."""
_SHADES = 16
"""Steps between the colours that are told apart."""


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
    """Every drawn part of the actors at the times of the shot's camera; skinned bodies in rigid pieces, coarser."""
    scene = build_scene(shot, shot.camera)
    return [part for mesh in scene.meshes for part in _pieces(mesh)] + solid_parts(scene)


def solid_parts(scene: Scene) -> list[MeshPart]:
    """The rigid parts of a scene in the order of `scene.parts`: those of actors and props."""
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


def _pieces(mesh: Mesh) -> Iterator[MeshPart]:
    """A body's triangles by the joint that carries them most and by colour."""
    vertices, faces, joints, colors = _coarser(mesh.body)
    corners = joints[faces]
    carrier = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
    shade = colors[faces[:, 0]] // _SHADES * _SHADES
    groups, members = np.unique(np.column_stack([carrier, shade]), axis=0, return_inverse=True)
    for index, (joint, red, green, blue) in enumerate(groups.tolist()):
        used, own = np.unique(faces[members.reshape(-1) == index], return_inverse=True)
        linear = mesh.world_from_rest[:, joint, :, :3]
        yield MeshPart(
            vertices=vertices[used],
            faces=own.reshape(-1, 3),
            is_round=True,
            color_rgb=(red, green, blue),
            R_world_part=linear,
            position=mesh.world_from_rest[:, joint, :, 3],
        )


def _coarser(body: Body) -> tuple[Float64, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Vertices [v, 3], faces [t, 3], strongest joints [v] and colours [v, 3] with the vertices of each cell in one.

    Rossignac and Borrel 1993. A page holds every piece, and 27,000 triangles are more than it shows.
    """
    strongest = np.take_along_axis(body.joints, body.weights.argmax(axis=1)[:, None], axis=1)
    cell = np.floor(body.vertices / (_CELL * body.size_xyz[2])).astype(np.int64)
    keys, first, cluster = np.unique(
        np.column_stack([cell, strongest, body.colors_rgb]), axis=0, return_index=True, return_inverse=True
    )
    cluster = cluster.reshape(-1)
    count = np.bincount(cluster, minlength=len(keys))
    vertices = np.stack([np.bincount(cluster, body.vertices[:, axis], len(keys)) / count for axis in range(3)], axis=1)
    faces = cluster[body.faces]
    kept = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return vertices, faces[kept], strongest[first, 0], body.colors_rgb[first].astype(np.int64)


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
