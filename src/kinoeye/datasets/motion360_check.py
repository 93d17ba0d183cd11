"""What is wrong with a 360-Motion folder: every fault of every scene; nothing is changed, skipped or replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.findings import severity_rank
from kinoeye.base.progress import track
from kinoeye.datasets.faults import CHECKSUMS, Fault, Problem, Problems, SetReport, checksum_problems, faults_of
from kinoeye.datasets.motion360_files import Character, Place, read_characters, read_places, read_test_sets
from kinoeye.datasets.motion360_layout import (
    CAMERA_NAMES,
    CAMERAS,
    CHARACTERS,
    DESERT_PLACES,
    GROUPS,
    OFFICIAL_RESOLUTIONS,
    PICTURES,
    PLACES,
    TEST_SETS,
    Group,
    Motion360Quirks,
    Resolution,
    SceneName,
)
from kinoeye.datasets.motion360_scene_check import Surroundings, scene_problems
from kinoeye.datasets.motion360_set import is_rigid
from kinoeye.formats.paths.motion360 import EntityPoses, read_stills
from kinoeye.geometry.convention import Float64

MAX_WORDS = 50
"""3DTrajMaster reads so many tokens of a caption, and a word is one at least."""
T = TypeVar("T")


def check_motion360(folder: Path | str) -> SetReport:
    """Every fault of a 360-Motion folder (arXiv 2412.07759): names, places, characters, poses, videos, cameras.

    Args:
        folder: holds CharacterInfo.json, Hemi12_transforms.json and folders such as 480_720/Desert.

    Raises:
        InputError: it is no folder.

    Example:
        >>> check_motion360("360Motion-Dataset").holds  # doctest: +SKIP
        True
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one with {CHARACTERS} and {CAMERAS}")
    check = _Check(folder)
    characters = check.read(CHARACTERS, read_characters)
    stills = check.read(CAMERAS, read_stills)
    check.add("", CHARACTERS, _characters(characters or {}))
    check.add("", CAMERAS, _cameras(stills) if stills else [])
    check.add("", PICTURES, _pictures(folder / PICTURES))
    resolutions = check.resolutions()
    check.add("", "", _resolutions(resolutions))
    for resolution in resolutions:
        for group in GROUPS:
            if (folder / resolution.name / group).is_dir():
                check.group(resolution, group, characters, _rigid_only(stills))
    check.between_resolutions([resolution.name for resolution in resolutions])
    check.test_sets()
    check.add("", CHECKSUMS, checksum_problems(folder))
    check.faults.sort(key=lambda fault: severity_rank(fault.severity))
    shots = {size.name: sum(key[0] == size.name for key in check.scenes) for size in resolutions}
    return SetReport(shots=shots, faults=tuple(check.faults))


