"""360-Motion, the data set of 3DTrajMaster: tracks of its entities, its twelve still cameras, and their places.

A trajectory file has, for each frame, a list of entities with an Unreal pose; `Hemi12_transforms.json` has one pose a
camera about the place where the cameras stand, and `location_data.json` says where these places are in the world of
the entities. Source: github.com/KwaiVGI/3DTrajMaster, dataset/traj_vis.
"""

from __future__ import annotations

import re
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

_TRACKS = re.compile(r'\s*\{\s*"\d+"\s*:\s*\[\s*\{\s*"(?:index|matrix)"\s*:')
_STILLS = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*"\s*\[[-+\d.e ]+\]\s*\[')
_PLACES = re.compile(r'\s*\[\s*\{[^{}]{0,400}"coordinates"\s*:\s*\{')


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
        return {name: _still(pose_of(text, f"{path} {name}")) for name, text in data.items()}
    return _entities(data, path)


def write(table: PathTable, path: Path) -> list[str]:
    """Write the path as the one entity of a trajectory file."""
    frames = {str(i): [{"index": 0, "matrix": text_of(matrix)}] for i, matrix in enumerate(table.matrices)}
    write_json(path, frames)
    warnings = ["the path is written as the track of an entity that faces where the camera looks (index 0)"]
    if len(table) != FRAMES:
        warnings.append(f"3DTrajMaster takes its frames from {FRAMES}; {len(table)} are written")
    return warnings


def _still(matrix: Float64) -> PathTable:
    return PathTable(matrices=matrix[None], convention=CONVENTION, format=NAME)


def _place(data: Any, where: str) -> tuple[str, PathTable]:
    """The name of a place, and the pose in which the frame of the still cameras stands there."""
    coordinates = data.get("coordinates") if isinstance(data, dict) else None
    target = coordinates.get("CameraTarget") if isinstance(coordinates, dict) else None
    if not isinstance(target, dict) or not isinstance(data.get("name"), str):
        raise InputError(f"{where} is no place: it lacks a name or coordinates.CameraTarget")
    if any(json_array(target.get("rotation"), (3,), f"{where} rotation")):
        raise InputError(f"{where} is a turned place; the order of its angles is not documented, so it is not read")
    position = json_array(target.get("position"), (3,), f"{where} position")
    table = _still(np.concatenate([np.eye(3), position[:, None]], -1))
    return data["name"], table.noted("where the twelve still cameras of Hemi12_transforms.json stand about")


def _entities(data: dict[str, Any], path: Path) -> dict[str, PathTable]:
    frames = frame_numbers(data, "", str(path))
    first = data[next(iter(frames.values()))]
    count = len(first) if isinstance(first, list) else 0
    if not 0 < count * len(frames) <= MAX_POSES:
        raise InputError(f"{path} has {count} entities in its first frame; 1 to {MAX_POSES // len(frames):,} are read")
    poses = np.empty((count, len(frames), 3, 4))
    for column, key in enumerate(frames.values()):
        if not isinstance(data[key], list) or len(data[key]) != count:
            raise InputError(f"{path} frame {key} has other entities than the first frame, which has {count}")
        for row, entity in enumerate(data[key]):
            text = entity.get("matrix") if isinstance(entity, dict) else None
            poses[row, column] = pose_of(text, f"{path} frame {key} entity {row}")
    return {f"entity{row}": _entity(poses[row], first[row], gap_ids(frames)) for row in range(count)}


def _entity(matrices: Float64, first: Any, ids: tuple[int, ...]) -> PathTable:
    index = first.get("index")
    notes = ["the track of an entity is read as a camera that looks where the entity faces, along its x axis"]
    if isinstance(index, int) and abs(index) < 10**9:
        notes.append(f"entity number {index} of CharacterInfo.json")
    return PathTable(matrices=matrices, convention=CONVENTION, format=NAME, ids=ids, notes=tuple(notes))
