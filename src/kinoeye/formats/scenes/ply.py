"""PLY point clouds: written binary, little endian, with float32 positions and 8-bit colours; read also as text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, read_bytes

_VERTEX = np.dtype([("xyz", "<f4", (3,)), ("rgb", "u1", (3,))])
_HEADER = """ply
format binary_little_endian 1.0
comment x y z in the frame of the cameras; world +z is up where they are in metres
element vertex {count}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
"""
MAX_HEADER_BYTES = 65536
MAX_ASCII_BYTES = 128 * 1024 * 1024
MAX_ASCII_VERTICES = 2_000_000
"""Larger clouds of text are refused: they take seconds and should be binary."""
_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "<i2",
    "ushort": "<u2",
    "int": "<i4",
    "uint": "<u4",
    "int8": "i1",
    "uint8": "u1",
    "int16": "<i2",
    "uint16": "<u2",
    "int32": "<i4",
    "uint32": "<u4",
    "float": "<f4",
    "double": "<f8",
    "float32": "<f4",
    "float64": "<f8",
}


def check_cloud(points: NDArray[np.floating], rgb: NDArray[np.uint8]) -> None:
    """Hold that a cloud has finite points [n, 3] and a colour each.

    Raises:
        ValueError: it has not.
    """
    if points.ndim != 2 or points.shape[1] != 3 or rgb.shape != points.shape or rgb.dtype != np.uint8:
        raise ValueError(f"points {points.shape} and {rgb.dtype} rgb {rgb.shape}; [n, 3] and uint8 [n, 3] are needed")
    if not np.isfinite(points).all():
        raise ValueError("points hold NaN or infinity; leave unknown points out")


def write_ply(path: Path | str, points: NDArray[np.floating], rgb: NDArray[np.uint8]) -> None:
    """Write a coloured point cloud; the world is written as it is (ours has +z up, metres).

    Args:
        path: the output file.
        points: [n, 3].
        rgb: [n, 3] uint8.

    Raises:
        InputError: the file cannot be written.
        ValueError: a shape is wrong or a point is not finite.
    """
    check_cloud(points, rgb)
    vertices = np.empty(len(points), _VERTEX)
    vertices["xyz"], vertices["rgb"] = points, rgb
    with atomic_file(path) as temporary:
        temporary.write_bytes(_HEADER.format(count=len(points)).encode() + vertices.tobytes())


def read_ply(path: Path | str) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Points [n, 3] and colours [n, 3] (None without) of the vertices of a PLY file, little-endian binary or text.

    Raises:
        InputError: the file is missing, truncated, or of another kind.

    Example:
        >>> points, rgb = read_ply("cloud.ply")  # doctest: +SKIP
    """
    header, end, body = _split(read_bytes(path))
    kind = re.match(r"ply\n(?:comment.*\n|obj_info.*\n)*format (\w+) 1\.0\n", header)
    if not end or kind is None or kind[1] not in ("binary_little_endian", "ascii"):
        raise InputError(f"{path} is not a little-endian binary or ascii PLY file")
    element = re.search(r"\nelement (\w+) (\d{1,15})\n((?:property .*\n)*)", header)
    if element is None or element[1] != "vertex":
        raise InputError(f"{path}: its first element is not `vertex`")
    properties = [line.split() for line in element[3].splitlines()]
    if not all(len(words) == 3 and words[1] in _TYPES for words in properties):
        raise InputError(f"{path}: a vertex property is not a plain number")
    try:
        dtype = np.dtype([(name, _TYPES[kind]) for _, kind, name in properties])
    except ValueError as error:
        raise InputError(f"{path}: two vertex properties have one name") from error
    count, names = int(element[2]), dtype.names or ()
    if not {"x", "y", "z"} <= set(names):
        raise InputError(f"{path}: its vertices have no x, y, z")
    vertices = (_from_text if kind[1] == "ascii" else _from_bytes)(body, dtype, count, path)
    points = np.stack([vertices[axis] for axis in "xyz"], -1).astype(np.float64)
    has_rgb = {"red", "green", "blue"} <= set(names) and all(dtype[c] == np.uint8 for c in ("red", "green", "blue"))
    return points, np.stack([vertices[c] for c in ("red", "green", "blue")], -1) if has_rgb else None


def _split(data: bytes) -> tuple[str, bool, bytes]:
    """The header with plain ends of lines, whether it ends, and what comes after it."""
    end = re.search(rb"end_header\r?\n", data[:MAX_HEADER_BYTES])
    header = data[: end.start() if end else 0].decode("latin-1").replace("\r\n", "\n")
    return header, end is not None, data[end.end() if end else 0 :]


def _from_bytes(body: bytes, dtype: np.dtype, count: int, path: Path | str) -> NDArray[np.void]:
    if len(body) < count * dtype.itemsize:
        raise InputError(f"{path} has {len(body):,} bytes for {count:,} vertices: is it truncated?")
    return np.frombuffer(body, dtype, count)


def _from_text(body: bytes, dtype: np.dtype, count: int, path: Path | str) -> NDArray[np.void]:
    """Vertices of one line each; what comes after them is of other elements."""
    if len(body) > MAX_ASCII_BYTES or count > MAX_ASCII_VERTICES:
        raise InputError(
            f"{path} has {count:,} vertices in {len(body):,} bytes of text; at most {MAX_ASCII_VERTICES:,} in "
            f"{MAX_ASCII_BYTES:,} are read: save it as binary_little_endian"
        )
    if not count or not body.strip():
        vertices = np.empty(0, dtype)
    else:
        try:
            vertices = np.loadtxt(io.BytesIO(body), dtype, comments=None, encoding="latin-1", max_rows=count, ndmin=1)
        except (ValueError, OverflowError, IndexError) as error:
            reason = " ".join(str(error).split())[:100]
            raise InputError(f"{path} has a vertex that is not {len(dtype.names or ())} numbers: {reason}") from error
    if len(vertices) < count:
        raise InputError(f"{path} has {len(vertices):,} lines for {count:,} vertices: is it truncated?")
    return vertices
