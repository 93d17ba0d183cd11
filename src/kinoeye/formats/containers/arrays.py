"""NumPy's .npy and .npz files: bounded and never unpickled when read, all or nothing when written."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file

MAX_ARRAY_BYTES = 64 * 1024 * 1024
"""Arrays above this size are refused: it is half a million poses."""
_DAMAGE = (
    ValueError, EOFError, OSError, MemoryError, TypeError, SyntaxError, LookupError, AttributeError, OverflowError,
    RecursionError, TokenError, LZMAError, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise over bytes that are no array."""
_MAX_MEMBERS = 10_000
BREAKS_OFF = "that breaks off: its table of contents, which comes last, is missing; copy or download it again"
"""What is said of an archive of which only the beginning is there."""


def read_npy(path: Path) -> NDArray:
    """The array of an .npy file.

    Raises:
        InputError: the file is missing, damaged, too large, or holds Python objects (a pickle).
    """
    with _opened(path) as file:
        return _read(file, path.stat().st_size, str(path))


def npy_shape(path: Path) -> tuple[int, ...]:
    """The shape that the header of an .npy file states.

    Raises:
        InputError: as `read_npy`.
    """
    with _opened(path) as file:
        return _header(file, str(path))[0]


def read_npz(path: Path, names: Iterable[str], *, max_array_bytes: int = MAX_ARRAY_BYTES) -> dict[str, NDArray]:
    """The named arrays of an .npz file, each no larger than `max_array_bytes`; names that it lacks are left out.

    Raises:
        InputError: as `read_npy`.
    """
    found = {}
    with _members(path) as (archive, members):
        for name in names:
            if name in members:
                with archive.open(members[name]) as file:
                    found[name] = _read(
                        cast(BinaryIO, file), members[name].file_size, f"{path}: {name}", max_array_bytes
                    )
    return found


def npz_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each array of an .npz file by its header alone; members that are no arrays are left out.

    Raises:
        InputError: as `read_npz`.
    """
    shapes = {}
    with _members(path) as (archive, members):
        for name, info in members.items():
            if info.filename.endswith(".npy"):
                with archive.open(info) as file:
                    shapes[name] = _header(cast(BinaryIO, file), f"{path}: {name}")[0]
    return shapes


def write_npy(path: Path, array: NDArray) -> None:
    """Write one array all or nothing.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def write_npz(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Write named arrays all or nothing; the same arrays give the same bytes.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(cast(BinaryIO, file), np.asanyarray(array), allow_pickle=False)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path} is a damaged array file: {_reason(error)}") from error


@contextmanager
def _members(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """An open archive and its members by the names of their arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_MEMBERS:
                raise InputError(f"{path} has {len(infos):,} members; at most {_MAX_MEMBERS:,} are read")
            yield archive, {info.filename.removesuffix(".npy"): info for info in infos}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except InputError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, *_DAMAGE) as error:
        if _breaks_off(path):
            raise InputError(f"{path} is an archive {BREAKS_OFF}") from error
        raise InputError(f"{path} is a damaged or unusual archive: {_reason(error)}") from error


def _breaks_off(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04" and not zipfile.is_zipfile(path)


def _reason(error: Exception) -> str:
    """What NumPy says, in one line and bounded: it repeats headers of any length."""
    return " ".join(str(error)[:400].split())


def _header(file: BinaryIO, where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran's order, and type of a stream's array."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise InputError(f"{where} is an array of format {version[0]}.{version[1]}; 1.0 and 2.0 are read")
    return readers[version](file)


def _read(file: BinaryIO, size: int, where: str, most: int = MAX_ARRAY_BYTES) -> NDArray:
    """The array of a stream whose header is believed only as far as the bytes go."""
    shape, is_fortran, kind = _header(file, where)
    if kind.hasobject:
        raise InputError(f"{where} holds Python objects, which only running code from the file could read: refused")
    needed = math.prod(shape) * kind.itemsize
    if min(shape, default=0) < 0:
        raise InputError(f"{where} states a shape of {shape}")
    if needed > most:
        raise InputError(f"{where} has {needed:,} bytes; at most {most:,} are read")
    data = file.read(needed) if needed <= size else b""
    if len(data) != needed or kind.itemsize == 0:
        raise InputError(f"{where} breaks off: its header states {needed:,} bytes")
    array = np.frombuffer(data, kind)
    return array.reshape(shape[::-1]).T if is_fortran else array.reshape(shape)
