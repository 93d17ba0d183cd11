"""COLMAP's binary form: cameras.bin and images.bin, and rigs.bin and frames.bin of newer versions."""

from __future__ import annotations

from pathlib import Path

from kinoeye.formats.containers.colmap import form_of
from kinoeye.formats.containers.colmap_binary import read_binary, write_binary
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import colmap
from kinoeye.formats.paths.file_head import FileHead

NAME = "colmap-bin"
TITLE = "COLMAP binary model (a folder)"
FILE_NAMES = ("images.bin", "*.colmap-bin", "colmap-bin")
DEFAULT_NAME = "colmap-bin"
CONVENTION = colmap.CONVENTION
HOLDS = colmap.HOLDS - {"unit"}
NEEDS = colmap.NEEDS


def sniff(head: FileHead) -> bool:
    """A folder with cameras.bin and images.bin, or either of these files."""
    return form_of(head.path) == ".bin"


def read(path: Path) -> PathTable | dict[str, PathTable]:
    """Read the images sorted by name; keypoints and points are not touched."""
    return colmap.table_of(read_binary(path if path.is_dir() else path.parent), NAME)


def write(table: PathTable, path: Path) -> list[str]:
    """Write cameras.bin, images.bin and an empty points3D.bin into a folder."""
    folder = colmap.output_folder(path, ".bin")
    cameras, images, poses, warnings = colmap.model_of(table, NAME)
    write_binary(folder, cameras, images, poses)
    return warnings
