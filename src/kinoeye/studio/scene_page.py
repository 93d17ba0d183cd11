"""A shot in 3-D as one self-contained page: path, frusta, actors and estimate, recorded over time with viser."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.optional import require
from kinoeye.footage import Take
from kinoeye.geometry import Trajectory, matrix_to_wxyz
from kinoeye.geometry.frusta import key_poses
from kinoeye.shot import Shot
from kinoeye.studio.actor_meshes import mesh_parts
from kinoeye.studio.moves import FAMILIES, MoveSpan
from kinoeye.studio.viewpoint import CAMERA_RGB, ESTIMATED_RGB, VIEW_FOV, Extent, measure, viewpoint

Array = NDArray[np.float64]

GHOSTS = 9
"""Frusta that stay where the camera was, spread evenly over the path."""
SCREEN_WIDTH_PX = 160
"""Width of the film's picture on the moving frustum."""
MAX_PICTURES = 240
"""Longer films change the picture less often than the pose."""


def scene_html(
    shot: Shot,
    *,
    guide: Take | None = None,
    estimate: Trajectory | None = None,
    moves: Sequence[MoveSpan] = (),
) -> str:
    """One HTML page without outside addresses that plays a shot in 3-D.

    Args:
        shot: camera and actors; the grid is the plane z = 0 when it has actors.
        guide: a film of the shot, shown on the moving camera's picture plane.
        estimate: a second camera at the same times, in the same world.
        moves: colours of the path over time.

    Raises:
        MissingExtraError: viser is not installed.
    """
    viser = require("viser", extra="studio")
    extent = measure(shot, estimate)
    with _loopback_server(viser) as server:
        _set_up(server, extent, shot)
        _add_path(server.scene, shot.camera, moves, extent)
        if estimate is not None:
            _add_line(server.scene, "/estimate/path", estimate, slice(None), ESTIMATED_RGB, extent, width=2.5)
        _add_ghosts(server.scene, shot.camera, extent)
        recording = server.get_scene_serializer()
        _play(server.scene, recording, shot, guide, estimate, extent)
        page = recording.as_html()
    script = resources.files("kinoeye.studio").joinpath("template", "scene.js").read_text(encoding="utf-8")
    return page.replace("</head>", f"<script>{script}</script></head>", 1)


@contextlib.contextmanager
def _loopback_server(viser: Any) -> Iterator[Any]:
    """A viser server that nobody outside this machine can reach, on any free port, silent, and gone afterwards."""
    with contextlib.redirect_stdout(io.StringIO()):
        server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    try:
        yield server
    finally:
        with contextlib.redirect_stdout(io.StringIO()):
            server.stop()


def _set_up(server: Any, extent: Extent, shot: Shot) -> None:
    """Grid, vertical, light, and a first view from behind the shot camera's shoulder."""
    up = extent.up_vector
    server.scene.set_up_direction(tuple(up))
    position = extent.centre.copy()
    position[extent.up] = extent.ground
    cell = 10.0 ** math.floor(math.log10(max(extent.radius, 1e-6)))
    server.scene.add_grid(
        "/grid",
        infinite_grid=True,
        plane=("yz", "xz", "xy")[extent.up],
        cell_size=cell,
        section_size=5 * cell,
        cell_color=(150, 158, 172),
        section_color=(120, 128, 144),
        cell_thickness=0.6,
        section_thickness=1.0,
        fade_distance=14 * extent.radius,
        position=tuple(np.where(np.arange(3) == extent.up, position, 0.0)),
    )
    camera = server.initial_camera
    camera.fov, camera.near, camera.far = VIEW_FOV, 1e-3 * extent.radius, 1e3 * extent.radius
    camera.up, camera.look_at = tuple(up), tuple(extent.centre)
    camera.position = tuple(viewpoint(shot.camera, extent))


def _add_path(scene: Any, camera: Trajectory, moves: Sequence[MoveSpan], extent: Extent) -> None:
    """The line of the camera's centre, in the colour of each move's first action."""
    times = camera.times_s.numpy()
    if not moves:
        _add_line(scene, "/camera/path", camera, slice(None), CAMERA_RGB, extent)
    for index, span in enumerate(moves):
        inside = np.flatnonzero((times >= span.start_s - 1e-9) & (times <= span.end_s + 1e-9))
        if len(inside) > 1:
            part = slice(inside[0], inside[-1] + 1)
            _add_line(scene, f"/camera/path_{index}", camera, part, FAMILIES[span.families[0]], extent)


def _add_line(
    scene: Any,
    name: str,
    camera: Trajectory,
    part: slice,
    rgb: tuple[int, int, int],
    extent: Extent,
    width: float = 5.0,
) -> None:
    points = camera.T_world_cam.translation.numpy()[part]
    if len(points) > 1 and np.ptp(points, axis=0).max() > 1e-6 * extent.radius:  # a turn on the spot has no line
        segments = np.stack([points[:-1], points[1:]], axis=1)
        scene.add_line_segments(name, segments, rgb, thickness=width, thickness_units="screen")


