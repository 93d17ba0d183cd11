"""A shot in 3-D as one self-contained page: path, frusta, actors and estimate, recorded over time with viser."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.optional import require
from kinoeye.footage import Take
from kinoeye.geometry import Trajectory, matrix_to_wxyz
from kinoeye.shot import Shot
from kinoeye.studio.actor_meshes import mesh_parts
from kinoeye.studio.moves import FAMILIES, MoveSpan

Array = NDArray[np.float64]

ESTIMATED_RGB = (225, 29, 72)
CAMERA_RGB = (59, 130, 246)
VIEW_FOV = math.radians(40.0)
"""Vertical field of view of the first look at the scene."""
VIEW_ASPECT = 1.05
"""The narrowest shape, width over height, in which the first look must hold everything."""
GHOSTS = 9
"""Frusta that stay where the camera was, spread evenly over the path."""
SCREEN_WIDTH_PX = 160
"""Width of the film's picture on the moving frustum."""
MAX_PICTURES = 240
"""Longer films change the picture less often than the pose."""


@dataclass(frozen=True)
class _Stage:
    """Where the scene is and how large, for choosing the view and the sizes of what has none of its own."""

    points: Array
    """[n, 3] camera centres, feet and heads."""
    centre: Array
    radius: float
    up: int
    """Index of the world's vertical axis."""
    up_sign: float
    ground: float
    """Height of the grid along the vertical axis."""


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
    stage = _measure(shot, estimate)
    with _loopback_server(viser) as server:
        _set_up(server, stage, shot)
        _add_path(server.scene, shot.camera, moves, stage)
        if estimate is not None:
            _add_line(server.scene, "/estimate/path", estimate, slice(None), ESTIMATED_RGB, stage, width=2.5)
        _add_ghosts(server.scene, shot.camera, stage)
        recording = server.get_scene_serializer()
        _play(server.scene, recording, shot, guide, estimate, stage)
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


def _measure(shot: Shot, estimate: Trajectory | None) -> _Stage:
    """The box around cameras and actors, and which way is up."""
    points = [camera.T_world_cam.translation.numpy() for camera in (shot.camera, estimate) if camera is not None]
    for actor in shot.actors:
        feet = actor.track.T_world_body.translation.numpy()
        points += [feet, feet + np.array([0.0, 0.0, actor.size_xyz[2]])]
    cloud = np.concatenate(points)
    low, high = cloud.min(0), cloud.max(0)
    radius = max(0.5 * float(np.linalg.norm(high - low)), 1e-3)
    up, sign = (2, 1.0) if shot.actors else _camera_up(shot.camera)
    # Bare paths come from any world: a floor under the lowest camera then shows heights.
    ground = 0.0 if shot.actors else float((cloud[:, up] * sign).min() - 0.35 * radius) * sign
    return _Stage(cloud, 0.5 * (low + high), radius, up, sign, ground)


def _camera_up(camera: Trajectory) -> tuple[int, float]:
    """The world axis nearest to the mean of the cameras' up vectors."""
    up = -camera.T_world_cam.as_matrix()[:, :3, 1].mean(0).numpy()
    axis = int(np.abs(up).argmax())
    return axis, math.copysign(1.0, up[axis])


def _set_up(server: Any, stage: _Stage, shot: Shot) -> None:
    """Grid, vertical, light, and a first view from behind the shot camera's shoulder."""
    up = np.zeros(3)
    up[stage.up] = stage.up_sign
    server.scene.set_up_direction(tuple(up))
    position = stage.centre.copy()
    position[stage.up] = stage.ground
    cell = 10.0 ** math.floor(math.log10(max(stage.radius, 1e-6)))
    server.scene.add_grid(
        "/grid",
        infinite_grid=True,
        plane=("yz", "xz", "xy")[stage.up],
        cell_size=cell,
        section_size=5 * cell,
        cell_color=(150, 158, 172),
        section_color=(120, 128, 144),
        cell_thickness=0.6,
        section_thickness=1.0,
        fade_distance=14 * stage.radius,
        position=tuple(np.where(np.arange(3) == stage.up, position, 0.0)),
    )
    camera = server.initial_camera
    camera.fov, camera.near, camera.far = VIEW_FOV, 1e-3 * stage.radius, 1e3 * stage.radius
    camera.up, camera.look_at = tuple(up), tuple(stage.centre)
    camera.position = tuple(_viewpoint(shot.camera, stage, up))


def _viewpoint(camera: Trajectory, stage: _Stage, up: Array) -> Array:
    """Where to stand so that all of the scene is in view: behind the camera's shoulder, looking down on it."""
    forward = camera.T_world_cam.as_matrix()[:, :3, 2].mean(0).numpy()
    level = forward - up * (forward @ up)
    level = level / np.linalg.norm(level) if np.linalg.norm(level) > 1e-3 else np.roll(up, 1)
    back = -0.75 * level + 0.65 * np.cross(level, up) + 0.6 * up
    back /= np.linalg.norm(back)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    # A point at (x, y) from the line of sight and z towards the eye is in view from x / tan(half view) + z on.
    x, y, z = np.stack([right, np.cross(back, right), back]) @ (stage.points - stage.centre).T
    margin = 0.2 * stage.radius
    reach = np.maximum((np.abs(x) + margin) / VIEW_ASPECT, np.abs(y) + margin) / math.tan(VIEW_FOV / 2)
    return stage.centre + (reach + z).max() * back


def _add_path(scene: Any, camera: Trajectory, moves: Sequence[MoveSpan], stage: _Stage) -> None:
    """The line of the camera's centre, in the colour of each move's first action."""
    times = camera.times_s.numpy()
    if not moves:
        _add_line(scene, "/camera/path", camera, slice(None), CAMERA_RGB, stage)
    for index, span in enumerate(moves):
        inside = np.flatnonzero((times >= span.start_s - 1e-9) & (times <= span.end_s + 1e-9))
        if len(inside) > 1:
            part = slice(inside[0], inside[-1] + 1)
            _add_line(scene, f"/camera/path_{index}", camera, part, FAMILIES[span.families[0]], stage)


def _add_line(
    scene: Any, name: str, camera: Trajectory, part: slice, rgb: tuple[int, int, int], stage: _Stage, width: float = 5.0
) -> None:
    points = camera.T_world_cam.translation.numpy()[part]
    if len(points) > 1 and np.ptp(points, axis=0).max() > 1e-6 * stage.radius:  # a turn on the spot has no line
        segments = np.stack([points[:-1], points[1:]], axis=1)
        scene.add_line_segments(name, segments, rgb, thickness=width, thickness_units="screen")


def _add_ghosts(scene: Any, camera: Trajectory, stage: _Stage) -> None:
    for index in np.unique(np.linspace(0, len(camera) - 1, min(GHOSTS, len(camera))).round().astype(int)):
        _add_frustum(scene, f"/camera/at_{index}", camera, int(index), 0.07 * stage.radius, (148, 163, 184), 1.0)


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
    scene: Any, recording: Any, shot: Shot, guide: Take | None, estimate: Trajectory | None, stage: _Stage
) -> None:
    """Record every moving thing, frame by frame."""
    camera, times = shot.camera, shot.camera.times_s.numpy()
    live = _add_frustum(scene, "/camera/now", camera, 0, 0.2 * stage.radius, CAMERA_RGB, 2.5)
    fov, _ = _fov_and_aspect(camera)
    moving = [(live, _pose_rows(camera)), *_add_actors(scene, shot)]
    if estimate is not None:
        second = _add_frustum(scene, "/estimate/now", estimate, 0, 0.16 * stage.radius, ESTIMATED_RGB, 2.0)
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
