"""What is wrong with the files of one 360-Motion scene."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.findings import frames_in_words
from kinoeye.datasets.faults import Problem, Problems
from kinoeye.datasets.motion360_files import Character, Place
from kinoeye.datasets.motion360_layout import (
    BODY,
    CAMERA_NAMES,
    CHARACTERS,
    FOCAL_MM,
    FPS,
    FRAMES,
    PLACES,
    RADIUS_CM,
    SENSOR_WIDTH_MM,
    Motion360Quirks,
    Resolution,
    SceneName,
    trajectory_file,
    video_file,
)
from kinoeye.datasets.motion360_set import METRES_PER_CM, is_rigid, target_of
from kinoeye.formats.paths.motion360 import EntityPoses, read_entities
from kinoeye.formats.paths.unreal_rows import UNREAL
from kinoeye.geometry.convention import KINOEYE, Float64, convert, homogeneous, invert

FASTEST_M_PER_S = 30.0
"""Whoever is faster jumps."""
_BLACK = 24
"""Grey level that compressed black rows stay under."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the scenes of a group share, as far as it could be read."""

    resolution: Resolution
    characters: Mapping[int, Character] | None
    places: Mapping[str, Place] | None
    stills: Mapping[str, Float64] | None


@dataclass(kw_only=True)
class SceneProblems:
    """What is wrong with a scene."""

    files: dict[str, Problems] = field(default_factory=dict)
    """Name of a file within the scene's folder, or "" for the folder -> problems."""
    poses: EntityPoses | None = None
    """What its trajectory file says, where it can be read."""


def scene_problems(folder: Path, name: SceneName, around: Surroundings) -> SceneProblems:
    """What is wrong with the trajectory and the videos of a scene.

    Args:
        folder: of the scene.
        name: of the scene.
        around: what it shares with others.
    """
    found = SceneProblems()
    if around.places is not None and name.place not in around.places:
        found.files[""] = [Problem("unknown-place", f"{name.place} is not in {PLACES} of its group")]
    path = trajectory_file(folder)
    if not path.is_file():
        found.files[path.name] = [Problem("missing-file", f"{path.name} is missing")]
    else:
        try:
            found.poses = read_entities(path)
            found.files[path.name] = list(_trajectory(found.poses, name, around))
        except InputError as error:
            found.files[path.name] = [Problem("unreadable", str(error))]
    known = {video_file(folder, camera).name for camera in CAMERA_NAMES}
    for camera in CAMERA_NAMES:
        video = video_file(folder, camera)
        found.files[f"videos/{video.name}"] = list(_video(video, around.resolution))
    for extra in sorted(path.name for path in (folder / "videos").glob("*") if path.name not in known):
        found.files[f"videos/{extra}"] = [Problem("unknown-file", "it is the video of no camera", "warning")]
    return found


def _trajectory(poses: EntityPoses, name: SceneName, around: Surroundings) -> Iterator[Problem]:
    if poses.numbers != tuple(range(FRAMES)):
        first, last = poses.numbers[0], poses.numbers[-1]
        yield Problem("frames", f"it has {len(poses.numbers)} frames, {first} to {last}; 0 to {FRAMES - 1} are needed")
    if len(poses.indices) != name.entities:
        yield Problem("entities", f"it has {len(poses.indices)} entities; the scene's name says {name.entities}")
    for row, index in enumerate(poses.indices):
        if index is None:
            yield Problem("no-index", f"entity {row} has no whole number as its index")
        elif around.characters is not None and index not in around.characters:
            yield Problem("unknown-character", f"entity {row} is {index}, which {CHARACTERS} lacks")
    for row, matrices in enumerate(poses.matrices):
        rigid = is_rigid(matrices)
        if not rigid.all():
            yield Problem("not-rigid", f"entity {row} has poses that are no rotation with a place: {_when(~rigid)}")
            continue
        steps = METRES_PER_CM * np.linalg.norm(np.diff(matrices[:, :, 3], axis=0), axis=-1)
        fast = np.append(steps * FPS > FASTEST_M_PER_S, False)
        if fast.any():
            speed = float(steps.max()) * FPS
            yield Problem("jump", f"entity {row} moves at up to {speed:.0f} m/s: {_when(fast)}", "warning")
        yield from _sight(row, poses.indices[row], matrices, name, around)


