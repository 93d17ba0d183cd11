"""What is known of everybody in a scene over time: poses, boxes, and what the camera sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean
from kinoeye.geometry.convention import Float64, homogeneous

Bool = NDArray[np.bool_]
Unit = Literal["m", "arbitrary"]
Up = Literal["z"] | None
CAMERA = "camera"
"""The name of the first track."""
MAX_NAMES, MAX_TIMES = 255, 100_000
"""The camera and as many actors as a shot may hold; an hour of frames."""
_RIGID = 1e-6


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Standard deviations of what tracks state: 0 for truth, NaN where nobody has measured them."""

    position: float = 0.0
    """Of each coordinate of every origin, in the unit of the tracks; independent from sample to sample."""
    heading_rad: float = 0.0
    """Of the direction in which a body or the camera points."""
    share: float = 0.0
    """Of visible and covered shares."""

    def __post_init__(self) -> None:
        for name in ("position", "heading_rad", "share"):
            if not (np.isnan(value := getattr(self, name)) or 0 <= value < np.inf):
                raise InputError(
                    f"the noise's {name} is {value}; a standard deviation is at least 0, or NaN if unknown"
                )


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneTracks:
    """Poses of the camera and of actors at common times, with their boxes and what the camera sees of them.

    The camera comes first, under the name "camera", in OpenCV axes (x right, y down, z forward) with its origin at the
    centre of projection; actors are in body axes (x forward, y left, z up) with the origin at the ground contact under
    the box centre. So row 0 of `T_world_body` is `T_world_cam` as it stands in every file; queries that speak of an
    observer's forward, left and up turn the camera's axes themselves (`facts.viewpoint`).

    The world is right-handed. Unknown numbers are NaN. Arrays are copied and cannot be written to.

    Raises:
        InputError: a shape is wrong, names repeat, times do not increase, or a value cannot be.

    Example:
        >>> poses = np.tile(np.eye(4), (2, 3, 1, 1))
        >>> tracks = SceneTracks(
        ...     names=("camera", "dog"), times_s=[0.0, 0.5, 1.0], T_world_body=poses,
        ...     sizes=[[0, 0, 0], [0.8, 0.3, 0.5]], valid=np.ones((2, 3), bool), source="truth")
        >>> len(tracks), tracks.index("dog")
        (3, 1)
    """

    names: tuple[str, ...]
    """[a] unique; the first is "camera"."""
    times_s: Float64
    """[t] strictly increasing."""
    T_world_body: Float64
    """[a, t, 4, 4] poses; NaN where not valid. A rotation that is NaN with a known origin is an unknown heading."""
    sizes: Float64
    """[a, 3] boxes along body axes; the camera, a point, has zeros. An actor of unknown size (NaN) is taken as a
    point at its origin."""
    valid: Bool
    """[a, t] whether the origin is known."""
    visible: Float64 | None = None
    """[a, t] share of the pixels of an actor's outline in the picture that are seen, 0 to 1; 0 outside the picture."""
    boxes_xyxy: Float64 | None = None
    """[a, t, 4] left, top, right and bottom edge, in pixels of `size_wh`, of what is seen; NaN where nothing is."""
    occludes: Float64 | None = None
    """[a, a, t] share of the second actor's outline in the picture where the first is seen in its stead, 0 to 1."""
    outlines: Float64 | None = None
    """[a, t] share of the picture that an actor's outline would fill were nothing before it; 0 outside the picture."""
    size_wh: tuple[int, int] | None = None
    """Size of the picture."""
    unit: Unit = "m"
    """Of lengths: "m", or "arbitrary" where the scale is unknown."""
    up: Up = "z"
    """"z" where the world's +z points up; None where its vertical is not known."""
    noise: Noise = field(default_factory=Noise)
    source: str
    """"truth", "estimated:<estimator>" or "file"."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        _check_names(self.names)
        a, times = len(self.names), _frozen("times_s", self.times_s, (-1,))
        t = len(times)
        if not 1 <= t <= MAX_TIMES or not np.isfinite(times).all() or not (np.diff(times) > 0).all():
            raise InputError(
                f"times_s holds {t} times; 1 to {MAX_TIMES:,} finite times that increase strictly are needed"
            )
        poses, valid = _poses(self.T_world_body, self.valid, (a, t), self.names)
        sizes = _frozen("sizes", self.sizes, (a, 3))
        if (sizes[0] != 0).any() or (sizes[1:] <= 0).any() or np.isinf(sizes).any():
            raise InputError("sizes holds a box without a volume; the camera's is 0, an actor's is positive, or NaN")
        picture = {"visible": (a, t), "boxes_xyxy": (a, t, 4), "occludes": (a, a, t), "outlines": (a, t)}
        arrays: dict[str, Any] = {"times_s": times, "T_world_body": poses, "sizes": sizes, "valid": valid}
        for name, shape in picture.items():
            if (values := getattr(self, name)) is not None:
                arrays[name] = _frozen(name, values, shape)
        _check_picture(arrays, self.size_wh)
        for name, options in (("unit", ("m", "arbitrary")), ("up", ("z", None))):
            if getattr(self, name) not in options:
                raise InputError(f"{name} is {getattr(self, name)!r}; it is {options[0]!r} or {options[1]!r}")
        for name, array in arrays.items():
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """Number of times."""
        return len(self.times_s)

    def index(self, name: str) -> int:
        """The row of a name.

        Raises:
            InputError: there is no such track; the nearest name is given.
        """
        if name not in self.names:
            raise InputError(f"there is no track of {name!r}; {did_you_mean(name, self.names, 'tracks')}")
        return self.names.index(name)

    def of(self, names: Sequence[str]) -> SceneTracks:
        """The camera and some actors, in the order given.

        Raises:
            InputError: there is no such actor, or a name repeats.
        """
        return self._taken([0, *(self.index(name) for name in names if name != CAMERA)], np.arange(len(self)))

    def between(self, start_s: float, end_s: float) -> SceneTracks:
        """The samples from one time to another, both included.

        Raises:
            InputError: there is none.
        """
        inside = np.flatnonzero((self.times_s >= start_s) & (self.times_s <= end_s))
        if len(inside) == 0:
            raise InputError(f"no sample lies from {start_s} s to {end_s} s; {self._span()}")
        return self._taken(np.arange(len(self.names)), inside)

    def at(self, times_s: ArrayLike) -> SceneTracks:
        """The tracks at other times: origins, boxes and shares on straight lines, rotations on the shortest arc.

        What lies between a known and an unknown sample is unknown.

        Raises:
            InputError: the times do not increase strictly, or lie beyond the tracks': nothing is extrapolated.
        """
        from kinoeye.facts.resampling import resampled

        return resampled(self, times_s)

    def moved_by(self, T_new_world: ArrayLike, *, up: Up = None) -> SceneTracks:
        """The same scene in another frame of the world: every pose becomes T_new_world @ T_world_body.

        Args:
            T_new_world: [4, 4] rigid.
            up: what the new world's vertical is.
        """
        return replace(self, T_world_body=np.asarray(T_new_world, np.float64) @ self.T_world_body, up=up)

    def scaled_by(self, scale: float, *, unit: Unit | None = None) -> SceneTracks:
        """The same scene with every length multiplied by `scale`, and the unit renamed if given."""
        poses = self.T_world_body.copy()
        poses[..., :3, 3] *= scale
        noise = replace(self.noise, position=self.noise.position * scale)
        return replace(self, T_world_body=poses, sizes=self.sizes * scale, noise=noise, unit=unit or self.unit)

    def normalised(self) -> SceneTracks:
        """The same scene in units of the median distance from the camera to the actors.

        Raises:
            InputError: there is no actor whose place is known, or all are where the camera is.
        """
        away = np.linalg.norm(self.T_world_body[1:, :, :3, 3] - self.T_world_body[:1, :, :3, 3], axis=-1)
        known = away[np.isfinite(away)]
        if len(known) == 0 or not np.median(known) > 0:
            raise InputError("the tracks cannot be normalised: the distance from the camera to the actors is not known")
        return self.scaled_by(1.0 / float(np.median(known)), unit="arbitrary")

    def in_metres(self) -> SceneTracks:
        """These tracks, which are in metres.

        Raises:
            InputError: their scale is unknown.
        """
        if self.unit != "m":
            raise InputError("the tracks are of arbitrary scale: no length in metres is known; give them a scale first")
        return self

    def save(self, path: Path | str) -> None:
        """Write the tracks as JSON.

        Raises:
            InputError: the file cannot be written.
        """
        from kinoeye.facts.record import save_tracks

        save_tracks(self, path)

    @classmethod
    def load(cls, path: Path | str) -> SceneTracks:
        """Read tracks that `save` wrote.

        Raises:
            InputError: the file is missing, too large, damaged, or something else.
        """
        from kinoeye.facts.record import load_tracks

        return load_tracks(path)

    def _taken(self, rows: ArrayLike, columns: ArrayLike) -> SceneTracks:
        rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        grid = np.ix_(rows, columns)
        picture = ("visible", "boxes_xyxy", "outlines")
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            times_s=self.times_s[columns],
            T_world_body=self.T_world_body[grid],
            sizes=self.sizes[rows],
            valid=self.valid[grid],
            occludes=None if self.occludes is None else self.occludes[np.ix_(rows, rows, columns)],
            **{name: None if (old := getattr(self, name)) is None else old[grid] for name in picture},
        )

    def _span(self) -> str:
        return f"the tracks last from {self.times_s[0]:g} s to {self.times_s[-1]:g} s"


def _frozen(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Float64:
    """A copy as float64 that cannot be written to; -1 in `shape` allows any length."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not an array of numbers") from error
    if array.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        needed = "x".join("n" if size == -1 else str(size) for size in shape)
        raise InputError(f"{name} has shape {'x'.join(map(str, array.shape)) or 'none'}; {needed} is needed")
    array.flags.writeable = False
    return array


