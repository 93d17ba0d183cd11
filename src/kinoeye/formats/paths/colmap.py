"""COLMAP models as paths, and the text form: world-to-camera quaternions, sorted by image name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.colmap import form_of
from kinoeye.formats.containers.colmap_model import MODELS, PINHOLE_PARAMETERS, ColmapCamera, ColmapModel
from kinoeye.formats.containers.colmap_text import read_text_model, write_text_model
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.views import View, natural, tables_of
from kinoeye.geometry.convention import OPENCV_W2C, Float64, matrix_to_wxyz

NAME = "colmap"
TITLE = "COLMAP text model (a folder)"
FILE_NAMES = ("images.txt", "colmap", "sparse", "*.colmap")
DEFAULT_NAME = "colmap"
CONVENTION = replace(OPENCV_W2C, quaternion_order="wxyz")
HOLDS = frozenset({"intrinsics", "size", "names", "ids", "distortion", "unit"})
NEEDS = frozenset({"intrinsics", "pixels"})
_PERSPECTIVE = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV")
_TWO_FOCALS = {
    "SIMPLE_RADIAL_FISHEYE": "OPENCV_FISHEYE",
    "RADIAL_FISHEYE": "OPENCV_FISHEYE",
    "SIMPLE_DIVISION": "DIVISION",
    "SIMPLE_FISHEYE": "FISHEYE",
}
"""Models with one focal length -> the same lens with two."""
_MAX_ID = 2**32 - 1


def sniff(head: FileHead) -> bool:
    """A folder with cameras.txt and images.txt and no binary model, or either of these files."""
    return form_of(head.path) == ".txt"


def read(path: Path) -> PathTable | dict[str, PathTable]:
    """Read the images sorted by name; a film's frames are then in order, which COLMAP's own order is not."""
    return table_of(read_text_model(path if path.is_dir() else path.parent), NAME)


def write(table: PathTable, path: Path) -> list[str]:
    """Write cameras.txt, images.txt and an empty points3D.txt into a folder."""
    folder = output_folder(path, ".txt")
    cameras, images, poses, warnings = model_of(table, NAME)
    if any(len(name.split()) > 1 for _, _, name in images):
        warnings.append(f"{NAME} holds image names with spaces, of which COLMAP reads only the first word")
    write_text_model(folder, cameras, images, poses, is_metric=table.unit == "m")
    return warnings


def table_of(model: ColmapModel, name: str) -> PathTable | dict[str, PathTable]:
    """The path of a model's images, sorted by name; a table for each kind of lens where there are several.

    Raises:
        InputError: no image is registered, or one uses a camera that does not exist.
    """
    if not model.images:
        raise InputError(f"{model.folder} holds no poses: no image is registered")
    calibrations = {number: _calibration(camera) for number, camera in model.cameras.items()}
    views = []
    for image in sorted(model.images, key=lambda image: natural(image.name)):
        model.camera_of(image)  # it exists
        views.append(View(image.cam_from_world, image.name, image.id, **calibrations[image.camera_id]))
    convention = replace(CONVENTION, metres_per_unit=1.0 if model.is_metric else None)
    return tables_of(views, convention, name, ("frames are sorted by image name", *model.notes))


def model_of(table: PathTable, name: str) -> tuple[list[ColmapCamera], list[tuple[int, int, str]], Float64, list[str]]:
    """Cameras, images (number, camera, name), their poses qw qx qy qz tx ty tz [n, 7], and what is lost.

    Raises:
        InputError: COLMAP has no such lens, or an image name holds a line break.
    """
    found = [_camera(table, i) for i in range(len(table))]
    keys = [(camera.model, *camera.parameters.values()) for camera in found]
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys), start=1)}
    cameras = list(dict(zip(keys, found, strict=True)).values())
    names = table.names or tuple(f"frame_{i + 1:05d}.png" for i in range(len(table)))
    broken = next((name for name in names if not name.strip() or any(mark in name for mark in "\0\r\n")), None)
    if broken is not None:
        raise InputError(f"{broken!r:.60} cannot be the name of an image in a COLMAP model")
    warnings = []
    ids = table.ids or tuple(range(1, len(table) + 1))
    if len(set(ids)) != len(ids) or not all(0 <= number < _MAX_ID for number in ids):
        ids = range(1, len(table) + 1)
        warnings.append(f"{name} needs a number of its own for each frame: they are numbered from 1")
    held = set(cameras[0].parameters).union(*(camera.parameters for camera in cameras))
    lost = [coefficient for coefficient, values in table.distortion.items() if coefficient not in held and any(values)]
    if lost:
        warnings.append(f"{name} cannot hold the distortion coefficients {', '.join(lost)}")
    if sorted(names, key=natural) != list(names):
        warnings.append(f"{name} is read back sorted by image name, which is not the order of these frames")
    poses = np.concatenate([matrix_to_wxyz(table.matrices[:, :, :3]), table.matrices[:, :, 3]], -1)
    return cameras, [(ids[i], numbers[key], names[i]) for i, key in enumerate(keys)], poses, warnings


def output_folder(path: Path, form: str) -> Path:
    """The folder of a model to write, which holds nothing that would be read in its place or beside it.

    Raises:
        InputError: it is a file, or holds parts of another model.
    """
    folder = path.parent if path.suffix == form else path
    if folder.is_file():
        raise InputError(f"{folder} is a file; a COLMAP model is a folder")
    others = [f"{stem}{form}" for stem in ("rigs", "frames")]
    others += ["cameras.bin", "images.bin", "rigs.bin", "frames.bin"] if form == ".txt" else []
    standing = next((name for name in others if (folder / name).exists()), None)
    if standing is not None:
        raise InputError(f"{folder} holds {standing} of another COLMAP model; choose another output folder")
    return folder


def _calibration(camera: ColmapCamera) -> dict[str, Any]:
    """What a view has of its camera."""
    lens = "perspective" if camera.model in _PERSPECTIVE else camera.model
    return {"K": camera.K, "size_wh": camera.size_wh, "lens": lens, "coefficients": camera.coefficients}


def _camera(table: PathTable, i: int) -> ColmapCamera:
    """The smallest model that holds a frame's intrinsics."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    K = table.intrinsics[i]
    values = {name: float(column[i]) for name, column in table.distortion.items() if column[i]}
    focals = {"fx": float(K[0, 0]), "fy": float(K[1, 1]), "cx": float(K[0, 2]), "cy": float(K[1, 2])}
    model = table.lens
    if model == "perspective":
        fits = (name for name in _PERSPECTIVE if {*values, *focals} <= set(MODELS[name].split()))
        model = next(fits, "FULL_OPENCV")
    if focals["fx"] != focals["fy"]:
        model = _TWO_FOCALS.get(model, model)
    if model not in MODELS or set(MODELS[model].split()) <= PINHOLE_PARAMETERS - {"f", "fx"}:
        raise InputError(f"COLMAP has no lens model {model} with a focal length; its models: {', '.join(MODELS)}")
    values |= focals | {"f": focals["fx"]}
    return ColmapCamera(model, table.size_wh, {name: values.get(name, 0.0) for name in MODELS[model].split()})
