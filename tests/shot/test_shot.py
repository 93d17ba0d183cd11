from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.shot import Actor, Avatar, Environment, Ground, Shot

TIMES = torch.linspace(0, 2, 5, dtype=torch.float64)


def camera(unit="m") -> Trajectory:
    generator = torch.Generator().manual_seed(7)
    pose = SE3.exp(torch.randn(5, 6, generator=generator, dtype=torch.float64))
    fov = torch.linspace(0.8, 1.0, 5, dtype=torch.float64)
    return Trajectory(Track(pose, TIMES, unit), Intrinsics.from_fov(fov, (64, 48)))


def actor(name="red robot") -> Actor:
    avatar = Avatar(shape="robot", color_rgb=(0.8, 0.1, 0.1), gait="walk")
    track = Track(SE3.identity(5), TIMES)
    return Actor(
        name=name, prompt="a red robot", category="agent", size_xyz=(0.4, 0.7, 1.7), track=track, avatar=avatar
    )


def full_shot() -> Shot:
    environment = Environment(name="moor", prompt="a foggy moor", ground=Ground(pattern="noise"), fog_per_m=0.05)
    plain = Actor(name="box", prompt="a box", size_xyz=(1, 1, 1), track=Track(SE3.identity(1), TIMES[:1]))
    return Shot(camera=camera(), actors=(actor(), plain), environment=environment, prompt="hello", seed=3)


def test_a_shot_is_valid_with_a_camera_alone():
    shot = Shot(camera=camera())
    assert shot.actors == ()
    assert shot.environment == Environment()


def test_shots_survive_their_file(tmp_path: Path):
    shot = full_shot()
    shot.save(tmp_path / "shot.json")
    for loaded in (Shot.load(tmp_path / "shot.json"), Shot.load(tmp_path)):
        torch.testing.assert_close(
            loaded.camera.T_world_cam.as_matrix(), shot.camera.T_world_cam.as_matrix(), rtol=0, atol=1e-15
        )
        assert torch.equal(loaded.camera.intrinsics.fx_fy_cx_cy, shot.camera.intrinsics.fx_fy_cx_cy)
        assert torch.equal(loaded.camera.times_s, shot.camera.times_s)
        assert (loaded.environment, loaded.prompt, loaded.seed) == (shot.environment, shot.prompt, shot.seed)
        assert [a.avatar for a in loaded.actors] == [a.avatar for a in shot.actors]
        assert [a.size_xyz for a in loaded.actors] == [a.size_xyz for a in shot.actors]


def test_saving_what_was_loaded_writes_the_same_bytes(tmp_path: Path):
    full_shot().save(tmp_path / "a.json")
    Shot.load(tmp_path / "a.json").save(tmp_path / "b.json")
    first, second = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    assert first.keys() == second.keys()
    assert first["environment"] == second["environment"]


def test_a_shot_is_written_as_json_or_into_a_folder_that_exists(tmp_path: Path):
    shot = Shot(camera=camera())
    shot.save(tmp_path)
    assert Shot.load(tmp_path).seed == shot.seed
    with pytest.raises(InputError, match=r"shot\.usda is no name for a shot.*end it in \.json") as refused:
        shot.save(tmp_path / "shot.usda")
    assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="name a folder that exists"):
        shot.save(tmp_path / "nowhere")
    assert [file.name for file in tmp_path.iterdir()] == ["shot.json"]


def test_mask_ids_count_from_one():
    shot = full_shot()
    assert (shot.mask_id("red robot"), shot.mask_id("box")) == (1, 2)
    with pytest.raises(InputError, match="no actor 'dog'; its actors: 'red robot', 'box'"):
        shot.mask_id("dog")


def test_names_are_unique_and_an_unscaled_camera_shares_no_scene():
    with pytest.raises(ValueError, match="unique"):
        Shot(camera=camera(), actors=(actor(), actor()))
    with pytest.raises(ValueError, match="arbitrary scale"):
        Shot(camera=camera("arbitrary"), actors=(actor(),))
    assert Shot(camera=camera("arbitrary")).camera.track.unit == "arbitrary"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d.pop("camera"), "lacks 'camera'"),
        (lambda d: d.update(actorz=[]), "did you mean 'actors'"),
        (lambda d: d.update(version=99), "version 99"),
        (lambda d: d["camera"]["T_world_cam"][2][0].__setitem__(0, 5.0), "not a rigid transform"),
        (lambda d: d["camera"]["T_world_cam"][2][0].__setitem__(0, None), "not a rigid transform"),
        (lambda d: d["camera"].update(times_s=[0, 0, 1, 2, 3]), "increase strictly"),
        (lambda d: d["camera"].update(times_s=[0, 1]), "5 is needed"),
        (lambda d: d["actors"][0].update(size_xyz=[0, 1, 1]), "box with a volume"),
        (lambda d: d["actors"][0]["avatar"].update(shape="dragon"), "'dragon'; allowed: 'robot'"),
        (lambda d: d.update(actors=3), "actors is a number; a list is needed"),
    ],
)
def test_a_damaged_shot_is_one_line(tmp_path: Path, damage, message: str):
    full_shot().save(tmp_path / "shot.json")
    data = json.loads((tmp_path / "shot.json").read_text())
    damage(data)
    (tmp_path / "shot.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=message) as caught:
        Shot.load(tmp_path / "shot.json")
    assert "\n" not in str(caught.value)


def test_the_sun_points_where_its_angles_say():
    x, y, z = Environment().sun.direction_xyz()
    assert math.isclose(x * x + y * y + z * z, 1)
    assert math.isclose(math.degrees(math.asin(z)), Environment().sun.elevation_deg)
    assert math.isclose(math.degrees(math.atan2(y, x)), Environment().sun.azimuth_deg)
