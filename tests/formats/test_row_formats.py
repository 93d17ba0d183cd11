"""TUM, KITTI, EuRoC, TartanAir, lists of matrices and pose graphs: layouts, file ends, and what tells them apart."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import path, tables

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.paths import READERS
from kinoeye.formats.paths.file_head import file_head
from kinoeye.formats.paths.rows import (
    columns_of,
    format_rows,
    number_rows,
    poses_of_quaternions,
    read_rows,
    row_blocks,
    row_count,
)
from kinoeye.geometry.convention import rotvec_to_matrix, wxyz_to_matrix

ROWS = ("tum", "kitti", "euroc", "tartanair", "pose-list")
POSE = "0 0 0 0 0 0 1"


def write(file: Path, *lines: str) -> Path:
    file.write_text("\n".join(lines) + "\n")
    return file


@cache
def few_poses() -> PathTable:
    return path().frames(range(6))


def codes(table: PathTable) -> list[tuple[str, str]]:
    return [(row.code, row.severity) for row in table.findings]


@given(
    rows=st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=9),
    separator=st.sampled_from([" ", "\t", ",", "  ", ", "]),
    end=st.sampled_from(["\n", "\r\n", "\n\n", "\n# note 1 2\n"]),
    style=st.sampled_from([repr, "{:.9e}".format, "{:+.17E}".format]),
)
def test_numbers_read_as_python_reads_them(rows, separator, end, style, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("rows") / "a.txt"
    file.write_text(end.join(separator.join(map(style, row)) for row in rows), newline="")
    expected = [[float(style(value)) for value in row] for row in rows]
    np.testing.assert_array_equal(read_rows(file, 3).values, expected)
    in_parts = [block.values for block in row_blocks(file, 3, block_bytes=40)]
    np.testing.assert_array_equal(np.concatenate(in_parts), expected)
    assert row_count(file) == len(rows)


@pytest.mark.parametrize("word", ["1_0", "0x1p3", "1e", "1.2.3", "1-2", "١", "--1", "1e5e5", "one", "1\x00"])
def test_words_that_are_no_numbers_are_refused(word: str, tmp_path: Path):
    file = write(tmp_path / "a.txt", f"1 2 {word}", "1 2 3")
    with pytest.raises(InputError, match="line 1 holds something else than numbers"):
        read_rows(file, 3)
    assert columns_of(f"1 2 {word}") == 0
    with pytest.raises(InputError, match="line 7"):
        number_rows([(7, f"1 2 {word}")], 3, file)


def test_nan_infinity_and_unusual_spellings_are_numbers(tmp_path: Path):
    file = write(tmp_path / "a.txt", "nan -inf Infinity", "+1 .5 5.", "1e400 007 -0")
    np.testing.assert_array_equal(read_rows(file, 3).values, [[np.nan, -np.inf, np.inf], [1, 0.5, 5], [np.inf, 7, 0]])


def test_blocks_say_where_they_start(tmp_path: Path):
    file = write(tmp_path / "a.txt", *(f"{i} {i}" for i in range(100)))
    blocks = list(row_blocks(file, 2, block_bytes=64, first_words=True))
    assert len(blocks) > 5
    for block in blocks:
        assert block.values[:, 0].tolist() == list(range(block.start, block.start + len(block.values)))
        assert block.first_words == tuple(str(int(value)).encode() for value in block.values[:, 0])


def test_a_row_that_breaks_off_at_the_end_is_found_and_the_rows_before_it_are_kept(tmp_path: Path):
    for cut in ("4 0 0 0", "4 0 0 0 0 0 0 0.99e", "4", "4 0 0 -"):
        table = read_path(write(tmp_path / "a.txt", *(f"{i} {POSE}" for i in range(4)), cut))
        assert (len(table), codes(table)) == (4, [("truncated", "error")])
        assert "line 5, after 4 whole rows" in table.findings[0].message
        with pytest.raises(InputError, match="--repair truncated"):
            table.checked_matrices()


def test_stray_lines_after_the_rows_are_ignored_with_a_warning(tmp_path: Path):
    rows = [f"{i} {POSE}" for i in range(4)]
    for stray in (["done"], ["mean error 0.3", "4 5"], [f"4 {POSE} 7"]):
        table = read_path(write(tmp_path / "a.txt", *rows, *stray))
        assert (len(table), codes(table)) == (4, [("trailing", "warning")])
        assert "line 5" in table.findings[0].message or "lines 5-6" in table.findings[0].message
    with pytest.raises(InputError, match="line 5 holds something else"):
        read_path(write(tmp_path / "a.txt", *rows, *["words"] * 9))


def test_a_wrong_row_between_rows_is_refused_by_its_line(tmp_path: Path):
    rows = [f"{i} {POSE}" for i in range(400)]
    for wrong, words in (("9 9 9", "line 202 has 3 columns; 8 are needed"), ("a b", "line 202 holds something else")):
        file = write(tmp_path / "a.txt", "# head", *rows[:200], wrong, *rows[200:])
        for blocks in (1 << 20, 100):
            with pytest.raises(InputError, match=words):
                list(row_blocks(file, 8, block_bytes=blocks))


def test_a_line_without_end_and_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.txt").write_text("1 " * 200_000)
    with pytest.raises(InputError, match="longer than any row"):
        list(row_blocks(tmp_path / "a.txt", 8, block_bytes=1000))
    monkeypatch.setattr("kinoeye.formats.paths.rows.MAX_ROWS", 10)
    file = write(tmp_path / "b.txt", *(f"{i} {POSE}" for i in range(100_000)))
    with pytest.raises(InputError, match="kinoeye edit FILE resample"):
        read_path(file)


def test_each_number_of_columns_is_one_format(tmp_path: Path):
    identity = "1 0 0 0 0 1 0 0 0 0 1 0"
    rows = {
        "tum": f"0.5 {POSE}", "tartanair": f"1{POSE[1:]}", "kitti": identity, "pose-list": f"1 {identity} 0 0 0 1",
        "euroc": "1403715524907143168," + ",".join("0001000"),
    }  # fmt: skip
    rows |= {"tum ": rows["tum"].replace(" ", ","), "pose-list ": f"{identity} 0 0 0 1"}
    for kind, row in rows.items():
        for count in (1, 2, 3, 5):
            head = file_head(write(tmp_path / "a.txt", *[row] * count))
            assert [name for name, reader in READERS.items() if reader.sniff(head)] == [kind.strip()], (row, count)
    for other in ("1 2 3", " ".join("1" * 9), "0.5"):
        head = file_head(write(tmp_path / "a.txt", *[other] * 5))
        assert not [name for name in ROWS if READERS[name].sniff(head)]


def test_column_names_may_come_first(tmp_path: Path):
    rows = [f"{i} 1 2 3 0 0 0 1" for i in range(3)]
    for names in ("timestamp tx ty tz qx qy qz qw", "timestamp,tx,ty,tz,qx,qy,qz,qw", "#timestamp,x,y,z,qx,qy,qz,qw"):
        table = read_path(write(tmp_path / "a.csv", names, *(row.replace(" ", ",") for row in rows)))
        assert (table.format, len(table)) == ("tum", 3)
        np.testing.assert_array_equal(table.matrices[0, :, :3], np.eye(3))
    names = "timestamp,p_x,p_y,p_z,q_w,q_x,q_y,q_z"
    table = read_path(write(tmp_path / "a.csv", names, *(f"{i}00000000,1,2,3,1,0,0,0" for i in range(3))))
    assert (table.format, table.times_s.tolist()) == ("euroc", [0.0, 0.1, 0.2])  # type: ignore[union-attr]


def test_tum_states_its_unit_only_in_a_comment_of_ours(tmp_path: Path):
    table = read_path(write(tmp_path / "a.txt", f"0 {POSE}", f"1 {POSE}"))
    assert table.unit == "arbitrary"
    assert "--unit m states it" in table.notes[0]
    table = read_path(write(tmp_path / "a.txt", "# unit: m", f"0 {POSE}", f"1 {POSE}"))
    assert (table.unit, table.notes) == ("m", ())


def test_tum_with_nanoseconds_is_noticed(tmp_path: Path):
    table = read_path(write(tmp_path / "a.txt", *(f"{1403636580838555648 + i * 10**8}.0 {POSE}" for i in range(3))))
    assert table.times_s is not None
    np.testing.assert_allclose(np.diff(table.times_s), 0.1, atol=1e-6)
    assert "nanoseconds" in table.notes[-1]


def test_euroc_reads_metres_and_whole_nanoseconds_and_leaves_other_columns(tmp_path: Path):
    header = "#timestamp, p_RS_R_x [m], p_RS_R_y [m], p_RS_R_z [m], q_RS_w [], q_RS_x [], q_RS_y [], q_RS_z [], v [m]"
    stamps = [1403715524907143168 + 5 * i for i in range(4)]
    file = write(tmp_path / "data.csv", header, *(f"{s},1,2,3,0.5,0.5,-0.5,0.5,9" for s in stamps))
    table = read_path(file)
    assert (table.format, table.unit, len(table)) == ("euroc", "m", 4)
    np.testing.assert_allclose(table.matrices[0], np.c_[wxyz_to_matrix([0.5, 0.5, -0.5, 0.5]), [1, 2, 3]])
    assert table.times_s is not None
    assert [round(t * 10**9) for t in map(float, table.times_s - 1403715524)] == pytest.approx([907143168] * 4, abs=256)
    assert any("IMU" in note for note in table.notes)
    assert any("1 columns after" in note for note in table.notes)


def test_euroc_times_stay_with_their_rows_where_the_last_one_breaks_off(tmp_path: Path):
    rows = [f"{1403715524907143168 + i},1,2,3,1,0,0,0" for i in range(4)]
    table = read_path(write(tmp_path / "data.csv", "#timestamp [ns]", *rows, rows[0][:-1] + "-"))
    assert (len(table), codes(table)) == (4, [("truncated", "error")])


@given(start=st.integers(-(10**9), 4 * 10**9), steps=st.lists(st.integers(300, 10**12), min_size=1, max_size=5))
def test_euroc_times_come_back_to_the_bit(start: int, steps: list[int], tmp_path_factory: pytest.TempPathFactory):
    times = start + np.cumsum([0, *steps]) / 1e9
    file = tmp_path_factory.mktemp("euroc") / "data.csv"
    write_path(replace(few_poses().frames(range(len(times))), times_s=times), file)
    first = read_path(file)
    assert first.times_s is not None
    np.testing.assert_allclose(first.times_s, times, rtol=0, atol=0.51e-9)
    if abs(start) > 10**8:  # float64 seconds are coarser than nanoseconds there
        np.testing.assert_array_equal(first.times_s, times)
    write_path(first, file)
    np.testing.assert_array_equal(read_path(file).times_s, first.times_s)


def test_kitti_reads_and_writes_the_times_beside_it(tmp_path: Path):
    table = path().frames(range(5))
    warnings = write_path(table, tmp_path / "a.kitti.txt")
    assert (tmp_path / "a.kitti_times.txt").is_file()
    assert any("a.kitti_times.txt" in warning for warning in warnings)
    np.testing.assert_array_equal(read_path(tmp_path / "a.kitti.txt").times_s, table.times_s)
    (tmp_path / "a.kitti_times.txt").rename(tmp_path / "times.txt")
    read = read_path(tmp_path / "a.kitti.txt")
    assert (read.times_s is not None, read.notes) == (True, ("times are from times.txt",))
    (tmp_path / "times.txt").write_text("0\n1\n")
    read = read_path(tmp_path / "a.kitti.txt")
    assert read.times_s is None
    assert "does not have as many rows" in read.notes[0]
    (tmp_path / "times.txt").write_text("0\n1\n2\nx\n4\n")
    with pytest.raises(InputError, match="times"):
        read_path(tmp_path / "a.kitti.txt")
    (tmp_path / "times.txt").write_text("0\n1\n2\n3\nx\n")
    with pytest.raises(InputError, match="other lines than times"):
        read_path(tmp_path / "a.kitti.txt")


def test_kitti_without_times_says_that_older_ones_lie_beside_it(tmp_path: Path):
    write_path(path().frames(range(5)), tmp_path / "a.kitti.txt")
    warnings = write_path(replace(path().frames(range(5)), times_s=None), tmp_path / "a.kitti.txt")
    assert any("older" in warning for warning in warnings)


def test_tartanair_flies_forward_along_its_first_axis(tmp_path: Path):
    # NED: 1 m north, 2 m down; the camera looks north, so forward is our +x and down our -z.
    table = read_path(write(tmp_path / "a.txt", POSE, "1 0 0 0 0 0 1", "1 0 2 0 0 0 1"))
    assert table.up == "z"
    poses = table.T_world_cam
    np.testing.assert_allclose(poses[:, :, 3], [[0, 0, 0], [1, 0, 0], [1, 0, -2]])
    np.testing.assert_allclose(poses[0, :, 2], [1, 0, 0])  # OpenCV forward
    np.testing.assert_allclose(poses[0, :, 1], [0, 0, -1])  # OpenCV down


def test_lists_of_matrices_with_their_translation_below_are_transposed(tmp_path: Path):
    row = "1 0 0 0 0 1 0 0 0 0 1 0 1 2 3 1"
    table = read_path(write(tmp_path / "a.txt", row, row))
    np.testing.assert_array_equal(table.matrices[0, :, 3], [1, 2, 3])
    assert "transposed" in table.notes[-1]
    with pytest.raises(InputError, match="last row is not 0 0 0 1"):
        read_path(write(tmp_path / "a.txt", *["1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"] * 2))


def test_graphs_give_their_vertices_in_order(tmp_path: Path):
    file = write(
        tmp_path / "a.g2o",
        "VERTEX_SE3:QUAT 2 3 0 0 0 0 0 1", "VERTEX_SE3:QUAT 0 1 0 0 0 0 0 1", "VERTEX_SE3:QUAT 1 2 0 0 0 0 0 1",
        "FIX 0", "EDGE_SE3:QUAT 0 1 1 0 0 0 0 0 1", "EDGE_SE3:QUAT 1 2 1 0 0 0 0 0 1",
    )  # fmt: skip
    table = read_path(file)
    assert (table.format, table.ids, table.matrices[:, 0, 3].tolist()) == ("g2o", (0, 1, 2), [1, 2, 3])
    assert "left out of the graph: 2 EDGE_SE3:QUAT, 1 FIX" in table.notes
    assert "sorted" in table.notes[-1]


def test_toro_angles_turn_about_x_then_y_then_z_of_the_world(tmp_path: Path):
    roll, pitch, yaw = 0.3, -0.4, 1.2
    table = read_path(write(tmp_path / "a.graph", f"VERTEX3 0 1 2 3 {roll} {pitch} {yaw}", "EDGE3 0 1 0 0 0 0 0 0"))
    about = [rotvec_to_matrix(np.eye(3)[i] * angle) for i, angle in ((2, yaw), (1, pitch), (0, roll))]
    np.testing.assert_allclose(table.matrices[0], np.c_[about[0] @ about[1] @ about[2], [1, 2, 3]], atol=1e-15)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["VERTEX_SE2 0 1 2 0.5"], "graph of 2-D poses"),
        (["VERTEX2 0 1 2 0.5", "EDGE2 0 1 1 0 0"], "graph of 2-D poses"),
        (["EDGE_SE3:QUAT 0 1 1 0 0 0 0 0 1"], "without vertices"),
        (["VERTEX_SE3:QUAT 0 1 2 3 0 0 0 1", "VERTEX_SE3:QUAT 0 1 2 3 0 0 0 1"], "vertex 0 was in line 1 already"),
        (["VERTEX_SE3:QUAT 0 1 2 3 0 0 0 1", "VERTEX3 1 1 2 3 0 0 0"], "mixes"),
        (["VERTEX_SE3:QUAT 0 1 2 3 0 0 0 1", "VERTEX_SE3:QUAT 1 1 2"], "line 2 has 3 columns; 8 are needed"),
        (["VERTEX_SE3:QUAT x 1 2 3 0 0 0 1"], "without a number"),
    ],
)
def test_graphs_without_one_pose_a_vertex_are_refused(lines: list[str], words: str, tmp_path: Path):
    with pytest.raises(InputError, match=words):
        read_path(write(tmp_path / "a.g2o", *lines))


@given(table=tables())
def test_saving_what_was_loaded_changes_nothing(table: PathTable, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("rows")
    for name in ("kitti", "pose-list"):
        write_path(table, folder / "first", format=name)
        write_path(read_path(folder / "first", name), folder / "second", format=name)
        assert (folder / "first").read_bytes() == (folder / "second").read_bytes()


@given(seed=st.integers(0, 1000))
def test_quaternions_of_any_length_scale_their_block(seed: int):
    rng = np.random.default_rng(seed)
    wxyz = rng.normal(size=(5, 4)) * rng.choice([1e-3, 1, 1e3])
    poses = poses_of_quaternions(rng.normal(size=(5, 3)), wxyz)
    squared = (wxyz**2).sum(1)[:, None, None]
    np.testing.assert_allclose(poses[:, :, :3] / squared, wxyz_to_matrix(wxyz), atol=1e-14)
    assert not poses_of_quaternions(np.zeros((1, 3)), np.zeros((1, 4))).any()


def test_rows_are_written_in_their_shortest_exact_form():
    assert list(format_rows(np.array([[0.1, 1.0], [-0.0, 1e-30]]), ",")) == ["0.1,1.0", "-0.0,1e-30"]


def test_real_rows(real_data: Path):
    kitti = read_path(real_data / "kitti" / "KITTI_00_gt.txt")
    assert kitti.times_s is not None
    assert (len(kitti), kitti.times_s[-1]) == (4541, 470.5816)
    assert read_path(real_data / "kitti" / "KITTI_00_ORB.txt").times_s is None
    euroc = read_path(real_data / "euroc" / "V102_groundtruth.csv")
    assert (euroc.format, len(euroc), euroc.unit) == ("euroc", 16702, "m")
    odometry = read_path(real_data / "misc_pose_lists" / "VO_camera_poses00s.txt")
    assert (odometry.ids[-1], odometry.matrices[-1, 2, 3]) == (76, 68.7922)
    graph = read_path(real_data / "misc_pose_lists" / "pose3example.txt")
    assert (graph.ids, "left out of the graph: 6 EDGE_SE3:QUAT" in graph.notes) == ((0, 1, 2, 3, 4), True)
    truth, estimate = (read_path(real_data / "tartanair" / f"pose_{name}.txt") for name in ("gt", "est"))
    assert (len(truth), truth.format, len(estimate)) == (734, "tartanair", 734)
    for table in (kitti, odometry, truth, estimate):
        assert {row.severity for row in table.diagnose()} <= {"hint"}
    assert (-truth.T_world_cam[:, 2, 1]).mean() > 0.8  # the camera holds its head up: the third axis of NED is down
