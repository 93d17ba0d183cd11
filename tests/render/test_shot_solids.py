"""Rays and distances of a shot's solids against what the renderer draws and against dense samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from render_scenes import actor, body, camera, look_at

from kinoeye.geometry.rays import camera_rays
from kinoeye.render import ShotSolids, render
from kinoeye.render.worlds import world
from kinoeye.shot import SHAPES, Shot
from kinoeye.shot.checks import RayCaster
from kinoeye.shot.environment import Environment, Prop


def rays_of(shot: Shot) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times [n], origins [n, 3] and directions [n, h w, 3] through all pixel centres, of depth 1."""
    pose = shot.camera.T_world_cam.as_matrix().numpy()
    rays = camera_rays(shot.camera.intrinsics).numpy().reshape(len(pose), -1, 3)
    return shot.camera.times_s.numpy(), pose[:, :3, 3], rays @ np.swapaxes(pose[:, :3, :3], 1, 2)


def shapes_shot() -> Shot:
    """Every shape, turned and stretched, on the ground among props."""
    actors = [
        actor(shape, [body(1.2 * i - 3.5, 0.2 * i, yaw=0.4 * i)], (0.9, 0.6, 1.1), name=shape)
        for i, shape in enumerate(SHAPES)
    ]
    props = tuple(
        Prop(shape=shape, position_xy=(1.5 * i - 4, 3.0), size_xyz=(0.7, 1.1, 1.5), color_rgb=(1, 1, 1), yaw_deg=20 * i,
             base_m=0.2 * i)
        for i, shape in enumerate(("box", "sphere", "cylinder", "cone", "capsule", "pyramid"))
    )  # fmt: skip
    poses = [look_at((x, -5.0, z), (0, 0, 0.8)) for x, z in ((-2, 1.0), (0, 3.0), (3, 0.4))]
    environment = Environment(props=props)
    return Shot(camera=camera(poses, size_wh=(96, 64)), actors=tuple(actors), environment=environment)


@pytest.mark.parametrize(
    "shot",
    [
        shapes_shot(),
        *(world("train", seed, num_frames=3, size_wh=(64, 48), distribution="worlds-v0") for seed in (1, 4)),
    ],
)
def test_rays_meet_what_is_drawn(shot: Shot):
    take = render(shot, layers=("depth", "instance"))
    depth, instance = (take.layers[name].values.reshape(len(shot.camera), -1) for name in ("depth", "instance"))
    t, ids = ShotSolids(shot).first_hits(*rays_of(shot))
    assert (np.isfinite(t) == np.isfinite(depth)).all()
    known = np.isfinite(depth)
    np.testing.assert_allclose(t[known], depth[known], rtol=2e-7)  # depth is kept in single precision
    assert (ids == instance).all()
    assert set(np.unique(ids)) >= {0, 1}


def test_rays_that_can_meet_one_actor_alone_see_through_the_others():
    shot = shapes_shot()
    everything, ids = ShotSolids(shot).first_hits(*rays_of(shot))
    for name in ("sphere", "robot"):
        alone, own = ShotSolids(shot).first_hits(*rays_of(shot), only=name)
        mine = ids == shot.mask_id(name)
        assert mine.any()
        assert (alone[mine] == everything[mine]).all()
        assert (alone[np.isfinite(alone)] >= everything[np.isfinite(alone)]).all()
        assert set(np.unique(own)) == {0, shot.mask_id(name)}


def test_distances_are_those_of_the_nearest_point_that_any_ray_meets():
    shot = shapes_shot()
    solids = ShotSolids(shot)
    rng = np.random.default_rng(0)
    points = rng.uniform([-4, -2, 0.05], [4, 4, 2.5], (200, 3))
    times = np.zeros(len(points))
    distance, nearest = solids.distances(times, points)
    directions = rng.normal(size=(len(points), 20_000, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    t, _ = solids.first_hits(times, points, directions)
    outside = distance > 0
    assert outside.sum() > 150
    sampled = t[outside].min(axis=1)
    assert (sampled >= distance[outside] - 1e-7).all()
    assert np.quantile(sampled - distance[outside], 0.98) < 0.03  # rays miss a far tip now and then
    assert len({solids.names[i] for i in nearest}) > 8


@pytest.mark.parametrize(
    ("point", "metres", "name"),
    [
        ((0.0, 0.0, 3.0), 1.0, "ball"),  # on top of a ball of radius 1 about z = 1
        ((1.5, 0.0, 1.0), 0.5, "ball"),
        ((0.0, 0.0, 1.0), 0.0, "ball"),  # inside
        ((0.0, 50.0, 0.25), 0.25, "the ground"),
        ((0.0, 50.0, -3.0), 0.0, "the ground"),  # under it
        ((10.0 + 0.5 + 0.3, 0.5 + 0.4, 2.0), 0.5, "cube"),  # beside an edge: 3, 4, 5
        ((10.0 + 0.5 + 0.3, 0.5 + 0.4, 3.2), 1.3, "cube"),  # beside a corner: 3, 4, 12, 13
    ],
)
def test_distances_in_closed_form(point, metres: float, name: str):
    ball, cube = (
        actor("sphere", [body(0, 0)], (2, 2, 2), name="ball"),
        actor("box", [body(10, 0)], (1, 1, 2), name="cube"),
    )
    shot = Shot(camera=camera([look_at((0, -5, 1), (0, 0, 1))]), actors=(ball, cube))
    solids = ShotSolids(shot)
    distance, nearest = solids.distances(np.zeros(1), np.array([point]))
    assert distance[0] == pytest.approx(metres, abs=1e-8)
    assert solids.names[nearest[0]] == name


def test_actors_are_where_they_are_at_each_time_in_any_order():
    walker = actor("box", [body(0, 0), body(2, 0)], (1, 1, 1), name="walker")
    shot = Shot(camera=camera([look_at((0, -9, 1), (0, 0, 1))] * 2), actors=(walker,))
    times = torch.tensor([0.1, 0.0, 0.05, 0.1], dtype=torch.float64).numpy()
    distance, _ = ShotSolids(shot).distances(times, np.tile([0.0, 0.0, 2.0], (4, 1)))
    np.testing.assert_allclose(distance, [np.hypot(1.5, 1), 1, np.hypot(0.5, 1), np.hypot(1.5, 1)], atol=1e-9)


def test_an_actor_without_an_avatar_stands_there_as_its_box():
    from dataclasses import replace

    planned = replace(actor("sphere", [body(0, 0)], (1, 1, 1), name="planned"), avatar=None)
    shot = Shot(camera=camera([look_at((0, -5, 1), (0, 0, 1))]), actors=(planned,))
    solids = ShotSolids(shot)
    assert isinstance(solids, RayCaster)
    distance, _ = solids.distances(np.zeros(1), np.array([[0.0, 0.0, 2.0]]))
    assert distance[0] == pytest.approx(1.0)
    t, ids = solids.first_hits(np.zeros(1), np.array([[0.45, -5.0, 0.95]]), np.array([[[0.0, 1.0, 0.0]]]))
    assert (t[0, 0], ids[0, 0]) == (pytest.approx(4.5), 1)
