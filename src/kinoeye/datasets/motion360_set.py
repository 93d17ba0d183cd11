"""A 360-Motion set read: its characters, places and cameras, and each scene as tracks, cameras, words and videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.datasets.motion360_files import (
    Character,
    Place,
    TestCase,
    read_characters,
    read_places,
    read_test_sets,
)
from kinoeye.datasets.motion360_layout import (
    BODY,
    CAMERA_NAMES,
    CAMERAS,
    CHARACTERS,
    FRAMES,
    GROUPS,
    LOCATION_WORDS,
    PICTURES,
    PLACES,
    TEST_SETS,
    Group,
    Motion360Quirks,
    Resolution,
    SceneName,
    full_prompt,
    scene_folder,
    times_s,
    trajectory_file,
    video_file,
)
from kinoeye.formats.paths.motion360 import EntityPoses, read_entities, read_stills
from kinoeye.formats.paths.unreal_rows import UNREAL
from kinoeye.geometry.convention import KINOEYE, Float64, convert, homogeneous
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory

METRES_PER_CM = 0.01
ORTHONORMAL = 1e-4
"""How far from a rotation a pose may be; six written digits leave some 1e-6."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Entity:
    """Somebody in a scene."""

    index: int
    """In CharacterInfo.json."""
    track: Track
    """T_world_body in metres: x forward, y left, z up; 99 poses at 30 per second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion360Scene:
    """One motion, which all twelve cameras film."""

    name: SceneName
    group: Group
    resolution: Resolution
    folder: Path
    entities: tuple[Entity, ...]
    entity_prompts: tuple[str, ...]
    location: str
    """What the place is called."""
    target_xyz: tuple[float, float, float]
    """What the cameras look at, in metres in the world of the tracks."""
    stills: Mapping[str, Float64]
    quirks: Motion360Quirks

    @property
    def prompt(self) -> str:
        """All of it in one sentence, as 3DTrajMaster joins it."""
        return full_prompt(self.entity_prompts, self.location)

    def video(self, camera: str) -> Path:
        """The file that a camera filmed."""
        return video_file(self.folder, camera)

    def camera(self, name: str, *, height_m: float | None = None) -> Trajectory:
        """A camera with its lens in the world of the tracks, at the times of the frames.

        Args:
            name: "C_01_35mm" to "C_12_35mm".
            height_m: above its target, instead of what the set says. Official files have lost it: 0.75 makes the
                cameras look at their target, and 0 is what 3DTrajMaster reckons with.

        Raises:
            InputError: there is no such camera, or the set has lost its height and none is given.
        """
        if name not in self.stills:
            raise InputError(f"there is no camera {name[:40]!r}; it is one of {', '.join(self.stills)}")
        if height_m is None and self.quirks.camera_height_missing:
            raise InputError(f"{CAMERAS} has lost the height of the cameras, which look down from their target's; "
                             "give height_m in metres, such as 0.75, with which they look at it")  # fmt: skip
        pose = homogeneous(convert(self.stills[name], UNREAL, KINOEYE))
        pose[:3, 3] += self.target_xyz
        if height_m is not None:
            pose[2, 3] = self.target_xyz[2] + height_m
        T_world_cam = SE3.from_matrix(torch.from_numpy(np.tile(pose, (FRAMES, 1, 1))))
        return Trajectory(Track(T_world_cam, times_s()), self.resolution.lens())


@dataclass(frozen=True, kw_only=True)
class Motion360Set:
    """A 360-Motion folder; what all scenes share is read, and each scene when it is asked for."""

    folder: Path
    characters: Mapping[int, Character]
    stills: Mapping[str, Float64]
    """Camera -> pose [3, 4] about the target as it is written (Unreal's axes, centimetres)."""
    places: Mapping[tuple[str, Group], Mapping[str, Place]]
    """Name of a resolution and group -> name -> place."""
    test_cases: Mapping[str, TestCase]
    """Empty where the set has none."""

    @cached_property
    def quirks(self) -> Motion360Quirks:
        """The defects that the set has."""
        return Motion360Quirks.of(self.stills)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Reference pictures of characters."""
        return tuple(sorted(path for path in (self.folder / PICTURES).glob("*") if path.is_file()))

    def names(self, resolution: str, group: Group) -> tuple[str, ...]:
        """Names of the scenes of a group, sorted; folders that are none are left to `check_motion360`."""
        found = [path.name for path in (self.folder / resolution / group).glob("*_Hemi12_1") if path.is_dir()]
        return tuple(sorted(found))

    def scene(self, resolution: str, group: Group, name: str) -> Motion360Scene:
        """A scene.

        Args:
            resolution: name of a resolution's folder: "480_720".
            group: "Desert" or "HDRI".
            name: of the scene's folder.

        Raises:
            InputError: a file is missing or damaged, or the scene has a place or a character that the set has not.
        """
        size, parsed = Resolution.parse(resolution), SceneName.parse(name)
        places = self.places.get((resolution, group))
        if size is None or places is None:
            known = ", ".join("/".join(key) for key in self.places)
            raise InputError(f"{self.folder} has no scenes {resolution}/{group}; it has {known}")
        folder = scene_folder(self.folder, resolution, group, name)
        poses = checked_entities(trajectory_file(folder), parsed)
        missing = [index for index in poses.indices if index not in self.characters]
        if missing:
            raise InputError(f"{folder} has the entity {missing[0]}, which {CHARACTERS} lacks")
        if parsed.place not in places:
            raise InputError(f"{folder} is at {parsed.place}, which {PLACES} of its group lacks")
        place = places[parsed.place]
        return Motion360Scene(
            name=parsed,
            group=group,
            resolution=size,
            folder=folder,
            entities=tuple(
                Entity(index=index, track=track_of(matrices))
                for index, matrices in zip(poses.indices, poses.matrices, strict=True)
                if index is not None
            ),
            entity_prompts=tuple(self.characters[index].prompt for index in poses.indices if index is not None),
            location=place.prompt or LOCATION_WORDS.get((group, place.name), place.name),
            target_xyz=target_of(place),
            stills=self.stills,
            quirks=self.quirks,
        )


def read_motion360(folder: Path | str) -> Motion360Set:
    """Read a 360-Motion folder (arXiv 2412.07759).

    Args:
        folder: holds CharacterInfo.json, Hemi12_transforms.json, and 480_720/ or 384_672/ with Desert/ or HDRI/.

    Raises:
        InputError: it is no such folder, or a file that all scenes share is missing or damaged.

    Example:
        >>> found = read_motion360("360Motion-Dataset")  # doctest: +SKIP
        >>> found.scene("480_720", "Desert", "D_loc1_61_t3n13_003d_Hemi12_1").entities[0].track  # doctest: +SKIP
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one with {CHARACTERS} and {CAMERAS}")
    places: dict[tuple[str, Group], dict[str, Place]] = {}
    for resolution in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        if Resolution.parse(resolution) is None:
            continue
        for group in GROUPS:
            if (folder / resolution / group).is_dir():
                places[resolution, group] = read_places(folder / resolution / group / PLACES)
    if not places:
        raise InputError(f"{folder} has no folder such as 480_720/Desert with scenes")
    tests = folder / TEST_SETS
    return Motion360Set(
        folder=folder,
        characters=read_characters(folder / CHARACTERS),
        stills=checked_stills(folder / CAMERAS),
        places=places,
        test_cases=read_test_sets(tests) if tests.is_file() else {},
    )


def checked_stills(path: Path) -> dict[str, Float64]:
    """The twelve cameras as they are written.

    Raises:
        InputError: the file is missing or damaged, a camera is missing or unknown, or one is no rigid pose.
    """
    stills = read_stills(path)
    wrong = sorted(set(stills) ^ set(CAMERA_NAMES))
    if wrong:
        raise InputError(f"{path} has other cameras than {CAMERA_NAMES[0]} to {CAMERA_NAMES[-1]}: {wrong[0][:40]!r}")
    for name in CAMERA_NAMES:
        if not is_rigid(stills[name]).all():
            raise InputError(f"{path} {name} is no rotation with a place")
    return {name: stills[name] for name in CAMERA_NAMES}


def checked_entities(path: Path, name: SceneName) -> EntityPoses:
    """The poses of a scene's entities as they are written.

    Raises:
        InputError: the file is missing or damaged, frames, entities or their numbers are not those of the scene, or a
            pose is not rigid.
    """
    poses = read_entities(path)
    if poses.numbers != tuple(range(FRAMES)):
        raise InputError(f"{path} has {len(poses.numbers)} frames to {poses.numbers[-1]}; 0 to {FRAMES - 1} are needed")
    if len(poses.indices) != name.entities:
        raise InputError(f"{path} has {len(poses.indices)} entities; its name says {name.entities}")
    if None in poses.indices:
        raise InputError(f"{path} entity {poses.indices.index(None)} has no whole number as its index")
    rigid = is_rigid(poses.matrices)
    if not rigid.all():
        row, frame = np.argwhere(~rigid)[0]
        raise InputError(f"{path} frame {frame} entity {row} is no rotation with a place")
    return poses


def is_rigid(matrices: Float64) -> np.ndarray:
    """Whether poses [..., 3, 4] are finite rotations with a place: bools [...]."""
    rotation = np.nan_to_num(matrices[..., :3], nan=9.0, posinf=9.0, neginf=9.0)
    off = np.abs(np.swapaxes(rotation, -1, -2) @ rotation - np.eye(3)).max(axis=(-1, -2))
    return np.isfinite(matrices).all(axis=(-1, -2)) & (off < ORTHONORMAL) & (np.linalg.det(rotation) > 0)


def track_of(matrices: Float64) -> Track:
    """Poses [f, 3, 4] as they are written -> T_world_body."""
    poses = homogeneous(convert(matrices, UNREAL, BODY))
    return Track(SE3.from_matrix(torch.from_numpy(poses)), times_s(len(poses)))


def matrices_of(track: Track) -> Float64:
    """The inverse of `track_of`: [f, 3, 4] in Unreal's axes and centimetres."""
    return convert(track.T_world_body.as_matrix().double().numpy(force=True), BODY, UNREAL)


def target_of(place: Place) -> tuple[float, float, float]:
    """The target of a place's cameras in metres in our world."""
    x, y, z = place.target.position
    return METRES_PER_CM * x, -METRES_PER_CM * y, METRES_PER_CM * z
