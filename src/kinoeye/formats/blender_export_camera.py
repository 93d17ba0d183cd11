"""Exports a Blender scene's camera as a Kinoeye camera.json; runs inside Blender, which needs no Kinoeye for it.

    blender scene.blend --background --python blender_export_camera.py -- camera.json [--camera NAME]

`python -m kinoeye.formats.blender_export_camera` prints that command with the place of this file. In Blender's Text
editor, Run writes camera.json beside the .blend. Every frame of the scene's range is evaluated, so that constraints,
parents, drivers and modifiers of the camera count.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

VERSION = 1
"""Of the record Camera."""


def intrinsics(lens: Any, render: Any) -> tuple[list[float], list[int]]:
    """fx, fy, cx, cy in pixels and the image size of a Blender camera (its `data`) under render settings.

    Raises:
        ValueError: the camera is not a perspective one.
    """
    if lens.type != "PERSP":
        raise ValueError(f"camera {lens.name!r} is of type {lens.type}; a perspective one is needed")
    scale = render.resolution_percentage / 100
    width, height = int(render.resolution_x * scale), int(render.resolution_y * scale)
    pixel_aspect = render.pixel_aspect_y / render.pixel_aspect_x
    fit = lens.sensor_fit
    if fit == "AUTO":
        fit = "HORIZONTAL" if width >= height * pixel_aspect else "VERTICAL"
    # AUTO takes the sensor's width along whichever side of the image is longer.
    sensor = lens.sensor_height if lens.sensor_fit == "VERTICAL" else lens.sensor_width
    side = width if fit == "HORIZONTAL" else height * pixel_aspect
    fx = lens.lens / sensor * side
    cx = width / 2 - lens.shift_x * side
    cy = height / 2 + lens.shift_y * side / pixel_aspect
    return [fx, fx / pixel_aspect, cx, cy], [width, height]


def pose(matrix_world: Any, metres: float) -> list[list[float]]:
    """The 3x4 pose T_world_cam in metres, with OpenCV camera axes, of an object's `matrix_world`; scale is ignored."""
    rows = [[float(matrix_world[i][j]) for j in range(4)] for i in range(3)]
    lengths = [math.sqrt(sum(rows[i][j] ** 2 for i in range(3))) for j in range(3)]
    signs = (1.0, -1.0, -1.0)  # Blender's camera looks along -z with +y up
    return [[*(signs[j] * row[j] / lengths[j] for j in range(3)), row[3] * metres] for row in rows]


def camera_record(scene: Any, camera: Any = None) -> dict[str, Any]:
    """The record Camera of a scene's camera, evaluated at every frame of its range.

    Args:
        scene: a `bpy.types.Scene`.
        camera: an object of type CAMERA; by default the scene's active one.

    Raises:
        ValueError: there is no camera, or not a perspective one.
    """
    import bpy

    camera = camera or scene.camera
    if camera is None or camera.type != "CAMERA":
        raise ValueError("the scene has no active camera; give one with --camera NAME")
    fps = scene.render.fps / scene.render.fps_base
    poses, lenses, times, size = [], [], [], [0, 0]
    frame_before = scene.frame_current
    for frame in range(scene.frame_start, scene.frame_end + 1, scene.frame_step):
        scene.frame_set(frame)
        evaluated = camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        row, size = intrinsics(evaluated.data, scene.render)
        lenses.append(row)
        poses.append(pose(evaluated.matrix_world, scene.unit_settings.scale_length))
        times.append((frame - scene.frame_start) / fps)
    scene.frame_set(frame_before)
    return {
        "record": "Camera",
        "version": VERSION,
        "unit": "m",
        "size_wh": size,
        "times_s": times,
        "fx_fy_cx_cy": lenses if any(row != lenses[0] for row in lenses) else lenses[:1],
        "T_world_cam": poses,
    }


def main() -> None:
    """Export by the words after `--`."""
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    try:
        import bpy
    except ImportError:
        sys.stdout.write(f"blender SCENE.blend --background --python {Path(__file__).resolve()} -- camera.json\n")
        return
    parser = argparse.ArgumentParser(prog="blender_export_camera.py", description="Export a camera to Kinoeye.")
    parser.add_argument("output", nargs="?", type=Path, default=Path(bpy.path.abspath("//camera.json")))
    parser.add_argument("--camera", help="name of the camera object; the active camera without it")
    options = parser.parse_args(arguments)
    scene = bpy.context.scene
    if options.camera and options.camera not in scene.objects:
        parser.error(f"the scene has no object {options.camera!r}")
    try:
        record = camera_record(scene, scene.objects[options.camera] if options.camera else None)
    except ValueError as error:
        parser.error(str(error))
    temporary = options.output.with_name(f".{options.output.name}.partial")
    temporary.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(options.output)
    sys.stdout.write(f"{options.output}: {len(record['times_s'])} frames of {scene.name}\n")


if __name__ == "__main__":
    main()
