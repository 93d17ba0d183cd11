"""Point clouds read back, in other libraries too, and GLB has +y up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.formats import read_ply, write_glb_points, write_ply

rng = np.random.default_rng(0)
POINTS = rng.normal(size=(100, 3)).astype(np.float32)
RGB = rng.integers(0, 256, size=(100, 3), dtype=np.uint8)


def test_ply_reads_back_here_and_in_trimesh(tmp_path: Path):
    write_ply(tmp_path / "cloud.ply", POINTS, RGB)
    points, rgb = read_ply(tmp_path / "cloud.ply")
    np.testing.assert_array_equal(points, POINTS)
    np.testing.assert_array_equal(rgb, RGB)
    cloud = trimesh.load(tmp_path / "cloud.ply")
    np.testing.assert_array_equal(cloud.vertices, POINTS)
    np.testing.assert_array_equal(cloud.colors[:, :3], RGB)


def test_ply_of_doubles_and_without_colour(tmp_path: Path):
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 2\n" + "".join(
        f"property double {axis}\n" for axis in "xyz"
    )
    data = np.arange(6, dtype="<f8")
    (tmp_path / "a.ply").write_bytes(f"{header}end_header\n".encode() + data.tobytes())
    points, rgb = read_ply(tmp_path / "a.ply")
    np.testing.assert_array_equal(points, data.reshape(2, 3))
    assert rgb is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_ply_of_text_is_read_as_trimesh_reads_it(newline: str, tmp_path: Path):
    header = ["ply", "format ascii 1.0", "comment made by hand", "element vertex 2"]
    header += [f"property float {axis}" for axis in "xyz"] + [f"property uchar {c}" for c in ("red", "green", "blue")]
    rows = ["0.5 -1e-3 2 255 0 7", " 1 2 3 4 5 6 ", "3 0 1 1"]  # the last one is a face
    header += ["element face 1", "property list uchar int vertex_indices", "end_header"]
    (tmp_path / "a.ply").write_bytes(newline.join([*header, *rows, ""]).encode())
    points, rgb = read_ply(tmp_path / "a.ply")
    np.testing.assert_array_equal(points, np.array([[0.5, -1e-3, 2], [1, 2, 3]], np.float32))
    np.testing.assert_array_equal(rgb, [[255, 0, 7], [4, 5, 6]])
    if newline == "\n":
        np.testing.assert_array_equal(trimesh.load(tmp_path / "a.ply", process=False).vertices, points)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1 2 3\n", "has 1 lines for 2 vertices: is it truncated"),
        ("", "has 0 lines for 2 vertices"),
        ("1 2 3\n4 5\n", "not 3 numbers"),
        ("1 2 3\n4 5 x\n", "not 3 numbers"),
        ("1 2 3 4\n1 2 3 4\n", "not 3 numbers"),
    ],
)
def test_damaged_ply_of_text_is_refused(body: str, message: str, tmp_path: Path):
    header = "ply\nformat ascii 1.0\nelement vertex 2\n" + "".join(f"property float {axis}\n" for axis in "xyz")
    (tmp_path / "a.ply").write_text(f"{header}end_header\n{body}")
    with pytest.raises(InputError, match=message):
        read_ply(tmp_path / "a.ply")
    (tmp_path / "a.ply").write_text(f"{header.replace('vertex 2', 'vertex 99999999')}end_header\n{body}")
    with pytest.raises(InputError, match="save it as binary_little_endian"):
        read_ply(tmp_path / "a.ply")


@given(data=st.binary(max_size=200), keep=st.integers(0, 2000))
def test_damaged_ply_is_refused(data: bytes, keep: int, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("ply") / "a.ply"
    write_ply(file, POINTS, RGB)
    file.write_bytes(file.read_bytes()[: min(keep, 1700)])
    with pytest.raises(InputError, match=r"truncated|not a little-endian binary or ascii"):
        read_ply(file)
    file.write_bytes(b"ply\nformat binary_little_endian 1.0\n" + data)
    with pytest.raises(InputError):
        read_ply(file)


def test_glb_turns_z_up_to_y_up(tmp_path: Path):
    write_glb_points(tmp_path / "cloud.glb", POINTS, RGB)
    assert (tmp_path / "cloud.glb").read_bytes()[:4] == b"glTF"
    (cloud,) = trimesh.load(tmp_path / "cloud.glb").geometry.values()
    np.testing.assert_allclose(cloud.vertices[:, 1], POINTS[:, 2], atol=1e-6)
    np.testing.assert_allclose(cloud.vertices[:, 2], -POINTS[:, 1], atol=1e-6)
    np.testing.assert_array_equal(cloud.colors[:, :3], RGB)


def test_unusable_clouds_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="uint8"):
        write_ply(tmp_path / "a.ply", POINTS, RGB.astype(float))
    with pytest.raises(ValueError, match="NaN"):
        write_ply(tmp_path / "a.ply", np.full((1, 3), np.nan), RGB[:1])
    with pytest.raises(ValueError, match="empty"):
        write_glb_points(tmp_path / "a.glb", POINTS[:0], RGB[:0])
    write_ply(tmp_path / "none.ply", POINTS[:0], RGB[:0])
    assert read_ply(tmp_path / "none.ply")[0].shape == (0, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["none.ply"]
