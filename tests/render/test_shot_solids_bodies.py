"""Skinned bodies are solid where the renderer draws them, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from render_scenes import camera, look_at

from kinoeye.geometry.lie import SE3
from kinoeye.geometry.rays import camera_rays
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render import ShotSolids, render
from kinoeye.render.body_solids import body_solids
from kinoeye.shot import Actor, Shot, SkinnedAvatar
from kinoeye.shot.bodies import skin
from kinoeye.shot.bodies.casting import cast_body, perform
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.checks import check

GREY = (0.5, 0.5, 0.5)
SIZES = {"adult": (0.5, 0.75, 1.8), "dog": (1.0, 0.25, 0.6), "car": (4.0, 1.8, 1.4)}
FPS, COUNT = 12.0, 25


def actor(body, *, speed: float = 0.0, cues=(), name: str = "it") -> Actor:
    """One that goes along +x from the origin, or stands there and faces it."""
    times = torch.arange(COUNT if speed else 1, dtype=torch.float64) / FPS
    poses = torch.eye(4, dtype=torch.float64).repeat(len(times), 1, 1)
    poses[:, 0, 3] = speed * times
    avatar = SkinnedAvatar(body=body, color_rgb=GREY, cues=tuple(cues))
    return Actor(
        name=name, prompt=name, size_xyz=SIZES[body], track=Track(SE3.from_matrix(poses), times), avatar=avatar
    )


def beside(who: Actor, *, away_m: float, height_m: float = 1.0, size_wh=(120, 120), fov_deg: float = 50.0) -> Shot:
    """A camera to the right of an actor, level with its middle, that goes along with it."""
    places = who.track.at(torch.arange(COUNT, dtype=torch.float64) / FPS).T_world_body.translation.numpy()
    eyes = places + np.array([0.0, -away_m, height_m])
    poses = [look_at(eye, eye + np.array([0.0, 1.0, 0.0])) for eye in eyes]
    return Shot(camera=camera(poses, size_wh=size_wh, fov_deg=fov_deg, fps=FPS), actors=(who,), seed=2)


def drawn_and_met(shot: Shot) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Masks and depths of the actor through all pixels [n, h w]: rendered, and met by rays."""
    take = render(shot, layers=("depth", "instance"))
    depth, ids = (take.layers[name].values.reshape(len(shot.camera), -1) for name in ("depth", "instance"))
    pose = shot.camera.T_world_cam.as_matrix().numpy()
    rays = camera_rays(shot.camera.intrinsics).numpy().reshape(len(pose), -1, 3) @ np.swapaxes(pose[:, :3, :3], 1, 2)
    t, met = ShotSolids(shot).first_hits(shot.camera.times_s.numpy(), pose[:, :3, 3], rays)
    return ids == 1, depth, met == 1, t


@pytest.mark.parametrize(("body", "speed", "missed", "beyond", "off_m"), [
    ("adult", 1.3, 0.03, 0.2, 0.05), ("dog", 1.0, 0.03, 0.2, 0.05), ("car", 4.0, 0.03, 0.2, 0.3),
])  # fmt: skip
def test_rays_meet_a_body_about_where_it_is_drawn(body, speed: float, missed: float, beyond: float, off_m: float):
    who = actor(body, speed=speed)
    shown = SIZES[body][0] * 1.6 if body != "adult" else 2.4
    drawn, depth, met, t = drawn_and_met(beside(who, away_m=shown, height_m=SIZES[body][2] / 2))
    assert drawn.sum() > 10_000
    assert (drawn & ~met).sum() < missed * drawn.sum()
    assert (met & ~drawn).sum() < beyond * drawn.sum()
    both = drawn & met
    assert np.quantile(np.abs(t[both] - depth[both]), 0.9) < off_m


def test_rays_through_the_torso_of_a_walking_adult_meet_it_within_five_centimetres():
    who = actor("adult", speed=1.3)
    chest = 1.8 * 0.7
    shot = beside(who, away_m=3.0, height_m=chest, size_wh=(15, 15), fov_deg=2.5)  # 9 mm a pixel
    for way in (0.0, np.pi):  # from before it and from behind, where no arm swings across
        seen = replace(shot, camera=around(shot, 3.0, chest, way + np.linspace(-0.35, 0.35, COUNT)))
        drawn, depth, met, t = drawn_and_met(seen)
        assert drawn.all()
        assert met.all()
        assert np.abs(t - depth).max() < 0.05


def around(shot: Shot, away_m: float, height_m: float, angles: np.ndarray) -> Trajectory:
    """A camera that looks from angles [n] at an actor on its way."""
    times = shot.camera.times_s
    places = shot.actors[0].track.at(times).T_world_body.translation.numpy()
    offsets = np.column_stack([away_m * np.cos(angles), away_m * np.sin(angles), np.full(len(times), height_m)])
    aims = places + np.array([0.0, 0.0, height_m])
    poses = [look_at(eye, aim) for eye, aim in zip(places + offsets, aims, strict=True)]
    return replace(shot.camera, track=Track(SE3.from_matrix(torch.from_numpy(np.stack(poses))), times))


