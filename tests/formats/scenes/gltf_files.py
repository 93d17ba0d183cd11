"""glTF files for tests, built from arrays."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

_KINDS = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_TYPES = {"float32": 5126, "uint8": 5121, "uint16": 5123, "uint32": 5125, "int16": 5122}


class Scene:
    """A document with one embedded buffer."""

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"}, "nodes": nodes, "accessors": [], "bufferViews": [], "meshes": []
        }  # fmt: skip
        self.buffer = b""

    def view(self, data: bytes, **more: Any) -> int:
        self.buffer += b"\0" * (-len(self.buffer) % 4)
        view = {"buffer": 0, "byteOffset": len(self.buffer), "byteLength": len(data), **more}
        self.document["bufferViews"].append(view)
        self.buffer += data
        return len(self.document["bufferViews"]) - 1

    def array(self, values: Any, dtype: str = "float32", **more: Any) -> int:
        array = np.asarray(values, dtype)
        data = np.swapaxes(array, -1, -2) if array.shape[1:] == (4, 4) else array  # column by column
        accessor = {
            "bufferView": self.view(np.ascontiguousarray(data).tobytes()), "componentType": _TYPES[dtype],
            "count": len(array), "type": _KINDS[array.shape[1:]], **more,
        }  # fmt: skip
        self.document["accessors"].append(accessor)
        return len(self.document["accessors"]) - 1

    def mesh(self, faces: Any = None, **attributes: int) -> dict[str, Any]:
        primitive: dict[str, Any] = {"attributes": attributes}
        if faces is not None:
            primitive["indices"] = self.array(np.ravel(faces), "uint16")
        self.document["meshes"].append({"primitives": [primitive]})
        return primitive

    def skin(self, joints: list[int], inverse_binds: Any) -> None:
        skins = self.document.setdefault("skins", [])
        skins.append({"joints": joints, "inverseBindMatrices": self.array(inverse_binds)})

    def animate(self, name: str, *tracks: tuple[int, str, str, Any, Any]) -> None:
        """Tracks of node, path, interpolation, times and values."""
        samplers = [{"input": self.array(t[3]), "output": self.array(t[4]), "interpolation": t[2]} for t in tracks]
        channels = [{"sampler": i, "target": {"node": t[0], "path": t[1]}} for i, t in enumerate(tracks)]
        self.document.setdefault("animations", []).append({"name": name, "samplers": samplers, "channels": channels})

    def save(self, file: Path) -> Path:
        uri = "data:application/octet-stream;base64," + base64.b64encode(self.buffer).decode()
        buffers = [{"byteLength": len(self.buffer), "uri": uri}]
        file.write_text(json.dumps({**self.document, "buffers": buffers}))
        return file
