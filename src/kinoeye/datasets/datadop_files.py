"""The six files of a DataDoP shot, written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kinoeye.base.files import atomic_file, write_json, write_text
from kinoeye.datasets.datadop_layout import FILES, FRAMES
from kinoeye.formats import PathTable, write_path
from kinoeye.geometry.convention import OPENCV, Float64, matrix_to_wxyz


@dataclass(frozen=True, kw_only=True, eq=False)
class RawPath:
    """A camera path as it was estimated, before it is cleaned."""

    T_world_cam: Float64
    """[n, 4, 4], OpenCV camera axes."""
    K: Float64
    """[n, 3, 3] in pixels of the first frame's size."""
    numbers: NDArray[np.int64]
    """[n] frame of each pose."""


def write_frame(base: Path, rgb: NDArray[np.uint8], depth: NDArray[np.float32]) -> dict[str, str]:
    """Write a shot's first frame and its depth.

    Args:
        base: path of the shot, without an ending.
        rgb: [h, w, 3] sRGB.
        depth: [h, w] in the unit of the path; finite and above 0.

    Returns:
        Kind of file -> path.

    Raises:
        InputError: a file cannot be written.
    """
    paths = {kind: path_of(base, kind) for kind in ("rgb", "depth")}
    with atomic_file(paths["rgb"]) as temporary:
        Image.fromarray(rgb).save(temporary, format="PNG", optimize=False)
    with atomic_file(paths["depth"]) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(depth, np.float32), allow_pickle=False)
    return {kind: str(path) for kind, path in paths.items()}


def write_raw_path(base: Path, path: RawPath) -> dict[str, str]:
    """Write the poses (number, position, quaternion with its real part first) and calibrations as MonST3R does.

    Raises:
        InputError: a file cannot be written.
    """
    wxyz = matrix_to_wxyz(path.T_world_cam[:, :3, :3])
    rows = np.column_stack([path.numbers, path.T_world_cam[:, :3, 3], wxyz]).tolist()
    lines = [f"{int(number)} " + " ".join(map(repr, numbers)) for number, *numbers in rows]
    write_text(path_of(base, "traj"), "\n".join(lines) + "\n")
    calibrations = [" ".join(map(repr, row)) for row in path.K.reshape(-1, 9).tolist()]
    write_text(path_of(base, "intrinsics"), "\n".join(calibrations) + "\n")
    return {kind: str(path_of(base, kind)) for kind in ("traj", "intrinsics")}


def write_transforms(base: Path, T_world_cam: Float64, K: Float64, size_wh: tuple[int, int]) -> dict[str, str]:
    """Write the 120 poses that models learn.

    Args:
        base: path of the shot, without an ending.
        T_world_cam: [120, 4, 4], OpenCV camera axes.
        K: [3, 3] of all of them.
        size_wh: of the image of K.

    Raises:
        InputError: the file cannot be written.
    """
    if len(T_world_cam) != FRAMES:
        raise ValueError(f"{len(T_world_cam)} poses; a shot has {FRAMES}")
    table = PathTable(
        matrices=T_world_cam[:, :3],
        convention=OPENCV,
        intrinsics=np.broadcast_to(K, (FRAMES, 3, 3)),
        size_wh=size_wh,
        ids=tuple(range(1, FRAMES + 1)),
    )
    write_path(table, path_of(base, "transforms"), format="datadop")
    return {"transforms": str(path_of(base, "transforms"))}


def write_captions(base: Path, captions: Mapping[str, str]) -> dict[str, str]:
    """Write a shot's captions.

    Raises:
        InputError: the file cannot be written.
    """
    write_json(path_of(base, "caption"), dict(captions))
    return {"caption": str(path_of(base, "caption"))}


def path_of(base: Path, kind: str) -> Path:
    """The path of a shot's file of some kind."""
    return base.with_name(base.name + FILES[kind])
