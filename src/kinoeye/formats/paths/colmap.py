"""COLMAP text models: cameras.txt and images.txt (world-to-camera quaternions); other files are optional."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text, write_text
from kinoeye.formats.path_table import NORMALISED, PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.rows import format_row, number_rows, poses_of_quaternions
from kinoeye.geometry.convention import OPENCV_W2C, matrix_to_wxyz

NAME = "colmap"
TITLE = "COLMAP text model (a folder)"
FILE_NAMES = ("images.txt", "colmap", "sparse", "*.colmap")
DEFAULT_NAME = "colmap"
CONVENTION = replace(OPENCV_W2C, quaternion_order="wxyz")
HOLDS = frozenset({"intrinsics", "size", "names", "ids", "distortion", "unit"})
NEEDS = frozenset({"intrinsics", "pixels"})
MODELS = {
    "SIMPLE_PINHOLE": "f cx cy",
    "PINHOLE": "fx fy cx cy",
    "SIMPLE_RADIAL": "f cx cy k1",
    "RADIAL": "f cx cy k1 k2",
    "OPENCV": "fx fy cx cy k1 k2 p1 p2",
    "FULL_OPENCV": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6",
    "OPENCV_FISHEYE": "fx fy cx cy k1 k2 k3 k4",
    "SIMPLE_RADIAL_FISHEYE": "f cx cy k1",
    "RADIAL_FISHEYE": "f cx cy k1 k2",
    "FOV": "fx fy cx cy omega",
    "THIN_PRISM_FISHEYE": "fx fy cx cy k1 k2 p1 p2 k3 k4 sx1 sy1",
}
"""COLMAP's camera models and their parameters, in file order."""
_PERSPECTIVE = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV")
_METRES = "# unit: m"


@dataclass(frozen=True)
class _Camera:
    model: str
    size_wh: tuple[int, int]
    parameters: dict[str, float]

    @property
    def K(self) -> np.ndarray:
        p = self.parameters
        focal = p.get("f", np.nan)
        return np.array([[p.get("fx", focal), 0, p["cx"]], [0, p.get("fy", focal), p["cy"]], [0, 0, 1]])


def sniff(head: FileHead) -> bool:
    """A folder with cameras.txt and images.txt, or either of these files."""
    folder = head.path if head.is_folder else head.path.parent
    is_named = head.is_folder or head.path.name in ("images.txt", "cameras.txt")
    return is_named and all((folder / name).is_file() for name in ("images.txt", "cameras.txt"))


