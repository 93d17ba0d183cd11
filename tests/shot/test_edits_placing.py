"""Mirror, scale and anchor: what undoes itself, and what a mirror shows."""

from __future__ import annotations

import math

import pytest
import torch
from edit_paths import assert_same, camera, numbers, robot, seeds, wander
from hypothesis import given
from hypothesis import strategies as st

from kinoeye import shot as edits
from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, project
from kinoeye.shot import Shot
from kinoeye.shot.edits.placing import pose_at


@given(seed=seeds)
def test_reversing_twice_is_exact(seed):
    path = camera(seed=seed)
    twice = edits.reverse(edits.reverse(path))
    assert torch.equal(twice.T_world_cam.wxyz_xyz, path.T_world_cam.wxyz_xyz)
    assert_same(twice, path)
    assert edits.reverse(path).intrinsics.fx_fy_cx_cy[0, 0] == 700


@given(seed=seeds, up=st.sampled_from(["z", None]))
def test_mirroring_twice_gives_the_path_back(seed, up):
    path = camera(seed=seed, up=up)
    once = edits.mirror(path)
    assert not torch.allclose(once.T_world_cam.translation, path.T_world_cam.translation, atol=1e-3)
    assert torch.allclose(torch.linalg.det(once.T_world_cam.rotation.as_matrix()), torch.ones(30, dtype=torch.float64))
    assert_same(edits.mirror(once), path)


@pytest.mark.parametrize("pitch", [0.0, 90.0, -90.0])
@pytest.mark.parametrize("roll", [0.0, 90.0, 30.0])
def test_mirroring_twice_also_from_a_camera_that_looks_up_or_lies_on_its_side(pitch, roll):
    start = pose_at((1.0, 2.0, 3.0), yaw_deg=25, pitch_deg=pitch, roll_deg=roll)
    path = edits.anchor(wander(), start, up="z")
    assert_same(edits.mirror(edits.mirror(path)), path)


@given(seed=seeds)
def test_a_mirrored_camera_films_the_mirrored_world_as_the_mirrored_picture(seed):
    path = edits.anchor(camera(seed=seed), pose_at((0, 0, 1.5), yaw_deg=40, pitch_deg=-10), up="z")
    seen = path.T_world_cam @ (torch.tensor([0.0, 0.0, 6.0]).double() + numbers(seed, 30, 3))
    # The mirror is the vertical plane through the first camera at a heading of 40 degrees.
    n = torch.tensor([-math.sin(math.radians(40)), math.cos(math.radians(40)), 0.0], dtype=torch.float64)
    origin = path.T_world_cam.translation[0]
    reflected = seen - 2 * ((seen - origin) @ n)[:, None] * n
    mirrored = edits.mirror(path)
    (xy, depth), (xy_mirrored, depth_mirrored) = (
        project(c.intrinsics, (c.T_world_cam.inverse() @ points)[:, None])
        for c, points in ((path, seen), (mirrored, reflected))
    )
    assert torch.allclose(depth, depth_mirrored, atol=1e-9)
    assert torch.allclose(xy[..., 0], 640 - xy_mirrored[..., 0], atol=1e-6)
    assert torch.allclose(xy[..., 1], xy_mirrored[..., 1], atol=1e-6)


def test_mirroring_exchanges_left_and_right():
    from kinoeye import language

    left, right = (
        language.compile(language.parse(f"truck {side} 1 m, then pan {side} 30 degrees")) for side in ("left", "right")
    )
    assert_same(edits.mirror(left), right)


@given(seed=seeds, factor=st.floats(1e-3, 1e3), about=st.sampled_from(["first", "world"]))
def test_scaling_and_its_inverse_cancel(seed, factor, about):
    path = camera(seed=seed)
    scaled = edits.scale(path, factor, about=about)
    lengths = [c.T_world_cam.translation.diff(dim=0).norm(dim=-1) for c in (path, scaled)]
    assert torch.allclose(lengths[1], factor * lengths[0], rtol=1e-9, atol=1e-12 * max(1.0, factor))
    assert_same(edits.scale(scaled, 1 / factor, about=about), path, atol=1e-8)


def test_scaling_stays_at_the_first_camera_and_can_name_a_unit():
    path = camera(unit="arbitrary")
    scaled = edits.scale(path, 0.25, unit="m")
    assert scaled.track.unit == "m"
    assert torch.allclose(scaled.T_world_cam[0].as_matrix(), path.T_world_cam[0].as_matrix(), atol=1e-12)
    assert edits.scale(path, 0.25).track.unit == "arbitrary"
    with pytest.raises(InputError, match="actors"):
        edits.scale(Shot(camera=camera(), actors=(robot(),)), 2.0, unit="arbitrary")


@given(seed=seeds)
def test_an_anchor_moves_the_whole_path_rigidly(seed):
    path = camera(seed=seed)
    for to, wanted in ((None, SE3.identity()), (camera(seed=seed + 1), camera(seed=seed + 1).T_world_cam[0])):
        anchored = edits.anchor(path, to)
        assert torch.allclose(anchored.T_world_cam[0].as_matrix(), wanted.as_matrix(), atol=1e-9)
        first, second = ((c.T_world_cam[:1].inverse() @ c.T_world_cam).as_matrix() for c in (path, anchored))
        assert torch.allclose(first, second, atol=1e-9)
    assert edits.anchor(path).track.up is None
    assert edits.anchor(path, camera()).track.up == "z"


@pytest.mark.parametrize("pitch", [0.0, 20.0, 90.0, -90.0])
def test_an_upright_world_keeps_tilt_where_the_vertical_is_known(pitch):
    path = edits.anchor(camera(), pose_at((3, 4, 5), yaw_deg=130, pitch_deg=pitch, roll_deg=5), up="z")
    upright = edits.anchor_upright(path)
    first = upright.T_world_cam[0]
    assert torch.allclose(
        first.as_matrix(), pose_at((0, 0, 1.4), pitch_deg=pitch, roll_deg=5).as_matrix(), atol=1e-9
    ) or (
        abs(pitch) == 90  # yaw and roll are one turn there
        and torch.allclose(first.rotation.as_matrix()[2], path.T_world_cam[0].rotation.as_matrix()[2], atol=1e-9)
    )
    assert upright.track.up == "z"


def test_an_unknown_vertical_is_taken_from_the_first_camera():
    upright = edits.anchor_upright(camera(up=None, unit="arbitrary"))
    assert torch.allclose(upright.T_world_cam[0].as_matrix(), pose_at((0, 0, 0)).as_matrix(), atol=1e-9)
