from __future__ import annotations

import numpy as np
import pytest
import torch

from kinoeye import language
from kinoeye.base.errors import InputError
from kinoeye.geometry import project
from kinoeye.language import parse
from kinoeye.language.lexicon import COLOURS as COLOUR_WORDS
from kinoeye.language.lexicon import CREATURES, PLACES, SIZES
from kinoeye.language.lexicon import SHAPES as SHAPE_WORDS
from kinoeye.shot import SHAPES, Shot, SkinnedAvatar, stage
from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.roles import WALK_M_PER_S
from kinoeye.shot.space import CLEARANCE_M
from kinoeye.shot.staging import (
    CAMERA_HEIGHT_M,
    HIGHEST_CAMERA_M,
    LOWEST_CAMERA_M,
    anchors_from_first_camera,
)


def picture_of(shot: Shot, name: str, frame: int) -> tuple[float, float, float]:
    """Image position, as a fraction, and depth of an actor's centre."""
    actor = shot.actor(name)
    pose = actor.track.at(shot.camera.times_s).T_world_body[frame]
    centre = pose @ torch.tensor([0.0, 0.0, actor.size_xyz[2] / 2], dtype=torch.float64)
    seen = shot.camera.T_world_cam[frame].inverse() @ centre
    intrinsics = type(shot.camera.intrinsics)(shot.camera.intrinsics.fx_fy_cx_cy[frame], shot.camera.size_wh)
    xy, depth = project(intrinsics, seen[None])
    return float(xy[0, 0]) / shot.camera.size_wh[0], float(xy[0, 1]) / shot.camera.size_wh[1], float(depth[0])


def test_every_word_of_the_grammar_has_a_body_a_look_or_a_place():
    assert set(COLOUR_WORDS) == set(COLOURS)
    assert set(PLACES) == set(ENVIRONMENTS)
    for shape in [*SHAPE_WORDS, *CREATURES]:
        shot = stage(parse(f"push in past a red {shape}"), seed=0)
        avatar = shot.actors[0].avatar
        assert avatar is not None
        if isinstance(avatar, SkinnedAvatar):
            assert avatar.body == {"person": "adult"}.get(shape, shape)
        else:
            assert avatar.shape in SHAPES
    plain = stage(parse("push in past a red box"), seed=0).actors[0].size_xyz
    for size in SIZES:
        assert stage(parse(f"push in past a {size} red box"), seed=0).actors[0].size_xyz != plain


