"""Bundler, BAL and OpenSfM: real files reproject as they should, and broken ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sfm_models import FORMS, centres, radial_pixels

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, read_paths, write_path
from kinoeye.geometry.convention import homogeneous

BUNDLE = """# Bundle file v0.3
3 1
500 0.1 -0.2
1 0 0
0 1 0
0 0 1
1 2 3
0 0 0
0 0 0
0 0 0
0 0 0
0 0 0
600 0 0
0 1 0
-1 0 0
0 0 1
4 5 6
1 2 3
255 255 255
1 0 7 10.5 -20.5
"""


def bundle_points(file: Path) -> tuple[np.ndarray, list[list[tuple[int, float, float]]]]:
    """Points [m, 3] of a bundle file and (camera, x, y) of what observes each, parsed apart from the reader."""
    lines = [line.split() for line in file.read_text().splitlines() if not line.startswith("#")]
    rows = lines[1 + 5 * int(lines[0][0]) :]
    views = [[(int(v[i]), float(v[i + 2]), float(v[i + 3])) for i in range(1, len(v), 4)] for v in rows[2::3]]
    return np.array(rows[::3], float), views


def test_real_bundle_file_reprojects_and_equals_the_colmap_model(real_data: Path):
    file = real_data / "bundler" / "lund.out"
    table = read_path(file)
    assert (table.format, len(table), table.size_wh) == ("bundler", 14, (640, 480))
    assert table.intrinsics is not None
    xyz, views = bundle_points(file)
    poses = table.T_world_cam
    errors = []
    for point, observed in zip(xyz, views, strict=True):
        for camera, x, y in observed:
            i = table.ids.index(camera)
            local = (point - poses[i, :, 3]) @ poses[i, :, :3]  # OpenCV axes: the convention has been converted
            pixel = radial_pixels(local[None], table.intrinsics[i], table.distortion["k1"][i])[0]
            errors.append(np.linalg.norm(pixel - [320 + x, 240 - y]))
    assert len(errors) > 1000
    assert 0.2 < np.mean(errors) < 0.55
    expected = centres(read_path(real_data / "colmap_bin"))
    for name, centre in centres(table).items():
        np.testing.assert_allclose(centre, expected[name], atol=1e-8)


def test_a_bundle_without_its_pictures_is_centred_once_their_size_is_stated(tmp_path: Path):
    (tmp_path / "bundle.out").write_text(BUNDLE)
    table = read_path(tmp_path / "bundle.out")
    assert (table.size_wh, table.names, table.ids) == (None, (), (0, 2))
    assert table.intrinsics is not None
    assert table.intrinsics[:, 0, 0].tolist() == [500, 600]
    assert np.isnan(table.intrinsics[:, :2, 2]).all()
    assert [row.code for row in table.diagnose() if row.severity == "error"] == []
    assert any("left out" in warning for warning in write_path(table, tmp_path / "transforms.json"))
    assert read_path(tmp_path / "transforms.json").intrinsics is None
    with pytest.raises(InputError, match="image size of the intrinsics; give --size"):
        write_path(table, tmp_path / "sparse")
    sized = table.with_size((64, 48))
    assert write_path(sized, tmp_path / "sparse") == []
    centred = read_path(tmp_path / "sparse").intrinsics
    assert centred is not None
    np.testing.assert_allclose(centred[1], [[600, 0, 32], [0, 600, 24], [0, 0, 1]])
    assert read_path(tmp_path / "sparse").distortion["k1"].tolist() == [0.1, 0]
    assert "1 of 3 cameras are not registered" in table.notes[0]
    assert "the focal lengths are 500 to 600 pixels" in table.notes[1]
    np.testing.assert_allclose(table.T_world_cam[0], [[1, 0, 0, -1], [0, -1, 0, -2], [0, 0, -1, -3]])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_of_list_txt_give_names_and_sizes(suffix: str, tmp_path: Path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "bundle.out").write_text(BUNDLE)  # list.txt is one folder up, where Bundler leaves it
    for name in "abc":
        Image.new("RGB", (64, 48)).save(tmp_path / f"{name}{suffix}")
    (tmp_path / "list.txt").write_text(f"./a{suffix}\n./b{suffix} 0 530.5\n./c{suffix} 0 612\n")
    table = read_path(tmp_path / "bundle" / "bundle.out")
    assert (table.names, table.size_wh) == ((f"./a{suffix}", f"./c{suffix}"), (64, 48))
    assert table.intrinsics is not None
    np.testing.assert_allclose(table.intrinsics[1], [[600, 0, 32], [0, 600, 24], [0, 0, 1]])
    assert {name: values.tolist() for name, values in table.distortion.items()} == {"k1": [0.1, 0], "k2": [-0.2, 0]}
    (tmp_path / "list.txt").write_text("a\nb\n")
    table = read_path(tmp_path / "bundle" / "bundle.out")
    assert (table.names, "names 2 images for 3 cameras" in table.notes[0]) == ((), True)


@pytest.mark.parametrize("size", [0, 17, 25, 60, 120])
def test_bundles_that_break_off_are_refused(size: int, tmp_path: Path):
    (tmp_path / "bundle.out").write_text(BUNDLE[:size] or "# Bundle file v0.3\n")
    with pytest.raises(InputError, match=r"breaks off|truncated"):
        read_path(tmp_path / "bundle.out", format="bundler")
    (tmp_path / "bundle.out").write_text("# Bundle file v0.3\n999999999 1\n1 2 3\n")
    with pytest.raises(InputError, match="announces 999,999,999 cameras"):
        read_path(tmp_path / "bundle.out")


def test_real_bal_file_reprojects_as_published(real_data: Path):
    file = real_data / "bal" / "dubrovnik-3-7-pre.txt"
    table = read_path(file)
    assert (table.format, len(table), table.size_wh) == ("bal", 3, None)
    assert table.intrinsics is not None
    assert table.intrinsics[:, 0, 0].min() > 100
    words = file.read_text().split()
    observations = np.array(words[3 : 3 + 4 * 19], float).reshape(19, 4)
    cameras = np.array(words[3 + 76 : 3 + 76 + 27], float).reshape(3, 9)
    points = np.array(words[3 + 76 + 27 :], float).reshape(7, 3)
    errors = []
    for camera, point, x, y in observations:
        pose, (f, k1, k2) = table.T_world_cam[int(camera)], cameras[int(camera), 6:]
        local = (points[int(point)] - pose[:, 3]) @ pose[:, :3]
        errors.append(np.linalg.norm(radial_pixels(local[None], np.diag([f, f, 1.0]), k1, k2)[0] - [x, -y]))
    assert np.mean(errors) == pytest.approx(12.9, abs=0.05)  # a problem before its adjustment


def test_bal_files_that_break_off_are_refused(real_data: Path, tmp_path: Path):
    text = (real_data / "bal" / "dubrovnik-3-7-pre.txt").read_text()
    for size in (3, 40, 400, 900):
        (tmp_path / "problem.txt").write_text(text[:size])
        with pytest.raises(InputError):
            read_path(tmp_path / "problem.txt", format="bal")
    (tmp_path / "problem.txt").write_text("999999999 1 1\n0 0 1.0 2.0\n")
    with pytest.raises(InputError, match="announces 999,999,999 cameras"):
        read_path(tmp_path / "problem.txt")


def shot(camera: str = "c", **keys: Any) -> dict[str, Any]:
    return {"camera": camera, "rotation": [0, 0, 0], "translation": [1, 2, 3], **keys}


def write_reconstruction(folder: Path, *parts: dict[str, Any]) -> Path:
    (folder / "reconstruction.json").write_text(json.dumps(list(parts)))
    return folder / "reconstruction.json"


def reconstruction(camera: dict[str, Any] | None = None, **shots: dict[str, Any]) -> dict[str, Any]:
    known = {"projection_type": "perspective", "width": 200, "height": 100, "focal": 0.5}
    return {"cameras": {"c": camera or known, "d": known}, "shots": shots or {"a.jpg": shot()}}


def test_points_of_a_real_reconstruction_have_the_colours_of_their_pixels(real_data: Path):
    folder = real_data / "opensfm"
    table = read_path(folder / "berlin_reconstruction.json")
    assert (table.format, table.names, table.unit, table.up) == ("opensfm", ("01.jpg", "02.jpg", "03.jpg"), "m", "z")
    assert table.times_s is not None
    np.testing.assert_allclose(np.diff(table.times_s), [9.105, 19.464], atol=1e-3)
    assert table.T_world_cam[:, 2, 1].max() < -0.85  # cameras held upright: their y points down
    points = json.loads((folder / "berlin_reconstruction.json").read_text())[0]["points"].values()
    xyz, rgb = (np.array([point[key] for point in points]) for key in ("coordinates", "color"))

    def correlation(poses: np.ndarray) -> float:
        table_1024 = table.with_size((1024, 768))
        assert table_1024.intrinsics is not None
        expected, found = [], []
        for i, name in enumerate(table.names):
            picture = np.asarray(Image.open(folder / name).convert("RGB"), float)
            local = (xyz - poses[i, :, 3]) @ poses[i, :, :3]
            pixels = radial_pixels(
                local, table_1024.intrinsics[i], table.distortion["k1"][i], table.distortion["k2"][i]
            )
            column, row = np.floor(pixels).astype(int).T
            inside = (local[:, 2] > 0) & (column >= 0) & (row >= 0) & (column < 1024) & (row < 768)
            expected.append(rgb[inside].mean(1))
            found.append(picture[row[inside], column[inside]].mean(1))
        if sum(map(len, found)) < 1000:
            return 0.0
        return float(np.corrcoef(np.concatenate(expected), np.concatenate(found))[0, 1])

    assert correlation(table.T_world_cam) > 0.8
    flipped = table.T_world_cam * [1, -1, -1, 1]
    upside_down = table.T_world_cam * [-1, -1, 1, 1]
    assert max(correlation(flipped), correlation(upside_down)) < 0.4


def test_real_ground_control_points_lie_on_one_ray_each(real_data: Path):
    table = read_path(real_data / "opensfm" / "berlin_reconstruction.json")
    points = json.loads((real_data / "opensfm" / "ground_control_points.json").read_text())["points"]
    assert table.intrinsics is not None
    side, errors = 3264, []
    for point in points:
        rows = [(table.names.index(o["shot_id"]), o["projection"]) for o in point["observations"]]
        pixels = [np.array([1632, 1224]) + side * np.array(projection) for _, projection in rows]
        A, b = [], []
        for (i, _), pixel in zip(rows, pixels, strict=True):
            K, pose = table.intrinsics[i], table.T_world_cam[i]
            ray = np.append((pixel - K[:2, 2]) / np.diag(K)[:2], 1.0)
            k1, k2 = table.distortion["k1"][i], table.distortion["k2"][i]
            undistorted = ray[:2].copy()
            for _ in range(20):
                squared = (undistorted**2).sum()
                undistorted = ray[:2] / (1 + k1 * squared + k2 * squared**2)
            direction = pose[:, :3] @ np.append(undistorted, 1.0)
            across = np.eye(3) - np.outer(direction, direction) / (direction @ direction)
            A.append(across)
            b.append(across @ pose[:, 3])
        xyz = np.linalg.lstsq(np.concatenate(A), np.concatenate(b), rcond=None)[0]
        for (i, _), pixel in zip(rows, pixels, strict=True):
            pose = table.T_world_cam[i]
            local = (xyz - pose[:, 3]) @ pose[:, :3]
            lens = table.distortion["k1"][i], table.distortion["k2"][i]
            errors.append(np.linalg.norm(radial_pixels(local[None], table.intrinsics[i], *lens)[0] - pixel))
    assert len(errors) >= 5
    assert np.mean(errors) / side < 3e-3


def test_several_reconstructions_and_lenses_have_names(tmp_path: Path):
    fisheye = {"projection_type": "fisheye", "width": 200, "height": 100, "focal": 0.5, "k1": 0.1, "k2": 0.0}
    mixed = reconstruction(fisheye, **{"a.jpg": shot("c"), "b.jpg": shot("d")})
    file = write_reconstruction(tmp_path, reconstruction(), mixed, reconstruction() | {"shots": {}})
    tables = read_paths(file)
    assert {name: table.lens for name, table in tables.items()} == {
        "0": "perspective", "1 RADIAL_FISHEYE": "RADIAL_FISHEYE", "1 perspective": "perspective"
    }  # fmt: skip
    assert tables["1 RADIAL_FISHEYE"].distortion["k1"].tolist() == [0.1]
    assert "camera 0 of 3" in read_path(file).notes[-1]


def test_lengths_are_fractions_of_the_longer_side(tmp_path: Path):
    brown = {
        "projection_type": "brown", "width": 200, "height": 400, "focal_x": 0.5, "focal_y": 0.6, "c_x": 0.01,
        "c_y": -0.02, "k1": 0.1, "k2": 0.2, "k3": 0.3, "p1": 0.4, "p2": 0.5,
    }  # fmt: skip
    table = read_path(write_reconstruction(tmp_path, reconstruction(brown)))
    assert table.intrinsics is not None
    np.testing.assert_allclose(table.intrinsics[0], [[200, 0, 104], [0, 240, 192], [0, 0, 1]])
    assert {name: values[0] for name, values in table.distortion.items()} == {
        "k1": 0.1, "k2": 0.2, "k3": 0.3, "p1": 0.4, "p2": 0.5
    }  # fmt: skip
    sphere = {"projection_type": "spherical", "width": 200, "height": 100}
    table = read_path(write_reconstruction(tmp_path, reconstruction(sphere)))
    assert (table.lens, table.intrinsics, table.size_wh) == ("EQUIRECTANGULAR", None, (200, 100))


def test_shots_are_in_the_order_of_their_times_or_names(tmp_path: Path):
    shots = {"10.jpg": shot(capture_time=5.0), "9.jpg": shot(capture_time=7.0), "x.jpg": shot(capture_time=6.0)}
    table = read_path(write_reconstruction(tmp_path, reconstruction(**shots)))
    assert (table.names, table.times_s.tolist()) == (("10.jpg", "x.jpg", "9.jpg"), [5, 6, 7])  # type: ignore[union-attr]
    shots["x.jpg"]["capture_time"] = 7.0
    table = read_path(write_reconstruction(tmp_path, reconstruction(**shots)))
    assert (table.names, table.times_s) == (("9.jpg", "10.jpg", "x.jpg"), None)


@pytest.mark.parametrize(
    ("reference", "positions", "unit"),
    [
        (True, [[-1, -2, -3], [40, 0, 0]], "m"),  # the first one lies at its position, the other 41 m away
        (True, [[-1, -2, -3], [-1, -2, -3]], "arbitrary"),  # no two places: nothing gave the scale
        (True, [[900, 0, 0], [950, 0, 0]], "arbitrary"),  # never aligned
        (False, [[-1, -2, -3], [40, 0, 0]], "arbitrary"),
    ],
)
def test_gps_positions_give_metres_and_up_only_where_the_cameras_lie_at_them(
    reference: bool, positions: list[list[float]], unit: str, tmp_path: Path
):
    shots = {f"{i}.jpg": shot(gps_position=position, gps_dop=5.0) for i, position in enumerate(positions)}
    part = reconstruction(**shots)
    if reference:
        part["reference_lla"] = {"latitude": 1.0, "longitude": 2.0, "altitude": 0.0}
    table = read_path(write_reconstruction(tmp_path, part))
    assert (table.unit, table.up) == (unit, "z" if unit == "m" else None)
    for row in shots.values():
        row["gps_dop"] = 999999.0
    assert read_path(write_reconstruction(tmp_path, part | {"shots": shots})).unit == "arbitrary"


odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3),
    st.lists(st.integers(0, 3), max_size=4), st.builds(dict), st.sampled_from(["fisheye", "spherical", "dual"]),
)  # fmt: skip


@given(data=st.data())
def test_reconstructions_with_odd_values_are_read_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
):
    keys = {"gps_position": [0.0, 5.0, 9.0], "gps_dop": 5.0, "capture_time": 3.0}
    part = reconstruction(None, **{"a.jpg": shot(**keys), "b.jpg": shot("d")})
    document: Any = [part | {"reference_lla": {"latitude": 1.0}}]
    for _ in range(data.draw(st.integers(1, 3))):
        node = document
        while isinstance(node, (dict, list)) and node:
            key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if not isinstance(node[key], (dict, list)) or data.draw(st.booleans()):
                node[key] = data.draw(odd)
                break
            node = node[key]
    file = tmp_path_factory.mktemp("fuzz") / "reconstruction.json"
    file.write_text(json.dumps(document))
    message = ""
    try:
        for table in read_paths(file, format="opensfm").values():
            table.diagnose()
    except InputError as error:
        message = str(error)
    assert "\n" not in message


def test_every_format_of_structure_from_motion_converts_to_colmap(real_data: Path, tmp_path: Path):
    sources: dict[str, Callable[[PathTable], PathTable]] = {
        "bundler/lund.out": lambda table: table,
        "opensfm/berlin_reconstruction.json": lambda table: table,
        "bal/dubrovnik-3-7-pre.txt": lambda table: table.with_size((1600, 1200)).with_fov(60),
    }
    for i, (source, prepare) in enumerate(sources.items()):
        table = prepare(read_path(real_data / source))
        for form in FORMS:
            write_path(table, tmp_path / str(i) / form, format=form)
            read = read_path(tmp_path / str(i) / form)
            np.testing.assert_allclose(relative(read), relative(table), atol=1e-7)


def relative(table: PathTable) -> np.ndarray:
    """[n, 4, 4] poses relative to the first."""
    poses = homogeneous(table.T_world_cam)
    return np.linalg.inv(poses[0]) @ poses
