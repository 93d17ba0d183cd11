import math

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation

from kinoeye.render import render, world
from kinoeye.systems.amg.avatar_maps import cast_on_ground, surfaces, world_points
from kinoeye.systems.amg.data import avatar_films, pair_camera
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.pairs import avatar_pair
from kinoeye.systems.amg.rays import ground_hits, pixel_rays

SIZE = (96, 72)


@pytest.fixture(scope="module")
def shot():
    return world("train", 3, num_frames=FRAMES, fps=FPS, size_wh=SIZE, distribution="worlds-v1-people")


@pytest.fixture(scope="module")
def pair(shot):
    return avatar_pair(shot, "train")


@pytest.fixture(scope="module")
def truth(shot):
    return render(shot, layers=("depth", "normals"))


def test_rays_meet_what_the_renderer_sees(shot, pair, truth):
    rays = pixel_rays(*pair_camera(pair), SIZE)
    depth = torch.from_numpy(truth.layers["depth"].values)[None]
    forward = torch.from_numpy(pair.T_world_cam)[None, :, :, 2]
    along = torch.einsum("bfhwi,bfi->bfhw", rays.directions, forward)
    points = rays.origins + rays.directions * (depth / along)[..., None]
    on_ground = (points[..., 2].abs() < 1e-3) & (depth < 100)
    assert float(on_ground.float().mean()) > 0.2
    distance, hit = ground_hits(rays.origins, rays.directions, farthest_m=200.0)
    torch.testing.assert_close(hit[on_ground], points[on_ground][:, :2], atol=0.02, rtol=1e-3)
    torch.testing.assert_close(distance[on_ground], (depth / along)[on_ground], atol=0.02, rtol=1e-3)
    middle = rays.angles[0, 0, SIZE[1] // 2, SIZE[0] // 2 - 1 : SIZE[0] // 2 + 1].mean()
    between = rays.directions[0, 0, SIZE[1] // 2, SIZE[0] // 2 - 1] @ rays.directions[0, 0, SIZE[1] // 2, SIZE[0] // 2]
    assert math.isclose(float(middle), math.acos(float(between)), rel_tol=0.02)


def test_the_sun_meets_surfaces_as_their_normals_say(shot, pair, truth):
    avatars = avatar_films([pair])
    sun = torch.tensor([shot.environment.sun.direction_xyz()])
    points = world_points(avatars.nearness, avatars.T_world_cam, avatars.fx_fy_cx_cy)
    eyes = avatars.T_world_cam[..., 3]
    stand = surfaces(points, avatars.nearness, eyes, sun)[0].numpy()
    found = stand[..., 0]
    to_camera = np.einsum("fij,i->fj", pair.T_world_cam[:, :, :3], sun[0].numpy())
    true = np.einsum("fhwi,fi->fhw", np.nan_to_num(truth.layers["normals"].values), to_camera)
    inside = pair.person > 0
    assert np.corrcoef(found[inside], true[inside])[0, 1] > 0.7
    turned = surfaces(points, avatars.nearness, eyes, -sun)[0, ..., 0].numpy()
    assert np.corrcoef(turned[inside], true[inside])[0, 1] < -0.7
    same = stand[inside][:, 2] == avatars.nearness[0].numpy()[inside]
    assert same.mean() > 0.9  # a pixel without neighbours has no normal, and the mean of what is around it
    touched = np.asarray(binary_dilation(inside, np.ones((1, 3, 3))), bool)
    assert stand[touched & ~inside].any()
    assert not stand[~touched].any()


def test_cast_shadows_lie_where_the_renderer_lays_them(shot, pair):
    avatars = avatar_films([pair])
    points = world_points(avatars.nearness, avatars.T_world_cam, avatars.fx_fy_cx_cy)

    def overlap(sun_xyz):
        sun = torch.tensor([sun_xyz])
        cast = cast_on_ground(points, avatars.T_world_cam, avatars.fx_fy_cx_cy, sun)[0].numpy() > 0.5
        cast &= pair.alpha == 0
        return (cast & pair.cast).sum() / max((cast | pair.cast).sum(), 1)

    x, y, z = shot.environment.sun.direction_xyz()
    assert overlap((x, y, z)) > 0.45
    assert overlap((-x, -y, z)) < 0.5 * overlap((x, y, z))
    assert overlap((x, y, z)) > 2 * overlap((y, -x, z))
