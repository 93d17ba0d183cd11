"""Scenes of our own 360-Motion sets: who goes which way where, filmed by twelve cameras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.files import atomic_file
from kinoeye.base.jobs import Item
from kinoeye.datasets.motion360_cast import Role, cast
from kinoeye.datasets.motion360_files import Place, Pose, Vector
from kinoeye.datasets.motion360_layout import (
    CAMERA_NAMES,
    DESERT_PLACES,
    FPS,
    FRAMES,
    Group,
    Motion360Quirks,
    Resolution,
    SceneName,
    hemi12,
    times_s,
    trajectory_file,
    video_file,
)
from kinoeye.datasets.motion360_set import METRES_PER_CM, matrices_of, target_of
from kinoeye.footage.video import write_video
from kinoeye.formats.paths.motion360 import EntityPoses, write_entities
from kinoeye.formats.paths.unreal_rows import UNREAL
from kinoeye.geometry.convention import KINOEYE, Float64, convert, homogeneous
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render.film import draw, render
from kinoeye.render.scene import Scene, build_scene
from kinoeye.shot.environment import Environment
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.scenery import rocks
from kinoeye.shot.shot import Shot
from kinoeye.shot.templates import TEMPLATES, Performance, Template, perform

TARGET_HEIGHT_M = 0.9
"""Of what the cameras look at above the ground: the middle of a person."""
AREA_RADIUS_M = 3.6
"""Whoever stays so near to the middle is seen by some camera at any time, and whole by one across."""
PICTURE_WH = (512, 512)
_TRIES = 60
_SHARES = (0.3, 0.4, 0.3)
"""How many scenes have one, two and three entities."""
_PLACES_APART_M = 200.0


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A place of a set: what it looks like, and where it is in the world of the files."""

    environment: Environment
    place: Place


def _desert(number: int) -> Environment:
    desert = ENVIRONMENTS["desert"]
    stones = rocks(100 + number, 12 + number, stone=(0.66, 0.47, 0.32), largest_m=3.2)
    return replace(desert, props=stones, sun=replace(desert.sun, azimuth_deg=40.0 + 65.0 * number))


def _setting(order: int, name: str, prompt: str, environment: Environment) -> Setting:
    x = _PLACES_APART_M * order / METRES_PER_CM
    target = Pose(position=(x, -0.5 * x, TARGET_HEIGHT_M / METRES_PER_CM))
    return Setting(environment=environment, place=Place(name=name, target=target, prompt=prompt))


_HDRI = (
    ("loc1", "snow", "snowy field"),
    ("loc2", "meadow", "green meadow"),
    ("loc3", "checkerboard hall", "hall with a checkerboard floor"),
    ("loc11", "warehouse", "warehouse"),
    ("loc13", "forest clearing", "forest clearing"),
)
SETTINGS: Mapping[Group, tuple[Setting, ...]] = MappingProxyType(
    {
        "Desert": tuple(_setting(n, f"loc{n}", "desert", _desert(n)) for n in range(1, DESERT_PLACES + 1)),
        "HDRI": tuple(
            _setting(order, name, prompt, ENVIRONMENTS[environment])
            for order, (name, environment, prompt) in enumerate(_HDRI, start=1)
        ),
    }
)
"""Group -> its places, under the names of the released set and as like them as our environments are."""


@dataclass(frozen=True, kw_only=True)
class DirectedScene:
    """A scene before it is filmed; its shot's world has the place's ground contact at the origin."""

    name: SceneName
    setting: Setting
    roles: tuple[Role, ...]
    performance: Performance
    seed: int

    def shot(self, resolution: Resolution, camera: str = CAMERA_NAMES[0]) -> Shot:
        """What a camera films, without the bars."""
        width, height = resolution.size_wh
        lens = resolution.lens().crop((0, resolution.bar_rows, width, height - 2 * resolution.bar_rows))
        actors = (role.actor(track) for role, track in zip(self.roles, self.performance.tracks, strict=True))
        return Shot(
            camera=_still_camera(_stills()[camera], lens),
            actors=tuple(actors),
            environment=self.setting.environment,
            seed=self.seed,
        )

    @cached_property
    def origin_xyz(self) -> Vector:
        """The shot's origin in the world of the files, in metres in our axes."""
        x, y, z = target_of(self.setting.place)
        return x, y, z - TARGET_HEIGHT_M

    def poses(self) -> EntityPoses:
        """What its trajectory file says."""
        T_file_shot = SE3.from_matrix(torch.from_numpy(_moved(self.origin_xyz)))
        tracks = [track.moved_by(T_file_shot, up="z") for track in self.performance.tracks]
        return EntityPoses(
            indices=tuple(role.character.index for role in self.roles),
            numbers=tuple(range(FRAMES)),
            matrices=np.stack([matrices_of(track) for track in tracks]),
        )


def direct(group: Group, number: int, seed: int, roles: tuple[Role, ...]) -> DirectedScene | None:
    """A scene by its seed; None when no motion that was drawn fits its characters.

    Args:
        group: of its place.
        number: of the scene in its group, from 1; places take turns.
        seed: of the scene.
        roles: the cast of the set.
    """
    rng = np.random.default_rng([seed, 0x360])
    settings = SETTINGS[group]
    count = int(rng.choice(len(_SHARES), p=_SHARES)) + 1
    families = [template for template in TEMPLATES if template.actors == count]
    for _ in range(_TRIES):
        template = families[int(rng.integers(len(families)))]
        chosen = [roles[int(i)] for i in rng.choice(len(roles), count, replace=False)]
        performance = _performed(template, chosen, int(rng.integers(2**31)))
        if performance is not None:
            setting = settings[(number - 1) % len(settings)]
            name = SceneName(
                light="D", place=setting.place.name, number=number, entities=count, template=template.number
            )
            return DirectedScene(
                name=name, setting=setting, roles=tuple(chosen), performance=performance, seed=seed % 2**31
            )
    return None


