"""A Python script that makes the camera in Blender: keys, lens, film, frame rate and resolution; write only."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.animation import film_rate, frame_numbers, from_the_start
from kinoeye.geometry.convention import Convention, matrix_to_wxyz

NAME = "blender-script"
TITLE = "Blender script that makes the camera"
FILE_NAMES = ("*.blender.py", "*.py")
DEFAULT_NAME = "camera.blender.py"
CONVENTION = Convention("RUB", "FLU", "cam_to_world", 1.0)
HOLDS = frozenset({"times", "intrinsics", "size", "unit", "up", "near_far"})
NEEDS = frozenset({"times", "intrinsics", "pixels", "unit", "up"})
SENSOR_WIDTH_MM = 36.0
FIRST_FRAME = 1
LAST_FRAME = 1_048_574
"""Blender has no later frame."""
_SCRIPT = '''"""Makes the camera of a Kinoeye path: run this in Blender's Text editor, or `blender FILE --python`."""

import bpy

FPS, FPS_BASE = {fps}, {fps_base!r}
FRAME_START, FRAME_END = {start}, {end}
RESOLUTION = ({width}, {height})
PIXEL_ASPECT = ({aspect_x!r}, {aspect_y!r})
SENSOR_WIDTH_MM = {sensor!r}
CLIP_M = {clip!r}
# frame, location in metres, rotation (w, x, y, z), focal length in mm, shift x and y in sensor widths
KEYS = [
{keys}
]


def make_camera(name="Kinoeye camera"):
    scene = bpy.context.scene
    render = scene.render
    render.fps, render.fps_base = FPS, FPS_BASE
    scene.frame_start, scene.frame_end = FRAME_START, FRAME_END
    render.resolution_x, render.resolution_y = RESOLUTION
    render.resolution_percentage = 100
    render.pixel_aspect_x, render.pixel_aspect_y = PIXEL_ASPECT
    lens = bpy.data.cameras.new(name)
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", SENSOR_WIDTH_MM
    metres = scene.unit_settings.scale_length
    if CLIP_M:
        lens.clip_start, lens.clip_end = CLIP_M[0] / metres, CLIP_M[1] / metres
    camera = bpy.data.objects.new(name, lens)
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.rotation_mode = "QUATERNION"
    editing = bpy.context.preferences.edit
    usual, editing.keyframe_new_interpolation_type = editing.keyframe_new_interpolation_type, "LINEAR"
    try:
        for frame, location, rotation, focal, shift_x, shift_y in KEYS:
            camera.location = [value / metres for value in location]
            camera.rotation_quaternion = rotation
            lens.lens, lens.shift_x, lens.shift_y = focal, shift_x, shift_y
            for owner, key in (
                (camera, "location"),
                (camera, "rotation_quaternion"),
                (lens, "lens"),
                (lens, "shift_x"),
                (lens, "shift_y"),
            ):
                owner.keyframe_insert(key, frame=frame)
    finally:
        editing.keyframe_new_interpolation_type = usual
    scene.frame_set(FRAME_START)
    return camera


if __name__ == "__main__":
    make_camera()
'''


def write(table: PathTable, path: Path) -> list[str]:
    """Write the script; time 0 is Blender's frame 1."""
    assert table.times_s is not None
    assert table.intrinsics is not None
    assert table.size_wh is not None
    times, warnings = from_the_start(table.times_s)
    rate = film_rate(times, DEFAULT_FPS)
    if times[0] < 0 or (times[-1] * rate) > LAST_FRAME - FIRST_FRAME:
        warnings.append(f"frame {FIRST_FRAME} is {times[0]:g} s, where the path begins")
        times = times - times[0]
    frames = FIRST_FRAME + frame_numbers(times, rate)
    aspect = table.intrinsics[:, 0, 0] / table.intrinsics[:, 1, 1]
    if abs(aspect - aspect[0]).max() > 1e-9 * aspect[0]:
        warnings.append("the pixels' shape changes, which a Blender scene cannot hold: that of the first frame is used")
    fields = {
        "fps": max(1, round(rate)),
        "fps_base": max(1, round(rate)) / rate,
        "start": math.floor(frames[0]),
        "end": math.ceil(frames[-1]),
        "width": table.size_wh[0],
        "height": table.size_wh[1],
        "aspect_x": max(1.0, float(1 / aspect[0])),  # Blender's pixel aspects are at least 1
        "aspect_y": max(1.0, float(aspect[0])),
        "sensor": SENSOR_WIDTH_MM,
        "clip": _clip(table),
        "keys": "\n".join(_keys(table, frames, float(aspect[0]))),
    }
    write_text(path, _SCRIPT.format(**fields))
    return warnings


def _keys(table: PathTable, frames: np.ndarray, aspect: float) -> list[str]:
    """One line a key. Blender's shift is in widths of a sensor that is fitted to the image's width."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    width, height = table.size_wh
    K = table.intrinsics
    lens = [
        K[:, 0, 0] / width * SENSOR_WIDTH_MM,
        (width / 2 - K[:, 0, 2]) / width,
        (K[:, 1, 2] - height / 2) * aspect / width,
    ]
    wxyz = matrix_to_wxyz(table.matrices[:, :, :3])
    flips = np.concatenate([[False], (wxyz[1:] * wxyz[:-1]).sum(-1) < 0])
    wxyz = wxyz * np.where(flips, -1.0, 1.0).cumprod()[:, None]  # keys of opposite sign would turn the long way
    rows = zip(
        frames.tolist(), table.matrices[:, :, 3].tolist(), wxyz.tolist(), *(c.tolist() for c in lens), strict=True
    )
    return [
        f"    ({frame!r}, {tuple(location)!r}, {tuple(rotation)!r}, {focal!r}, {x!r}, {y!r}),"
        for frame, location, rotation, focal, x, y in rows
    ]


def _clip(table: PathTable) -> tuple[float, float] | None:
    if table.near_far is None or not np.isfinite(table.near_far).all() or (table.near_far[:, 0] <= 0).any():
        return None
    return float(table.near_far[:, 0].min()), float(table.near_far[:, 1].max())
