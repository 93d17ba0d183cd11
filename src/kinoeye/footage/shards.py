"""Takes in tar files, as webdataset reads them: the files of a take are neighbours, named KEY.FILE."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import MAX_JSON_BYTES, atomic_file
from kinoeye.footage.store import TAKE_FILE

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What keys of takes are made of; a full stop would end one."""
SHARD = re.compile(r"[A-Za-z0-9_-]{1,64}\.tar")
_FILE = re.compile(r"[a-z_]{1,32}\.(json|safetensors|mp4)")
_MAX_FILES = 64
"""A take has fewer files."""


@dataclass(frozen=True)
class Place:
    """Where a take lies in a shard."""

    offset: int
    """Of its first header, in bytes."""
    length: int
    """Bytes of all its headers and files."""
    sha256: str
    """Of these bytes."""


def shard_bytes(takes: Sequence[Mapping[str, int]]) -> int:
    """Size of a shard.

    Args:
        takes: name of a file -> its bytes, for each take.

    Example:
        >>> shard_bytes([{"take.json": 700}])
        10240
    """
    blocks = sum(1 + -(-size // tarfile.BLOCKSIZE) for take in takes for size in take.values()) + 2
    return -(-blocks * tarfile.BLOCKSIZE // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def write_shard(path: Path, takes: Mapping[str, Mapping[str, Path]]) -> dict[str, Place]:
    """Write takes into a tar file, all or nothing; the same files give the same bytes.

    Args:
        path: a .tar file.
        takes: key -> name of a file -> where its content is.

    Returns:
        Key -> where the take lies.

    Raises:
        InputError: a key or name cannot be in a shard, a file is missing, or the shard cannot be written.
    """
    for key, files in takes.items():
        if not KEY.fullmatch(key) or not all(map(_FILE.fullmatch, files)) or TAKE_FILE not in files:
            raise InputError(f"the take {key[:64]!r} cannot be in a shard: its key and files need plain names")
    ranges: dict[str, tuple[int, int]] = {}
    with atomic_file(path) as temporary:
        with tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar:
            for key, files in takes.items():
                begin = tar.offset
                for name in sorted(files):
                    member = tarfile.TarInfo(f"{key}.{name}")  # of no time and nobody
                    member.size = files[name].stat().st_size
                    with files[name].open("rb") as content:
                        tar.addfile(member, content)
                ranges[key] = begin, tar.offset - begin
        return {key: Place(*found, range_sha256(temporary, *found)) for key, found in ranges.items()}


def range_sha256(path: Path, offset: int, length: int) -> str:
    """The sha256 of a part of a file.

    Raises:
        InputError: the file cannot be read, or ends before.
    """
    digest, step = hashlib.sha256(), 1024 * 1024
    for begin in range(0, length, step):
        digest.update(_read(path, offset + begin, min(step, length - begin)))
    return digest.hexdigest()


class ShardFiles:
    """The files of a take in a shard; none is written anywhere.

    Args:
        path: of the shard.
        key: of the take.
        offset: of the take's first header, in bytes.
        length: bytes of all its headers and files.

    Raises:
        InputError: that part of the shard is not that take and nothing else.
    """

    def __init__(self, path: Path, key: str, offset: int, length: int) -> None:
        self._path, self._key = path, key
        self._ranges: dict[str, tuple[int, int]] = {}
        at, end = offset, offset + length
        while at < end:
            header = _read(path, at, tarfile.BLOCKSIZE)
            try:
                member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
            except (tarfile.TarError, ValueError) as error:
                raise InputError(f"{self.where} is damaged: {error} at byte {at}") from error
            at = self._add(member, at + tarfile.BLOCKSIZE, end)
        if at != end:
            raise InputError(f"{self.where} is damaged: it does not end where its last file does")

    def _add(self, member: tarfile.TarInfo, begin: int, end: int) -> int:
        """Note a file whose content begins at a byte of the shard; the byte of the next header."""
        prefix, name = member.name[: len(self._key) + 1], member.name[len(self._key) + 1 :]
        # Whatever is not a plain file of this take could lead out of the shard or into another take.
        if prefix != f"{self._key}." or not _FILE.fullmatch(name) or member.type != tarfile.REGTYPE:
            raise InputError(f"{self.where} holds {member.name[:80]!r}, which is no file of this take")
        if name in self._ranges or len(self._ranges) >= _MAX_FILES:
            raise InputError(f"{self.where} holds {name!r} twice, or more than {_MAX_FILES} files")
        if not 0 <= member.size <= end - begin:
            raise InputError(f"{self.where} is damaged: {name} ends beyond the take")
        self._ranges[name] = begin, member.size
        return begin + -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE

    @property
    def where(self) -> str:
        """The shard and the key."""
        return f"{self._path}#{self._key}"

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is none."""
        return self._ranges[name][1] if name in self._ranges else None

    def json(self, name: str) -> Any:
        """The content of a JSON file of bounded size.

        Raises:
            InputError: it is missing or damaged.
        """
        size = self.size(name)
        if size is None or size > MAX_JSON_BYTES:
            raise InputError(f"{self.where} has no {name} of at most {MAX_JSON_BYTES:,} bytes")
        try:
            return json.loads(_read(self._path, *self._ranges[name]))
        except (ValueError, RecursionError) as error:
            raise InputError(f"{self.where}/{name} is not valid JSON") from error

    def tensors(self, name: str) -> Mapping[str, NDArray[Any]]:
        """The arrays of a safetensors file."""
        from safetensors.numpy import load

        # Views of bytes are read-only; arrays out of a folder are not.
        return {key: array.copy() for key, array in load(_read(self._path, *self._ranges[name])).items()}


def _read(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) != length:
        raise InputError(f"{path} is damaged: it ends before its takes do")
    return data