def read(path: Path) -> PathTable:
    """Read the images sorted by name; a film's frames are then in order, which COLMAP's own order is not."""
    folder = path if path.is_dir() else path.parent
    cameras = dict(_cameras(folder / "cameras.txt"))
    images = sorted(_images(folder / "images.txt"), key=lambda image: _natural(image[2]))
    if not images:
        raise InputError(f"{folder / 'images.txt'} holds no poses: no image is registered")
    used = []
    for _, number, name, _ in images:
        if number not in cameras:
            raise InputError(f"{folder / 'images.txt'}: image {name} uses camera {number}, which cameras.txt lacks")
        used.append(cameras[number])
    values = np.stack([image[3] for image in images])
    lenses = {"perspective" if camera.model in _PERSPECTIVE else camera.model for camera in used}
    if len(lenses) > 1:
        raise InputError(f"{folder} mixes the lens models {', '.join(sorted(lenses))}; one kind can be read")
    K, size, notes = _shared_size(used)
    coefficients = [c for model in MODELS.values() for c in model.split() if c not in ("f", "fx", "fy", "cx", "cy")]
    is_metric = _METRES in read_text(folder / "images.txt").splitlines()
    return PathTable(
        matrices=poses_of_quaternions(values[:, 4:], values[:, :4]),
        convention=replace(CONVENTION, metres_per_unit=1.0 if is_metric else None),
        format=NAME,
        intrinsics=K,
        size_wh=size,
        names=tuple(image[2] for image in images),
        ids=tuple(image[0] for image in images),
        distortion={
            name: np.array([camera.parameters.get(name, 0.0) for camera in used])
            for name in dict.fromkeys(coefficients)
            if any(camera.parameters.get(name) for camera in used)
        },
        lens=lenses.pop(),
        notes=("frames are sorted by image name", *notes),
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write cameras.txt, images.txt and an empty points3D.txt into a folder."""
    folder = path.parent if path.name == "images.txt" else path
    if folder.is_file():
        raise InputError(f"{folder} is a file; a COLMAP model is a folder")
    lines = [_camera_line(table, i) for i in range(len(table))]
    numbers = {line: i + 1 for i, line in enumerate(dict.fromkeys(lines))}
    wxyz = matrix_to_wxyz(table.matrices[:, :, :3])
    names = table.names or tuple(f"frame_{i + 1:05d}.png" for i in range(len(table)))
    ids = table.ids or tuple(range(1, len(table) + 1))
    images = ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME", *([_METRES] if table.unit == "m" else [])]
    for i, line in enumerate(lines):
        pose = format_row([*wxyz[i], *table.matrices[i, :, 3]])
        images += [f"{ids[i]} {pose} {numbers[line]} {names[i]}", ""]
    cameras = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]", *(f"{i} {line}" for line, i in numbers.items())]
    write_text(folder / "cameras.txt", "\n".join(cameras) + "\n")
    write_text(folder / "images.txt", "\n".join(images) + "\n")
    write_text(folder / "points3D.txt", "# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[]\n")
    in_order = sorted(names, key=_natural) == list(names)
    return [] if in_order else [f"{NAME} is read back sorted by image name, which is not the order of these frames"]


def _cameras(path: Path) -> Iterator[tuple[int, _Camera]]:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) < 4 or words[1] not in MODELS:
            known = ", ".join(MODELS)
            raise InputError(f"{path} line {number} is not `id MODEL width height parameters` with a model of {known}")
        names = MODELS[words[1]].split()
        values = number_rows([(number, " ".join([words[0], *words[2:]]))], 3 + len(names), path)[0]
        if not np.isfinite(values[:3]).all() or values[1:3].min() < 1:
            raise InputError(f"{path} line {number} has no image size in pixels")
        size = (int(values[1]), int(values[2]))
        yield int(values[0]), _Camera(words[1], size, dict(zip(names, values[3:].tolist(), strict=True)))


def _images(path: Path) -> Iterator[tuple[int, int, str, np.ndarray]]:
    """Image number, camera number, name, and qw qx qy qz tx ty tz; the line after each holds its 2-D points."""
    lines = iter(enumerate(read_text(path).splitlines(), start=1))
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(maxsplit=9)
        if len(words) < 10:
            raise InputError(f"{path} line {number} is not `id qw qx qy qz tx ty tz camera name`: is it truncated?")
        values = number_rows([(number, " ".join(words[:9]))], 9, path)[0]
        if not np.isfinite(values[[0, 8]]).all():
            raise InputError(f"{path} line {number} has no image or camera number")
        yield int(values[0]), int(values[8]), words[9], values[1:8]
        next(lines, None)


def _shared_size(cameras: list[_Camera]) -> tuple[np.ndarray, tuple[int, int], tuple[str, ...]]:
    K = np.stack([camera.K for camera in cameras])
    if len({camera.size_wh for camera in cameras}) == 1:
        return K, cameras[0].size_wh, ()
    scale = np.array([[1 / camera.size_wh[0], 1 / camera.size_wh[1], 1.0] for camera in cameras])
    return K * scale[:, :, None], NORMALISED, ("images have different sizes: intrinsics are normalised",)


def _camera_line(table: PathTable, i: int) -> str:
    """`MODEL width height parameters` in the smallest model that holds a frame's intrinsics."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    K = table.intrinsics[i]
    values = {name: float(column[i]) for name, column in table.distortion.items() if column[i]}
    values |= {"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2]}
    model = table.lens
    if model == "perspective":
        fits = (name for name in _PERSPECTIVE if set(values) <= set(MODELS[name].split()))
        model = next(fits, "FULL_OPENCV")
    if model not in MODELS:
        raise InputError(f"COLMAP has no lens model {model}; its models: {', '.join(MODELS)}")
    values["f"] = values["fx"]
    parameters = format_row(values.get(name, 0.0) for name in MODELS[model].split())
    return f"{model} {table.size_wh[0]} {table.size_wh[1]} {parameters}"


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key under which frame_2 comes before frame_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
