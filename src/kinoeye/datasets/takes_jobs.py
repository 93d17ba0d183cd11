"""Takes out of our own worlds: a world by its seed becomes the files of a take, and takes become a shard."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.failure import Failure
from kinoeye.base.files import write_json
from kinoeye.base.jobs import Item
from kinoeye.base.records import to_json
from kinoeye.facts.record import save_tracks
from kinoeye.footage.shards import write_shard
from kinoeye.footage.store import CAPTIONS_FILE, TAKE_FILE, TRACKS_FILE, write_take
from kinoeye.footage.take import LAYER_TYPES
from kinoeye.render import render, with_picture, world
from kinoeye.render.worlds import MAX_SEED, WORLDS
from kinoeye.shot.captions import captions_of
from kinoeye.shot.record_head import SHOT_FILE
from kinoeye.shot.scene_tracks import scene_tracks

PREVIEW_FILE = "preview.mp4"


@dataclass(frozen=True, kw_only=True)
class FilmTake:
    """A world by its seed becomes a take with its shot and the truth about everybody in it."""

    folder: Path
    """Where the takes go, each under its item's name."""
    layers: tuple[str, ...]
    size_wh: tuple[int, int]
    num_frames: int
    name: str = "film-take"

    @property
    def version(self) -> str:
        """Changes with what is filmed and how."""
        width, height = self.size_wh
        return f"2 {WORLDS} {width}x{height} {self.num_frames} {','.join(self.layers)}"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Film the world of this seed."""
        shot = world("train", seed % MAX_SEED, num_frames=self.num_frames, size_wh=self.size_wh)
        take = render(shot, layers=self.layers, samples=2)
        base = self.folder / item.name
        base.mkdir(parents=True, exist_ok=True)
        # Each file is put in its place alone: the worker of a killed run may still write the same ones.
        write_take(take, base)
        shot.save(base / SHOT_FILE)
        write_json(base / CAPTIONS_FILE, to_json(captions_of(shot)))
        save_tracks(with_picture(scene_tracks(shot), shot), base / TRACKS_FILE)
        names = [TAKE_FILE, SHOT_FILE, CAPTIONS_FILE, TRACKS_FILE, PREVIEW_FILE]
        names += [f"{name}.safetensors" for name in take.layers]
        width, height = self.size_wh
        facts = {"caption": shot.prompt, "seed": shot.seed, "frames": len(take), "width": width, "height": height}
        return Item(item.name, facts, {name: str(base / name) for name in names})


@dataclass(frozen=True)
class PackShard:
    """Takes become a tar file, and where each lies in it the rows of an index."""

    folder: Path
    """Where the shards go, each under its item's name."""
    name: str = "pack-shard"
    version: str = "1"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Pack the takes of `item.data`, whose files are named KEY/FILE."""
        takes: dict[str, dict[str, Path]] = {key: {} for key in item.data["takes"]}
        for label, path in item.files.items():
            key, _, name = label.partition("/")
            takes[key][name] = Path(path)
        shard = self.folder / item.name
        places = write_shard(shard, takes)
        rows = [
            {"key": key, "shard": item.name, **asdict(places[key]), **facts}
            for key, facts in item.data["takes"].items()
        ]
        return Item(item.name, {"rows": rows}, {"shard": str(shard)})


def layers_bytes(layers: tuple[str, ...], size_wh: tuple[int, int], num_frames: int) -> int:
    """Bytes of the layers of a take, rgb among them.

    Example:
        >>> layers_bytes(("depth",), (256, 256), 25)
        11468800
    """
    types = [LAYER_TYPES[name] for name in {"rgb", *layers}]
    return num_frames * math.prod(size_wh) * sum(np.dtype(kind).itemsize * math.prod(more) for kind, more in types)
