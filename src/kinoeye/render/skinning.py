"""Posed meshes for drawing: compiled linear blend skinning, and the normals of what comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.fast.kernels import kernel

Float64 = NDArray[np.float64]


def skinned_vertices(
    vertices: Float64, joints: NDArray[np.integer], weights: Float64, world_from_rest: Float64
) -> Float64:
    """Where joints take the vertices of a mesh: what `shot.bodies.skin` defines, compiled.

    The joints' matrices are blended first and applied once, which is the same sum in another order.

    Args:
        vertices: [v, 3] at rest.
        joints: [v, k] the joints that carry each vertex.
        weights: [v, k] their shares.
        world_from_rest: [f, j, 3, 4] where each joint takes what hangs on it, in each frame.

    Returns:
        [f, v, 3]

    Raises:
        ValueError: shapes do not belong together, or a joint is not there.

    Example:
        >>> up = np.concatenate([np.eye(3), [[0.0], [0.0], [2.0]]], axis=1)
        >>> skinned_vertices(np.zeros((1, 3)), np.zeros((1, 1), int), np.ones((1, 1)), up[None, None]).tolist()
        [[[0.0, 0.0, 2.0]]]
    """
    if not (joints.shape == weights.shape and joints.ndim == 2 and vertices.shape == (len(joints), 3)):
        raise ValueError(f"vertices {vertices.shape}, joints {joints.shape}, weights {weights.shape} do not fit")
    if world_from_rest.ndim != 4 or world_from_rest.shape[2:] != (3, 4):
        raise ValueError(f"joints move by [f, j, 3, 4]; given {world_from_rest.shape}")
    if joints.size and not (joints.min() >= 0 and joints.max() < world_from_rest.shape[1]):
        raise ValueError(f"a vertex hangs on a joint that is none of the {world_from_rest.shape[1]}")
    posed = np.empty((len(world_from_rest), len(vertices), 3))
    _skin(_plain(vertices), _plain(joints, np.int64), _plain(weights), _plain(world_from_rest), posed)
    return posed


def vertex_normals(vertices: Float64, faces: NDArray[np.integer]) -> Float64:
    """Unit normals [f, v, 3] of meshes with vertices [f, v, 3] and common faces [t, 3], area-weighted (Gouraud 1971).

    A triangle counts by its area; a vertex on no triangle, or on degenerate ones alone, has a normal of zero.

    Raises:
        ValueError: a triangle has a corner that is not there.

    Example:
        >>> corners = np.array([[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]])
        >>> vertex_normals(corners, np.array([[0, 1, 2]]))[0, 0].tolist()
        [0.0, 0.0, 1.0]
    """
    if faces.size and not (faces.min() >= 0 and faces.max() < vertices.shape[1]):
        raise ValueError(f"a triangle has a corner that is none of the {vertices.shape[1]} vertices")
    normals = np.zeros(vertices.shape)
    _add_normals(_plain(vertices), _plain(faces, np.int64), normals)
    return normals


def _plain(values: NDArray[Any], dtype: type = np.float64) -> NDArray[Any]:
    return np.ascontiguousarray(values, dtype)


@kernel
def _skin(vertices: Float64, joints: NDArray[np.int64], weights: Float64, maps: Float64, posed: Float64) -> None:
    for frame in range(maps.shape[0]):
        for v in range(vertices.shape[0]):
            x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
            a = b = c = d = e = f = g = h = i = p = q = r = 0.0
            for slot in range(joints.shape[1]):
                share = weights[v, slot]
                if share == 0.0:
                    continue
                m = maps[frame, joints[v, slot]]
                a += share * m[0, 0]
                b += share * m[0, 1]
                c += share * m[0, 2]
                p += share * m[0, 3]
                d += share * m[1, 0]
                e += share * m[1, 1]
                f += share * m[1, 2]
                q += share * m[1, 3]
                g += share * m[2, 0]
                h += share * m[2, 1]
                i += share * m[2, 2]
                r += share * m[2, 3]
            posed[frame, v, 0] = a * x + b * y + c * z + p
            posed[frame, v, 1] = d * x + e * y + f * z + q
            posed[frame, v, 2] = g * x + h * y + i * z + r


@kernel
def _add_normals(vertices: Float64, faces: NDArray[np.int64], normals: Float64) -> None:
    for frame in range(vertices.shape[0]):
        for t in range(faces.shape[0]):
            i, j, k = faces[t, 0], faces[t, 1], faces[t, 2]
            ax = vertices[frame, j, 0] - vertices[frame, i, 0]
            ay = vertices[frame, j, 1] - vertices[frame, i, 1]
            az = vertices[frame, j, 2] - vertices[frame, i, 2]
            bx = vertices[frame, k, 0] - vertices[frame, i, 0]
            by = vertices[frame, k, 1] - vertices[frame, i, 1]
            bz = vertices[frame, k, 2] - vertices[frame, i, 2]
            # As long as twice the triangle's area, so that the sum is weighted by area.
            nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
            for corner in (i, j, k):
                normals[frame, corner, 0] += nx
                normals[frame, corner, 1] += ny
                normals[frame, corner, 2] += nz
        for v in range(vertices.shape[1]):
            x, y, z = normals[frame, v, 0], normals[frame, v, 1], normals[frame, v, 2]
            length = np.sqrt(x * x + y * y + z * z)
            if length > 0.0:
                normals[frame, v, 0] = x / length
                normals[frame, v, 1] = y / length
                normals[frame, v, 2] = z / length
