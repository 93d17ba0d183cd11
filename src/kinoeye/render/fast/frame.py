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
from kinoeye.render.fast.kernels import SRGB_STEPS, TILE, Bins, Layers, Light, Motion, View
from kinoeye.render.look import LOOK
from kinoeye.render.scene import Scene, canonical_from_world, corners, next_from_world

Float64 = NDArray[np.float64]
LIGHT_SIDE = 64
"""Cells a side of the grid across the sunlight."""
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
        view, light, motion = self._view(index), self._light(index), self._motion(index)
        out = _allocate(layers, scene.size_wh)
        shared = (scene.parts, scene.backdrop, LOOK, _srgb_table(), out)
        keys = kernels.fill_layers(view, light, motion, *shared)
        if samples > 1:
            kernels.smooth_edges(view, light, *shared, keys, samples)
        return {name: getattr(out, name) for name in layers}

    def _view(self, index: int) -> View:
        scene, to_canonical = self._scene, self._canonical_from_world[index]
        T_world_cam, K = scene.T_world_cam[index], scene.fx_fy_cx_cy[index]
        in_camera = self._corners[index] @ self._T_cam_world[index, :, :3].T + self._T_cam_world[index, :, 3]
        near = in_camera[..., 2].min(axis=1)
        low, high = _screen_bounds(in_camera, K)
        width, height = scene.size_wh
        across, down = -(-width // TILE), -(-height // TILE)
        return View(
            T_world_cam=np.ascontiguousarray(T_world_cam),
            fx_fy_cx_cy=np.ascontiguousarray(K),
            canonical_from_world=to_canonical,
            camera=to_canonical[..., :3] @ T_world_cam[:, 3] + to_canonical[..., 3],
            sun=to_canonical[..., :3] @ scene.backdrop.sun_xyz,
            near=near,
            tiles=Bins(*kernels.bin_rectangles(low / TILE, high / TILE, np.argsort(near, kind="stable"), across, down)),
            tiles_across=across,
        )

    def _light(self, index: int) -> Light:
        sun = self._scene.backdrop.sun_xyz
        helper = np.array([1.0, 0.0, 0.0]) if abs(sun[0]) < 0.6 else np.array([0.0, 1.0, 0.0])
        right = np.cross(sun, helper)
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(sun, right), sun])
        across = self._corners[index] @ axes.T  # [p, 8, 3]
        low, high = across.min(axis=1), across.max(axis=1)
        start = low[:, :2].min(axis=0, initial=np.inf) if len(low) else np.zeros(2)
        extent = float((high[:, :2] - start).max(initial=1e-3)) + 1e-3
        cells_per_metre = (LIGHT_SIDE - 1e-6) / extent
        axes[:2] *= cells_per_metre
        start = (start - 5e-4) * cells_per_metre
        margin = 1e-6
        bins = kernels.bin_rectangles(
            low[:, :2] * cells_per_metre - start - margin,
            high[:, :2] * cells_per_metre - start + margin,
            np.arange(len(low)),
            LIGHT_SIDE,
            LIGHT_SIDE,
        )
        return Light(axes=axes, offset=start, side=LIGHT_SIDE, cells=Bins(*bins), top=high[:, 2].copy())

    def _motion(self, index: int) -> Motion:
        known = index + 1 < len(self._T_cam_world)
        after = index + 1 if known else index
        moves = self._next_from_world[index] if known else self._canonical_from_world[index]
        T_cam_world = np.ascontiguousarray(self._T_cam_world[after])
        return Motion(known, moves, T_cam_world, np.ascontiguousarray(self._scene.fx_fy_cx_cy[after]))


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


def _allocate(layers: tuple[str, ...], size_wh: tuple[int, int]) -> Layers:
    width, height = size_wh
    arrays = {}
    for name in Layers._fields:
        dtype, trailing = LAYER_TYPES[name]
        rows = height if name in layers or name == "rgb" else 0
        arrays[name] = np.empty((rows, width, *trailing), dtype)
    return Layers(**arrays)


@cache
def _srgb_table() -> NDArray[np.uint8]:
    return linear_to_bytes(np.linspace(0.0, 1.0, SRGB_STEPS))