def test_the_air_between_the_legs_of_a_walking_adult_is_free():
    who = actor("adult", speed=1.3)
    shot = beside(who, away_m=3.0)
    body, joints = perform(who, who.avatar, shot.camera.times_s.numpy(), seed=shot.seed + 1)  # type: ignore[arg-type]
    places = who.track.at(shot.camera.times_s).T_world_body.translation.numpy()
    knees = []
    for side in ("Left", "Right"):
        knee = body.skeleton.index(f"{side}Leg")
        knees.append(joints[:, knee, :, :3] @ body.skeleton.heads[knee] + joints[:, knee, :, 3] + places)
    middle, spread = (knees[0] + knees[1]) / 2, np.abs(knees[0] - knees[1])[:, 0]
    apart = spread > 0.3
    assert apart.sum() >= 3
    times, across = shot.camera.times_s.numpy(), np.tile([0.0, 6.0, 0.0], (len(places), 1, 1))
    through, _ = ShotSolids(shot).first_hits(times, middle - [0, 3.0, 0], across, only="it")
    assert np.isinf(through[apart]).all()
    for knee in knees:
        hit, _ = ShotSolids(shot).first_hits(times, knee - [0, 3.0, 0], across, only="it")
        assert np.isfinite(hit).all()


@pytest.fixture(scope="module")
def waving() -> Shot:
    """An adult at the origin who faces +x and waves, and a camera that stands far off."""
    who = actor("adult", cues=[Cue(start_s=0.2, name="wave", parameters={"side": "left"})])
    return beside(who, away_m=4.0)


def vertices_of(shot: Shot, times_s: np.ndarray) -> np.ndarray:
    who = shot.actors[0]
    body, joints = perform(who, who.avatar, times_s, seed=shot.seed + 1)  # type: ignore[arg-type]
    return skin(body, joints)


def test_a_camera_that_passes_over_a_raised_hand_is_as_near_as_the_hand_is(waving: Shot):
    times = waving.camera.times_s.numpy()
    surface = vertices_of(waving, times)
    left = surface[:, :, 1] > 0.35  # beyond the shoulder
    heights = np.where(left, surface[:, :, 2], 0.0)
    raised = int(heights.max(axis=1).argmax())
    hand = surface[raised, heights[raised].argmax()]
    assert hand[2] > 1.5
    over = hand + np.column_stack([np.linspace(-1.5, 1.5, COUNT) - np.linspace(-1.5, 1.5, COUNT)[raised],
                                   np.zeros(COUNT), np.full(COUNT, 0.3)])  # fmt: skip
    poses = [look_at(eye, eye + np.array([1.0, 0.0, -0.2])) for eye in over]
    passing = replace(waving, camera=camera(poses, fps=FPS))
    found = check(passing, surroundings=ShotSolids).find("clearance")
    assert found is not None
    true = min(np.linalg.norm(body - eye, axis=1).min() for body, eye in zip(surface, over, strict=True))
    assert found.worst == pytest.approx(true, abs=0.05)
    assert " of it " in found.message
    resting = replace(passing, actors=(actor("adult"),))
    free = check(resting, surroundings=ShotSolids).find("clearance")
    assert free is not None
    assert free.worst > found.worst + 0.05


def test_distances_are_those_to_the_skinned_surface_also_between_frames(waving: Shot):
    rng = np.random.default_rng(1)
    times = rng.uniform(0, waving.camera.track.duration_s, 60)
    points = rng.uniform([-0.8, -0.9, 0.3], [0.8, 0.9, 2.4], (60, 3))
    distance, nearest = ShotSolids(waving).distances(times, points)
    order = np.argsort(times)
    true = np.empty(60)
    for index, vertices in zip(order, vertices_of(waving, times[order]), strict=True):
        true[index] = np.linalg.norm(vertices - points[index], axis=1).min()
    outside = (distance > 0) & (nearest == 1)
    assert outside.sum() > 40
    assert np.abs(distance - true)[outside].max() < 0.08
    assert np.median(np.abs(distance - true)[outside]) < 0.02


def test_hands_that_move_on_a_body_that_stands_count_as_moving(waving: Shot):
    times = waving.camera.times_s.numpy()
    travel = ShotSolids(waving).travel(times)
    surfaces = vertices_of(waving, times)
    true = np.linalg.norm(np.diff(surfaces, axis=0), axis=-1).max(axis=1)
    assert true.max() > 0.05
    assert (travel >= true - 0.005).all()
    assert (travel <= 2.5 * true + 0.05).all()
    halves = np.interp(np.arange(2 * COUNT - 1) / 2, np.arange(COUNT), times)
    np.testing.assert_allclose(ShotSolids(waving).travel(halves).reshape(-1, 2).sum(axis=1), travel, rtol=0.05)


@pytest.mark.parametrize("body", ["adult", "dog", "car"])
def test_a_body_is_a_few_dozen_solids_within_its_box(body):
    cast = cast_body(body, GREY, "", SIZES[body][2])
    solids = body_solids(cast)
    assert len(solids.kind) <= 64
    low, high = cast.vertices.min(axis=0), cast.vertices.max(axis=0)
    centres = solids.rest_from_canonical[:, :, 3]
    assert ((centres > low) & (centres < high)).all()
    linear = solids.rest_from_canonical[:, :, :3]
    gram = np.swapaxes(linear, 1, 2) @ linear
    assert np.abs(gram * (1 - np.eye(3))).max() < 1e-12
