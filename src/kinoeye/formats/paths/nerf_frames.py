"""The JSON that NeRF tools share: `frames` with a `transform_matrix` each, and intrinsics for all or for each."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.angles import view_radians
from kinoeye.formats.paths.calibrations import MAX_SIDE, of_one_size
from kinoeye.geometry.convention import NORMALISED, Convention
from kinoeye.geometry.record import json_array

COEFFICIENTS = ("k1", "k2", "k3", "k4", "p1", "p2")
"""Distortion that these files can hold, in OpenCV's names; k4 is the fisheye's."""
CAMERA_MODELS = ("OPENCV_FISHEYE", "EQUIRECTANGULAR", "FISHEYE624", "ORTHOPHOTO", "OMNIDIRECTIONALSTEREO_L",
                 "OMNIDIRECTIONALSTEREO_R", "VR180_L", "VR180_R")  # fmt: skip
"""Values of `camera_model` that nerfstudio knows besides the perspective ones."""
_PERSPECTIVE = ("", "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "RADIAL", "SIMPLE_RADIAL", "PERSPECTIVE")
_SMALLEST_ANGLE = 1e-9
_KNOWN = ("w", "h", "fl_x", "fl_y", "cx", "cy", "camera_angle_x", "camera_angle_y", *COEFFICIENTS)


def read_frames(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The object of a file, and its frames.

    Raises:
        InputError: the file is no such object, or `frames` is missing or empty.
    """
    data = read_json(path)
    frames = data.get("frames") if isinstance(data, dict) else None
    if not isinstance(frames, list) or not all(isinstance(f, dict) and "transform_matrix" in f for f in frames):
        raise InputError(f"{path} has no list `frames` of objects with a transform_matrix")
    if not frames:
        raise InputError(f"{path} holds no poses: `frames` is empty")
    return data, frames


def read_nerf_json(path: Path, convention: Convention, format_name: str, *, number_key: str) -> PathTable:
    """Poses in file order; intrinsics of a frame override those of the file.

    Args:
        path: the file.
        convention: how it writes its poses.
        format_name: what the table says that it was read from.
        number_key: the key of a frame's number.

    Raises:
        InputError: anything is wrong with its layout.
    """
    data, frames = read_frames(path)
    keys = [{**data, **frame} for frame in frames]
    found = _in_radians(keys)
    rows = [_Camera(keys[i], f"{path}.frames[{i}]") for i in range(len(frames))]
    intrinsics, size, notes, more = _shared_intrinsics(rows)
    model = str(data.get("camera_model", "")).upper()
    lens = "perspective" if model in _PERSPECTIVE else model
    if data.get("is_fisheye") is True and lens == "perspective":  # instant-ngp's word for it
        lens = "OPENCV_FISHEYE"
    if "applied_transform" in data:
        notes += ("the world was turned by applied_transform when the file was made; poses are given as written",)
    return PathTable(
        matrices=np.stack([_matrix(f["transform_matrix"], f"{path}.frames[{i}]") for i, f in enumerate(frames)]),
        convention=convention,
        format=format_name,
        intrinsics=intrinsics,
        size_wh=size,
        names=_column(frames, "file_path", str),
        ids=_column(frames, number_key, int),
        distortion={
            k: np.array([row.coefficients[k] for row in rows])
            for k in COEFFICIENTS
            if any(row.coefficients[k] for row in rows)
        },
        lens=lens,
        notes=notes,
        findings=(*found, *more),
    )


def intrinsics_keys(table: PathTable, i: int) -> dict[str, float]:
    """The keys of a frame's image size, focal lengths, principal point and distortion, as far as they are known."""
    keys: dict[str, float] = {}
    if table.size_wh is not None:
        keys |= {"w": table.size_wh[0], "h": table.size_wh[1]}
    if table.intrinsics is not None:
        K = table.intrinsics[i].tolist()
        keys |= {"fl_x": K[0][0], "fl_y": K[1][1], "cx": K[0][2], "cy": K[1][2]}
    return keys | {name: float(table.distortion[name][i]) for name in COEFFICIENTS if name in table.distortion}


def image_names(table: PathTable) -> tuple[str, ...]:
    """The table's image names, or images/frame_00001.png and so on."""
    return table.names or tuple(f"images/frame_{i + 1:05d}.png" for i in range(len(table)))


