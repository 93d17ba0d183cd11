"""What the small film model learns from: avatars on black and the film of the same performance in a place."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float16, Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.files import atomic_file
from kinoeye.render.film import render
from kinoeye.render.guides import avatar_take
from kinoeye.render.worlds import Distribution, world
from kinoeye.shot.captions import captions_of
from kinoeye.shot.captions.words import Stream
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.film_config import FPS, FRAMES

SAMPLES = 2
"""Rays a side at edges: hard edges cost the codec of small films two decibels."""


@dataclass(frozen=True, kw_only=True)
class AvatarCondition:
    """What a film is made of beside its caption: renderings of actors on black, and the camera."""

    avatar_rgb: UInt8[NDArray, "f h w 3"]
    """The actors on black."""
    alpha: UInt8[NDArray, "f h w"]
    """Of the actors, with soft edges."""
    nearness: Float16[NDArray, "f h w"]
    """1 / depth in 1 / metres of the actor that is seen; 0 where there is none."""
    person: UInt8[NDArray, "f h w"]
    """1, 2, ... for the actors in order; 0 where there is none."""
    T_world_cam: Float32[NDArray, "f 3 4"]
    fx_fy_cx_cy: Float32[NDArray, "4"]
    """The cameras of worlds do not zoom."""

    @classmethod
    def of(cls, pair: AvatarPair) -> AvatarCondition:
        """That of a pair, without its truth."""
        return AvatarCondition(**{field.name: getattr(pair, field.name) for field in fields(AvatarCondition)})

    def with_avatars_of(self, other: AvatarCondition) -> AvatarCondition:
        """Another's actors before this camera, as they were seen by the other."""
        return replace(other, T_world_cam=self.T_world_cam, fx_fy_cx_cy=self.fx_fy_cx_cy)


@dataclass(frozen=True, kw_only=True)
class AvatarPair(AvatarCondition):
    """A condition, captions, and the film to be made."""

    film_rgb: UInt8[NDArray, "f h w 3"]
    cast: Bool[NDArray, "f h w"]
    """Truth: where an actor keeps sunlight from something else."""
    captions: tuple[str, ...]
    """Each of the whole film, in one stream's words; the last of the place alone."""
    environment: str
    """Truth: the name of the place."""


def avatar_pair(shot: Shot, stream: Stream) -> AvatarPair:
    """Film a shot twice: its actors on black, and all of it; with captions in the words of a stream.

    Raises:
        InputError: the shot has no size in pixels, or as `render`.
    """
    film = render(shot, layers=("instance", "shadow"), samples=SAMPLES)
    black = avatar_take(shot, samples=SAMPLES)
    empty = render(replace(shot, actors=()), layers=("shadow",))
    layers = {name: layer.values for name, layer in black.layers.items()}
    person = layers["instance"]
    shaded = (film.layers["shadow"].values > 127) & (empty.layers["shadow"].values <= 127)
    told = captions_of(shot, stream)
    camera = film.cameras["truth"]
    return AvatarPair(
        film_rgb=film.rgb.values,
        avatar_rgb=layers["rgb"],
        alpha=layers["alpha"],
        nearness=np.where(person > 0, 1.0 / np.maximum(layers["depth"], 0.05), 0.0).astype(np.float16),
        person=person,
        cast=shaded & (film.layers["instance"].values == 0),
        T_world_cam=camera.T_world_cam.as_matrix()[:, :3].float().numpy(),
        fx_fy_cx_cy=camera.intrinsics.fx_fy_cx_cy[0].float().numpy(),
        captions=tuple(dict.fromkeys((shot.prompt, told.avatar, told.environment))),
        environment=shot.environment.name,
    )


@dataclass(frozen=True, kw_only=True)
class PairSource:
    """Pairs of rendered worlds by number, each rendered when it is first asked for and kept in a folder.

    Args:
        folder: where rendered pairs are kept.
        distribution: of worlds.
        stream: of worlds and words.
        first: seed of the world with number 0.
        size_wh: width and height in pixels.
    """

    folder: Path
    distribution: Distribution = "worlds-v1-people"
    stream: Stream = "train"
    first: int = 0
    size_wh: tuple[int, int] = (64, 64)

    def __getitem__(self, index: int) -> AvatarPair:
        file = self.file(index)
        if not file.exists():
            write_pair(self._rendered(index), file)
        return read_pair(file)

    def file(self, index: int) -> Path:
        """Where the pair of a number is kept."""
        name = f"{self.distribution}-{self.stream}-{self.size_wh[0]}x{self.size_wh[1]}"
        return self.folder / name / f"{self.first + index:08d}.npz"

    def _rendered(self, index: int) -> AvatarPair:
        shot = world(self.stream, self.first + index, num_frames=FRAMES, fps=FPS, size_wh=self.size_wh,
                     distribution=self.distribution)  # fmt: skip
        return avatar_pair(shot, self.stream)


def write_pair(pair: AvatarPair, file: Path) -> None:
    """Keep a pair in a NumPy archive that `read_pair` reads."""
    write_arrays({field.name: np.asarray(getattr(pair, field.name)) for field in fields(pair)}, file)


def write_arrays(arrays: Mapping[str, NDArray], file: Path) -> None:
    """Keep arrays in a NumPy archive that is compressed lightly, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as path, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def read_pair(file: Path) -> AvatarPair:
    """A pair that `write_pair` kept."""
    with np.load(file, allow_pickle=False) as archive:
        values = {name: archive[name] for name in archive.files}
    words = {"captions": tuple(map(str, values.pop("captions"))), "environment": str(values.pop("environment"))}
    return AvatarPair(**values, **words)
