"""The JSON of scene tracks: arrays as nested lists, poses as 3x4 rows, NaN as null."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import check_object, check_record, from_json, to_json
from kinoeye.facts.scene_tracks import Noise, SceneTracks, Unit, Up
from kinoeye.geometry.convention import homogeneous
from kinoeye.geometry.record import json_array

VERSION = 1
_PICTURE = {"visible": 2, "boxes_xyxy": 3, "occludes": 3, "outlines": 2}
_KEYS = ("names", "times_s", "T_world_body", "sizes", "valid", *_PICTURE, "size_wh", "unit", "up", "noise", "source")


def tracks_to_json(tracks: SceneTracks) -> dict[str, Any]:
    """Plain JSON data of scene tracks."""
    data = {key: to_json(getattr(tracks, key)) for key in _KEYS if key != "T_world_body"}
    data["T_world_body"] = to_json(tracks.T_world_body[..., :3, :])
    return {"record": "SceneTracks", "version": VERSION, **{key: data[key] for key in _KEYS}}


def tracks_from_json(data: Any, *, where: str = "tracks") -> SceneTracks:
    """The inverse of `tracks_to_json`.

    Raises:
        InputError: it is another record, a key is unknown or missing, or a value cannot be.
    """
    check_record("SceneTracks", data, version=VERSION, where=where)
    check_object({key: data[key] for key in data if key not in ("record", "version")}, _KEYS, where=where)
    size = from_json(tuple[int, int] | None, data["size_wh"], where=f"{where}.size_wh")  # type: ignore[arg-type]
    picture = {
        name: None if data[name] is None else json_array(data[name], (-1,) * dimensions, f"{where}.{name}")
        for name, dimensions in _PICTURE.items()
    }
    valid = data["valid"]
    if not isinstance(valid, list) or not all(isinstance(row, list) and {*map(type, row)} <= {bool} for row in valid):
        raise InputError(f"{where}.valid is not rows of true and false")
    if len({len(row) for row in valid}) > 1:
        raise InputError(f"{where}.valid has rows of different lengths")
    return SceneTracks(
        names=from_json(tuple[str, ...], data["names"], where=f"{where}.names"),
        times_s=json_array(data["times_s"], (-1,), f"{where}.times_s"),
        T_world_body=homogeneous(json_array(data["T_world_body"], (-1, -1, 3, 4), f"{where}.T_world_body")),
        sizes=json_array(data["sizes"], (-1, 3), f"{where}.sizes"),
        valid=np.array(valid, dtype=np.bool_),
        **picture,
        size_wh=size,
        unit=from_json(Unit, data["unit"], where=f"{where}.unit"),  # type: ignore[arg-type]
        up=from_json(Up, data["up"], where=f"{where}.up"),  # type: ignore[arg-type]
        noise=from_json(Noise, data["noise"], where=f"{where}.noise"),
        source=from_json(str, data["source"], where=f"{where}.source"),
    )


def save_tracks(tracks: SceneTracks, path: Path | str) -> None:
    """Write scene tracks as JSON, all or nothing."""
    write_json(path, tracks_to_json(tracks))


def load_tracks(path: Path | str) -> SceneTracks:
    """Read scene tracks from JSON of bounded size."""
    return tracks_from_json(read_json(path), where=str(path))
