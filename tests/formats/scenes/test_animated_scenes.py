"""Filmed scenes as GLB and USD: what is written is what was filmed, by our readers and by those of the standards."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, read_paths
from kinoeye.formats.containers import usda_scanner
from kinoeye.formats.containers.gltf import read_gltf
from kinoeye.formats.containers.gltf_nodes import world_transforms
from kinoeye.formats.scenes import (
    AnimatedScene,
    RiggedBody,
    read_gltf_body,
    read_usd_bodies,
    write_glb_scene,
    write_usd_scene,
)
from kinoeye.formats.scenes.glb import GLTF_FROM_WORLD
from kinoeye.geometry.convention import axes_matrix
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot import Actor, Avatar, Shot, SkinnedAvatar
from kinoeye.shot.bodies import Skeleton, skin
from kinoeye.shot.bodies.sampling import transforms_at
from kinoeye.shot.environment import Environment, Prop
from kinoeye.studio.report import Report
from kinoeye.studio.scene_files import animated_scene

FRAMES = (0, 3, 7)
TIMES = torch.arange(8, dtype=torch.float64) / 12


def walk(x: float, y: float, yaw: float) -> Track:
    """Straight ahead at 1.2 m/s, from a place."""
    facing = SO3.exp(torch.tensor([[0.0, 0.0, yaw]], dtype=torch.float64).expand(len(TIMES), 3))
    ahead = 1.2 * TIMES
    places = torch.stack([x + math.cos(yaw) * ahead, y + math.sin(yaw) * ahead, torch.zeros_like(TIMES)], dim=1)
    return Track(SE3.from_parts(facing, places), TIMES)


def actor(name: str, avatar: Avatar | SkinnedAvatar, track: Track, size: tuple[float, float, float]) -> Actor:
    return Actor(name=name, prompt=name, category="agent", size_xyz=size, track=track, avatar=avatar)


@pytest.fixture(scope="module")
def shot() -> Shot:
    """A man and a robot walk; the camera turns and zooms."""
    turn = SO3.exp(torch.stack([torch.zeros_like(TIMES), 0.3 * TIMES, torch.zeros_like(TIMES)], dim=1))
    level = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]], dtype=torch.float64)
    level = SO3.from_matrix(level.expand(len(TIMES), 3, 3))
    eye = torch.stack([0.2 * TIMES, torch.full_like(TIMES, -6.0), 1.5 + 0.1 * TIMES], dim=1)
    focal = 100 + 60 * TIMES
    lens = torch.stack([focal, focal, torch.full_like(TIMES, 64.0), torch.full_like(TIMES, 48.0)], dim=1)
    blue = (0.1, 0.2, 0.8)
    return Shot(
        camera=Trajectory(Track(SE3.from_parts(level @ turn, eye), TIMES), Intrinsics(lens, (128, 96))),
        actors=(
            actor("the man", SkinnedAvatar(body="adult", color_rgb=blue), walk(1.0, 0.5, 0.7), (0.5, 1.1, 1.8)),
            actor("robot", Avatar(shape="robot", color_rgb=blue, gait="walk"), walk(-1.0, 1.0, 2.0), (0.7, 0.9, 1.6)),
        ),
        environment=Environment(
            props=(Prop(shape="cone", position_xy=(3.0, 4.0), size_xyz=(1.0, 1.0, 3.0), color_rgb=(0, 1, 0)),)
        ),
    )


@pytest.fixture(scope="module")
def scene(shot: Shot) -> AnimatedScene:
    return animated_scene(Report(shot=shot))[0]


@pytest.fixture(scope="module")
def glb(scene: AnimatedScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("glb") / "a.glb"
    assert "the zoom is lost: the field of view of the first frame is written" in write_glb_scene(file, scene)
    return file


@pytest.fixture(scope="module")
def usda(scene: AnimatedScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("usd") / "a.usda"
    assert write_usd_scene(file, scene) == []
    return file


def filmed_vertices(scene: AnimatedScene) -> np.ndarray:
    """Vertices of the man [frames, v, 3] in the world, by the plain definition."""
    man = scene.bodies[0]
    chosen = list(FRAMES)
    pose = man.T_world_body[chosen]
    return skin(man.body, man.T_body_rest[chosen]) @ np.swapaxes(pose[:, :3, :3], 1, 2) + pose[:, None, :3, 3]


def held_vertices(read: RiggedBody, clip: str) -> np.ndarray:
    times = TIMES[list(FRAMES)].numpy()
    return skin(read.body, transforms_at(read.clips[clip], read.body.skeleton, times))


def family(skeleton: Skeleton) -> set[tuple[str, str]]:
    """Every joint with the one that it hangs from."""
    parents = zip(skeleton.names, skeleton.parents, strict=True)
    return {(name, skeleton.names[parent] if parent >= 0 else "") for name, parent in parents}


def homogeneous_row(T: np.ndarray) -> np.ndarray:
    found = np.tile(np.eye(4), (len(T), 1, 1))
    found[:, :3] = T
    return found


def test_the_adult_comes_back_from_glb(scene: AnimatedScene, glb: Path):
    man, read = scene.bodies[0], read_gltf_body(glb)
    assert family(read.body.skeleton) == family(man.body.skeleton)
    np.testing.assert_array_equal(read.body.faces, man.body.faces)
    np.testing.assert_array_equal(read.body.colors_rgb, man.body.colors_rgb)
    # The reader puts the file's +z in front and the body, as its track begins, on the origin.
    R = axes_matrix("LUF") @ GLTF_FROM_WORLD
    start = man.T_world_body[0]
    at_rest = (man.body.vertices @ start[:3, :3].T + start[:3, 3]) @ R.T
    shift = read.body.vertices[0] - at_rest[0]
    np.testing.assert_allclose(read.body.vertices, at_rest + shift, atol=1e-5)
    np.testing.assert_allclose(held_vertices(read, "film"), filmed_vertices(scene) @ R.T + shift, atol=1e-4)


def test_the_adult_comes_back_from_usd(scene: AnimatedScene, usda: Path):
    man, read = scene.bodies[0], read_usd_bodies(usda)["/shot/the_man/skeleton"]
    assert read.body.name == "the_man"
    assert read.body.skeleton.names == man.body.skeleton.names
    np.testing.assert_array_equal(read.body.faces, man.body.faces)
    np.testing.assert_array_equal(read.body.colors_rgb, man.body.colors_rgb)
    shift = read.body.vertices[0] - man.body.vertices[0]
    np.testing.assert_allclose(read.body.vertices, man.body.vertices + shift, atol=1e-5)
    np.testing.assert_allclose(held_vertices(read, "motion"), filmed_vertices(scene) + shift, atol=1e-4)


def test_cameras_come_back_from_both(shot: Shot, glb: Path, usda: Path):
    poses = shot.camera.T_world_cam.as_matrix()[:, :3].numpy()
    for file, name in ((glb, "camera"), (usda, "/shot/camera")):
        assert list(read_paths(file)) == [name]
        table = read_path(file)
        np.testing.assert_allclose(table.T_world_cam, poses, atol=1e-6)
        np.testing.assert_allclose(table.times_s, TIMES, atol=1e-6)
    assert table.size_wh == (128, 96)
    assert table.intrinsics is not None
    np.testing.assert_allclose(table.intrinsics[:, 0, 0], shot.camera.intrinsics.fx_fy_cx_cy[:, 0], rtol=1e-6)


def test_solids_stand_in_the_glb_where_they_were_filmed(scene: AnimatedScene, glb: Path):
    gltf = read_gltf(glb)
    names = [node.get("name") for node in gltf.document["nodes"]]
    nodes = {solid.name: names.index(solid.name) for solid in scene.solids}
    curves = gltf.animated([*nodes.values(), names.index("robot")])
    found = world_transforms(gltf, nodes.values(), curves, TIMES.numpy())
    assert {solid.owner for solid in scene.solids} == {"robot", "place"}
    for solid in scene.solids:
        mesh = gltf.document["meshes"][gltf.document["nodes"][nodes[solid.name]]["mesh"]]
        points = gltf.accessor(mesh["primitives"][0]["attributes"]["POSITION"])
        pose = found[nodes[solid.name]][list(FRAMES)]
        ours = np.broadcast_to(solid.T_world_solid, (len(TIMES), 4, 4))[list(FRAMES)]
        filmed = solid.vertices @ np.swapaxes(ours[:, :3, :3], 1, 2) + ours[:, None, :3, 3]
        placed = points @ np.swapaxes(pose[:, :3, :3], 1, 2) + pose[:, None, :3, 3]
        np.testing.assert_allclose(placed, filmed @ GLTF_FROM_WORLD.T, atol=1e-5)


def test_normals_and_windings_point_outwards(scene: AnimatedScene):
    for solid in scene.solids:
        corners = solid.vertices[solid.faces]
        volume = np.einsum("ti,ti->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
        assert volume > 0 or solid.name == "ground", solid.name
    assert (scene.bodies[0].normals * scene.bodies[0].normals).sum(axis=1).min() > 0.99


def test_usd_core_samples_what_was_filmed(scene: AnimatedScene, shot: Shot, usda: Path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.Open(str(usda))
    assert (UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == ("Z", 1.0)
    man, place = scene.bodies[0], "/shot/the_man"
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(stage.GetPrimAtPath(place)), Usd.PrimDefaultPredicate)
    skeleton = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath(f"{place}/skeleton")))
    skinning = cache.GetSkinningQuery(stage.GetPrimAtPath(f"{place}/body"))
    rest = np.tile(np.eye(4), (len(man.body.skeleton), 1, 1))
    rest[:, :3, 3] = man.body.skeleton.heads
    camera = UsdGeom.Camera(stage.GetPrimAtPath("/shot/camera"))
    rate = stage.GetTimeCodesPerSecond()
    assert rate == 12
    for frame, vertices in zip(FRAMES, filmed_vertices(scene), strict=True):
        code = float(TIMES[frame]) * rate
        found = np.array([np.array(m).T for m in skeleton.ComputeJointWorldTransforms(UsdGeom.XformCache(code))])
        expected = man.T_world_body[frame] @ homogeneous_row(man.T_body_rest[frame]) @ rest
        np.testing.assert_allclose(found, expected, atol=1e-5)
        points = UsdGeom.Mesh(stage.GetPrimAtPath(f"{place}/body")).GetPointsAttr().Get(code)
        assert skinning.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(code), points, code)
        pose = man.T_world_body[frame]
        np.testing.assert_allclose(np.array(points) @ pose[:3, :3].T + pose[:3, 3], vertices, atol=1e-4)
        view = camera.GetCamera(code)
        T_world_gl = shot.camera.T_world_cam.as_matrix()[frame].numpy() @ np.diag([1.0, -1, -1, 1])
        np.testing.assert_allclose(np.array(view.transform).T, T_world_gl, atol=1e-5)
        focal = view.focalLength / view.horizontalAperture * 128
        assert focal == pytest.approx(float(shot.camera.intrinsics.fx_fy_cx_cy[frame, 0]), rel=1e-5)
        for solid in scene.solids:
            name = re.sub(r"\W", "_", solid.name)
            prim = stage.GetPrimAtPath(f"/shot/{solid.owner}/{name}")
            moved = np.array(UsdGeom.XformCache(code).GetLocalToWorldTransform(prim)).T
            ours = np.broadcast_to(solid.T_world_solid, (len(TIMES), 4, 4))[frame]
            np.testing.assert_allclose(moved, ours, atol=1e-5)


def test_the_khronos_validator_finds_nothing(glb: Path, khronos_issues: Callable[[Path], dict[str, Any]]):
    issues = khronos_issues(glb)
    assert issues["numErrors"] + issues["numWarnings"] + issues["numInfos"] == 0, issues["messages"]


SKINNED = """#usda 1.0
( upAxis = "Y"
  metersPerUnit = 0.01
  timeCodesPerSecond = 10 )
