"""Guide passes: the actors on black, pixel for pixel where the film has them, in colours that say what they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from render_scenes import actor, body, camera, look_at

from kinoeye.base.errors import InputError
from kinoeye.footage import Take, read_video
from kinoeye.render import render
from kinoeye.render.guides import LEGEND_FILE, PASSES, Guides, guide_passes, write_guides
from kinoeye.render.scene import build_scene
from kinoeye.render.skeleton_drawing import COLORS_RGB, KEYPOINTS, LIMBS, DrawnSkeleton, draw_skeletons, skeletons
from kinoeye.shot import Actor, Shot, SkinnedAvatar
from kinoeye.shot.environment import Environment, Ground, Prop, Sky, Sun
from kinoeye.shot.environments import ENVIRONMENTS

BLACK = (0.0, 0.0, 0.0)
BLUE = (0.1, 0.2, 0.8)


def skinned(name: str, avatar: SkinnedAvatar, pose, size) -> Actor:
    plain = actor("box", [pose, pose], size, name=name)
    return replace(plain, category="agent", avatar=avatar)


@pytest.fixture(scope="module")
def shot() -> Shot:
    """A man before a robot and a dog, half behind a column, in a foggy place with sun and shadows."""
    poses = [look_at((5.0, 0.3 * k, 1.5), (0.0, 0.0, 0.9)) for k in range(3)]
    return Shot(
        camera=camera(poses, size_wh=(128, 96), fov_deg=50.0),
        actors=(
            skinned("man", SkinnedAvatar(body="adult", color_rgb=BLUE), body(0.5, 0.2, yaw=0.4), (0.5, 1.1, 1.8)),
            actor("robot", [body(-0.8, -0.6)] * 2, (0.7, 0.9, 1.6), name="robot", gait="stand"),
            skinned("dog", SkinnedAvatar(body="dog", color_rgb=BLUE), body(1.2, -0.9, yaw=1.0), (1.0, 0.25, 0.6)),
        ),
        environment=Environment(
            fog_per_m=0.05,
            props=(Prop(shape="cylinder", position_xy=(2.0, 0.6), size_xyz=(0.3, 0.3, 2.0), color_rgb=(1, 1, 1)),),
        ),
    )


@pytest.fixture(scope="module")
def guides(shot: Shot) -> Guides:
    return guide_passes(shot)


def frames(guides: Guides, name: str) -> np.ndarray:
    return guides.passes[name].rgb.values


def test_condition_and_film_are_aligned_to_the_pixel(shot: Shot, guides: Guides):
    film = render(shot, layers=("alpha", "instance", "depth", "part"), samples=2)
    alpha, instance = film.layers["alpha"].values, film.layers["instance"].values
    np.testing.assert_array_equal(frames(guides, "alpha")[..., 0], alpha)
    for name in ("depth", "normals", "persons", "parts"):
        np.testing.assert_array_equal(frames(guides, name).any(axis=-1), instance > 0, err_msg=name)
    assert not frames(guides, "avatar")[alpha == 0].any()
    assert all(take.cameras["truth"].T_world_cam is not None for take in guides.passes.values())
    np.testing.assert_array_equal(
        guides.passes["avatar"].cameras["truth"].T_world_cam.wxyz_xyz, film.cameras["truth"].T_world_cam.wxyz_xyz
    )
    behind = np.isin(instance, (1, 2, 3)).any(axis=0)
    assert behind.sum() > 200


def test_in_light_as_even_the_film_has_the_same_actors(shot: Shot):
    """Of a place that lights as the guides do, only what is no actor differs."""
    even = Environment(
        ground=Ground(pattern="plain", color_a_rgb=BLACK, color_b_rgb=BLACK, grain=0.0),
        sky=Sky(horizon_rgb=(0.9, 0.5, 0.1), zenith_rgb=BLACK, glow=0.0),
        sun=Sun(strength=0.0, ambient=1.0 / 0.65),
        props=shot.environment.props,
    )
    film = render(replace(shot, environment=even), layers=("alpha",), samples=2)
    avatar = frames(guide_passes(replace(shot, environment=even)), "avatar")
    inside = film.layers["alpha"].values == 255
    assert inside.sum() > 1000
    np.testing.assert_array_equal(avatar[inside], film.rgb.values[inside])
    assert film.rgb.values[film.layers["alpha"].values == 0].any()


def test_light_weather_and_place_do_not_change_the_condition(shot: Shot, guides: Guides):
    elsewhere = replace(ENVIRONMENTS["night street"], props=shot.environment.props)
    sun = replace(elsewhere.sun, azimuth_deg=shot.environment.sun.azimuth_deg, elevation_deg=50.0)
    again = guide_passes(replace(shot, environment=replace(elsewhere, sun=sun)))
    for name in PASSES:
        np.testing.assert_array_equal(frames(again, name), frames(guides, name), err_msg=name)


def test_colours_say_who_and_which_part(shot: Shot, guides: Guides):
    film = render(shot, layers=("instance", "part"))
    instance, part = film.layers["instance"].values, film.layers["part"].values
    persons, parts = frames(guides, "persons"), frames(guides, "parts")
    assert len(set(guides.person_rgb.values())) == 3
    for name, rgb in guides.person_rgb.items():
        assert (persons[instance == shot.mask_id(name)] == rgb).all()
    assert len(set(guides.part_rgb.values())) == len(guides.part_rgb)
    head_of_man, head_of_robot = (instance == 1) & (part == 2), (instance == 2) & (part == 2)
    for head in (head_of_man, head_of_robot):
        assert head.any()
        assert (parts[head] == guides.part_rgb["head"]).all()


def test_near_is_bright_and_the_legend_gives_metres(shot: Shot, guides: Guides):
    film = render(shot, layers=("instance", "depth"))
    seen = film.layers["instance"].values > 0
    depth, byte = film.layers["depth"].values[seen].astype(float), frames(guides, "depth")[seen][:, 0].astype(float)
    assert guides.depth_range_m is not None
    near, far = guides.depth_range_m
    told = 1 / (1 / far + (byte - 55) / 200 * (1 / near - 1 / far))
    inside = (depth > near) & (depth < far)
    assert inside.mean() > 0.9
    np.testing.assert_allclose(told[inside], depth[inside], rtol=0.01)


def test_normals_towards_the_camera_are_blue(shot: Shot, guides: Guides):
    normals = frames(guides, "normals")
    seen = normals.any(axis=-1)
    assert (normals[seen][:, 2] >= 127).mean() > 0.99  # a smooth normal may point a little away at a silhouette
    top_of_head = normals[0][seen[0]][:5]
    assert top_of_head[:, 1].mean() > 140  # up is green


def project(shot: Shot, points: np.ndarray) -> np.ndarray:
    T_cam_world = shot.camera.T_world_cam.inverse().as_matrix().numpy()
    places = np.einsum("fij,fpj->fpi", T_cam_world[:, :3, :3], points) + T_cam_world[:, None, :3, 3]
    fx, fy, cx, cy = shot.camera.intrinsics.fx_fy_cx_cy[0].tolist()
    return np.stack([fx * places[..., 0] / places[..., 2] + cx, fy * places[..., 1] / places[..., 2] + cy], axis=-1)


def test_keypoints_lie_inside_their_actors(shot: Shot):
    alone = replace(shot, environment=Environment())
    for name in ("man", "robot"):
        one = replace(alone, actors=(alone.actor(name),))
        scene = build_scene(one, one.camera)
        drawn = skeletons(one, scene)[name]
        mask = render(one, layers=("instance",)).layers["instance"].values > 0
        for point, places in zip(KEYPOINTS, project(one, drawn.points).swapaxes(0, 1), strict=True):
            column, row = np.floor(places).astype(int).T
            near = [
                mask[k, r - 1 : r + 2, c - 1 : c + 2].any() for k, (r, c) in enumerate(zip(row, column, strict=True))
            ]
            assert all(near), (name, point)
    left, right = (drawn.points[:, KEYPOINTS.index(f"{side} wrist")] for side in ("left", "right"))
    assert (left[:, 1] > right[:, 1]).all()  # the robot looks along +x, so its left is +y


def test_the_nearer_of_two_bones_that_cross_is_seen():
    shot = Shot(camera=camera([look_at((4.0, 0.0, 1.0), (0.0, 0.0, 1.0))], size_wh=(65, 65)))
    scene = build_scene(shot, shot.camera)
    upright, level = np.array([[[0, 0, 0.0], [0, 0, 2]]]), np.array([[[0.5, -1, 1.0], [0.5, 1, 1]]])
    red, green = (255, 0, 0), (0, 255, 0)
    far = DrawnSkeleton(upright, ((0, 1),), (red, red), (red,))
    near = DrawnSkeleton(level, ((0, 1),), (green, green), (green,))
    for order in ({"a": far, "b": near}, {"b": near, "a": far}):
        middle = draw_skeletons(scene, order)[0, 32, 32]
        np.testing.assert_array_equal(middle, [0, 153, 0])
    hidden = DrawnSkeleton(upright + np.array([10.0, 0, 0]), ((0, 1),), (red, red), (red,))  # behind the camera
    assert not draw_skeletons(scene, {"a": hidden}).any()


def test_people_have_openposes_colours_and_other_bodies_all_their_joints(shot: Shot, guides: Guides):
    scene = build_scene(shot, shot.camera)
    drawn = skeletons(shot, scene)
    assert drawn["man"].bones == drawn["robot"].bones == LIMBS
    assert drawn["man"].point_rgb == COLORS_RGB
    assert len(drawn["dog"].bones) == len(drawn["dog"].bone_rgb) >= 18
    picture = frames(guides, "skeleton")
    for rgb in (COLORS_RGB[2], COLORS_RGB[5]):  # both shoulders of somebody
        assert (picture == np.array(rgb)).all(axis=-1).any()


def test_passes_are_takes_with_previews_and_a_legend(guides: Guides, tmp_path: Path):
    write_guides(guides, tmp_path)
    for name in PASSES:
        take = Take.open(tmp_path / name)
        np.testing.assert_array_equal(take.rgb.values, frames(guides, name))
        assert take.requested is None
        assert len(read_video(tmp_path / name / "preview.mp4")) == 3
    legend = json.loads((tmp_path / LEGEND_FILE).read_text())
    assert list(legend["persons"]) == ["man", "robot", "dog"]
    assert legend["depth"]["near_m"] < legend["depth"]["far_m"]


def test_primitives_have_every_pass_but_bones_and_nobody_at_all_is_refused(shot: Shot):
    ball = replace(shot, actors=(actor("sphere", [body(0, 0)] * 2, (1.0, 1.0, 1.0)),))
    passes = guide_passes(ball).passes
    assert not passes["skeleton"].rgb.values.any()
    assert all(passes[name].rgb.values.any() for name in PASSES if name != "skeleton")
    with pytest.raises(InputError, match="no actors that are drawn"):
        guide_passes(replace(shot, actors=()))


def test_a_camera_that_looks_away_sees_nothing(shot: Shot, tmp_path: Path):
    away = camera([look_at((5.0, 0.0, 1.5), (9.0, 0.0, 1.5))] * 2, size_wh=(16, 12))
    nobody = guide_passes(replace(shot, camera=away))
    assert not any(take.rgb.values.any() for take in nobody.passes.values())
    write_guides(nobody, tmp_path)
    assert json.loads((tmp_path / LEGEND_FILE).read_text())["depth"] is None
