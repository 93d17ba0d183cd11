"""glTF 2.0 files (.glb, .gltf): the document, its animations, and the numbers in its buffers, read."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import unquote

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_bytes
from kinoeye.geometry.convention import Float64

MAX_BYTES = 128 * 1024 * 1024
"""Files and buffers above this size are refused."""
MAX_ITEMS = 3_000_000
"""Documents with more commas and brackets are refused: they would fill the memory."""
MAX_DEPTH = 100
"""Nodes nested deeper are refused."""
MAGIC = b"glTF"
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_COMPONENTS = {
    5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32,
}  # fmt: skip
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_FLOAT = 5126
T = TypeVar("T")


@dataclass(frozen=True)
class Keys:
    """One animated property of a node."""

    times_s: Float64
    """[n], increasing."""
    values: Float64
    """[n, c]."""
    interpolation: str
    """LINEAR, STEP or CUBICSPLINE."""
    tangents_in: Float64 | None = None
    """[n, c] of CUBICSPLINE."""
    tangents_out: Float64 | None = None


class Animation(NamedTuple):
    """One animation of a document."""

    name: str
    samplers: dict[tuple[int, str], dict[str, Any]]
    """(node, "translation", "rotation" or "scale") -> its sampler."""


@dataclass
class Gltf:
    """A document and its buffers, which are read when they are asked for."""

    path: Path
    document: dict[str, Any]
    chunk: bytes | None = None
    """The binary chunk of a .glb."""
    _buffers: dict[int, bytes] = field(default_factory=dict)

    def fail(self, problem: str) -> InputError:
        """The error for a document that breaks the standard."""
        return InputError(f"{self.path} is a damaged glTF file: {problem}")

    def get(self, holder: Any, key: str, kind: type[T], default: T | None = None) -> T:
        """A value of a JSON object that must be of that kind; a float may be written as an integer.

        Raises:
            InputError: it is missing and has no default, or is something else.
        """
        value = holder.get(key, default) if isinstance(holder, dict) else None
        if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1000:
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(f"{key} is missing or no {kind.__name__}")
        return cast(T, value)

    def item(self, name: str, index: Any) -> dict[str, Any]:
        """One object of a top-level list.

        Raises:
            InputError: there is none of that index.
        """
        items = self.get(self.document, name, list, [])
        if not isinstance(index, int) or not 0 <= index < len(items) or not isinstance(items[index], dict):
            raise self.fail(f"there is no {name}[{index!r:.20}]")
        return items[index]

    def numbers(self, holder: dict[str, Any], key: str, default: list[float]) -> Float64:
        """A list of as many numbers as the default has.

        Raises:
            InputError: it is something else.
        """
        values = holder.get(key, default)
        if isinstance(values, list) and len(values) == len(default):
            try:
                return np.array(values, np.float64)
            except (TypeError, ValueError, OverflowError):
                pass
        raise self.fail(f"{key} of a node is not {len(default)} numbers")

    @cached_property
    def parents(self) -> dict[int, int]:
        """Node -> its parent."""
        found: dict[int, int] = {}
        for index in range(len(self.get(self.document, "nodes", list, []))):
            for child in self.get(self.item("nodes", index), "children", list, []):
                if not isinstance(child, int) or child in found:
                    raise self.fail("a node has two parents, or a child that is no node")
                found[child] = index
        return found

    def chain(self, node: int) -> list[int]:
        """The nodes from a root down to this one.

        Raises:
            InputError: a node is its own ancestor.
        """
        chain = [node]
        seen = {node}
        while chain[-1] in self.parents:
            parent = self.parents[chain[-1]]
            if parent in seen:
                raise self.fail("a node is its own ancestor")
            seen.add(parent)
            chain.append(parent)
            if len(chain) > MAX_DEPTH:
                raise InputError(f"{self.path} has nodes nested deeper than {MAX_DEPTH}")
        return chain[::-1]

    @cached_property
    def animations(self) -> list[Animation]:
        """The animations in their order; unnamed ones are called by their number."""
        found: list[Animation] = []
        for number, animation in enumerate(self.get(self.document, "animations", list, [])):
            samplers = self.get(animation, "samplers", list, [])
            held: dict[tuple[int, str], dict[str, Any]] = {}
            for channel in self.get(animation, "channels", list, []):
                target = self.get(channel, "target", dict)
                node, name = target.get("node"), target.get("path")
                if not isinstance(node, int) or name not in ("translation", "rotation", "scale"):
                    continue
                index = self.get(channel, "sampler", int)
                if not 0 <= index < len(samplers):
                    raise self.fail(f"there is no sampler {index}")
                held.setdefault((node, str(name)), samplers[index])
            found.append(Animation(self.get(animation, "name", str, "") or f"animation{number}", held))
        return found

    def curves(self, animation: Animation, nodes: Collection[int]) -> dict[tuple[int, str], Keys]:
        """(node, "translation", "rotation" or "scale") -> keys of one animation, of some nodes.

        Raises:
            InputError: it is damaged or stored in a way that is not read.
        """
        return {
            (node, name): self._keys(sampler, 4 if name == "rotation" else 3)
            for (node, name), sampler in animation.samplers.items()
            if node in nodes
        }

    def animated(self, nodes: list[int]) -> dict[tuple[int, str], Keys]:
        """The same of all animations together; of several that move one node, the first counts."""
        samplers: dict[tuple[int, str], dict[str, Any]] = {}
        for animation in self.animations:
            samplers = {**animation.samplers, **samplers}
        return self.curves(Animation("", samplers), nodes)

    def _keys(self, sampler: dict[str, Any], width: int) -> Keys:
        kind = self.get(sampler, "interpolation", str, "LINEAR")
        times = self.accessor(self.get(sampler, "input", int), fractions=True)
        values = self.accessor(self.get(sampler, "output", int), fractions=True)
        each = 3 if kind == "CUBICSPLINE" else 1
        if kind not in ("LINEAR", "STEP", "CUBICSPLINE"):
            raise self.fail(f"an animation has the interpolation {kind!r:.30}")
        if times.shape[1] != 1 or not len(times) or values.shape != (each * len(times), width):
            raise self.fail("an animation does not have as many values as times")
        times = times[:, 0]
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            raise self.fail("the times of an animation do not increase")
        if each == 1:
            return Keys(times, values, kind)
        triples = values.reshape(-1, 3, width)
        return Keys(times, triples[:, 1], kind, triples[:, 0], triples[:, 2])

    def accessor(self, index: int, *, fractions: bool | None = None, most: int | None = None) -> Float64:
        """The numbers [count, components] of an accessor; matrices are 16 numbers column by column.

        Args:
            index: of the accessor.
            fractions: whether whole numbers stand for fractions of the largest; None goes by the accessor.
            most: elements that are read; more are refused.

        Raises:
            InputError: it is damaged, too large, or stored in a way that is not read.
        """
        accessor = self.item("accessors", index)
        if "sparse" in accessor:
            raise InputError(f"{self.path} has sparse data, which is not read; export it without")
        kind, width = self.get(accessor, "componentType", int), _WIDTHS.get(self.get(accessor, "type", str))
        if kind not in _COMPONENTS or width is None:
            raise self.fail(f"accessor {index} is of no kind that meshes or animations have")
        view = self.item("bufferViews", self.get(accessor, "bufferView", int))
        if "EXT_meshopt_compression" in self.get(view, "extensions", dict, {}):
            raise InputError(f"{self.path} has compressed data, which is not read; export it without")
        count = self.get(accessor, "count", int)
        dtype = np.dtype(_COMPONENTS[kind]).newbyteorder("<")
        stride = self.get(view, "byteStride", int, dtype.itemsize * width)
        start = self.get(view, "byteOffset", int, 0) + self.get(accessor, "byteOffset", int, 0)
        data = self._buffer(self.get(view, "buffer", int))
        if count < 1 or start < 0 or stride < dtype.itemsize * width:
            raise self.fail(f"accessor {index} has no elements, or they overlap")
        if most is not None and count > most:
            raise InputError(f"{self.path} has a mesh or skin of {count:,} elements; at most {most:,} are read")
        if start + stride * (count - 1) + dtype.itemsize * width > len(data):
            raise self.fail(f"accessor {index} reaches beyond its buffer: is it truncated?")
        values = np.ndarray((count, width), dtype, data, start, (stride, dtype.itemsize)).astype(np.float64)
        if kind == _FLOAT or not (accessor.get("normalized") is True if fractions is None else fractions):
            return values
        return np.maximum(values / np.iinfo(dtype).max, -1.0)

    def view_bytes(self, index: int) -> bytes:
        """The bytes of a buffer view.

        Raises:
            InputError: it reaches beyond its buffer.
        """
        view = self.item("bufferViews", index)
        data = self._buffer(self.get(view, "buffer", int))
        start, length = self.get(view, "byteOffset", int, 0), self.get(view, "byteLength", int)
        if start < 0 or length < 1 or start + length > len(data):
            raise self.fail(f"buffer view {index} reaches beyond its buffer: is it truncated?")
        return data[start : start + length]

    def linked_bytes(self, holder: dict[str, Any]) -> bytes:
        """The bytes at the `uri` of a buffer or an image: embedded, or a file beside the document.

        Raises:
            InputError: it is elsewhere or cannot be read.
        """
        uri = self.get(holder, "uri", str)
        if uri.startswith("data:"):
            head, mark, body = uri.partition(",")
            try:
                return base64.b64decode(body, validate=True) if head.endswith(";base64") and mark else b""
            except (binascii.Error, ValueError) as error:
                raise self.fail("embedded data is no base64 text") from error
        folder = self.path.parent.resolve()
        try:
            file = (folder / unquote(uri)).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise self.fail(f"data has the address {uri!r:.60}") from error
        if not file.is_relative_to(folder) or "://" in uri:
            raise InputError(f"{self.path} takes data from {uri!r:.60}; only files beside it are read")
        return read_bytes(file, max_bytes=MAX_BYTES)

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            self._buffers[index] = self._read_buffer(self.item("buffers", index))
        return self._buffers[index]

    def _read_buffer(self, buffer: dict[str, Any]) -> bytes:
        if "uri" not in buffer:
            if self.chunk is None:
                raise self.fail("a buffer has neither an address nor a binary chunk")
            return self.chunk
        return self.linked_bytes(buffer)


def read_gltf(path: Path) -> Gltf:
    """The document of a .glb or .gltf file.

    Raises:
        InputError: the file is damaged, larger than `MAX_BYTES`, or of another version than 2.
    """
    data = read_bytes(path, max_bytes=MAX_BYTES)
    chunk = None
    if data.startswith(MAGIC):
        data, chunk = _chunks(data, path)
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_ITEMS:
        raise InputError(f"{path} is a glTF document of more than {MAX_ITEMS:,} items")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is a damaged glTF file: its JSON cannot be read: is it truncated?") from error
    gltf = Gltf(path, document if isinstance(document, dict) else {}, chunk)
    version = gltf.get(gltf.get(gltf.document, "asset", dict), "version", str)
    if not version.startswith("2."):
        raise InputError(f"{path} is glTF of version {version!r:.20}; 2.0 is read")
    return gltf


def _chunks(data: bytes, path: Path) -> tuple[bytes, bytes | None]:
    """The JSON and the binary chunk of a .glb."""
    found: dict[int, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        length, kind = struct.unpack_from("<II", data, at)
        if at + 8 + length > len(data):
            raise InputError(f"{path} is a damaged glTF file: a chunk breaks off: is it truncated?")
        found.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length
    if data[4:8] != struct.pack("<I", 2) or JSON_CHUNK not in found:
        raise InputError(f"{path} is a damaged glTF file, or one of another version than 2")
    return found[JSON_CHUNK], found.get(BINARY_CHUNK)
