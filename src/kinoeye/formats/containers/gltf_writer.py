"""glTF 2.0 files to write (.glb, .gltf): nodes, cameras, meshes and animations over one buffer, built up in order."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.files import atomic_file
from kinoeye.formats.containers.gltf import BINARY_CHUNK, JSON_CHUNK, MAGIC
from kinoeye.geometry.convention import Float64

_FLOAT, _UINT32 = 5126, 5125
_ARRAY_BUFFER, _INDEX_BUFFER = 34962, 34963
_LINE_STRIP, _TRIANGLES = 3, 4
_KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}
_UNLIT = "KHR_materials_unlit"


class GltfWriter:
    """A document under construction; numbers become 32-bit, as glTF holds them.

    Example:
        >>> GltfWriter().add_node("start", translation=[0.0, 1.5, 0.0])
        0
    """

    def __init__(self) -> None:
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "Kinoeye"},
            "scene": 0,
            "scenes": [{"nodes": []}],
        }
        self._buffer = b""

    def add(self, name: str, item: dict[str, Any]) -> int:
        """Append to a top-level list; the index of the new item."""
        items = self.document.setdefault(name, [])
        items.append(item)
        return len(items) - 1

    def add_node(self, name: str, **content: Any) -> int:
        """Append a node at the root of the scene; its index."""
        index = self.add("nodes", {"name": name, **content})
        self.document["scenes"][0]["nodes"].append(index)
        return index

    def animate(self, node: int, times_s: Float64, **properties: Float64) -> None:
        """Move a node on straight lines (great arcs for rotations) between keys, in the document's one animation.

        Args:
            node: its index.
            times_s: [n], increasing in 32 bits.
            properties: translation [n, 3], rotation [n, 4] as xyzw, scale [n, 3].
        """
        animation = self.document.setdefault("animations", [{"name": "cameras", "samplers": [], "channels": []}])[0]
        times = self._accessor(times_s, bounds=True)
        for path, values in properties.items():
            sampler = {"input": times, "interpolation": "LINEAR", "output": self._accessor(values)}
            animation["samplers"].append(sampler)
            target = {"node": node, "path": path}
            animation["channels"].append({"sampler": len(animation["samplers"]) - 1, "target": target})

    def add_unlit(self, name: str, linear_rgb: Sequence[float]) -> int:
        """Append a material of one colour (linear light, 0 to 1) that looks the same under any light; its index."""
        if _UNLIT not in (used := self.document.setdefault("extensionsUsed", [])):
            used.append(_UNLIT)
        paint = {"baseColorFactor": [*map(float, linear_rgb), 1.0], "metallicFactor": 0.0, "roughnessFactor": 1.0}
        unlit = {"pbrMetallicRoughness": paint, "doubleSided": True, "extensions": {_UNLIT: {}}}
        return self.add("materials", {"name": name, **unlit})

    def add_line(self, name: str, points: Float64, material: int) -> int:
        """Append a mesh of one line through points [n, 3], n > 1; its index."""
        return self._add_mesh(name, points, {"mode": _LINE_STRIP, "material": material})

    def add_mesh(self, name: str, vertices: Float64, faces: NDArray[np.integer], material: int) -> int:
        """Append a mesh of triangles [t, 3] between vertices [v, 3]; its index."""
        indices = self._append(faces.astype("<u4"), target=_INDEX_BUFFER)
        accessor = {"bufferView": indices, "componentType": _UINT32, "count": int(faces.size), "type": "SCALAR"}
        primitive = {"mode": _TRIANGLES, "material": material, "indices": self.add("accessors", accessor)}
        return self._add_mesh(name, vertices, primitive)

    def _add_mesh(self, name: str, vertices: Float64, primitive: dict[str, Any]) -> int:
        position = self._accessor(vertices, bounds=True, target=_ARRAY_BUFFER)
        return self.add("meshes", {"name": name, "primitives": [{"attributes": {"POSITION": position}, **primitive}]})

    def _accessor(self, values: Float64, *, bounds: bool = False, target: int | None = None) -> int:
        """Append numbers [n] or [n, c]; the index of their accessor."""
        columns = values.reshape(len(values), -1).astype("<f4")
        kind: dict[str, Any] = {"componentType": _FLOAT, "count": len(columns), "type": _KINDS[columns.shape[1]]}
        if bounds:
            kind |= {"min": columns.min(0).astype(float).tolist(), "max": columns.max(0).astype(float).tolist()}
        return self.add("accessors", {"bufferView": self._append(columns, target=target), **kind})

    def _append(self, values: NDArray[Any], *, target: int | None) -> int:
        """Append an array of 4-byte numbers to the buffer; the index of its view."""
        view = {"buffer": 0, "byteOffset": len(self._buffer), "byteLength": values.nbytes}
        self._buffer += values.tobytes()
        return self.add("bufferViews", view if target is None else {**view, "target": target})

    def write(self, path: Path) -> None:
        """Write the file, all or nothing: as .gltf where the name says so, else as .glb.

        Raises:
            InputError: the file cannot be written.
        """
        is_text = path.suffix.lower() == ".gltf"
        document, buffer = self.document, self._buffer
        if buffer:
            encoded = f"data:application/octet-stream;base64,{base64.b64encode(buffer).decode()}" if is_text else None
            document = {**document, "buffers": [{"byteLength": len(buffer), **({"uri": encoded} if encoded else {})}]}
        data = json.dumps(document, allow_nan=False, ensure_ascii=False, indent=1 if is_text else None).encode()
        if not is_text:
            chunks = _chunk(JSON_CHUNK, data, b" ") + (_chunk(BINARY_CHUNK, buffer, b"\0") if buffer else b"")
            data = struct.pack("<4sII", MAGIC, 2, 12 + len(chunks)) + chunks
        with atomic_file(path) as temporary:
            temporary.write_bytes(data)


def _chunk(kind: int, data: bytes, padding: bytes) -> bytes:
    data += padding * (-len(data) % 4)
    return struct.pack("<II", len(data), kind) + data
