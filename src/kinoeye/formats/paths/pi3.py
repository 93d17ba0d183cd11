"""Pi3's predictions.npz: `camera_poses` [n, 4, 4], camera-to-world with OpenCV axes; there are no intrinsics.

README.md and demo_gradio.py of github.com/yyfz/Pi3.
"""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import read_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.pose_arrays import pose_matrices
from kinoeye.geometry.convention import OPENCV

NAME = "pi3"
TITLE = "Pi3 predictions.npz"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "predictions.npz"
CONVENTION = OPENCV
HOLDS: frozenset[str] = frozenset()
NEEDS: frozenset[str] = frozenset()


def sniff(head: FileHead) -> bool:
    """An .npz with `camera_poses`."""
    return "camera_poses" in head.members and "extrinsic" not in head.members


def read(path: Path) -> PathTable:
    """Read poses."""
    arrays = read_npz(path, ("camera_poses",))
    if not arrays:
        raise InputError(f"{path} has no array camera_poses")
    matrices = pose_matrices(arrays["camera_poses"], f"{path}: camera_poses")
    return PathTable(matrices=matrices, convention=CONVENTION, format=NAME, notes=("the scale is the network's own",))
