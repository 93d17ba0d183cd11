"""Many takes as one: folders or shards, in order or at random, for people and for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset

from kinoeye.base.errors import InputError
from kinoeye.base.records import from_json
from kinoeye.facts.record import tracks_from_json
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.footage.shards import ShardFiles
from kinoeye.footage.store import CAPTIONS_FILE, TAKE_FILE, TRACKS_FILE, FolderFiles, TakeFiles, read_take
from kinoeye.footage.take import LAYER_TYPES, Take
from kinoeye.footage.take_index import INDEX_FILE, IndexRow, read_index
from kinoeye.shot.captions.shot_captions import ShotCaptions


class StoredTake(Protocol):
    """A take that has not been opened."""

    @property
    def key(self) -> str:
        """Its name in the set."""
        ...

    def files(self) -> TakeFiles:
        """Its files.

        Raises:
            InputError: they are missing or damaged.
        """
        ...


@dataclass(frozen=True)
class TakeInFolder:
    """A take in a folder of its own."""

    folder: Path

    @property
    def key(self) -> str:
        """The folder's name."""
        return self.folder.name

    def files(self) -> TakeFiles:
        """Its files."""
        return FolderFiles(self.folder)


@dataclass(frozen=True)
class TakeInShard:
    """A take in a tar file."""

    folder: Path
    """Where the shards are."""
    row: IndexRow

    @property
    def key(self) -> str:
        """Of the index."""
        return self.row.key

    def files(self) -> TakeFiles:
        """Its files."""
        return ShardFiles(self.folder / self.row.shard, self.row.key, self.row.offset, self.row.length)


@dataclass(frozen=True)
class TakeSet:
    """Takes in a fixed order, each opened when it is asked for and each layer read when it is used.

    Example:
        >>> takes = load_takes("out/takes")  # doctest: +SKIP
        >>> len(takes), takes[0].layers["depth"].values.shape  # doctest: +SKIP
        (100, (25, 256, 256))
    """

    stored: tuple[StoredTake, ...]

    def __len__(self) -> int:
        """Number of takes."""
        return len(self.stored)

    def __getitem__(self, index: int) -> Take:
        """Open a take.

        Raises:
            IndexError: there are not so many.
            InputError: it is damaged.
        """
        return read_take(self.stored[index].files())

    def __iter__(self) -> Iterator[Take]:
        """Open one after another."""
        return map(self.__getitem__, range(len(self)))

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the takes."""
        return tuple(stored.key for stored in self.stored)

    def scene_tracks(self, index: int) -> SceneTracks:
        """The facts that are stored beside a take.

        Raises:
            IndexError: there are not so many takes.
            InputError: there are none, or they are damaged.
        """
        data, where = self._beside(index, TRACKS_FILE)
        return tracks_from_json(data, where=where)

    def captions(self, index: int) -> ShotCaptions:
        """The captions that are stored beside a take, one in the style of each system.

        Raises:
            IndexError: there are not so many takes.
            InputError: there are none, or they are damaged.
        """
        data, where = self._beside(index, CAPTIONS_FILE)
        return from_json(ShotCaptions, data, where=where)

    def _beside(self, index: int, name: str) -> tuple[Any, str]:
        """The data of a file beside a take, and where it is."""
        files = self.stored[index].files()
        if files.size(name) is None:
            raise InputError(f"{files.where} has no {name}; sets that `kinoeye data make takes` made have them")
        return files.json(name), f"{files.where}/{name}"

    def part(self, rank: int, world: int) -> TakeSet:
        """The share of one of several workers: neighbours, and every take in exactly one share.

        Args:
            rank: of the worker, from 0.
            world: how many workers there are.

        Raises:
            InputError: there is no such worker.
        """
        if not 0 <= rank < world:
            raise InputError(f"worker {rank} of {world} does not exist; workers are 0 to {world - 1}")
        return TakeSet(self.stored[len(self) * rank // world : len(self) * (rank + 1) // world])

    def samples(self, layers: Sequence[str] = ("rgb",), *, camera: str = "truth") -> TakeSamples:
        """The takes as tensors for a `DataLoader`.

        Args:
            layers: that each take has.
            camera: source of the cameras.

        Raises:
            InputError: there is no such layer.
        """
        unknown = [name for name in layers if name not in LAYER_TYPES]
        if unknown:
            raise InputError(f"there is no layer {unknown[0]!r}; layers: {', '.join(LAYER_TYPES)}")
        return TakeSamples(self, tuple(layers), camera)


class TakeSamples(Dataset[dict[str, Any]]):
    """Takes as dictionaries of tensors, by index: what `torch.utils.data.DataLoader` batches and shares out.

    A sample has "key", "caption" (the first, or ""), "times_s" [f], "T_world_cam" [f, 4, 4] and "K" [f, 3, 3] in
    float64, and each layer under its name with the type and shape that `LAYER_TYPES` says.
    """

    def __init__(self, takes: TakeSet, layers: tuple[str, ...], camera: str) -> None:
        self._takes, self._layers, self._camera = takes, layers, camera

    def __len__(self) -> int:
        """Number of takes."""
        return len(self._takes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Read a take.

        Raises:
            IndexError: there are not so many.
            InputError: it is damaged, or lacks a layer or the camera.
        """
        take, key = self._takes[index], self._takes.stored[index].key
        for what, has, wanted in (("layer", take.layers, self._layers), ("camera", take.cameras, (self._camera,))):
            missing = [name for name in wanted if name not in has]
            if missing:
                raise InputError(f"the take {key} has no {what} {missing[0]!r}; it has {', '.join(has)}")
        camera = take.cameras[self._camera]
        return {
            "key": key,
            "caption": take.captions[0] if take.captions else "",
            "times_s": torch.from_numpy(take.times_s),
            "T_world_cam": camera.T_world_cam.as_matrix().double(),
            "K": camera.intrinsics.as_matrix().double().expand(len(take), 3, 3),
            **{name: torch.from_numpy(take.layers[name].values) for name in self._layers},
        }


def load_takes(path: Path | str) -> TakeSet:
    """The takes of a set in the order of their keys, whether it is made of folders or of shards.

    Args:
        path: a folder with an index of shards, or one whose subfolders are takes.

    Raises:
        InputError: it is neither, or the index is damaged.
        MissingExtraError: it has shards and pyarrow is not installed.
    """
    folder = Path(path)
    if (folder / INDEX_FILE).is_file():
        rows = sorted(read_index(folder / INDEX_FILE), key=lambda row: row.key)
        return TakeSet(tuple(TakeInShard(folder, row) for row in rows))
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one with {INDEX_FILE} or with folders of takes")
    # A folder with a full stop before its name is one that was being written when its run was killed.
    found = sorted(file.parent.name for file in folder.glob(f"[!.]*/{TAKE_FILE}"))
    if not found:
        raise InputError(f"{folder} holds no takes: it has no {INDEX_FILE}, and none of its folders has {TAKE_FILE}")
    return TakeSet(tuple(TakeInFolder(folder / name) for name in found))
