"""Scenes of a report's cameras and actors, read back, and held against the Khronos validator where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kinoeye.evaluation import PoseScore
from kinoeye.formats import read_paths
from kinoeye.formats.containers.gltf import read_gltf
from kinoeye.geometry import Trajectory
from kinoeye.shot import Shot
from kinoeye.studio.report import PREDICTED, Report
from kinoeye.studio.scene_files import write_scene


@pytest.fixture(scope="module")
def pair(shot: Shot, estimate: Trajectory, score: PoseScore) -> Report:
    return Report(shot=Shot(camera=shot.camera), estimate=estimate, score=score, roles=PREDICTED)


def matrices(camera: Trajectory) -> np.ndarray:
    return camera.T_world_cam.as_matrix()[:, :3].numpy()


def test_both_cameras_are_animated_under_their_names(pair: Report, tmp_path: Path):
    assert write_scene(pair, tmp_path / "a.glb") == ["the fields of view are kept"]
    cameras = read_paths(tmp_path / "a.glb")
    assert list(cameras) == ["reference", "predicted"]
    assert pair.aligned_estimate is not None
    for name, camera in (("reference", pair.shot.camera), ("predicted", pair.aligned_estimate)):
        np.testing.assert_allclose(cameras[name].T_world_cam, matrices(camera), atol=1e-5)
        np.testing.assert_allclose(cameras[name].times_s, camera.times_s.numpy(), atol=1e-5)
    assert abs(cameras["predicted"].T_world_cam - cameras["reference"].T_world_cam).max() > 0.01


def test_the_paths_are_lines_and_unlit_bars_of_two_colours(pair: Report, tmp_path: Path):
    write_scene(pair, tmp_path / "a.glb")
    document = read_gltf(tmp_path / "a.glb").document
    names = [node["name"] for node in document["nodes"]]
    assert names == [f"{name}{part}" for name in ("reference", "predicted") for part in ("", " path", " drawing")]
    modes = [mesh["primitives"][0].get("mode") for mesh in document["meshes"]]
    assert modes == [3, 4, 3, 4]  # a line strip and triangles of each
    colours = [material["pbrMetallicRoughness"]["baseColorFactor"] for material in document["materials"]]
    assert colours[0][2] > 0.8 > 0.2 > colours[0][0]
    assert colours[1][0] > 0.7 > 0.2 > colours[1][2]
    assert all("KHR_materials_unlit" in material["extensions"] for material in document["materials"])
    strip = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    assert strip["count"] == len(pair.shot.camera)
    centres = pair.shot.camera.T_world_cam.translation.numpy()
    heights = [strip["min"][1], strip["max"][1]]  # +y is up in the file, +z in ours
    np.testing.assert_allclose(heights, [centres[:, 2].min(), centres[:, 2].max()], atol=1e-5)


def test_bars_stay_near_the_path_and_its_frusta(pair: Report, tmp_path: Path):
    write_scene(pair, tmp_path / "a.glb")
    document = read_gltf(tmp_path / "a.glb").document
    bars = document["accessors"][document["meshes"][1]["primitives"][0]["attributes"]["POSITION"]]
    strip = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    size = np.ptp([strip["min"], strip["max"]], axis=0).max()
    assert (np.array(bars["min"]) <= strip["min"]).all()
    assert (np.array(strip["min"]) - bars["min"]).max() < 0.5 * size
    assert (np.array(bars["max"]) - strip["max"]).max() < 0.5 * size


def test_a_camera_alone_and_one_that_rests_are_written(shot: Shot, tmp_path: Path):
    assert list(read_paths(_written(Report(shot=Shot(camera=shot.camera)), tmp_path))) == ["camera"]
    single = shot.camera.at(shot.camera.times_s[:1])
    resting = shot.camera.at(shot.camera.times_s[-1] + torch.arange(3.0, dtype=torch.float64))
    for camera in (single, resting):
        table = read_paths(_written(Report(shot=Shot(camera=camera)), tmp_path))["camera"]
        np.testing.assert_allclose(table.T_world_cam, matrices(camera), atol=1e-5)


def test_what_the_scale_and_the_vertical_are_is_said(shot: Shot, tmp_path: Path):
    track = replace(shot.camera.track, unit="arbitrary", up=None)
    notes = write_scene(Report(shot=Shot(camera=replace(shot.camera, track=track))), tmp_path / "a.glb")
    assert any("no metric scale" in note for note in notes)
    assert any("vertical is not known" in note for note in notes)
    np.testing.assert_allclose(  # its +z is nearest to the cameras' up, so nothing is turned
        read_paths(tmp_path / "a.glb")["camera"].T_world_cam, matrices(shot.camera), atol=1e-5
    )


def test_the_khronos_validator_finds_nothing(
    pair: Report, khronos_issues: Callable[[Path], dict[str, Any]], tmp_path: Path
):
    write_scene(pair, tmp_path / "a.glb")
    issues = khronos_issues(tmp_path / "a.glb")
    assert issues["numErrors"] + issues["numWarnings"] == 0, issues["messages"]


def test_usd_has_both_cameras_and_no_drawing(pair: Report, shot: Shot, tmp_path: Path):
    write_scene(pair, tmp_path / "a.usda")
    cameras = read_paths(tmp_path / "a.usda")
    assert list(cameras) == ["/shot/reference", "/shot/predicted"]
    np.testing.assert_allclose(cameras["/shot/reference"].T_world_cam, matrices(shot.camera), atol=1e-9)
    assert "Mesh" not in (tmp_path / "a.usda").read_text()


def test_a_shot_with_actors_is_the_set_itself(shot: Shot, tmp_path: Path):
    """What would stand in the camera's own view, its drawn path, is left out."""
    write_scene(Report(shot=shot), tmp_path / "a.glb")
    names = [node["name"] for node in read_gltf(tmp_path / "a.glb").document["nodes"]]
    assert names[0] == "camera"
    assert {"ground", "place", *(actor.name for actor in shot.actors)} <= set(names)
    assert not [name for name in names if name.endswith(("drawing", "path"))]


def _written(report: Report, folder: Path) -> Path:
    write_scene(report, folder / "a.glb")
    return folder / "a.glb"
