"""COLMAP models: both forms, every lens, rigs and points, against real files and pycolmap; and hostile ones."""

from __future__ import annotations

import json
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import path
from sfm_models import FORMS, binary_form, centres, radial_pixels, write_files, write_form

from kinoeye.base.errors import InputError
from kinoeye.formats import read_colmap, read_path, read_paths, write_path
from kinoeye.formats.containers.colmap_model import MODELS
from kinoeye.geometry.convention import homogeneous


@pytest.mark.parametrize("form", ["colmap_txt", "colmap_bin"])
def test_real_models_have_the_centres_of_pycolmap(real_data: Path, form: str):
    oracle = json.loads((real_data / "colmap_txt" / "oracle_poses.json").read_text())
    table = read_path(real_data / form)
    assert table.format == {"colmap_txt": "colmap", "colmap_bin": "colmap-bin"}[form]
    assert set(table.names) == set(oracle)
    for name, centre in centres(table).items():
        np.testing.assert_allclose(centre, oracle[name]["center"], atol=1e-6)
    np.testing.assert_array_equal(table.distortion["k1"], 0.0048082285955497739)
    assert not [row for row in table.diagnose() if row.severity == "error"]


def test_the_two_view_model_loads(real_data: Path):
    table = read_path(real_data / "colmap_bin_two_view")
    assert (table.format, len(table)) == ("colmap-bin", 2)
    model = read_colmap(real_data / "colmap_bin_two_view")
    assert {int(length) for length in np.diff(model.points.track_starts)} == {2}


def test_points_of_a_real_model_fall_on_their_keypoints(real_data: Path):
    model = read_colmap(real_data / "colmap_bin")
    points, images = model.points, {image.id: image for image in model.images}
    assert (len(points), len(images)) == (484, 14)
    keypoints = {number: image.points2D for number, image in images.items()}
    for i in range(len(points)):
        errors = []
        for image_id, index in points.track(i).tolist():
            image, keypoint = images[image_id], keypoints[image_id][index]
            camera = model.camera_of(image)
            assert keypoint["point3D_id"] == points.ids[i]
            assert camera.K is not None
            local = homogeneous(image.cam_from_world)[:3] @ [*points.xyz[i], 1]
            pixel = radial_pixels(local[None], camera.K, camera.parameters["k1"])[0]
            errors.append(np.linalg.norm(pixel - keypoint["xy"]))
        assert np.mean(errors) == pytest.approx(points.error_px[i], abs=1e-6)
    seen = [number for number, points2D in keypoints.items() for _ in range((points2D["point3D_id"] >= 0).sum())]
    assert sorted(seen) == sorted(points.tracks["image_id"].tolist())


def test_both_forms_of_a_real_model_have_the_same_points(real_data: Path):
    text, binary = read_colmap(real_data / "colmap_txt").points, read_colmap(real_data / "colmap_bin").points
    order, other = np.argsort(text.ids), np.argsort(binary.ids)
    for column in ("ids", "xyz", "rgb", "error_px"):
        np.testing.assert_array_equal(getattr(text, column)[order], getattr(binary, column)[other])


@pytest.mark.parametrize("form", FORMS)
def test_a_model_written_by_hand_is_read_as_it_says(form: str, tmp_path: Path):
    folder = write_form(tmp_path, form)
    model = read_colmap(folder)
    assert [(image.id, image.name, image.camera_id) for image in model.images] == [
        (7, "b_10.png", 1), (3, "b_9.png", 2), (5, "c.png", 1)
    ]  # fmt: skip
    first, second, third = (image.points2D for image in model.images)
    assert first["xy"].tolist() == [[1.5, 2.5], [3.5, 4.5]]
    assert first["point3D_id"].tolist() == [4, -1]
    assert (len(second), third["xy"].tolist()) == (0, [[10, 20]])
    points = model.points
    assert (points.ids.tolist(), points.xyz.tolist()) == ([4, 9], [[1, 2, 3], [-1, -2, -3]])
    assert points.rgb.tolist() == [[10, 20, 30], [255, 0, 1]]
    np.testing.assert_array_equal(points.error_px, [0.25, np.nan])  # COLMAP's -1 is not an error of -1 pixels
    assert (points.track(0).tolist(), points.track(1).tolist()) == ([(7, 0), (5, 0)], [])
    table = read_path(folder)
    assert (table.names, table.ids) == (("b_9.png", "b_10.png", "c.png"), (3, 7, 5))
    np.testing.assert_allclose(table.matrices[0, :, :3], [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert table.intrinsics is not None
    assert table.intrinsics[:, 1, 1].tolist() == [510, 500, 500]
    assert table.distortion["k1"].tolist() == [0, 0.1, 0.1]


@pytest.mark.parametrize("form", FORMS)
def test_poses_come_through_the_rigs_where_a_model_has_frames(form: str, tmp_path: Path):
    folder = write_form(tmp_path, form, with_rigs=True)
    poses = {image.id: image.cam_from_world for image in read_colmap(folder).images}
    np.testing.assert_allclose(poses[7], np.eye(4)[:3] + np.outer([1, 2, 3], [0, 0, 0, 1]))
    cycle = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.0]])  # the quaternion of four halves
    np.testing.assert_allclose(poses[3][:, :3], cycle)
    np.testing.assert_allclose(poses[3][:, 3], cycle @ [1, 2, 3] + [10, 20, 30])
    assert np.isnan(poses[5]).all()  # its place on the rig is not known
    table = read_path(folder)
    assert table.notes[1:] == (
        "the poses of frames and rigs, which hold in COLMAP, are not those beside 2 of the images",
    )
    assert [row.frames for row in table.diagnose() if row.code == "nan"] == [(2,)]


