"""DROID-SLAM's reconstruction: a folder of poses.npy, tstamps.npy and intrinsics.npy, or one of its pose files.

poses.npy [n, 7] are the key frames' world-to-camera poses, x y z and a quaternion xyzw; traj_est.npy, which users
save from what tracking returns, holds camera-to-world poses of every frame: the inverse (princeton-vl/DROID-SLAM
issue 77). intrinsics.npy [n, 4] is in pixels of an eighth of the images.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npy_shape, read_npy
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.pose_arrays import MAX_POSES, whole_numbers
from kinoeye.formats.paths.rows import poses_of_quaternions
from kinoeye.geometry.convention import OPENCV_W2C

NAME = "droid"
TITLE = "DROID-SLAM poses.npy, traj_est.npy"
FILE_NAMES: tuple[str, ...] = ()
DEFAULT_NAME = "poses.npy"
CONVENTION = replace(OPENCV_W2C, quaternion_order="xyzw")
HOLDS = frozenset({"intrinsics", "size", "ids"})
NEEDS: frozenset[str] = frozenset()
COLUMNS = 7
SHRINK = 8
"""DROID-SLAM works at an eighth of the image's sides and stores the intrinsics of that."""
_POSES, _EVERY_FRAME, _NUMBERS = "poses.npy", "traj_est.npy", "tstamps.npy"


def sniff(head: FileHead) -> bool:
    """The folder; or rows of seven numbers in a file of one of its names (others do not say which way they go)."""
    if head.is_folder:
        return {_POSES, _NUMBERS} <= head.entries
    is_rows = head.array is not None and head.array[0] == "f" and head.array[1][1:] == (COLUMNS,)
    if not is_rows or head.path.name not in (_POSES, _EVERY_FRAME):
        return False
    return head.path.name == _EVERY_FRAME or head.path.with_name(_NUMBERS).is_file()


def read(path: Path) -> PathTable:
    """Read the key frames of poses.npy, with the files beside it, or every frame of traj_est.npy."""
    path = path / _POSES if path.is_dir() else path
    rows = read_npy(path)
    if rows.dtype.kind != "f" or rows.ndim != 2 or rows.shape[1] != COLUMNS or not len(rows):
        raise InputError(f"{path} has shape {rows.shape}; n x {COLUMNS} numbers (x y z qx qy qz qw) are needed")
    if len(rows) > MAX_POSES:
        raise InputError(f"{path} has {len(rows):,} poses; at most {MAX_POSES:,} are read")
    is_every_frame = path.name == _EVERY_FRAME
    table = PathTable(
        matrices=poses_of_quaternions(rows[:, :3].astype(float), rows[:, [6, 3, 4, 5]].astype(float)),
        convention=replace(CONVENTION, direction="cam_to_world" if is_every_frame else "world_to_cam"),
        format=NAME,
        notes=(f"{path.name} is read as {'camera-to-world' if is_every_frame else 'world-to-camera'} poses",),
    )
    return table if is_every_frame else _with_neighbours(table, path)


def _with_neighbours(table: PathTable, path: Path) -> PathTable:
    numbers, rows, images = (path.with_name(name) for name in (_NUMBERS, "intrinsics.npy", "images.npy"))
    if numbers.is_file():
        table = replace(table, ids=whole_numbers(read_npy(numbers), len(table), str(numbers)))
    if rows.is_file():
        values = read_npy(rows)
        if values.dtype.kind != "f" or values.shape != (len(table), 4):
            raise InputError(f"{rows} has shape {values.shape}; fx fy cx cy of {len(table)} frames are needed")
        table = replace(table, intrinsics=calibration_matrices(values.astype(float) * SHRINK))
        table = table.noted(f"intrinsics.npy is multiplied by {SHRINK}, to pixels of the images")
    shape = npy_shape(images) if images.is_file() else ()
    return replace(table, size_wh=(shape[3], shape[2])) if len(shape) == 4 and min(shape[2:]) > 1 else table
