"""The compiled renderer's Python side: bounds of the parts on the screen and across the light, then the kernels."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.footage.take import LAYER_TYPES
from kinoeye.geometry.convention import invert
from kinoeye.render.color import linear_to_bytes
from kinoeye.render.fast import kernels
from kinoeye.render.fast.kernels import SRGB_STEPS, TILE
from kinoeye.render.look import LOOK
from kinoeye.render.scene import Scene, canonical_from_world, corners, next_from_world

Float64, Int64 = NDArray[np.float64], NDArray[np.int64]
FILLED = ("rgb", "alpha", "depth", "normals", "instance", "part", "flow", "object_coordinates", "shadow")
"""Layers in the order of the kernel's arguments."""
LIGHT_SIDE = 64
"""Cells a side of the grid across the sunlight."""
LIGHT_MARGIN_M = 1e-3
"""Parts count as this much wider across the light, more than a shadow ray starts off its surface."""
NEAR = 1e-4
"""A part with a corner nearer than this (in depth, metres) may be anywhere on the screen."""


class FastRenderer:
    """Draws the frames of one scene with compiled kernels."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._canonical_from_world = np.ascontiguousarray(canonical_from_world(scene))
        self._next_from_world = np.ascontiguousarray(next_from_world(scene))
        self._corners = corners(scene)
        self._T_cam_world = invert(scene.T_world_cam)

    def __call__(self, index: int, layers: tuple[str, ...], samples: int) -> dict[str, NDArray[Any]]:
        """The layers of one frame, each [height, width, ...] as `footage.LAYER_TYPES` says."""
        scene = self._scene
        near, tiles = self._tiles(index)
        light_axes, light_offset, top, cells = self._light(index)
        to_canonical, T_world_cam = self._canonical_from_world[index], scene.T_world_cam[index]
        moves, next_view = self._next(index)
        parts = _records(
            len(near),
            {
                **scene.parts._asdict(),
                "canonical_from_world": to_canonical,
                "camera": to_canonical[..., :3] @ T_world_cam[:, 3] + to_canonical[..., 3],
                "sun": to_canonical[..., :3] @ scene.backdrop.sun_xyz,
                "near": near,
                "top": top,
                "next_from_world": moves,
            },
        )
        stage = _records(
            None,
            {
                **scene.backdrop._asdict(),
                **LOOK._asdict(),
                "T_world_cam": T_world_cam,
                "fx_fy_cx_cy": scene.fx_fy_cx_cy[index],
                "tiles_across": _tiles_along(scene.size_wh[0]),
                "light_axes": light_axes,
                "light_offset": light_offset,
                "light_side": LIGHT_SIDE,
                **next_view,
            },
        )
        out = _allocate(layers, scene.size_wh)
        shared = (stage, parts, tiles, cells, _bytes_of_light())
        keys = kernels.fill_layers(*shared, *(out[name] for name in FILLED))
        if samples > 1:
            kernels.smooth_edges(*shared, out["rgb"], out["alpha"], keys, samples)
        return {name: out[name] for name in layers}

    def _tiles(self, index: int) -> tuple[Float64, Int64]:
        """Nearest depth of each part [p], and the parts by screen tile, nearest first."""
        T_cam_world, size_wh = self._T_cam_world[index], self._scene.size_wh
        in_camera = self._corners[index] @ T_cam_world[:, :3].T + T_cam_world[:, 3]
        near = in_camera[..., 2].min(axis=1)
        low, high = _screen_bounds(in_camera, self._scene.fx_fy_cx_cy[index])
        order = np.argsort(near, kind="stable")
        return near, kernels.bin_rectangles(low / TILE, high / TILE, order, *map(_tiles_along, size_wh))

    def _light(self, index: int) -> tuple[Float64, Float64, Float64, Int64]:
        """The plane across the sunlight: its axes [3, 3] in cells per metre (the last points to the sun), the corner
        of its grid [2], the coordinate of each part's top along the light [p], and the parts by cell.
        """
        sun = self._scene.backdrop.sun_xyz
        right = np.cross(sun, [1.0, 0.0, 0.0] if abs(sun[0]) < 0.6 else [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(sun, right), sun])
        across = self._corners[index] @ axes.T  # [p, 8, 3]
        low, high = across.min(axis=1), across.max(axis=1)
        top = high[:, 2].copy()
        corner = low[:, :2].min(axis=0, initial=1e9) - LIGHT_MARGIN_M
        extent = (high[:, :2] - corner).max(initial=LIGHT_MARGIN_M) + LIGHT_MARGIN_M
        scale = LIGHT_SIDE / extent
        low, high = (low[:, :2] - corner) * scale, (high[:, :2] - corner) * scale
        axes[:2] *= scale
        margin = LIGHT_MARGIN_M * scale
        cells = kernels.bin_rectangles(low - margin, high + margin, np.arange(len(low)), LIGHT_SIDE, LIGHT_SIDE)
        return axes, corner * scale, top, cells

    def _next(self, index: int) -> tuple[Float64, dict[str, Any]]:
        """Where each part goes [p, 3, 4], and the camera of the next frame; itself and unused in the last frame."""
        flows = index + 1 < len(self._T_cam_world)
        after = index + flows
        moves = self._next_from_world[index] if flows else self._canonical_from_world[index]
        K = self._scene.fx_fy_cx_cy[after]
        return moves, {"flows": flows, "next_T_cam_world": self._T_cam_world[after], "next_fx_fy_cx_cy": K}


def _records(count: int | None, fields: dict[str, Any]) -> Any:
    """A record array [count] (one record when None) whose fields are the given arrays' rows."""
    arrays = {name: np.asarray(value) for name, value in fields.items()}
    skip = 0 if count is None else 1
    dtype = np.dtype([(name, array.dtype, array.shape[skip:]) for name, array in arrays.items()])
    records = np.empty(1 if count is None else count, dtype)
    for name, array in arrays.items():
        records[name] = array
    return records[0] if count is None else records


def _tiles_along(pixels: int) -> int:
    return -(-pixels // TILE)


def _screen_bounds(in_camera: Float64, fx_fy_cx_cy: Float64) -> tuple[Float64, Float64]:
    """Smallest and largest image coordinates [p, 2] that a part with these corners [p, 8, 3] can cover.

    A part in front of the camera lies within its projected corners; one that crosses the camera's plane may be
    anywhere, and one behind it is nowhere.
    """
    z = in_camera[..., 2]
    ahead, behind = z.min(axis=1) > NEAR, z.max(axis=1) <= 0
    xy = in_camera[..., :2] / np.where(ahead[:, None], z, 1.0)[..., None] * fx_fy_cx_cy[:2] + fx_fy_cx_cy[2:]
    low = np.where(ahead[:, None], xy.min(axis=1) - 1e-6, -np.inf)
    high = np.where(ahead[:, None], xy.max(axis=1) + 1e-6, np.inf)
    return np.where(behind[:, None], np.inf, low), np.where(behind[:, None], -np.inf, high)


def _allocate(layers: tuple[str, ...], size_wh: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """Arrays to fill; a layer that nobody wants has no rows."""
    width, height = size_wh
    arrays = {}
    for name in FILLED:
        dtype, trailing = LAYER_TYPES[name]
        arrays[name] = np.empty((height if name in layers else 0, width, *trailing), dtype)
    return arrays


@cache
def _bytes_of_light() -> NDArray[np.uint8]:
    return linear_to_bytes(np.linspace(0.0, 1.0, SRGB_STEPS))
