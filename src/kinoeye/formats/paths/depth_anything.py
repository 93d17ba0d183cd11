"""Depth Anything 3's results.npz: `extrinsics` [n, 3, 4], world-to-camera with OpenCV axes, and `intrinsics`.

Both exports, npz and mini_npz, have `depth` [n, h, w], whose size is that of the intrinsics
(src/depth_anything_3/utils/export/npz.py of github.com/ByteDance-Seed/Depth-Anything-3).
"""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npz_shapes, read_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.pose_arrays import frame_calibrations, pose_matrices
from kinoeye.geometry.convention import OPENCV_W2C

NAME = "da3"
TITLE = "Depth Anything 3 results.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "results.npz"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics", "size"})
NEEDS: frozenset[str] = frozenset()


def sniff(head: FileHead) -> bool:
    """An .npz with poses and depth of its names."""
    return {"extrinsics", "depth"} <= head.members


def read(path: Path) -> PathTable:
    """Read poses, and intrinsics where they were estimated."""
    arrays = read_npz(path, ("extrinsics", "intrinsics"))
    if "extrinsics" not in arrays:
        raise InputError(f"{path} has no array extrinsics: the network gave no poses")
    matrices = pose_matrices(arrays["extrinsics"], f"{path}: extrinsics")
    depth = npz_shapes(path).get("depth", ())
    K = arrays.get("intrinsics")
    return PathTable(
        matrices=matrices,
        convention=CONVENTION,
        format=NAME,
        intrinsics=None if K is None else frame_calibrations(K, len(matrices), f"{path}: intrinsics"),
        size_wh=(depth[2], depth[1]) if len(depth) == 3 and min(depth[1:]) > 1 else None,
        notes=("the scale is the network's own",),
    )
