"""Checkpoint files as named tensors that are read when they are asked for: safetensors, its shards, and torch files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, read_json

TORCH_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")
MAX_TORCH_BYTES = 64 * 1024**3


class MissingTensorError(InputError, KeyError):
    """A tensor that a checkpoint does not have; a `KeyError` too, because a mapping raises that."""

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


class TensorFile(Mapping[str, Tensor]):
    """Named tensors of a checkpoint; keys and shapes are known at once, values are read on access.

    Args:
        name: what to call the checkpoint in messages.
        shapes: key -> shape.
        read: key and first rows (None for all) -> tensor.
    """

    def __init__(
        self, name: str, shapes: Mapping[str, tuple[int, ...]], read: Callable[[str, int | None], Tensor]
    ) -> None:
        self.name = name
        self.shapes = dict(shapes)
        self._read = read

    def __getitem__(self, key: str) -> Tensor:
        self.shape(key)
        return self._read(key, None)

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of a tensor.

        Raises:
            MissingTensorError: there is none of this name.
        """
        if key not in self.shapes:
            raise MissingTensorError(f"{self.name} lacks {key}; give the whole checkpoint")
        return self.shapes[key]

    def matrix_shape(self, key: str) -> tuple[int, int]:
        """Rows and columns of a tensor.

        Raises:
            InputError: there is none of this name, or it is no matrix.
        """
        shape = self.shape(key)
        if len(shape) != 2:
            raise InputError(f"{key} of {self.name} has shape {list(shape)}; a matrix is needed")
        return shape

    def rows(self, key: str, count: int) -> Tensor:
        """The first `count` rows of a tensor, without reading the others where the file allows it."""
        return self._read(key, count)

    def __contains__(self, key: object) -> bool:
        return key in self.shapes

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def under(self, prefix: str) -> TensorFile:
        """The tensors whose key begins with `prefix`, without it."""
        shapes = {key[len(prefix) :]: shape for key, shape in self.shapes.items() if key.startswith(prefix)}
        return TensorFile(self.name, shapes, lambda key, rows: self._read(prefix + key, rows))

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], name: str = "the tensors") -> TensorFile:
        """Tensors in memory under the same interface."""
        return cls(name, {key: tuple(value.shape) for key, value in tensors.items()}, _slice_of(tensors))


def open_tensors(path: Path | str) -> TensorFile:
    """The tensors of a `.safetensors` file, a folder of its shards, or a torch file (weights only, never pickled code).

    A torch file may hold the tensors themselves or, as Lightning does, under `state_dict`.

    Raises:
        InputError: the file is missing, is no checkpoint, is truncated, or holds objects other than tensors.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; give a .safetensors file, a folder of one, or a torch checkpoint")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    if path.suffix in TORCH_SUFFIXES:
        return _torch_file(path)
    raise InputError(
        f"{path} is no checkpoint that is read; give a .safetensors file or one of {', '.join(TORCH_SUFFIXES)}"
    )


def write_tensors(path: Path | str, tensors: Mapping[str, Tensor]) -> None:
    """Write a `.safetensors` file all or nothing.

    Args:
        path: of the file.
        tensors: by name; each has memory of its own, in one piece.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with atomic_file(path) as temporary:
        try:
            save_file(dict(tensors), temporary)
        except SafetensorError as error:  # such as a full disk
            raise InputError(f"{path} cannot be written: {error}; nothing was left behind") from error


def _safetensors(path: Path) -> TensorFile:
    from safetensors import SafetensorError, safe_open

    try:
        file = safe_open(path, framework="pt")
        shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a readable safetensors file: {error}; is it truncated?") from error

    def read(key: str, rows: int | None) -> Tensor:
        return file.get_tensor(key) if rows is None else file.get_slice(key)[:rows]

    return TensorFile(str(path), shapes, read)


def _folder(path: Path) -> TensorFile:
    indices = sorted(path.glob("*.safetensors.index.json"))
    files = sorted(path.glob("*.safetensors"))
    if len(indices) == 1:
        return _shards(path, indices[0])
    if len(files) == 1:
        return _safetensors(files[0])
    found = ", ".join(file.name for file in files[:6]) or "none"
    raise InputError(f"{path} should hold one .safetensors file or one index of shards; found {found}: name the file")


def _shards(path: Path, index: Path) -> TensorFile:
    data = read_json(index)
    weights = data.get("weight_map") if isinstance(data, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, str) for value in weights.values()):
        raise InputError(f"{index} has no weight_map of file names; it is not an index of shards")
    shards: dict[str, TensorFile] = {}
    for name in sorted(set(weights.values())):
        if Path(name).name != name:
            raise InputError(f"{index} points to {name!r}, outside of its folder; shards lie beside the index")
        shards[name] = open_tensors(path / name)
    for key, name in weights.items():
        if key not in shards[name].shapes:
            raise InputError(f"{index} expects {key!r} in {name}, which does not have it; is the download complete?")
    shapes = {key: shards[name].shapes[key] for key, name in weights.items()}

    def read(key: str, rows: int | None) -> Tensor:
        shard = shards[weights[key]]
        return shard[key] if rows is None else shard.rows(key, rows)

    return TensorFile(str(path), shapes, read)


def read_torch(path: Path | str, *, max_bytes: int = MAX_TORCH_BYTES) -> Any:
    """What a torch file holds, on the CPU: weights only, never pickled code.

    Raises:
        InputError: the file is missing or damaged, is larger, or holds other objects than tensors and plain values.
    """
    import pickle

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist; give a torch file")
    if path.stat().st_size > max_bytes:
        raise InputError(f"{path} has {path.stat().st_size:,} bytes; at most {max_bytes:,} are read")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        OSError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{path} cannot be read as weights alone: {reason}; objects are never unpickled, so save its "
            "state_dict as safetensors"
        ) from error


def _torch_file(path: Path) -> TensorFile:
    data = read_torch(path)
    while isinstance(data, dict) and isinstance(data.get("state_dict"), dict):
        data = data["state_dict"]
    tensors = {key: value for key, value in data.items() if isinstance(value, Tensor)} if isinstance(data, dict) else {}
    if not tensors:
        raise InputError(f"{path} holds no named tensors; a state_dict is needed")
    return TensorFile.of(tensors, str(path))


def _slice_of(tensors: Mapping[str, Tensor]) -> Callable[[str, int | None], Tensor]:
    return lambda key, rows: tensors[key] if rows is None else tensors[key][:rows]
