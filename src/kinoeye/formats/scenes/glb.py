"""GLB point clouds (glTF 2.0 binary), which every 3-D viewer opens; +y is up there by the standard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.files import atomic_file
from kinoeye.formats.scenes.ply import check_cloud

GLTF_FROM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""Our world (+z up) to glTF's (+y up): x stays, z becomes y, y becomes -z."""


def write_glb_points(path: Path | str, points: NDArray[np.floating], rgb: NDArray[np.uint8]) -> None:
    """Write a coloured point cloud of our world (+z up, metres), turned to +y up as glTF requires.

    Args:
        path: the output file.
        points: [n, 3].
        rgb: [n, 3] uint8.

    Raises:
        InputError: the file cannot be written.
        ValueError: a shape is wrong, a point is not finite, or there is none (glTF cannot hold an empty cloud).
    """
    import trimesh

    check_cloud(points, rgb)
    if len(points) == 0:
        raise ValueError("a GLB file cannot hold an empty cloud")
    cloud = trimesh.PointCloud(np.asarray(points, np.float64) @ GLTF_FROM_WORLD.T, colors=rgb)
    data = trimesh.Scene(cloud).export(file_type="glb")
    with atomic_file(path) as temporary:
        temporary.write_bytes(bytes(data))  # type: ignore[arg-type]
