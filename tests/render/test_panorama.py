"""A picture all around: where it shows what, what light it gives, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from render_scenes import actor, body, camera, look_at

from kinoeye.base.errors import InputError
from kinoeye.footage import Take
from kinoeye.render import render
from kinoeye.render.color import linear_to_bytes
from kinoeye.render.panorama import surroundings
from kinoeye.shot import Environment, Ground, Shot
from kinoeye.shot.environment import Panorama

EYE = (0.3, -0.2, 1.5)


def directions(height: int) -> NDArray[np.float64]:
    """Unit directions [h, 2 h, 3] of an equirectangular picture's pixels: +x in the middle, +y left of it."""
    azimuth = (0.5 - (np.arange(2 * height) + 0.5) / (2 * height)) * 2 * math.pi
    elevation = (0.5 - (np.arange(height) + 0.5) / height)[:, None] * math.pi
    up = np.broadcast_to(np.sin(elevation), (height, 2 * height))
    return np.stack([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), up], axis=-1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """The direction itself as a colour, so that every pixel says where it is."""
    colors = np.rint((directions(256) * 0.5 + 0.5) * 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "all around.png"), colors[..., ::-1])
    return tmp_path / "all around.png"


def filmed(
    environment: Environment,
    target=(5.0, 1.0, 1.6),
    *,
    actors=(),
    backend: Literal["fast", "reference"] = "fast",
    **options: Any,
) -> Take:
    film = camera([look_at(EYE, target)] * 2, size_wh=(40, 30), fov_deg=50)
    return render(Shot(camera=film, actors=actors, environment=environment), backend=backend, **options)


@pytest.mark.parametrize("turn", [0.0, 70.0, -200.0])
def test_each_pixel_of_the_sky_shows_its_direction(picture: Path, turn: float):
    environment = surroundings(picture, turn_deg=turn)
    take = filmed(environment, target=(5.0, 1.0, 6.0))
    film = take.cameras["truth"]
    x, y = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    K, R = film.intrinsics.fx_fy_cx_cy[0].numpy(), film.T_world_cam.as_matrix()[0, :3, :3].numpy()
    ray = np.stack([(x - K[2]) / K[0], (y - K[3]) / K[1], np.ones_like(x)], axis=-1) @ R.T
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    c, s = math.cos(math.radians(-turn)), math.sin(math.radians(-turn))
    turned = ray @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    seen = take.rgb.values[0] / 255 * 2 - 1
    assert np.isinf(take.layers["depth"].values[0]).all()
    assert np.abs(seen - turned).max() < 0.04


def test_a_ground_point_shows_what_was_seen_from_where_the_picture_was_taken(picture: Path):
    environment = surroundings(picture, height_m=2.0)
    for eye in ((0.0, 0.0, 3.0), (1.5, -2.0, 0.9)):
        film = camera([look_at(eye, (4.0, 1.0, 0.0))] * 2, size_wh=(41, 31), fov_deg=20)
        middle = render(Shot(camera=film, environment=environment)).rgb.values[0, 15, 20] / 255 * 2 - 1
        toward = np.array([4.0, 1.0, -2.0]) / math.sqrt(21.0)
        assert middle == pytest.approx(toward, abs=0.04)


def test_both_renderers_agree_and_actors_cast_their_shadow_on_it(picture: Path):
    box = actor("box", [body(4.0, 0.8)] * 2, (1.0, 1.0, 1.0), color_rgb=(0.8, 0.2, 0.2))
    high = replace(surroundings(picture), sun=replace(surroundings(picture).sun, elevation_deg=50.0, azimuth_deg=290.0))
    layers = ("instance", "shadow")
    fast, plain = (
        filmed(high, (4.0, 0.8, 0.2), actors=(box,), backend=each, layers=layers, samples=2)
        for each in ("fast", "reference")
    )
    assert (np.abs(fast.rgb.values.astype(int) - plain.rgb.values) <= 1).mean() > 0.999
    dark = (fast.layers["shadow"].values > 0) & (fast.layers["instance"].values == 0)
    bare = filmed(high, (4.0, 0.8, 0.2), layers=layers)
    assert dark.sum() > 20
    assert (fast.rgb.values[dark].astype(int) <= bare.rgb.values[dark]).all()
    assert fast.rgb.values[dark].mean() < 0.85 * bare.rgb.values[dark].mean()


def test_the_sun_of_an_hdr_picture_lights_the_shot(tmp_path: Path):
    toward = directions(128)
    sun_xyz = np.array([math.cos(0.6) * math.cos(2.0), math.cos(0.6) * math.sin(2.0), math.sin(0.6)])
    light = np.full((128, 256, 3), 0.2, np.float32)
    light[toward[..., 2] < 0] = 0.1
    light[toward @ sun_xyz > math.cos(0.03)] = (900.0, 800.0, 600.0)
    assert cv2.imwrite(str(tmp_path / "noon.hdr"), light[..., ::-1])
    environment = surroundings(tmp_path / "noon.hdr")
    assert np.array(environment.sun.direction_xyz()) @ sun_xyz > math.cos(0.03)
    assert environment.sun.color_rgb[0] > environment.sun.color_rgb[2] + 0.1
    disc = (toward @ sun_xyz > math.cos(0.03)) * np.cos((0.5 - (np.arange(128) + 0.5) / 128) * math.pi)[:, None]
    assert isinstance(environment.sky, Panorama)
    irradiance = 900.0 * disc.sum() * (math.pi / 128) ** 2 * 2**environment.sky.exposure_ev / math.pi
    assert environment.sun.strength == pytest.approx(min(irradiance, 8.0), rel=0.1)
    dull = light.copy()
    dull[toward @ sun_xyz > math.cos(0.03)] = 0.25
    cv2.imwrite(str(tmp_path / "dull.hdr"), dull)
    assert surroundings(tmp_path / "dull.hdr").sun.strength == 0


def test_exposure_brings_dark_pictures_up(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "dark.hdr"), np.full((64, 128, 3), 0.003, np.float32))
    sky = filmed(surroundings(tmp_path / "dark.hdr"), target=(5.0, 1.0, 9.0)).rgb.values
    assert np.abs(sky.astype(int) - int(linear_to_bytes(0.30))).max() <= 2


def test_a_shot_file_keeps_it_and_another_picture_is_refused(picture: Path, tmp_path: Path):
    shot = Shot(camera=camera([look_at(EYE, (5.0, 1.0, 1.6))] * 2), environment=surroundings(picture))
    shot.save(tmp_path / "shot.json")
    assert Shot.load(tmp_path / "shot.json").environment == shot.environment
    cv2.imwrite(str(picture), np.zeros((64, 128, 3), np.uint8))
    with pytest.raises(InputError, match="not the picture that this shot was made for"):
        render(shot)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"no picture", "no picture that can be read"),
        (np.zeros((64, 64, 3), np.uint8), "64x64; a panorama is equirectangular, twice as wide as high"),
        (np.full((32, 64, 3), np.nan, np.float32), "NaN"),
    ],
)
def test_what_is_no_panorama_is_refused_in_a_line(tmp_path: Path, content, message: str):
    path = tmp_path / ("a.tiff" if isinstance(content, np.ndarray) and content.dtype == np.float32 else "a.png")
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        cv2.imwrite(str(path), content)
    with pytest.raises(InputError, match=message) as error:
        surroundings(path)
    assert "\n" not in str(error.value)


def test_a_pictured_ground_needs_the_picture():
    environment = Environment(ground=Ground(pattern="panorama"))
    with pytest.raises(InputError, match="give the environment a Panorama"):
        filmed(environment)
    assert not isinstance(environment.sky, Panorama)
