"""cameras.npz of Kubric's reflectance challenge: world_mat_i, camera_mat_i and their inverses, one view an i.

The convention is that of the numbers themselves (24 views of the origin): world_mat is world-to-camera with OpenCV
axes, the origin lies 2.732 before each camera and in the middle of its image, and all cameras stand at +y, which the
data set's own renderer turns to Blender's z (challenges/complex_brdf/worker.py of github.com/google-research/kubric).
camera_mat maps onto [-1, 1]: its focal length of 3.732 is an angle of 30 degrees.
"""

from __future__ import annotations

from pathlib import Path

from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.pose_arrays import numbered_matrices
from kinoeye.geometry.convention import NORMALISED, OPENCV_W2C

NAME = "kubric"
TITLE = "Kubric cameras.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "cameras.npz"
CONVENTION = OPENCV_W2C.with_world("RUB")
HOLDS = frozenset({"intrinsics", "ids", "up"})
NEEDS: frozenset[str] = frozenset()


def sniff(head: FileHead) -> bool:
    """An .npz with world and camera matrices that are numbered, and none of IDR's scale matrices."""
    members = head.members
    return {"world_mat_0", "camera_mat_0"} <= members and "scale_mat_0" not in members


def read(path: Path) -> PathTable:
    """Read the views in the order of their numbers."""
    views, (poses, cameras) = numbered_matrices(path, "world_mat", "camera_mat")
    K = cameras[:, :3, :3].copy()
    K[:, :2] = K[:, :2] / 2
    K[:, :2, 2] += 0.5
    return PathTable(
        matrices=poses[:, :3],
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        size_wh=NORMALISED,
        ids=views,
        notes=("world_mat is read as world-to-camera with OpenCV axes in a world with +y up, as its numbers say",),
    )
