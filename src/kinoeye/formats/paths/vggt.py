"""VGGT's predictions.npz: `extrinsic` [n, 3, 4], world-to-camera with OpenCV axes, and `intrinsic` [n, 3, 3].

Intrinsics are in pixels of the pictures that the network saw, whose size is that of `images` [n, 3, h, w]
(demo_gradio.py of github.com/facebookresearch/vggt).
"""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npz_shapes, read_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.pose_arrays import frame_calibrations, pose_matrices
from kinoeye.geometry.convention import OPENCV_W2C

NAME = "vggt"
TITLE = "VGGT predictions.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "predictions.npz"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"intrinsics", "size"})
NEEDS: frozenset[str] = frozenset()


def sniff(head: FileHead) -> bool:
    """An .npz with the two arrays."""
    return {"extrinsic", "intrinsic"} <= head.members


def read(path: Path) -> PathTable:
    """Read poses and intrinsics; the image size is that of the images or depth beside them."""
    arrays = read_npz(path, ("extrinsic", "intrinsic"))
    if len(arrays) != 2:
        raise InputError(f"{path} has no arrays extrinsic and intrinsic")
    matrices = pose_matrices(arrays["extrinsic"], f"{path}: extrinsic")
    shapes = npz_shapes(path)
    images, depth = shapes.get("images", ()), shapes.get("depth", ())
    size = (images[-1], images[-2]) if len(images) >= 4 else (depth[-2], depth[-3]) if len(depth) >= 4 else None
    return PathTable(
        matrices=matrices,
        convention=CONVENTION,
        format=NAME,
        intrinsics=frame_calibrations(arrays["intrinsic"], len(matrices), f"{path}: intrinsic"),
        size_wh=size if size and min(size) > 1 else None,
        notes=("the scale is the network's own",),
    )
