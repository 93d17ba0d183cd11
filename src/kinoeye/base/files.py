"""Reading with bounds and writing all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError

MAX_TEXT_BYTES = 256 * 1024 * 1024
"""Text files of cameras above this size are refused, unless they are read a part at a time."""
MAX_JSON_BYTES = 64 * 1024 * 1024
"""The same for JSON, which takes several times its size in memory."""

_PLAIN = re.compile(rb"[\t\n\r\x20-\x7e]+")


def read_bytes(path: Path | str, *, max_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """The bytes of a file no larger than `max_bytes`.

    Raises:
        InputError: the file is missing, is a folder, cannot be read, or is larger.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; a file is needed")
        size = path.stat().st_size
        if size > max_bytes:
            raise InputError(f"{path} has {size:,} bytes; at most {max_bytes:,} are read")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def read_text(path: Path | str, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """The UTF-8 text of a file, without a byte-order mark.

    Raises:
        InputError: as `read_bytes`, or the bytes are not text.
    """
    try:
        return read_bytes(path, max_bytes=max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(str(path), error) from error


def not_utf8(where: str, error: UnicodeDecodeError) -> InputError:
    """What to say of bytes that are not the UTF-8 text that is needed."""
    encoding = other_encoding(error.object)
    if encoding is None:
        return InputError(f"{where} is not a text file (byte {error.start} is not UTF-8)")
    return InputError(f"{where} is {encoding} text; save it as UTF-8")


def other_encoding(data: bytes) -> str | None:
    """The encoding of bytes that are no UTF-8, if they are text all the same; None if they are not.

    Example:
        >>> other_encoding("timestamp".encode("utf-16")), other_encoding(bytes(9))
        ('UTF-16', None)
    """
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    head = data[:4096]
    for zeros, letters in ((head[1::2], head[::2]), (head[::2], head[1::2])):
        if zeros and not any(zeros) and _PLAIN.fullmatch(letters):
            return "UTF-16"
    is_text = b"\0" not in head and len(_PLAIN.sub(b"", head)) <= len(head) / 10
    return "8-bit (Latin-1 or Windows-1252?)" if is_text else None


def read_json(path: Path | str, *, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """The parsed JSON of a file.

    Raises:
        InputError: as `read_text`, or the text is not JSON.
    """
    text = read_text(path, max_bytes=max_bytes)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        if not text.strip():
            raise InputError(f"{path} is empty") from error
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{path} is not valid JSON{where}: is it truncated?") from error


def sha256_of_file(path: Path | str) -> str:
    """The sha256 of a file's bytes, as hexadecimal digits.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


@contextmanager
def atomic_file(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends without an error.

    Raises:
        InputError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise InputError(f"{path} is a folder; a file name is needed")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is a device or pipe; a file name is needed")
        # The suffix stays: writers such as PyAV and matplotlib choose their format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path | str, *, marker: str) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its name when the block ends without an error.

    A folder that already has the name is replaced only if it is empty or holds the file `marker`, that is, if
    Kinoeye made it; until the last moment it stays as it was.

    Raises:
        InputError: the place cannot be written, the disk is full, or another folder would be lost.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        refuse_foreign_folder(path, marker=marker)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _swap_in(temporary, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def refuse_foreign_folder(path: Path | str, *, marker: str) -> None:
    """Hold that `atomic_folder` may take a name, before the work that it is for begins.

    Raises:
        InputError: something is there that is neither an empty folder nor one that holds the file `marker`.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and ((path / marker).is_file() or not any(path.iterdir()))):
        raise InputError(
            f"{path} exists and was not made by Kinoeye (it has no {marker}); choose another output folder"
        )


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text all or nothing.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, data: Any) -> None:
    """Write JSON all or nothing; NaN and infinity are refused because JSON has neither.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def _swap_in(new: Path, path: Path) -> None:
    """Give `new` the name `path`; the old folder goes only after the new one stands."""
    if not path.exists():
        new.replace(path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.old.", dir=path.parent))
    path.replace(old)
    new.replace(path)
    shutil.rmtree(old, ignore_errors=True)


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror or error}; nothing was left behind")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
