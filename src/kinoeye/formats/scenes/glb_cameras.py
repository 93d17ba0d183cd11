"""Animated cameras in GLB scenes, with their paths in colour, for Blender and every glTF viewer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinoeye.formats.containers.gltf_writer import GltfWriter
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import gltf_camera
from kinoeye.formats.scenes.animated_scene import PaintedCamera
from kinoeye.geometry.convention import OPENCV, Float64
from kinoeye.geometry.frusta import frustum_corners, key_poses

KEY_POSES = 9
"""Frusta along each path."""
_EDGES = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]])
"""Of a frustum: from its apex to its corners, and around them."""
_BOX = np.array(
    [[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4], [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6],
     [3, 0, 4], [3, 4, 7]]
)  # fmt: skip
"""Triangles of a box whose corners are those of its start and of its end, around each in the same sense."""


def add_painted_camera(scene: GltfWriter, item: PaintedCamera, *, frustum_length: float) -> list[str]:
    """Append a camera, and what is drawn of it, to a document (+y up in the file, as glTF requires).

    There are its node with the animation; if it is drawn, also a line strip through its centres, which Blender turns
    into a curve, and a mesh of thin unlit bars along the path and around the frusta at key poses, which renders show.

    Args:
        scene: what to add it to.
        item: the camera.
        frustum_length: from apex to image plane, in the unit of the path.

    Returns:
        What was lost, one sentence each.

    Raises:
        InputError: the times of its path cannot be told apart in 32 bits.
    """
    table = item.camera.in_convention(gltf_camera.CONVENTION)
    warnings = gltf_camera.add_camera(scene, table, item.name)
    if item.thickness is None:
        return warnings
    material = scene.add_unlit(item.name, item.linear_rgb)
    centres = table.matrices[:, :, 3]
    if len(centres) > 1:
        scene.add_node(f"{item.name} path", mesh=scene.add_line(f"{item.name} path", centres, material))
    starts, ends = _strokes(table, frustum_length)
    vertices, faces = _bars(starts, ends, item.thickness)
    scene.add_node(f"{item.name} drawing", mesh=scene.add_mesh(f"{item.name} drawing", vertices, faces, material))
    return warnings


def _strokes(table: PathTable, length: float) -> tuple[Float64, Float64]:
    """Both ends [n, 3] of every straight line that is drawn of a camera, in the world of its table."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    seen = table.frames(key_poses(len(table), KEY_POSES))
    assert seen.intrinsics is not None
    poses = seen.in_convention(OPENCV).matrices
    corners = frustum_corners(poses, seen.intrinsics, table.size_wh, length)
    frusta = np.concatenate([poses[:, None, :, 3], corners], axis=1)
    centres = table.matrices[:, :, 3]
    starts = np.concatenate([centres[:-1], frusta[:, _EDGES[:, 0]].reshape(-1, 3)])
    ends = np.concatenate([centres[1:], frusta[:, _EDGES[:, 1]].reshape(-1, 3)])
    drawn = np.linalg.norm(ends - starts, axis=1) > 1e-6 * length  # where a camera rests there is nothing to draw
    return starts[drawn], ends[drawn]


def _bars(starts: Float64, ends: Float64, thickness: float) -> tuple[Float64, NDArray[np.int64]]:
    """Square bars around straight lines: vertices [8 n, 3] and faces [12 n, 3]."""
    along = (ends - starts) / np.linalg.norm(ends - starts, axis=1, keepdims=True)
    least = np.eye(3)[abs(along).argmin(1)]
    across = np.cross(along, least)
    across *= 0.5 * thickness / np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(along, across)
    ring = np.stack([across + other, other - across, -across - other, across - other], axis=1)
    vertices = np.concatenate([starts[:, None] + ring, ends[:, None] + ring], axis=1)
    faces = _BOX + 8 * np.arange(len(starts))[:, None, None]
    return vertices.reshape(-1, 3), faces.reshape(-1, 3)
