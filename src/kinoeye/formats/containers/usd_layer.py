"""The layer of any USD file: text by our own parser, binary ones (.usdc) by usd-core, the first one of a package."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import not_utf8, read_bytes
from kinoeye.formats.containers.usd_crate import read_crate
from kinoeye.formats.containers.usda import Layer, parse_usda

MAX_BYTES = 64 * 1024 * 1024
"""Layers above this size are refused: a camera needs a few megabytes."""
CRATE = b"PXR-USDC"
SUFFIXES = (".usd", ".usda", ".usdc")


def read_layer(path: Path, kept: re.Pattern[str]) -> Layer:
    """The layer of a .usda, .usd or .usdc file, or the root layer of a .usdz package; nothing is composed.

    Args:
        path: the file.
        kept: matches the names of the properties that are read.

    Raises:
        InputError: the file is damaged, too large, or binary while usd-core is not installed.
    """
    data = read_bytes(path, max_bytes=MAX_BYTES)
    where = str(path)
    if data.startswith(b"PK\x03\x04"):
        where, data = _root_of_package(path)
    if data.startswith(CRATE):
        return read_crate(data, kept, where=where)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(where, error) from error
    if not text.startswith("#usda"):
        raise InputError(f"{where} is no USD layer: it begins with neither #usda nor {CRATE.decode()}")
    return parse_usda(text, kept, where=where)


def _root_of_package(path: Path) -> tuple[str, bytes]:
    """The first layer of a .usdz: the standard makes it the root."""
    try:
        with zipfile.ZipFile(path) as archive:
            first = next((info for info in archive.infolist() if info.filename.endswith(SUFFIXES)), None)
            if first is None or first.file_size > MAX_BYTES:
                raise InputError(f"{path} is a package without a USD layer of at most {MAX_BYTES:,} bytes")
            with archive.open(first) as file:
                return f"{path}: {first.filename}", file.read(MAX_BYTES)
    except InputError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"{path} is a damaged or unusual archive: {error}") from error