def test_the_camera_starts_level_at_eye_height_and_looks_along_x():
    pose = stage(parse("hold"), seed=0).camera.T_world_cam.as_matrix()[0]
    np.testing.assert_allclose(pose[:3, 3], [0, 0, CAMERA_HEIGHT_M])
    np.testing.assert_allclose(pose[:3, 2], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(pose[:3, 1], [0, 0, -1], atol=1e-12)


def test_the_subject_of_an_orbit_stays_in_the_middle_at_its_distance():
    shot = stage(parse("orbit right 90 degrees around the red robot"), seed=1)
    seen = [picture_of(shot, "red robot", frame) for frame in range(len(shot.camera))]
    assert all(abs(x - 0.5) < 0.02 for x, _, _ in seen)
    centre = shot.actors[0].track.T_world_body.translation[0] + torch.tensor([0, 0, shot.actors[0].size_xyz[2] / 2])
    distances = (shot.camera.T_world_cam.translation - centre).norm(dim=-1)
    assert float(distances.max() - distances.min()) < 1e-6


def test_a_subject_that_comes_later_is_in_view_from_the_start_and_then_in_the_middle():
    shot = stage(parse("move forward while yawing left, then orbit right around the red robot"), seed=0)
    seen = [picture_of(shot, "red robot", frame) for frame in range(len(shot.camera))]
    assert all(0.05 < x < 0.95 and depth > 1 for x, _, depth in seen)
    assert abs(seen[-1][0] - 0.5) < 0.05
    assert abs(seen[-1][2] - 4) < 0.2


def test_a_subject_that_cannot_be_in_view_from_the_start_stands_where_the_camera_will_look():
    shot = stage(parse("pan left 170 degrees, then orbit right around the red robot"), seed=0)
    turned = shot.camera.T_world_cam.rotation.as_matrix()[:, 0, 2]  # of the axis along the first one
    start = int(turned.argmin())
    assert abs(picture_of(shot, "red robot", start)[0] - 0.5) < 0.2


def test_orbits_and_looks_keep_the_horizon_level():
    for text in ("pan left 20 degrees, then orbit right around the red robot", "look at the red robot"):
        right = stage(parse(text), seed=0).camera.T_world_cam.rotation.as_matrix()[:, :, 0]
        assert float(right[:, 2].abs().max()) < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_other_actors_are_in_the_first_view_and_free_of_each_other(seed: int):
    text = "push in one metre. a red robot stands still, a blue cone stands still and a green sphere stands still"
    shot = stage(parse(text), seed=seed)
    for actor in shot.actors:
        x, _, depth = picture_of(shot, actor.name, 0)
        assert 0.1 < x < 0.9
        assert depth > 1
    bodies = [(a.track.T_world_body.translation[0, :2], np.hypot(*a.size_xyz[:2]) / 2) for a in shot.actors]
    for i, (one, radius) in enumerate(bodies):
        for other, other_radius in bodies[:i]:
            assert float((one - other).norm()) >= radius + other_radius + CLEARANCE_M
            bearings = [float(torch.atan2(xy[1], xy[0])) for xy in (one, other)]  # the camera stands at the origin
            widths = radius / float(one.norm()) + other_radius / float(other.norm())
            assert abs(bearings[0] - bearings[1]) >= widths - 1e-9, "one hides the other"


def test_walkers_walk_where_they_are_told_and_face_there():
    shot = stage(parse("a red robot walks left while the camera holds for 2 seconds"), seed=0)
    track = shot.actor("red robot").track
    moved = track.T_world_body.translation[-1] - track.T_world_body.translation[0]
    np.testing.assert_allclose(moved, [0, WALK_M_PER_S * track.duration_s, 0], atol=1e-9)
    front = track.T_world_body.rotation[0] @ torch.tensor([1.0, 0, 0], dtype=torch.float64)
    np.testing.assert_allclose(front, [0, 1, 0], atol=1e-9)
    assert picture_of(shot, "red robot", 0)[0] > picture_of(shot, "red robot", -1)[0]


def test_the_seed_owns_the_world():
    plan = parse("push in past a red robot and a box in the snow")
    first, same, other = (stage(plan, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.actors[0].track.T_world_body.wxyz_xyz, same.actors[0].track.T_world_body.wxyz_xyz)
    assert not torch.equal(first.actors[0].track.T_world_body.wxyz_xyz, other.actors[0].track.T_world_body.wxyz_xyz)
    assert first.environment == ENVIRONMENTS["snow"]


def test_actors_join_a_shot_whose_camera_stays():
    before = stage(parse("orbit left around the red robot in the desert"), seed=0)
    after = stage(parse("a blue box stands still", camera_required=False), seed=3, into=before)
    assert after.camera is before.camera
    assert [actor.name for actor in after.actors] == ["red robot", "blue box"]
    assert after.environment == ENVIRONMENTS["desert"]
    with pytest.raises(InputError, match="red robot"):
        stage(parse("a red robot stands still", camera_required=False), seed=0, into=before)


@pytest.mark.parametrize(
    "text",
    [
        "orbit right around the red robot",
        "a red robot walks left. Follow the red robot",
        "pan right 20 degrees, then look at the blue cone",
    ],
)
def test_directing_alone_gives_the_staged_camera(text: str):
    plan = parse(text)
    shot = stage(plan, seed=5)
    alone = language.compile(plan, anchors=anchors_from_first_camera(shot), seed=5).T_world_cam
    staged = shot.camera.T_world_cam
    np.testing.assert_allclose(
        (staged[:1].inverse() @ staged).as_matrix().numpy(), alone.as_matrix().numpy(), atol=1e-9
    )


def test_the_camera_is_as_high_as_its_actors_ask():
    def height(text: str) -> float:
        return float(stage(parse(text), seed=0).camera.T_world_cam.translation[0, 2])

    assert height("push in towards the tiny blue box") == LOWEST_CAMERA_M
    assert height("push in towards the huge red robot") == HIGHEST_CAMERA_M
    assert height("push in towards the blue box. A robot stands still") == height("push in towards the blue box")
    assert LOWEST_CAMERA_M < height("push in towards the blue box") < height("push in towards the red robot")


@pytest.mark.parametrize(("text", "body"), [("a small brown puppy", "dog"), ("a red car", "car")])
def test_dogs_and_cars_are_cast_as_large_as_their_bodies_are(text, body):
    (actor,) = stage(parse(f"{text} stands still", camera_required=False), seed=0, num_frames=2).actors
    assert isinstance(actor.avatar, SkinnedAvatar)
    assert actor.avatar.body == body
    vertices = cast_body(actor.avatar.body, actor.avatar.color_rgb, "", actor.size_xyz[2]).vertices
    np.testing.assert_allclose(np.ptp(vertices, axis=0), actor.size_xyz, rtol=0.08)


def test_a_person_has_a_body_with_joints_in_the_colour_that_is_named():
    shot = stage(parse("A red woman walks left. The camera follows her."), seed=3, num_frames=8)
    (actor,) = shot.actors
    assert isinstance(actor.avatar, SkinnedAvatar)
    assert (actor.avatar.body, actor.avatar.color_rgb, actor.category) == ("adult", COLOURS["red"], "agent")
