"""Actors with skinned bodies are cast, perform along their tracks, and are filmed with truth in every layer."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from kinoeye.base.errors import InputError
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render import render
from kinoeye.shot import Actor, Shot, SkinnedAvatar
from kinoeye.shot.bodies.casting import cast_body, perform
from kinoeye.shot.bodies.motions import Cue

RED = (0.8, 0.1, 0.1)
TIMES = torch.arange(0, 2, 0.25, dtype=torch.float64)


def walk(speed: float, *, x: float = 0.0, y: float = 0.0) -> Track:
    """Straight ahead along x."""
    places = torch.stack([x + speed * TIMES, torch.full_like(TIMES, y), torch.zeros_like(TIMES)], dim=1)
    facing = SO3.exp(torch.zeros(len(TIMES), 3, dtype=torch.float64))
    return Track(SE3.from_parts(facing, places), TIMES)


def still(track: Track) -> Track:
    return Track(track.T_world_body[:1], track.times_s[:1])


def actor(name: str, avatar: SkinnedAvatar, track: Track) -> Actor:
    size = {"adult": (0.5, 1.1, 1.8), "dog": (1.0, 0.25, 0.6), "car": (4.0, 1.8, 1.4)}[avatar.body]
    return Actor(name=name, prompt=name, category="agent", size_xyz=size, track=track, avatar=avatar)


@pytest.fixture
def shot() -> Shot:
    """A camera 7 m to the right of three who go past it, looking across their way (+y)."""
    looks = torch.tensor([[1.0, 0, 0, 1.0], [0, 0, 1.0, -7.0], [0, -1.0, 0, 1.0], [0, 0, 0, 1.0]], dtype=torch.float64)
    focal = Intrinsics(torch.tensor([100.0, 100, 64, 48], dtype=torch.float64), (128, 96))
    camera = Trajectory(Track(SE3.from_matrix(looks.expand(len(TIMES), 4, 4).clone()), TIMES), focal)
    return Shot(
        camera=camera,
        actors=(
            actor("man", SkinnedAvatar(body="adult", color_rgb=RED, clothes="a green shirt"), walk(1.2)),
            actor("dog", SkinnedAvatar(body="dog", color_rgb=RED), walk(1.2, x=-1.5, y=-1.5)),
            actor("car", SkinnedAvatar(body="car", color_rgb=RED), still(walk(0.0, y=4.0))),
        ),
        seed=3,
    )


def test_they_are_seen_where_their_tracks_are_and_as_tall_as_their_boxes(shot: Shot):
    take = render(shot, layers=("instance", "depth", "part"))
    ids = take.layers["instance"].values
    assert set(np.unique(ids)) == {0, 1, 2, 3}
    for frame, time in enumerate(TIMES.tolist()):
        rows, columns = np.nonzero(ids[frame] == 1)
        assert columns.mean() == pytest.approx(64 + 100 * (1.2 * time - 1.0) / 7.0, abs=4)
        assert np.ptp(rows) == pytest.approx(100 * 1.8 / 7.0, abs=3)
    depth = take.layers["depth"].values
    assert np.median(depth[ids == 1]) == pytest.approx(7.0, abs=0.2)
    assert np.median(depth[ids == 2]) == pytest.approx(5.5, abs=0.2)
    assert len(np.unique(take.layers["part"].values[ids == 1])) > 8


def test_legs_move_with_the_way_and_rest_without(shot: Shot):
    body, walking = perform(shot.actors[0], shot.actors[0].avatar, TIMES.numpy())  # type: ignore[arg-type]
    standing = replace(shot.actors[0], track=still(shot.actors[0].track))
    _, resting = perform(standing, standing.avatar, TIMES.numpy())  # type: ignore[arg-type]
    shin = body.skeleton.index("LeftLeg")
    assert np.ptp(walking[:, shin, 0, 0]) > 0.1
    assert np.ptp(resting[:, shin, 0, 0]) < 0.01


def test_a_cue_raises_the_hand(shot: Shot):
    standing = replace(shot.actors[0], track=still(shot.actors[0].track))
    waving = replace(standing, avatar=SkinnedAvatar(body="adult", color_rgb=RED, cues=(Cue(start_s=0.2, name="wave"),)))
    heights = []
    for each in (standing, waving):
        body, joints = perform(each, each.avatar, TIMES.numpy())  # type: ignore[arg-type]
        hand = body.skeleton.index("RightHand")
        place = joints[:, hand, :, :3] @ body.skeleton.heads[hand] + joints[:, hand, :, 3]
        heights.append(place[:, 2].max())
    assert heights[1] > heights[0] + 0.5


def test_flow_takes_each_body_onto_itself(shot: Shot):
    take = render(shot, layers=("instance", "flow"))
    ids, flow = take.layers["instance"].values, take.layers["flow"].values
    for frame in range(len(TIMES) - 1):
        cross = ndimage.generate_binary_structure(2, 1)
        rows, columns = np.nonzero(ndimage.binary_erosion(ids[frame] == 2, cross))
        column, row = (np.stack([columns + 0.5, rows + 0.5], axis=1) + flow[frame][rows, columns]).astype(int).T
        shown = (column >= 0) & (column < 128) & (row >= 0) & (row < 96)
        body = ndimage.binary_dilation(ids[frame + 1] == 2, cross)
        assert body[row[shown], column[shown]].mean() == 1, frame


def test_a_shot_keeps_its_bodies_in_its_file(shot: Shot, tmp_path: Path):
    cued = replace(shot.actors[0], avatar=SkinnedAvatar(body="adult", color_rgb=RED, cues=(
        Cue(start_s=0.5, name="wave", parameters={"side": "left"}),)))  # fmt: skip
    replace(shot, actors=(cued, *shot.actors[1:])).save(tmp_path / "shot.json")
    again = Shot.load(tmp_path / "shot.json")
    assert [found.avatar for found in again.actors] == [cued.avatar, *(found.avatar for found in shot.actors[1:])]
    (tmp_path / "shot.json").write_text((tmp_path / "shot.json").read_text().replace('"adult"', '"adlut"'))
    with pytest.raises(InputError, match="'adult', 'dog', 'car'"):
        Shot.load(tmp_path / "shot.json")


def test_clothes_colour_the_regions_that_they_cover():
    plain, told = (cast_body("adult", RED, clothes, 1.7) for clothes in ("", "a green shirt"))
    torso = plain.regions["torso"]
    assert np.abs(plain.colors_rgb[torso] / 255 - RED).max() < 0.01
    assert (told.colors_rgb[torso][:, 1] > told.colors_rgb[torso][:, 0]).all()
    assert math.isclose(told.size_xyz[2], 1.7)


@pytest.mark.parametrize(
    ("avatar", "message"),
    [
        (SkinnedAvatar(body="adult", color_rgb=RED, clothes="a blorped shirt"), "'blorped' of the clothes"),
        (SkinnedAvatar(body="car", color_rgb=RED, cues=(Cue(start_s=0.0, name="wave"),)), "a car cannot be cued"),
        (SkinnedAvatar(body="dog", color_rgb=RED, cues=(Cue(start_s=0.0, name="wave"),)), "four-legged body cannot"),
    ],
)
def test_what_a_body_cannot_do_is_refused(shot: Shot, avatar: SkinnedAvatar, message: str):
    with pytest.raises(InputError, match=message):
        render(replace(shot, actors=(actor("it", avatar, walk(1.0)),)))
