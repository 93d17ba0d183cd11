"""The json files of a 360-Motion set beside its poses: places, characters, test cases; read strictly, and written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.geometry.record import json_array

MAX_ENTRIES = 1_000_000
_PARTS = ("CameraRig_Rail", "CameraTarget", "CameraComponent")
_STILL = {"position": [0.0, 0.0, 0.0], "rotation": [0.0, 0.0, 0.0], "scale": [1.0, 1.0, 1.0]}
Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Character:
    """An entry of CharacterInfo.json: what an entity is."""

    index: int
    caption: str
    """In English, as it is written."""
    size_xyz: Vector | None = None
    """Box in metres, x forward, y left, z up, where the file has `size_m`, which is our addition."""
    others: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Whatever else the entry has."""

    @property
    def prompt(self) -> str:
        """The caption as 3DTrajMaster is trained on it: lower case, without a leading space or a full stop.

        Example:
            >>> Character(index=1, caption=" A grey Dog.").prompt
            'a grey dog'
        """
        return self.caption.removeprefix(" ").removesuffix(".").lower()


@dataclass(frozen=True, kw_only=True)
class Pose:
    """A part of the camera's rig in Unreal's axes."""

    position: Vector = (0.0, 0.0, 0.0)
    """In centimetres."""
    rotation: Vector = (0.0, 0.0, 0.0)
    scale: Vector = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An entry of location_data.json: where the cameras stand about."""

    name: str
    """"loc1"."""
    height: str = "H10"
    target: Pose
    """What the cameras look at; they and it are the only ones that 3DTrajMaster uses."""
    rig: Pose = Pose()
    component: Pose = Pose()
    prompt: str | None = None
    """What the place is called, where the file has `prompt`, which is our addition."""


@dataclass(frozen=True, kw_only=True)
class TestCase:
    """An entry of test_sets.json: a motion with other entities and another place to try a model on."""

    __test__ = False
    video_name: str
    """Scene whose motion is taken."""
    entity_prompts: tuple[str, ...]
    loc_prompt: str


def read_characters(path: Path) -> dict[int, Character]:
    """Read CharacterInfo.json: number -> character.

    Raises:
        InputError: it is missing or another file, or a number is repeated.
    """
    data = read_json(path)
    entries = data.get("CharacterInfo") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries or len(entries) > MAX_ENTRIES:
        raise InputError(f'{path} has no list "CharacterInfo" of entities')
    characters: dict[int, Character] = {}
    for i, entry in enumerate(entries):
        character = _character(entry, f"{path} CharacterInfo[{i}]")
        if character.index in characters:
            raise InputError(f"{path} CharacterInfo[{i}] repeats the index {character.index}")
        characters[character.index] = character
    return characters


def write_characters(characters: Sequence[Character], path: Path) -> None:
    """Write CharacterInfo.json.

    Raises:
        InputError: it cannot be written.
    """
    entries = []
    for character in characters:
        size = {} if character.size_xyz is None else {"size_m": list(character.size_xyz)}
        entries.append({"index": character.index, "eng": character.caption, **size, **character.others})
    write_json(path, {"CharacterInfo": entries})


def read_places(path: Path) -> dict[str, Place]:
    """Read location_data.json: name -> place.

    Raises:
        InputError: it is missing or another file, or a place is repeated or turned.
    """
    data = read_json(path)
    if not isinstance(data, list) or not data or len(data) > MAX_ENTRIES:
        raise InputError(f"{path} is no list of places")
    places: dict[str, Place] = {}
    for i, entry in enumerate(data):
        place = _place(entry, f"{path}[{i}]")
        if place.name in places:
            raise InputError(f"{path}[{i}] repeats the place {place.name!r}")
        places[place.name] = place
    return places


def write_places(places: Sequence[Place], path: Path) -> None:
    """Write location_data.json.

    Raises:
        InputError: it cannot be written.
    """
    entries = []
    for place in places:
        poses = zip(_PARTS, (place.rig, place.target, place.component), strict=True)
        coordinates = {part: {key: list(getattr(pose, key)) for key in _STILL} for part, pose in poses}
        prompt = {} if place.prompt is None else {"prompt": place.prompt}
        entries.append({"name": place.name, "coordinates": coordinates, "Height": place.height, **prompt})
    write_json(path, entries)


def read_test_sets(path: Path) -> dict[str, TestCase]:
    """Read test_sets.json: key -> case.

    Raises:
        InputError: it is missing or another file.
    """
    data = read_json(path)
    if not isinstance(data, dict) or not data or len(data) > MAX_ENTRIES:
        raise InputError(f"{path} is no object of test cases")
    return {key: _case(entry, f"{path} {key}") for key, entry in data.items()}


def write_test_sets(cases: Mapping[str, TestCase], path: Path) -> None:
    """Write test_sets.json.

    Raises:
        InputError: it cannot be written.
    """
    entries = {
        key: {
            "video_name": case.video_name,
            "entity_prompts": list(case.entity_prompts),
            "loc_prompt": case.loc_prompt,
        }
        for key, case in cases.items()
    }
    write_json(path, entries)


def _character(entry: Any, where: str) -> Character:
    index, caption = _of(entry, "index", where), _of(entry, "eng", where)
    digits = index.isascii() and index.isdigit() if isinstance(index, str) else type(index) is int
    if not digits or len(str(index)) > 9:
        raise InputError(f"{where} has the index {str(index)[:40]!r}; a whole number is needed")
    if not isinstance(caption, str) or not caption.strip():
        raise InputError(f'{where} has no words under "eng"')
    others = {key: value for key, value in entry.items() if key not in ("index", "eng", "size_m")}
    size = _vector(entry["size_m"], f"{where} size_m") if "size_m" in entry else None
    return Character(index=int(index), caption=caption, size_xyz=size, others=MappingProxyType(others))


def _place(entry: Any, where: str) -> Place:
    name, height = _of(entry, "name", where), _of(entry, "Height", where)
    coordinates = _of(entry, "coordinates", where)
    if not isinstance(name, str) or not isinstance(height, str):
        raise InputError(f"{where} has a name or a Height that is no text")
    rig, target, component = (_pose(_of(coordinates, part, where), f"{where} {part}") for part in _PARTS)
    if any(target.rotation) or target.scale != (1.0, 1.0, 1.0):
        raise InputError(f"{where} is turned or scaled; the order of its angles is not documented, so it is not read")
    prompt = entry.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        raise InputError(f"{where} has a prompt that is no text")
    return Place(name=name, height=height, target=target, rig=rig, component=component, prompt=prompt)


def _pose(entry: Any, where: str) -> Pose:
    position, rotation, scale = (_vector(_of(entry, key, where), f"{where} {key}") for key in _STILL)
    return Pose(position=position, rotation=rotation, scale=scale)


def _case(entry: Any, where: str) -> TestCase:
    name, location = _of(entry, "video_name", where), _of(entry, "loc_prompt", where)
    prompts = _of(entry, "entity_prompts", where)
    if not isinstance(prompts, list) or not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        raise InputError(f"{where} has no list of texts under entity_prompts")
    if not isinstance(name, str) or not isinstance(location, str):
        raise InputError(f"{where} has a video_name or a loc_prompt that is no text")
    return TestCase(video_name=name, entity_prompts=tuple(prompts), loc_prompt=location)


def _of(entry: Any, key: str, where: str) -> Any:
    if not isinstance(entry, dict) or key not in entry:
        raise InputError(f"{where} lacks {key!r}")
    return entry[key]


def _vector(data: Any, where: str) -> Vector:
    x, y, z = json_array(data, (3,), where).tolist()
    if not all(map(math.isfinite, (x, y, z))):
        raise InputError(f"{where} is not three finite numbers")
    return x, y, z
