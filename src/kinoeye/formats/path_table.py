"""PathTable: a camera path as a file writes it, which may be wrong on purpose until it is diagnosed and repaired."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.diagnosis import Diagnosis, diagnose, faults, nearest_rotation
from kinoeye.geometry.convention import KINOEYE, NORMALISED, Convention, Float64, convert, homogeneous

if TYPE_CHECKING:
    from kinoeye.geometry.track import Track, Trajectory, Unit, Up

DEFAULT_FPS = 24.0
"""Assumed, and said to be, where a file has no times."""


def own_convention(unit: Unit, up: Up) -> Convention:
    """The convention of our own poses, for the unit and the vertical of their world."""
    return replace(
        KINOEYE,
        quaternion_order=None,
        metres_per_unit=1.0 if unit == "m" else None,
        world_axes=KINOEYE.world_axes if up == "z" else None,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PathTable:
    """A camera path as written in a file.

    Example:
        >>> table = PathTable(matrices=np.tile(np.eye(4)[:3], (3, 1, 1)), convention=KINOEYE)
        >>> [diagnosis.code for diagnosis in table.diagnose()]
        ['static']
    """

    matrices: Float64
    """[n, 3, 4] in `convention`, as written; rotations may be improper, scaled or NaN."""
    convention: Convention
    format: str = "memory"
    """Name of the format that the table was read from."""
    intrinsics: Float64 | None = None
    """[n, 3, 3] calibration matrices in pixels of `size_wh`; None when the file has none.

    A principal point in the middle of an image whose size the file does not say is NaN until `with_size` states it.
    """
    size_wh: tuple[int, int] | None = None
    """Image size of `intrinsics`; (1, 1) means normalised, None that the file does not say."""
    times_s: Float64 | None = None
    """[n] in seconds; None when the file has none."""
    near_far: Float64 | None = None
    """[n, 2] distances of the nearest and the farthest content along the view, in the unit of `convention`."""
    names: tuple[str, ...] = ()
    """Image name of each frame, or empty."""
    ids: tuple[int, ...] = ()
    """Number of each frame in its file, or empty."""
    distortion: Mapping[str, Float64] = field(default_factory=dict)
    """Coefficient (k1, k2, p1, ...) -> [n], in OpenCV's names; empty for a pinhole."""
    lens: str = "perspective"
    """"perspective", or COLMAP's name of a model that no pinhole approximates, such as "OPENCV_FISHEYE"."""
    notes: tuple[str, ...] = ()
    """What the reader assumed and what repairs changed, in words."""
    findings: tuple[Diagnosis, ...] = ()
    """What only the reader could see, such as a file that breaks off; a part of `diagnose`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrices", np.asarray(self.matrices, np.float64))
        n = len(self.matrices)
        shapes = {"matrices": (n, 3, 4), "intrinsics": (n, 3, 3), "times_s": (n,), "near_far": (n, 2)}
        columns = {name: getattr(self, name) for name in shapes}
        for name, value in columns.items():
            if value is not None and value.shape != shapes[name]:
                raise ValueError(f"{name} has shape {value.shape}; {shapes[name]} is needed for {n} frames")
        for name, values in {"names": self.names, "ids": self.ids, **self.distortion}.items():
            if len(values) not in (0, n):
                raise ValueError(f"{len(values)} {name} for {n} frames; one a frame is needed")

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.matrices)

    def __repr__(self) -> str:
        """One line: format, frames, convention, unit, image and duration."""
        written = self.convention
        direction = {"cam_to_world": "c2w", "world_to_cam": "w2c"}[written.direction]
        size = "no size" if self.size_wh is None else "{}x{}".format(*self.size_wh)
        parts = [
            f"{self.format!r}",
            f"{len(self)} frames",
            f"{direction} {written.camera_axes}",
            f"world {written.world_axes or 'not named'}",
            f"unit {self.unit}",
            "no intrinsics" if self.intrinsics is None else "intrinsics",
            "normalised" if self.size_wh == NORMALISED else size,
            "no times" if self.times_s is None or not len(self) else f"{self.times_s[-1] - self.times_s[0]:.6g} s",
        ]
        return f"PathTable({', '.join(parts)})"

    @property
    def unit(self) -> Unit:
        """The unit that translations have once read: metres, or arbitrary where the file states no scale."""
        return "arbitrary" if self.convention.metres_per_unit is None else "m"

    @property
    def up(self) -> Up:
        """The vertical of `T_world_cam`: "z" where the file names its world's axes, None where it does not."""
        return None if self.convention.world_axes is None else "z"

    @cached_property
    def T_world_cam(self) -> Float64:
        """[n, 3, 4] camera-to-world with OpenCV axes in the file's own world, faults included; it cannot be changed.

        A world whose axes the file names is turned to ours (+z up), and a stated unit to metres.
        """
        world = None if self.convention.world_axes is None else KINOEYE.world_axes
        poses = convert(self.matrices, self.convention, replace(KINOEYE, world_axes=world))
        poses.flags.writeable = False
        return poses

    @property
    def fov_deg(self) -> Float64 | None:
        """[n, 2] horizontal and vertical field of view in degrees; None without intrinsics and their size."""
        if self.intrinsics is None or self.size_wh is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            near = self.intrinsics[:, :2, 2] / np.diagonal(self.intrinsics, axis1=1, axis2=2)[:, :2]
            far = np.asarray(self.size_wh, np.float64) / np.diagonal(self.intrinsics, axis1=1, axis2=2)[:, :2] - near
            return np.degrees(np.arctan(near) + np.arctan(far))

    def diagnose(self) -> list[Diagnosis]:
        """What is wrong or suspicious, errors first."""
        return diagnose(self)

    def repair(self, code: str) -> PathTable:
        """The table with the fault of that code repaired; `notes` say what changed.

        Raises:
            InputError: there is no repair of that name, or nothing would be left.
        """
        from kinoeye.formats.repair import repair

        return repair(self, code)

    def require_sound(self) -> None:
        """Hold that the diagnosis has no error.

        Raises:
            InputError: it has; the message names the repair.
        """
        errors = [diagnosis for diagnosis in faults(self) if diagnosis.severity == "error"]
        if errors and errors[0].code == "empty":
            raise InputError(errors[0].message)
        if errors:
            from kinoeye.formats.repair import repair_of

            codes = dict.fromkeys(error.code for error in errors)
            fixes = " ".join(f"--repair {code}" for code in codes if repair_of(self, code))
            mending = f"`kinoeye convert` mends them with {fixes}" if fixes else "there is no repair"
            raise InputError(f"the cameras are faulty: {errors[0].message}; {mending}")

    def checked_matrices(self) -> Float64:
        """`T_world_cam` [n, 3, 4] with rotations rounded to the nearest orthonormal matrix.

        Raises:
            InputError: the diagnosis has errors; the message names the repair.
        """
        self.require_sound()
        poses = self.T_world_cam.copy()
        poses[:, :, :3] = nearest_rotation(poses[:, :, :3])
        return poses

    def frames(self, index: Iterable[int] | NDArray[np.integer]) -> PathTable:
        """The table of some frames, in the given order."""
        rows = np.asarray(list(index), np.int64)
        return replace(
            self,
            matrices=self.matrices[rows],
            intrinsics=None if self.intrinsics is None else self.intrinsics[rows],
            times_s=None if self.times_s is None else self.times_s[rows],
            near_far=None if self.near_far is None else self.near_far[rows],
            names=tuple(self.names[i] for i in rows) if self.names else (),
            ids=tuple(self.ids[i] for i in rows) if self.ids else (),
            distortion={name: values[rows] for name, values in self.distortion.items()},
        )

    def noted(self, *notes: str) -> PathTable:
        """The table with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def in_convention(self, target: Convention) -> PathTable:
        """The same path written in another convention; a scale that the table does not know stays unknown.

        A left-handed world is turned to ours where the other convention names none: its poses would be reflections.
        """
        if target.world_axes is None and self.convention.handedness == "left":
            target = target.with_world(KINOEYE.world_axes)
        matrices = convert(self.matrices, self.convention, target)
        known = self.convention.metres_per_unit is not None
        if known and target.metres_per_unit is None:
            matrices = convert(self.matrices, self.convention, replace(target, metres_per_unit=1.0))
        unit = (target.metres_per_unit or 1.0) if known else None
        world = target.world_axes if self.convention.world_axes and target.world_axes else self.convention.world_axes
        near_far = self.near_far
        if near_far is not None and self.convention.metres_per_unit is not None and unit is not None:
            near_far = near_far * (self.convention.metres_per_unit / unit)
        convention = replace(target, world_axes=world, metres_per_unit=unit)
        return replace(self, matrices=matrices, near_far=near_far, convention=convention)

    @property
    def is_centred_nowhere(self) -> bool:
        """Whether the principal points lie in the middle of images whose size is not known."""
        return self.size_wh is None and self.intrinsics is not None and bool(np.isnan(self.intrinsics[:, :2, 2]).any())

    @property
    def fps(self) -> float | None:
        """Frames per second by the median step of the times; None without times or with one frame."""
        if self.times_s is None or len(self) < 2:
            return None
        step = float(np.median(np.diff(self.times_s)))
        return 1 / step if step > 0 else None

    @property
    def even_fps(self) -> float | None:
        """Frames per second where frame i is at i / rate seconds, to a microsecond; None where times are otherwise."""
        times = self.times_s
        if times is None or len(times) < 2 or not times[-1] > 0:
            return None
        rate = (len(times) - 1) / float(times[-1])
        return rate if np.abs(times - np.arange(len(times)) / rate).max() < 1e-6 else None

    def with_unit(self, metres_per_unit: float | None) -> PathTable:
        """The table with its translations, as written, taken in a unit of so many metres; None for an unknown scale."""
        convention = replace(self.convention, metres_per_unit=metres_per_unit)
        text = "of unknown scale" if metres_per_unit is None else f"units of {metres_per_unit:g} m"
        return replace(self, convention=convention).noted(f"translations are taken as {text}")

    def with_world(self, world_axes: str) -> PathTable:
        """The table with the axes of its world, as written, taken as named ("FLU" has +z up)."""
        text = f"the world's axes are taken as {world_axes}"
        return replace(self, convention=self.convention.with_world(world_axes)).noted(text)

    def with_fps(self, fps: float) -> PathTable:
        """The table with evenly spaced times from 0.

        Raises:
            InputError: the rate is not a positive number.
        """
        if not (math.isfinite(fps) and fps > 0):
            raise InputError(f"{fps} frames per second is not a rate; give a positive number")
        return replace(self, times_s=np.arange(len(self)) / fps).noted(f"times are set to {fps:g} frames per second")

    def with_size(self, size_wh: tuple[int, int]) -> PathTable:
        """The table with its intrinsics scaled to an image size ((1, 1) normalises).

        Intrinsics whose size the file does not say are taken to be in pixels of this size already, and a principal
        point that is not known is put into the middle.

        Raises:
            InputError: the size is not positive.
        """
        if min(size_wh) <= 0:
            raise InputError(f"an image of {size_wh[0]}x{size_wh[1]} has no pixels; give WIDTHxHEIGHT")
        if self.intrinsics is None or self.size_wh == size_wh:
            return replace(self, size_wh=size_wh)
        if self.size_wh is None:
            K = self.intrinsics.copy()
            K[:, :2, 2] = np.where(np.isnan(K[:, :2, 2]), np.asarray(size_wh) / 2, K[:, :2, 2])
            return replace(self, intrinsics=K, size_wh=size_wh)
        scale = np.array([size_wh[0] / self.size_wh[0], size_wh[1] / self.size_wh[1], 1.0])
        return replace(self, intrinsics=self.intrinsics * scale[:, None], size_wh=size_wh)

    def with_fov(self, fov_x_deg: float) -> PathTable:
        """The table with centred pinholes of square pixels of one horizontal field of view.

        Raises:
            InputError: the angle is not between 0 and 180 degrees, or the table has no image size.
        """
        if not 0 < fov_x_deg < 180:
            raise InputError(f"a field of view of {fov_x_deg:g} degrees is not between 0 and 180")
        if self.size_wh is None:
            raise InputError("a field of view needs an image size; give WIDTHxHEIGHT")
        width, height = self.size_wh
        focal = width / (2 * math.tan(math.radians(fov_x_deg) / 2))
        K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
        note = f"intrinsics are set to a horizontal field of view of {fov_x_deg:g} degrees"
        return replace(self, intrinsics=np.tile(K, (len(self), 1, 1)), distortion={}, lens="perspective").noted(note)

    def to_track(self, *, fps: float | None = None) -> Track:
        """The poses alone, as a Track; rotations are rounded to the nearest orthonormal matrix.

        Args:
            fps: replaces the times of the file; without either, `DEFAULT_FPS` is assumed with a warning.

        Raises:
            InputError: the diagnosis has errors.
        """
        import torch

        from kinoeye.geometry.lie import SE3
        from kinoeye.geometry.track import Track

        poses = self.checked_matrices()
        if fps is None and self.times_s is None:
            warnings.warn(f"the path has no times; {DEFAULT_FPS:g} frames per second are assumed", stacklevel=2)
        table = self if fps is None and self.times_s is not None else self.with_fps(fps or DEFAULT_FPS)
        assert table.times_s is not None
        T_world_cam = SE3.from_matrix(torch.from_numpy(homogeneous(poses)))
        return Track(T_world_cam, torch.tensor(table.times_s), self.unit, up=self.up)

    def to_trajectory(self, *, size_wh: tuple[int, int] | None = None, fps: float | None = None) -> Trajectory:
        """The camera: poses and pinhole intrinsics, in our convention (distortion is dropped).

        Args:
            size_wh: the image size to state intrinsics for; the file's own by default.
            fps: replaces the times of the file; without either, `DEFAULT_FPS` is assumed with a warning.

        Raises:
            InputError: the diagnosis has errors, or the file has no intrinsics or no image size.
        """
        import torch

        from kinoeye.geometry.intrinsics import Intrinsics
        from kinoeye.geometry.track import Trajectory

        table = self if size_wh is None else self.with_size(size_wh)
        if table.intrinsics is None:
            raise InputError(f"{self.format} gives no intrinsics; give a field of view (PathTable.with_fov, --fov-deg)")
        if table.size_wh is None:
            raise InputError(f"{self.format} gives no image size for its intrinsics; give one (size_wh, --size WxH)")
        track = table.to_track(fps=fps)
        return Trajectory(track, Intrinsics.from_matrix(torch.tensor(table.intrinsics), table.size_wh))

    @classmethod
    def from_trajectory(cls, trajectory: Trajectory, *, names: tuple[str, ...] = ()) -> PathTable:
        """The table of a camera."""
        return cls(
            matrices=trajectory.T_world_cam.as_matrix()[:, :3].double().numpy(force=True),
            convention=own_convention(trajectory.track.unit, trajectory.track.up),
            intrinsics=trajectory.intrinsics.as_matrix().double().numpy(force=True),
            size_wh=trajectory.size_wh,
            times_s=trajectory.times_s.double().numpy(force=True),
            names=names,
        )
