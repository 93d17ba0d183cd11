"""Arrays: strangers' poses under a named convention, networks' results, ray maps, motion labels.

No network's own file was at hand: what VGGT, Depth Anything 3, Pi3, ViPE and DROID-SLAM write is written here by the
names and shapes of their sources.
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import path

from kinoeye.base.errors import InputError
from kinoeye.cli import main
from kinoeye.formats import PathTable, read_path, read_paths, read_segments, write_path
from kinoeye.formats.containers.arrays import npz_shapes, read_npy, read_npz, write_npz
from kinoeye.geometry.convention import homogeneous, invert, matrix_to_wxyz, rotvec_to_matrix
from kinoeye.language.tags import tag_words, translation_classes

N = 5


@pytest.fixture
def cameras() -> PathTable:
    """Five general poses in a world whose vertical is not known, of no unit."""
    rng = np.random.default_rng(7)
    table = path().frames(range(0, 50, 10)).with_size((64, 48)).with_fov(70)
    poses = np.concatenate([rotvec_to_matrix(rng.normal(size=(N, 3))), rng.normal(size=(N, 3, 1))], -1)
    convention = replace(table.convention, world_axes=None, metres_per_unit=None)
    return replace(table, matrices=poses, convention=convention, notes=())


def c2w(cameras: PathTable) -> np.ndarray:
    return homogeneous(cameras.T_world_cam)


OPENGL = np.diag([1.0, -1, -1, 1])
ARRAYS = {
    "numpy:opencv-c2w": lambda T: T,
    "numpy:opencv-w2c": np.linalg.inv,
    "numpy:opengl-c2w": lambda T: T @ OPENGL,
    "numpy:opengl-w2c": lambda T: np.linalg.inv(T @ OPENGL),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_read_in_the_convention_that_is_named(name: str, cameras: PathTable, tmp_path: Path):
    poses = ARRAYS[name](c2w(cameras))
    for file, array in {"a.npy": poses, "b.npy": poses[:, :3].astype("f4"), "c.npy": np.asfortranarray(poses)}.items():
        np.save(tmp_path / file, array)
        with pytest.raises(InputError, match=r"does not say its convention.*--from numpy:opencv-c2w"):
            read_path(tmp_path / file)
        read = read_path(tmp_path / file, format=name)
        assert read.format == name
        np.testing.assert_allclose(read.T_world_cam, cameras.T_world_cam, atol=1e-6)
    for target in (tmp_path / "own.npz", tmp_path / "own.npy"):
        warnings = write_path(cameras, target, format=name)
        key = name[-3:]
        stored = np.load(target) if target.suffix == ".npy" else np.load(target)[key]
        np.testing.assert_allclose(stored, poses, atol=1e-12)
        assert warnings == [] or f"--from {name}" in warnings[0]
    assert warnings


def test_our_own_npz_names_its_convention_and_keeps_the_rest(cameras: PathTable, tmp_path: Path):
    full = replace(
        cameras,
        convention=replace(cameras.convention, world_axes="FLU", metres_per_unit=1.0),
        near_far=np.tile([0.5, 9.0], (N, 1)),
        names=tuple(f"ü{i}.png" for i in range(N)),
        ids=(4, 3, 2, 1, 0),
    )
    for name in ("numpy", *ARRAYS):
        assert write_path(full, tmp_path / "a.npz", format=name) == []
        read = read_path(tmp_path / "a.npz")
        assert (read.format, read.names, read.ids, read.unit, read.up) == ("numpy", full.names, full.ids, "m", "z")
        np.testing.assert_allclose(read.T_world_cam, full.T_world_cam, atol=1e-12)
        for column in ("intrinsics", "times_s", "near_far"):
            np.testing.assert_array_equal(getattr(read, column), getattr(full, column))
    with pytest.raises(InputError, match="says that its poses are opengl-w2c"):
        read_path(tmp_path / "a.npz", format="numpy:opencv-c2w")
    first = (tmp_path / "a.npz").read_bytes()
    write_path(full, tmp_path / "a.npz", format="numpy:opengl-w2c")
    assert (tmp_path / "a.npz").read_bytes() == first


def test_an_npz_of_strangers_has_calibrations_and_times_beside_its_poses(cameras: PathTable, tmp_path: Path):
    K = cameras.intrinsics
    assert K is not None
    rows = K[:, [0, 1, 0, 1], [0, 1, 2, 2]]
    for calibration in (K, K[:1], K[0], rows, rows[0], homogeneous(np.concatenate([K, np.zeros((N, 3, 1))], -1))):
        np.savez(tmp_path / "a.npz", w2c=invert(cameras.T_world_cam), intrinsics=calibration, times=np.arange(N) / 10)
        read = read_path(tmp_path / "a.npz", format="numpy:opencv-w2c")
        np.testing.assert_allclose(read.intrinsics, K)
        np.testing.assert_array_equal(read.times_s, np.arange(N) / 10)
    with pytest.raises(InputError, match=r"w2c is world-to-cam by its name; give --from numpy:opencv-w2c"):
        read_path(tmp_path / "a.npz", format="numpy")
    np.savez(tmp_path / "a.npz", poses=c2w(cameras), K=K[:3])
    with pytest.raises(InputError, match="3 calibrations for 5 poses"):
        read_path(tmp_path / "a.npz", format="numpy")


def test_real_arrays_are_refused_with_the_choices_and_read_under_one(real_data: Path):
    rgbd = real_data / "rgbd_known_cameras"
    for file in (rgbd / "poses.npy", real_data / "recammaster_json" / "oracle_relative_c2w_opencv_m.npz"):
        with pytest.raises(InputError, match="--from numpy:opencv-c2w, numpy:opencv-w2c, numpy:opengl-c2w"):
            read_path(file)
    batch = read_paths(rgbd / "poses.npy", format="numpy:opencv-c2w")
    assert {name: len(table) for name, table in batch.items()} == {"0": 3, "1": 3}
    with pytest.raises(InputError, match="calibrations, not poses"):
        read_path(rgbd / "intrinsics.npy", format="numpy")
    oracle = read_paths(real_data / "recammaster_json" / "oracle_relative_c2w_opencv_m.npz", format="numpy")
    assert [len(table) for table in oracle.values()] == [81] * 10
    np.testing.assert_allclose(oracle["cam05"].T_world_cam[0], np.eye(4)[:3], atol=1e-12)


def test_vggt_and_depth_anything_write_extrinsics(cameras: PathTable, tmp_path: Path):
    w2c = np.linalg.inv(c2w(cameras))[:, :3].astype("f4")
    depth = np.zeros((N, 48, 64), "f4")
    K = np.asarray(cameras.intrinsics, "f4")
    files: dict[str, dict[str, np.ndarray]] = {
        "vggt": {"extrinsic": w2c, "intrinsic": K, "images": np.zeros((N, 3, 48, 64), "f4")},
        "vggt ": {"extrinsic": w2c[None], "intrinsic": K[None], "depth": depth[..., None]},
        "da3": {"extrinsics": w2c, "intrinsics": K, "depth": depth},
        "da3 ": {"extrinsics": homogeneous(w2c), "intrinsics": K, "depth": depth, "image": np.zeros((N, 48, 64, 3))},
    }
    for name, arrays in files.items():
        np.savez(tmp_path / "results.npz", **arrays)
        read = read_path(tmp_path / "results.npz")
        assert (read.format, read.size_wh) == (name.strip(), (64, 48))
        np.testing.assert_allclose(read.T_world_cam, cameras.T_world_cam, atol=1e-5)
        np.testing.assert_allclose(read.intrinsics, cameras.intrinsics, rtol=1e-6)
    np.savez(tmp_path / "results.npz", intrinsics=K, depth=depth)
    with pytest.raises(InputError, match="the network gave no poses"):
        read_path(tmp_path / "results.npz", format="da3")


def test_pi3_writes_camera_to_world(cameras: PathTable, tmp_path: Path):
    np.savez(tmp_path / "predictions.npz", camera_poses=c2w(cameras), conf=np.zeros((N, 4, 4, 1)))
    read = read_path(tmp_path / "predictions.npz")
    assert read.format == "pi3"
    np.testing.assert_allclose(read.T_world_cam, cameras.T_world_cam)


def test_vipe_joins_poses_and_intrinsics_by_their_frame_numbers(cameras: PathTable, tmp_path: Path):
    rows = np.column_stack([np.arange(8) + 100.0, np.arange(8) + 200.0, np.full(8, 32), np.full(8, 24)])
    for folder in ("pose", "intrinsics"):
        (tmp_path / folder).mkdir()
    numbers = np.array([0, 2, 3, 5, 7])
    np.savez(tmp_path / "pose" / "a.npz", data=c2w(cameras), inds=numbers)
    np.savez(tmp_path / "intrinsics" / "a.npz", data=rows, inds=np.arange(8))
    read = read_path(tmp_path / "pose" / "a.npz")
    assert (read.format, read.ids, read.lens, read.size_wh) == ("vipe", (0, 2, 3, 5, 7), "perspective", None)
    np.testing.assert_allclose(read.T_world_cam, cameras.T_world_cam)
    np.testing.assert_array_equal(read.intrinsics[:, 0, 0], numbers + 100)  # type: ignore[index]
    assert list(read_paths(tmp_path)) == ["a"]
    (tmp_path / "intrinsics" / "a_camera.txt").write_text("0: PANORAMA\n1: PANORAMA\n")
    assert read_path(tmp_path / "pose" / "a.npz").lens == "PANORAMA"
    with pytest.raises(InputError, match=r"ViPE's intrinsics; give the poses, .*pose.a\.npz"):
        read_path(tmp_path / "intrinsics" / "a.npz")


def test_droid_slam_writes_key_frames_one_way_and_all_frames_the_other(cameras: PathTable, tmp_path: Path):
    def rows(poses: np.ndarray) -> np.ndarray:
        return np.concatenate([poses[:, :3, 3], np.roll(matrix_to_wxyz(poses[:, :3, :3]), -1, -1)], -1).astype("f4")

    np.save(tmp_path / "poses.npy", rows(np.linalg.inv(c2w(cameras))))
    np.save(tmp_path / "traj_est.npy", rows(c2w(cameras)))
    with pytest.raises(InputError, match="--from droid"):
        read_path(tmp_path / "poses.npy")  # rows of seven numbers may be anything
    np.save(tmp_path / "tstamps.npy", np.array([0.0, 3, 9, 12, 20]))
    np.save(tmp_path / "intrinsics.npy", np.tile([8.0, 9, 4, 3], (N, 1)))
    np.save(tmp_path / "images.npy", np.zeros((N, 3, 48, 64), "u1"))
    for place in (tmp_path, tmp_path / "poses.npy", tmp_path / "traj_est.npy"):
        read = read_path(place)
        assert read.format == "droid"
        np.testing.assert_allclose(read.T_world_cam, cameras.T_world_cam, atol=1e-5)
    key_frames = read_path(tmp_path)
    assert (key_frames.ids, key_frames.size_wh) == ((0, 3, 9, 12, 20), (64, 48))
    np.testing.assert_array_equal(key_frames.intrinsics[0], [[64, 0, 32], [0, 72, 24], [0, 0, 1]])  # type: ignore[index]


def test_ray_maps_pass_through_their_pixels(cameras: PathTable, tmp_path: Path):
    warnings = write_path(cameras, tmp_path / "a.plucker.npz")
    assert any("relative to its first camera" in warning for warning in warnings)
    write_path(cameras, tmp_path / "a.raymap.npz")
    plucker, rays = np.load(tmp_path / "a.plucker.npz")["plucker"], np.load(tmp_path / "a.raymap.npz")["rays"]
    assert plucker.shape == rays.shape == (N, 6, 48, 64)
    assert plucker.dtype == np.float32
    o, d = rays[:, :3].astype(float), rays[:, 3:].astype(float)
    np.testing.assert_allclose(np.linalg.norm(d, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(o[:, :, 7, 9], cameras.T_world_cam[:, :, 3], atol=1e-6)
    np.testing.assert_allclose(plucker[:, 3:], d, atol=1e-7)
    np.testing.assert_allclose(plucker[:, :3], np.cross(o, d, axis=1), atol=1e-5)
    assert cameras.intrinsics is not None
    point = (o + 3 * d)[:, :, 7, 9]
    local = np.einsum("nij,nj->ni", cameras.intrinsics, np.einsum(
        "nji,nj->ni", cameras.T_world_cam[:, :, :3], point - cameras.T_world_cam[:, :, 3]))  # fmt: skip
    assert (local[:, 2] > 0).all()
    np.testing.assert_allclose(local[:, :2] / local[:, 2:], np.tile([9.5, 7.5], (N, 1)), atol=1e-4)
    with pytest.raises(InputError, match=r"GiB; at most 1 are written.*--size"):
        write_path(cameras.with_size((8000, 6000)), tmp_path / "b.plucker.npz")
    assert not (tmp_path / "b.plucker.npz").exists()
    with pytest.raises(InputError, match="'plucker' cannot be read, only written"):
        read_path(tmp_path / "a.plucker.npz", format="plucker")


@given(velocity=st.lists(st.tuples(*[st.floats(-1, 1)] * 3), min_size=1, max_size=20))
def test_labels_of_e_t_are_our_tags_of_the_same_motion(velocity: list, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("labels") / "cam.npy"
    opencv = np.array(velocity)
    np.save(file, translation_classes(opencv))  # E.T. numbers alike, in OpenCV axes
    np.testing.assert_array_equal(read_segments(file), 7 * translation_classes(opencv * [1, -1, -1]))


def test_labels_of_e_t_have_its_words(real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = {1: "forward", 2: "backward", 3: "down", 6: "up", 9: "right", 18: "left"}  # push in, pull out, boom, truck
    np.save(tmp_path / "all.npy", np.arange(27))
    for label, tag in enumerate(read_segments(tmp_path / "all.npy")):
        digits = (label // 9 * 9, label // 3 % 3 * 3, label % 3)
        assert tag_words(tag) == (tuple(words[digit] for digit in digits if digit), "")
    file = real_data / "et_segments" / "cam_2011_F_EuMeT2wBo_00014_00001.npy"
    assert main(["tag", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "The camera moves right and forward."
    assert main(["tag", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 24
    assert main(["inspect", str(file)]) == 2
    assert "holds no cameras; `kinoeye tag`" in capsys.readouterr().err
    np.save(tmp_path / "far.npy", np.array([0, 27]))
    with pytest.raises(InputError, match="classes are 0 to 26"):
        read_segments(tmp_path / "far.npy")


class Trap:
    """Unpickling it would fail the test."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was opened",)


