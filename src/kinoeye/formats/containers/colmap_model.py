"""A COLMAP model in memory: cameras, posed images, and 2-D and 3-D points that are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.paths.rows import poses_of_quaternions
from kinoeye.geometry.convention import Float64

MODELS = {
    "SIMPLE_PINHOLE": "f cx cy",
    "PINHOLE": "fx fy cx cy",
    "SIMPLE_RADIAL": "f cx cy k1",
    "RADIAL": "f cx cy k1 k2",
    "OPENCV": "fx fy cx cy k1 k2 p1 p2",
    "OPENCV_FISHEYE": "fx fy cx cy k1 k2 k3 k4",
    "FULL_OPENCV": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6",
    "FOV": "fx fy cx cy omega",
    "SIMPLE_RADIAL_FISHEYE": "f cx cy k1",
    "RADIAL_FISHEYE": "f cx cy k1 k2",
    "THIN_PRISM_FISHEYE": "fx fy cx cy k1 k2 p1 p2 k3 k4 sx1 sy1",
    "RAD_TAN_THIN_PRISM_FISHEYE": "fx fy cx cy k0 k1 k2 k3 k4 k5 p0 p1 s0 s1 s2 s3",
    "SIMPLE_DIVISION": "f cx cy k",
    "DIVISION": "fx fy cx cy k",
    "SIMPLE_FISHEYE": "f cx cy",
    "FISHEYE": "fx fy cx cy",
    "EUCM": "fx fy cx cy alpha beta",
    "EQUIRECTANGULAR": "w h",
}
"""COLMAP's camera models in the order of their numbers, and their parameters in file order."""
PINHOLE_PARAMETERS = frozenset({"f", "fx", "fy", "cx", "cy", "w", "h"})
"""Parameters that are no lens coefficients."""
POINT2D = np.dtype([("xy", "<f8", (2,)), ("point3D_id", "<i8")])
"""A keypoint: pixels, and the 3-D point that it observes, or -1."""
TRACK_ELEMENT = np.dtype([("image_id", "<u4"), ("point2D_index", "<u4")])
"""An observation of a 3-D point: an image, and the index of the keypoint in it."""
CAMERA_SENSOR = 0
"""COLMAP's number of the sensor type "CAMERA"; the others are no cameras."""
MAX_RECORDS = 250_000
"""Models with more images, frames, cameras or rigs are refused: a path of them would not fit into memory."""
MAX_SMALL_BYTES = 64 * 1024 * 1024
"""Files of cameras, rigs or frames above this size are refused."""
MAX_POINTS_BYTES = 1024**3
"""Files of 3-D points above this size are refused."""
MAX_KEYPOINTS = 10_000_000
"""Images with more keypoints are refused."""
MAX_SIDE = 1_000_000
"""Images with a longer side, in pixels, are refused."""
IDENTITY = np.array([1.0, 0, 0, 0, 0, 0, 0])
"""The pose qw qx qy qz tx ty tz that moves nothing."""


@dataclass(frozen=True)
class ColmapCamera:
    """The intrinsics of a COLMAP camera."""

    model: str
    """A name of `MODELS`."""
    size_wh: tuple[int, int]
    parameters: Mapping[str, float]
    """Parameters as `MODELS` names them; lengths in pixels, the corner of the image at (0, 0)."""

    @property
    def K(self) -> Float64 | None:
        """The calibration matrix [3, 3] in pixels; None for a panorama (EQUIRECTANGULAR), which has no focal length."""
        p = self.parameters
        if "cx" not in p:
            return None
        focal = p.get("f", np.nan)
        return np.array([[p.get("fx", focal), 0, p["cx"]], [0, p.get("fy", focal), p["cy"]], [0, 0, 1]])

    @property
    def coefficients(self) -> dict[str, float]:
        """The parameters of the lens beyond a pinhole."""
        return {name: value for name, value in self.parameters.items() if name not in PINHOLE_PARAMETERS}


@dataclass(frozen=True, eq=False)
class ColmapImage:
    """A posed image of a COLMAP model."""

    id: int
    name: str
    camera_id: int
    cam_from_world: Float64
    """World-to-camera [3, 4] with OpenCV axes, as written: a quaternion that is not of unit length scales it."""
    load_points2D: Callable[[], NDArray] = field(repr=False)

    @property
    def points2D(self) -> NDArray:
        """The keypoints [k] as `POINT2D` (`xy` in pixels, `point3D_id` or -1), read from the file at each access.

        Raises:
            InputError: they are damaged, or the file has changed.
        """
        return self.load_points2D()


@dataclass(frozen=True, eq=False)
class ColmapPoints:
    """The sparse points of a COLMAP model, in the world of its poses."""

    ids: NDArray[np.int64]
    """[m]"""
    xyz: Float64
    """[m, 3] in the model's unit."""
    rgb: NDArray[np.uint8]
    """[m, 3]"""
    error_px: Float64
    """[m] mean reprojection error in pixels; NaN where COLMAP has not computed it (it writes -1)."""
    tracks: NDArray
    """The observations of all points, one point after the other, as `TRACK_ELEMENT`."""
    track_starts: NDArray[np.int64]
    """[m + 1]: the observations of point i are `tracks[track_starts[i]:track_starts[i + 1]]`."""

    def __len__(self) -> int:
        """Number of points."""
        return len(self.ids)

    def track(self, index: int) -> NDArray:
        """The observations of one point, by its index here, as `TRACK_ELEMENT`."""
        return self.tracks[self.track_starts[index] : self.track_starts[index + 1]]

    @classmethod
    def of(
        cls, ids: NDArray, xyz: NDArray, rgb: NDArray, error: NDArray, lengths: NDArray, tracks: NDArray
    ) -> ColmapPoints:
        """Points of columns as COLMAP writes them, and the length of each one's track."""
        starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return cls(ids, xyz, rgb, np.where(error < 0, np.nan, error), tracks, starts)


