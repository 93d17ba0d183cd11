"""glTF 2.0 files to write (.glb, .gltf): nodes, meshes, skins and animations over one buffer, built up in order."""

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

_COMPONENTS = {"|u1": 5121, "<u2": 5123, "<u4": 5125, "<f4": 5126}
_ARRAY_BUFFER, _INDEX_BUFFER = 34962, 34963
_LINE_STRIP, _TRIANGLES = 3, 4
_KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_SHARES = 4
"""Joints a set of weights."""
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
        self._buffer = bytearray()
        self._times: dict[bytes, int] = {}

    def add(self, name: str, item: dict[str, Any]) -> int:
        """Append to a top-level list; the index of the new item."""
        items = self.document.setdefault(name, [])
        items.append(item)
        return len(items) - 1

    def add_node(self, name: str, *, parent: int | None = None, **content: Any) -> int:
        """Append a node under another one, or at the root of the scene; its index."""
        index = self.add("nodes", {"name": name, **content})
        if parent is None:
            self.document["scenes"][0]["nodes"].append(index)
        else:
            self.document["nodes"][parent].setdefault("children", []).append(index)
        return index

    def add_skin(self, name: str, joints: Sequence[int], inverse_binds: Float64) -> int:
        """Append a skin of nodes and their inverse bind matrices [j, 4, 4]; its index."""
        columns = np.swapaxes(inverse_binds, 1, 2).reshape(-1, 16)
        return self.add("skins", {"name": name, "joints": [*joints], "inverseBindMatrices": self._accessor(columns)})

    def animate(self, node: int, times_s: Float64, **properties: Float64) -> None:
        """Move a node on straight lines (great arcs for rotations) between keys, in the document's one animation.

        Args:
            node: its index.
            times_s: [n], increasing in 32 bits.
            properties: translation [n, 3], rotation [n, 4] as xyzw, scale [n, 3].
        """
        animation = self.document.setdefault("animations", [{"name": "film", "samplers": [], "channels": []}])[0]
        key = times_s.astype("<f4").tobytes()
        if key not in self._times:
            self._times[key] = self._accessor(times_s, bounds=True)
        times = self._times[key]
        for path, values in properties.items():
            sampler = {"input": times, "interpolation": "LINEAR", "output": self._accessor(values)}
            animation["samplers"].append(sampler)
            target = {"node": node, "path": path}
            animation["channels"].append({"sampler": len(animation["samplers"]) - 1, "target": target})

    def add_material(self, name: str, linear_rgb: Sequence[float]) -> int:
        """Append a dull material of one colour (linear light, 0 to 1), seen from both sides; its index."""
        paint = {"baseColorFactor": [*map(float, linear_rgb), 1.0], "metallicFactor": 0.0, "roughnessFactor": 1.0}
        return self.add("materials", {"name": name, "pbrMetallicRoughness": paint, "doubleSided": True})

    def add_unlit(self, name: str, linear_rgb: Sequence[float]) -> int:
        """Append a material of one colour (linear light, 0 to 1) that looks the same under any light; its index."""
        if _UNLIT not in (used := self.document.setdefault("extensionsUsed", [])):
            used.append(_UNLIT)
        index = self.add_material(name, linear_rgb)
        self.document["materials"][index]["extensions"] = {_UNLIT: {}}
        return index

    def add_line(self, name: str, points: Float64, material: int) -> int:
        """Append a mesh of one line through points [n, 3], n > 1; its index."""
        return self._add_mesh(name, points, {"mode": _LINE_STRIP, "material": material}, {})

    def add_mesh(
        self,
        name: str,
        vertices: Float64,
        faces: NDArray[np.integer],
        material: int,
        *,
        normals: Float64 | None = None,
        linear_rgb: Float64 | None = None,
        joints: NDArray[np.integer] | None = None,
        weights: Float64 | None = None,
    ) -> int:
        """Append a mesh of triangles [t, 3] between vertices [v, 3]; its index.

        Args:
            name: of the mesh.
            vertices: [v, 3].
            faces: [t, 3].
            material: its index.
            normals: [v, 3] unit normals; flat faces without.
            linear_rgb: [v, 3] colours that the material's is multiplied with.
            joints: [v, k] places in a skin's list of joints, none twice a vertex.
            weights: [v, k] their shares, which add up to 1.
        """
        more: dict[str, int] = {}
        if normals is not None:
            more["NORMAL"] = self._accessor(normals, target=_ARRAY_BUFFER)
        if linear_rgb is not None:
            more["COLOR_0"] = self._accessor(linear_rgb, target=_ARRAY_BUFFER)
        if joints is not None and weights is not None:
            more |= self._shares(joints, weights)
        indices = self._accessor(faces.reshape(-1), dtype="<u4", target=_INDEX_BUFFER)
        return self._add_mesh(name, vertices, {"mode": _TRIANGLES, "material": material, "indices": indices}, more)

    def _shares(self, joints: NDArray[np.integer], weights: Float64) -> dict[str, int]:
        """The attributes of joints and weights, four to a set; a joint without a share is the first one."""
        padding = ((0, 0), (0, -joints.shape[1] % _SHARES))
        held = np.pad(weights, padding).astype("<f4")
        held /= held.sum(axis=1, keepdims=True)
        carriers = np.where(held > 0, np.pad(joints, padding), 0)
        dtype = "|u1" if carriers.max(initial=0) < 256 else "<u2"
        found: dict[str, int] = {}
        for number in range(held.shape[1] // _SHARES):
            columns = slice(_SHARES * number, _SHARES * (number + 1))
            found[f"JOINTS_{number}"] = self._accessor(carriers[:, columns], dtype=dtype, target=_ARRAY_BUFFER)
            found[f"WEIGHTS_{number}"] = self._accessor(held[:, columns], target=_ARRAY_BUFFER)
        return found

    def _add_mesh(self, name: str, vertices: Float64, primitive: dict[str, Any], more: dict[str, int]) -> int:
        position = self._accessor(vertices, bounds=True, target=_ARRAY_BUFFER)
        attributes = {"POSITION": position, **more}
        return self.add("meshes", {"name": name, "primitives": [{"attributes": attributes, **primitive}]})

    def _accessor(
        self, values: NDArray[Any], *, dtype: str = "<f4", bounds: bool = False, target: int | None = None
    ) -> int:
        """Append numbers [n] or [n, c]; the index of their accessor."""
        columns = values.reshape(len(values), -1).astype(dtype)
        kind: dict[str, Any] = {
            "componentType": _COMPONENTS[columns.dtype.newbyteorder("<").str],
            "count": len(columns),
            "type": _KINDS[columns.shape[1]],
        }
        if bounds:
            kind |= {"min": columns.min(0).astype(float).tolist(), "max": columns.max(0).astype(float).tolist()}
        return self.add("accessors", {"bufferView": self._append(columns, target=target), **kind})

    def _append(self, values: NDArray[Any], *, target: int | None) -> int:
        """Append an array to the buffer, where each begins at a multiple of 4 bytes; the index of its view."""
        self._buffer += b"\0" * (-len(self._buffer) % 4)
        view = {"buffer": 0, "byteOffset": len(self._buffer), "byteLength": values.nbytes}
        self._buffer += values.tobytes()
        return self.add("bufferViews", view if target is None else {**view, "target": target})

    def write(self, path: Path) -> None:
        """Write the file, all or nothing: as .gltf where the name says so, else as .glb.

        Raises:
            InputError: the file cannot be written.
        """
        is_text = path.suffix.lower() == ".gltf"
        document, buffer = self.document, bytes(self._buffer)
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
