"""Worlds to estimate, rendered once."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from kinoeye.footage import Layer, Take
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.render import render
from kinoeye.render.worlds import world
from kinoeye.shot import Shot

SEEDS = (0, 2, 4)


def with_noisy_depth(take: Take, seed: int, *, relative: float = 0.05) -> Take:
    """Depth times 1 + smooth noise, new in every frame."""
    rng = np.random.default_rng(seed)
    depth = take.layers["depth"].values.copy()
    for frame in depth:
        noise = gaussian_filter(rng.normal(size=frame.shape), sigma=frame.shape[0] / 8)
        frame *= (1 + relative * noise / noise.std()).astype(np.float32)
    return take.with_layers({"depth": Layer(depth, "noisy")})


@cache
def eval_take(seed: int, static: bool = True) -> Take:
    """A rendered world of the eval stream, with noisy depth; its only camera is named "truth"."""
    shot = world("eval", seed, num_frames=17, size_wh=(256, 256), static=static)
    return with_noisy_depth(render(shot, layers=("rgb", "depth"), samples=2), seed)


def filmed(shot: Shot, T_world_cam: SE3) -> Take:
    """A shot's world filmed by another camera path with the same lens."""
    count = T_world_cam.batch_shape[0]
    times = torch.arange(count, dtype=torch.float64) / 12
    lens = Intrinsics(shot.camera.intrinsics.fx_fy_cx_cy[0], shot.camera.size_wh)
    return render(shot.with_camera(Trajectory(Track(T_world_cam, times), lens)), layers=("rgb", "depth"), samples=2)


@pytest.fixture(scope="session", params=SEEDS)
def static_take(request: pytest.FixtureRequest) -> Take:
    """A world where nothing but the camera moves."""
    return eval_take(request.param)
