"""Known answers: what must be seen, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from render_scenes import actor, body, camera, look_at

from kinoeye.base.errors import InputError
from kinoeye.footage.take import LAYER_TYPES
from kinoeye.geometry.rays import project, unproject
from kinoeye.render import PART_NAMES, RENDERED_LAYERS, render
from kinoeye.render.robot import ROBOT_PARTS, robot_poses
from kinoeye.render.worlds import world
from kinoeye.shot.environment import Environment, Ground, Prop, Sun
from kinoeye.shot.shot import SHAPES, Shot

BACKENDS = ("fast", "reference")


def layer(take, name, frame=0):
    return take.layers[name].values[frame]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sphere_ahead_is_its_distance_less_its_radius_away(backend):
    # 49 columns, so that the centre of pixel 24 (at 24.5) is the principal point.
    cam = camera([look_at((0, 0, 0.5), (5, 0, 0.5))], size_wh=(49, 49))
    ball = actor("sphere", [body(5, 0)])
    take = render(Shot(camera=cam, actors=(ball,)), layers=RENDERED_LAYERS, backend=backend)
    assert layer(take, "depth")[24, 24] == pytest.approx(4.5)
    assert layer(take, "normals")[24, 24] == pytest.approx([0, 0, -1], abs=1e-6)
    assert layer(take, "object_coordinates")[24, 24] == pytest.approx([0, 0.5, 0.5], abs=1e-6)
    assert layer(take, "instance")[24, 24] == 1
    assert layer(take, "part")[24, 24] == PART_NAMES.index("body") + 1
    assert layer(take, "alpha")[24, 24] == 255


@pytest.mark.parametrize("backend", BACKENDS)
def test_pixel_centres_are_at_half(backend):
    # The left half of the picture sees a wall at y > 0; its edge is the plane through the principal point.
    wall = Prop(shape="box", position_xy=(5.0, 5.0), size_xyz=(1.0, 10.0, 20.0), base_m=-10.0, color_rgb=(1, 1, 1))
    cam = camera([look_at((0, 0, 0.5), (5, 0, 0.5))], size_wh=(10, 10))
    shot = Shot(camera=cam, environment=Environment(props=(wall,)))
    depth = layer(render(shot, layers=("depth",), backend=backend), "depth")
    assert (depth[:4] == 4.5).tolist() == [[True] * 5 + [False] * 5] * 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_ground_depth_follows_the_ray(backend):
    cam = camera([look_at((0, 0, 2.0), (4, 0, 2.0))], size_wh=(64, 64), fov_deg=90)
    depth = layer(render(Shot(camera=cam), layers=("depth",), backend=backend), "depth")
    rows = np.arange(32, 64) + 0.5
    assert depth[32:, 7] == pytest.approx(2.0 * 32.0 / (rows - 32.0), rel=1e-6)
    assert np.isinf(depth[:32]).all()


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "robot"])
def test_a_solid_fills_its_box(shape):
    size = (0.7, 1.2, 1.6)
    poses = [look_at((0.01, 0, 9.0), (0, 0, 0)), look_at((9, 0, 0.8), (0, 0, 0.8)), look_at((0, 9, 0.8), (0, 0, 0.8))]
    shot = Shot(camera=camera(poses, size_wh=(160, 160), fov_deg=20), actors=(actor(shape, [body(0, 0)], size),))
    take = render(shot, layers=("depth", "instance", "object_coordinates"))
    points = unproject(take.cameras["truth"], torch.from_numpy(take.layers["depth"].values).double()).numpy()
    seen = points[take.layers["instance"].values == 1]
    half = np.array([0.35, 0.6, 0.8])
    assert (np.abs(seen - [0, 0, 0.8]) <= half + 1e-5).all()
    assert np.abs(seen - [0, 0, 0.8]).max(axis=0) == pytest.approx(half, abs=0.03)


def test_object_coordinates_are_the_place_in_the_box():
    size, pose = (0.6, 0.9, 1.7), body(0.4, -0.3, yaw=0.8)
    cam = camera([look_at((3, 1.2, 1.4), (0, 0, 0.8))], size_wh=(96, 96))
    take = render(
        Shot(camera=cam, actors=(actor("robot", [pose], size),)), layers=("depth", "instance", "object_coordinates")
    )
    on = layer(take, "instance") == 1
    place = layer(take, "object_coordinates")
    assert on.sum() > 500
    assert np.isnan(place[~on]).all()
    points = unproject(cam, torch.from_numpy(take.layers["depth"].values).double())[0].numpy()[on]
    in_body = (points - pose[:3, 3]) @ pose[:3, :3]
    assert place[on] == pytest.approx(in_body / size + [0.5, 0.5, 0.0], abs=1e-4)


def test_flow_of_a_static_world_is_the_reprojection_of_depth():
    shot = world("eval", 3, static=True, num_frames=3, size_wh=(64, 48))
    take = render(shot, layers=("depth", "flow"))
    cam = take.cameras["truth"]
    points = unproject(cam, torch.from_numpy(take.layers["depth"].values).double())
    for frame in range(2):
        later = cam.T_world_cam[frame + 1].inverse() @ points[frame].reshape(-1, 3)
        there, z = project(cam.intrinsics, later.expand(3, -1, 3))
        rows, columns = np.mgrid[:48, :64] + 0.5
        expected = there[frame + 1].numpy().reshape(48, 64, 2) - np.stack([columns, rows], axis=-1)
        flow = layer(take, "flow", frame)
        known = np.isfinite(layer(take, "depth", frame)) & (z[frame + 1].numpy().reshape(48, 64) > 1e-3)
        assert (np.isnan(flow).any(axis=-1) == ~known).all()
        near = known & (layer(take, "depth", frame) < 100)  # depth is stored in single precision
        assert flow[near] == pytest.approx(expected[near], abs=2e-3)
    assert np.isnan(layer(take, "flow", 2)).all()


def test_flow_follows_a_moving_actor():
    cam = camera([look_at((0, 0, 0.5), (5, 0, 0.5))] * 2, size_wh=(64, 64))
    ball = actor("box", [body(5, 0), body(5, -0.25)])
    take = render(Shot(camera=cam, actors=(ball,)), layers=("flow", "instance", "depth"))
    on, focal = layer(take, "instance") == 1, float(cam.intrinsics.fx_fy_cx_cy[0, 0])
    depth = layer(take, "depth")[on]
    assert layer(take, "flow")[on][:, 0] == pytest.approx(0.25 * focal / depth, rel=1e-5)
    assert layer(take, "flow")[on][:, 1] == pytest.approx(0, abs=1e-6)
    assert layer(take, "flow")[~on & np.isfinite(layer(take, "depth"))] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("azimuth_deg", [0.0, 70.0, 200.0, 310.0])
def test_shadows_fall_away_from_the_sun(azimuth_deg):
    sun = Sun(azimuth_deg=azimuth_deg, elevation_deg=45.0)
    cam = camera([look_at((0.001, 0, 12.0), (0, 0, 0))], size_wh=(96, 96))
    post = actor("cylinder", [body(0, 0)], (0.4, 0.4, 2.0))
    take = render(
        Shot(camera=cam, actors=(post,), environment=Environment(sun=sun)), layers=("shadow", "depth", "instance")
    )
    dark = (layer(take, "shadow") == 255) & (layer(take, "instance") == 0)
    points = unproject(cam, torch.from_numpy(take.layers["depth"].values).double())[0].numpy()[dark]
    away = -np.array([math.cos(math.radians(azimuth_deg)), math.sin(math.radians(azimuth_deg))])
    along = points[:, :2] @ away
    assert along.max() == pytest.approx(2.0, abs=0.3)  # at 45 degrees a shadow is as long as its caster
    assert along.min() > -0.3
    assert np.abs(points[:, :2] @ [-away[1], away[0]]).max() < 0.35


def test_shadowed_ground_is_darker_and_lit_ground_is_not_changed():
    cam = camera([look_at((4, 3, 4.0), (0, 0, 0))], size_wh=(64, 64))
    empty = render(Shot(camera=cam), layers=("shadow",))
    full = render(Shot(camera=cam, actors=(actor("box", [body(0, 0)]),)), layers=("shadow", "instance"))
    ground = layer(full, "instance") == 0
    dark = ground & (layer(full, "shadow") == 255)
    before, after = layer(empty, "rgb").astype(int), layer(full, "rgb").astype(int)
    assert dark.sum() > 30
    assert (after[dark].mean(axis=-1) < 0.8 * before[dark].mean(axis=-1)).all()
    assert (after[ground & ~dark] == before[ground & ~dark]).all()


def test_the_robot_has_a_front():
    cam = camera([look_at((4, 0, 1.2), (0, 0, 0.9)), look_at((-4, 0, 1.2), (0, 0, 0.9))], size_wh=(96, 96))
    take = render(Shot(camera=cam, actors=(actor("robot", [body(0, 0)], (0.55, 0.85, 1.7)),)), layers=("part",))
    front, back = (set(np.unique(layer(take, "part", frame))) for frame in (0, 1))
    names = {name: index + 1 for index, name in enumerate(PART_NAMES)}
    assert {names["face"], names["chest"]} <= front - back
    assert names["back"] in back - front


def test_the_standing_robot_touches_every_side_of_its_box():
    low = np.min([part.low for part in ROBOT_PARTS], axis=0)
    high = np.max([part.high for part in ROBOT_PARTS], axis=0)
    assert low.tolist() == [-0.5, -0.5, 0.0]
    assert high.tolist() == [0.5, 0.5, 1.0]


def test_a_walking_robot_swings_its_limbs_with_the_distance():
    poses = robot_poses((0.55, 0.85, 1.7), np.linspace(0, 4.0, 81), 4.0)
    turned = np.abs(poses[..., :3, :3] - np.eye(3)).max(axis=(2, 3))  # [f, p]
    limbs = np.array([part.name in ("arm", "hand", "leg", "foot") for part in ROBOT_PARTS])
    assert turned[0].max() == turned[-1].max() == 0.0
    assert (turned.max(axis=0)[limbs] > 0.2).all()
    assert turned.max(axis=0)[~limbs].max() == 0.0
    left, right = (
        index
        for index, part in enumerate(ROBOT_PARTS)
        if part.joints == (f"{'left' if index % 2 == 0 else 'right'} hip",)
    )
    middle = slice(20, 60)
    swing = poses[middle, :, 0, 2]  # sine of the turn about y
    assert np.corrcoef(swing[:, left], swing[:, right])[0, 1] < -0.99


def test_a_walking_robot_keeps_a_foot_on_the_ground():
    cam = camera([look_at((0, 6, 0.4), (0, 0, 0.4))] * 12, size_wh=(256, 64), fov_deg=40)
    robot = actor("robot", [body(-1 + 0.2 * k, 0) for k in range(12)], (0.55, 0.85, 1.7), gait="walk")
    take = render(Shot(camera=cam, actors=(robot,)), layers=("depth", "instance"))
    points = unproject(cam, torch.from_numpy(take.layers["depth"].values).double()).numpy()
    for frame in range(12):
        heights = points[frame][layer(take, "instance", frame) == 1][:, 2]
        assert -1e-5 < heights.min() < 0.03


def test_an_actor_without_an_avatar_is_not_drawn_and_keeps_its_number():
    cam = camera([look_at((-5, 0, 1), (0, 0, 0.5))])
    hidden = actor("box", [body(0, 1)], name="hidden")
    hidden = type(hidden)(**{**vars(hidden), "avatar": None})
    take = render(Shot(camera=cam, actors=(hidden, actor("box", [body(0, -1)]))), layers=("instance",))
    assert set(np.unique(layer(take, "instance"))) == {0, 2}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_camera_inside_an_actor_or_below_the_ground_sees_something_finite(backend):
    poses = [look_at((0, 0, 0.5), (1, 0, 0.6)), look_at((0, 0, -1.0), (3, 0, 1.0)), look_at((0.5, 0, 0.5), (1, 0, 0.5))]
    shot = Shot(camera=camera(poses, size_wh=(24, 24)), actors=(actor("box", [body(0, 0)]),))
    take = render(shot, layers=("depth", "instance", "normals", "shadow"), backend=backend)
    assert (layer(take, "instance", 0) == 1).all()
    assert (layer(take, "shadow", 0) == 255).all()
    assert not np.isnan(take.layers["depth"].values).any()
    facing = take.layers["normals"].values[1][np.isfinite(take.layers["depth"].values[1])]
    assert np.linalg.norm(facing, axis=-1) == pytest.approx(1, abs=1e-5)


def test_every_layer_has_the_type_that_takes_promise():
    take = render(world("train", 5, num_frames=2), layers=RENDERED_LAYERS, size_wh=(20, 12), samples=2)
    for name in RENDERED_LAYERS:
        dtype, trailing = LAYER_TYPES[name]
        assert take.layers[name].values.dtype == dtype
        assert take.layers[name].values.shape == (2, 12, 20, *trailing)
        assert take.layers[name].source == "truth"
    assert take.requested is not None
    assert take.cameras["truth"].size_wh == (20, 12)
    sky = np.isinf(take.layers["depth"].values)
    assert (np.isnan(take.layers["normals"].values).all(axis=-1) == sky).all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_textures():
    shot = world("train", 8, num_frames=2, size_wh=(32, 32))
    first, again = render(shot).rgb.values, render(shot).rgb.values
    assert first.tobytes() == again.tobytes()
    other = Shot(**{**vars(shot), "seed": 9})
    assert (render(other).rgb.values != first).mean() > 0.2


def test_frames_at_other_times_are_those_of_the_camera_there():
    shot = world("train", 2, num_frames=5, size_wh=(24, 24))
    times = shot.camera.times_s.numpy()
    assert (render(shot, times_s=times[[1, 3]]).rgb.values == render(shot).rgb.values[[1, 3]]).all()


def test_samples_smooth_edges_and_nothing_else():
    cam = camera([look_at((-4, 0, 1.0), (0, 0, 0.5))], size_wh=(64, 64))
    shot = Shot(
        camera=cam, actors=(actor("sphere", [body(0, 0)]),), environment=Environment(ground=Ground(pattern="plain"))
    )
    hard, soft = (render(shot, layers=("alpha", "instance"), samples=samples) for samples in (1, 4))
    assert set(np.unique(layer(hard, "alpha"))) == {0, 255}
    between = (layer(soft, "alpha") > 0) & (layer(soft, "alpha") < 255)
    assert between.sum() > 30
    assert (layer(soft, "instance") == layer(hard, "instance")).all()
    changed = (layer(soft, "rgb") != layer(hard, "rgb")).any(axis=-1)
    assert changed.mean() < 0.15
    area = layer(soft, "alpha").sum() / 255
    focal, distance = float(cam.intrinsics.fx_fy_cx_cy[0, 0]), math.hypot(4.0, 0.5)
    assert area == pytest.approx(math.pi * (0.5 * focal) ** 2 / (distance**2 - 0.25), rel=0.02)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": ("rgb", "points")}, "points"),
        ({"size_wh": (0, 10)}, "size"),
        ({"times_s": [0.2, 0.1]}, "times_s"),
        ({"times_s": []}, "times_s"),
        ({"samples": 0}, "samples"),
        ({"backend": "gpu"}, "gpu"),
    ],
)
def test_what_cannot_be_rendered_is_said_in_one_line(options, words):
    shot = world("train", 1, num_frames=2, size_wh=(8, 8))
    with pytest.raises(InputError, match=words) as error:
        render(shot, **options)
    assert "\n" not in str(error.value)


def test_a_camera_with_nan_or_without_pixels_is_refused():
    broken = look_at((0, 0, 1), (1, 0, 1))
    broken[0, 3] = np.nan
    with pytest.raises(InputError, match="NaN"):
        render(Shot(camera=camera([broken])))
    with pytest.raises(InputError, match="size_wh"):
        render(Shot(camera=camera([look_at((0, 0, 1), (1, 0, 1))]).resize((1, 1))))
