"""Every format: what is written reads back, real files load, and files of one format are claimed by it alone."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from path_tables import held_by, path, tables

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.paths import READERS, WRITERS, format_for_output
from kinoeye.formats.paths.file_head import file_head
from kinoeye.formats.paths.path_format import CONTENT, completed
from kinoeye.geometry.convention import OPENCV_W2C, homogeneous
from kinoeye.shot import Shot
from kinoeye.shot.targets import target_named

TOLERANCE = 1e-9
SINGLE_PRECISION = {"gltf": 4e-6}
"""Formats whose own numbers are 32-bit floats, and how near a path of a few metres and seconds comes back."""
BOTH_WAYS = [name for name in WRITERS if name in READERS]


def tolerance(*names: str) -> float:
    """How near a path comes back from formats."""
    return max([SINGLE_PRECISION.get(name, TOLERANCE) for name in names])


def relative(table: PathTable) -> np.ndarray:
    """[n, 4, 4] poses relative to the first: what survives a world that is not named."""
    poses = homogeneous(table.T_world_cam)
    return np.linalg.inv(poses[0]) @ poses


def assert_same(read: PathTable, written: PathTable, holds: frozenset[str]) -> None:
    """Equal in everything that a format holds; poses relative to their magnitude."""
    size = max(1.0, abs(written.T_world_cam).max())
    near = tolerance(read.format)
    assert abs(read.T_world_cam - written.T_world_cam).max() <= near * size
    assert "unit" not in holds or read.unit == written.unit
    assert "up" not in holds or read.up == written.up
    assert "names" not in holds or read.names == written.names
    assert "ids" not in holds or read.ids == written.ids
    if "times" in holds:
        np.testing.assert_allclose(read.times_s, written.times_s, rtol=0, atol=near)
    if "intrinsics" in holds:
        assert read.size_wh is not None
        assert written.size_wh is not None
        K = read.with_size(written.size_wh).intrinsics
        np.testing.assert_allclose(K, written.intrinsics, rtol=0, atol=TOLERANCE * 1e3)


def given_to(name: str, table: PathTable) -> PathTable:
    """The table with what a format needs, as `write_path` completes it."""
    ready, _ = completed(table, WRITERS[name])
    return ready


@pytest.mark.parametrize("name", BOTH_WAYS)
@given(table=tables())
def test_what_is_written_reads_back(name: str, table: PathTable, tmp_path_factory: pytest.TempPathFactory):
    target = tmp_path_factory.mktemp(name) / WRITERS[name].DEFAULT_NAME
    table = held_by([name], table)
    write_path(table, target, format=name)
    read = read_path(target)
    assert read.format == name
    assert_same(read, given_to(name, table), WRITERS[name].HOLDS)


@pytest.mark.parametrize("second", BOTH_WAYS)
@pytest.mark.parametrize("first", BOTH_WAYS)
def test_there_and_back_again(first: str, second: str, tmp_path: Path):
    film = path("push in while panning left").with_size((560, 560)).frames(range(0, 40, 4))
    original = held_by([first, second], film)
    write_path(original, tmp_path / "a" / WRITERS[first].DEFAULT_NAME, format=first)
    a = read_path(tmp_path / "a" / WRITERS[first].DEFAULT_NAME)
    if a.intrinsics is None and "intrinsics" in WRITERS[second].NEEDS:
        with pytest.raises(InputError, match="--fov-deg"):
            write_path(a, tmp_path / "b", format=second)
        a = a.with_size((560, 560)).with_fov(60)
    write_path(a, tmp_path / "b" / WRITERS[second].DEFAULT_NAME, format=second)
    b = read_path(tmp_path / "b" / WRITERS[second].DEFAULT_NAME)
    np.testing.assert_allclose(relative(b), relative(a), atol=tolerance(first, second))
    if b.intrinsics is None and "intrinsics" in WRITERS[first].NEEDS:
        b = b.with_size((560, 560)).with_fov(60)
    write_path(b, tmp_path / "c" / WRITERS[first].DEFAULT_NAME, format=first)
    c = read_path(tmp_path / "c" / WRITERS[first].DEFAULT_NAME)
    np.testing.assert_allclose(relative(c), relative(original), atol=tolerance(first, second))


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_trajectory_goes_through_every_format(name: str, tmp_path: Path):
    trajectory = held_by([name], path().with_size((560, 560))).to_trajectory()
    target = tmp_path / WRITERS[name].DEFAULT_NAME
    warnings = write_path(trajectory, target, format=name)
    table = read_path(target)
    assert any(CONTENT["unit"] in warning for warning in warnings) == ("unit" not in WRITERS[name].HOLDS)
    table = table if table.intrinsics is not None else table.with_size((560, 560)).with_fov(60)
    again = table.to_trajectory(fps=24, size_wh=(560, 560))
    expected = given_to(name, PathTable.from_trajectory(trajectory)).T_world_cam
    np.testing.assert_allclose(again.T_world_cam.as_matrix()[:, :3], expected, atol=tolerance(name))
    assert again.track.up == ("z" if "up" in WRITERS[name].NEEDS else None)


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_format_cannot_hold_is_said_by_name(name: str, tmp_path: Path):
    table = held_by([name], path().with_size((560, 560)).frames(range(0, 40, 10)))
    assert table.intrinsics is not None
    table = replace(
        table,
        intrinsics=table.intrinsics + np.array([[9.0, 0, 3], [0, 0, 5], [0, 0, 0]]),  # which no single angle says
        names=tuple(f"{i:04d}.png" for i in range(len(table))),
        distortion={"k1": np.full(len(table), 0.1)},
        near_far=np.tile([0.1, 100.0], (len(table), 1)),
        times_s=np.arange(len(table)) ** 1.5 / 24,  # at no even rate, which some formats could hold
        convention=table.convention.with_world("FLU"),
    )
    text = " ".join(write_path(table, tmp_path / WRITERS[name].DEFAULT_NAME, format=name))
    for key in ("times", "intrinsics", "names", "distortion", "unit", "up", "near_far"):
        assert (f"cannot hold {CONTENT[key]}" in text) == (key not in WRITERS[name].HOLDS), (key, text)


def test_the_output_name_chooses_the_format():
    names = {
        "cam.json": "kinoeye", "x/transforms_train.json": "transforms", "cameras.json": "gen3r", "a.tum": "tum",
        "a.re10k.txt": "re10k", "out/images.txt": "colmap", "sparse": "colmap",
    }  # fmt: skip
    assert {name: format_for_output(name) for name in names} == names
    with pytest.raises(InputError, match="give one with --to; `kinoeye convert --help` lists all"):
        format_for_output("cameras.txt2")
    with pytest.raises(InputError, match=r"give one with --to, such as colmap, re10k, .* or "):
        format_for_output("poses.txt")


def test_unknown_formats_are_named():
    with pytest.raises(InputError, match="'blender' is not known; did you mean 'blender-synthetic'"):
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
        assert (table.format, len(table), table.times_s) == ("cami2v", 3, None)
        assert "dummy" in table.notes[-1]
    file.write_text("https://x\n" + "\n".join(row.format(0) for _ in range(3)))
    assert (read_path(file).format, read_path(file).times_s) == ("re10k", None)
    file.write_text("\n" + "\n".join(row.format(i) for i in range(3)))
    assert read_path(file).times_s is None
    file.write_text("u\n" + "\n".join(row.format(i * 40_000) for i in range(3)))
    assert read_path(file).times_s.tolist() == [0, 0.04, 0.08]  # type: ignore[union-attr]


def test_transforms_intrinsics_of_frames_and_angles(tmp_path: Path):
    pose = np.eye(4).tolist()
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"camera_angle_x": np.pi / 2, "frames": [{"transform_matrix": pose}]}))
    table = read_path(file, format="transforms")
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
    head = "from kinoeye.formats.paths.file_head import FileHead\n"
    others = head + "from kinoeye.formats import PathTable\nfrom kinoeye.geometry.convention import OPENCV\n"
    module: dict[str, Any] = {}
    exec(rows + files + others + code, module)
    source = real_data / "kitti" / "KITTI_00_gt.txt"
    assert module["sniff"](file_head(source))
    table = module["read"](source)
    assert module["write"](table, tmp_path / "copy.kitti.txt") == []
    np.testing.assert_array_equal(module["read"](tmp_path / "copy.kitti.txt").matrices, table.matrices)


def test_missing_and_empty_files(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        read_path(tmp_path / "none.json")
    with pytest.raises(InputError, match="folder without cameras"):
        read_path(tmp_path)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InputError, match="is empty"):
        read_path(tmp_path / "empty.txt")
    (tmp_path / "rows.txt").write_text("1 2 3\n4 5 6\n")
    with pytest.raises(InputError, match=r"a layout that Kinoeye does not know; --from .*says what it lacks") as caught:
        read_path(tmp_path / "rows.txt")
    assert len(str(caught.value).replace(str(tmp_path), "")) < 200
    (tmp_path / "transforms.json").write_text('{"frames": 3}')
    with pytest.raises(
        InputError, match=r"; --from transforms, kinoeye, .* or .*`kinoeye convert --help` lists all formats"
    ):
        read_path(tmp_path / "transforms.json")


def test_cameras_inside_a_folder_are_named_and_bounded(tmp_path: Path):
    (tmp_path / "deep er" / "shots").mkdir(parents=True)
    (tmp_path / "deep er" / "notes.txt").write_text("nothing here")
    for number in range(8):
        write_path(path().frames(range(3)), tmp_path / "deep er" / "shots" / f"{number}.tum.txt")
    with pytest.raises(InputError) as caught:
        read_path(tmp_path / "deep er")
    inside = ", ".join(f"shots/{number}.tum.txt (tum)" for number in range(5))
    assert f"folder without cameras that Kinoeye knows; inside are {inside} and 3 more: give one" in str(caught.value)
    assert f"`kinoeye inspect '{tmp_path}/deep er/shots/0.tum.txt'`" in str(caught.value)
    with pytest.raises(InputError, match=r"inside are 0.tum.txt \(tum\), .*`kinoeye inspect"):
        read_path(tmp_path / "deep er" / "shots")
    with pytest.raises(InputError, match=r"folder without cameras that Kinoeye knows$"):
        read_path(tmp_path)  # not further than the folders in it


def test_mistyped_names_are_answered_with_the_nearest(tmp_path: Path):
    table = path().with_size((640, 480))
    file = tmp_path / "cam.json"
    write_path(table, file)
    for call, meant in (
        (lambda: read_path(file, format="transfroms"), "did you mean 'transforms'"),
        (lambda: read_path(file, format="COLMAP"), "did you mean 'colmap'"),
        (lambda: read_path(file, format="plucker"), "'plucker' cannot be read, only written"),
        (lambda: write_path(table, tmp_path / "a", format="re10"), "did you mean 're10k'"),
        (lambda: write_path(table, tmp_path / "a", format="vggt"), "'vggt' cannot be written, only read"),
        (lambda: write_path(table, tmp_path / "a.npz"[:-1]), "`kinoeye convert --help` lists all formats"),
        (lambda: table.repair("reflexion"), "did you mean 'reflection'"),
        (lambda: table.repair("truncted"), "did you mean 'truncated'"),
        (lambda: target_named("wanfnu"), "did you mean 'wan-fun'"),
        (lambda: read_path("recamaster:arc-left"), "did you mean 'recammaster:arc-left'"),
        (lambda: read_path("recammaster:ark-left"), "did you mean 'arc-left'"),
    ):
        with pytest.raises(InputError, match=meant):
            call()


def test_text_in_another_encoding_and_cut_archives_are_called_so(tmp_path: Path):
    write_path(path().with_size((640, 480)), tmp_path / "cam.tum.txt")
    text = (tmp_path / "cam.tum.txt").read_text()
    for encoding, name in (("utf-16", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32"), ("latin-1", "8-bit")):
        (tmp_path / "a.txt").write_bytes(("# a degree: °\n"[: 20 if name == "8-bit" else 11] + text).encode(encoding))
        for form in (None, "tum") if name != "8-bit" else (None, "transforms"):
            with pytest.raises(InputError, match=f"is {name}.* text; save it as UTF-8"):
                read_path(tmp_path / "a.txt", format=form)
    write_path(path().with_size((640, 480)), tmp_path / "whole.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:-200])
    for form in (None, "numpy", "vggt"):
        with pytest.raises(InputError, match=r"is an archive that breaks off.*copy or download it again"):
            read_path(tmp_path / "cut.npz", format=form)


def test_a_table_is_shown_in_one_line():
    table = path("push in two metres over 3 seconds").with_size((640, 480))
    shown = "PathTable('memory', 73 frames, c2w RDF, world not named, unit m, intrinsics, 640x480, 3 s)"
    assert repr(table) == shown
    assert ", intrinsics, normalised, 3 s)" in repr(table.with_size((1, 1)))
    bare = PathTable(matrices=np.zeros((0, 3, 4)), convention=OPENCV_W2C)
    assert repr(bare).endswith("0 frames, w2c RDF, world not named, unit arbitrary, no intrinsics, no size, no times)")
    assert table != path("push in two metres over 3 seconds")  # tables are what they are, not what they hold


def test_pipes_are_refused_before_anybody_waits_for_them(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a device or pipe"):
        read_path(tmp_path / "pipe")


def test_stamps_of_a_clock_begin_at_0_in_a_scene_and_none_is_lost(tmp_path: Path):
    clean = path().with_size((640, 480))
    assert clean.times_s is not None
    jitter = np.random.default_rng(0).uniform(-0.012, 0.012, len(clean))
    stamped = replace(clean, times_s=1.3e9 + clean.times_s + jitter)
    warnings = write_path(stamped, tmp_path / "cam.usda")
    assert any("stamps of a clock" in warning for warning in warnings)
    read = read_path(tmp_path / "cam.usda")
    assert read.times_s is not None
    np.testing.assert_allclose(read.times_s, stamped.times_s - stamped.times_s[0], atol=1e-6)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["usd", "unreal-csv", "blender-script"])
def test_scenes_of_clock_stamps_are_those_of_times_from_0(name: str, tmp_path: Path):
    clean = replace(path(), times_s=np.arange(len(path())) / 30).with_size((640, 480))
    late = replace(clean, times_s=clean.times_s + 1.7e9 + 0.1)  # type: ignore[operator]
    plain, stamped = (tmp_path / f"{word}.{WRITERS[name].DEFAULT_NAME}" for word in ("plain", "stamped"))
    warnings = write_path(clean, plain, format=name)
    stamps = "the times are stamps of a clock: they count from the first, 1.7e+09 s"
    assert sorted(write_path(late, stamped, format=name)) == sorted([stamps, *warnings])
    assert stamped.read_text() == plain.read_text()


def test_nuke_counts_frames_that_are_stamps_from_1(tmp_path: Path):
    table = path().frames(range(3))
    stamped = replace(table, ids=(1403636579763555584, 1403636579813555456, 1403636579863555584))
    warnings = write_path(stamped, tmp_path / "a.chan")
    assert any("1403636579763555584 on, are no frames of a film: they count from 1" in text for text in warnings)
    assert read_path(tmp_path / "a.chan").ids == (1, 2, 3)
    write_path(replace(table, ids=(1001, 1002, 1004)), tmp_path / "b.chan")
    assert read_path(tmp_path / "b.chan").ids == (1001, 1002, 1004)
