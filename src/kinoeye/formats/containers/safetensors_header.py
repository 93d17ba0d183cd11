"""The head of a safetensors file: names, types and shapes of its tensors, without a value and without torch."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError

MAX_HEADER_BYTES = 100_000_000
"""The bound that the format itself sets."""
DTYPE_BYTES = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class TensorHead:
    """What a file says of one tensor."""

    dtype: str
    """As safetensors writes it, such as "F32" or "BF16"."""
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How many bytes its values take."""
        return self.count * DTYPE_BYTES[self.dtype]


def read_safetensors_header(path: Path | str) -> dict[str, TensorHead]:
    """Key -> type and shape of every tensor; the file is exactly as long as they need.

    Raises:
        InputError: the file is missing, is not safetensors, or is cut off.
    """
    path = Path(path)
    size, length, text = _read_head(path)
    if size < _LENGTH_BYTES + length or length > MAX_HEADER_BYTES:
        raise InputError(f"{path} is not a safetensors file, or is cut off after {size:,} bytes: copy it again")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise InputError(f"{path} has a damaged head; it is not a readable safetensors file: copy it again")
    heads = {key: _head(path, key, value) for key, value in data.items() if key != "__metadata__"}
    expected = _LENGTH_BYTES + length + sum(head.bytes for head in heads.values())
    if size != expected:
        raise InputError(
            f"{path} has {size:,} bytes where its head promises {expected:,}; it is damaged: copy it again"
        )
    return heads


def _read_head(path: Path) -> tuple[int, int, bytes]:
    """Size of a file, the length that it gives its head, and as much of the head as is there."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            return path.stat().st_size, length, file.read(min(length, MAX_HEADER_BYTES))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; give a .safetensors file") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _head(path: Path, key: str, value: Any) -> TensorHead:
    dtype, shape = (value.get("dtype"), value.get("shape")) if isinstance(value, dict) else (None, None)
    if dtype not in DTYPE_BYTES or not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise InputError(f"{path} describes {key!r} as {value!r}; a known dtype and a shape are needed")
    return TensorHead(dtype, tuple(shape))
