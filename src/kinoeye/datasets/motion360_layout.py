"""Where everything is in a 360-Motion folder (arXiv 2412.07759), its names, its lens and its twelve cameras."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.base.quirks import QuirkSet
from kinoeye.geometry.convention import Convention, Float64
from kinoeye.geometry.intrinsics import Intrinsics

Group = Literal["Desert", "HDRI"]
GROUPS: tuple[Group, ...] = get_args(Group)
CHARACTERS, CAMERAS, PICTURES = "CharacterInfo.json", "Hemi12_transforms.json", "RefPic"
PLACES, TEST_SETS = "location_data.json", "test_sets.json"
FRAMES, FPS = 99, 30
DESERT_PLACES = 5
"""Places of the group Desert, which its scenes take in turn."""
CAMERA_NAMES = tuple(f"C_{number:02d}_35mm" for number in range(1, 13))
RADIUS_CM, RISE_CM = 800.0, 75.0
"""Of the cameras about their target: over the ground, and above it."""
FOCAL_MM, SENSOR_WIDTH_MM = 35.0, 23.76
BODY = Convention("FLU", "FLU", "cam_to_world", 1.0)
"""Poses of bodies in our worlds: x forward, y left, z up, in metres."""
LOCATION_WORDS: Mapping[tuple[Group, str], str] = MappingProxyType(
    {
        **{("Desert", f"loc{number}"): "desert" for number in range(1, DESERT_PLACES + 1)},
        ("HDRI", "loc1"): "snowy street",
        ("HDRI", "loc2"): "park",
        ("HDRI", "loc3"): "indoor open space",
        ("HDRI", "loc11"): "gymnastics room",
        ("HDRI", "loc13"): "autumn forest",
    }
)
"""Group and place -> what 3DTrajMaster's prompts call it."""
_NAME = re.compile(r"([DN])_loc(\d{1,3})_(\d{1,5})_t(\d)n(\d{1,3})_([0-9a-f]{4})_Hemi12_1")
_SIZE = re.compile(r"([1-9]\d{1,3})_([1-9]\d{1,3})")


@dataclass(frozen=True, kw_only=True)
class Motion360Quirks(QuirkSet):
    """What is wrong in the released files."""

    camera_height_missing: bool
    """Cameras are stored at the height of their target although they look down at it by atan(75/800)."""

    @classmethod
    def of(cls, cameras: Mapping[str, Float64]) -> Motion360Quirks:
        """The defects that cameras show, as `Hemi12_transforms.json` has them: poses [3, 4]."""
        return cls(
            camera_height_missing=any(pose[2, 3] == 0.0 and pose[2, 0] < -1e-3 for pose in cameras.values()),
        )


