"""Nuke's .chan, Unreal keys and Blender scripts, held against those tools' own mathematics."""

from __future__ import annotations

import ast
import importlib.util
import json
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import filmed, path
from scipy.spatial.transform import Rotation

from kinoeye.formats import blender_export_camera, read_path, write_path
from kinoeye.formats.paths.animation import euler_to_matrix, film_rate, matrix_to_euler
from kinoeye.geometry.convention import rotvec_to_matrix

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


@given(order=st.sampled_from(ORDERS), seed=st.integers(0, 2**32 - 1), pole=st.booleans())
def test_euler_angles_of_every_order_equal_scipys_and_come_back(order: str, seed: int, pole: bool):
    angles = np.random.default_rng(seed).uniform(-np.pi, np.pi, size=(7, 3))
    if pole:
        angles[:, "XYZ".index(order[1])] = np.pi / 2
    R = euler_to_matrix(order, angles)
    in_order = angles[:, ["XYZ".index(axis) for axis in order]]
    np.testing.assert_allclose(R, Rotation.from_euler(order.lower(), in_order).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(euler_to_matrix(order, matrix_to_euler(order, R)), R, atol=1e-12)


def test_angles_go_on_where_a_turn_passes_half_a_circle():
    yaw = np.radians(np.arange(0, 720, 30.0))
    angles = matrix_to_euler("ZXY", euler_to_matrix("ZXY", np.stack([0 * yaw, yaw, 0 * yaw], -1)))
    np.testing.assert_allclose(angles[:, 1], yaw, atol=1e-9)


def test_frame_rates_are_those_that_rounded_times_mean():
    assert film_rate(np.arange(9) / 24, 24.0) == 24
    assert film_rate((np.arange(9) * 1001 / 30000).round(4), 24.0) == 30000 / 1001
    assert film_rate(np.arange(9) * 0.04, 24.0) == 25
    assert film_rate(np.zeros(1), 24.0) == 24
    assert film_rate(np.arange(9) / 7, 24.0) == 7


def test_chan_turns_about_z_then_x_then_y_and_counts_frames(tmp_path: Path):
    file = tmp_path / "shot.txt"
    file.write_text("1001 1 2 3 10 20 30 45\n1002 1 2 4 11 21 31 46.5\n")
    table = read_path(file)
    assert (table.format, table.ids, table.times_s, table.unit, table.up) == (
        "chan",
        (1001, 1002),
        None,
        "arbitrary",
        "z",
    )
    expected = Rotation.from_euler("zxy", [[30, 10, 20], [31, 11, 21]], degrees=True).as_matrix()
    np.testing.assert_allclose(table.matrices[:, :, :3], expected, atol=1e-12)
    np.testing.assert_allclose(table.fov_deg[:, 1], [45, 46.5])  # type: ignore[index]
    assert "16:9" in " ".join(table.notes)
    assert "rotation order ZXY" in " ".join(table.notes)
    np.testing.assert_allclose(table.T_world_cam[0, :, 3], [1, -3, 2])  # +y is up there


def test_chan_is_told_from_rows_with_quaternions(tmp_path: Path):
    rows = {
        "chan": ["1 0 0 5 0 0 0", "2 0 0 5 0 1 0"],
        "tartanair": ["1 2 3 0 0 0 1", "1 2 3 0 0 0.6 0.8"],
        "tum": ["1 0 0 5 0 0 0 1", "2 0 0 5 0 0 0.6 0.8"],
    }
    for name, lines in rows.items():
        (tmp_path / "a.txt").write_text("\n".join(lines) + "\n")
        assert read_path(tmp_path / "a.txt").format == name
    (tmp_path / "still.chan").write_text("1 0 0 1 0 0 0\n2 0 0 1 0 0 0\n")
    assert read_path(tmp_path / "still.chan").format == "chan"


def test_a_zoom_survives_chan_and_what_else_is_lost_is_said(tmp_path: Path):
    table = filmed(zoom=1.5, shift=20.0)
    warnings = " ".join(write_path(table, tmp_path / "a.chan"))
    assert "the vertical field of view is kept, the horizontal one is not" in warnings
    assert "principal point is lost" in warnings
    assert "zoom" not in warnings
    again = read_path(tmp_path / "a.chan")
    np.testing.assert_allclose(again.matrices, table.in_convention(again.convention).matrices, atol=1e-12)
    focal = table.intrinsics[:, 1, 1]  # type: ignore[index]
    np.testing.assert_allclose(again.with_size((1280, 720)).intrinsics[:, [0, 1], [0, 1]], focal[:, None] * [1, 1])  # type: ignore[index]


def unreal_axes(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Columns X, Y, Z of Unreal's FRotationMatrix, whose rows they are there."""
    (sr, sp, sy), (cr, cp, cy) = np.sin([roll, pitch, yaw]), np.cos([roll, pitch, yaw])
    x = [cp * cy, cp * sy, sp]
    y = [sr * sp * cy - cr * sy, sr * sp * sy + cr * cy, -sr * cp]
    z = [-(cr * sp * cy + sr * sy), cy * sr - cr * sp * sy, cr * cp]
    return np.array([x, y, z]).T


def test_unreal_rotators_and_centimetres_say_where_the_camera_is(tmp_path: Path):
    table = filmed(zoom=1.5)
    roll = rotvec_to_matrix(np.linspace([0, 0, 0], [0, 0, 0.4], len(table)))
    matrices = np.concatenate([table.matrices[:, :, :3] @ roll, table.matrices[:, :, 3:]], -1)
    table = replace(table, matrices=matrices)
    write_path(table, tmp_path / "a.unreal.csv")
    header, *lines = (tmp_path / "a.unreal.csv").read_text().splitlines()
    rows = {
        name: np.array(column, float)
        for name, column in zip(header.split(","), zip(*(line.split(",") for line in lines), strict=True), strict=True)
    }
    np.testing.assert_array_equal(rows["Frame"], np.arange(len(table)))
    poses = table.T_world_cam
    mirror = np.diag([1.0, -1.0, 1.0])  # x forward, y left, z up to x forward, y right, z up
    place = np.stack([rows["LocationX"], rows["LocationY"], rows["LocationZ"]], -1)
    np.testing.assert_allclose(place, 100 * poses[:, :, 3] @ mirror, atol=1e-9)
    for i in range(len(table)):
        axes = unreal_axes(*np.radians([rows["Roll"][i], rows["Pitch"][i], rows["Yaw"][i]]))
        right, down, forward = (mirror @ poses[i, :, :3]).T
        np.testing.assert_allclose(axes, np.stack([forward, right, -down], -1), atol=1e-9)
    np.testing.assert_allclose(rows["FieldOfView"], table.fov_deg[:, 0])  # type: ignore[index]
    np.testing.assert_allclose(
        rows["SensorWidth"] / (2 * rows["FocalLength"]), np.tan(np.radians(rows["FieldOfView"] / 2))
    )
    np.testing.assert_allclose(rows["SensorWidth"] / rows["SensorHeight"], 16 / 9)


def constants(script: Path) -> dict[str, Any]:
    """The literals that a script assigns at its top; nothing is run."""
    body = ast.parse(script.read_text()).body
    found: dict[str, Any] = {}
    for node in (node for node in body if isinstance(node, ast.Assign)):
        (target,) = node.targets
        names = [target] if isinstance(target, ast.Name) else target.elts  # type: ignore[attr-defined]
        values = [node.value] if isinstance(target, ast.Name) else node.value.elts  # type: ignore[attr-defined]
        found |= {name.id: ast.literal_eval(value) for name, value in zip(names, values, strict=True)}
    return found


def blender_camera(found: dict[str, Any], focal: float, shift_x: float, shift_y: float) -> tuple[Any, Any]:
    """What bpy would hold after the script: a stand-in, so that this test needs no Blender."""
    lens = SimpleNamespace(
        type="PERSP", sensor_fit="HORIZONTAL", sensor_width=found["SENSOR_WIDTH_MM"], sensor_height=24.0, lens=focal,
        shift_x=shift_x, shift_y=shift_y, name="camera",
    )  # fmt: skip
    render = SimpleNamespace(
        resolution_x=found["RESOLUTION"][0], resolution_y=found["RESOLUTION"][1], resolution_percentage=100,
        pixel_aspect_x=found["PIXEL_ASPECT"][0], pixel_aspect_y=found["PIXEL_ASPECT"][1],
    )  # fmt: skip
    return lens, render


@pytest.mark.parametrize("stretch", [1.0, 1.25, 0.8])
def test_the_blender_scripts_keys_are_the_path_by_the_exporters_formulas(stretch: float, tmp_path: Path):
    table = filmed(zoom=1.5, shift=20.0)
    K = table.intrinsics.copy()  # type: ignore[union-attr]
    K[:, 1, 1] *= stretch
    table = replace(table, intrinsics=K)
    assert write_path(table, tmp_path / "camera.blender.py") == []
    found = constants(tmp_path / "camera.blender.py")
    assert (found["FPS"], found["FPS_BASE"], found["FRAME_START"], found["FRAME_END"]) == (12, 1.0, 1, len(table))
    assert min(found["PIXEL_ASPECT"]) == 1
    for i, (frame, location, wxyz, *lens) in enumerate(found["KEYS"]):
        assert frame == i + 1
        world = np.eye(4)
        world[:3, :3] = Rotation.from_quat(np.roll(wxyz, -1)).as_matrix()
        world[:3, 3] = location
        np.testing.assert_allclose(blender_export_camera.pose(world, 1.0), table.T_world_cam[i], atol=1e-12)
        row, size = blender_export_camera.intrinsics(*blender_camera(found, *lens))
        assert tuple(size) == table.size_wh
        np.testing.assert_allclose(row, K[i][[0, 1, 0, 1], [0, 1, 2, 2]], rtol=1e-12)


def test_quaternion_keys_for_blender_never_turn_the_long_way(tmp_path: Path):
    table = path("orbit right 350 degrees around the chair")
    write_path(replace(table, convention=table.convention.with_world("FLU")), tmp_path / "a.blender.py")
    wxyz = np.array([key[2] for key in constants(tmp_path / "a.blender.py")["KEYS"]])
    assert ((wxyz[1:] * wxyz[:-1]).sum(-1) > 0).all()


def test_the_exporter_says_how_to_run_it_where_there_is_no_blender(capsys: pytest.CaptureFixture[str]):
    if importlib.util.find_spec("bpy"):
        pytest.skip("Blender is here")
    blender_export_camera.main()
    words = capsys.readouterr().out.split()
    assert words[0] == "blender"
    assert Path(words[words.index("--python") + 1]).samefile(blender_export_camera.__file__)


def run_in_blender(script: Path) -> Any:
    """Run a written script in an empty scene of the real bpy, and return the scene."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    runpy.run_path(str(script), run_name="__main__")
    return bpy.context.scene


def test_blender_makes_the_camera_and_exports_it_back(tmp_path: Path):
    pytest.importorskip("bpy")
    for stretch in (1.0, 1.25):
        table = filmed(zoom=1.5, shift=20.0)
        K = table.intrinsics.copy()  # type: ignore[union-attr]
        K[:, 1, 1] *= stretch
        table = replace(table, intrinsics=K)
        write_path(table, tmp_path / "camera.blender.py")
        record = blender_export_camera.camera_record(run_in_blender(tmp_path / "camera.blender.py"))
        (tmp_path / "camera.json").write_text(json.dumps(record))
        again = read_path(tmp_path / "camera.json")
        np.testing.assert_allclose(again.T_world_cam, table.T_world_cam, atol=1e-5)
        np.testing.assert_allclose(again.times_s, table.times_s, atol=1e-9)  # type: ignore[arg-type]
        np.testing.assert_allclose(again.intrinsics, K, rtol=1e-5)  # type: ignore[arg-type]


@pytest.mark.parametrize("size_wh", [(640, 360), (360, 640)])
@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
@pytest.mark.parametrize("aspect_xy", [(1.0, 1.0), (1.5, 1.0), (1.0, 2.0)])
def test_exported_intrinsics_equal_blenders_projection(fit: str, size_wh: tuple[int, int], aspect_xy: tuple):
    bpy = pytest.importorskip("bpy")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    lens = bpy.data.cameras.new("c")
    lens.sensor_fit, lens.sensor_width, lens.sensor_height, lens.lens = fit, 30, 20, 40
    lens.shift_x, lens.shift_y = 0.1, -0.2
    camera = bpy.data.objects.new("c", lens)
    rig = bpy.data.objects.new("rig", None)
    rig.scale, rig.location, rig.rotation_euler = (2, 2, 2), (1, 2, 3), (0.1, 0.2, 0.3)
    camera.parent, camera.location = rig, (0, 0, 1)
    for item in (camera, rig):
        scene.collection.objects.link(item)
    scene.camera, scene.frame_end = camera, 1
    scene.unit_settings.scale_length = 0.01
    scene.render.resolution_x, scene.render.resolution_y = size_wh
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = aspect_xy
    record = blender_export_camera.camera_record(scene)
    ((fx, fy, cx, cy),) = record["fx_fy_cx_cy"]
    projection = camera.calc_matrix_camera(
        bpy.context.evaluated_depsgraph_get(), x=size_wh[0], y=size_wh[1], scale_x=aspect_xy[0], scale_y=aspect_xy[1]
    )
    width, height = size_wh
    np.testing.assert_allclose([2 * fx / width, 2 * fy / height], [projection[0][0], projection[1][1]], rtol=1e-5)
    np.testing.assert_allclose(
        [1 - 2 * cx / width, 2 * cy / height - 1], [projection[0][2], projection[1][2]], atol=1e-5
    )
    turn = np.array(camera.matrix_world)[:3] @ np.diag([0.5, -0.5, -0.5, 0.01])
    np.testing.assert_allclose(record["T_world_cam"][0], turn, atol=1e-6)


def test_constraints_are_exported_as_blender_evaluates_them():
    bpy = pytest.importorskip("bpy")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    camera = bpy.data.objects.new("c", bpy.data.cameras.new("c"))
    leader = bpy.data.objects.new("leader", None)
    for item in (camera, leader):
        scene.collection.objects.link(item)
    for frame in (1, 9):
        leader.location = (frame, 2 * frame, 0)
        leader.keyframe_insert("location", frame=frame)
    camera.constraints.new("COPY_LOCATION").target = leader
    scene.camera, scene.frame_start, scene.frame_end, scene.render.fps = camera, 1, 9, 25
    record = blender_export_camera.camera_record(scene)
    places = np.array(record["T_world_cam"])[:, :, 3]
    np.testing.assert_allclose(places[[0, -1]], [[1, 2, 0], [9, 18, 0]], atol=1e-5)
    np.testing.assert_allclose(places[:, 1], 2 * places[:, 0], atol=1e-5)
    np.testing.assert_allclose(record["times_s"], np.arange(9) / 25)