class _Camera:
    """The intrinsics that hold for one frame: K in pixels of `size_wh`, or normalised where only angles are given."""

    def __init__(self, keys: dict[str, Any], where: str) -> None:
        number = {key: _number(keys[key], f"{where}.{key}") for key in _KNOWN if keys.get(key) is not None}
        self.coefficients = {key: number.get(key, 0.0) for key in COEFFICIENTS}
        self.notes: tuple[str, ...] = ()
        self.size_wh = _size(number, where)
        width, height = self.size_wh or (None, None)
        fx, fy = number.get("fl_x"), number.get("fl_y", number.get("fl_x"))
        if fx is None:
            if width is None and "camera_angle_x" in number:
                self.size_wh, (width, height) = NORMALISED, NORMALISED
                if "camera_angle_y" not in number:
                    self.notes = ("the file gives an angle without w and h: a square image is assumed",)
            fx = _focal(number.get("camera_angle_x"), width)
            fy = _focal(number.get("camera_angle_y"), height) or fx
        cx = number.get("cx", None if width is None else width / 2)
        cy = number.get("cy", None if height is None else height / 2)
        known = None not in (fx, fy, cx, cy)
        self.K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64) if known else None


def _in_radians(frames: list[dict[str, Any]]) -> tuple[Diagnosis, ...]:
    """Change angles of view that only degrees can be, in place, with a finding."""
    found: tuple[Diagnosis, ...] = ()
    for key in ("camera_angle_x", "camera_angle_y"):
        given = [frame.get(key) for frame in frames]
        if any(isinstance(angle, (int, float)) and math.pi <= angle < 180 for angle in given):
            numbers = np.array([_number(a, key) if isinstance(a, (int, float)) else math.nan for a in given])
            angles, more = view_radians(numbers, key)
            found += more
            for frame, angle in zip(frames, angles.tolist(), strict=True):
                if not math.isnan(angle):
                    frame[key] = angle
    return found


def _shared_intrinsics(
    rows: list[_Camera],
) -> tuple[np.ndarray | None, tuple[int, int] | None, tuple[str, ...], tuple[Diagnosis, ...]]:
    """Intrinsics [n, 3, 3], their size, notes and findings; frames of different sizes are normalised."""
    notes = tuple(dict.fromkeys(note for row in rows for note in row.notes))
    sizes = [row.size_wh for row in rows]
    same = len(set(sizes)) == 1
    if any(row.K is None for row in rows):
        return None, sizes[0] if same else None, (*notes, "the file gives no complete intrinsics"), ()
    K = np.stack([row.K for row in rows if row.K is not None])
    if None in sizes:
        left_out = "only some frames give their image size: intrinsics are left out"
        return (K, None, notes, ()) if same else (None, None, (*notes, left_out), ())
    K, size, found = of_one_size(K, [size for size in sizes if size is not None])
    return K, size, notes, found


def _matrix(data: Any, where: str) -> np.ndarray:
    rows = 3 if isinstance(data, list) and len(data) == 3 else 4
    return json_array(data, (rows, 4), f"{where}.transform_matrix")[:3]


def _size(number: dict[str, float], where: str) -> tuple[int, int] | None:
    if "w" not in number or "h" not in number:
        return None
    size = (round(number["w"]), round(number["h"]))
    if not 0 < min(size) <= max(size) < MAX_SIDE:
        raise InputError(f"{where} has an image of {size[0]:g}x{size[1]:g}; w and h are pixels")
    return size


def _focal(angle: float | None, pixels: float | None) -> float | None:
    if angle is None or pixels is None or not _SMALLEST_ANGLE < angle < math.pi:
        return None
    return pixels / (2 * math.tan(angle / 2))


def _number(value: Any, where: str) -> float:
    number = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a whole number beyond the largest float
            number = float(value)
    if not math.isfinite(number):
        raise InputError(f"{where} is {value!r:.40}; a finite number is needed")
    return number


def _column(frames: list[dict[str, Any]], key: str, kind: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A column of the frames, where every frame has it."""
    values = [frame.get(key) for frame in frames]
    return tuple(map(kind, values)) if all(isinstance(value, kind) for value in values) else ()  # type: ignore[arg-type]
