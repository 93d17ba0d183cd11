"""Paths that tests of edits edit, and what compares them."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory
from kinoeye.shot import Actor

seeds = st.integers(0, 2**31 - 1)


def numbers(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def wander(count: int = 30, *, seed: int = 0, unit="m", up="z", start_s: float = 2.0) -> Track:
    """A smooth random path at uneven times."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    waves = torch.sin(s[:, None, None] * (1 + 3 * numbers(seed, 6, 3).abs()) + numbers(seed + 1, 6, 3)).sum(-1)
    pose = SE3.from_parts(SO3.exp(0.5 * waves[:, 3:]), waves[:, :3])
    return Track(pose, start_s + 2 * s + 0.4 * s * s, unit, up=up)


def camera(count: int = 30, *, seed: int = 0, **options) -> Trajectory:
    """A wandering camera that zooms, with its principal point off the centre."""
    zoom = torch.linspace(500, 700, count, dtype=torch.float64)
    values = torch.stack([zoom, zoom, torch.full_like(zoom, 300), torch.full_like(zoom, 200)], -1)
    return Trajectory(wander(count, seed=seed, **options), Intrinsics(values, (640, 360)))


def robot(speed: float = 0.0) -> Actor:
    times = torch.linspace(0, 6, 7, dtype=torch.float64)
    origin = torch.tensor([6.0, 1.0, 0.0]).double() + speed * times[:, None] * torch.tensor([0.0, 1.0, 0.0]).double()
    return Actor(
        name="red robot",
        prompt="a robot",
        size_xyz=(0.5, 0.8, 1.7),
        track=Track(SE3.from_parts(SO3.identity(7), origin), times),
    )


def assert_same(a: Trajectory | Track, b: Trajectory | Track, atol: float = 1e-9) -> None:
    first, second = (x.track if isinstance(x, Trajectory) else x for x in (a, b))
    assert torch.allclose(first.T_world_body.as_matrix(), second.T_world_body.as_matrix(), rtol=0, atol=atol)
    assert torch.allclose(first.times_s, second.times_s, rtol=0, atol=atol)
    assert (first.unit, first.up) == (second.unit, second.up)
    if isinstance(a, Trajectory) and isinstance(b, Trajectory):
        assert torch.allclose(a.intrinsics.fx_fy_cx_cy, b.intrinsics.fx_fy_cx_cy, rtol=0, atol=1e-6)
        assert a.size_wh == b.size_wh
