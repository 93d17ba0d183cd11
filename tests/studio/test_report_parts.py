"""The scene, plots, meshes and layer sheets that a report is made of."""

from __future__ import annotations

import math
import re
import threading

import cv2
import numpy as np
import pytest
import torch

from kinoeye.footage import Take
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.language import KINDS, Action, Plan
from kinoeye.shot import SHAPES, Actor, Avatar, Shot, SkinnedAvatar
from kinoeye.studio.actor_meshes import mesh_parts
from kinoeye.studio.layer_sheets import layer_sheets
from kinoeye.studio.moves import FAMILIES, MoveSpan, action_words, move_spans
from kinoeye.studio.plots import line_plot, rotation_curve, speed_curve
from kinoeye.studio.scene_page import scene_html


def turning_camera(*, speed: float, turn: float, start_s: float = 0.0) -> Trajectory:
    """Moves along x at `speed` and turns about z at `turn` radians per second for two seconds."""
    times = torch.linspace(0, 2, 21).double()
    half = times * turn / 2
    zero = torch.zeros_like(times)
    poses = SE3(torch.stack([half.cos(), zero, zero, half.sin(), times * speed, zero, zero], dim=-1))
    return Trajectory(Track(poses, times + start_s), Intrinsics.from_fov(1.0, (64, 48)))


def test_curves_are_speeds_between_poses():
    camera = turning_camera(speed=1.5, turn=math.radians(30))
    speed, rotation = speed_curve(camera, "red"), rotation_curve(camera, "red")
    np.testing.assert_allclose(speed.values, 1.5)
    np.testing.assert_allclose(rotation.values, 30.0)
    np.testing.assert_allclose(speed.times_s, np.arange(20) / 10 + 0.05)


def test_a_plot_is_deterministic_and_follows_the_page():
    curve = speed_curve(turning_camera(speed=1.0, turn=0.0), "var(--intended)")
    svgs = [
        line_plot({"speed": curve}, unit="m/s", span_s=(0, 2), bounds_s=[1.0], name=name) for name in ("a", "a", "b")
    ]
    assert svgs[0] == svgs[1]
    assert "stroke: var(--intended)" in svgs[0]
    assert "currentColor" in svgs[0]
    assert not re.findall(r"#[0-9a-f]{6}\b", svgs[0])
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in svgs]
    assert not ids[0] & ids[2]
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svgs[0]))
    assert {a or b for a, b in used} <= ids[0]


def test_moves_start_when_the_camera_does(plan: Plan):
    camera = turning_camera(speed=1.0, turn=0.5, start_s=7.0)
    spans = move_spans(plan, camera)
    assert (spans[0].start_s, spans[-1].end_s) == pytest.approx((7.0, 9.0))
    assert sum(span.travel for span in spans) == pytest.approx(2.0)
    assert sum(span.turn_rad for span in spans) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_action_has_a_colour_and_words(kind: str, plan: Plan):
    action = Action(kind, KINDS[kind].directions[0])
    assert action_words(action).startswith(kind.replace("dolly_zoom", "dolly-zoom").replace("_", " "))
    assert MoveSpan((action,), 0.0, 1.0, 0.0, 0.0).families[0] in FAMILIES


@pytest.mark.parametrize("shape", SHAPES)
def test_the_parts_of_an_actor_fill_its_box(shape: str):
    size = (0.6, 0.9, 1.7)
    pose = SE3(torch.tensor([[math.cos(0.4), 0.0, 0.0, math.sin(0.4), 1.0, 2.0, 0.0]]).double())
    actor = Actor(
        name="it", prompt="", size_xyz=size, track=Track(pose, torch.zeros(1).double()),
        avatar=Avatar(shape=shape, color_rgb=(0.8, 0.1, 0.1)),
    )  # fmt: skip
    parts = mesh_parts(Shot(camera=turning_camera(speed=1.0, turn=0.0), actors=(actor,)))
    assert all(np.allclose(p.R_world_part.swapaxes(1, 2) @ p.R_world_part, np.eye(3)) for p in parts)
    world = np.concatenate([p.vertices @ p.R_world_part[0].T + p.position[0] for p in parts])
    body = (pose[0].inverse() @ torch.from_numpy(world)).numpy()
    low, high = np.array([-0.3, -0.45, 0.0]), np.array([0.3, 0.45, 1.7])
    assert (body >= low - 1e-9).all()
    assert (body <= high + 1e-9).all()
    # A mesh of a round solid stays a little inside it.
    np.testing.assert_allclose(body.min(0), low, atol=0.01)
    np.testing.assert_allclose(body.max(0), high, atol=0.01)


