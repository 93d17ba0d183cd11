"""Small COLMAP models for the tests of structure-from-motion formats, written by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from kinoeye.formats import PathTable

FORMS = ("colmap", "colmap-bin")

CAMERAS_TXT = "# cameras\n1 SIMPLE_RADIAL 640 480 500 320 240 0.1\n2 PINHOLE 640 480 500 510 320 240\n"
IMAGES_TXT = (
    "# images\n7 1 0 0 0 1 2 3 1 b_10.png\n1.5 2.5 4 3.5 4.5 -1\n3 0.5 0.5 0.5 0.5 0 0 0 2 b_9.png\n\n"
    "5 0 1 0 0 0 0 9 1 c.png\n10 20 4\n"
)
POINTS_TXT = "# points\n4 1 2 3 10 20 30 0.25 7 0 5 0\n9 -1 -2 -3 255 0 1 -1\n"
RIGS_TXT = "# rigs\n1 2 CAMERA 1 CAMERA 2 1 0.5 0.5 0.5 0.5 10 20 30\n2 2 IMU 1 CAMERA 1 0\n"
FRAMES_TXT = (
    "# frames\n1 1 1 0 0 0 1 2 3 2 CAMERA 1 7 CAMERA 2 3\n"
    "2 2 1 0 0 0 4 5 6 2 IMU 1 99 CAMERA 1 5\n"
)  # fmt: skip


def write_text_form(folder: Path, *, with_rigs: bool = False) -> Path:
    """The model as text."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"cameras.txt": CAMERAS_TXT, "images.txt": IMAGES_TXT, "points3D.txt": POINTS_TXT}
    files |= {"rigs.txt": RIGS_TXT, "frames.txt": FRAMES_TXT} if with_rigs else {}
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def binary_form(*, with_rigs: bool = False) -> dict[str, bytes]:
    """The same model as binary files, name -> bytes."""
    nothing = 2**64 - 1
    images = [
        (7, (1, 0, 0, 0, 1, 2, 3), 1, b"b_10.png", [(1.5, 2.5, 4), (3.5, 4.5, nothing)]),
        (3, (0.5, 0.5, 0.5, 0.5, 0, 0, 0), 2, b"b_9.png", []),
        (5, (0, 1, 0, 0, 0, 0, 9), 1, b"c.png", [(10, 20, 4)]),
    ]
    image_bytes = struct.pack("<Q", len(images))
    for number, pose, camera, name, keypoints in images:
        image_bytes += struct.pack("<I7dI", number, *pose, camera) + name + struct.pack("<xQ", len(keypoints))
        image_bytes += b"".join(struct.pack("<ddQ", *keypoint) for keypoint in keypoints)
    files = {
        "cameras.bin": struct.pack(
            "<Q IiQQ4d IiQQ4d", 2, *(1, 2, 640, 480, 500, 320, 240, 0.1), *(2, 1, 640, 480, 500, 510, 320, 240)
        ),
        "images.bin": image_bytes,
        "points3D.bin": struct.pack(
            "<Q Q3d3BdQ4I Q3d3BdQ",
            *(2, 4, 1, 2, 3, 10, 20, 30, 0.25, 2, 7, 0, 5, 0),
            *(9, -1, -2, -3, 255, 0, 1, -1, 0),
        ),
    }
    if with_rigs:
        files["rigs.bin"] = struct.pack(
            "<Q II iI iIB7d II iI iIB", 2, 1, 2, 0, 1, 0, 2, 1, 0.5, 0.5, 0.5, 0.5, 10, 20, 30, 2, 2, 1, 1, 0, 1, 0
        )
        files["frames.bin"] = struct.pack(
            "<Q II7dI iIQ iIQ II7dI iIQ iIQ",
            *(2, 1, 1, 1, 0, 0, 0, 1, 2, 3, 2, 0, 1, 7, 0, 2, 3),
            *(2, 2, 1, 0, 0, 0, 4, 5, 6, 2, 1, 1, 99, 0, 1, 5),
        )
    return files


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def radial_pixels(points: np.ndarray, K: np.ndarray, k1: float, k2: float = 0.0) -> np.ndarray:
    """[n, 2] pixels of points [n, 3] in OpenCV camera axes under a pinhole with two radial coefficients."""
    xy = points[:, :2] / points[:, 2:]
    squared = (xy**2).sum(1, keepdims=True)
    return (xy * (1 + k1 * squared + k2 * squared**2)) @ K[:2, :2].T + K[:2, 2]


def write_form(folder: Path, form: str, *, with_rigs: bool = False) -> Path:
    """The hand-written model in one of its forms."""
    if form == "colmap":
        return write_text_form(folder, with_rigs=with_rigs)
    return write_files(folder, binary_form(with_rigs=with_rigs))


def centres(table: PathTable) -> dict[str, np.ndarray]:
    """Camera centres by the last part of the image name."""
    return {Path(name).name: pose[:, 3] for name, pose in zip(table.names, table.T_world_cam, strict=True)}