@dataclass(frozen=True, kw_only=True)
class SceneName:
    """What the name of a scene says.

    Example:
        >>> name = SceneName.parse("D_loc1_61_t3n13_003d_Hemi12_1")
        >>> name.place, name.number, name.entities, name.template, str(name)
        ('loc1', 61, 3, 13, 'D_loc1_61_t3n13_003d_Hemi12_1')
    """

    light: Literal["D", "N"]
    """By day or by night."""
    place: str
    number: int
    """Of the scene in its group, from 1."""
    entities: int
    template: int
    """Number of the motion template among those of so many entities."""

    def __str__(self) -> str:
        """The name of the scene's folder."""
        return f"{self.light}_{self.place}_{self.number}_t{self.entities}n{self.template}_{self.number:04x}_Hemi12_1"

    @classmethod
    def parse(cls, text: str) -> SceneName:
        """Read a name.

        Raises:
            InputError: it is no name of a scene, or its number is not the one that it repeats in hexadecimal digits.
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise InputError(f"{text[:80]!r} names no scene; D_locX_NUMBER_tKnM_HEX_Hemi12_1 is needed")
        light, place, number, entities, template, digits = match.groups()
        if int(digits, 16) != int(number):
            raise InputError(f"{text!r} says the scene's number as {number} and as {int(digits, 16)} (hex {digits})")
        return cls(
            light="N" if light == "N" else "D",
            place=f"loc{int(place)}",
            number=int(number),
            entities=int(entities),
            template=int(template),
        )


@dataclass(frozen=True)
class Resolution:
    """A size of the videos.

    Example:
        >>> Resolution((672, 384)).name, Resolution((672, 384)).bar_rows, Resolution((720, 480)).bar_rows
        ('384_672', 3, 0)
    """

    size_wh: tuple[int, int]

    def __post_init__(self) -> None:
        if any(side % 2 or not 16 <= side <= 8192 for side in self.size_wh):
            width, height = self.size_wh
            raise InputError(f"videos of {width}x{height} cannot be made: sides are even numbers from 16 to 8192")

    @classmethod
    def parse(cls, name: str) -> Resolution | None:
        """The resolution that a folder HEIGHT_WIDTH is for; None for another folder."""
        match = _SIZE.fullmatch(name)
        return None if match is None else cls((int(match[2]), int(match[1])))

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.size_wh[1]}_{self.size_wh[0]}"

    @property
    def bar_rows(self) -> int:
        """Black rows above and below the picture, whose sensor is not quite as high as 384 rows."""
        return 3 if self.size_wh == (672, 384) else 0

    def lens(self) -> Intrinsics:
        """The 35 mm lens on a sensor 23.76 mm wide, for the whole frame with its bars."""
        return Intrinsics.from_focal_mm(FOCAL_MM, self.size_wh, sensor_width_mm=SENSOR_WIDTH_MM)


OFFICIAL_RESOLUTIONS = (Resolution((720, 480)), Resolution((672, 384)))


def hemi12(quirks: Motion360Quirks) -> dict[str, Float64]:
    """The twelve cameras about their target in Unreal's axes and centimetres, poses [3, 4] by name.

    Camera i stands at azimuth 30 i degrees, 8 m away and 0.75 m up, and looks at the target.

    Example:
        >>> hemi12(Motion360Quirks.none())["C_12_35mm"][:, 3].round(6).tolist()
        [800.0, -0.0, 75.0]
    """
    pitch = math.atan2(RISE_CM, RADIUS_CM)
    height = 0.0 if quirks.camera_height_missing else RISE_CM
    poses = {}
    for number, name in enumerate(CAMERA_NAMES, start=1):
        x, y = math.cos(math.radians(30 * number)), math.sin(math.radians(30 * number))
        forward = [-x * math.cos(pitch), -y * math.cos(pitch), -math.sin(pitch)]
        up = [-x * math.sin(pitch), -y * math.sin(pitch), math.cos(pitch)]
        poses[name] = np.array([forward, [y, -x, 0.0], up, [RADIUS_CM * x, RADIUS_CM * y, height]]).T
    return poses


def scene_folder(folder: Path, resolution: str, group: str, name: str) -> Path:
    """The folder of a scene."""
    return folder / resolution / group / name


def trajectory_file(scene: Path) -> Path:
    """The poses of a scene's entities."""
    return scene / f"{scene.name}.json"


def video_file(scene: Path, camera: str) -> Path:
    """The video of a camera."""
    return scene / "videos" / f"{scene.name}_{camera}.mp4"


def full_prompt(entity_prompts: tuple[str, ...], location: str) -> str:
    """The prompt of a whole scene, as 3DTrajMaster joins it.

    Example:
        >>> full_prompt(("a dog", "a red car"), "desert")
        'a dog and a red car are moving in the desert'
    """
    verb = "is" if len(entity_prompts) == 1 else "are"
    return f"{' and '.join(entity_prompts)} {verb} moving in the {location}"


def times_s(frames: int = FRAMES) -> torch.Tensor:
    """Times of the frames [frames] in seconds."""
    return torch.arange(frames, dtype=torch.float64) / FPS