def test_unknown_poses_stay_unknown_and_are_not_laid_to_rigs(tmp_path: Path):
    folder = write_form(tmp_path, "colmap")
    text = (folder / "images.txt").read_text().replace(" 1 2 3 1 b_10", " nan 2 3 1 b_10")
    (folder / "images.txt").write_text(text)
    table = read_path(folder)
    assert [row.frames for row in table.diagnose() if row.code == "nan"] == [(1,)]
    assert table.notes == ("frames are sorted by image name",)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("missing", ["rigs", "frames"])
def test_frames_without_rigs_are_refused_and_rigs_without_frames_change_nothing(
    form: str, missing: str, tmp_path: Path
):
    folder = write_form(tmp_path, form, with_rigs=True)
    (folder / f"{missing}.{'txt' if form == 'colmap' else 'bin'}").unlink()
    if missing == "rigs":
        with pytest.raises(InputError, match="sensor 1 of rig 1, which does not exist"):
            read_colmap(folder)
    else:
        np.testing.assert_allclose(read_colmap(folder).images[0].cam_from_world[:, 3], [1, 2, 3])


def test_the_binary_form_comes_first_where_a_folder_holds_both_as_in_colmap(tmp_path: Path):
    write_form(tmp_path, "colmap")
    write_form(tmp_path, "colmap-bin")
    assert read_path(tmp_path).format == "colmap-bin"
    assert read_path(tmp_path / "images.txt").format == "colmap"
    assert read_path(tmp_path / "images.bin").format == "colmap-bin"


def test_nothing_is_written_beside_files_that_would_be_read_instead(tmp_path: Path):
    table = path().with_size((640, 480))
    write_form(tmp_path / "binary", "colmap-bin")
    with pytest.raises(InputError, match=r"holds cameras\.bin of another COLMAP model"):
        write_path(table, tmp_path / "binary", format="colmap")
    write_form(tmp_path / "rigs", "colmap-bin", with_rigs=True)
    with pytest.raises(InputError, match=r"holds rigs\.bin of another COLMAP model"):
        write_path(table, tmp_path / "rigs", format="colmap-bin")
    assert len(read_path(tmp_path / "binary")) == 3


def test_lenses_of_different_kinds_become_tables_of_their_own(tmp_path: Path):
    folder = write_form(tmp_path, "colmap")
    (folder / "cameras.txt").write_text("1 EUCM 640 480 500 500 320 240 0.6 1.1\n2 EQUIRECTANGULAR 640 320 640 320\n")
    tables = read_paths(folder)
    assert {lens: table.names for lens, table in tables.items()} == {
        "EQUIRECTANGULAR": ("b_9.png",), "EUCM": ("b_10.png", "c.png")
    }  # fmt: skip
    assert (tables["EQUIRECTANGULAR"].intrinsics, tables["EQUIRECTANGULAR"].size_wh) == (None, (640, 320))
    assert {name: values.tolist() for name, values in tables["EUCM"].distortion.items()} == {
        "alpha": [0.6, 0.6], "beta": [1.1, 1.1]
    }  # fmt: skip
    assert len(read_path(f"{folder}#EUCM")) == 2


def test_names_and_numbers_that_colmap_cannot_hold(tmp_path: Path):
    table = path().with_size((640, 480)).frames(range(3))
    named = replace(table, names=("a 1.png", "a 2.png", "a 10.png"), ids=(1, 1, -5))
    warnings = " ".join(write_path(named, tmp_path / "x.colmap"))
    assert "of which COLMAP reads only the first word" in warnings
    assert "numbered from 1" in warnings
    assert read_path(tmp_path / "x.colmap").names == named.names
    with pytest.raises(InputError, match="cannot be the name of an image"):
        write_path(replace(table, names=("a", "b\nc", "d")), tmp_path / "y.colmap")
    lost = replace(table, distortion={"k1": np.full(3, 0.1), "s4": np.full(3, 0.1)})
    assert any("distortion coefficients s4" in warning for warning in write_path(lost, tmp_path / "z.colmap"))