def SkelRoot "r" {
  rel skel:animationSource = </r/m>
  def Skeleton "s" ( prepend apiSchemas = ["SkelBindingAPI"] ) {
    uniform token[] joints = ["a", "a/b"]
    uniform matrix4d[] bindTransforms = [( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1) ),
      ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 100, 0, 1) )]
    uniform matrix4d[] restTransforms = [( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1) ),
      ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 100, 0, 1) )]
  }
  def SkelAnimation "m" {
    uniform token[] joints = ["a/b"]
    quatf[] rotations.timeSamples = { 0: [(1, 0, 0, 0)], 10: [(0.7071067811865476, 0.7071067811865476, 0, 0)] }
    float3[] translations = [(0, 100, 0)]
  }
  def Mesh "skin" {
    point3f[] points = [(0, 0, 0), (50, 0, 0), (50, 100, 0), (0, 100, 0), (0, 200, 0)]
    int[] faceVertexCounts = [4, 3]
    int[] faceVertexIndices = [0, 1, 2, 3, 3, 2, 4]
    int[] primvars:skel:jointIndices = [0, 0, 1, 1, 1] ( elementSize = 1 )
    float[] primvars:skel:jointWeights = [1, 1, 1, 1, 1] ( elementSize = 1 )
    rel skel:skeleton = </r/s>
  }
}
"""


def test_a_y_up_file_in_centimetres_with_quads_and_a_joint_that_rests(tmp_path: Path):
    (tmp_path / "a.usda").write_text(SKINNED)
    (read,) = read_usd_bodies(tmp_path / "a.usda").values()
    assert read.body.skeleton.names == ("a", "b")
    np.testing.assert_allclose(np.ptp(read.body.vertices, axis=0), [0, 0.5, 2.0], atol=1e-9)
    assert read.body.faces.tolist() == [[0, 1, 2], [0, 2, 3], [3, 2, 4]]
    tip = skin(read.body, transforms_at(read.clips["m"], read.body.skeleton, np.array([0.0, 0.5, 1.0])))[:, 4]
    angle = np.array([0, np.pi / 4, np.pi / 2])  # about the file's x, which is to the left: it nods to the front
    np.testing.assert_allclose(tip[:, 0], np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(tip[:, 2], 1 + np.cos(angle), atol=1e-6)
    assert read_usd_bodies(tmp_path / "a.usda", height_m=1.0)["/r/s"].body.size_xyz[2] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[0, 0, 1, 1, 1]", "[0, 0, 1, 1, 2]", "indices of what is not there"),
        ("[1, 1, 1, 1, 1]", "[1, 1, 1, 1, 0]", "weights add up to 0"),
        ("[1, 1, 1, 1, 1]", "[1, 1, 1, 1]", "other numbers of weights"),
        ("[4, 3]", "[4, 4]", "faces of other numbers of corners"),
        ("0, 1, 2, 3, 3, 2, 4", "0, 1, 2, 3, 3, 2, 5", "indices of what is not there"),
        ('["a", "a/b"]', '["a/b", "a"]', "before those that they hang from"),
        ('["a", "a/b"]', '["a", "a"]', "different joints"),
        ("(0, 100, 0, 1) )]", "(0, 100, 0, 0) )]", "have an inverse"),
        ("(50, 100, 0)", "(50, 1e999, 0)", "NaN or infinite"),
        ("</r/s>", "</r/t>", "which it does not hold"),
        ('upAxis = "Y"', 'upAxis = "X"', "upAxis"),
        ("[(0, 100, 0)]", "[(0, 100)]", "does not hold 3 numbers of 1 joints"),
        ("10: [", "1e9: [", "at most"),
        ('def Mesh "skin"', 'def Points "skin"', "no mesh that a skeleton carries"),
    ],
)
def test_damaged_bodies_are_refused_in_one_line(old: str, new: str, message: str, tmp_path: Path):
    assert old in SKINNED
    (tmp_path / "a.usda").write_text(SKINNED.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        read_usd_bodies(tmp_path / "a.usda")
    assert "\n" not in str(caught.value)


def test_cut_and_bent_files_are_read_or_refused(tmp_path: Path):
    rng = np.random.default_rng(5)
    for _ in range(150):
        text = list(SKINNED)
        for place in rng.integers(0, len(text), 3):
            text[place] = str(rng.choice(list('09-.,()[]{}"<>=: ea')))
        (tmp_path / "a.usda").write_text("".join(text)[: rng.integers(200, 2 * len(text))])
        with suppress(InputError):
            read_usd_bodies(tmp_path / "a.usda")


def test_numbers_in_arrays_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(usda_scanner, "MAX_NUMBERS", 30)
    (tmp_path / "a.usda").write_text(SKINNED)
    with pytest.raises(InputError, match="more than 30 numbers in arrays"):
        read_usd_bodies(tmp_path / "a.usda")


def test_names_that_usd_does_not_know_are_spelt_so_that_it_does(scene: AnimatedScene, tmp_path: Path):
    twice = AnimatedScene(times_s=scene.times_s, cameras=[scene.cameras[0], scene.cameras[0]], solids=scene.solids[:1])
    write_usd_scene(tmp_path / "a.usda", twice)
    assert list(read_paths(tmp_path / "a.usda")) == ["/shot/camera", "/shot/camera_2"]
