"""`shot.json`, the shot's own record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.records import check_object, check_record, from_json, to_json
from kinoeye.geometry.convention import homogeneous
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.record import CameraArrays, camera_from_json, camera_to_json, track_from_json, track_to_json
from kinoeye.geometry.track import Track, Trajectory, Unit
from kinoeye.shot.environment import Environment, Panorama
from kinoeye.shot.record_head import SHOT_FILE, VERSION
from kinoeye.shot.shot import Actor, Avatar, Shot, SkinnedAvatar

_SHOT_KEYS = ("record", "version", "prompt", "seed", "camera", "actors", "environment")
_ACTOR_KEYS = ("name", "prompt", "category", "size_xyz", "track", "avatar")


def shot_to_json(shot: Shot, *, folder: Path | None = None) -> dict[str, Any]:
    """Plain JSON data of a shot.

    Args:
        shot: what is written.
        folder: where the record will lie; a panorama's picture within it is named from there, another one by its
            absolute path. None keeps the name that the shot has.
    """
    environment = shot.environment
    if folder is not None and isinstance(environment.sky, Panorama):
        file = _named_from(folder, Path(environment.sky.file))
        environment = replace(environment, sky=replace(environment.sky, file=file))
    return {
        "record": "Shot",
        "version": VERSION,
        "prompt": shot.prompt,
        "seed": shot.seed,
        "camera": trajectory_to_json(shot.camera),
        "actors": [_actor_to_json(actor) for actor in shot.actors],
        "environment": to_json(environment),
    }


def load_shot(path: Path) -> Shot:
    """Read a shot from `shot.json` or from a folder that holds it; a picture that lies there is found there.

    Raises:
        InputError: the file is missing, damaged, or not a shot.
    """
    path = path / SHOT_FILE if path.is_dir() else path
    shot = shot_from_json(read_json(path), where=str(path))
    sky = shot.environment.sky
    if isinstance(sky, Panorama) and (path.parent / sky.file).is_file():
        sky = replace(sky, file=str(path.parent / sky.file))
        shot = replace(shot, environment=replace(shot.environment, sky=sky))
    return shot


def _named_from(folder: Path, file: Path) -> str:
    whole, within = file.resolve(), folder.resolve()
    return whole.relative_to(within).as_posix() if whole.is_relative_to(within) else str(whole)


def shot_from_json(data: Any, *, where: str) -> Shot:
    """The inverse of `shot_to_json`.

    Raises:
        InputError: the data are not a shot that this version reads.
    """
    check_record("Shot", data, version=VERSION, where=where)
    check_object(data, _SHOT_KEYS, where=where)
    actors = from_json(tuple[Any, ...], data["actors"], where=f"{where}.actors")
    try:
        return Shot(
            camera=trajectory_from_json(data["camera"], where=f"{where}.camera"),
            actors=tuple(_actor_from_json(a, f"{where}.actors[{i}]") for i, a in enumerate(actors)),
            environment=from_json(Environment, data["environment"], where=f"{where}.environment"),
            prompt=from_json(str, data["prompt"], where=f"{where}.prompt"),
            seed=from_json(int, data["seed"], where=f"{where}.seed"),
        )
    except ValueError as error:
        raise error if isinstance(error, InputError) else InputError(f"{where}: {error}") from error


def trajectory_to_json(trajectory: Trajectory) -> dict[str, Any]:
    """Plain JSON data of a camera."""
    return camera_to_json(
        CameraArrays(
            T_world_cam=trajectory.T_world_cam.as_matrix()[:, :3].double().numpy(),
            times_s=trajectory.times_s.double().numpy(),
            fx_fy_cx_cy=trajectory.intrinsics.fx_fy_cx_cy.double().numpy(),
            size_wh=trajectory.size_wh,
            unit=trajectory.track.unit,
            up=trajectory.track.up,
        )
    )


def trajectory_from_json(data: Any, *, where: str) -> Trajectory:
    """The inverse of `trajectory_to_json`.

    Raises:
        InputError: the data are not a camera with intrinsics.
    """
    camera = camera_from_json(data, where=where)
    if camera.fx_fy_cx_cy is None or camera.size_wh is None:
        raise InputError(f"{where} has no intrinsics; a shot needs fx_fy_cx_cy and size_wh")
    track = _track(camera.T_world_cam, camera.times_s, camera.unit, where)
    track = replace(track, up=camera.up)
    return Trajectory(track, Intrinsics(torch.from_numpy(camera.fx_fy_cx_cy), camera.size_wh))


def _actor_to_json(actor: Actor) -> dict[str, Any]:
    poses = actor.track.T_world_body.as_matrix().double().numpy()
    return {
        "name": actor.name,
        "prompt": actor.prompt,
        "category": actor.category,
        "size_xyz": list(actor.size_xyz),
        "avatar": _avatar_to_json(actor.avatar),
        "track": track_to_json(poses, actor.track.times_s.double().numpy(), actor.track.unit),
    }


def _actor_from_json(data: Any, where: str) -> Actor:
    check_object(data, _ACTOR_KEYS, where=where)
    poses, times, unit = track_from_json(data["track"], where=f"{where}.track")
    return Actor(
        name=from_json(str, data["name"], where=f"{where}.name"),
        prompt=from_json(str, data["prompt"], where=f"{where}.prompt"),
        category=data["category"],
        size_xyz=from_json(tuple[float, float, float], data["size_xyz"], where=f"{where}.size_xyz"),
        track=_track(poses, times, unit, f"{where}.track"),
        avatar=_avatar_from_json(data["avatar"], f"{where}.avatar"),
    )


def _avatar_to_json(avatar: Avatar | SkinnedAvatar | None) -> Any:
    data = to_json(avatar)
    if isinstance(avatar, SkinnedAvatar) and avatar.recorded is None:
        del data["recorded"]  # records of bodies that nobody recorded stay as they were, and so do their fingerprints
    return data


def _avatar_from_json(data: Any, where: str) -> Avatar | SkinnedAvatar | None:
    if data is None:
        return None
    skinned = isinstance(data, dict) and "body" in data
    return from_json(SkinnedAvatar if skinned else Avatar, data, where=where)


def _track(poses: Any, times_s: Any, unit: str, where: str) -> Track:
    deviation = abs(poses[:, :, :3].swapaxes(1, 2) @ poses[:, :, :3] - torch.eye(3).numpy()).max(initial=0)
    if not deviation < 1e-6:
        raise InputError(f"{where} holds a pose that is not a rigid transform; see `kinoeye inspect`")
    checked: Unit = "m" if unit == "m" else "arbitrary"
    return Track(SE3.from_matrix(torch.from_numpy(homogeneous(poses))), torch.from_numpy(times_s), checked)
