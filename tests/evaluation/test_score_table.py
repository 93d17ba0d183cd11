"""Many paths at once: matched by name, failures counted, means with intervals that repeat."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.evaluation import (
    PROTOCOLS,
    PoseScore,
    ScoreTable,
    associate,
    associate_by_time,
    compare,
    load_score,
    match_folders,
    score_files,
    score_many,
    score_poses,
    tabulate,
)
from kinoeye.evaluation.resampling import mean_interval
from kinoeye.formats.paths import write_path
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory


def path(*, count: int = 20, turn: float = 0.0) -> Track:
    """A metric path; `turn` radians about z are added to every pose but the first."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    extra = torch.full((count,), turn, dtype=torch.float64)
    extra[0] = 0
    rotation = SO3.exp(torch.stack([0 * s, 0.5 * s, extra], dim=-1))
    return Track(SE3.from_parts(rotation, torch.stack([s, 0.3 * s * s, 0.1 * s], dim=-1)), s)


def some(track: Track, index: slice | list[int]) -> Track:
    return replace(track, T_world_body=track.T_world_body[index], times_s=track.times_s[index])


def write(folder: Path, name: str, track: Track) -> Path:
    write_path(Trajectory(track, Intrinsics.from_fov(1.0, (64, 64))), folder / name)
    return folder / name


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Four references; two good estimates, one damaged, one missing, one nobody asked for; and a page of text."""
    references, estimates = tmp_path / "truth", tmp_path / "found"
    for name in ("a", "b", "c", "d"):
        write(references, f"{name}.json", path())
    (references / "readme.md").write_text("These are cameras.\n")
    write(estimates, "a.json", path(turn=0.02))
    write(estimates, "b.tum", path(turn=0.04))
    (estimates / "c.json").write_text("{")
    write(estimates, "x.json", path())
    return references, estimates


def test_folders_are_matched_by_stem_and_failures_are_rows_that_count(folders):
    files, notes = match_folders(*folders)
    assert list(files) == ["a", "b", "c", "d"]
    assert files["d"][1] is None
    table = score_many(files, notes=notes, resamples=500)
    assert table.failures == 2
    assert [row.failure is not None for row in table.rows] == [False, False, True, True]
    assert any("readme.md" in note for note in table.notes)
    assert any("x.json" in note for note in table.notes)
    rotation = table.summary["rotation_deg"]
    good = [row.numbers["rotation_deg"] for row in table.rows[:2]]
    assert rotation.mean == pytest.approx((sum(good) + 2 * 180) / 4)
    assert table.summary["auc_30"].mean == pytest.approx(
        sum(row.numbers["auc_30"] for row in table.rows[:2]) / 4
    )  # fmt: skip
    assert (rotation.failed, rotation.mean_of_rest) == (2, pytest.approx(sum(good) / 2))
    lengths = table.summary["ate_translation"]
    assert (lengths.mean, lengths.failed, lengths.paths) == (None, 2, 4)
    assert math.isinf(table.numbers["ate_translation"])
    assert lengths.mean_of_rest == pytest.approx(0, abs=1e-9)
    # A failed path fails in each of its twenty frames.
    assert table.rows[2].numbers["cami2v_roterr"] == pytest.approx(20 * math.pi)
    assert table.rows[2].failed == table.rows[2].asked == 20


def test_a_faulty_reference_stops_the_table_because_nothing_can_be_judged_by_it(folders):
    references, estimates = folders
    text = (references / "a.json").read_text()
    (references / "a.json").write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match=r"a\.json"):
        score_many({"a": (references / "a.json", estimates / "a.json")})


def test_two_files_of_one_stem_are_not_guessed_between(folders):
    references, estimates = folders
    write(estimates, "a.tum", path())
    with pytest.raises(InputError, match=r"both a\.json and a\.tum"):
        match_folders(references, estimates)


def test_a_table_reads_back_as_it_was_written_and_is_told_from_a_score(tmp_path):
    scores = {name: score_poses(path(), path(turn=turn)) for name, turn in (("a", 0.1), ("b", 0.2))}
    table = tabulate({**scores, "c": Failure("no features")}, asked={"c": 20}, resamples=200, seed=3)
    table.save(tmp_path / "table.json")
    scores["a"].save(tmp_path / "score.json")
    assert repr(ScoreTable.load(tmp_path / "table.json")) == repr(table)  # equality would fail on NaN
    assert isinstance(load_score(tmp_path / "table.json"), ScoreTable)
    assert isinstance(load_score(tmp_path / "score.json"), PoseScore)
    side_by_side = compare({"now": table, "then": load_score(tmp_path / "table.json")})
    assert side_by_side["rotation_deg"]["now"] == side_by_side["rotation_deg"]["then"]
    with pytest.raises(InputError, match="cannot be compared with each other"):
        compare({"table": table, "score": scores["a"]})


def test_a_score_with_failures_has_an_infinite_number_that_survives_saving(tmp_path):
    score = score_poses(path(), some(path(), slice(0, 15)), missing="fail")
    score.save(tmp_path / "score.json")
    again = PoseScore.load(tmp_path / "score.json")
    assert math.isinf(again.numbers["ate_translation"])
    assert again.metrics["ate_translation"].failed == 5
    assert again.metrics["ate_translation"].statistics.max == pytest.approx(0, abs=1e-9)


def test_lengths_in_different_units_have_no_mean():
    metric, arbitrary = path(), path().scaled_by(1.0, unit="arbitrary")
    scores = {"m": score_poses(metric, metric), "a": score_poses(arbitrary, arbitrary)}
    with pytest.raises(InputError, match="'arbitrary' and 'm'"):
        tabulate(scores)
    with pytest.raises(InputError, match="no scores"):
        tabulate({})


def test_an_undefined_number_is_left_out_and_counted(tmp_path):
    still = replace(path(), T_world_body=SE3(path().T_world_body.wxyz_xyz[:1].expand(20, 7)))
    table = tabulate({"moves": score_poses(path(), path()), "rests": score_poses(still, still)}, resamples=100)
    assert table.summary["das_transerr"].paths == 1
    assert table.summary["das_transerr"].mean == pytest.approx(0, abs=1e-6)
    assert table.summary["rotation_deg"].paths == 2


def test_intervals_hold_the_mean_repeat_with_the_seed_and_shrink_with_more_paths():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    few, many = mean_interval(values[:25], seed=1), mean_interval(values, seed=1)
    assert few == mean_interval(values[:25], seed=1) != mean_interval(values[:25], seed=2)
    assert few[0] < values[:25].mean() < few[1]
    # The normal approximation, which the bootstrap meets for so many values.
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert many == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)
    assert all(map(math.isnan, mean_interval([1.0])))


def test_intervals_do_not_depend_on_how_much_fits_in_memory(monkeypatch):
    from kinoeye.evaluation import resampling

    expected = mean_interval(np.arange(10.0), resamples=1000)
    monkeypatch.setattr(resampling, "_AT_ONCE", 70)
    assert mean_interval(np.arange(10.0), resamples=1000) == expected


def test_a_dense_reference_is_skipped_and_a_lost_frame_is_a_failure():
    dense = path(count=200)
    sparse = some(dense, slice(0, None, 8))
    skipped = associate(dense, sparse)
    assert (len(skipped.estimate), int((~skipped.found).sum())) == (25, 0)
    assert "are skipped" in skipped.note
    assert int((~associate(dense, sparse, missing="fail").found).sum()) == 175
    lost = associate(path(), some(path(), [0, 1, 2, *range(7, 20)]))
    assert np.flatnonzero(~lost.found).tolist() == [3, 4, 5, 6]
    assert "count as failures" in lost.note
    assert associate(path(), some(path(), [0, 1, *range(7, 20)]), missing="skip").found.all()


def test_by_index_missing_poses_are_the_last_ones_and_only_on_request():
    part = some(path(), slice(0, 12))
    with pytest.raises(InputError, match="--missing fail, which counts the others"):
        associate(path(), part, by="index")
    paired = associate(path(), part, by="index", missing="fail")
    assert (len(paired.reference), paired.found.tolist()) == (12, [True] * 12 + [False] * 8)
    with pytest.raises(InputError, match="--by time, if both"):
        associate(part, path(), by="index", missing="fail")


def test_one_pose_of_the_reference_has_one_estimate():
    reference = Track(SE3.identity(3), torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64))
    crowd = Track(SE3.identity(3), torch.tensor([0.99, 1.001, 1.01], dtype=torch.float64))
    paired = associate(reference, crowd, max_difference_s=0.02, missing="fail")
    assert paired.estimate.times_s.tolist() == [1.001]
    assert paired.found.tolist() == [False, True, False]


def test_files_without_times_are_paired_by_index_and_options_reach_the_score(tmp_path):
    from kinoeye.formats import PathTable
    from kinoeye.geometry.convention import OPENCV

    table = PathTable(matrices=path().T_world_body.as_matrix()[:, :3].numpy(), convention=OPENCV, times_s=None)
    write_path(table, tmp_path / "kitti.txt", "kitti")
    timed = write(tmp_path, "timed.json", path())
    score = score_files(timed, tmp_path / "kitti.txt", align="sim3", protocols=["auc_30", "ate_translation"])
    assert (score.by, score.align, list(score.metrics)) == ("index", "sim3", ["auc_30", "ate_translation"])
    assert score.numbers["ate_translation"] == pytest.approx(0, abs=1e-9)


def test_a_path_of_nothing_is_the_worst_under_every_protocol():
    good = score_poses(path(), path(turn=0.05))
    failed = tabulate({"failed": Failure("none")}, asked={"failed": 20}, resamples=10)
    for name, protocol in PROTOCOLS.items():
        worst, found = failed.numbers[name], good.numbers[name]
        assert worst > found if protocol.better == "lower" else worst < found, name


@pytest.mark.parametrize("jitter", [0.0, 0.004, 0.02, 0.04])
def test_paths_in_step_are_paired_as_a_search_would(jitter):
    rng = np.random.default_rng(0)
    reference = path()
    times = torch.sort(reference.times_s + torch.from_numpy(rng.uniform(-jitter, jitter, 20))).values
    estimate = replace(path(turn=0.1), times_s=times)
    searched = associate_by_time(reference, estimate, max_difference_s=0.05)
    paired = associate(reference, estimate, max_difference_s=0.05, missing="skip")
    assert torch.equal(paired.reference.T_world_body.wxyz_xyz, searched[0].T_world_body.wxyz_xyz)
    assert torch.equal(paired.estimate.T_world_body.wxyz_xyz, searched[1].T_world_body.wxyz_xyz)
    assert torch.equal(paired.reference.times_s, searched[0].times_s)
