"""COLMAP's text models, read line by line: keypoints stay in the file until they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_text
from kinoeye.formats.containers.colmap_model import (
    CAMERA_SENSOR,
    IDENTITY,
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
from kinoeye.formats.paths.rows import format_row
from kinoeye.geometry.convention import Float64

METRES = "# unit: m"
"""The comment by which our models say that they are metric."""
_MAX_LINE = 64 * 1024 * 1024
_SENSOR_TYPES = {"CAMERA": CAMERA_SENSOR}
_MAX_ID = 2**63
T = TypeVar("T")


def read_text_model(folder: Path) -> ColmapModel:
    """The model of cameras.txt, images.txt and, where they are, rigs.txt and frames.txt; points are read later.

    Raises:
        InputError: a file is missing, breaks off, or holds what cannot be.
    """
    cameras = dict(_parsed(folder / "cameras.txt", _camera, "id MODEL width height parameters"))
    ids, written, found, is_metric = _images(folder / "images.txt")
    has_rigs, has_frames = (folder / "rigs.txt").is_file(), (folder / "frames.txt").is_file()
    rigs = dict(_parsed(folder / "rigs.txt", _rig, "id sensors ...")) if has_rigs else {}
    frames = list(_parsed(folder / "frames.txt", _frame, "id rig qw qx qy qz tx ty tz ...")) if has_frames else []
    poses = image_poses(ids, written, rigs, frames, folder)
    images = tuple(
        ColmapImage(number, name, camera, pose, load)
        for number, pose, (name, camera, load) in zip(ids, poses, found, strict=True)
    )
    points = partial(_points, folder / "points3D.txt")
    notes = pose_notes(poses, written) if frames else ()
    return ColmapModel(folder, cameras, images, points, is_metric, notes)


def write_text_model(
    folder: Path,
    cameras: Sequence[ColmapCamera],
    images: Sequence[tuple[int, int, str]],
    poses: Float64,
    *,
    is_metric: bool,
) -> None:
    """Write cameras.txt, images.txt without keypoints, and an empty points3D.txt.

    Args:
        folder: where to.
        cameras: the cameras; their numbers count from 1.
        images: image number, camera number and name of each image.
        poses: [n, 7] qw qx qy qz tx ty tz of each image.
        is_metric: whether a comment shall say that the unit is the metre.

    Raises:
        InputError: the files cannot be written.
    """
    camera_lines = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    for i, camera in enumerate(cameras, start=1):
        parameters = format_row(camera.parameters[name] for name in MODELS[camera.model].split())
        camera_lines.append(f"{i} {camera.model} {camera.size_wh[0]} {camera.size_wh[1]} {parameters}")
    lines = ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME", *([METRES] if is_metric else [])]
    for (number, camera, name), pose in zip(images, poses, strict=True):
        lines += [f"{number} {format_row(pose)} {camera} {name}", ""]
    write_text(folder / "cameras.txt", "\n".join(camera_lines) + "\n")
    write_text(folder / "images.txt", "\n".join(lines) + "\n")
    write_text(folder / "points3D.txt", "# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[]\n")


def _lines(
    path: Path, max_lines: int = 4 * MAX_RECORDS, max_bytes: int | None = None
) -> Iterator[tuple[int, int, bytes]]:
    """Line number, offset and bytes of each line."""
    try:
        if max_bytes is not None:
            check_bytes(path, max_bytes)
        with path.open("rb") as file:
            number, offset = 0, 0
            while line := file.readline(_MAX_LINE):
                number += 1
                if len(line) == _MAX_LINE or number > max_lines:
                    limits = f"{max_lines:,} lines of {_MAX_LINE:,} bytes"
                    raise InputError(f"{path} is longer at line {number:,} than what is read: {limits}")
                yield number, offset, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                offset += len(line)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _parsed(path: Path, parse: Callable[[Iterator[str], str], T], layout: str) -> Iterator[T]:
    """What each line of a file holds that is neither empty nor a comment."""
    for number, _, line in _lines(path, max_bytes=MAX_SMALL_BYTES):
        words = line.decode(errors="backslashreplace").split()
        if not words or words[0].startswith("#"):
            continue
        rest, where = iter(words), f"{path} line {number}"
        try:
            parsed = parse(rest, where)
        except (ValueError, StopIteration) as error:
            raise InputError(f"{where} is not `{layout}`: is it truncated?") from error
        if next(rest, None) is not None:
            raise InputError(f"{where} holds more than `{layout}`")
        yield parsed


def _whole(word: str) -> int:
    """A number of an image, camera, rig or point, or how many of them."""
    value = int(word)
    if not 0 <= value < _MAX_ID:
        raise ValueError(word)
    return value


def _camera(words: Iterator[str], where: str) -> tuple[int, ColmapCamera]:
    number, model = _whole(next(words)), next(words)
    if model not in MODELS:
        raise InputError(f"{where} has the unknown camera model {model:.40}; COLMAP's: {', '.join(MODELS)}")
    size = checked_size(float(next(words)), float(next(words)), where)
    return number, ColmapCamera(model, size, {name: float(next(words)) for name in MODELS[model].split()})


def _pose(words: Iterator[str]) -> Float64:
    return np.array([float(next(words)) for _ in range(7)])


def _rig(words: Iterator[str], where: str) -> tuple[int, dict[int, Float64 | None]]:
    number, sensors = _whole(next(words)), {}
    for i in range(_whole(next(words))):
        kind, sensor = _SENSOR_TYPES.get(next(words)), _whole(next(words))
        # The first sensor is the rig's own frame; whether the place of another is known, a number says.
        has_pose = i > 0 and _whole(next(words)) != 0
        pose = _pose(words) if has_pose else None
        if kind == CAMERA_SENSOR:
            sensors[sensor] = IDENTITY if i == 0 else pose
    return number, sensors


def _frame(words: Iterator[str], where: str) -> Frame:
    _, rig, pose = _whole(next(words)), _whole(next(words)), _pose(words)
    data = [(next(words), _whole(next(words)), _whole(next(words))) for _ in range(_whole(next(words)))]
    return Frame(rig, pose, tuple((sensor, image) for kind, sensor, image in data if kind in _SENSOR_TYPES))


def _images(path: Path) -> tuple[list[int], Float64, list[tuple], bool]:
    """Image numbers, poses [n, 7], (name, camera number, loader of keypoints), and whether metres are stated."""
    ids, poses, images, is_metric = [], [], [], False
    lines = _lines(path)
    for number, _, line in lines:
        text = line.decode(errors="backslashreplace").strip()
        is_metric = is_metric or text == METRES
        if not text or text.startswith("#"):
            continue
        words = text.split(maxsplit=9)
        try:
            image, *pose, camera = _whole(words[0]), *map(float, words[1:8]), _whole(words[8])
            name = words[9]
        except (ValueError, IndexError) as error:
            layout = "id qw qx qy qz tx ty tz camera name"
            raise InputError(f"{path} line {number} is not `{layout}`: is it truncated?") from error
        # The line after an image holds its keypoints, also when it is empty; the last one may be missing.
        _, offset, keypoints = next(lines, (0, 0, b""))
        ids.append(image)
        poses.append(pose)
        images.append((name, camera, partial(_points2D, path, offset, len(keypoints))))
    return ids, np.array(poses, np.float64).reshape(-1, 7), images, is_metric


def _points2D(path: Path, offset: int, size: int) -> NDArray:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            words = file.read(size).split()
        points = np.empty(len(words) // 3, POINT2D)
        points["xy"][:, 0], points["xy"][:, 1] = words[0::3], words[1::3]
        points["point3D_id"] = [int(word) for word in words[2::3]]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: the line of keypoints at byte {offset:,} is not rows of `x y point3D_id`") from error
    return points


def _points(path: Path) -> ColmapPoints:
    rows: list[tuple] = []
    tracks: list[NDArray] = []
    for number, _, line in _lines(path, MAX_POINTS_BYTES, MAX_POINTS_BYTES):
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        try:
            ids = [int(word) for word in words[8:]]
            track = np.array(ids, np.uint32).reshape(-1, 2)
            rgb = np.array([int(word) for word in words[4:7]], np.uint8)
            rows.append((_whole(words[0].decode()), *map(float, words[1:4]), float(words[7]), len(track), rgb))
        except (ValueError, OverflowError, IndexError) as error:
            layout = "id x y z r g b error (image keypoint)..."
            raise InputError(f"{path} line {number} is not `{layout}`: is it truncated?") from error
        tracks.append(track)
    table = np.array([row[1:5] for row in rows], np.float64).reshape(-1, 4)
    return ColmapPoints.of(
        np.array([row[0] for row in rows], np.int64),
        table[:, :3],
        np.array([row[6] for row in rows], np.uint8).reshape(-1, 3),
        table[:, 3],
        np.array([row[5] for row in rows], np.int64),
        np.concatenate([np.empty((0, 2), np.uint32), *tracks]).view(TRACK_ELEMENT).reshape(-1),
    )
