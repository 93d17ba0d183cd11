"""nerfstudio camera_path.json: what its viewer saves and `ns-render camera-path` films; OpenGL axes, vertical angles.

The dense path is `camera_path[]`: camera_to_world, 16 numbers row by row, and fov, the vertical angle in degrees, from
which nerfstudio makes both focal lengths with render_height (aspect is only drawn). A frame is filmed for
seconds / frames. `keyframes[].matrix` is a string of 16 numbers column by column from the first viewer and a list row
by row from the present one (nerfstudio/cameras/camera_paths.py and viewer/render_panel.py).
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.angles import view_degrees
from kinoeye.formats.paths.calibrations import MAX_SIDE, calibration_matrices, has_square_pixels, is_centred
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import NORMALISED, OPENGL, Float64, homogeneous
from kinoeye.geometry.record import json_array

NAME = "camera-path"
TITLE = "nerfstudio camera_path.json"
FILE_NAMES = ("*camera_path*.json",)
DEFAULT_NAME = "camera_path.json"
CONVENTION = OPENGL
HOLDS = frozenset({"size"})
NEEDS = frozenset({"intrinsics", "pixels"})
MAX_KEYFRAMES = 24
_LENSES = {
    "fisheye": "OPENCV_FISHEYE",
    "equirectangular": "EQUIRECTANGULAR",
    "omnidirectional": "OMNIDIRECTIONALSTEREO_L",
    "vr180": "VR180_L",
}


def sniff(head: FileHead) -> bool:
    """An object with `keyframes` or `camera_path` as its lists, as the viewer saves it."""
    if not head.text.lstrip().startswith("{"):
        return False
    keyframes = re.search(r'"keyframes"\s*:\s*\[\s*(\{\s*"matrix"|\])', head.text)
    dense = re.search(r'"camera_path"\s*:\s*\[\s*\{', head.text) is not None
    return keyframes is not None or (dense and re.search(r'"camera_to_world"\s*:\s*\[', head.text) is not None)


def read(path: Path) -> PathTable:
    """Read the dense path; the keyframes of a file that has no other."""
    data = read_json(path)
    data = data if isinstance(data, dict) else {}
    dense, keyframes = _objects(data, "camera_path", path), _objects(data, "keyframes", path)
    if not dense and not keyframes:
        raise InputError(f"{path} holds no poses: neither camera_path nor keyframes has any")
    notes: tuple[str, ...] = () if dense else ("the file has no camera_path: its keyframes are given",)
    if dense:
        matrices = [
            _row_major(frame.get("camera_to_world"), f"{path}.camera_path[{i}]") for i, frame in enumerate(dense)
        ]
    else:
        matrices = [_keyframe(frame.get("matrix"), f"{path}.keyframes[{i}]") for i, frame in enumerate(keyframes)]
    kind = data.get("camera_type", "perspective")
    lens = _LENSES.get(kind.lower(), "perspective") if isinstance(kind, str) else "perspective"
    found: tuple[Diagnosis, ...] = ()
    K, size, more = None, None, ()
    if lens in ("perspective", "OPENCV_FISHEYE"):
        angles, found = _view_angles(dense or keyframes, path)
        K, size, more = _intrinsics(data, dense or keyframes, angles, path)
    return PathTable(
        matrices=np.stack(matrices)[:, :3],
        convention=CONVENTION,
        format=NAME,
        intrinsics=K,
        size_wh=size,
        times_s=_times(data, len(dense)) if dense else None,
        lens=lens,
        notes=(*notes, *more),
        findings=found,
    )


def keeps(table: PathTable) -> frozenset[str]:
    """Times at an even rate from 0, and intrinsics that one vertical angle a frame says."""
    found = {"times"} if table.even_fps else set()
    return frozenset(found | ({"intrinsics"} if is_centred(table) and has_square_pixels(table) else set()))


def write(table: PathTable, path: Path) -> list[str]:
    """Write every frame, and up to 24 of them as keyframes for the viewer to edit."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    width, height = table.size_wh
    rate = table.even_fps
    angles = np.degrees(2 * np.arctan(height / (2 * table.intrinsics[:, 1, 1]))).tolist()
    poses = homogeneous(table.matrices).reshape(-1, 16).tolist()
    keys = np.unique(np.linspace(0, len(table) - 1, min(len(table), MAX_KEYFRAMES)).round().astype(int)).tolist()
    waits = [0.0, *(np.diff(keys) / (rate or DEFAULT_FPS)).tolist()]
    data = {
        "default_fov": angles[0],
        "default_transition_sec": waits[-1],
        "keyframes": [
            {
                "matrix": poses[i],
                "fov": angles[i],
                "aspect": width / height,
                "override_transition_enabled": True,
                "override_transition_sec": wait,
            }
            for i, wait in zip(keys, waits, strict=True)
        ],
        "camera_type": "fisheye" if table.lens == "OPENCV_FISHEYE" else "perspective",
        "render_height": height,
        "render_width": width,
        "fps": rate or DEFAULT_FPS,
        "seconds": len(table) / (rate or DEFAULT_FPS),
        "is_cycle": False,
        "smoothness_value": 0.0,
        "camera_path": [
            {"camera_to_world": pose, "fov": angle, "aspect": width / height}
            for pose, angle in zip(poses, angles, strict=True)
        ],
    }
    write_json(path, data)
    warnings = []
    if table.times_s is None or rate is None:
        warnings.append(f"{NAME} has one frame rate: {DEFAULT_FPS:g} frames per second are written")
    if not (is_centred(table) and has_square_pixels(table)):
        warnings.append(f"{NAME} has square pixels about the middle of the image: only the vertical angle is written")
    return warnings


