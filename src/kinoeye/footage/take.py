"""A take: what came back. Frames with layers, each with its source, opened lazily from a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.track import Trajectory
from kinoeye.shot.shot import Shot

LAYER_TYPES: Mapping[str, tuple[str, tuple[int, ...]]] = MappingProxyType(
    {
        "rgb": ("uint8", (3,)),  # sRGB
        "alpha": ("uint8", ()),  # coverage by actors, 255 = whole
        "depth": ("float32", ()),  # along the camera's z axis in the unit of its cameras; inf = sky, NaN = unknown
        "normals": ("float32", (3,)),  # unit, camera axes, towards the camera; NaN = sky or unknown
        "instance": ("uint8", ()),  # index in shot.actors + 1; 0 = nothing
        "part": ("uint8", ()),  # body part of the instance; 0 = nothing
        "flow": ("float32", (2,)),  # pixels (x, y) to the same surface point in the next frame; NaN = unknown
        "object_coordinates": ("float32", (3,)),  # position in the actor's box, 0 to 1 a side; NaN = no actor
        "triangle": ("uint32", ()),  # index in the mesh of the instance + 1; 0 = no mesh
        "barycentrics": ("float32", (2,)),  # weights of the triangle's first two corners, of three that add up to 1
        "shadow": ("uint8", ()),  # share of sunlight kept away, 255 = all
        "points": ("float32", (3,)),  # world coordinates; NaN = unknown
        "confidence": ("float32", ()),  # of the estimate, 0 to 1
    }
)
"""Layer name -> dtype and trailing shape after [frames, height, width]."""


@dataclass(frozen=True)
class Layer:
    """Per-pixel values of every frame and where they come from."""

    values: NDArray[Any]
    """[frames, height, width, ...] with dtype and trailing shape as in `LAYER_TYPES`."""
    source: str
    """"truth", "generated:<system>", "estimated:<estimator>" or "file"."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """Frames and what is known about them.

    Example:
        >>> frames = np.zeros((2, 4, 6, 3), np.uint8)
        >>> take = Take(times_s=np.array([0.0, 0.5]), layers={"rgb": Layer(frames, "file")})
        >>> take.size_wh, take.fps
        ((6, 4), 2.0)
    """

    times_s: NDArray[np.float64]
    """Times of the frames in seconds, strictly increasing."""
    layers: Mapping[str, Layer]
    """Layer name -> values; "rgb" is always there."""
    cameras: Mapping[str, Trajectory] = field(default_factory=dict)
    """Source -> camera at the times of the frames; the only store of cameras."""
    requested: Shot | None = None
    """The shot that was asked for."""
    captions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "rgb" not in self.layers:
            raise ValueError("a take needs an 'rgb' layer")
        if len(self.times_s) == 0 or not bool(np.all(np.diff(self.times_s) > 0)):
            raise ValueError("times of a take must increase strictly and there must be at least one")
        if isinstance(self.layers, dict):  # stored layers were checked when they were written
            for name, layer in self.layers.items():
                check_layer(name, layer, (len(self.times_s), *self.layers["rgb"].values.shape[1:3]))
        for source, camera in self.cameras.items():
            if len(camera) != len(self.times_s):
                raise ValueError(f"camera {source!r} has {len(camera)} poses for {len(self.times_s)} frames")

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.times_s)

    @property
    def rgb(self) -> Layer:
        """The frames, uint8 sRGB [frames, height, width, 3]."""
        return self.layers["rgb"]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the frames in pixels."""
        height, width = self.rgb.values.shape[1:3]
        return width, height

    @property
    def fps(self) -> float:
        """Mean frames per second (1 for a single frame)."""
        return 1.0 if len(self) == 1 else (len(self) - 1) / float(self.times_s[-1] - self.times_s[0])

    def with_layers(self, layers: Mapping[str, Layer]) -> Take:
        """The same take with layers added or replaced."""
        return replace(self, layers={**{name: self.layers[name] for name in self.layers}, **layers})

    def with_camera(self, source: str, camera: Trajectory) -> Take:
        """The same take with the cameras of one source added or replaced."""
        return replace(self, cameras={**self.cameras, source: camera})

    def save(self, folder: Path | str) -> None:
        """Write the take as a folder: lossless layers, cameras, shot, and an mp4 preview.

        Raises:
            InputError: the folder cannot be written, or exists and was not made by Kinoeye.
        """
        from kinoeye.footage.store import save_take

        save_take(self, Path(folder))

    @classmethod
    def open(cls, folder: Path | str) -> Take:
        """Open a folder written by `save`; each layer is read when it is first used.

        Raises:
            InputError: the folder is not a take, or is damaged.
        """
        from kinoeye.footage.store import open_take

        return open_take(Path(folder))


def check_layer(name: str, layer: Layer, shape: tuple[int, int, int]) -> None:
    """Hold that a layer has a known name and the dtype and shape that belong to it.

    Raises:
        ValueError: it has not.
    """
    if name not in LAYER_TYPES:
        raise ValueError(f"unknown layer {name!r}; known: {', '.join(LAYER_TYPES)}")
    dtype, trailing = LAYER_TYPES[name]
    if layer.values.dtype != dtype or layer.values.shape != (*shape, *trailing):
        given = f"{layer.values.dtype} {layer.values.shape}"
        raise ValueError(f"layer {name!r} is {given}; {dtype} {(*shape, *trailing)} is needed")


class StoredLayers(Mapping[str, Layer]):
    """Layers in a folder, each read on first use and kept."""

    def __init__(self, sources: Mapping[str, str], load: Any) -> None:
        self._sources = dict(sources)
        self._load = load
        self._loaded: dict[str, Layer] = {}

    def __getitem__(self, name: str) -> Layer:
        """Read a layer."""
        if name not in self._loaded:
            self._loaded[name] = Layer(self._load(name), self._sources[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        """Names of the layers."""
        return iter(self._sources)

    def __len__(self) -> int:
        """Number of layers."""
        return len(self._sources)
