"""Camera files of NeRF and splat tools: real ones against what their cameras see, written ones against their readers.

SEVA's folders and the writers' outputs are written by these tests; the others are real files.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import rq

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, read_paths, write_path
from kinoeye.geometry.convention import OPENCV, OPENCV_W2C, homogeneous, rotvec_to_matrix
from kinoeye.language.captions import caption
from kinoeye.language.tags import motion_tags, segments


def table(count: int = 6) -> PathTable:
    """A curve while panning and tilting, with centred square pixels and image names."""
    u = np.linspace(0, 1, count)
    rotation = rotvec_to_matrix(np.stack([0.2 * np.sin(3 * u), -0.6 * u, 0 * u], -1))
    translation = np.stack([np.sin(u), 0.1 * u * u, 2 * u], -1)
    return PathTable(
        matrices=np.concatenate([rotation, translation[:, :, None]], -1),
        convention=replace(OPENCV, metres_per_unit=1.0),
        size_wh=(640, 360),
        times_s=u,
        names=tuple(f"images/{i}.png" for i in range(count)),
    ).with_fov(60)


def depth_and_pixel(cameras: PathTable, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth [n] and pixel [n, 2] of a world point in every camera, by the definition of a pinhole."""
    poses = cameras.T_world_cam
    local = np.einsum("nji,nj->ni", poses[:, :, :3], point - poses[:, :, 3])
    assert cameras.intrinsics is not None
    image = np.einsum("nij,nj->ni", cameras.intrinsics, local)
    return local[:, 2], image[:, :2] / image[:, 2:]


def middle_of_views(cameras: PathTable) -> np.ndarray:
    """The point nearest to all optical axes."""
    d = cameras.T_world_cam[:, :, 2]
    P = np.eye(3) - d[:, :, None] * d[:, None, :]
    return np.linalg.solve(P.sum(0), np.einsum("nij,nj->i", P, cameras.T_world_cam[:, :, 3]))


@pytest.mark.parametrize("file", ["llff/duck_poses_bounds.npy", "gs_cameras_json/cameras.json", "kubric/cameras.npz"])
def test_cameras_around_a_thing_see_it_before_them_and_within_their_images(real_data: Path, file: str):
    cameras = read_path(real_data / file)
    assert cameras.size_wh is not None
    depth, pixel = depth_and_pixel(cameras, middle_of_views(cameras))
    inside = (pixel > 0).all(1) & (pixel < cameras.size_wh).all(1)
    assert (depth > 0).mean() > 0.95
    assert inside.mean() > 0.9
    # What a file of the other direction or of other axes would say instead.
    backward = cameras.convention.camera_axes.translate(str.maketrans("FB", "BF"))
    flipped = replace(cameras, convention=replace(cameras.convention, camera_axes=backward))
    assert (depth_and_pixel(flipped, middle_of_views(cameras))[0] > 0).mean() < 0.1


def test_real_llff_bounds_lie_about_what_the_cameras_see(real_data: Path):
    duck = read_path(real_data / "llff" / "duck_poses_bounds.npy")
    assert (len(duck), duck.size_wh) == (198, (5184, 3888))
    assert duck.near_far is not None
    assert (duck.near_far[:, 0] < duck.near_far[:, 1]).all()
    depth, _ = depth_and_pixel(duck, middle_of_views(duck))
    between = (duck.near_far[:, 0] < depth) & (depth < duck.near_far[:, 1])
    assert between.mean() > 0.9


def test_real_kubric_views_hold_the_origin_in_the_middle(real_data: Path):
    views = read_path(real_data / "kubric" / "cameras.npz")
    depth, pixel = depth_and_pixel(views, np.zeros(3))
    np.testing.assert_allclose(depth, 2.732, atol=1e-4)
    np.testing.assert_allclose(pixel, 0.5, atol=1e-6)
    np.testing.assert_allclose(views.T_world_cam[:, 2, 3], 1.366, atol=1e-3)  # +y of the file is up
    assert views.up == "z"
    assert views.ids == tuple(range(24))


