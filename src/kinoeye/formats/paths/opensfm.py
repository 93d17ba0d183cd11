"""OpenSfM's reconstruction.json: a list of reconstructions with cameras and shots, world-to-camera rotation vectors.

Lengths in its images are fractions of the longer side, from the centre of the image.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.angles import rotation_radians
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.views import View, natural, tables_of
from kinoeye.geometry.convention import OPENCV_W2C, Convention, Float64, rotvec_to_matrix
from kinoeye.geometry.record import json_array

NAME = "opensfm"
TITLE = "OpenSfM reconstruction.json"
FILE_NAMES = ()
DEFAULT_NAME = "reconstruction.json"
CONVENTION = OPENCV_W2C
HOLDS = frozenset({"times", "intrinsics", "size", "names", "distortion", "unit", "up"})
NEEDS = frozenset()
LENSES = {
    "perspective": ("perspective", "k1 k2"),
    "simple_radial": ("perspective", "k1"),
    "radial": ("perspective", "k1 k2"),
    "brown": ("perspective", "k1 k2 k3 p1 p2"),
    "fisheye": ("RADIAL_FISHEYE", "k1 k2"),
    "fisheye_opencv": ("OPENCV_FISHEYE", "k1 k2 k3 k4"),
    "fisheye62": ("FISHEYE62", "k1 k2 k3 k4 k5 k6 p1 p2"),
    "fisheye624": ("FISHEYE624", "k1 k2 k3 k4 k5 k6 p1 p2 s0 s1 s2 s3"),
    "dual": ("DUAL", "k1 k2 transition"),
    "spherical": ("EQUIRECTANGULAR", ""),
    "equirectangular": ("EQUIRECTANGULAR", ""),
}
"""Projection -> name of the lens (COLMAP's where it has the same one) and its coefficients."""
_UNUSABLE_DOP = 1000.0
"""OpenSfM gives images without a position a dilution of precision of 999999."""
_METRES_APART = 1.0
_LARGEST = 1e12


def sniff(head: FileHead) -> bool:
    """A list whose first element holds cameras with a projection type."""
    return re.match(r"\s*\[\s*\{", head.text) is not None and '"projection_type"' in head.text


def read(path: Path) -> PathTable | dict[str, PathTable]:
    """Read each reconstruction: the shots by capture time where all have different ones, otherwise by name."""
    data = read_json(path)
    if not isinstance(data, list) or not all(isinstance(part, dict) and "shots" in part for part in data):
        raise InputError(f"{path} is not a list of reconstructions with `shots`")
    found: dict[str, PathTable] = {}
    for i, part in enumerate(data):
        tables = _reconstruction(part, f"{path}[{i}]")
        several = {"": tables} if isinstance(tables, PathTable) else tables
        found |= {" ".join(filter(None, (str(i), lens))): table for lens, table in several.items()}
    if not found:
        raise InputError(f"{path} holds no poses: there is no reconstruction with shots")
    return found if len(found) > 1 else next(iter(found.values()))


def _reconstruction(data: dict[str, Any], where: str) -> PathTable | dict[str, PathTable]:
    cameras, shots = data.get("cameras"), data["shots"]
    if not isinstance(cameras, dict) or not isinstance(shots, dict):
        raise InputError(f"{where}: `cameras` and `shots` are not objects")
    if not all(isinstance(value, dict) for value in (*cameras.values(), *shots.values())):
        raise InputError(f"{where}: a camera or shot is not an object")
    if not shots:
        return {}
    lenses = {name: _lens(camera, f"{where}.cameras[{name!r:.40}]") for name, camera in cameras.items()}
    times = {name: _time(shot) for name, shot in shots.items()}
    timed = len(set(times.values()) - {None}) == len(times)
    order = sorted(times, key=lambda name: times[name] or 0.0) if timed else sorted(times, key=natural)
    rotvecs = [json_array(shots[name].get("rotation"), (3,), f"{where}.shots[{name!r:.40}].rotation") for name in order]
    radians, found = rotation_radians(np.stack(rotvecs), "rotations")
    views = [
        _view(name, shots[name], rotvec, lenses, f"{where}.shots[{name!r:.40}]")
        for name, rotvec in zip(order, radians, strict=True)
    ]
    convention, notes = _world(data, [shots[name] for name in order], views)
    notes += ("shots are sorted by capture time" if timed else "shots are sorted by name: their times are not known",)
    tables = tables_of(views, convention, NAME, notes)

    def complete(table: PathTable) -> PathTable:
        clock = np.array([times[name] for name in table.names], np.float64) if timed else None
        return replace(table, times_s=clock, findings=(*found, *table.findings))

    if isinstance(tables, PathTable):
        return complete(tables)
    return {lens: complete(table) for lens, table in tables.items()}


def _view(name: str, shot: dict[str, Any], rotvec: Float64, lenses: Mapping[str, View], where: str) -> View:
    camera = shot.get("camera")
    if not isinstance(camera, str) or camera not in lenses:
        raise InputError(f"{where} uses camera {camera!r:.40}, which does not exist")
    translation = json_array(shot.get("translation"), (3,), f"{where}.translation")
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = np.concatenate([rotvec_to_matrix(rotvec), translation[:, None]], -1)
    return replace(lenses[camera], matrix=matrix, name=name)


def _lens(camera: dict[str, Any], where: str) -> View:
    """A view without pose or name that has the camera's calibration."""
    projection = camera.get("projection_type", "perspective")
    if not isinstance(projection, str) or projection not in LENSES:
        known = ", ".join(LENSES)
        raise InputError(f"{where} has the unknown projection type {projection!r:.40}; known ones: {known}")
    lens, coefficients = LENSES[projection]
    values = {name: _number(camera, name, 0.0, where) for name in coefficients.split()}
    width, height = (round(_number(camera, side, 0.0, where)) for side in ("width", "height"))
    size = (width, height) if min(width, height) > 0 else None
    K = None
    if size is not None and lens != "EQUIRECTANGULAR":
        single = _number(camera, "focal", math.nan, where)
        fx, fy = (_number(camera, key, single, where) for key in ("focal_x", "focal_y"))
        if math.isnan(fx) or math.isnan(fy):
            raise InputError(f"{where} has no focal length")
        cx, cy = (_number(camera, key, 0.0, where) for key in ("c_x", "c_y"))
        side = max(size)
        K = calibration_matrices([[fx * side, fy * side, width / 2 + cx * side, height / 2 + cy * side]])[0]
    return View(np.empty((3, 4)), "", None, K, size, lens, values)


def _world(
    data: dict[str, Any], shots: Sequence[dict[str, Any]], views: Sequence[View]
) -> tuple[Convention, tuple[str, ...]]:
    """East, north and up in metres where the shots lie at their GPS positions; otherwise a world of no scale."""
    found = [(position, view.matrix) for shot, view in zip(shots, views, strict=True) if (position := _gps(shot))]
    if not found or not isinstance(data.get("reference_lla"), dict):
        return CONVENTION, ()
    positions = np.array([position for position, _ in found])
    matrices = np.stack([matrix for _, matrix in found])
    centres = -np.einsum("nji,nj->ni", matrices[:, :, :3], matrices[:, :, 3])
    apart, off = np.ptp(positions, axis=0).max(), np.median(np.linalg.norm(centres - positions, axis=1))
    # A path that was never aligned with its positions has nothing to do with them, whatever the reference is.
    if not (apart >= _METRES_APART and off <= apart):
        return CONVENTION, ()
    # East and north are no axes of ours; what counts is that z is up, and the numbers stay as they are.
    convention = replace(CONVENTION, world_axes="FLU", metres_per_unit=1.0)
    note = f"x is east, y north, z up, in metres: cameras are {off:.2g} m (median) from their GPS positions"
    return convention, (note,)


def _gps(shot: dict[str, Any]) -> tuple[float, ...] | None:
    position = shot.get("gps_position")
    numbers = [_finite(number) for number in (*position, shot.get("gps_dop", 0.0))] if _is_triple(position) else []
    known = [number for number in numbers if number is not None]
    return tuple(known[:3]) if len(known) == 4 and known[3] < _UNUSABLE_DOP else None


def _time(shot: dict[str, Any]) -> float | None:
    """Seconds since 1970; OpenSfM writes 0 for a time that it does not know."""
    time = _finite(shot.get("capture_time"))
    return time if time is not None and time > 0 else None


def _is_triple(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and len(value) == 3


def _finite(value: object) -> float | None:
    """A number that is one, and no larger than any that occurs."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if abs(value) < _LARGEST else None


def _number(keys: dict[str, Any], key: str, default: float, where: str) -> float:
    if key not in keys:
        return default
    number = _finite(keys[key])
    if number is None:
        raise InputError(f"{where}.{key} is {keys[key]!r:.40}; a number is needed")
    return number