def test_pickles_are_never_opened(tmp_path: Path):
    trap = np.array([Trap()], dtype=object)
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "b.npz", camera_poses=trap, allow_pickle=True)
    (tmp_path / "c.pkl").write_bytes(pickle.dumps(Trap(), protocol=4))
    with zipfile.ZipFile(tmp_path / "d.pt", "w") as archive:
        archive.writestr("d/data.pkl", pickle.dumps(Trap()))
    for name, words in {"a.npy": "running code", "b.npz": "Python objects", "c.pkl": "pickle, .* never opened",
                        "d.pt": "PyTorch file, a pickle"}.items():  # fmt: skip
        with pytest.raises(InputError, match=words):
            read_path(tmp_path / name)


def test_headers_are_believed_only_as_far_as_the_bytes_go(tmp_path: Path):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 17)})
    (tmp_path / "poses_bounds.npy").write_bytes(stream.getvalue() + bytes(1000))
    with pytest.raises(InputError, match="at most"):
        read_path(tmp_path / "poses_bounds.npy")
    np.save(tmp_path / "cut.npy", np.zeros((100, 17)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-1])
    with pytest.raises(InputError, match="breaks off"):
        read_npy(tmp_path / "cut.npy")
    with pytest.raises(InputError, match="does not exist"):
        read_npy(tmp_path / "none.npy")
    (tmp_path / "none.npz").write_bytes(b"PK\3\4 not really")
    with pytest.raises(InputError, match="an archive that breaks off"):
        read_npz(tmp_path / "none.npz", ["a"])
    (tmp_path / "none.npz").write_bytes(b"not really")
    with pytest.raises(InputError, match="damaged or unusual archive"):
        read_npz(tmp_path / "none.npz", ["a"])


