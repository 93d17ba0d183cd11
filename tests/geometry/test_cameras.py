"""Pinholes: intrinsics, projection, rays and Pluecker coordinates say the same thing."""

from __future__ import annotations

import math

import pytest
import torch
from group_draws import seeds, twists
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.geometry import (
    NORMALISED,
    SE3,
    Intrinsics,
    Track,
    Trajectory,
    camera_rays,
    pixel_centres,
    pluecker,
    project,
    unproject,
)

lenses = st.builds(
    lambda fov, w, h, dx, dy: Intrinsics(
        Intrinsics.from_fov(fov, (w, h)).fx_fy_cx_cy + torch.tensor([0, 3.0, dx, dy], dtype=torch.float64), (w, h)
    ),
    st.floats(0.2, 2.5), st.integers(2, 200), st.integers(2, 200), st.floats(-5, 5), st.floats(-5, 5),
)  # fmt: skip


def points_ahead(seed: int, count: int = 7) -> torch.Tensor:
    points = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([points[:, :2], points[:, 2:].abs() + 0.5], dim=-1)


def camera(intrinsics: Intrinsics, seed: int, frames: int = 3) -> Trajectory:
    times = torch.arange(frames, dtype=torch.float64)
    return Trajectory(Track(SE3.exp(twists((frames,), "any", seed)), times), intrinsics)


@given(lens=lenses, seed=seeds, size=st.tuples(st.integers(1, 300), st.integers(1, 300)))
def test_resizing_the_camera_is_resizing_the_picture(lens, seed, size):
    xy, _ = project(lens, points_ahead(seed))
    resized, _ = project(lens.resize(size), points_ahead(seed))
    scale = torch.tensor([size[0] / lens.size_wh[0], size[1] / lens.size_wh[1]], dtype=torch.float64)
    assert torch.allclose(resized, xy * scale)
    assert torch.allclose(lens.resize(size).resize(lens.size_wh).fx_fy_cx_cy, lens.fx_fy_cx_cy)
    assert torch.allclose(lens.resize(size).fov(), lens.fov())


@given(lens=lenses, seed=seeds)
def test_cropping_the_camera_is_cropping_the_picture(lens, seed):
    xy, _ = project(lens, points_ahead(seed))
    cropped, _ = project(lens.crop((3, 5, 20, 10)), points_ahead(seed))
    assert torch.allclose(cropped + torch.tensor([3.0, 5.0], dtype=torch.float64), xy)
    assert lens.crop((3, 5, 20, 10)).size_wh == (20, 10)


def test_a_crop_needs_an_area():
    with pytest.raises(ValueError, match="no area"):
        Intrinsics.from_fov(1.0, (10, 10)).crop((0, 0, 0, 5))


@given(fov=st.floats(0.1, 3.0), width=st.integers(1, 4000), height=st.integers(1, 4000))
def test_field_of_view_and_lens_are_consistent(fov, width, height):
    lens = Intrinsics.from_fov(fov, (width, height))
    assert float(lens.fov()[0]) == pytest.approx(fov)
    # The ray at the left edge leaves the axis by half of the field of view.
    assert math.atan((width / 2) / float(lens.fx_fy_cx_cy[0])) == pytest.approx(fov / 2)
    again = Intrinsics.from_focal_mm(lens.focal_mm(), (width, height))
    assert torch.allclose(again.fx_fy_cx_cy, lens.fx_fy_cx_cy)


def test_a_known_lens_has_the_known_angles():
    lens = Intrinsics.from_focal_mm(50.0, (3600, 2400))
    assert torch.rad2deg(lens.fov()).tolist() == pytest.approx([39.598, 26.991], abs=1e-3)
    assert float(lens.focal_mm()) == pytest.approx(50.0)
    assert lens.resize(NORMALISED).fx_fy_cx_cy.tolist() == pytest.approx([50 / 36, 50 / 24, 0.5, 0.5])


@pytest.mark.parametrize("fov", [0.0, math.pi, -1.0, math.nan])
def test_impossible_fields_of_view_are_refused(fov):
    with pytest.raises(ValueError, match="between 0 and pi"):
        Intrinsics.from_fov(fov, (10, 10))


@given(lens=lenses)
def test_matrix_form_is_lossless(lens):
    assert torch.equal(Intrinsics.from_matrix(lens.as_matrix(), lens.size_wh).fx_fy_cx_cy, lens.fx_fy_cx_cy)


@given(lens=lenses, seed=seeds)
def test_projection_is_the_matrix_product(lens, seed):
    points = points_ahead(seed)
    homogeneous = points @ lens.as_matrix().T
    xy, depth = project(lens, points)
    assert torch.allclose(xy, homogeneous[:, :2] / homogeneous[:, 2:])
    assert torch.equal(depth, points[:, 2])


@given(lens=st.builds(Intrinsics.from_fov, st.floats(0.5, 2.0), st.just((6, 4))), seed=seeds)
def test_unprojected_pixels_project_to_their_centres(lens, seed):
    trajectory = camera(lens, seed)
    depth = 0.5 + torch.rand(3, 4, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    world = unproject(trajectory, depth)
    in_camera = trajectory.T_world_cam.inverse()[:, None] @ world.reshape(3, -1, 3)
    xy, z = project(trajectory.intrinsics, in_camera)
    assert torch.allclose(xy.reshape(3, 4, 6, 2), pixel_centres((6, 4)).expand(3, 4, 6, 2), atol=1e-6)
    assert torch.allclose(z.reshape(depth.shape), depth)


def test_unknown_depth_gives_unknown_points_and_wrong_sizes_are_refused():
    trajectory = camera(Intrinsics.from_fov(1.0, (6, 4)), 0)
    depth = torch.ones(3, 4, 6, dtype=torch.float64)
    depth[1, 2, 3] = torch.nan
    assert unproject(trajectory, depth).isnan().any(-1).nonzero().tolist() == [[1, 2, 3]]
    with pytest.raises(ValueError, match="resize the camera"):
        unproject(trajectory, torch.ones(3, 5, 6, dtype=torch.float64))


def test_pixel_centres_are_at_a_half():
    assert pixel_centres((3, 2))[0, 0].tolist() == [0.5, 0.5]
    assert pixel_centres((3, 2))[1, 2].tolist() == [2.5, 1.5]
    lens = Intrinsics.from_fov(1.0, (5, 3))
    assert camera_rays(lens)[1, 2].tolist() == pytest.approx([0, 0, 1])  # the middle pixel looks along the axis


@given(seed=seeds)
def test_pluecker_lines_are_unit_perpendicular_and_hold_their_points(seed):
    trajectory = camera(Intrinsics.from_fov(1.2, (5, 4)), seed)
    moment, direction = pluecker(trajectory).movedim(1, -1).split(3, dim=-1)
    assert torch.allclose(direction.norm(dim=-1), torch.ones(3, 4, 5, dtype=torch.float64))
    assert torch.allclose((moment * direction).sum(-1), torch.zeros(3, 4, 5, dtype=torch.float64), atol=1e-12)
    # Any point of the line gives the same moment.
    points = unproject(trajectory, torch.full((3, 4, 5), 2.5, dtype=torch.float64))
    assert torch.allclose(torch.linalg.cross(points, direction), moment, atol=1e-9)
