"""360-Motion, the data set of 3DTrajMaster: tracks of its entities, its twelve still cameras, and their places.

A trajectory file has, for each frame, a list of entities with an Unreal pose; `Hemi12_transforms.json` has one pose a
camera about the place where the cameras stand, and `location_data.json` says where these places are in the world of
the entities. Source: github.com/KwaiVGI/3DTrajMaster, dataset/traj_vis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.unreal_rows import MAX_POSES, UNREAL, frame_numbers, gap_ids, pose_of, text_of
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.record import json_array

NAME = "motion360"
TITLE = "360-Motion (3DTrajMaster) trajectories, Hemi12_transforms.json, location_data.json"
FILE_NAMES = ("motion360.json", "*.motion360.json", "*_hemi12_1.json")
DEFAULT_NAME = "motion360.json"
CONVENTION = UNREAL
HOLDS = frozenset({"unit", "up"})
NEEDS = frozenset({"unit", "up"})
FRAMES = 99
MAX_INDEX = 10**9
"""Numbers of entities beyond this are taken for none."""

_TRACKS = re.compile(r'\s*\{\s*"\d+"\s*:\s*\[\s*\{\s*"(?:index|matrix)"\s*:')
_STILLS = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*"\s*\[[-+\d.e ]+\]\s*\[')
_PLACES = re.compile(r'\s*\[\s*\{[^{}]{0,400}"coordinates"\s*:\s*\{')


@dataclass(frozen=True, kw_only=True, eq=False)
class EntityPoses:
    """A trajectory file as it is written."""

    indices: tuple[int | None, ...]
    """[n] number of each entity in CharacterInfo.json; None where the file has none."""
    numbers: tuple[int, ...]
    """[f] of the frames."""
    matrices: Float64
    """[n, f, 3, 4] in `CONVENTION`."""


def sniff(head: FileHead) -> bool:
    """Numbered frames of entities with an index and a matrix, names of matrices written as text, or named places."""
    return any(pattern.match(head.text[:4096]) for pattern in (_TRACKS, _STILLS, _PLACES))


def read(path: Path) -> dict[str, PathTable]:
    """Read each entity as "entity0", "entity1", ..., or each still camera or place by its name."""
    data = read_json(path)
    if isinstance(data, list):
        return dict(_place(place, f"{path}[{i}]") for i, place in enumerate(data[:MAX_POSES]))
    if not isinstance(data, dict) or not data:
        raise InputError(f"{path} is no object of numbered frames or named cameras")
    if all(isinstance(value, str) for value in data.values()):
        return {name: _table(pose[None]) for name, pose in _stills(data, path).items()}
    entities = _entities(data, path)
    return {f"entity{row}": _entity(entities, row) for row in range(len(entities.indices))}


def write(table: PathTable, path: Path) -> list[str]:
    """Write the path as the one entity of a trajectory file."""
    numbers = tuple(range(len(table)))
    write_entities(EntityPoses(indices=(0,), numbers=numbers, matrices=table.matrices[None]), path)
    warnings = ["the path is written as the track of an entity that faces where the camera looks (index 0)"]
    if len(table) != FRAMES:
        warnings.append(f"3DTrajMaster takes its frames from {FRAMES}; {len(table)} are written")
    return warnings


def read_entities(path: Path) -> EntityPoses:
    """Read a trajectory file: all entities as they are written.

    Raises:
        InputError: it is no such file, or a frame has other entities than the first.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} is no object of numbered frames")
    return _entities(data, path)


def write_entities(entities: EntityPoses, path: Path) -> None:
    """Write a trajectory file.

    Raises:
        InputError: the file cannot be written.
    """
    frames = {
        str(number): [
            {"index": index, "matrix": text_of(entities.matrices[row, column])}
            for row, index in enumerate(entities.indices)
        ]
        for column, number in enumerate(entities.numbers)
    }
    write_json(path, frames)


def read_stills(path: Path) -> dict[str, Float64]:
    """Read `Hemi12_transforms.json`: name -> pose [3, 4] in `CONVENTION` about the target of a place.

    Raises:
        InputError: it is no such file.
    """
    data = read_json(path)
    if not isinstance(data, dict) or not data:
        raise InputError(f"{path} is no object of named cameras")
    return _stills(data, path)


def write_stills(stills: Mapping[str, Float64], path: Path) -> None:
    """Write `Hemi12_transforms.json`, see `read_stills`.

    Raises:
        InputError: the file cannot be written.
    """
    write_json(path, {name: text_of(pose) for name, pose in stills.items()})


def _stills(data: dict[str, Any], path: Path) -> dict[str, Float64]:
    return {name: pose_of(text, f"{path} {name}") for name, text in data.items()}


def _table(matrices: Float64) -> PathTable:
    return PathTable(matrices=matrices, convention=CONVENTION, format=NAME)


def _place(data: Any, where: str) -> tuple[str, PathTable]:
    """The name of a place, and the pose in which the frame of the still cameras stands there."""
    coordinates = data.get("coordinates") if isinstance(data, dict) else None
    target = coordinates.get("CameraTarget") if isinstance(coordinates, dict) else None
    if not isinstance(target, dict) or not isinstance(data.get("name"), str):
        raise InputError(f"{where} is no place: it lacks a name or coordinates.CameraTarget")
    if any(json_array(target.get("rotation"), (3,), f"{where} rotation")):
        raise InputError(f"{where} is a turned place; the order of its angles is not documented, so it is not read")
    position = json_array(target.get("position"), (3,), f"{where} position")
    table = _table(np.concatenate([np.eye(3), position[:, None]], -1)[None])
    return data["name"], table.noted("where the twelve still cameras of Hemi12_transforms.json stand about")


def _entities(data: dict[str, Any], path: Path) -> EntityPoses:
    frames = frame_numbers(data, "", str(path))
    first = data[next(iter(frames.values()))]
    count = len(first) if isinstance(first, list) else 0
    if not 0 < count * len(frames) <= MAX_POSES:
        raise InputError(f"{path} has {count} entities in its first frame; 1 to {MAX_POSES // len(frames):,} are read")
    poses = np.empty((count, len(frames), 3, 4))
    indices = tuple(_index(entity) for entity in first)
    for column, key in enumerate(frames.values()):
        if not isinstance(data[key], list) or len(data[key]) != count:
            raise InputError(f"{path} frame {key} has other entities than the first frame, which has {count}")
        for row, entity in enumerate(data[key]):
            where = f"{path} frame {key} entity {row}"
            poses[row, column] = pose_of(entity.get("matrix") if isinstance(entity, dict) else None, where)
            if _index(entity) != indices[row]:
                raise InputError(f"{where} has the index {_index(entity)}; it is {indices[row]} in the first frame")
    return EntityPoses(indices=indices, numbers=tuple(frames), matrices=poses)


def _index(entity: Any) -> int | None:
    index = entity.get("index") if isinstance(entity, dict) else None
    return index if type(index) is int and abs(index) < MAX_INDEX else None


def _entity(entities: EntityPoses, row: int) -> PathTable:
    index, numbers = entities.indices[row], entities.numbers
    notes = ["the track of an entity is read as a camera that looks where the entity faces, along its x axis"]
    if index is not None:
        notes.append(f"entity number {index} of CharacterInfo.json")
    ids = gap_ids(dict.fromkeys(numbers))
    return PathTable(matrices=entities.matrices[row], convention=CONVENTION, format=NAME, ids=ids, notes=tuple(notes))
