"""Files of rows read a part at a time: the same facts and the same poses as in memory, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from path_tables import path

from kinoeye.base.errors import InputError
from kinoeye.cli.inspect import describe, describe_long
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.motion_scan import MotionScan, Travel
from kinoeye.formats.paths import streaming
from kinoeye.formats.paths.stream_resampling import resample_file
from kinoeye.formats.paths.streaming import is_streamed, path_parts, summarise

FORMATS = ("tum", "kitti", "euroc", "tartanair")


@pytest.fixture(params=FORMATS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def plain(facts: dict) -> dict:
    """Facts as JSON gives them, so that they compare."""
    return json.loads(json.dumps(facts))


def long_path() -> PathTable:
    return path("push in two metres while panning left, then orbit right around the robot")


def assert_streams_alike(file: Path, name: str, block_bytes: int) -> dict:
    whole = plain(describe(read_path(file, name)))
    assert plain(describe_long(summarise(file, name, block_bytes=block_bytes))) == whole
    return whole


@pytest.mark.parametrize("block_bytes", [100, 1000, 1 << 20])
def test_facts_of_parts_are_those_of_the_whole(name: str, block_bytes: int, tmp_path: Path):
    write_path(long_path(), tmp_path / "a", format=name)
    facts = assert_streams_alike(tmp_path / "a", name, block_bytes)
    assert facts["path_length"] > 1
    assert facts["caption"]


FAULTS = {
    "duplicate": "duplicate-times", "backward": "backward-times", "teleport": "teleport", "scaled": "scaled",
    "reflected": "reflection", "static": "static", "turning": "static",
}  # fmt: skip


@pytest.mark.parametrize(("fault", "code"), FAULTS.items())
def test_faults_across_the_borders_of_parts_are_found(fault: str, code: str, tmp_path: Path):
    rows = np.zeros((60, 8))
    rows[:, 0] = np.arange(60) / 10
    rows[:, 1] = 0.0 if fault in ("static", "turning") else np.arange(60) * 0.1
    rows[:, 7] = 1.0
    if fault == "duplicate":
        rows[[10, 11, 12, 40], 0] = rows[9, 0]
    if fault == "backward":
        rows[20:30, 0] -= 1.5
    if fault == "teleport":
        rows[17:, 2] += 50
    if fault == "scaled":
        rows[14:33, 4:] *= np.linspace(1.2, 2, 19)[:, None]
    if fault == "turning":
        rows[:, 6], rows[:, 7] = np.sin(rows[:, 0]), np.cos(rows[:, 0])
    lines = [" ".join(map(repr, row)) for row in rows.tolist()]
    if fault == "reflected":
        rows = np.tile(np.eye(3, 4).ravel(), (60, 1)) * np.where(np.arange(12) == 0, -1, 1)
        lines = [" ".join(map(repr, row)) for row in rows.tolist()]
    file = tmp_path / "a.txt"
    file.write_text("\n".join(lines) + "\n")
    for block_bytes in (60, 130, 1 << 20):
        facts = assert_streams_alike(file, "kitti" if fault == "reflected" else "tum", block_bytes)
        assert code in [row["code"] for row in facts["diagnostics"]]


@pytest.mark.parametrize("ending", ["9 1 2", "the end\n", "1e3 0 0 0 0 0 0 1\n# note\n\n"])
def test_what_stands_at_the_end_is_found_alike(ending: str, tmp_path: Path):
    write_path(long_path(), tmp_path / "a.tum")
    with (tmp_path / "a.tum").open("a") as file:
        file.write(ending)
    assert_streams_alike(tmp_path / "a.tum", "tum", 200)


def test_hints_and_tags_of_a_longer_path_rest_on_its_first_poses(tmp_path: Path):
    write_path(long_path(), tmp_path / "a.tum")
    whole = plain(describe(read_path(tmp_path / "a.tum")))
    facts = plain(describe_long(summarise(tmp_path / "a.tum", block_bytes=500, max_head=20)))
    assert (facts["tags"], facts["caption"]) == (None, None)
    assert "first 20 of" in facts["notes"][-1]
    for key in ("frames", "duration_s", "path_length", "rotation_deg"):
        assert facts[key] == whole[key]


def test_sums_and_medians_do_not_depend_on_the_parts(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    poses = path().T_world_cam[rng.integers(0, len(path()), 3000)].copy()
    poses[:, :, 3] = np.cumsum(rng.exponential(size=(3000, 3)) ** 4, 0)
    poses[100:150, :, 3] = poses[100, :, 3]

    def scanned(size: int) -> tuple[float, float, list]:
        travel, motion = Travel(), MotionScan()
        for start in range(0, 3000, size):
            travel.add(poses[start : start + size])
            motion.add(poses[start : start + size])
        return travel.length, travel.rotation, list(motion.findings())

    expected = scanned(3000)
    steps = np.linalg.norm(np.diff(poses[:, :, 3], axis=0), axis=1)
    jumps = np.flatnonzero(steps > 30 * np.median(steps[steps > 0])) + 1
    assert expected[2][0].frames == tuple(jumps.tolist())
    assert expected[0] == pytest.approx(steps.sum(), rel=1e-12)
    assert scanned(7) == expected
    monkeypatch.setattr("kinoeye.formats.motion_scan.IN_MEMORY", 100)  # the rest goes to a file
    assert scanned(64) == expected


@pytest.mark.parametrize("how", [{"frames": 37}, {"frames": 1000}, {"frames": 1}, {"fps": 7.3}, {"fps": 240.0}])
def test_resampled_poses_are_those_in_memory(name: str, how: dict, tmp_path: Path):
    from kinoeye.shot.edits.timing import resample

    write_path(long_path(), tmp_path / "a", format=name)
    warnings = resample_file(tmp_path / "a", tmp_path / "b", **how, format=name, block_bytes=300)
    before, after = read_path(tmp_path / "a", name), read_path(tmp_path / "b", name)
    assumed_fps = None if before.times_s is not None else 24.0
    assert any("24 frames per second" in warning for warning in warnings) == (assumed_fps is not None)
    camera = before.with_size((4, 4)).with_fov(60).to_trajectory(fps=assumed_fps)
    expected = PathTable.from_trajectory(resample(camera, **how))
    np.testing.assert_allclose(after.T_world_cam, expected.T_world_cam, atol=1e-9)
    assert (after.times_s is None) == (before.times_s is None)
    assert (after.unit, after.up) == (before.unit, before.up)


def test_resampled_times_are_even_and_hold_both_ends(tmp_path: Path):
    write_path(long_path(), tmp_path / "a.tum")
    table = read_path(tmp_path / "a.tum")
    assert table.times_s is not None
    for name in ("a.tum", "a.kitti"):
        write_path(long_path(), tmp_path / name)
        resample_file(tmp_path / name, tmp_path / f"b{name}", frames=333, block_bytes=300)
        times = read_path(tmp_path / f"b{name}").times_s
        assert times is not None
        np.testing.assert_allclose(times, np.linspace(table.times_s[0], table.times_s[-1], 333), rtol=0, atol=1e-12)
        assert (times[0], times[-1]) == (table.times_s[0], table.times_s[-1])


def test_a_single_pose_is_held(tmp_path: Path):
    (tmp_path / "a.tum").write_text("5 1 2 3 0 0 0 1\n")
    resample_file(tmp_path / "a.tum", tmp_path / "b.tum", frames=3)
    table = read_path(tmp_path / "b.tum")
    np.testing.assert_allclose(np.array(table.times_s), [5, 5 + 1 / 24, 5 + 2 / 24])
    assert table.matrices[:, :, 3].tolist() == [[1, 2, 3]] * 3


@pytest.mark.parametrize("stride", [1, 3, 1000])
def test_a_stride_keeps_rows_as_they_are(name: str, stride: int, tmp_path: Path):
    write_path(long_path(), tmp_path / "a", format=name)
    resample_file(tmp_path / "a", tmp_path / "b", stride=stride, format=name, block_bytes=300)
    before, after = read_path(tmp_path / "a", name), read_path(tmp_path / "b", name)
    np.testing.assert_allclose(after.matrices, before.matrices[::stride], atol=1e-15)
    if before.times_s is not None:
        np.testing.assert_array_equal(after.times_s, before.times_s[::stride])
    assert after.unit == before.unit


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "either a number of frames"), ({"frames": 3, "fps": 2.0}, "either a number of frames"),
        ({"frames": 0}, "out of range"), ({"fps": 0.0}, "not a rate"), ({"fps": 1e300}, "out of range"),
        ({"stride": 0}, "give a stride of 1 or more"),
    ],
)  # fmt: skip
def test_unusable_requests_are_refused_and_leave_nothing(how: dict, words: str, tmp_path: Path):
    write_path(long_path(), tmp_path / "a.tum")
    with pytest.raises(InputError, match=words):
        resample_file(tmp_path / "a.tum", tmp_path / "b.tum", **how)
    assert [file.name for file in tmp_path.iterdir()] == ["a.tum"]


def test_faulty_paths_and_other_formats_are_refused(tmp_path: Path):
    table = long_path()
    write_path(table, tmp_path / "a.tum")
    with pytest.raises(InputError, match="keeps its format tum"):
        resample_file(tmp_path / "a.tum", tmp_path / "b.kitti", frames=3)
    text = (tmp_path / "a.tum").read_text().splitlines()
    (tmp_path / "a.tum").write_text("\n".join([*text[:9], text[8], *text[9:]]) + "\n")
    with pytest.raises(InputError, match="the same time as the frame before"):
        resample_file(tmp_path / "a.tum", tmp_path / "b.tum", frames=3)
    write_path(table, tmp_path / "a.json")
    with pytest.raises(InputError, match="tum, kitti, euroc, tartanair"):
        list(path_parts(tmp_path / "a.json"))


def test_only_long_files_of_rows_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_path(long_path(), tmp_path / "a.tum")
    write_path(long_path(), tmp_path / "a.json")
    assert not is_streamed(tmp_path / "a.tum")
    monkeypatch.setattr(streaming, "STREAM_BYTES", 1000)
    assert is_streamed(tmp_path / "a.tum")
    assert not is_streamed(tmp_path / "a.json")
    assert not is_streamed(tmp_path)
    assert not is_streamed(tmp_path / "none")
    assert not is_streamed("wan:pan-left")


def test_inspect_streams_long_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    from kinoeye.cli import main

    write_path(long_path(), tmp_path / "a.tum")
    assert main(["inspect", str(tmp_path / "a.tum"), "--json"]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr(streaming, "STREAM_BYTES", 1000)
    monkeypatch.setattr("kinoeye.formats.path_table.PathTable.diagnose", None)  # a path in memory would need it
    assert main(["inspect", str(tmp_path / "a.tum"), "--json"]) == 0
    assert capsys.readouterr().out == whole
    monkeypatch.setattr(streaming, "MAX_HEAD", 5)
    assert main(["inspect", str(tmp_path / "a.tum")]) == 0
    assert "degrees turned" in capsys.readouterr().out


def long_rows(count: int) -> Iterator[str]:
    for start in range(0, count, 100_000):
        t = np.arange(start, min(start + 100_000, count)) / 200
        half = 0.1 * np.sin(t) / 2
        rows = np.stack([t, t, np.sin(t), t * 0, t * 0, np.sin(half), t * 0, np.cos(half)], -1)
        yield "".join("%.4f %.6f %.6f %.6f %.6f %.9f %.6f %.9f\n" % tuple(row) for row in rows.tolist())  # noqa: UP031


@pytest.mark.slow
def test_two_million_rows_need_no_more_memory_than_two_hundred_thousand(tmp_path: Path):
    script = (
        "import resource, sys; from pathlib import Path; from kinoeye.cli import main; "
        "from kinoeye.formats.paths import streaming; streaming.STREAM_BYTES = 0; "
        "main(['inspect', sys.argv[1], '--json']); "
        "streaming.resample_file(sys.argv[1], sys.argv[1] + '.out', stride=10); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for count in (200_000, 2_000_000):
        file = tmp_path / f"{count}.tum"
        with file.open("w") as out:
            out.writelines(long_rows(count))
        done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True)
        facts, peak = done.stdout.rsplit("\n", 2)[0], int(done.stdout.split()[-1])
        assert json.loads(facts)["frames"] == count
        assert len(read_path(Path(f"{file}.out"), "tum")) == count // 10
        peaks.append(peak * (1 if sys.platform == "darwin" else 1024))
    assert peaks[1] < peaks[0] + 40e6


def test_a_part_is_a_table_of_its_own(tmp_path: Path):
    write_path(long_path(), tmp_path / "a.kitti")
    parts = list(path_parts(tmp_path / "a.kitti", block_bytes=500))
    whole = read_path(tmp_path / "a.kitti")
    assert len(parts) > 5
    assert len(parts[-1]) == 0
    np.testing.assert_array_equal(np.concatenate([part.matrices for part in parts]), whole.matrices)
    np.testing.assert_array_equal(np.concatenate([np.array(part.times_s) for part in parts]), whole.times_s)
    assert all(replace(part, matrices=whole.matrices[:0], times_s=None).notes == whole.notes for part in parts)
