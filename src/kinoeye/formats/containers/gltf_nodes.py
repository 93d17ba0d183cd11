"""Transforms of glTF nodes over time: what their matrix or translation, rotation and scale say, moved by keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from kinoeye.formats.containers.gltf import Gltf, Keys
from kinoeye.formats.paths.animation import cubic, held, linear, slerp
from kinoeye.geometry.convention import Float64, wxyz_to_matrix

Curves = Mapping[tuple[int, str], Keys]
"""(node, "translation", "rotation" or "scale") -> keys."""
_REST = {"translation": [0.0, 0.0, 0.0], "rotation": [0.0, 0.0, 0.0, 1.0], "scale": [1.0, 1.0, 1.0]}


def local_transforms(gltf: Gltf, node: int, curves: Curves, times_s: Float64) -> Float64:
    """A node's transform in its parent [m, 4, 4] at times [m]: its matrix, or translation times rotation times scale.

    Raises:
        InputError: the node is damaged.
    """
    holder = gltf.item("nodes", node)
    if "matrix" in holder and not any(place[0] == node for place in curves):
        matrix = gltf.numbers(holder, "matrix", np.eye(4).ravel().tolist())
        return np.broadcast_to(matrix.reshape(4, 4).T, (len(times_s), 4, 4))
    parts = {}
    for name, rest in _REST.items():
        keys = curves.get((node, name))
        at_rest = gltf.numbers(holder, name, rest)
        parts[name] = np.tile(at_rest, (len(times_s), 1)) if keys is None else _sampled(keys, name, times_s)
    local = np.broadcast_to(np.eye(4), (len(times_s), 4, 4)).copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        rotation = wxyz_to_matrix(np.roll(parts["rotation"], 1, axis=-1))
    local[:, :3, :3] = rotation * parts["scale"][:, None, :]
    local[:, :3, 3] = parts["translation"]
    return local


def world_transforms(gltf: Gltf, nodes: Iterable[int], curves: Curves, times_s: Float64) -> dict[int, Float64]:
    """Transforms in the scene [m, 4, 4] at times [m] of nodes and of all that they hang from.

    Raises:
        InputError: a node is damaged, nested too deep, or its own ancestor.
    """
    found: dict[int, Float64] = {}
    with np.errstate(invalid="ignore", over="ignore"):
        for wanted in nodes:
            above = None
            for node in gltf.chain(wanted):
                if node not in found:
                    local = local_transforms(gltf, node, curves, times_s)
                    found[node] = local if above is None else above @ local
                above = found[node]
    return found


def _sampled(keys: Keys, name: str, times: Float64) -> Float64:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if keys.interpolation == "STEP":
            return held(keys.times_s, keys.values, times)
        if keys.tangents_in is not None and keys.tangents_out is not None:
            return cubic(keys.times_s, keys.values, keys.tangents_in, keys.tangents_out, times)
        if name != "rotation":
            return linear(keys.times_s, keys.values, times)
        return slerp(keys.times_s, keys.values / np.linalg.norm(keys.values, axis=1, keepdims=True), times)
