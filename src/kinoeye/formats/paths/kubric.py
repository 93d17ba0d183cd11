"""cameras.npz of Kubric's reflectance challenge: world_mat_i, camera_mat_i and their inverses, one view an i.

The convention is that of the numbers themselves (24 views of the origin): world_mat is world-to-camera with OpenCV
axes, the origin lies 2.732 before each camera and in the middle of its image, and all cameras stand at +y, which the
data set's own renderer turns to Blender's z (challenges/complex_brdf/worker.py of github.com/google-research/kubric).
camera_mat maps onto [-1, 1]: its focal length of 3.732 is an angle of 30 degrees.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npz_shapes, read_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import NORMALISED, OPENCV_W2C

NAME = "kubric"
TITLE = "Kubric cameras.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "cameras.npz"
CONVENTION = OPENCV_W2C.with_world("RUB")
HOLDS = frozenset({"intrinsics", "ids", "up"})
NEEDS: frozenset[str] = frozenset()
_VIEW = re.compile(r"world_mat_(\d{1,6})")


def sniff(head: FileHead) -> bool:
    """An .npz with world and camera matrices that are numbered, and none of IDR's scale matrices."""
    members = head.members
    return {"world_mat_0", "camera_mat_0"} <= members and "scale_mat_0" not in members


def read(path: Path) -> PathTable:
    """Read the views in the order of their numbers."""
    views = sorted(int(match.group(1)) for match in map(_VIEW.fullmatch, npz_shapes(path)) if match)
    if not views:
        raise InputError(f"{path} holds no poses: there is no world_mat_0")
    arrays = read_npz(path, [f"{kind}_mat_{i}" for i in views for kind in ("world", "camera")])
    for name in (f"{kind}_mat_{i}" for i in views for kind in ("world", "camera")):
        if name not in arrays or arrays[name].shape != (4, 4) or arrays[name].dtype.kind != "f":
            raise InputError(f"{path} has no 4x4 matrix {name}")
    K = np.stack([arrays[f"camera_mat_{i}"][:3, :3] for i in views]).astype(np.float64)
    K[:, :2] = K[:, :2] / 2
    K[:, :2, 2] += 0.5
    return PathTable(
        matrices=np.stack([arrays[f"world_mat_{i}"][:3] for i in views]),
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        size_wh=NORMALISED,
        ids=tuple(views),
        notes=("world_mat is read as world-to-camera with OpenCV axes in a world with +y up, as its numbers say",),
    )