def test_arrays_are_written_all_or_nothing(tmp_path: Path):
    write_npz(tmp_path / "a.npz", {"x": np.arange(3), "s": np.array("text")})
    assert npz_shapes(tmp_path / "a.npz") == {"x": (3,), "s": ()}
    before = (tmp_path / "a.npz").read_bytes()
    with pytest.raises(ValueError, match="allow_pickle"):
        write_npz(tmp_path / "a.npz", {"x": np.array([Trap()], dtype=object)})
    assert (tmp_path / "a.npz").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


NAMES = {
    "kubric": ("world_mat_0", "camera_mat_0", "world_mat_1"), "vggt": ("extrinsic", "intrinsic", "images"),
    "da3": ("extrinsics", "intrinsics", "depth"), "pi3": ("camera_poses",), "vipe": ("data", "inds"),
    "numpy": ("c2w", "K", "times_s", "convention", "unit", "world_axes", "names", "ids", "near_far", "size_wh"),
    "numpy:opengl-w2c": ("w2c", "poses", "intrinsics", "times"),
}  # fmt: skip
KINDS = ("f4", "f2", "f8", "i4", "u1", "?", "c8", "<U5", "S3", "M8[s]", "i4,f4", "V3", "O")
SHAPES = ((), (0,), (3,), (4,), (3, 4), (4, 4), (2, 7), (2, 17), (2, 3, 4), (2, 4, 4), (0, 4, 4), (2, 2, 3, 4),
          (1, 1, 2, 4, 4), (2, 3, 3), (2, 4), (2, 2))  # fmt: skip
