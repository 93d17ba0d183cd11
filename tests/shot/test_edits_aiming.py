"""Look-at, dolly zoom, zoom and fit."""

from __future__ import annotations

import math

import pytest
import torch
from edit_paths import camera, numbers, robot, seeds, wander
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kinoeye import shot as edits
from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory, project
from kinoeye.shot import Shot
from kinoeye.shot.edits.placing import pose_at


def off_axis(path: Trajectory, points: Tensor) -> Tensor:
    seen = path.T_world_cam.inverse() @ points
    return seen[:, :2].norm(dim=-1) / seen[:, 2]


@given(seed=seeds, keep_roll=st.booleans(), up=st.sampled_from(["z", None]))
def test_look_at_puts_the_point_on_the_optical_axis(seed, keep_roll, up):
    path = camera(seed=seed, up=up)
    point = numbers(seed + 5, 3) * 4
    aimed = edits.look_at(path, point, keep_roll=keep_roll)
    assert float(off_axis(aimed, point).max()) < 1e-9
    assert bool(((aimed.T_world_cam.inverse() @ point)[:, 2] > 0).all())
    assert torch.equal(aimed.T_world_cam.translation, path.T_world_cam.translation)
    vertical = torch.tensor([0, 0, 1.0]).double() if up else -path.T_world_cam.rotation.as_matrix()[0, :, 1]
    right = aimed.T_world_cam.rotation.as_matrix()[:, :, 0] @ vertical
    if not keep_roll:
        assert float(right.abs().max()) < 1e-9


@given(seed=seeds)
def test_a_kept_roll_is_the_roll_against_the_horizon(seed):
    roll = 60 * numbers(seed, 1).tanh().item()
    start = pose_at((0, 0, 2), yaw_deg=20, pitch_deg=-5, roll_deg=roll)
    path = Track(SE3(start.wxyz_xyz.expand(3, 7)), torch.arange(3, dtype=torch.float64))
    aimed = edits.look_at(path, [5.0, -4.0, 1.0], keep_roll=True)
    offset = torch.tensor([5.0, -4.0, -1.0]).double()
    wanted = pose_at(
        (0, 0, 2), yaw_deg=math.degrees(math.atan2(-4, 5)),
        pitch_deg=math.degrees(math.asin(-1 / float(offset.norm()))), roll_deg=roll,
    )  # fmt: skip
    assert torch.allclose(aimed.T_world_body[1].as_matrix(), wanted.as_matrix(), atol=1e-9)


def test_looking_straight_up_takes_the_horizon_of_the_poses_beside():
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)  # passes exactly under the point
    path = Track(SE3.from_parts(SO3.identity(5), torch.stack([x, 0 * x, 0 * x], -1)), torch.arange(5).double())
    R = edits.look_at(path, [0.0, 0.0, 3.0]).T_world_body.rotation.as_matrix()
    assert torch.allclose(R[2, :, 0], R[1, :, 0], atol=1e-12)
    assert torch.allclose(R[2, :, 2], torch.tensor([0.0, 0.0, 1.0]).double(), atol=1e-12)
    still = Track(path.T_world_body[[2, 2]], torch.arange(2).double())
    for keep_roll in (False, True):
        found = edits.look_at(still, [0.0, 0.0, 3.0], keep_roll=keep_roll).T_world_body.rotation.as_matrix()
        assert torch.allclose(torch.linalg.det(found), torch.ones(2).double())
        assert torch.allclose(found[:, :, 2], torch.tensor([0.0, 0.0, 1.0]).double().expand(2, 3), atol=1e-12)
    with pytest.raises(InputError, match="never leaves"):
        edits.look_at(still, [0.0, 0.0, 0.0])
    through = edits.look_at(path, [0.0, 0.0, 0.0]).T_world_body.rotation.as_matrix()
    assert torch.allclose(through[2], through[1], atol=1e-12)


def test_an_actor_is_looked_at_in_its_middle_wherever_it_goes():
    scene = Shot(camera=camera(), actors=(robot(speed=1.0),))
    aimed = edits.look_at(scene, "red robot")
    middle = scene.actors[0].track.at(scene.camera.times_s).T_world_body.translation + torch.tensor(
        [0, 0, 0.85], dtype=torch.float64
    )
    assert float(off_axis(aimed.camera, middle).max()) < 1e-9
    assert aimed.actors == scene.actors
    with pytest.raises(InputError, match="'red robot'"):
        edits.look_at(scene, "blue robot")
    with pytest.raises(InputError, match="no actors"):
        edits.look_at(scene.camera, "red robot")