def test_a_fisheye_of_two_focal_lengths_gets_the_model_that_has_two(tmp_path: Path):
    table = path().frames(range(3)).with_size((640, 480)).with_fov(90)
    table = replace(table, lens="RADIAL_FISHEYE", distortion={"k1": np.full(3, 0.1), "k2": np.full(3, 0.2)})
    write_path(table, tmp_path / "square.colmap")
    assert read_path(tmp_path / "square.colmap").lens == "RADIAL_FISHEYE"
    stretched = table.with_size((640, 960))
    write_path(stretched, tmp_path / "stretched.colmap")
    read = read_path(tmp_path / "stretched.colmap")
    assert read.lens == "OPENCV_FISHEYE"
    np.testing.assert_allclose(read.intrinsics, stretched.intrinsics)  # type: ignore[arg-type]


def read_all(folder: Path) -> None:
    """Everything of a model, as a path and as points; only InputError may come out, in one line."""
    for read in (read_path, read_colmap, lambda place: read_colmap(place).points):
        message = ""
        try:
            found = read(folder)
            for image in getattr(found, "images", ()):
                assert image.points2D.dtype.names == ("xy", "point3D_id")
        except InputError as error:
            message = str(error)
        assert "\n" not in message


def test_a_binary_model_cut_anywhere_is_refused(tmp_path: Path):
    files = binary_form(with_rigs=True)
    write_files(tmp_path, files)
    for name, data in files.items():
        for size in range(len(data)):
            (tmp_path / name).write_bytes(data[:size])
            with pytest.raises(InputError, match="breaks off"):
                assert read_colmap(tmp_path).points is None
        (tmp_path / name).write_bytes(data)


