"""The JSON form of tracks and cameras: NumPy only, shared by `shot.json` and the native camera file.

Poses are `T_world_body` / `T_world_cam`: 3x4 rows, body- or camera-to-world, OpenCV camera axes, right-handed world
with +z up; times in seconds; focal lengths and principal points in pixels of `size_wh`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.records import check_object
from kinoeye.geometry.convention import Float64


@dataclass(frozen=True)
class CameraArrays:
    """A camera path as arrays in our convention."""

    T_world_cam: Float64
    """[n, 3, 4]."""
    times_s: Float64
    """[n]."""
    fx_fy_cx_cy: Float64 | None
    """[n, 4] in pixels of `size_wh`; None when unknown."""
    size_wh: tuple[int, int] | None
    """None when unknown."""
    unit: Literal["m", "arbitrary"]
    up: Literal["z"] | None
    """"z" where the world's +z points up; None where its vertical is not known."""


def camera_to_json(camera: CameraArrays) -> dict[str, Any]:
    """Plain JSON data of a camera; intrinsics that never change are one row, and `up` is named unless it is z."""
    rows = camera.fx_fy_cx_cy
    if rows is not None and len(rows) > 1 and np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)):
        rows = rows[:1]
    return {
        "unit": camera.unit,
        **({} if camera.up == "z" else {"up": None}),
        "size_wh": None if camera.size_wh is None else list(camera.size_wh),
        "times_s": camera.times_s.tolist(),
        "fx_fy_cx_cy": None if rows is None else rows.tolist(),
        "T_world_cam": camera.T_world_cam.tolist(),
    }


def camera_from_json(data: Any, *, where: str) -> CameraArrays:
    """The inverse of `camera_to_json`.

    Raises:
        InputError: a key is unknown or missing, or an array has the wrong shape.
    """
    keys = ("unit", "size_wh", "times_s", "fx_fy_cx_cy", "T_world_cam")
    rest = {key: value for key, value in data.items() if key != "up"} if isinstance(data, dict) else data
    check_object(rest, keys, where=where)
    up = data.get("up", "z")
    if up not in ("z", None):
        raise InputError(f"{where}.up is {up!r}; 'z' or null is needed")
    poses = json_array(data["T_world_cam"], (-1, 3, 4), f"{where}.T_world_cam")
    times = json_array(data["times_s"], (len(poses),), f"{where}.times_s")
    size = data["size_wh"]
    if size is not None and not (isinstance(size, list) and len(size) == 2 and all(isinstance(x, int) for x in size)):
        raise InputError(f"{where}.size_wh is {size!r}; [width, height] in pixels is needed")
    rows = data["fx_fy_cx_cy"]
    if rows is not None:
        rows = json_array(rows, (-1, 4), f"{where}.fx_fy_cx_cy")
        if len(rows) not in (1, len(poses)):
            raise InputError(f"{where} has {len(rows)} intrinsics for {len(poses)} poses; one, or one a pose is needed")
        rows = np.broadcast_to(rows, (len(poses), 4)).copy()
    size_wh = None if size is None else (size[0], size[1])
    return CameraArrays(poses, times, rows, size_wh, _unit(data["unit"], where), up)


def track_to_json(T_world_body: Float64, times_s: Float64, unit: str) -> dict[str, Any]:
    """Plain JSON data of a body's track; poses [n, 3, 4] or [n, 4, 4]."""
    return {"unit": unit, "times_s": times_s.tolist(), "T_world_body": T_world_body[:, :3].tolist()}


def track_from_json(data: Any, *, where: str) -> tuple[Float64, Float64, str]:
    """The inverse of `track_to_json`: poses [n, 3, 4], times and unit.

    Raises:
        InputError: a key is unknown or missing, or an array has the wrong shape.
    """
    check_object(data, ("unit", "times_s", "T_world_body"), where=where)
    poses = json_array(data["T_world_body"], (-1, 3, 4), f"{where}.T_world_body")
    return poses, json_array(data["times_s"], (len(poses),), f"{where}.times_s"), _unit(data["unit"], where)


def json_array(data: Any, shape: tuple[int, ...], where: str) -> Float64:
    """A float64 array of nested JSON lists, null read as NaN; -1 in `shape` allows any length.

    Raises:
        InputError: the lists are ragged, hold something else than numbers, or have another shape.
    """
    try:
        array = np.array(data, dtype=np.float64)  # None becomes NaN
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where} is not an array of numbers of shape {_describe(shape)}") from error
    if array.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        raise InputError(f"{where} has shape {_describe(array.shape)}; {_describe(shape)} is needed")
    return array


def _unit(unit: Any, where: str) -> Literal["m", "arbitrary"]:
    if unit not in ("m", "arbitrary"):
        raise InputError(f"{where}.unit is {unit!r}; 'm' or 'arbitrary' is needed")
    return unit


def _describe(shape: tuple[int, ...]) -> str:
    return "x".join("n" if size == -1 else str(size) for size in shape) or "a single number"