def approach(near: float, far: float, count: int = 40) -> Trajectory:
    """A camera that goes towards the point (10, 0, 1) with some sideways motion, turned to it."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    origin = torch.stack(
        [10 - torch.lerp(torch.tensor(far).double(), torch.tensor(near).double(), s), 0.3 * s, 1 + 0 * s], -1
    )
    track = Track(SE3.from_parts(SO3.identity(count), origin), s)
    lens = Intrinsics.from_fov(math.radians(40), (640, 360))
    return edits.look_at(Trajectory(track, lens), [10.0, 0.0, 1.0])


@given(near=st.floats(1.0, 4.0), far=st.floats(4.5, 9.0))
def test_a_dolly_zoom_keeps_the_size_of_its_subject(near, far):
    path, point = approach(near, far), torch.tensor([10.0, 0.0, 1.0]).double()
    zoomed = edits.dolly_zoom(path, point)
    # A disc of one metre that faces the camera.
    right = path.T_world_cam.rotation.as_matrix()[:, :, 0]
    ends = [
        project(zoomed.intrinsics, (zoomed.T_world_cam.inverse() @ (point + side * right))[:, None])[0]
        for side in (0, 1)
    ]
    size = (ends[1] - ends[0]).norm(dim=-1)[:, 0]
    assert float((size / size[0] - 1).abs().max()) < 1e-9
    assert torch.equal(zoomed.T_world_cam.wxyz_xyz, path.T_world_cam.wxyz_xyz)


def test_a_lens_that_nobody_makes_is_refused():
    point = [10.0, 0.0, 1.0]
    with pytest.raises(InputError, match="1 to 170 degrees"):
        edits.dolly_zoom(approach(0.03, 30), point)
    with pytest.raises(InputError, match="not before the camera in frame 0"):
        edits.dolly_zoom(camera(), camera().T_world_cam[0] @ torch.tensor([0, 0, -1.0]).double())
    with pytest.raises(InputError, match="needs intrinsics"):
        edits.dolly_zoom(wander(), point)  # type: ignore[type-var]
    for wrong in (lambda: edits.zoom_to(camera(), 171), lambda: edits.zoom(camera(), 1000)):
        with pytest.raises(InputError, match="1 to 170"):
            wrong()


def test_a_zoom_goes_evenly_from_one_angle_to_another():
    path = edits.resample(approach(2, 6), frames=41)
    angles = torch.rad2deg(edits.zoom_to(path, [60, 20]).intrinsics.fov()[:, 0])
    focal = edits.zoom_to(path, [60, 20]).intrinsics.fx_fy_cx_cy[:, 0]
    assert [float(angles[0]), float(angles[-1])] == pytest.approx([60, 20])
    assert torch.allclose(focal[1:] / focal[:-1], (focal[1] / focal[0]).expand(40), atol=1e-9)
    factors = edits.zoom(path, [1, 3]).intrinsics.fx_fy_cx_cy[:, 0] / path.intrinsics.fx_fy_cx_cy[:, 0]
    assert [float(factors[k]) for k in (0, 20, 40)] == pytest.approx([1, math.sqrt(3), 3])


@given(seed=seeds, size=st.sampled_from([(832, 480), (560, 560), (300, 900), (640, 360)]))
def test_fitting_keeps_what_the_middle_of_the_picture_shows(seed, size):
    path = camera(seed=seed)
    fitted = edits.fit(path, size)
    factor = max(size[0] / 640, size[1] / 360)
    points = torch.tensor([0.0, 0.0, 5.0]).double() + 0.3 * numbers(seed, 30, 1, 3)
    before, after = (project(c.intrinsics, points)[0] for c in (path, fitted))
    middles = torch.tensor([320.0, 180.0]).double(), torch.tensor([size[0] / 2, size[1] / 2]).double()
    assert torch.allclose((before - middles[0]) * factor, after - middles[1], atol=1e-6)
    assert fitted.size_wh == size