def _sight(row: int, index: int | None, matrices: Float64, name: SceneName, around: Surroundings) -> Iterator[Problem]:
    """Whether any camera has the entity in its picture, at least at some time."""
    place = (around.places or {}).get(name.place)
    if around.stills is None or place is None:
        return
    character = (around.characters or {}).get(-1 if index is None else index)
    size = None if character is None else character.size_xyz
    xyz = METRES_PER_CM * (matrices[:, :, 3] - np.array(place.target.position))
    beyond = np.linalg.norm(xyz[:, :2], axis=-1) > METRES_PER_CM * RADIUS_CM
    if beyond.any():
        message = f"entity {row} is outside of the ring of cameras: {_when(beyond)}"
        yield Problem("outside-ring", message, "warning")
    body = convert(matrices, UNREAL, BODY) - np.pad(np.array(target_of(place))[:, None], ((0, 0), (3, 0)))
    middles = body @ np.array([0.0, 0.0, 0.0 if size is None else 0.5 * size[2], 1.0])
    width, height = around.resolution.size_wh
    half_x = 0.5 * SENSOR_WIDTH_MM / FOCAL_MM
    lost = Motion360Quirks.of(around.stills).camera_height_missing or size is None
    half_y = math.inf if lost else half_x * (height - 2 * around.resolution.bar_rows) / width
    seen = np.zeros(len(middles), dtype=bool)
    for still in around.stills.values():
        T_cam_world = invert(convert(still, UNREAL, KINOEYE))
        x, y, z = homogeneous(T_cam_world)[:3] @ np.column_stack([middles, np.ones(len(middles))]).T
        seen |= (z > 0) & (np.abs(x) <= half_x * z) & (np.abs(y) <= half_y * z)
    if not seen.any():
        yield Problem("never-seen", f"entity {row} is outside of the picture of all cameras all the time")
    elif not seen.all():
        message = f"entity {row} is outside of the picture of all cameras: {_when(~seen)}"
        yield Problem("out-of-picture", message, "warning")


def _video(path: Path, resolution: Resolution) -> Iterator[Problem]:
    import av
    from av.error import FFmpegError

    if not path.is_file():
        yield Problem("missing-file", f"{path.name} is missing")
        return
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                yield Problem("unreadable", f"{path.name} has no video stream")
                return
            size, rate = (stream.width, stream.height), float(stream.average_rate or 0)
            count, first = 0, None
            for packet in container.demux(stream):
                count += packet.size > 0
                if first is None:
                    first = next(iter(packet.decode()), None)
            grey = None if first is None else first.to_ndarray(format="gray")
    except FFmpegError as error:
        yield Problem("unreadable", f"{path.name} cannot be decoded as video: {error}")
        return
    if size != resolution.size_wh:
        yield Problem("size", "it is {}x{}; its folder is for {}x{}".format(*size, *resolution.size_wh))
    if count != FRAMES:
        yield Problem("frames", f"it has {count} frames; {FRAMES} are needed")
    if abs(rate - FPS) > 0.01:
        yield Problem("rate", f"it has {rate:g} frames per second; {FPS} are needed", "warning")
    rows = resolution.bar_rows
    # The bars' rows beside the picture are not looked at: compression mixes them with it.
    bars = [] if grey is None or not rows or size != resolution.size_wh else [grey[: rows - 1], grey[1 - rows :]]
    if any(bar.max() > _BLACK for bar in bars):
        yield Problem("no-bars", f"its {rows} first and last rows are not black, as the lens has it", "warning")


def _when(frames: NDArray[np.bool_]) -> str:
    """Frames where something is so, in words."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frames.astype(np.int8), [0]])))
    return frames_in_words([(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)])
