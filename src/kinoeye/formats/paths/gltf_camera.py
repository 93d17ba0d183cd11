"""glTF 2.0 cameras (.glb, .gltf): nodes with a perspective camera, moved by their own and their ancestors' keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.gltf import MAGIC, Gltf, Keys, read_gltf
from kinoeye.formats.containers.gltf_nodes import local_transforms
from kinoeye.formats.containers.gltf_writer import GltfWriter
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.scene_camera import (
    MAX_FRAMES,
    Y_UP,
    Effort,
    camera_blocks,
    fov_y_and_aspect,
    intrinsics_of_height,
    lost_intrinsics,
)
from kinoeye.geometry.convention import Convention, Float64, matrix_to_wxyz

NAME = "gltf"
TITLE = "glTF 2.0 cameras (.glb, .gltf)"
FILE_NAMES = ("*.glb", "*.gltf")
DEFAULT_NAME = "camera.glb"
CONVENTION = Convention("RUB", Y_UP, "cam_to_world", 1.0)
HOLDS = frozenset({"times", "unit", "up", "near_far"})
NEEDS = frozenset({"times", "intrinsics", "unit", "up"})
NEAR = 0.01
"""Metres to the near plane, which glTF requires, where the path states none."""


def sniff(head: FileHead) -> bool:
    """A binary file of that name, or a JSON object whose `asset` has a version."""
    if head.data.startswith(MAGIC):
        return True
    if not head.text.lstrip().startswith("{"):
        return False
    asset = re.search(r'"asset"\s*:\s*\{[^{}]*"version"\s*:\s*"', head.text)
    return asset is not None or head.path.suffix.lower() == ".gltf"


def read(path: Path) -> Mapping[str, PathTable]:
    """Read every perspective camera: name of its node -> table."""
    gltf = read_gltf(path)
    nodes = gltf.get(gltf.document, "nodes", list, [])
    cameras = [i for i in range(len(nodes)) if "camera" in gltf.item("nodes", i)]
    if not cameras:
        raise InputError(f"{path} is a glTF scene and holds no cameras")
    found: dict[str, PathTable] = {}
    effort = Effort(str(path))
    for node in cameras:
        camera = gltf.item("cameras", gltf.item("nodes", node)["camera"])
        if camera.get("type") == "perspective":
            name = str(gltf.item("nodes", node).get("name") or camera.get("name") or f"node{node}")
            found[name if name not in found else f"{name}.{node}"] = _table(gltf, node, camera, effort)
    if not found:
        raise InputError(f"{path} holds orthographic cameras alone; perspective ones are read")
    return found


def _table(gltf: Gltf, node: int, camera: dict[str, Any], effort: Effort) -> PathTable:
    notes: list[str] = []
    chain = gltf.chain(node)
    curves = gltf.animated(chain)
    times = _times(gltf, curves, node, notes)
    at = np.zeros(1) if times is None else times
    effort.spend(len(at), len(chain))
    world = np.broadcast_to(np.eye(4), (len(at), 4, 4))
    with np.errstate(invalid="ignore", over="ignore"):
        for index in chain:
            world = world @ local_transforms(gltf, index, curves, at)
    lens = gltf.get(camera, "perspective", dict)
    aspect = gltf.get(lens, "aspectRatio", float) if "aspectRatio" in lens else None
    if aspect is not None and not 0 < aspect < float("inf"):
        raise gltf.fail(f"aspectRatio is {aspect}")
    near, far = gltf.get(lens, "znear", float), gltf.get(lens, "zfar", float, float("inf"))
    return PathTable(
        matrices=camera_blocks(world[:, :3], notes),
        convention=CONVENTION,
        format=NAME,
        intrinsics=intrinsics_of_height(np.full(len(at), gltf.get(lens, "yfov", float)), aspect, notes),
        size_wh=(1, 1),
        times_s=times,
        near_far=np.tile([near, far], (len(at), 1)),
        notes=tuple(notes),
    )


def _times(gltf: Gltf, curves: dict[tuple[int, str], Keys], node: int, notes: list[str]) -> Float64 | None:
    """The times of frames: those of the keys, and more where straight lines between them are not the movement."""
    if not curves:
        return None
    times = np.unique(np.concatenate([keys.times_s for keys in curves.values()]))
    step = 1 / DEFAULT_FPS
    is_plain = all(place[0] == node and keys.interpolation == "LINEAR" for place, keys in curves.items())
    if not is_plain and len(times) > 1 and np.diff(times).max() > step * (1 + 1e-4):
        count = (times[-1] - times[0]) / step
        if not count <= MAX_FRAMES:
            raise InputError(f"{gltf.path} is animated over {count:.6g} frames; at most {MAX_FRAMES:,} are read")
        both = np.sort(np.concatenate([times, times[0] + step * np.arange(int(count) + 1)]))
        times = both[np.concatenate([[True], np.diff(both) > 1e-4 * step])]
        notes.append(f"the keys are far apart: the camera is sampled at {DEFAULT_FPS:g} frames per second too")
    if len(times) > MAX_FRAMES:
        raise InputError(f"{gltf.path} is animated over {len(times):,} frames; at most {MAX_FRAMES:,} are read")
    return times


def write(table: PathTable, path: Path) -> list[str]:
    """Write one node with a camera and its animation; glTF animations hold 32-bit numbers."""
    scene = GltfWriter()
    warnings = add_camera(scene, table, "camera")
    scene.write(path)
    return warnings


def add_camera(scene: GltfWriter, table: PathTable, name: str) -> list[str]:
    """Append a node with a camera and its animation; returns what is lost.

    Args:
        scene: what to add it to.
        table: in `CONVENTION`, with what `NEEDS` names.
        name: of node and camera.

    Raises:
        InputError: its times cannot be told apart in 32 bits.
    """
    assert table.times_s is not None
    fov_y, aspect = fov_y_and_aspect(table)
    warnings = lost_intrinsics(table, zooms=False)
    lens = {"yfov": float(fov_y[0]), "aspectRatio": float(aspect[0]), "znear": NEAR}
    if table.near_far is not None and (table.near_far[:, 0] > 0).all():
        near, far = float(table.near_far[:, 0].min()), float(table.near_far[:, 1].max())
        lens |= {"znear": near} | ({"zfar": far} if near < far < float("inf") else {})
    translation = table.matrices[:, :, 3]
    xyzw = np.roll(matrix_to_wxyz(table.matrices[:, :, :3]), -1, axis=-1)
    camera = scene.add("cameras", {"name": name, "type": "perspective", "perspective": lens})
    node = scene.add_node(name, camera=camera, translation=translation[0].tolist(), rotation=xyzw[0].tolist())
    if len(table) > 1:
        times, more = single_precision_times(table.times_s)
        warnings += more
        scene.animate(node, times, translation=translation, rotation=xyzw)
    return warnings


def single_precision_times(times: Float64) -> tuple[Float64, list[str]]:
    """Times as glTF holds them, 32-bit and from 0 on, and what was changed for that.

    Large ones, such as seconds since 1970, begin at 0.

    Raises:
        InputError: they cannot be told apart in 32 bits.
    """
    warnings = []
    rounding = abs(times.astype(np.float32) - times).max()
    if times[0] < 0 or (times[0] > times[-1] - times[0] and rounding > 0.01 * np.diff(times).min()):
        warnings.append(f"the times begin at 0 instead of {times[0]:g} s: glTF holds 32-bit times from 0 on")
        times = times - times[0]
    if not (np.diff(times.astype(np.float32)) > 0).all():
        raise InputError("the path is too long for its frame rate in glTF, whose times are 32-bit numbers")
    return times, warnings
