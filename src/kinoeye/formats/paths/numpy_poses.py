"""Poses as plain NumPy arrays: .npy of [n, 3, 4] or [n, 4, 4], and .npz with calibrations and times beside them.

An array does not say which way its poses go or where its camera looks, so strangers' arrays are read only under a
name that says it, such as numpy:opengl-w2c. The .npz that is written here names its convention and is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npz_shapes, read_npy, read_npz, write_npy, write_npz
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.pose_arrays import column, frame_calibrations, is_pose_shape, pose_matrices, whole_numbers
from kinoeye.geometry.convention import OPENCV, OPENGL, Convention, Float64, homogeneous

_KEYS = {"cam_to_world": "c2w", "world_to_cam": "w2c"}
_SAYS_DIRECTION = {
    "cam_to_world": re.compile(r"c2w|cam(era)?_?(to|2)_?world|world_from_cam|T_world_cam", re.IGNORECASE),
    "world_to_cam": re.compile(r"w2c|world_?(to|2)_?cam|cam(era)?_from_world|T_cam_world", re.IGNORECASE),
}
_CALIBRATION = ("K", "Ks", "intrinsics", "intrinsic", "intrs")
_TIMES = ("times_s", "times", "timestamps")
_OWN = ("convention", "world_axes", "unit", "size_wh", "names", "ids", "near_far")
_NOT_POSES = re.compile(r"(intrins|intr|^Ks?$|proj|camera_mat)", re.IGNORECASE)
MAX_CAMERAS = 1000


@dataclass(frozen=True)
class NumpyPoses:
    """The format of arrays in one convention; `NUMPY` is the one that is used where nobody says another."""

    NAME: str
    CONVENTION: Convention
    TITLE: str = "NumPy arrays of poses (OpenCV camera-to-world; numpy:opengl-w2c and the like)"
    FILE_NAMES: tuple[str, ...] = ("*.npz", "*.npy")
    DEFAULT_NAME: str = "poses.npz"
    HOLDS: frozenset[str] = frozenset({"times", "intrinsics", "size", "names", "ids", "unit", "up", "near_far"})
    NEEDS: frozenset[str] = frozenset()

    def sniff(self, head: FileHead) -> bool:
        """An .npz with a convention and poses under the name that goes with it."""
        return "convention" in head.members and not head.members.isdisjoint(_KEYS.values())

    def read(self, path: Path) -> PathTable | Mapping[str, PathTable]:
        """Read an array in this convention, each of an .npz that has several, or an .npz in the one it names."""
        if file_head(path).array is not None:
            return self._tables({"": read_npy(path)}, {}, str(path))
        shapes = npz_shapes(path)
        own = read_npz(path, [name for name in _OWN if name in shapes]) if "convention" in shapes else {}
        if "convention" in own:
            return _named_by_file(path, own, self)
        names = [name for name, shape in shapes.items() if is_pose_shape(shape) and not _NOT_POSES.search(name)]
        if not names:
            raise InputError(f"{path} has no array of 3x4 or 4x4 poses; its arrays: {', '.join(list(shapes)[:12])}")
        if len(names) > MAX_CAMERAS:
            raise InputError(f"{path} has {len(names)} arrays of poses; at most {MAX_CAMERAS} are read")
        for name in names:
            self._check_direction(name, path)
        beside = [name for name in (*_CALIBRATION, *_TIMES) if name in shapes]
        return self._tables(read_npz(path, names), read_npz(path, beside), str(path))

    def write(self, table: PathTable, path: Path) -> list[str]:
        """Write an .npz that names its convention; to a .npy the matrices [n, 4, 4] alone."""
        poses = homogeneous(table.matrices)
        if path.suffix == ".npy":
            write_npy(path, poses)
            return [f"a .npy holds matrices alone: read it with --from {self.NAME}; a .npz would keep the rest"]
        world = table.convention.world_axes
        arrays: dict[str, NDArray | None] = {
            "convention": np.array(_label(self.CONVENTION)),
            _KEYS[self.CONVENTION.direction]: poses,
            "K": table.intrinsics,
            "size_wh": None if table.size_wh is None else np.array(table.size_wh),
            "times_s": table.times_s,
            "near_far": table.near_far,
            "names": np.array(table.names) if table.names else None,
            "ids": np.array(table.ids) if table.ids else None,
            "unit": np.array(table.unit),
            "world_axes": None if world is None else np.array(world),
        }
        write_npz(path, {name: array for name, array in arrays.items() if array is not None})
        return []

    def _tables(
        self, poses: Mapping[str, NDArray], beside: Mapping[str, NDArray], where: str
    ) -> PathTable | dict[str, PathTable]:
        note = f"poses are taken as {_label(self.CONVENTION)}; --from numpy:... says another convention"
        tables = {}
        for name, place, matrices in _paths(poses, where):
            if _are_calibrations(matrices):
                raise InputError(f"{place} holds calibrations, not poses")
            K = next((beside[key] for key in _CALIBRATION if key in beside), None)
            times = next((beside[key] for key in _TIMES if key in beside), None)
            tables[name] = PathTable(
                matrices=matrices,
                convention=self.CONVENTION,
                format=self.NAME,
                intrinsics=None if K is None else frame_calibrations(K, len(matrices), f"{where}: intrinsics"),
                times_s=None if times is None else column(times, len(matrices), f"{where}: times"),
                notes=(note,),
            )
        return next(iter(tables.values())) if len(tables) == 1 else tables

    def _check_direction(self, name: str, path: Path) -> None:
        """Refuse to read poses against what their own name says."""
        said = [direction for direction, words in _SAYS_DIRECTION.items() if words.search(name)]
        if len(said) == 1 and said[0] != self.CONVENTION.direction:
            axes = _label(self.CONVENTION).partition("-")[0]
            raise InputError(
                f"{path}: {name} is {said[0].replace('_', '-')} by its name; give --from numpy:{axes}-{_KEYS[said[0]]}"
            )


def _label(convention: Convention) -> str:
    """Such as "opengl-w2c"."""
    axes = {"RDF": "opencv", "RUB": "opengl"}[convention.camera_axes]
    return f"{axes}-{_KEYS[convention.direction]}"


NUMPY = NumpyPoses("numpy", OPENCV)
VARIANTS = tuple(
    NumpyPoses(f"numpy:{_label(convention)}", convention)
    for axes in (OPENCV, OPENGL)
    for convention in (axes, replace(axes, direction="world_to_cam"))
)
"""The conventions that a user can name for an array."""


def _paths(poses: Mapping[str, NDArray], where: str) -> Iterator[tuple[str, str, Float64]]:
    """Name, place and poses of each path of the arrays; one with an axis before its frames is a path for each index."""
    for name, array in poses.items():
        place = f"{where}: {name}" if name else where
        if array.ndim < 4 or array.shape[0] == 1:
            yield name, place, pose_matrices(array, place)
            continue
        if array.ndim > 4 or len(array) > MAX_CAMERAS:
            raise InputError(f"{place} has shape {' x '.join(map(str, array.shape))}; poses are n x 3 x 4 or n x 4 x 4")
        for i, one in enumerate(array):
            yield f"{name}{i}", f"{place}[{i}]", pose_matrices(one, f"{place}[{i}]")


def _are_calibrations(matrices: Float64) -> bool:
    """Whether they are upper triangular with a principal point, which no pose is."""
    is_triangular = not matrices[:, [1, 2, 2], [0, 0, 1]].any() and (matrices[:, 2, 2] == 1).all()
    return bool(is_triangular and matrices[:, :2, 2].any() and not matrices[:, :, 3].any())


def _named_by_file(path: Path, own: Mapping[str, NDArray], chosen: NumpyPoses) -> PathTable:
    """The path of an .npz that names its convention."""
    label = _text(own["convention"])
    form = next((form for form in VARIANTS if _label(form.CONVENTION) == label), None)
    if form is None:
        known = ", ".join(_label(form.CONVENTION) for form in VARIANTS)
        raise InputError(f"{path} names the convention {label!r:.40}; {known} are known")
    if chosen is not NUMPY and chosen != form:
        raise InputError(f"{path} says that its poses are {label}; --from {chosen.NAME} says otherwise")
    key = _KEYS[form.CONVENTION.direction]
    arrays = read_npz(path, (key, "K", "times_s"))
    if key not in arrays:
        raise InputError(f"{path} names the convention {label} and has no array {key}")
    matrices = pose_matrices(arrays[key], f"{path}: {key}")
    n = len(matrices)
    size = own.get("size_wh")
    if size is not None and (size.shape != (2,) or size.dtype.kind not in "iu" or size.min() < 1):
        raise InputError(f"{path}: size_wh is not a width and a height")
    bounds, ids = own.get("near_far"), own.get("ids")
    names = own.get("names", np.zeros(0, str))
    if bounds is not None and (bounds.shape != (n, 2) or bounds.dtype.kind != "f"):
        raise InputError(f"{path}: near_far has shape {bounds.shape}; {n} x 2 is needed")
    if names.dtype.kind != "U" or names.shape not in ((0,), (n,)):
        raise InputError(f"{path}: names are not {n} texts")
    world = _text(own["world_axes"]) if "world_axes" in own else None
    unit = 1.0 if "unit" in own and _text(own["unit"]) == "m" else None
    try:
        convention = replace(form.CONVENTION, world_axes=world, metres_per_unit=unit)
    except ValueError as error:
        raise InputError(f"{path}: world_axes: {error}") from error
    return PathTable(
        matrices=matrices,
        convention=convention,
        format=chosen.NAME,
        intrinsics=frame_calibrations(arrays["K"], n, f"{path}: K") if "K" in arrays else None,
        size_wh=None if size is None else (int(size[0]), int(size[1])),
        times_s=column(arrays["times_s"], n, f"{path}: times_s") if "times_s" in arrays else None,
        near_far=bounds,
        names=tuple(names.tolist()),
        ids=() if ids is None else whole_numbers(ids, n, f"{path}: ids"),
    )


def _text(array: NDArray) -> str:
    if array.size != 1 or array.dtype.kind != "U":
        return ""
    try:
        return str(array.item())
    except SystemError:  # NumPy's answer to bytes that are no characters
        return ""
