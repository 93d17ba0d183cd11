"""Unreal keys as CSV: one row a frame with the channels of a cine camera in Sequencer; write only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.animation import film_rate, frame_numbers, from_the_start, matrix_to_euler
from kinoeye.formats.paths.scene_camera import fov_y_and_aspect, lost_intrinsics
from kinoeye.geometry.convention import Convention

NAME = "unreal-csv"
TITLE = "Unreal Sequencer keys as CSV"
FILE_NAMES = ("*.unreal.csv", "unreal*.csv")
DEFAULT_NAME = "camera.unreal.csv"
CONVENTION = Convention("FRU", "FRU", "cam_to_world", 0.01)
HOLDS = frozenset({"times", "unit", "up"})
NEEDS = frozenset({"times", "intrinsics", "unit", "up"})
SENSOR_WIDTH_MM = 36.0
COLUMNS = (
    "Frame", "TimeSeconds", "LocationX", "LocationY", "LocationZ", "Roll", "Pitch", "Yaw",
    "FieldOfView", "FocalLength", "SensorWidth", "SensorHeight",
)  # fmt: skip
"""Centimetres; degrees (roll, pitch and yaw are Sequencer's Rotation.X, .Y and .Z); FieldOfView is the horizontal
one of a camera actor, focal length and sensor (mm) are those of a cine camera."""


def write(table: PathTable, path: Path) -> list[str]:
    """Write a header and one row a frame; the first column also names the rows of a Data Table."""
    assert table.times_s is not None
    times, warnings = from_the_start(table.times_s)
    rate = film_rate(times, DEFAULT_FPS)
    # Unreal's positive pitch and roll turn against the right-hand rule about its y and x axes, yaw turns with it.
    angles = matrix_to_euler("XYZ", table.matrices[:, :, :3]) * np.array([-1.0, -1.0, 1.0])
    fov_y, aspect = fov_y_and_aspect(table)
    half_width = aspect * np.tan(fov_y / 2)
    columns = [
        times,
        *table.matrices[:, :, 3].T,
        *np.degrees(angles).T,
        np.degrees(2 * np.arctan(half_width)),
        SENSOR_WIDTH_MM / (2 * half_width),
        np.full(len(table), SENSOR_WIDTH_MM),
        SENSOR_WIDTH_MM / aspect,
    ]
    frames = frame_numbers(times, rate)
    warnings += [f"frames are counted at {rate:g} a second from time 0: set the sequence's display rate to it"]
    if not (frames == np.round(frames)).all():
        warnings.append("frames are not evenly spaced: their numbers are fractions, for keys on subframes")
    numbers = [repr(int(frame)) if frame == round(frame) else repr(frame) for frame in frames.tolist()]
    rows = np.stack(columns, -1).tolist()
    lines = [",".join([number, *map(repr, row)]) for number, row in zip(numbers, rows, strict=True)]
    write_text(path, "\n".join([",".join(COLUMNS), *lines]) + "\n")
    return warnings + lost_intrinsics(table, zooms=True)
