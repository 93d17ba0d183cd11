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


@given(data=st.binary(max_size=200), keep=st.integers(0, 2000))
def test_damaged_ply_is_refused(data: bytes, keep: int, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("ply") / "a.ply"
    write_ply(file, POINTS, RGB)
    file.write_bytes(file.read_bytes()[: min(keep, 1700)])
    with pytest.raises(InputError, match=r"truncated|not a little-endian"):
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
