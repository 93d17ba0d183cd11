"""COLMAP models of either form, from the folder or one of its files."""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.colmap_binary import read_binary
from kinoeye.formats.containers.colmap_model import ColmapModel
from kinoeye.formats.containers.colmap_text import read_text_model

SUFFIXES = (".bin", ".txt")
"""Of the files of a model; COLMAP itself reads the binary one where a folder holds both."""


def form_of(path: Path) -> str | None:
    """The suffix of the model at a path: its folder, or its cameras or images file; None where there is none."""
    folder = path if path.is_dir() else path.parent
    if path != folder and path.name not in {f"{stem}{suffix}" for stem in ("cameras", "images") for suffix in SUFFIXES}:
        return None
    suffixes = SUFFIXES if path == folder else (path.suffix,)
    return next((s for s in suffixes if all((folder / f"{stem}{s}").is_file() for stem in ("cameras", "images"))), None)


def read_colmap(path: Path | str) -> ColmapModel:
    """Read a COLMAP model, text or binary, of any version; keypoints and points are read when they are asked for.

    Args:
        path: the folder (such as `sparse/0`), or its images.bin or images.txt.

    Returns:
        Cameras, images with their world-to-camera poses and keypoints, and 3-D points with their tracks.

    Raises:
        InputError: there is no model, or a file of it is damaged.

    Example:
        >>> model = read_colmap("sparse/0")  # doctest: +SKIP
        >>> model.points.xyz.shape, model.images[0].points2D["xy"].shape  # doctest: +SKIP
        ((484, 3), (2563, 2))
    """
    path = Path(path)
    form = form_of(path)
    if form is None:
        files = " or ".join(f"cameras{suffix} and images{suffix}" for suffix in SUFFIXES)
        raise InputError(f"{path} is no COLMAP model: {files} are needed")
    folder = path if path.is_dir() else path.parent
    return read_binary(folder) if form == ".bin" else read_text_model(folder)
