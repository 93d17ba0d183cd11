"""Planted errors come back under the right name, in the right unit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.evaluation import (
    PROTOCOLS,
    PoseScore,
    Settings,
    associate_by_index,
    associate_by_time,
    compare,
    score_poses,
    statistics,
)
from kinoeye.geometry import SE3, SO3, Track


def arc(count: int = 40) -> Track:
    """A metric path that turns and moves on all axes, two units long or so, beginning away from the identity."""
    s = torch.linspace(0, 1, count, dtype=torch.float64)
    origin = torch.stack([2 * s, torch.sin(2 * s), 0.5 * s * s + 1], dim=-1)
    rotation = SO3.exp(torch.stack([0.3 + 0.2 * s, s, -0.4 * s], dim=-1))
    return Track(SE3.from_parts(rotation, origin), 10 + s)


def turned(track: Track, rotvec: list[float]) -> Track:
    """Every pose but the first turned about the axes of the world."""
    turn = SO3.exp(torch.tensor(rotvec, dtype=torch.float64).expand(len(track), 3))
    pose = SE3.from_parts(turn @ track.T_world_body.rotation, track.T_world_body.translation)
    kept = torch.cat([track.T_world_body.wxyz_xyz[:1], pose.wxyz_xyz[1:]])
    return replace(track, T_world_body=SE3(kept))


def other_world(scale: float) -> tuple[SE3, float]:
    T = SE3.exp(torch.tensor([3.0, -1.0, 2.0, 0.9, -2.0, 0.4], dtype=torch.float64))
    return T, scale


@pytest.mark.parametrize("align", ["none", "first", "se3", "sim3", "scale"])
def test_a_track_has_no_error_against_itself(align):
    score = score_poses(arc(), arc(), align=align)
    for name, metric in score.metrics.items():
        best = 0 if metric.better == "lower" else 1
        assert metric.value == pytest.approx(best, abs=2e-6), name


@pytest.mark.parametrize(("align", "scale"), [("first", 1.0), ("se3", 1.0), ("sim3", 2.5), ("scale", 2.5)])
def test_alignment_removes_what_it_is_named_for(align, scale):
    T, scale = other_world(scale)
    moved = arc().moved_by(T).scaled_by(1 / scale)
    score = score_poses(arc(), moved, align=align)
    assert score.scale == pytest.approx(scale)
    assert score.metrics["ate_translation"].statistics.max == pytest.approx(0, abs=1e-9)
    assert score.metrics["ape_rotation_deg"].statistics.max == pytest.approx(0, abs=1e-5)
    assert score_poses(arc(), moved, align="none").metrics["ate_translation"].statistics.mean > 1


def test_rotation_errors_are_degrees_since_the_first_pose_in_any_world():
    T, _ = other_world(1)
    estimate = turned(arc(), [0.0, math.radians(3), 0.0]).moved_by(T)
    metrics = score_poses(arc(), estimate, align="none").metrics
    assert metrics["rotation_deg"].values[0] == pytest.approx(0, abs=1e-6)
    assert metrics["rotation_deg"].values[1:] == pytest.approx([3.0] * 39)
    assert metrics["final_rotation_deg"].values == pytest.approx([3.0])
    assert metrics["rotation_deg"].unit == metrics["final_rotation_deg"].unit == "deg"
    # The error appears in one step and stays: relative errors see it once.
    assert metrics["rpe_rotation_deg"].values[0] == pytest.approx(3.0)
    assert metrics["rpe_rotation_deg"].values[1:] == pytest.approx([0.0] * 38, abs=1e-5)


def test_translation_errors_are_lengths_percents_and_directions():
    reference = Track(
        SE3.from_parts(SO3.identity(3), torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]], dtype=torch.float64)),
        torch.arange(3.0, dtype=torch.float64),
    )
    sideways = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0.2, 0]], dtype=torch.float64)
    metrics = score_poses(reference, replace(reference, T_world_body=SE3.from_parts(SO3.identity(3), sideways))).metrics
    assert metrics["ate_translation"].values == pytest.approx([0, 0, 0.2])
    assert metrics["ate_translation"].unit == "m"
    assert metrics["translation_percent"].values == pytest.approx([0, 0, 10.0])
    assert metrics["translation_percent"].unit == "%"
    assert math.isnan(metrics["translation_direction_deg"].values[0])
    assert metrics["translation_direction_deg"].values[1:] == pytest.approx([0, math.degrees(math.atan(0.1))])
    assert math.isnan(metrics["displacement_percent"].values[0])
    assert metrics["displacement_percent"].values[1:] == pytest.approx([0, 10.0])
    assert metrics["rpe_translation"].values == pytest.approx([0, 0.2])


def test_an_estimate_that_stands_still_has_the_worst_direction():
    still = replace(arc(), T_world_body=SE3(arc().T_world_body.wxyz_xyz[:1].expand(40, 7)))
    values = np.array(score_poses(arc(), still).metrics["translation_direction_deg"].values)
    assert np.nanmin(values) == np.nanmax(values) == 180.0


def test_only_poses_that_moved_far_enough_have_a_direction():
    near = arc().T_world_body.translation - arc().T_world_body.translation[0]
    expected = (near.norm(dim=-1) > 0.5).tolist()
    score = score_poses(arc(), arc(), settings=Settings(min_displacement=0.5))
    defined = [not math.isnan(v) for v in score.metrics["translation_direction_deg"].values]
    assert defined == expected
    assert 0 < sum(expected) < 40


def test_relative_errors_over_a_longer_step_see_the_whole_step():
    # A constant drift of 1 cm a frame along the camera's own x axis.
    drift = torch.zeros(40, 3, dtype=torch.float64)
    drift[:, 0] = 0.01 * torch.arange(40)
    straight = Track(SE3.from_parts(SO3.identity(40), torch.zeros(40, 3, dtype=torch.float64)), arc().times_s)
    moving = replace(straight, T_world_body=SE3.from_parts(SO3.identity(40), drift))
    score = score_poses(straight, moving, settings=Settings(delta=5))
    assert score.metrics["rpe_translation"].values == pytest.approx([0.05] * 35)


def test_arbitrary_scale_is_fitted_unless_asked_otherwise_and_then_it_is_noted():
    estimate = arc().scaled_by(0.2, unit="arbitrary")
    fitted = score_poses(arc(), estimate)
    assert (fitted.align, fitted.scale) == ("scale", pytest.approx(5.0))
    assert score_poses(arc(), estimate, align="first").notes
    assert score_poses(arc(), arc()).align == "first"
    still = replace(estimate, T_world_body=SE3(estimate.T_world_body.wxyz_xyz[:1].expand(40, 7)))
    assert score_poses(arc(), still).align == "first"  # a path without length has no scale to fit


def test_association_by_time_drops_what_is_too_far_and_keeps_the_nearest():
    reference = arc()
    shifted = Track(reference.T_world_body[::2], reference.times_s[::2] + 0.004)
    paired, ours = associate_by_time(reference, shifted, max_difference_s=0.005)
    assert len(paired) == 20
    assert torch.equal(paired.T_world_body.wxyz_xyz, ours.T_world_body.wxyz_xyz)
    swapped_ours, swapped = associate_by_time(shifted, reference, max_difference_s=0.005)
    assert torch.equal(swapped.T_world_body.wxyz_xyz, swapped_ours.T_world_body.wxyz_xyz)
    with pytest.raises(InputError, match="--by index pairs them"):
        associate_by_time(reference, shifted, max_difference_s=0.003)


def test_association_by_index_needs_equal_counts():
    with pytest.raises(InputError, match="40 poses and the estimate 20"):
        associate_by_index(arc(), Track(arc().T_world_body[::2], arc().times_s[::2]))


@pytest.mark.parametrize("poses", [1, 0])
def test_too_few_poses_are_one_clear_error(poses):
    short = Track(arc().T_world_body[:1], arc().times_s[:1] + (0 if poses else 1000))
    with pytest.raises(InputError):
        score_poses(arc(), short)


def test_statistics_leave_out_what_is_unknown():
    known = statistics([3.0, 4.0, float("nan")])
    assert (known.sse, known.rmse, known.mean, known.std) == pytest.approx((25, math.sqrt(12.5), 3.5, 0.5))
    assert math.isnan(statistics([float("nan")]).rmse)


def test_a_score_reads_back_as_it_was_written(tmp_path):
    score = score_poses(arc(), turned(arc(), [0.01, 0.02, 0.0]))
    score.save(tmp_path / "score.json")
    again = PoseScore.load(tmp_path / "score.json")
    assert repr(again) == repr(score)  # equality would fail on NaN
    (tmp_path / "score.json").write_text("{}")
    with pytest.raises(InputError, match=r"score\.json"):
        PoseScore.load(tmp_path / "score.json")


def test_scores_are_compared_only_when_they_are_comparable():
    good, bad = score_poses(arc(), arc()), score_poses(arc(), turned(arc(), [0.1, 0, 0]))
    table = compare({"good": good, "bad": bad}, statistic="mean")
    assert set(table) == set(PROTOCOLS)
    assert compare({"good": good, "bad": bad})["cami2v_roterr"] == {
        "good": good.numbers["cami2v_roterr"],
        "bad": bad.numbers["cami2v_roterr"],
    }
    assert table["rotation_deg"]["bad"] > 5 > table["rotation_deg"]["good"]
    with pytest.raises(InputError, match="different alignments"):
        compare({"good": good, "bad": score_poses(arc(), arc(), align="se3")})
    with pytest.raises(InputError, match="known: rmse"):
        compare({"good": good}, statistic="mode")


def test_every_protocol_states_its_formula():
    assert all(len(protocol.description) > 20 for protocol in PROTOCOLS.values())