def test_meshes_face_outwards():
    camera = turning_camera(speed=1.0, turn=0.0)
    for shape in SHAPES:
        track = Track(SE3.identity(1), torch.zeros(1).double())
        actor = Actor(
            name="it", prompt="", size_xyz=(1, 1, 1), track=track, avatar=Avatar(shape=shape, color_rgb=(1, 0, 0))
        )
        for part in mesh_parts(Shot(camera=camera, actors=(actor,))):
            a, b, c = (part.vertices[part.faces[:, i]] for i in range(3))
            outward = np.cross(b - a, c - a) * ((a + b + c) / 3 - part.vertices.mean(0))
            assert (outward.sum(-1) >= -1e-12).all(), shape


def test_the_scene_is_made_in_silence_and_leaves_nothing_running(
    shot: Shot, guide: Take, capfd: pytest.CaptureFixture[str]
):
    before = set(threading.enumerate())
    html = scene_html(shot, guide=guide)
    assert capfd.readouterr() == ("", "")
    assert set(threading.enumerate()) <= before
    assert html.count("__VISER_EMBED_DATA__=") == 1


@pytest.mark.parametrize("T_world_cam", [[0.0, 0.0, 0.0], [1e4, -2e4, 3e3], [1e-4, 0.0, 0.0]])
def test_a_scene_of_any_size_and_a_camera_that_stands_still_are_shown(T_world_cam: list[float]):
    times = torch.tensor([0.0, 0.5, 1.0]).double()
    poses = SE3(torch.tensor([[1.0, 0.0, 0.0, 0.0, *T_world_cam]]).double().repeat(3, 1))
    camera = Trajectory(Track(poses, times, "arbitrary"), Intrinsics.from_fov(1.0, (64, 48)))
    assert "</html>" in scene_html(Shot(camera=camera))


def test_an_actor_without_a_look_is_shown_as_its_box(shot: Shot):
    planned = Actor(name="ghost", prompt="", size_xyz=(1, 1, 1), track=shot.actors[0].track)
    with_box, without = scene_html(Shot(camera=shot.camera, actors=(planned,))), scene_html(Shot(camera=shot.camera))
    assert len(with_box) != len(without)


def test_sheets_hold_each_moment_of_depth_and_instances(shot: Shot, guide: Take):
    sheets = {sheet.name: sheet for sheet in layer_sheets(guide, shot)}
    assert set(sheets) == {"depth", "instance"}
    sheet = sheets["instance"]
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    height, width = image.shape[0] // sheet.rows, image.shape[1] // sheet.columns
    last = sheet.tiles - 1
    row, column = divmod(last, sheet.columns)
    tile = image[row * height : (row + 1) * height, column * width : (column + 1) * width]
    ids = guide.layers["instance"].values[-1]
    assert tile.shape[:2] == ids.shape
    red = (np.abs(tile.astype(int) - [209, 41, 36]).max(-1) < 40) == (ids == 1)
    assert red.mean() > 0.95


def test_a_skinned_body_is_in_rigid_pieces_that_stand_where_it_stands():
    camera = turning_camera(speed=1.0, turn=0.0)
    pose = SE3.from_matrix(torch.eye(4, dtype=torch.float64)[None])
    actor = Actor(
        name="man", prompt="a man", size_xyz=(0.5, 1.1, 1.8), track=Track(pose, torch.zeros(1, dtype=torch.float64)),
        avatar=SkinnedAvatar(body="adult", color_rgb=(0.8, 0.1, 0.1)),
    )  # fmt: skip
    parts = mesh_parts(Shot(camera=camera, actors=(actor,)))
    world = np.concatenate([part.vertices @ part.R_world_part[0].T + part.position[0] for part in parts])
    assert 25 < len(parts) < 120
    assert world[:, 2].min() == pytest.approx(0.0, abs=0.03)
    assert world[:, 2].max() == pytest.approx(1.8, abs=0.05)
    assert 2_000 < sum(len(part.faces) for part in parts) < 15_000
    turns = np.stack([part.R_world_part for part in parts])
    assert np.abs(turns @ turns.swapaxes(-1, -2) - np.eye(3)).max() < 1e-6
