"""Kinoeye's own camera file, the cameras of `shot.json` and of takes, and folders that hold them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import check_record, record_name
from kinoeye.formats.path_table import PathTable, own_convention
from kinoeye.formats.paths.calibrations import calibration_matrices, calibration_rows
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import KINOEYE
from kinoeye.geometry.record import CameraArrays, camera_from_json, camera_to_json

NAME = "kinoeye"
TITLE = "Kinoeye camera, shot, take"
FILE_NAMES = ("*.json",)
DEFAULT_NAME = "camera.json"
CONVENTION = replace(KINOEYE, quaternion_order=None)
HOLDS = frozenset({"times", "intrinsics", "size", "unit", "up"})
NEEDS = frozenset({"times"})
VERSION = 1
_RECORDS = {"Shot": "shot.json", "Take": "take.json", "Camera": "camera.json"}
"""Record -> the name of its file in a folder, in the order in which a folder is searched."""


def sniff(head: FileHead) -> bool:
    """A record named Camera, Shot or Take, or a folder that holds one."""
    if head.is_folder:
        return any((head.path / name).is_file() for name in _RECORDS.values())
    return record_name(head.text) in _RECORDS


def read(path: Path) -> PathTable | dict[str, PathTable]:
    """Read a camera, the camera of a shot, or each camera of a take by its source."""
    file = path
    if path.is_dir():
        file = next((path / name for name in _RECORDS.values() if (path / name).is_file()), path / "camera.json")
    data = read_json(file)
    record = data.get("record") if isinstance(data, dict) else None
    check_record(
        record if isinstance(record, str) and record in _RECORDS else "Camera", data, version=VERSION, where=str(file)
    )
    notes = () if file == path else (f"read from {file.name}",)
    if record == "Shot":
        return _table(data.get("camera"), f"{file}.camera", notes)
    if record == "Take":
        cameras = data.get("cameras")
        if not isinstance(cameras, dict) or not cameras:
            raise InputError(f"{file} is a take without cameras")
        return {source: _table(camera, f"{file}.cameras.{source}", notes) for source, camera in cameras.items()}
    return _table({key: value for key, value in data.items() if key not in ("record", "version")}, str(file), notes)


def _table(data: Any, where: str, notes: tuple[str, ...]) -> PathTable:
    if isinstance(data, dict) and data.get("T_world_cam") == []:
        raise InputError(f"{where} holds no poses")
    camera = camera_from_json(data, where=where)
    if camera.fx_fy_cx_cy is not None and camera.size_wh is None:
        raise InputError(f"{where} has fx_fy_cx_cy without size_wh; the image size in pixels is needed")
    return PathTable(
        matrices=camera.T_world_cam,
        convention=own_convention(camera.unit, camera.up),
        format=NAME,
        intrinsics=None if camera.fx_fy_cx_cy is None else calibration_matrices(camera.fx_fy_cx_cy),
        size_wh=camera.size_wh,
        times_s=camera.times_s,
        notes=notes,
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write `{"record": "Camera", ...}` with the keys of `camera_to_json`."""
    K = table.intrinsics
    assert table.times_s is not None
    camera = CameraArrays(
        T_world_cam=table.matrices,
        times_s=table.times_s,
        fx_fy_cx_cy=None if K is None else calibration_rows(K),
        size_wh=table.size_wh,
        unit=table.unit,
        up="z" if table.convention.world_axes else None,
    )
    write_json(path, {"record": "Camera", "version": VERSION, **camera_to_json(camera)})
    return []
