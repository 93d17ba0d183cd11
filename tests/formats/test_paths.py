"""Every format: what is written reads back, real files load, and files of one format are claimed by it alone."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from path_tables import path, tables

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.paths import READERS, WRITERS, format_for_output
from kinoeye.formats.paths.foreign import read_head
from kinoeye.shot import Shot

TOLERANCE = 1e-9


def assert_same(read: PathTable, written: PathTable, loses: frozenset[str]) -> None:
    """Equal in everything that a format does not lose; poses relative to their magnitude."""
    size = max(1.0, abs(written.matrices).max())
    assert abs(read.T_world_cam - written.T_world_cam).max() <= TOLERANCE * size
    assert "unit" in loses or read.unit == written.unit
    assert "names" in loses or read.names == written.names
    assert "ids" in loses or read.ids == written.ids
    if "times" not in loses:
        np.testing.assert_allclose(read.times_s, written.times_s, rtol=0, atol=TOLERANCE)
    if "intrinsics" not in loses:
        assert read.size_wh is not None
        assert written.size_wh is not None
        K = read.with_size(written.size_wh).intrinsics
        np.testing.assert_allclose(K, written.intrinsics, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", WRITERS)
@given(table=tables())
def test_what_is_written_reads_back(name: str, table: PathTable, tmp_path_factory: pytest.TempPathFactory):
    target = tmp_path_factory.mktemp(name) / WRITERS[name].DEFAULT_NAME
    write_path(table, target, format=name)
    read = read_path(target)
    assert read.format == name
    assert_same(read, table, WRITERS[name].LOSES)


@pytest.mark.parametrize("second", WRITERS)
@pytest.mark.parametrize("first", WRITERS)
def test_there_and_back_again(first: str, second: str, tmp_path: Path):
    original = path().with_size((560, 560))
    write_path(original, tmp_path / "a" / WRITERS[first].DEFAULT_NAME, format=first)
    a = read_path(tmp_path / "a" / WRITERS[first].DEFAULT_NAME)
    if a.intrinsics is None and "intrinsics" in WRITERS[second].NEEDS:
        with pytest.raises(InputError, match="--fov-deg"):
            write_path(a, tmp_path / "b", format=second)
        a = a.with_size((560, 560)).with_fov(60)
    write_path(a, tmp_path / "b" / WRITERS[second].DEFAULT_NAME, format=second)
    b = read_path(tmp_path / "b" / WRITERS[second].DEFAULT_NAME)
    np.testing.assert_allclose(b.T_world_cam, a.T_world_cam, atol=TOLERANCE)
    if b.intrinsics is None and "intrinsics" in WRITERS[first].NEEDS:
        b = b.with_size((560, 560)).with_fov(60)
    write_path(b, tmp_path / "c" / WRITERS[first].DEFAULT_NAME, format=first)
    c = read_path(tmp_path / "c" / WRITERS[first].DEFAULT_NAME)
    np.testing.assert_allclose(c.T_world_cam, original.T_world_cam, atol=TOLERANCE)


@pytest.mark.parametrize("name", WRITERS)
def test_a_trajectory_goes_through_every_format(name: str, tmp_path: Path):
    trajectory = path().with_size((560, 560)).to_trajectory()
    target = tmp_path / WRITERS[name].DEFAULT_NAME
    warnings = write_path(trajectory, target, format=name)
    table = read_path(target)
    assert len(warnings) >= ("unit" in WRITERS[name].LOSES) + ("times" in WRITERS[name].LOSES)
    table = table if table.intrinsics is not None else table.with_size((560, 560)).with_fov(60)
    again = table.to_trajectory(fps=24, size_wh=(560, 560))
    np.testing.assert_allclose(again.T_world_cam.as_matrix(), trajectory.T_world_cam.as_matrix(), atol=TOLERANCE)


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_format_cannot_hold_is_said_by_name(name: str, tmp_path: Path):
    table = replace(path().with_size((560, 560)), names=tuple(f"{i:04d}.png" for i in range(len(path()))))
    table = replace(table, distortion={"k1": np.full(len(table), 0.1)})
    text = " ".join(write_path(table, tmp_path / WRITERS[name].DEFAULT_NAME, format=name))
    words = {"times": "times", "intrinsics": "intrinsics", "names": "image names", "distortion": "distortion"}
    for key, word in {**words, "unit": "metres"}.items():
        assert (word in text) == (key in WRITERS[name].LOSES), (key, text)


def test_the_output_name_chooses_the_format():
    names = {
        "cam.json": "kinoeye", "x/transforms_train.json": "transforms", "cameras.json": "gen3r", "a.tum": "tum",
        "a.re10k.txt": "re10k", "out/images.txt": "colmap", "sparse": "colmap",
    }  # fmt: skip
    assert {name: format_for_output(name) for name in names} == names
    with pytest.raises(InputError, match="--to: kinoeye, transforms"):
        format_for_output("cameras.txt2")


def test_unknown_formats_are_named():
    with pytest.raises(InputError, match="'blender' is not known; kinoeye"):
        read_path("x.json", format="blender")


def test_faulty_tables_are_not_written(tmp_path: Path):
    table = path()
    faulty = replace(table, matrices=table.matrices * np.array([2.0, 1.0, 1.0, 1.0]))
    with pytest.raises(InputError, match="--repair not-orthogonal"):
        write_path(faulty, tmp_path / "x.json")
    assert not any(tmp_path.iterdir())


def test_shots_and_folders_hold_cameras(tmp_path: Path):
    trajectory = path().to_trajectory()
    Shot(camera=trajectory).save(tmp_path / "shot.json")
    for place in (tmp_path, tmp_path / "shot.json"):
        read = read_path(place)
        assert read.format == "kinoeye"
        np.testing.assert_allclose(read.T_world_cam, path().T_world_cam, atol=TOLERANCE)
    write_path(trajectory, tmp_path / "other" / "camera.json")
    assert len(read_path(tmp_path / "other")) == len(trajectory)


def test_re10k_headers_and_dummy_times(tmp_path: Path):
    row = "{} 0.5 0.9 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0"
    file = tmp_path / "a.txt"
    for header in ("\n", "https://xxx\n", ""):
        file.write_text(header + "\n".join(row.format(114514) for _ in range(3)) + "\n")
        table = read_path(file)
        assert (table.format, len(table), table.times_s) == ("re10k", 3, None)
        assert "dummy" in table.notes[-1]
    file.write_text("\n" + "\n".join(row.format(i) for i in range(3)))
    assert read_path(file).times_s is None
    file.write_text("u\n" + "\n".join(row.format(i * 40_000) for i in range(3)))
    assert read_path(file).times_s.tolist() == [0, 0.04, 0.08]  # type: ignore[union-attr]


def test_transforms_intrinsics_of_frames_and_angles(tmp_path: Path):
    pose = np.eye(4).tolist()
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"camera_angle_x": np.pi / 2, "frames": [{"transform_matrix": pose}]}))
    table = read_path(file)
    assert table.size_wh == (1, 1)
    np.testing.assert_allclose(table.fov_deg, [[90, 90]])
    np.testing.assert_allclose(table.T_world_cam[0, :, :3], np.diag([1, -1, -1]))  # OpenGL to OpenCV
    frames = [{"transform_matrix": pose, "fl_x": f, "cx": 50, "cy": 40} for f in (100, 200)]
    file.write_text(json.dumps({"w": 100, "h": 80, "fl_x": 7, "frames": frames}))
    table = read_path(file)
    assert table.intrinsics is not None
    assert table.intrinsics[:, 0, 0].tolist() == [100, 200]
    assert table.intrinsics[:, 1, 1].tolist() == [100, 200]


def test_lens_distortion_survives_where_it_can(tmp_path: Path):
    table = path().with_size((560, 560))
    table = replace(table, distortion={"k1": np.full(len(table), 0.05), "p1": np.full(len(table), 0.01)})
    for name in ("colmap", "transforms"):
        write_path(table, tmp_path / WRITERS[name].DEFAULT_NAME, format=name)
        read = read_path(tmp_path / WRITERS[name].DEFAULT_NAME)
        assert {key: set(values) for key, values in read.distortion.items()} == {"k1": {0.05}, "p1": {0.01}}
    fisheye = replace(table, lens="OPENCV_FISHEYE", distortion={"k1": np.full(len(table), 0.05)})
    write_path(fisheye, tmp_path / "fisheye.colmap")
    read = read_path(tmp_path / "fisheye.colmap")
    assert read.lens == "OPENCV_FISHEYE"
    assert [row.code for row in read.diagnose() if row.severity == "warning"] == ["lens"]


def test_colmap_order_cameras_and_other_files(tmp_path: Path):
    (tmp_path / "cameras.txt").write_text("# a\n1 SIMPLE_RADIAL 640 480 500 320 240 0.1\n7 PINHOLE 640 480 9 8 7 6\n")
    (tmp_path / "images.txt").write_text(
        "# b\n5 1 0 0 0 1 2 3 1 frame_10.png\n1.0 2.0 -1\n2 1 0 0 0 0 0 0 7 frame_9.png\n\n"
        "3 1 0 0 0 4 5 6 1 frame_11.png"
    )
    for extra in ("rigs.txt", "frames.txt", "points3D.txt"):
        (tmp_path / extra).write_text("# of newer versions\n")
    table = read_path(tmp_path)
    assert table.names == ("frame_9.png", "frame_10.png", "frame_11.png")
    assert table.ids == (2, 5, 3)
    assert table.intrinsics is not None
    assert table.intrinsics[:, 0, 0].tolist() == [9, 500, 500]
    assert table.distortion["k1"].tolist() == [0, 0.1, 0.1]
    np.testing.assert_allclose(table.T_world_cam[1, :, 3], [-1, -2, -3])
    np.testing.assert_array_equal(read_path(tmp_path / "images.txt").matrices, table.matrices)


def test_gen3r_intrinsics_follow_its_centre_crop(tmp_path: Path):
    # specs: a 1920x1080 image with f 1000/1010 and c 960/540 becomes f 518.519/523.704 and c 280.222/280 or one less.
    K = np.array([[1000, 0, 960], [0, 1010, 540], [0, 0, 1.0]])
    table = replace(path(), intrinsics=np.tile(K, (len(path()), 1, 1)), size_wh=(1920, 1080))
    warnings = write_path(table, tmp_path / "cameras.json")
    assert any("cropped to its centre" in warning for warning in warnings)
    K = read_path(tmp_path / "cameras.json").intrinsics[0]  # type: ignore[index]
    np.testing.assert_allclose(np.diag(K)[:2], [518.519, 523.704], atol=0.3)
    np.testing.assert_allclose(K[:2, 2], [280, 280], atol=1)


def test_the_format_of_the_guide_works(real_data: Path, tmp_path: Path):
    guide = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    rows = "from kinoeye.formats.paths.rows import columns_of, format_row, number_rows\n"
    files = "from pathlib import Path\nfrom kinoeye.base.files import read_text, write_text\n"
    others = "from kinoeye.formats import PathTable\nfrom kinoeye.geometry.convention import OPENCV\n"
    module: dict[str, Any] = {}
    exec(rows + files + others + code, module)
    source = real_data / "kitti" / "KITTI_00_gt.txt"
    assert module["sniff"](source.read_text()[:5000], source)
    table = module["read"](source)
    assert module["write"](table, tmp_path / "copy.kitti.txt") == []
    np.testing.assert_array_equal(module["read"](tmp_path / "copy.kitti.txt").matrices, table.matrices)


REAL = {
    "re10k_txt/*.txt": "re10k", "cami2v_txt/*.txt": "re10k", "wan_fun_camera_txt/*.txt": "re10k", "tum/*.txt": "tum",
    "euroc/V102.txt": "tum", "gendop/*transforms*.json": "transforms", "gendop/vis_case1.json": "transforms",
    "nerfstudio_transforms/*.json": "transforms", "colmap_txt": "colmap", "gen3r/*cameras.json": "gen3r",
}  # fmt: skip


@pytest.mark.parametrize("pattern", REAL)
def test_real_files_load_as_what_they_are(real_data: Path, pattern: str):
    files = sorted(real_data.glob(pattern))
    assert files
    for file in files:
        assert read_path(file).format == REAL[pattern], file


def test_real_colmap_model_equals_pycolmap(real_data: Path):
    oracle = json.loads((real_data / "colmap_txt" / "oracle_poses.json").read_text())
    table = read_path(real_data / "colmap_txt")
    assert set(table.names) == set(oracle)
    for i, name in enumerate(table.names):
        np.testing.assert_allclose(table.matrices[i], oracle[name]["cam_from_world"], atol=1e-6)
        np.testing.assert_allclose(table.T_world_cam[i, :, 3], oracle[name]["center"], atol=1e-6)
    assert table.distortion["k1"][0] == 0.0048082285955497739


def test_real_facts(real_data: Path):
    datadop = read_path(real_data / "gendop" / "case1_transforms_cleaning.json")
    assert (len(datadop), datadop.ids[:2], datadop.size_wh) == (120, (1, 2), (512, 208))
    fox = read_path(real_data / "nerfstudio_transforms" / "fox_transforms.json")
    assert set(fox.distortion) == {"k1", "k2", "p1", "p2"}
    assert fox.names[0] == "images/0001.jpg"
    bedroom = read_path(real_data / "gen3r" / "bedroom_cameras.json")
    assert len(bedroom) == 49
    assert bedroom.T_world_cam[-1, 2, 3] > 0.5  # the film moves forward, which only world-to-camera gives
    re10k = read_path(real_data / "re10k_txt" / "0bf152ef84195293.txt")
    assert re10k.times_s is not None
    assert re10k.times_s[0] == 158.692025


def test_at_most_one_format_claims_a_real_file(real_data: Path):
    for file in (file for file in real_data.rglob("*") if file.is_file()):
        head = read_head(file)
        claims = [name for name, reader in READERS.items() if head is not None and reader.sniff(head, file)]
        assert len(claims) <= 1, (file, claims)


KINDS = {
    "gen3r/*.png": "PNG picture and holds no cameras", "opensfm/*.jpg": "JPEG picture and holds no cameras",
    "video/*.mp4": "video and holds no cameras", "gendop/*_depth.npy": "depth maps .* and holds no cameras",
    "et_segments/*.npy": "labels .* and holds no cameras", "gendop/*_caption.json": "caption .* and holds no cameras",
    "gendop/text_motion_cases.txt": "words .* and holds no cameras", "gen3r/*prompts.txt": "and holds no cameras",
    "rgbd_known_cameras/depths.npy": "depth maps .* and holds no cameras",
}  # fmt: skip


@pytest.mark.parametrize("pattern", KINDS)
def test_real_files_without_cameras_are_recognised(real_data: Path, pattern: str):
    files = sorted(real_data.glob(pattern))
    assert files
    for file in files:
        with pytest.raises(InputError, match=KINDS[pattern]):
            read_path(file)


def test_every_other_real_file_is_refused_in_one_line(real_data: Path):
    read, refused = 0, 0
    for file in (file for file in real_data.rglob("*") if file.is_file()):
        message = ""
        try:
            read_path(file)
            read += 1
        except InputError as error:
            refused += 1
            message = str(error)
        assert "\n" not in message
        assert not message or message.endswith(f"readable formats: {', '.join(READERS)}"), message
    assert read >= 32
    assert refused >= 80


def test_missing_and_empty_files(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        read_path(tmp_path / "none.json")
    with pytest.raises(InputError, match="folder without cameras"):
        read_path(tmp_path)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InputError, match="is empty"):
        read_path(tmp_path / "empty.txt")
    shutil.copy(__file__, tmp_path / "code.txt")
    with pytest.raises(InputError, match="readable formats: kinoeye"):
        read_path(tmp_path / "code.txt")
