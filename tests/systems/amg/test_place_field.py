"""Places as a field: where its rays end, and what is learnt of that from depth."""

import math

import numpy as np
import pytest
import torch

from kinoeye.systems.amg.film_checkpoint import WEIGHTS_FILE, load, save
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.place_data import place_rays
from kinoeye.systems.amg.place_field import PlaceField, PlaceFieldConfig
from kinoeye.systems.amg.place_shells import PlaceShells
from kinoeye.systems.amg.place_texels import GAIN, looked_up, on_cylinder
from kinoeye.systems.amg.rays import pixel_rays
from small_amg import SMALL, small_model

NEAREST_M = 10.0


def rays(count: int, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """From within the shells into all directions."""
    generator = torch.Generator().manual_seed(seed)
    origins = torch.randn(1, count, 3, generator=generator) * torch.tensor([3.0, 3.0, 0.3]) + torch.tensor([0, 0, 1.7])
    directions = torch.randn(1, count, 3, generator=generator) * torch.tensor([1.0, 1.0, 0.4])
    return origins.clamp(-6, 6), torch.nn.functional.normalize(directions, dim=-1)


def shells_with(opaque: int) -> PlaceShells:
    """Five shells, one of which nothing passes."""
    shells = PlaceShells(1, 5, (32, 8), (NEAREST_M, 30.0))
    with torch.no_grad():
        shells.opacity.fill_(-30.0 / GAIN)
        shells.opacity[:, opaque] = 30.0 / GAIN
    return shells


def test_rays_leave_cylinders_where_geometry_says():
    origins, directions = rays(200)
    at, height = on_cylinder(origins, directions, torch.tensor(12.0))
    azimuth = at[..., 0] * math.pi
    points = torch.stack([12 * azimuth.cos(), 12 * azimuth.sin(), height], dim=-1)
    along = torch.nn.functional.normalize(points - origins, dim=-1)
    torch.testing.assert_close(along, directions, atol=1e-4, rtol=1e-4)


def test_the_last_column_of_a_cylinder_touches_the_first():
    grid = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 2, 8).contiguous()
    seam = looked_up(grid, torch.tensor([[[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]), around=True)
    torch.testing.assert_close(seam[0, :, 0], torch.tensor([3.5, 3.5, 3.5]))


@pytest.mark.parametrize("opaque", [0, 2, 4])
def test_a_ray_ends_at_the_first_shell_that_nothing_passes(opaque):
    shells = shells_with(opaque)
    origins, directions = rays(100)
    directions[..., 2] = directions[..., 2].abs()
    reach = shells(torch.ones(1, 1), origins, directions)
    torch.testing.assert_close(reach.opacity, torch.ones(1, 100), atol=1e-3, rtol=0)
    torch.testing.assert_close(1 / reach.nearness, shells.radius_m[opaque].expand(1, 100), atol=0.05, rtol=0)


def test_nearer_shells_hide_farther_ones():
    shells = shells_with(3)
    with torch.no_grad():
        shells.opacity[:, 1] = 0.0  # half of everything passes
    origins, directions = rays(50)
    directions[..., 2] = directions[..., 2].abs()
    reach = shells(torch.ones(1, 1), origins, directions)
    expected = 0.5 / shells.radius_m[1] + 0.5 / shells.radius_m[3]
    torch.testing.assert_close(reach.nearness, expected.expand(1, 50), atol=2e-4, rtol=0)


def test_rays_that_miss_the_shells_have_the_colours_of_the_ground_alone():
    torch.manual_seed(0)
    field = PlaceField(SMALL)
    for parameter in field.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    origins, directions = rays(400)
    missed = field.shells.missed(origins, directions)[0]
    assert 20 < int(missed.sum()) < 380
    places, angles = torch.full((1, 12), 1 / 12), torch.full((1, 400), 0.01)
    whole = field(places, origins, directions, angles)[0]
    ground = field(places, origins, directions, angles, ground_alone=True)[0]
    assert torch.equal(whole[missed], ground[missed])
    assert not torch.allclose(whole[~missed], ground[~missed])


def test_a_film_is_painted_as_its_rays_are_one_by_one():
    model = small_model()
    T = torch.tensor([[1.0, 0, 0, 0], [0, 0, 1.0, -4.0], [0, -1.0, 0, 1.5]]).expand(2, 3, 3, 4).clone()
    T[1, :, 1, 3] = 2.0
    lens, places = torch.tensor([12.0, 12.0, 8.0, 8.0]).expand(2, 3, 4), torch.eye(12)[:2]
    flat = [part.flatten(1, 3) for part in vars(pixel_rays(T, lens, (16, 16))).values()]
    painted = model.backdrop(places, T, lens, (16, 16))
    torch.testing.assert_close(painted.flatten(1, 3), model.field(places, *flat))
    assert not torch.allclose(painted[0], painted[1])


def test_rays_of_a_world_end_where_its_props_stand():
    found = {PLACES[rays.place]: rays for rays in (place_rays(seed, 500, size_wh=(32, 32)) for seed in range(40))}
    assert len(found) > 8
    for name, ends in found.items():
        stands = ends.stands > 0
        assert (ends.nearness[~stands] == 0).all()
        radius = 1 / ends.nearness[stands]
        if name == "studio":
            assert not stands.any()
        elif stands.any():
            assert radius.min() > 9.0
            assert radius.max() < 40.0
        assert (np.abs(np.linalg.norm(ends.directions, axis=-1) - 1) < 1e-5).all()
    walled = found["checkerboard hall"]
    level = np.abs(walled.directions[:, 2]) < 0.05
    assert walled.stands[level].all()  # walls on all sides


def test_opacity_is_learnt_from_rays_with_known_ends():
    torch.manual_seed(0)
    shells, truth = PlaceShells(1, 5, (16, 4), (NEAREST_M, 30.0)), shells_with(2)
    origins, directions = rays(600)
    with torch.no_grad():
        true = truth(torch.ones(1, 1), origins, directions)
    optimizer = torch.optim.Adam(shells.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        reach = shells(torch.ones(1, 1), origins, directions)
        loss = (reach.opacity - true.opacity).square().mean() + 10 * (
            (reach.nearness - true.nearness) * true.opacity
        ).abs().mean()
        loss.backward()
        optimizer.step()
    up = directions[0, :, 2] > 0
    assert float((1 / reach.nearness.detach() - truth.radius_m[2])[0, up].abs().median()) < 1.0


def test_texels_are_kept_in_8_bits_and_paint_the_same(tmp_path):
    torch.manual_seed(0)
    field = PlaceFieldConfig(channels=2, ground_texels=64, wall_texels=(64, 16), shells=3, shell_texels=(32, 8))
    model = small_model(trained=True)
    model.field = PlaceField(field)
    model.field.ground.data += torch.randn_like(model.field.ground) / GAIN
    model.config.__dict__["field"] = field
    save(model, tmp_path)
    again = load(tmp_path)
    largest = float(model.field.ground.abs().max())
    assert 0 < float((again.field.ground - model.field.ground).abs().max()) <= largest / 127
    origins, directions = rays(300)
    angles, places = torch.full((1, 300), 0.01), torch.eye(12)[:1]
    difference = again.field(places, origins, directions, angles) - model.field(places, origins, directions, angles)
    assert float(difference.abs().max()) < 4 / 255
    texels = 12 * 2 * (64 * 64 + 64 * 16 + 64 * 16) + 12 * 3 * 32 * 8
    others = sum(value.numel() for value in model.state_dict().values()) - texels
    assert (tmp_path / WEIGHTS_FILE).stat().st_size < texels + 2 * others + 2 * model.codec.basis.numel() + 20_000
