"""COLMAP's binary models: little-endian records whose counts are believed only as far as the bytes go."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from functools import partial
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, read_bytes
from kinoeye.formats.containers.colmap_model import (
    CAMERA_SENSOR,
    IDENTITY,
    MAX_KEYPOINTS,
    MAX_POINTS_BYTES,
    MAX_RECORDS,
    MAX_SMALL_BYTES,
    MODELS,
    POINT2D,
    TRACK_ELEMENT,
    ColmapCamera,
    ColmapImage,
    ColmapModel,
    ColmapPoints,
    Frame,
    check_bytes,
    checked_size,
    image_poses,
    pose_notes,
)
from kinoeye.geometry.convention import Float64

_MAX_NAME = 4096
_U32, _COUNT, _POSE = struct.Struct("<I"), struct.Struct("<Q"), struct.Struct("<7d")
_CAMERA, _IMAGE = struct.Struct("<IiQQ"), struct.Struct("<I7dI")
_SENSOR, _DATA, _FRAME = struct.Struct("<iI"), struct.Struct("<iIQ"), struct.Struct("<II7dI")
_POINT = np.dtype([("id", "<i8"), ("xyz", "<f8", 3), ("rgb", "u1", 3), ("error", "<f8"), ("length", "<u8")])


def read_binary(folder: Path) -> ColmapModel:
    """The model of cameras.bin, images.bin and, where they are, rigs.bin and frames.bin; points are read later.

    Raises:
        InputError: a file is missing, breaks off, or holds what cannot be.
    """
    try:
        cameras = _cameras(folder / "cameras.bin")
        ids, written, found = _images(folder / "images.bin")
        rigs = _rigs(folder / "rigs.bin") if (folder / "rigs.bin").is_file() else {}
        frames = _frames(folder / "frames.bin") if (folder / "frames.bin").is_file() else []
    except FileNotFoundError as error:
        raise InputError(f"{error.filename} does not exist") from error
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}") from error
    poses = image_poses(ids, written, rigs, frames, folder)
    images = tuple(
        ColmapImage(number, name, camera, pose, load)
        for number, pose, (name, camera, load) in zip(ids, poses, found, strict=True)
    )
    notes = pose_notes(poses, written) if frames else ()
    return ColmapModel(folder, cameras, images, partial(_points, folder / "points3D.bin"), notes=notes)


def write_binary(
    folder: Path, cameras: Sequence[ColmapCamera], images: Sequence[tuple[int, int, str]], poses: Float64
) -> None:
    """Write cameras.bin, images.bin without keypoints, and an empty points3D.bin.

    Args:
        folder: where to.
        cameras: the cameras; their numbers count from 1.
        images: image number, camera number and name of each image.
        poses: [n, 7] qw qx qy qz tx ty tz of each image.

    Raises:
        InputError: the files cannot be written.
    """
    numbers = {name: i for i, name in enumerate(MODELS)}
    data = [_COUNT.pack(len(cameras))]
    for i, camera in enumerate(cameras, start=1):
        values = [camera.parameters[name] for name in MODELS[camera.model].split()]
        data += [_CAMERA.pack(i, numbers[camera.model], *camera.size_wh), struct.pack(f"<{len(values)}d", *values)]
    rows = [_COUNT.pack(len(images))]
    for (number, camera, name), pose in zip(images, poses, strict=True):
        rows += [_IMAGE.pack(number, *pose, camera), name.encode(), b"\0", _COUNT.pack(0)]
    contents = {"cameras.bin": b"".join(data), "images.bin": b"".join(rows), "points3D.bin": _COUNT.pack(0)}
    for name, content in contents.items():
        with atomic_file(folder / name) as temporary:
            temporary.write_bytes(content)


class _Cursor:
    """Reads records in order; whatever does not fit into the rest of the file is an InputError."""

    def __init__(self, file: BufferedReader, path: Path) -> None:
        self._file, self._path = file, path
        self.at = 0
        self._size = os.fstat(file.fileno()).st_size

    def take(self, layout: struct.Struct) -> tuple:
        data = self._file.read(layout.size)
        if len(data) != layout.size:
            raise InputError(f"{self._path} breaks off at byte {self.at + len(data):,}")
        self.at += layout.size
        return layout.unpack(data)

    def count(self, record_bytes: int, layout: struct.Struct = _COUNT, most: int = MAX_RECORDS) -> int:
        """A number of records that have at least so many bytes each."""
        (count,) = self.take(layout)
        self.fits(count, record_bytes)
        if count > most:
            raise InputError(f"{self._path} has {count:,} records at byte {self.at:,}; at most {most:,} are read")
        return count

    def fits(self, count: int, record_bytes: int) -> None:
        left = self._size - self.at
        if count * record_bytes > left:
            raise InputError(
                f"{self._path} breaks off: at byte {self.at:,} it announces {count:,} records of {record_bytes} bytes "
                f"or more, and {left:,} bytes are left"
            )

    def skip(self, size: int) -> None:
        self._file.seek(size, os.SEEK_CUR)
        self.at += size

    def name(self) -> str:
        """A text that ends with a null byte."""
        found = b""
        while len(found) <= _MAX_NAME:
            chunk = self._file.peek()
            head, end, _ = chunk.partition(b"\0")
            found += head
            self.skip(len(head) + len(end))
            if end:
                return found.decode(errors="backslashreplace")
            if not chunk:
                raise InputError(f"{self._path} breaks off in the name of an image")
        raise InputError(f"{self._path} holds an image name of over {_MAX_NAME} bytes near byte {self.at:,}")


def _cameras(path: Path) -> dict[int, ColmapCamera]:
    cameras, names = {}, list(MODELS)
    check_bytes(path, MAX_SMALL_BYTES)
    with path.open("rb") as file:
        cursor = _Cursor(file, path)
        for _ in range(cursor.count(_CAMERA.size)):
            number, model, width, height = cursor.take(_CAMERA)
            if not 0 <= model < len(names):
                raise InputError(f"{path}: camera {number} has model {model}; COLMAP's go from 0 to {len(names) - 1}")
            keys = MODELS[names[model]].split()
            values = cursor.take(struct.Struct(f"<{len(keys)}d"))
            size = checked_size(width, height, f"{path}: camera {number}")
            cameras[number] = ColmapCamera(names[model], size, dict(zip(keys, values, strict=True)))
    return cameras


def _images(path: Path) -> tuple[list[int], Float64, list[tuple]]:
    """Image numbers, poses [n, 7], and (name, camera number, loader of keypoints) of each image."""
    ids, poses, images = [], [], []
    with path.open("rb") as file:
        cursor = _Cursor(file, path)
        for _ in range(cursor.count(_IMAGE.size + 1 + _COUNT.size)):
            number, *pose, camera = cursor.take(_IMAGE)
            name = cursor.name()
            count = cursor.count(POINT2D.itemsize, most=MAX_KEYPOINTS)
            ids.append(number)
            poses.append(pose)
            images.append((name, camera, partial(_points2D, path, cursor.at, count)))
            cursor.skip(count * POINT2D.itemsize)
    return ids, np.array(poses, np.float64).reshape(-1, 7), images


def _points2D(path: Path, offset: int, count: int) -> NDArray:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(count * POINT2D.itemsize)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) != count * POINT2D.itemsize:
        raise InputError(f"{path} has become shorter since it was opened; read the model again")
    return np.frombuffer(data, POINT2D)


def _rigs(path: Path) -> dict[int, dict[int, Float64 | None]]:
    rigs: dict[int, dict[int, Float64 | None]] = {}
    check_bytes(path, MAX_SMALL_BYTES)
    with path.open("rb") as file:
        cursor = _Cursor(file, path)
        for _ in range(cursor.count(2 * _U32.size)):
            (number,) = cursor.take(_U32)
            sensors = rigs.setdefault(number, {})
            for i in range(cursor.count(_SENSOR.size, _U32)):
                kind, sensor = cursor.take(_SENSOR)
                # The first sensor is the rig's own frame; whether the place of another is known, a byte says.
                has_pose = i > 0 and cursor.take(struct.Struct("<B"))[0] != 0
                pose = np.array(cursor.take(_POSE)) if has_pose else None
                if kind == CAMERA_SENSOR:
                    sensors[sensor] = IDENTITY if i == 0 else pose
    return rigs


def _frames(path: Path) -> list[Frame]:
    frames = []
    check_bytes(path, MAX_SMALL_BYTES)
    with path.open("rb") as file:
        cursor = _Cursor(file, path)
        for _ in range(cursor.count(_FRAME.size)):
            _, rig, *pose, count = cursor.take(_FRAME)
            cursor.fits(count, _DATA.size)
            data = [cursor.take(_DATA) for _ in range(count)]
            images = tuple((sensor, image) for kind, sensor, image in data if kind == CAMERA_SENSOR)
            frames.append(Frame(rig, np.array(pose), images))
    return frames


def _points(path: Path) -> ColmapPoints:
    data = read_bytes(path, max_bytes=MAX_POINTS_BYTES)
    head, element = _POINT.itemsize, TRACK_ELEMENT.itemsize
    count = _COUNT.unpack_from(data)[0] if len(data) >= _COUNT.size else -1
    if not 0 <= count * head <= len(data) - _COUNT.size:
        raise InputError(f"{path} breaks off: it announces {max(count, 0):,} points and has {len(data):,} bytes")
    starts, at, last, unpack = [], _COUNT.size, len(data) - head, _COUNT.unpack_from
    for _ in range(count):
        if at > last:
            break
        starts.append(at)
        at += head + element * unpack(data, at + head - _COUNT.size)[0]
    if len(starts) < count or at > len(data):
        raise InputError(f"{path} breaks off in point {len(starts):,} of {count:,}")
    first = np.array(starts, np.int64)
    points = _gathered(data, _POINT, first)
    lengths = points["length"].astype(np.int64)
    before = np.cumsum(lengths) - lengths
    places = np.repeat(first + head - element * before, lengths) + element * np.arange(lengths.sum())
    ids, xyz, rgb, error = (np.ascontiguousarray(points[name]) for name in ("id", "xyz", "rgb", "error"))
    return ColmapPoints.of(ids, xyz, rgb, error, lengths, _gathered(data, TRACK_ELEMENT, places))


def _gathered(data: bytes, kind: np.dtype, places: NDArray[np.int64]) -> NDArray:
    """The records that begin at some places, which need not be aligned."""
    size = kind.itemsize
    whole = np.dtype("<u8" if size == 8 else f"V{size}")  # plain bytes are gathered faster than their fields
    return np.ndarray((max(len(data) - size + 1, 0),), whole, data, 0, (1,))[places].view(kind)