@pytest.mark.parametrize(
    ("name", "at", "layout"),
    [
        ("cameras.bin", 0, "<Q"), ("images.bin", 0, "<Q"), ("images.bin", 8 + 64 + 9, "<Q"), ("points3D.bin", 0, "<Q"),
        ("points3D.bin", 8 + 43, "<Q"), ("rigs.bin", 0, "<Q"), ("rigs.bin", 12, "<I"), ("frames.bin", 0, "<Q"),
        ("frames.bin", 8 + 64, "<I"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [2**31, 2**32 - 1, 2**61, 2**64 - 1])
def test_announced_counts_allocate_nothing(name: str, at: int, layout: str, count: int, tmp_path: Path):
    files = binary_form(with_rigs=True)
    data = bytearray(files[name])
    data[at : at + struct.calcsize(layout)] = struct.pack(layout, min(count, 2 ** (8 * struct.calcsize(layout)) - 1))
    write_files(tmp_path, {**files, name: bytes(data)})
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            assert read_colmap(tmp_path).points is None
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_image_names_must_end(tmp_path: Path):
    files = binary_form()
    pose = struct.pack("<I7dI", 1, 1, 0, 0, 0, 0, 0, 0, 1)
    write_files(tmp_path, {**files, "images.bin": struct.pack("<Q", 1) + pose + b"a" * 100_000})
    with pytest.raises(InputError, match="image name of over 4096 bytes"):
        read_colmap(tmp_path)


def test_names_in_another_encoding_are_read(tmp_path: Path):
    files = binary_form()
    write_files(tmp_path, {**files, "images.bin": files["images.bin"].replace(b"c.png", b"\xe9.png"[:5])})
    assert "\\xe9.png" in read_path(tmp_path).names


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
def test_edited_models_are_read_or_refused(form: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    folder = write_form(tmp_path_factory.mktemp("fuzz"), form, with_rigs=data.draw(st.booleans()))
    file = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(file.read_bytes())
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6)):
        if at < len(content):
            content[at] = byte
    file.write_bytes(bytes(content))
    read_all(folder)


def test_a_file_that_shrinks_after_it_was_opened_is_noticed(tmp_path: Path):
    image = read_colmap(write_form(tmp_path, "colmap-bin")).images[0]
    (tmp_path / "images.bin").write_bytes(b"")
    with pytest.raises(InputError, match="has become shorter"):
        assert image.points2D is None


@pytest.fixture(scope="session")
def pycolmap() -> Any:
    return pytest.importorskip("pycolmap")


def test_the_lens_models_are_those_of_pycolmap(pycolmap: Any):
    theirs = {m.name: m for m in pycolmap.CameraModelId.__members__.values() if m.name != "INVALID"}
    ours = {name: number for number, name in enumerate(MODELS)}
    assert {name: int(model.value) for name, model in theirs.items()}.items() <= ours.items()  # older ones have fewer
    for name, model in theirs.items():
        camera = pycolmap.Camera.create_from_model_id(1, model, 500.0, 640, 480)
        names = [part.strip() for part in camera.params_info.split(",")]
        same = {"k": "k1"} if "RADIAL" in name else {}
        assert [same.get(part, part) for part in names] == MODELS[name].split(), name


@pytest.mark.parametrize("with_sensor_poses", [True, False])
def test_models_with_rigs_equal_pycolmap(pycolmap: Any, with_sensor_poses: bool, tmp_path: Path):
    options = pycolmap.SyntheticDatasetOptions()
    options.num_rigs, options.num_cameras_per_rig, options.num_frames_per_rig = 2, 3 if with_sensor_poses else 1, 4
    options.num_points3D = 40
    options.sensor_from_rig_rotation_stddev, options.sensor_from_rig_translation_stddev = 20.0, 0.5
    pycolmap.set_random_seed(1)
    model = pycolmap.synthesize_dataset(options)
    for form, write in (("colmap", model.write_text), ("colmap-bin", model.write_binary)):
        (tmp_path / form).mkdir()
        write(tmp_path / form)
        ours = read_colmap(tmp_path / form)
        assert len(ours.images) == len(model.images)
        for image in ours.images:
            theirs = model.images[image.id]
            assert (image.name, image.camera_id) == (theirs.name, theirs.camera_id)
            np.testing.assert_allclose(image.cam_from_world, theirs.cam_from_world().matrix(), atol=1e-12)
            np.testing.assert_array_equal(image.points2D["xy"], [point.xy for point in theirs.points2D])
        for i, number in enumerate(ours.points.ids):
            point = model.points3D[int(number)]
            np.testing.assert_array_equal(ours.points.xyz[i], point.xyz)
            assert [(e.image_id, e.point2D_idx) for e in point.track.elements] == ours.points.track(i).tolist()


def test_frames_hold_where_they_and_the_images_differ_as_in_pycolmap(pycolmap: Any, tmp_path: Path):
    options = pycolmap.SyntheticDatasetOptions()
    options.num_rigs, options.num_cameras_per_rig, options.num_frames_per_rig, options.num_points3D = 1, 2, 2, 10
    model = pycolmap.synthesize_dataset(options)
    model.write_binary(tmp_path)
    images = bytearray((tmp_path / "images.bin").read_bytes())
    images[8 + 4 + 32 : 8 + 4 + 56] = struct.pack("<3d", 100, 200, 300)  # the first image's translation
    (tmp_path / "images.bin").write_bytes(bytes(images))
    theirs, ours = pycolmap.Reconstruction(tmp_path), read_colmap(tmp_path)
    for image in ours.images:
        np.testing.assert_allclose(image.cam_from_world, theirs.images[image.id].cam_from_world().matrix(), atol=1e-12)
    assert ours.notes == ("the poses of frames and rigs, which hold in COLMAP, are not those beside 1 of the images",)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in MODELS if name != "EQUIRECTANGULAR"])
def test_pycolmap_reads_what_we_write_in_every_lens_model(pycolmap: Any, name: str, form: str, tmp_path: Path):
    table = path().with_size((640, 480)).frames(range(0, 40, 10))
    n, keys = len(table), MODELS[name].split()
    others = [key for key in keys if key not in ("f", "fx", "fy", "cx", "cy")]
    distortion = {key: np.full(n, 0.01 * (i + 1)) for i, key in enumerate(others)}
    K = np.array([[500, 0, 321], [0, 500 if "f" in keys else 520, 239], [0, 0, 1.0]])
    is_pinhole = name in ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV")
    table = replace(
        table, intrinsics=np.tile(K, (n, 1, 1)), distortion=distortion, lens="perspective" if is_pinhole else name
    )
    write_path(table, tmp_path / "model", format=form)
    theirs, ours = pycolmap.Reconstruction(tmp_path / "model"), read_path(tmp_path / "model")
    assert (ours.format, ours.lens) == (form, table.lens)
    for key, values in distortion.items():
        np.testing.assert_array_equal(ours.distortion[key], values)
    (camera,) = theirs.cameras.values()
    assert is_pinhole or camera.model.name == name
    np.testing.assert_allclose(camera.calibration_matrix(), K)
    written = dict(zip(MODELS[camera.model.name].split(), camera.params, strict=True))
    assert {key: value for key, value in written.items() if key in others} == {k: v[0] for k, v in distortion.items()}
    for image in theirs.images.values():
        i = ours.names.index(image.name)
        np.testing.assert_allclose(image.cam_from_world().matrix(), ours.matrices[i], atol=1e-12)
    np.testing.assert_allclose(ours.T_world_cam, table.frames(range(n)).T_world_cam @ np.eye(4), atol=1e-9)
