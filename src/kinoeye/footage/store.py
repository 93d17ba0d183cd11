"""Takes on disk: `take.json`, one safetensors file a layer, cameras, the requested shot, and an mp4 preview."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, atomic_folder, read_json, write_json
from kinoeye.base.records import check_keys, check_object, check_record, from_json
from kinoeye.footage.take import LAYER_TYPES, Layer, StoredLayers, Take, check_layer
from kinoeye.footage.video import write_video
from kinoeye.geometry.record import json_array
from kinoeye.shot.record import shot_from_json, shot_to_json, trajectory_from_json, trajectory_to_json

VERSION = 1
TAKE_FILE = "take.json"
TRACKS_FILE, CAPTIONS_FILE = "scene_tracks.json", "captions.json"
"""The facts about a take whose truth is known; beside it where they were kept."""
MAX_LAYER_BYTES = 8 * 1024**3
"""Layers above this size are refused before memory runs out."""
_HEADER_BYTES = 1024 * 1024
"""More than a safetensors header with one name needs."""
_KEYS = ("record", "version", "times_s", "size_wh", "layers", "cameras", "requested", "captions")


def save_take(take: Take, folder: Path) -> None:
    """Write a take as a folder; the folder appears whole or not at all.

    Raises:
        InputError: the folder cannot be written, or exists and was not made by Kinoeye.
    """
    with atomic_folder(folder, marker=TAKE_FILE) as temporary:
        write_take(take, temporary)


def write_take(take: Take, folder: Path) -> None:
    """Write the files of a take into an existing folder."""
    from safetensors.numpy import save_file

    for name in take.layers:
        layer = take.layers[name]
        with atomic_file(folder / f"{name}.safetensors") as file:  # for the permissions of the user's mask
            save_file({name: np.ascontiguousarray(layer.values)}, str(file))
    write_video(folder / "preview.mp4", take.rgb.values, fps=take.fps)
    data = {
        "record": "Take",
        "version": VERSION,
        "times_s": take.times_s.tolist(),
        "size_wh": list(take.size_wh),
        "layers": {name: take.layers[name].source for name in take.layers},
        "cameras": {source: trajectory_to_json(camera) for source, camera in take.cameras.items()},
        "requested": None if take.requested is None else shot_to_json(take.requested),
        "captions": list(take.captions),
    }
    write_json(folder / TAKE_FILE, data)


class TakeFiles(Protocol):
    """The files of one stored take, wherever they lie."""

    @property
    def where(self) -> str:
        """What errors call the place."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is none."""
        ...

    def json(self, name: str) -> Any:
        """The content of a JSON file of bounded size.

        Raises:
            InputError: it is missing or damaged.
        """
        ...

    def tensors(self, name: str) -> Mapping[str, NDArray[Any]]:
        """The arrays of a safetensors file.

        Raises:
            OSError, SafetensorError: it cannot be read.
        """
        ...


@dataclass(frozen=True)
class FolderFiles:
    """The files of a take in a folder of its own."""

    folder: Path

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.folder)

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is none."""
        path = self.folder / name
        return path.stat().st_size if path.is_file() else None

    def json(self, name: str) -> Any:
        """The content of a JSON file."""
        return read_json(self.folder / name)

    def tensors(self, name: str) -> Mapping[str, NDArray[Any]]:
        """The arrays of a safetensors file."""
        from safetensors.numpy import load_file

        return load_file(str(self.folder / name))


def open_take(folder: Path) -> Take:
    """Open a folder that `save_take` wrote.

    Raises:
        InputError: the folder is not a take, or is damaged.
    """
    return read_take(FolderFiles(folder))


def read_take(files: TakeFiles) -> Take:
    """A take out of its files; each layer is read when it is first used.

    Raises:
        InputError: they are no take, or are damaged.
    """
    if files.size(TAKE_FILE) is None:
        raise InputError(f"{files.where} is not a take: it has no {TAKE_FILE}")
    path, data = f"{files.where}/{TAKE_FILE}", files.json(TAKE_FILE)
    check_record("Take", data, version=VERSION, where=path)
    check_object(data, _KEYS, where=path)
    times = json_array(data["times_s"], (-1,), f"{path}.times_s")
    width, height = from_json(tuple[int, int], data["size_wh"], where=f"{path}.size_wh")
    sources = from_json(dict[str, str], data["layers"], where=f"{path}.layers")
    check_keys(sources, LAYER_TYPES, where=f"{path}.layers")  # names become file names: nothing else may pass
    for name in sources:
        if files.size(f"{name}.safetensors") is None:
            raise InputError(f"{files.where} lacks {name}.safetensors, which {TAKE_FILE} names")
    cameras = from_json(dict[str, Any], data["cameras"], where=f"{path}.cameras")
    shape = (len(times), height, width)
    try:
        return Take(
            times_s=times,
            layers=StoredLayers(sources, lambda name: _load_layer(files, name, sources[name], shape)),
            cameras={s: trajectory_from_json(c, where=f"{path}.cameras.{s}") for s, c in cameras.items()},
            requested=None
            if data["requested"] is None
            else shot_from_json(data["requested"], where=f"{path}.requested"),
            captions=from_json(tuple[str, ...], data["captions"], where=f"{path}.captions"),
        )
    except ValueError as error:
        raise error if isinstance(error, InputError) else InputError(f"{path}: {error}") from error


def _load_layer(files: TakeFiles, name: str, source: str, shape: tuple[int, int, int]) -> NDArray[Any]:
    from safetensors import SafetensorError

    file = f"{name}.safetensors"
    dtype, trailing = LAYER_TYPES[name]
    allowed = min(math.prod((*shape, *trailing)) * np.dtype(dtype).itemsize, MAX_LAYER_BYTES) + _HEADER_BYTES
    size = files.size(file) or 0
    if size > allowed:
        raise InputError(f"{files.where}/{file} has {size:,} bytes; at most {allowed:,} are read")
    try:
        values = files.tensors(file)[name]
        check_layer(name, Layer(values, source), shape)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{files.where}/{file} is damaged: {error}") from error
    return values