TEXTS = ("opencv-c2w", "opengl-w2c", "m", "FLU", "XYZ", "")


def odd_array(shape: tuple[int, ...], kind: str, value: float) -> np.ndarray:
    """An array of a kind, also of those that hold no numbers."""
    if kind in ("i4,f4", "V3", "S3", "M8[s]"):
        return np.zeros(shape, kind)
    with np.errstate(invalid="ignore"):  # NaN as a whole number
        return np.full(shape, value).astype(kind)


@given(data=st.data(), name=st.sampled_from(sorted(NAMES)))
def test_arrays_of_any_kind_and_shape_are_read_or_refused(
    data: st.DataObject, name: str, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("odd")
    odd = st.one_of(
        st.builds(odd_array, *map(st.sampled_from, (SHAPES, KINDS, [0.0, 1.0, 2.5, np.nan]))),
        st.builds(np.array, st.sampled_from(TEXTS)),
    )  # fmt: skip
    keys = data.draw(st.lists(st.sampled_from(NAMES[name]), min_size=1, unique=True))
    np.savez(folder / "a.npz", **{key: data.draw(odd) for key in keys})
    for form in (None, name):
        with contextlib.suppress(InputError):
            read_path(folder / "a.npz", format=form).diagnose()
    np.save(folder / "a.npy", data.draw(odd), allow_pickle=True)
    for form in (None, "llff", "droid", "numpy"):
        with contextlib.suppress(InputError):
            read_path(folder / "a.npy", format=form).diagnose()


@given(header=st.text("{}'descr<f8,:()shape 0123456789-nord FalseTrue[]\\\"\n#", max_size=120))
def test_headers_of_any_text_are_refused(header: str, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("header") / "a.npy"
    text = header.encode("latin-1") + b"\n"
    file.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64))
    for form in (None, "llff"):
        with pytest.raises(InputError):
            read_path(file, format=form)
