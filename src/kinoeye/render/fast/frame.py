"""The compiled renderer's Python side: what the kernels read, for all frames of a scene at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.footage.take import LAYER_TYPES
from kinoeye.geometry.convention import invert
from kinoeye.render.color import linear_to_bytes
from kinoeye.render.fast import kernels
from kinoeye.render.fast.kernels import FOLD, SRGB_STEPS, TILE
from kinoeye.render.fast.meshes import MeshFrames
from kinoeye.render.look import LOOK
from kinoeye.render.scene import Scene, corners

Float64 = NDArray[np.float64]
FILLED = ("rgb", "alpha", "depth", "normals", "instance", "part", "flow", "object_coordinates", "shadow")
"""Layers in the order of the kernel's arguments."""
LABELS = ("triangle", "barycentrics")
"""Layers that only meshes have something to say in."""
LIGHT_SIDE = 160
"""Cells a side of the grid across the sunlight."""
LIGHT_MARGIN_M = 1e-3
"""Parts count as this much wider across the light, more than a shadow ray starts off its surface."""
NEAR = 1e-4
"""A part with a corner nearer than this (in depth, metres) may be anywhere on the screen."""


class FastRenderer:
    """Draws the frames of one scene with compiled kernels.

    Two grids tell a ray which parts it may meet: tiles of the screen for camera rays, and cells of the plane across
    the sunlight for shadow rays.
    """

    def __init__(self, scene: Scene, mesh_frames: Callable[[Scene], MeshFrames] = MeshFrames) -> None:
        self._size_wh = scene.size_wh
        self._textures = (scene.backdrop.lattice, scene.backdrop.panorama)
        self._across, self._down = (-(-side // TILE) for side in scene.size_wh)
        world_corners, T_cam_world = corners(scene), invert(scene.T_world_cam)
        near, self._tile_bounds = _screen_bounds(world_corners, T_cam_world, scene.fx_fy_cx_cy)
        top, self._cell_bounds, light = _light_bounds(world_corners, scene.backdrop.sun_xyz)
        self._parts = _part_records(scene, near, top)
        self._stage = _stage_records(scene, T_cam_world, light, self._across)
        self._order = np.argsort(near, axis=1, kind="stable")
        self._anyhow = np.arange(near.shape[1])
        self._meshes = mesh_frames(scene) if scene.meshes else None
        self._fx = scene.fx_fy_cx_cy[:, 0]

    def __call__(self, index: int, out: Mapping[str, NDArray[Any]], samples: int) -> None:
        """Fill the layers of one frame, each [height, width, ...] as `footage.LAYER_TYPES` says."""
        low, high = self._tile_bounds
        tiles = kernels.bin_rectangles(low[index], high[index], self._order[index], self._across, self._down)
        low, high = self._cell_bounds
        cells = kernels.bin_rectangles(low[index], high[index], self._anyhow, LIGHT_SIDE, LIGHT_SIDE)
        keys = np.empty(self._size_wh[::-1], np.int32)
        layers = [out[name] if name in out else _nothing(name, self._size_wh[0]) for name in FILLED]
        stage, parts, meshes = self._stage[index], self._parts[index], self._meshes
        figures = seen = labels = None
        if meshes is not None:
            figures = meshes.pose(index, stage["light_axes"], flows="flow" in out)
            seen = meshes.seen(index)
            labels = tuple(out[name] if name in out else _nothing(name, self._size_wh[0]) for name in LABELS)
        else:
            for name in set(LABELS) & set(out):
                out[name].fill(0 if name == "triangle" else np.nan)
        shared = (stage, parts, *self._textures, tiles, cells, figures, _bytes_of_light())
        kernels.fill_layers(*shared, seen, keys, *layers, labels)
        if samples > 1:
            slots, edges = np.empty_like(keys), np.empty(keys.size, np.int32)
            inverse = None if seen is None else seen[0]
            count = kernels.find_edges(parts, keys, inverse, FOLD / self._fx[index], slots, edges)
            if meshes is not None:
                seen = meshes.seen_by_samples(index, slots, count, samples)
            kernels.smooth_edges(*shared, seen, edges[:count], *layers[:2], samples)


Bounds = tuple[Float64, Float64]
"""Smallest and largest coordinates [f, p, 2] in cells of a grid."""


def _screen_bounds(world_corners: Float64, T_cam_world: Float64, fx_fy_cx_cy: Float64) -> tuple[Float64, Bounds]:
    """The nearest depth [f, p] of parts with these corners [f, p, 8, 3], and what they may cover in screen tiles.

    A part in front of the camera lies within its projected corners; one that crosses the camera's plane may be
    anywhere, and one behind it is nowhere.
    """
    linear, offset = T_cam_world[:, None, :, :3], T_cam_world[:, None, None, :, 3]
    in_camera = world_corners @ np.swapaxes(linear, -1, -2) + offset
    z, K = in_camera[..., 2], fx_fy_cx_cy[:, None, None]
    near = z.min(axis=-1)
    ahead, behind = (near > NEAR)[..., None], (z.max(axis=-1) <= 0)[..., None]
    xy = in_camera[..., :2] / np.where(ahead, z, 1.0)[..., None] * K[..., :2] + K[..., 2:]
    low = np.where(ahead, xy.min(axis=-2) - 1e-6, -np.inf)
    high = np.where(ahead, xy.max(axis=-2) + 1e-6, np.inf)
    return near, (np.where(behind, np.inf, low) / TILE, np.where(behind, -np.inf, high) / TILE)


def _light_bounds(world_corners: Float64, sun_xyz: Float64) -> tuple[Float64, Bounds, dict[str, Any]]:
    """How far parts reach towards the sun [f, p], what they cover across its light, and that plane for the kernels.

    The plane's axes are in cells per metre; the grid is as large as the frame's parts.
    """
    right = np.cross(sun_xyz, [1.0, 0.0, 0.0] if abs(sun_xyz[0]) < 0.6 else [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(sun_xyz, right), sun_xyz])
    placed = world_corners @ axes.T  # [f, p, 8, 3]
    low, high = placed.min(axis=2)[..., :2] - LIGHT_MARGIN_M, placed.max(axis=2)[..., :2] + LIGHT_MARGIN_M
    corner = low.min(axis=1, initial=np.inf, keepdims=True)  # [f, 1, 2]
    corner = np.where(np.isfinite(corner), corner, 0.0)
    scale = LIGHT_SIDE / (high - corner).max(axis=(1, 2), initial=LIGHT_MARGIN_M, keepdims=True)  # [f, 1, 1]
    scaled = np.broadcast_to(axes, (len(placed), 3, 3)) * np.concatenate([scale, scale, np.ones_like(scale)], axis=1)
    bounds = ((low - corner) * scale, (high - corner) * scale)
    light = {"light_axes": scaled, "light_offset": (corner * scale)[:, 0], "light_side": LIGHT_SIDE}
    return placed[..., 2].max(axis=2), bounds, light


def _part_records(scene: Scene, near: Float64, top: Float64) -> Any:
    """Records [f, p] of the parts, as the kernels read them."""
    to_canonical, camera = scene.canonical_from_world, scene.T_world_cam[:, None, :, 3:]
    moves = scene.next_from_world
    last = np.zeros((1, *moves.shape[1:]))  # no flow from the last frame
    fields = {
        **scene.parts._asdict(),
        "canonical_from_world": to_canonical,
        "camera": (to_canonical[..., :3] @ camera)[..., 0] + to_canonical[..., 3],
        "sun": to_canonical[..., :3] @ scene.backdrop.sun_xyz,
        "near": near,
        "top": top,
        "next_from_world": np.concatenate([moves, last]),
    }
    return _records(near.shape, fields, shared=scene.parts._fields)


def _stage_records(scene: Scene, T_cam_world: Float64, light: dict[str, Any], tiles_across: int) -> Any:
    """Records [f] of camera, backdrop, look, light and the next camera, as the kernels read them."""
    frames = len(T_cam_world)
    K, R = scene.fx_fy_cx_cy, scene.T_world_cam[:, :, :3]
    right, down = R[..., 0] / K[:, :1], R[..., 1] / K[:, 1:2]
    after = np.minimum(np.arange(frames) + 1, frames - 1)
    fixed = {**scene.backdrop._asdict(), **LOOK._asdict(), "tiles_across": tiles_across}
    del fixed["lattice"], fixed["panorama"]  # too large to repeat a frame
    fields = {
        **fixed,
        "T_world_cam": scene.T_world_cam,
        "rays": np.stack([R[..., 2] - K[:, 2:3] * right - K[:, 3:] * down, right, down], axis=1),
        "pixel": 1.0 / K[:, 0],
        "flows": np.arange(frames) < frames - 1,
        "next_T_cam_world": T_cam_world[after],
        "next_fx_fy_cx_cy": K[after],
        **light,
    }
    return _records((frames,), fields, shared=(*fixed, "light_side"))


def _records(shape: tuple[int, ...], fields: Mapping[str, Any], shared: tuple[str, ...]) -> Any:
    """An array of records; fields named in `shared` do not vary along the first axis."""
    arrays = {name: np.asarray(value) for name, value in fields.items()}
    leading = {name: len(shape) - (name in shared) for name in arrays}
    kinds = [(name, array.dtype, array.shape[leading[name] :]) for name, array in arrays.items()]
    records = np.empty(shape, np.dtype(kinds, align=True))
    for name, array in arrays.items():
        records[name] = array
    return records


@cache
def _nothing(name: str, width: int) -> NDArray[Any]:
    """The array of a layer that nobody wants."""
    dtype, trailing = LAYER_TYPES[name]
    return np.empty((0, width, *trailing), dtype)


@cache
def _bytes_of_light() -> NDArray[np.uint8]:
    return linear_to_bytes(np.linspace(0.0, 1.0, SRGB_STEPS))