def _performed(template: Template, roles: list[Role], seed: int) -> Performance | None:
    if not all(role.suits(template, place) for place, role in enumerate(roles)):
        return None
    sizes = [role.size_xyz for role in roles]
    try:
        performance = perform(template, times_s(), seed=seed, sizes=sizes, area_radius_m=AREA_RADIUS_M)
    except InputError:  # bodies too large for the area
        return None
    return performance if performance.is_clear else None


@dataclass(frozen=True, kw_only=True)
class FilmScene:
    """A scene by its group and number becomes its files, in every resolution."""

    folder: Path
    """Where the files go, laid out as in the set."""
    cast_seed: int
    resolutions: tuple[Resolution, ...]
    name: str = "film-360"

    @property
    def version(self) -> str:
        """Of the results."""
        return f"1 cast {self.cast_seed} {' '.join(resolution.name for resolution in self.resolutions)}"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Direct and film the scene of this seed."""
        group: Group = item.data["group"]
        scene = direct(group, item.data["number"], seed, cast(self.cast_seed))
        if scene is None:
            return Failure(f"none of {_TRIES} motions fits its characters")
        poses, files = scene.poses(), {}
        for resolution in self.resolutions:
            folder = self.folder / resolution.name / group / str(scene.name)
            (folder / "videos").mkdir(parents=True, exist_ok=True)
            write_entities(poses, trajectory_file(folder))
            written = [trajectory_file(folder)]
            for camera, frames in zip(CAMERA_NAMES, _films(scene, resolution), strict=True):
                write_video(video_file(folder, camera), frames, fps=FPS)
                written.append(video_file(folder, camera))
            files |= {str(path.relative_to(self.folder)): str(path) for path in written}
        facts = {
            "name": str(scene.name),
            "group": group,
            "template": scene.performance.template.name,
            "characters": [role.character.index for role in scene.roles],
            "prompts": [role.character.prompt for role in scene.roles],
            "location": scene.setting.place.prompt,
            "shown": round(scene.performance.shown, 4),
        }
        return Item(item.name, facts, files)


@dataclass(frozen=True, kw_only=True)
class PortrayCharacter:
    """A character by its number becomes its reference picture."""

    folder: Path
    cast_seed: int
    name: str = "portray-360"

    @property
    def version(self) -> str:
        """Of the results."""
        return f"1 cast {self.cast_seed}"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item:
        """Picture the character as it stands in a studio."""
        index = int(item.data["index"])
        role = next(role for role in cast(self.cast_seed) if role.character.index == index)
        path = self.folder / f"{index:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as temporary:
            Image.fromarray(_portrait(role)).save(temporary, format="PNG", optimize=False)
        return Item(item.name, dict(item.data), {path.name: str(path)})


def _films(scene: DirectedScene, resolution: Resolution) -> Iterator[NDArray[np.uint8]]:
    """The frames [99, height, width, 3] of each camera, one after another."""
    shot = scene.shot(resolution)
    built: Scene = build_scene(shot, shot.camera)
    bars = resolution.bar_rows
    for pose in _stills().values():
        T_world_cam = np.broadcast_to(pose, (FRAMES, 3, 4))
        frames = draw(replace(built, T_world_cam=np.ascontiguousarray(T_world_cam)), ("rgb",), samples=2)["rgb"]
        yield np.pad(frames, ((0, 0), (bars, bars), (0, 0), (0, 0)))


@lru_cache(maxsize=1)
def _stills() -> dict[str, Float64]:
    """Camera -> T_world_cam [3, 4] in the shot's world."""
    poses = {name: convert(pose, UNREAL, KINOEYE) for name, pose in hemi12(Motion360Quirks.none()).items()}
    for pose in poses.values():
        pose[2, 3] += TARGET_HEIGHT_M
    return poses


def _still_camera(pose: Float64, lens: Intrinsics) -> Trajectory:
    T_world_cam = SE3.from_matrix(torch.from_numpy(np.tile(homogeneous(pose), (FRAMES, 1, 1))))
    return Trajectory(Track(T_world_cam, times_s()), lens)


def _moved(xyz: Vector) -> Float64:
    matrix = np.eye(4)
    matrix[:3, 3] = xyz
    return matrix


def _portrait(role: Role) -> NDArray[np.uint8]:
    """A character [h, w, 3] from the front and a little to its left, so large that it fills the picture."""
    extent = max(role.size_xyz) * 1.15
    lens = Intrinsics.from_focal_mm(50.0, PICTURE_WH)
    distance = extent * float(lens.fx_fy_cx_cy[0]) / PICTURE_WH[0] + 0.5 * role.size_xyz[0]
    middle = np.array([0.0, 0.0, 0.5 * role.size_xyz[2]])
    eye = middle + distance * np.array([0.84, 0.48, 0.25])
    forward = (middle - eye) / np.linalg.norm(middle - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.column_stack([right, np.cross(forward, right), forward, eye])
    still = Track(SE3.identity(2), torch.tensor([0.0, 1.0], dtype=torch.float64))
    camera = _still_camera(pose, lens)
    shot = Shot(camera=camera, actors=(role.actor(still),), environment=ENVIRONMENTS["studio"])
    return render(shot, layers=("rgb",), times_s=[0.0], samples=2).layers["rgb"].values[0]