def _add_ghosts(scene: Any, camera: Trajectory, extent: Extent) -> None:
    for index in key_poses(len(camera), GHOSTS):
        _add_frustum(scene, f"/camera/at_{index}", camera, index, 0.07 * extent.radius, (148, 163, 184), 1.0)


def _add_frustum(
    scene: Any, name: str, camera: Trajectory, index: int, scale: float, rgb: tuple[int, int, int], thickness: float
) -> Any:
    pose = camera.T_world_cam[index]
    fov, aspect = _fov_and_aspect(camera)
    return scene.add_camera_frustum(
        name, fov=float(fov[index]), aspect=float(aspect[index]), scale=scale, color=rgb,
        thickness=thickness, thickness_units="screen", cast_shadow=False, receive_shadow=False,
        wxyz=pose.rotation.wxyz.numpy(), position=pose.translation.numpy(),
    )  # fmt: skip


def _fov_and_aspect(camera: Trajectory) -> tuple[Array, Array]:
    """Vertical field of view in radians and width over height of the picture plane, [n] each."""
    horizontal, vertical = camera.intrinsics.fov().numpy().T
    return vertical, np.tan(horizontal / 2) / np.tan(vertical / 2)


def _play(
    scene: Any, recording: Any, shot: Shot, guide: Take | None, estimate: Trajectory | None, extent: Extent
) -> None:
    """Record every moving thing, frame by frame."""
    camera, times = shot.camera, shot.camera.times_s.numpy()
    live = _add_frustum(scene, "/camera/now", camera, 0, 0.2 * extent.radius, CAMERA_RGB, 2.5)
    fov, _ = _fov_and_aspect(camera)
    moving = [(live, _pose_rows(camera)), *_add_actors(scene, shot)]
    if estimate is not None:
        second = _add_frustum(scene, "/estimate/now", estimate, 0, 0.16 * extent.radius, ESTIMATED_RGB, 2.0)
        moving.append((second, _pose_rows(estimate)))
    pictures = {} if guide is None else _pictures(guide, times)
    steps = np.append(np.diff(times), np.diff(times)[-1:] if len(times) > 1 else 0.0)
    for index, step in enumerate(steps):
        if index in pictures:
            live.image = pictures[index]
        if abs(live.fov - fov[index]) > 1e-6:
            live.fov = float(fov[index])
        for handle, wxyz_xyz in moving:
            if index == 0 or not np.array_equal(wxyz_xyz[index], wxyz_xyz[index - 1]):
                handle.wxyz, handle.position = wxyz_xyz[index, :4], wxyz_xyz[index, 4:]
        recording.insert_sleep(float(step))


def _pose_rows(camera: Trajectory) -> Array:
    return camera.T_world_cam.wxyz_xyz.double().numpy()


def _add_actors(scene: Any, shot: Shot) -> list[tuple[Any, Array]]:
    """Meshes of the actors that have a look, boxes of the others; each handle with its poses wxyz_xyz [f, 7]."""
    moving: list[tuple[Any, Array]] = []
    for index, part in enumerate(mesh_parts(shot)):
        handle = scene.add_mesh_simple(
            f"/actors/part_{index}", part.vertices, part.faces, color=part.color_rgb, flat_shading=not part.is_round,
            side="double",
        )  # fmt: skip
        moving.append((handle, np.concatenate([matrix_to_wxyz(part.R_world_part), part.position], axis=-1)))
    for index, actor in enumerate(shot.actors):
        if actor.avatar is None:
            handle = scene.add_box(f"/actors/box_{index}", dimensions=actor.size_xyz, wireframe=True)
            body = actor.track.at(shot.camera.times_s).T_world_body
            centre = body @ body.translation.new_tensor([0.0, 0.0, actor.size_xyz[2] / 2])
            moving.append((handle, np.concatenate([body.rotation.wxyz.numpy(), centre.numpy()], axis=-1)))
    return moving


def _pictures(guide: Take, times_s: Array) -> dict[int, NDArray[np.uint8]]:
    """Frame of the shot -> the film's picture at that time, small."""
    import cv2

    width, height = guide.size_wh
    scale = min(1.0, SCREEN_WIDTH_PX / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    every = math.ceil(len(times_s) / MAX_PICTURES)
    nearest = np.abs(guide.times_s[None] - times_s[:, None]).argmin(1)
    frames = guide.rgb.values
    return {
        index: np.asarray(cv2.resize(frames[nearest[index]], size, interpolation=cv2.INTER_AREA), np.uint8)
        for index in range(0, len(times_s), every)
    }