def _check_names(names: tuple[str, ...]) -> None:
    if not names or names[0] != CAMERA:
        raise InputError(f"the first track is {names[0] if names else 'missing'!r}; it is the one named {CAMERA!r}")
    if len(set(names)) != len(names) or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"names of tracks are {list(names)}; each is a text, not empty, and there once")
    if len(names) > MAX_NAMES:
        raise InputError(f"there are {len(names)} tracks; at most {MAX_NAMES} are held, the camera among them")


def _poses(T_world_body: ArrayLike, valid: ArrayLike, shape: tuple[int, int], names: tuple[str, ...]) -> Any:
    """Poses with NaN where not valid, and which are valid."""
    T = _frozen("T_world_body", T_world_body, (*shape, 4, 4)).copy()
    known = _frozen("valid", valid, shape) > 0
    T[~known] = np.nan
    R, told = T[..., :3, :3], ~np.isnan(T[..., :3, :3]).all(axis=(-1, -2))
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(np.swapaxes(R, -1, -2) @ R - np.eye(3)).max(axis=(-1, -2)) + np.abs(np.linalg.det(R) - 1.0)
    wrong = known & (~np.isfinite(T[..., :3, 3]).all(axis=-1) | (told & ~(off < _RIGID)))
    wrong |= known & (T[..., 3, :] != [0.0, 0.0, 0.0, 1.0]).any(axis=-1)
    if wrong.any():
        actor, time = np.argwhere(wrong)[0]
        raise InputError(
            f"the pose of {names[actor]!r} at sample {time} is not a rigid transform; mark it as not valid"
        )
    T = homogeneous(T[..., :3, :])
    T[~known] = np.nan
    T.flags.writeable = known.flags.writeable = False
    return T, known


def _check_picture(arrays: dict[str, Float64], size_wh: tuple[int, int] | None) -> None:
    for name in ("visible", "occludes", "outlines"):
        if name in arrays and not (np.isnan(arrays[name]) | ((arrays[name] >= 0) & (arrays[name] <= 1))).all():
            raise InputError(f"{name} holds a share that is not from 0 to 1, or NaN")
    if size_wh is not None and not (len(size_wh) == 2 and all(isinstance(n, int) and n > 0 for n in size_wh)):
        raise InputError(f"size_wh is {size_wh}; a width and a height in pixels are needed")
    if "boxes_xyxy" in arrays:
        boxes = arrays["boxes_xyxy"]
        if size_wh is None:
            raise InputError("boxes_xyxy are in pixels of a picture whose size_wh is not given")
        unknown = np.isnan(boxes).any(axis=-1)
        if not (unknown | (boxes[..., :2] < boxes[..., 2:]).all(axis=-1)).all():
            raise InputError("boxes_xyxy holds a box whose right edge is not beyond its left one, or bottom beyond top")
