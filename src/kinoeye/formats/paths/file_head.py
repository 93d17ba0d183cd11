"""The first bytes of a file, from which a format is told; nothing is unpacked, unpickled or run."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import other_encoding

HEAD_BYTES = 65536
_MAX_MEMBERS = 10_000


@dataclass(frozen=True)
class FileHead:
    """A path, and the first 64 KiB where it is a file."""

    path: Path
    data: bytes
    """Empty for a folder."""

    @property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return not self.data

    @cached_property
    def entries(self) -> frozenset[str]:
        """Names in a folder, at most 10 000 of them; empty for a file."""
        if not self.is_folder:
            return frozenset()
        try:
            with os.scandir(self.path) as found:
                return frozenset(entry.name for entry in islice(found, _MAX_MEMBERS))
        except OSError:
            return frozenset()

    @cached_property
    def text(self) -> str:
        """The head as UTF-8 text without a byte-order mark; empty for folders and binary files."""
        if b"\0" in self.data:
            return ""
        for end in range(len(self.data), max(len(self.data) - 4, 0), -1):  # a multi-byte character may be cut
            try:
                return self.data[:end].decode("utf-8-sig")
            except UnicodeDecodeError:
                continue
        return ""

    @property
    def encoding(self) -> str | None:
        """The encoding of a text that is not UTF-8, as errors call it; None for UTF-8, folders and binary files."""
        return None if self.text else other_encoding(self.data)

    @cached_property
    def members(self) -> frozenset[str]:
        """Names in a zip archive, those of arrays in an .npz without ".npy"; empty for anything else."""
        if not self.data.startswith(b"PK\x03\x04"):
            return frozenset()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return frozenset(name.removesuffix(".npy") for name in archive.namelist()[:_MAX_MEMBERS])
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return frozenset()

    @cached_property
    def array(self) -> tuple[str, tuple[int, ...]] | None:
        """Kind ("f", "i", ...) and shape that the header of an .npy file states; None for anything else."""
        if not self.data.startswith(b"\x93NUMPY"):
            return None
        header = self.data[:4096].decode("latin-1")
        kind = re.search(r"'descr': '[<>|=]?([a-zA-Z])", header)
        shape = re.search(r"'shape': \(([\d, ]*)\)", header)
        if kind is None or shape is None:
            return None
        return kind.group(1), tuple(int(n) for n in shape.group(1).replace(" ", "").split(",") if n)


def file_head(path: Path) -> FileHead:
    """The head of a file or folder.

    Raises:
        InputError: the path does not exist, is empty, or cannot be read.
    """
    if path.is_dir():
        return FileHead(path, b"")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is a device or pipe; save what it gives as a file first")
    try:
        with path.open("rb") as file:
            data = file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not data:
        raise InputError(f"{path} is empty")
    return FileHead(path, data)
