"""The cameras of a report as a GLB scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.formats.path_table import PathTable, own_convention
from kinoeye.formats.scenes.glb_cameras import PaintedCamera, write_glb_cameras
from kinoeye.geometry import Trajectory
from kinoeye.render.color import srgb_to_linear
from kinoeye.studio.report import Report
from kinoeye.studio.viewpoint import CAMERA_RGB, ESTIMATED_RGB, measure


def write_glb(report: Report, path: Path) -> list[str]:
    """Write a report's camera, and its estimate aligned to it, animated and with their paths.

    Args:
        report: what to show; actors, film and scores are left out.
        path: the .glb file.

    Returns:
        What was lost or assumed, one sentence each.

    Raises:
        InputError: the file cannot be written, or the times cannot be told apart in 32 bits.
    """
    camera, estimate = report.shot.camera, report.aligned_estimate
    extent = measure(report.shot, estimate)
    notes = []
    convention = own_convention("m", camera.track.up)
    if camera.track.unit != "m":
        notes.append("the path has no metric scale: one of its units is one metre of the scene")
    if camera.track.up is None:
        convention = convention.with_world(extent.world_axes)
        notes.append("the vertical is not known: the axis of the path's world nearest to the cameras' up is taken")

    length = extent.frustum_length(camera.track.unit)

    def painted(name: str, shown: Trajectory, rgb: tuple[int, int, int], thickness: float) -> PaintedCamera:
        red, green, blue = srgb_to_linear(np.array(rgb) / 255).tolist()
        table = replace(PathTable.from_trajectory(shown), convention=convention)
        return PaintedCamera(name=name, camera=table, linear_rgb=(red, green, blue), thickness=thickness)

    if estimate is None:
        cameras = [painted("camera", camera, CAMERA_RGB, 0.06 * length)]
    else:  # one thicker than the other, so that both are seen where they are the same
        cameras = [
            painted(report.roles.camera, camera, CAMERA_RGB, 0.08 * length),
            painted(report.roles.estimate, estimate, ESTIMATED_RGB, 0.05 * length),
        ]
    return notes + write_glb_cameras(path, cameras, frustum_length=length)
