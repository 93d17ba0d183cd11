"""Kinoeye's own camera file, the camera of `shot.json`, and folders that hold either."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import check_record
from kinoeye.formats.path_table import PathTable, own_convention
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import KINOEYE
from kinoeye.geometry.record import CameraArrays, camera_from_json, camera_to_json

NAME = "kinoeye"
TITLE = "Kinoeye camera, shot.json"
FILE_NAMES = ("*.json",)
DEFAULT_NAME = "camera.json"
CONVENTION = replace(KINOEYE, quaternion_order=None)
HOLDS = frozenset({"times", "intrinsics", "size", "unit", "up"})
NEEDS = frozenset({"times"})
VERSION = 1
_FOLDER_FILES = ("shot.json", "camera.json")


def sniff(head: FileHead) -> bool:
    """A record named Camera or Shot, or a folder that holds one."""
    if head.is_folder:
        return any((head.path / name).is_file() for name in _FOLDER_FILES)
    return re.search(r'^\s*\{\s*"record"\s*:\s*"(Camera|Shot)"', head.text) is not None


def read(path: Path) -> PathTable:
    """Read a camera or the camera of a shot."""
    if path.is_dir():
        path = next((path / name for name in _FOLDER_FILES if (path / name).is_file()), path / _FOLDER_FILES[0])
    data = read_json(path)
    if isinstance(data, dict) and data.get("record") == "Shot":
        check_record("Shot", data, version=VERSION, where=str(path))
        camera = camera_from_json(data.get("camera"), where=f"{path}.camera")
    else:
        check_record("Camera", data, version=VERSION, where=str(path))
        if data.get("T_world_cam") == []:
            raise InputError(f"{path} holds no poses")
        rest = {key: value for key, value in data.items() if key not in ("record", "version")}
        camera = camera_from_json(rest, where=str(path))
    if camera.fx_fy_cx_cy is not None and camera.size_wh is None:
        raise InputError(f"{path} has fx_fy_cx_cy without size_wh; the image size in pixels is needed")
    return PathTable(
        matrices=camera.T_world_cam,
        convention=own_convention(camera.unit, camera.up),
        format=NAME,
        intrinsics=None if camera.fx_fy_cx_cy is None else _matrices(camera.fx_fy_cx_cy),
        size_wh=camera.size_wh,
        times_s=camera.times_s,
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write `{"record": "Camera", ...}` with the keys of `camera_to_json`."""
    K = table.intrinsics
    assert table.times_s is not None
    camera = CameraArrays(
        T_world_cam=table.matrices,
        times_s=table.times_s,
        fx_fy_cx_cy=None if K is None else np.stack([K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2]], -1),
        size_wh=table.size_wh,
        unit=table.unit,
        up="z" if table.convention.world_axes else None,
    )
    write_json(path, {"record": "Camera", "version": VERSION, **camera_to_json(camera)})
    return []


def _matrices(fx_fy_cx_cy: np.ndarray) -> np.ndarray:
    K = np.tile(np.eye(3), (len(fx_fy_cx_cy), 1, 1))
    K[:, [0, 1, 0, 1], [0, 1, 2, 2]] = fx_fy_cx_cy
    return K