def _objects(data: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    rows = data.get(key) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}.{key} is not a list of objects")
    return rows


def _row_major(value: Any, where: str) -> Float64:
    return json_array(value, (16,), f"{where}.camera_to_world").reshape(4, 4)


def _keyframe(value: Any, where: str) -> Float64:
    """A string is column by column; a list is row by row, unless its translation stands at its end."""
    is_text = isinstance(value, str)
    if is_text:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}.matrix is no list of 16 numbers") from error
    matrix = json_array(value, (16,), f"{where}.matrix").reshape(4, 4)
    is_by_column = is_text or (matrix[3, :3].any() and not matrix[:3, 3].any())
    return matrix.T if is_by_column else matrix


def _view_angles(frames: list[dict[str, Any]], path: Path) -> tuple[Float64 | None, tuple[Diagnosis, ...]]:
    """Vertical angles [n] in degrees, None where some frames have none, and what is wrong with them."""
    if not all("fov" in frame for frame in frames):
        return None, ()
    return view_degrees(json_array([frame["fov"] for frame in frames], (len(frames),), f"{path}.fov"), "fov")


def _intrinsics(
    data: dict[str, Any], frames: list[dict[str, Any]], angles: Float64 | None, path: Path
) -> tuple[Float64 | None, tuple[int, int] | None, tuple[str, ...]]:
    """K of the vertical angles; normalised by the frames' aspect where the file gives no size."""
    if angles is None:
        return None, None, ("some frames give no fov: there are no intrinsics",)
    with np.errstate(invalid="ignore"):
        half = np.where((angles > 0) & (angles < 180), np.tan(np.radians(angles) / 2), math.nan)
    width, height = data.get("render_width"), data.get("render_height")
    if (
        isinstance(width, (int, float))
        and isinstance(height, (int, float))
        and 1 <= min(width, height) <= max(width, height) < MAX_SIDE
    ):
        size = (round(width), round(height))
        focal = size[1] / (2 * half)
        middle = np.broadcast_to(np.array(size) / 2, (len(frames), 2))
        return calibration_matrices(np.column_stack([focal, focal, middle])), size, ()
    aspect = json_array([frame.get("aspect", 1.0) for frame in frames], (len(frames),), f"{path}.aspect")
    focal = 1 / (2 * half)
    with np.errstate(divide="ignore", invalid="ignore"):
        K = calibration_matrices(np.column_stack([focal / aspect, focal, np.full((len(frames), 2), 0.5)]))
    return K, NORMALISED, ("the file gives no render_width and render_height: intrinsics are normalised by its aspect",)


def _times(data: dict[str, Any], frames: int) -> Float64 | None:
    """Frame i at i * seconds / frames, as `ns-render` films it; by fps where the file gives no seconds."""
    seconds, rate = data.get("seconds"), data.get("fps")
    for value, step in ((seconds, lambda value: value / frames), (rate, lambda value: 1 / value)):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12:
            return np.arange(frames) * step(value)
    return None