def test_projections_of_neus_are_taken_apart(tmp_path: Path):
    rng = np.random.default_rng(0)
    poses = np.concatenate([rotvec_to_matrix(rng.normal(size=(5, 3))), rng.normal(size=(5, 3, 1))], -1)
    K = np.array([[[500.0 + i, i % 2, 320], [0, 480, 240 - i], [0, 0, 1]] for i in range(5)])
    factors = np.array([1.0, 1.0, -1.0, 3.0, -0.2])  # a projection is known up to one
    arrays = {f"world_mat_{i}": np.eye(4) for i in range(5)}
    for i in range(5):
        arrays[f"world_mat_{i}"][:3] = factors[i] * K[i] @ poses[i]
        arrays[f"scale_mat_{i}"] = np.array([[2.0, 0, 0, 7], [0, 2, 0, 8], [0, 0, 2, 9], [0, 0, 0, 1]])
    np.savez(tmp_path / "cameras_sphere.npz", **arrays)
    read = read_path(tmp_path / "cameras_sphere.npz")
    assert (read.format, read.convention, read.size_wh) == ("idr", OPENCV_W2C, None)
    assert read.ids == (0, 1, 2, 3, 4)
    np.testing.assert_allclose(read.matrices, poses, atol=1e-12)
    np.testing.assert_allclose(read.intrinsics, K, atol=1e-9)  # type: ignore[arg-type]
    assert read.notes == ("scale_mat_0 was not applied: its unit sphere has the radius 2 about 7, 8, 9",)
    upper, rotation = rq(arrays["world_mat_3"][:3, :3])
    np.testing.assert_allclose(abs(upper / upper[2, 2]), K[3], atol=1e-9)
    np.testing.assert_allclose(abs(rotation), abs(read.matrices[3, :, :3]), atol=1e-12)


def test_projections_without_a_calibration_are_called_so(tmp_path: Path):
    pose = homogeneous(np.eye(3, 4))
    np.savez(tmp_path / "cameras.npz", world_mat_0=pose, scale_mat_0=np.eye(4), camera_mat_0=np.eye(4))
    with pytest.raises(InputError, match=r"world_mat_0 is a pose without a calibration, as DVR"):
        read_path(tmp_path / "cameras.npz")
    np.savez(tmp_path / "cameras.npz", world_mat_0=np.zeros((4, 4)), scale_mat_0=np.eye(4))
    assert {found.code for found in read_path(tmp_path / "cameras.npz").diagnose()} & {"nan", "degenerate"}
    np.savez(tmp_path / "cameras.npz", world_mat_0=np.zeros((4, 3)), scale_mat_0=np.eye(4))
    with pytest.raises(InputError, match="has no 4x4 matrix world_mat_0"):
        read_path(tmp_path / "cameras.npz")


def test_real_camera_paths_begin_where_their_keyframes_do(real_data: Path, tmp_path: Path):
    for name in "ab":
        file = real_data / "nerfstudio_camera_path" / f"{name}_camera_path.json"
        data = json.loads(file.read_text())
        dense = read_path(file)
        (tmp_path / "keys.json").write_text(json.dumps({**data, "camera_path": []}))
        keyframes = read_path(tmp_path / "keys.json")
        assert "keyframes are given" in keyframes.notes[0]
        np.testing.assert_allclose(keyframes.T_world_cam[0, :, 3], dense.T_world_cam[0, :, 3], atol=1e-6)
        if data["smoothness_value"] == 0:  # the old viewer turns the cameras of smoothed paths level
            np.testing.assert_allclose(keyframes.T_world_cam[0], dense.T_world_cam[0], atol=1e-6)
        assert len(dense) == len(data["camera_path"]) == data["fps"] * data["seconds"]
        assert dense.times_s is not None
        np.testing.assert_allclose(np.diff(dense.times_s), 1 / data["fps"])
        assert dense.fov_deg is not None
        np.testing.assert_allclose(dense.fov_deg[:, 1], data["camera_path"][0]["fov"])


