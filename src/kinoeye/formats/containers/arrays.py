"""NumPy's .npy and .npz files from strangers: bounded, and never unpickled."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError

MAX_ARRAY_BYTES = 256 * 1024 * 1024
"""Arrays above this size are refused: no camera path needs them."""
_DAMAGE = (ValueError, EOFError, OSError, MemoryError, TypeError, SyntaxError, zlib.error)


def read_npy(path: Path) -> NDArray:
    """The array of an .npy file.

    Raises:
        InputError: the file is missing, damaged, too large, or holds Python objects (a pickle).
    """
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size, str(path))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path} is a damaged array file: {error}") from error


def read_npz(path: Path, names: Iterable[str]) -> dict[str, NDArray]:
    """The named arrays of an .npz file; names that it lacks are left out.

    Raises:
        InputError: as `read_npy`.
    """
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            for name in names:
                if name in members:
                    with archive.open(members[name]) as file:
                        found[name] = _read(cast(BinaryIO, file), members[name].file_size, f"{path}: {name}")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except InputError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, *_DAMAGE) as error:
        raise InputError(f"{path} is a damaged or unusual archive: {error}") from error
    return found


def _read(file: BinaryIO, size: int, where: str) -> NDArray:
    """The array of a stream whose header is believed only as far as the bytes go."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise InputError(f"{where} is an array of format {version[0]}.{version[1]}; 1.0 and 2.0 are read")
    shape, is_fortran, kind = readers[version](file)
    if kind.hasobject:
        raise InputError(f"{where} holds Python objects, which only running code from the file could read: refused")
    needed = math.prod(shape) * kind.itemsize
    if needed > MAX_ARRAY_BYTES:
        raise InputError(f"{where} has {needed:,} bytes; at most {MAX_ARRAY_BYTES:,} are read")
    data = file.read(needed) if needed <= size else b""
    if len(data) != needed or kind.itemsize == 0:
        raise InputError(f"{where} breaks off: its header states {needed:,} bytes")
    array = np.frombuffer(data, kind)
    return array.reshape(shape[::-1]).T if is_fortran else array.reshape(shape)