@dataclass(frozen=True, eq=False)
class ColmapModel:
    """A COLMAP model (sparse reconstruction) of a folder."""

    folder: Path
    cameras: Mapping[int, ColmapCamera]
    """Camera number -> intrinsics."""
    images: tuple[ColmapImage, ...]
    """In file order, which is not the order of a film."""
    load_points: Callable[[], ColmapPoints] = field(repr=False)
    is_metric: bool = False
    """Whether the model says that its unit is the metre, as ours do in text; COLMAP's own never do."""
    notes: tuple[str, ...] = ()
    """What was noticed while reading, in words."""

    @cached_property
    def points(self) -> ColmapPoints:
        """The 3-D points and their tracks, read at the first access.

        Raises:
            InputError: the file of the points is missing or damaged.
        """
        return self.load_points()

    def camera_of(self, image: ColmapImage) -> ColmapCamera:
        """The intrinsics of an image.

        Raises:
            InputError: the model lacks that camera.
        """
        camera = self.cameras.get(image.camera_id)
        if camera is None:
            raise InputError(
                f"{self.folder}: image {image.name[:80]!r} uses camera {image.camera_id}, which does not exist"
            )
        return camera


@dataclass(frozen=True)
class Frame:
    """An instant of a rig."""

    rig_id: int
    rig_from_world: Float64
    """qw qx qy qz tx ty tz."""
    image_sensors: tuple[tuple[int, int], ...]
    """(camera sensor, image id) of the images taken then."""


Rigs = Mapping[int, Mapping[int, Float64 | None]]
"""Rig -> camera sensor -> sensor-from-rig qw qx qy qz tx ty tz, None where it is not known."""


def image_poses(image_ids: list[int], written: Float64, rigs: Rigs, frames: Iterable[Frame], where: Path) -> Float64:
    """World-to-camera [n, 3, 4] of images: through rigs and frames where there are any, as COLMAP itself reads them.

    Args:
        image_ids: the images.
        written: [n, 7] the poses beside the images, which hold only in models without frames.
        rigs: the rigs; empty in models of earlier versions.
        frames: the frames; empty in models of earlier versions.
        where: the folder, for messages.

    Returns:
        The poses; NaN for an image whose sensor has no known place on its rig.

    Raises:
        InputError: some images are in frames and one is in none or in two, or its rig or sensor does not exist.
    """
    places: dict[int, tuple[Frame, int]] = {}
    for frame in frames:
        for sensor, image in frame.image_sensors:
            if image in places:
                raise InputError(f"{where}: image {image} is in two frames")
            places[image] = (frame, sensor)
    if not places:
        return poses_of_quaternions(written[:, 4:], written[:, :4])
    rig_poses, sensor_poses = np.empty_like(written), np.empty_like(written)
    for i, image in enumerate(image_ids):
        if image not in places:
            raise InputError(f"{where}: image {image} is in no frame, so that it has no pose")
        frame, sensor = places[image]
        if sensor not in rigs.get(frame.rig_id, {}):
            raise InputError(
                f"{where}: image {image} is of sensor {sensor} of rig {frame.rig_id}, which does not exist"
            )
        pose = rigs[frame.rig_id][sensor]
        rig_poses[i], sensor_poses[i] = frame.rig_from_world, np.nan if pose is None else pose
    rig = poses_of_quaternions(rig_poses[:, 4:], rig_poses[:, :4])
    camera = poses_of_quaternions(sensor_poses[:, 4:], sensor_poses[:, :4])
    rotation = camera[:, :, :3]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.concatenate([rotation @ rig[:, :, :3], rotation @ rig[:, :, 3:] + camera[:, :, 3:]], -1)


def pose_notes(poses: Float64, written: Float64) -> tuple[str, ...]:
    """A note where the poses through the rigs are not the ones that stand beside the images."""
    beside = poses_of_quaternions(written[:, 4:], written[:, :4])
    with np.errstate(invalid="ignore"):
        same = np.abs(poses - beside).max(axis=(1, 2), initial=0) <= 1e-6 * max(1.0, np.abs(beside).max(initial=0))
    if same.all():
        return ()
    return (f"the poses of frames and rigs, which hold in COLMAP, are not those beside {(~same).sum()} of the images",)


def check_bytes(path: Path, most: int) -> None:
    """Hold that a file is not too large.

    Raises:
        InputError: it is.
        OSError: it cannot be looked at.
    """
    size = path.stat().st_size
    if size > most:
        raise InputError(f"{path} has {size:,} bytes; at most {most:,} are read")


def checked_size(width: float, height: float, where: str) -> tuple[int, int]:
    """An image size in pixels.

    Raises:
        InputError: it is none.
    """
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise InputError(f"{where} has no image size in pixels (from 1 to {MAX_SIDE:,})")
    return int(width), int(height)