def as_nerfstudio_reads(data: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Poses [n, 4, 4] in OpenGL axes and focal lengths [n], by the rules of its `get_path_from_json`."""
    frames = data["camera_path"]
    poses = np.array([np.array(frame["camera_to_world"]).reshape(4, 4) for frame in frames])
    half = np.radians([frame["fov"] for frame in frames]) / 2
    return poses, data["render_height"] / (2 * np.tan(half))


def test_written_camera_paths_are_what_nerfstudio_reads(tmp_path: Path):
    cameras = replace(table(60), times_s=np.arange(60) / 30)
    warnings = write_path(cameras, tmp_path / "camera_path.json")
    assert not any("intrinsics" in warning or "times" in warning for warning in warnings)
    data = json.loads((tmp_path / "camera_path.json").read_text())
    poses, focal = as_nerfstudio_reads(data)
    np.testing.assert_allclose(poses[:, :3] * [1, -1, -1, 1], cameras.in_convention(read_path(
        tmp_path / "camera_path.json").convention).matrices * [1, -1, -1, 1], atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(focal, cameras.intrinsics[:, 1, 1])  # type: ignore[index]
    assert data["seconds"] * data["fps"] == pytest.approx(60)
    keyframes = data["keyframes"]
    assert 2 <= len(keyframes) <= 24
    np.testing.assert_allclose(np.array(keyframes[-1]["matrix"]).reshape(4, 4), poses[-1])
    assert sum(key["override_transition_sec"] for key in keyframes) == pytest.approx(59 / 30)
    again = read_path(tmp_path / "camera_path.json")
    np.testing.assert_allclose(again.T_world_cam, cameras.in_convention(again.convention).T_world_cam, atol=1e-12)
    np.testing.assert_allclose(again.times_s, cameras.times_s, atol=1e-12)
    np.testing.assert_allclose(again.intrinsics, cameras.intrinsics, atol=1e-9)


def test_camera_paths_of_other_lenses_and_layouts(tmp_path: Path):
    file = tmp_path / "camera_path.json"
    pose = np.eye(4)
    pose[:3, 3] = [1, 2, 3]
    frame = {"camera_to_world": pose.ravel().tolist(), "fov": 90, "aspect": 2}
    file.write_text(json.dumps({"camera_type": "equirectangular", "camera_path": [frame]}))
    assert (read_path(file).lens, read_path(file).intrinsics) == ("EQUIRECTANGULAR", None)
    file.write_text(json.dumps({"camera_path": [frame]}))
    without_size = read_path(file)
    assert without_size.size_wh == (1, 1)
    np.testing.assert_allclose(without_size.intrinsics[0].diagonal(), [0.25, 0.5, 1])  # type: ignore[index]
    assert without_size.times_s is None
    for matrix in (json.dumps(pose.T.ravel().tolist()), pose.ravel().tolist(), pose.T.ravel().tolist()):
        file.write_text(json.dumps({"keyframes": [{"matrix": matrix, "fov": 90}]}))
        np.testing.assert_array_equal(read_path(file).matrices[0], pose[:3])
    for broken in ("[1, 2", [1, 2], None):
        file.write_text(json.dumps({"keyframes": [{"matrix": broken}]}))
        with pytest.raises(InputError, match=r"keyframes\[0\]"):
            read_path(file, format="camera-path")


def test_a_camera_path_says_what_one_angle_cannot(tmp_path: Path):
    cameras = table()
    assert cameras.intrinsics is not None
    off_centre = replace(cameras, intrinsics=cameras.intrinsics + np.array([[0, 0, 9.0], [0, 0, 0], [0, 0, 0]]))
    text = " ".join(write_path(replace(off_centre, times_s=None), tmp_path / "camera_path.json"))
    assert "only the vertical angle" in text
    assert "24 frames per second" in text


def test_blender_scenes_have_a_vertical_and_one_angle(real_data: Path, tmp_path: Path):
    lego = read_path(real_data / "nerfstudio_transforms" / "lego_transforms_train.json")
    assert (lego.up, lego.size_wh, len(lego)) == ("z", (1, 1), 1)
    np.testing.assert_allclose(lego.T_world_cam[0, 2, 3], 1.2080823183059692)
    down = -lego.T_world_cam[0, :, 1]  # the camera's own up
    assert down[2] > 0.9
    upright = replace(table(), convention=table().convention.with_world("FLU"))
    for split, count in {"train": 6, "test": 3}.items():
        file = tmp_path / f"transforms_{split}.json"
        warnings = write_path(upright.frames(range(count)), file, "blender-synthetic")
        assert not any("angle" in warning or "intrinsics" in warning for warning in warnings)
    splits = read_paths(tmp_path)
    assert {name: len(cameras) for name, cameras in splits.items()} == {"train": 6, "test": 3}
    np.testing.assert_allclose(splits["train"].T_world_cam, upright.T_world_cam, atol=1e-12)
    np.testing.assert_allclose(splits["train"].fov_deg[:, 0], 60)  # type: ignore[index]
    zooming = table()
    assert zooming.intrinsics is not None
    zooming = replace(zooming, intrinsics=zooming.intrinsics * np.linspace(1, 2, 6)[:, None, None])
    assert "one angle for all frames" in " ".join(write_path(zooming, tmp_path / "x.blender.json"))


def test_transforms_of_nerfstudio_and_instant_ngp(tmp_path: Path):
    file = tmp_path / "transforms.json"
    pose = np.eye(4).tolist()
    frames: list[dict[str, Any]] = [
        {"file_path": "a.png", "transform_matrix": pose, "colmap_im_id": 7, "w": 100, "h": 50},
        {"file_path": "b.png", "transform_matrix": pose[:3], "colmap_im_id": 3, "w": 200, "h": 50},
    ]
    shared = {"fl_x": 50, "fl_y": 50, "cx": 50, "cy": 25, "aabb_scale": 16}
    file.write_text(json.dumps({**shared, "applied_transform": pose[:3], "frames": frames}))
    cameras = read_path(file)
    assert (cameras.format, cameras.ids, cameras.size_wh) == ("transforms", (7, 3), (1, 1))
    np.testing.assert_allclose(cameras.intrinsics[:, 0, 0], [0.5, 0.25])  # type: ignore[index]
    assert any("applied_transform" in note for note in cameras.notes)
    assert [(row.code, row.frames) for row in cameras.findings] == [("mixed-sizes", (1,))]
    for lens in ({"is_fisheye": True}, {"camera_model": "OPENCV_FISHEYE"}):
        file.write_text(json.dumps({**shared, **lens, "w": 100, "h": 50, "k1": 0.1, "frames": [
            {"transform_matrix": pose}]}))  # fmt: skip
        assert read_path(file).lens == "OPENCV_FISHEYE"
    write_path(replace(table(), lens="FOV"), tmp_path / "out.transforms.json", "transforms")
    text = " ".join(write_path(replace(table(), lens="FOV"), tmp_path / "out.transforms.json", "transforms"))
    assert "knows no camera_model FOV" in text


def test_sizes_and_angles_that_no_camera_has(tmp_path: Path):
    file = tmp_path / "transforms.json"
    frames = [{"transform_matrix": np.eye(4).tolist()}]
    file.write_text(json.dumps({"camera_angle_x": 5e-324, "frames": frames}))
    assert read_path(file).intrinsics is None
    file.write_text(json.dumps({"w": 1e300, "h": 2, "fl_x": 1, "frames": frames}))
    with pytest.raises(InputError, match="w and h are pixels"):
        read_path(file)


def test_a_folder_is_read_by_its_transforms(tmp_path: Path):
    write_path(table(), tmp_path / "transforms.json")
    assert read_path(tmp_path).format == "transforms"
    write_path(table(), tmp_path / "transforms_train.json", "transforms")
    assert read_path(tmp_path).format == "transforms"  # its splits are in pixels: not Blender's
    (tmp_path / "transforms.json").unlink()
    with pytest.raises(InputError, match="folder without cameras"):
        read_path(tmp_path)


def test_a_datadop_folder_holds_shots_whose_tags_are_their_captions(real_data: Path, tmp_path: Path):
    shots = read_paths(real_data / "gendop")
    assert list(shots) == ["case1", "case2"]
    for shot in shots.values():
        assert (shot.format, len(shot), shot.ids) == ("datadop", 120, tuple(range(1, 121)))
    words = caption(segments(motion_tags(shots["case1"].checked_matrices())))
    said = next(note for note in shots["case1"].notes if note.startswith("caption: "))
    assert words.removeprefix("The camera ") == (
        "moves right while yawing left, then moves right and forward, and finally remains static."
    )
    assert "moves right while yawing left, then shifts right and forward, and finally remains static" in said
    one = read_path(f"{real_data / 'gendop'}#case2")
    np.testing.assert_array_equal(one.matrices, shots["case2"].matrices)
    assert write_path(one, tmp_path / "shot_0001_transforms_cleaning.json") == []
    again = json.loads((tmp_path / "shot_0001_transforms_cleaning.json").read_text())
    assert again == json.loads((real_data / "gendop" / "case2_transforms_cleaning.json").read_text())
    text = " ".join(write_path(table(), tmp_path / "b_transforms_cleaning.json"))
    assert "exactly 120 cameras; 6 are written" in text


def test_seva_scenes_say_what_is_given_and_what_is_to_be_filmed(tmp_path: Path):
    scene = tmp_path / "scene.seva"
    assert any("put images/0.png" in warning for warning in write_path(table(), scene))
    data = json.loads((scene / "transforms.json").read_text())
    split = json.loads((scene / "train_test_split_1.json").read_text())
    assert sorted(split["train_ids"] + split["test_ids"]) == list(range(6))
    assert len(split["train_ids"]) == 1
    assert all({"fl_x", "fl_y", "cx", "cy", "w", "h", "file_path"} <= set(frame) for frame in data["frames"])
    cameras = read_path(scene)
    assert (cameras.format, cameras.names) == ("seva", table().names)
    assert "frames 0 are given, 5 are to be filmed" in cameras.notes[0]
    np.testing.assert_allclose(cameras.T_world_cam, table().in_convention(cameras.convention).T_world_cam, atol=1e-12)
    assert read_path(scene / "transforms.json").format == "transforms"
    (scene / "train_test_split_2.json").write_text('{"train_ids": [0, 9], "test_ids": []}')
    with pytest.raises(InputError, match="not among the 6"):
        read_path(scene)
    with pytest.raises(InputError, match="scene is a folder"):
        read_path(scene / "transforms.json", format="seva")


def test_splats_and_gen3r_files_of_the_same_name_are_told_apart(real_data: Path, tmp_path: Path):
    splats = read_path(real_data / "gs_cameras_json" / "cameras.json")
    assert (splats.format, len(splats), splats.names[0], splats.ids[-1]) == ("3dgs", 97, "20240212_003919", 96)
    write_path(splats, tmp_path / "cameras.json", format="3dgs")
    assert json.loads((tmp_path / "cameras.json").read_text()) == json.loads(
        (real_data / "gs_cameras_json" / "cameras.json").read_text()
    )
    write_path(splats, tmp_path / "b" / "cameras.json")
    assert read_path(tmp_path / "b" / "cameras.json").format == "gen3r"
    mixed = [
        {"position": [0, 0, 0], "rotation": np.eye(3).tolist(), "fx": 10, "fy": 10, "width": w, "height": 10}
        for w in (10, 20)
    ]
    (tmp_path / "mixed.json").write_text(json.dumps(mixed))
    assert read_path(tmp_path / "mixed.json").size_wh == (1, 1)


def test_llff_keeps_bounds_and_says_when_they_are_not_known(real_data: Path, tmp_path: Path):
    duck = read_path(real_data / "llff" / "duck_poses_bounds.npy")
    assert write_path(duck, tmp_path / "poses_bounds.npy") == []
    np.testing.assert_array_equal(
        np.load(tmp_path / "poses_bounds.npy"), np.load(real_data / "llff" / "duck_poses_bounds.npy")
    )
    assert any("written as NaN" in warning for warning in write_path(table(), tmp_path / "poses_bounds.npy"))
    unknown = read_path(tmp_path / "poses_bounds.npy")
    assert unknown.near_far is None
    assert not unknown.diagnose() or all(row.severity != "error" for row in unknown.diagnose())


def test_trajectories_of_datadop_have_the_real_part_first_and_their_calibrations_beside(tmp_path: Path):
    (tmp_path / "shot_0001_traj.txt").write_text("0.0 1 2 3 0.8 0 0.6 0\n1.0 1 2 4 1 0 0 0\n")
    assert read_path(tmp_path / "shot_0001_traj.txt").format == "tum"  # alone it is TUM's layout
    (tmp_path / "shot_0001_intrinsics.txt").write_text("600 0 256.4 0 610 104 0 0 1\n" * 2)
    table = read_path(tmp_path / "shot_0001_traj.txt")
    assert (table.format, table.size_wh) == ("monst3r", (512, 208))
    np.testing.assert_allclose(table.T_world_cam[0, :, 2], [0.96, 0, 0.28], atol=1e-12)
    np.testing.assert_allclose(table.T_world_cam[:, :, 3], [[1, 2, 3], [1, 2, 4]])
    assert table.intrinsics is not None
    assert table.intrinsics[1].tolist() == [[600, 0, 256.4], [0, 610, 104], [0, 0, 1]]
    (tmp_path / "shot_0001_intrinsics.txt").write_text("600 0 256.4 0 610 104 0 0 1\n")
    table = read_path(tmp_path / "shot_0001_traj.txt")
    assert table.intrinsics is None
    assert any("has 1 rows for 2 poses" in note for note in table.notes)