class _Check:
    """What has been found of a folder so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.scenes: dict[tuple[str, Group, str], EntityPoses | None] = {}
        """Resolution, group and name of each scene -> its poses, where they can be read."""

    def add(self, item: str, file: str, problems: Iterator[Problem] | Problems) -> None:
        self.faults += faults_of(item, file, problems)

    def read(self, name: str, reader: Callable[[Path], T]) -> T | None:
        """A file that all scenes share; None where it is missing or damaged, which is a fault."""
        path = self.folder / name
        if not path.is_file():
            self.add("", name, [Problem("missing-file", f"{path.name} is missing")])
            return None
        try:
            return reader(path)
        except InputError as error:
            self.add("", name, [Problem("unreadable", str(error))])
            return None

    def resolutions(self) -> list[Resolution]:
        """The sizes that there are folders for."""
        found: list[Resolution] = []
        for path in sorted(path for path in self.folder.iterdir() if path.is_dir()):
            try:
                resolution = Resolution.parse(path.name)
            except InputError as error:
                self.add("", path.name, [Problem("bad-name", str(error))])
                continue
            if resolution is not None:
                found.append(resolution)
                self.add("", path.name, _groups(path))
        return found

    def group(
        self,
        resolution: Resolution,
        group: Group,
        characters: Mapping[int, Character] | None,
        stills: Mapping[str, Float64] | None,
    ) -> None:
        """All scenes of a group."""
        base = f"{resolution.name}/{group}"
        places = self.read(f"{base}/{PLACES}", read_places)
        around = Surroundings(resolution=resolution, characters=characters, places=places, stills=stills)
        folders = sorted(path for path in (self.folder / base).iterdir() if path.is_dir())
        if not folders:
            self.add("", base, [Problem("empty", "there is no scene")])
        numbers: dict[int, str] = {}
        for folder in track(folders, f"checking {base}"):
            item = f"{base}/{folder.name}"
            try:
                name = SceneName.parse(folder.name)
            except InputError as error:
                self.add(item, item, [Problem("bad-name", str(error))])
                continue
            self.add(item, item, list(_number(name, group, numbers, places)))
            numbers.setdefault(name.number, folder.name)
            found = scene_problems(folder, name, around)
            self.scenes[resolution.name, group, folder.name] = found.poses
            for file, problems in found.files.items():
                self.add(item, f"{item}/{file}".rstrip("/"), problems)

    def between_resolutions(self, names: list[str]) -> None:
        """Scenes that one size lacks, or that move otherwise in it."""
        for group, name in sorted({key[1:] for key in self.scenes}):
            there = {size: self.scenes[size, group, name] for size in names if (size, group, name) in self.scenes}
            for size in names:
                if size not in there:
                    message = f"{group}/{name} is in {next(iter(there))} alone"
                    self.add(f"{size}/{group}/{name}", f"{size}/{group}", [Problem("lacking-size", message, "warning")])
            (first, poses), *others = there.items()
            for size, other in others:
                if poses is not None and other is not None and not _equal(poses, other):
                    message = f"its entities move otherwise than in {first}"
                    self.add(f"{size}/{group}/{name}", f"{size}/{group}/{name}", [Problem("other-motion", message)])

    def test_sets(self) -> None:
        if not (self.folder / TEST_SETS).is_file():
            return
        for key, case in (self.read(TEST_SETS, read_test_sets) or {}).items():
            try:
                name = SceneName.parse(case.video_name)
            except InputError as error:
                self.add("", TEST_SETS, [Problem("bad-name", f"case {key}: {error}")])
                continue
            if len(case.entity_prompts) != name.entities:
                message = f"case {key} has {len(case.entity_prompts)} prompts; {case.video_name} has {name.entities}"
                self.add("", TEST_SETS, [Problem("entities", message)])


def _characters(characters: Mapping[int, Character]) -> Iterator[Problem]:
    for character in characters.values():
        words = len(character.prompt.split())
        if words > MAX_WORDS:
            message = f"character {character.index} has {words} words; 3DTrajMaster reads {MAX_WORDS} tokens at most"
            yield Problem("long-caption", message, "warning")


def _cameras(stills: Mapping[str, Float64]) -> Iterator[Problem]:
    for name in CAMERA_NAMES:
        if name not in stills:
            yield Problem("missing-camera", f"{name} is missing")
    for name, pose in stills.items():
        if name not in CAMERA_NAMES:
            yield Problem("unknown-camera", f"{name[:40]!r} is none of {CAMERA_NAMES[0]} to {CAMERA_NAMES[-1]}")
        if not is_rigid(pose):
            yield Problem("not-rigid", f"{name[:40]} is no rotation with a place")
    if Motion360Quirks.of(stills).camera_height_missing:
        message = "cameras that look down are stored at their target's height: what is projected with them is too high"
        yield Problem("camera-height", message, "warning")


def _pictures(folder: Path) -> Iterator[Problem]:
    if not folder.is_dir() or not any(folder.iterdir()):
        yield Problem("missing", "there are no reference pictures of characters", "warning")


def _resolutions(resolutions: list[Resolution]) -> Iterator[Problem]:
    official = ", ".join(resolution.name for resolution in OFFICIAL_RESOLUTIONS)
    if not resolutions:
        yield Problem("no-scenes", f"there is no folder of a size, such as {official}")
    for resolution in resolutions:
        if resolution not in OFFICIAL_RESOLUTIONS:
            yield Problem(
                "other-size", f"{resolution.name} is none of the sizes that loaders know: {official}", "warning"
            )


def _groups(folder: Path) -> Iterator[Problem]:
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    if not names & set(GROUPS):
        yield Problem("no-scenes", f"there is neither {' nor '.join(GROUPS)}")
    for name in sorted(names - set(GROUPS)):
        yield Problem("unknown-group", f"{name} is none of {' and '.join(GROUPS)}: loaders do not read it", "warning")


def _number(
    name: SceneName, group: Group, numbers: Mapping[int, str], places: Mapping[str, Place] | None
) -> Iterator[Problem]:
    if name.number in numbers:
        yield Problem("repeated-number", f"{numbers[name.number]} has the number {name.number} too")
    turn = f"loc{(name.number - 1) % DESERT_PLACES + 1}"
    if group == "Desert" and name.place != turn and turn in (places or {}):
        yield Problem("place-order", f"the places of {group} take turns, so that {turn} is expected", "warning")


def _rigid_only(stills: Mapping[str, Float64] | None) -> Mapping[str, Float64] | None:
    """The cameras that have a picture, by which one can tell who is in it."""
    rigid = {name: pose for name, pose in (stills or {}).items() if is_rigid(pose)}
    return rigid or None


def _equal(one: EntityPoses, other: EntityPoses) -> bool:
    same = (one.indices, one.numbers) == (other.indices, other.numbers)
    return same and np.array_equal(one.matrices, other.matrices, equal_nan=True)
