"""Triangles of glTF meshes: places, joints and weights, and the colour of each vertex from material and texture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.gltf import Gltf
from kinoeye.geometry.convention import Float64

MAX_PIXELS = 64 * 1024 * 1024
"""Larger textures are refused."""
_TRIANGLES = 4
_INWARDS = 0.2
"""A texture is read this share of the way from a triangle's corner to its middle: seams keep to their own side."""
_REFUSED = ("KHR_draco_mesh_compression", "EXT_meshopt_compression")


@dataclass(frozen=True, kw_only=True)
class Primitive:
    """Triangles of one material."""

    material: str
    vertices: Float64
    """[v, 3]"""
    faces: NDArray[np.int64]
    """[t, 3]"""
    colors_rgb: NDArray[np.uint8]
    """[v, 3] sRGB."""
    joints: NDArray[np.int64] | None
    """[v, k] indices in the skin's list."""
    weights: Float64 | None
    """[v, k] as the file has them."""


def read_primitives(gltf: Gltf, mesh: int, *, max_vertices: int, max_faces: int, notes: list[str]) -> list[Primitive]:
    """The triangles of a mesh; lines, points and shape keys are left out, and `notes` says so.

    Raises:
        InputError: the mesh is damaged, too large, or compressed.
    """
    compressed = [name for name in gltf.get(gltf.document, "extensionsRequired", list, []) if name in _REFUSED]
    if compressed:
        raise InputError(f"{gltf.path} needs {compressed[0]}, which is not read; export it without compression")
    found = []
    for primitive in gltf.get(gltf.item("meshes", mesh), "primitives", list):
        if gltf.get(primitive, "mode", int, _TRIANGLES) != _TRIANGLES:
            notes.append("lines, points, strips and fans are left out; only separate triangles are read")
            continue
        if "targets" in primitive:
            notes.append("shape keys (morph targets) are left out")
        found.append(_primitive(gltf, primitive, max_vertices, max_faces))
    return found


def _primitive(gltf: Gltf, primitive: dict[str, Any], max_vertices: int, max_faces: int) -> Primitive:
    attributes = gltf.get(primitive, "attributes", dict)
    vertices = gltf.accessor(gltf.get(attributes, "POSITION", int), most=max_vertices)
    if vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise gltf.fail("a mesh has vertices that are no finite points")
    if "indices" in primitive:
        corners = gltf.accessor(gltf.get(primitive, "indices", int), fractions=False, most=3 * max_faces)
    else:
        corners = np.arange(len(vertices), dtype=np.float64)[:, None]
    if corners.shape[1] != 1 or len(corners) % 3 or not (corners.min() >= 0 and corners.max() < len(vertices)):
        raise gltf.fail("a mesh has triangles of vertices that are not there")
    faces = corners.astype(np.int64).reshape(-1, 3)
    joints, weights = _shares(gltf, attributes, len(vertices))
    holder = gltf.item("materials", primitive["material"]) if "material" in primitive else {}
    return Primitive(
        material=gltf.get(holder, "name", str, "") or f"material{primitive.get('material', '')}",
        vertices=vertices,
        faces=faces,
        colors_rgb=_colors(gltf, holder, attributes, len(vertices), faces),
        joints=joints,
        weights=weights,
    )


def _shares(gltf: Gltf, attributes: dict[str, Any], count: int) -> tuple[NDArray[np.int64] | None, Float64 | None]:
    joints, weights = [], []
    for number in range(2):
        if f"JOINTS_{number}" not in attributes:
            break
        joints.append(gltf.accessor(gltf.get(attributes, f"JOINTS_{number}", int), fractions=False))
        weights.append(gltf.accessor(gltf.get(attributes, f"WEIGHTS_{number}", int)))
    if any(array.shape != (count, 4) for array in (*joints, *weights)):
        raise gltf.fail("a mesh has other numbers of joints or weights than of vertices")
    if not joints:
        return None, None
    every_joint, every_weight = np.concatenate(joints, axis=1), np.concatenate(weights, axis=1)
    if not (np.isfinite(every_weight).all() and every_weight.min() >= 0 and np.isfinite(every_joint).all()):
        raise gltf.fail("a mesh has weights that are negative, NaN or infinite")
    if not (every_weight.sum(axis=1) > 1e-6).all():
        raise gltf.fail("a vertex has weights that add up to 0, so that no joint carries it")
    return every_joint.astype(np.int64), every_weight


def _colors(
    gltf: Gltf, material: dict[str, Any], attributes: dict[str, Any], count: int, faces: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Bytes [v, 3] in sRGB of base colour times vertex colour times texture, each in linear light (glTF 2.0, 3.9.2)."""
    paint = gltf.get(material, "pbrMetallicRoughness", dict, {})
    factor = gltf.numbers(paint, "baseColorFactor", [1.0, 1.0, 1.0, 1.0])[:3]
    linear = np.tile(factor, (count, 1))
    if "COLOR_0" in attributes:
        painted = gltf.accessor(gltf.get(attributes, "COLOR_0", int))
        if painted.shape[0] != count or painted.shape[1] < 3:
            raise gltf.fail("a mesh has other numbers of colours than of vertices")
        linear = linear * painted[:, :3]
    if "baseColorTexture" in paint:
        info = gltf.get(paint, "baseColorTexture", dict)
        places = gltf.accessor(gltf.get(attributes, f"TEXCOORD_{gltf.get(info, 'texCoord', int, 0)}", int))
        if places.shape != (count, 2) or not np.isfinite(places).all():
            raise gltf.fail("a mesh has other numbers of places on its texture than of vertices")
        linear = linear * _textured(_image(gltf, gltf.get(info, "index", int)), places, faces)
    if not np.isfinite(linear).all():
        raise gltf.fail("a mesh has colours that are NaN or infinite")
    return srgb_bytes(linear)


def srgb_bytes(linear: Float64) -> NDArray[np.uint8]:
    """Bytes in sRGB of linear light, which is cut off at 0 and 1."""
    linear = linear.clip(0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * srgb).astype(np.uint8)


def _textured(image: NDArray[np.uint8], places: Float64, faces: NDArray[np.int64]) -> Float64:
    """Linear light [v, 3] of a texture: the mean over the corners of triangles that meet in each vertex."""
    corners = places[faces]
    corners = corners + _INWARDS * (corners.mean(axis=1, keepdims=True) - corners)
    height, width = image.shape[:2]
    column = np.floor((corners[..., 0] % 1.0) * width).astype(np.int64).clip(0, width - 1)
    row = np.floor((corners[..., 1] % 1.0) * height).astype(np.int64).clip(0, height - 1)
    srgb = image[row, column] / 255.0
    seen = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    total, times = np.zeros((len(places), 3)), np.zeros(len(places))
    np.add.at(total, faces, seen)
    np.add.at(times, faces, 1.0)
    return np.where(times[:, None] > 0, total / np.maximum(times, 1.0)[:, None], 1.0)


def _image(gltf: Gltf, texture: int) -> NDArray[np.uint8]:
    """Bytes [h, w, 3] in sRGB of a texture."""
    from PIL import Image, UnidentifiedImageError

    holder = gltf.item("images", gltf.get(gltf.item("textures", texture), "source", int))
    view = holder.get("bufferView")
    data = gltf.linked_bytes(holder) if view is None else gltf.view_bytes(view)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InputError(f"{gltf.path} has a texture of {picture.width} x {picture.height}; it is too large")
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise gltf.fail("a texture is no PNG or JPEG picture that can be read") from error
