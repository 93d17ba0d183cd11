"""What each protocol claims: its formula, what cannot change it, and what a failure counts as."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.evaluation import PROTOCOLS, Settings, score_poses
from kinoeye.geometry import SE3, SO3, Track

COUNT = 14


def wander(seed: int, *, noise: float = 0.0) -> Track:
    """A path that turns and moves on all axes; `noise` radians and tenths of a unit make an estimate of it."""
    rng = np.random.default_rng(seed)
    k = np.linspace(0, 1, COUNT)[:, None]
    rotvec = np.sin(3 * k + rng.normal(size=3)) * [0.4, 0.9, 0.3]
    origin = np.cumsum(rng.normal(size=(COUNT, 3)) * 0.1 + 0.2, 0)
    shaken = np.random.default_rng(seed + 1).normal(size=(2, COUNT, 3))
    rotation = SO3.exp(torch.from_numpy(rotvec)) @ SO3.exp(torch.from_numpy(noise * shaken[0]))
    return Track(SE3.from_parts(rotation, torch.from_numpy(origin + noise * shaken[1] / 10)), torch.from_numpy(k[:, 0]))


def numbers(reference: Track, estimate: Track, **options) -> dict[str, float]:
    return score_poses(reference, estimate, align="none", by="index", **options).numbers


seeds = st.integers(0, 10_000)
lengths = st.floats(0.5, 3.0)


@st.composite
def moves(draw) -> dict[str, Track]:
    """Changes of the estimate's world, none of them small."""
    axis = np.random.default_rng(draw(seeds)).normal(size=(2, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    shift, turn = torch.from_numpy(axis[0] * draw(lengths)), torch.from_numpy(axis[1] * draw(st.floats(0.4, 2.5)))
    scale = draw(st.sampled_from([0.2, 0.6, 1.7, 5.0]))
    return {
        "shift": lambda track: track.moved_by(SE3.from_parts(SO3.identity(), shift)),
        "rigid": lambda track: track.moved_by(SE3.from_parts(SO3.exp(turn), shift)),
        "scale": lambda track: track.scaled_by(scale),
    }


@given(seeds, moves())
def test_a_change_of_the_estimates_world_changes_exactly_the_protocols_that_do_not_claim_invariance(seed, change):
    reference, estimate = wander(seed), wander(seed, noise=0.05)
    before = numbers(reference, estimate)
    for kind, apply in change.items():
        after = numbers(reference, apply(estimate))
        for name, protocol in PROTOCOLS.items():
            same = after[name] == pytest.approx(before[name], rel=1e-6, abs=1e-7)
            assert same == (kind in protocol.invariant_to), (name, kind, before[name], after[name])


@given(seeds)
def test_no_protocol_depends_on_the_references_world_when_both_move_together(seed):
    T = SE3.exp(torch.tensor([3.0, -1.0, 2.0, 0.9, -2.0, 0.4], dtype=torch.float64))
    reference, estimate = wander(seed), wander(seed, noise=0.05)
    before, after = numbers(reference, estimate), numbers(reference.moved_by(T), estimate.moved_by(T))
    assert after == pytest.approx(before, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("align", ["first", "se3", "sim3", "scale"])
def test_protocols_with_their_own_alignment_ignore_the_one_that_is_asked_for(align):
    reference, estimate = wander(1), wander(1, noise=0.05).scaled_by(0.5)
    plain = numbers(reference, estimate)
    aligned = score_poses(reference, estimate, align=align, by="index").numbers
    for name, protocol in PROTOCOLS.items():
        if protocol.alignment != "as asked":
            assert aligned[name] == pytest.approx(plain[name], rel=1e-9), name
    assert aligned["ate_translation"] != pytest.approx(plain["ate_translation"], rel=1e-3)


@pytest.mark.parametrize("missing", [1, 5, COUNT - 3])
def test_every_failure_makes_every_number_worse_and_none_better(missing):
    reference, estimate = wander(2), wander(2, noise=0.01)
    part = Track(estimate.T_world_body[:-missing], estimate.times_s[:-missing])
    whole = score_poses(reference, estimate, align="none", by="index")
    broken = score_poses(reference, part, align="none", by="index", missing="fail")
    assert (broken.pairs, broken.failed) == (COUNT - missing, missing)
    for name, protocol in PROTOCOLS.items():
        before, after = whole.metrics[name].value, broken.metrics[name].value
        if protocol.aggregate == "median" and missing < COUNT / 2:
            continue  # a median does not see failures that are few; their number stands beside it
        assert after > before if protocol.better == "lower" else after < before, (name, before, after)
        assert broken.metrics[name].failed == missing
        # Statistics over the rest stay finite: they say how good the poses are that were found.
        assert math.isfinite(broken.metrics[name].statistics.mean), name


@given(seeds)
def test_no_error_is_above_the_protocols_worst_value(seed):
    reference, unrelated = wander(seed), wander(seed + 7, noise=3.0)
    for name, metric in score_poses(reference, unrelated, align="none", by="index").metrics.items():
        if metric.worst is not None and metric.better == "lower":
            assert metric.statistics.max <= metric.worst + 1e-9, name
        elif metric.better == "higher":
            assert 0 <= metric.value <= 1


def matrices(track: Track) -> np.ndarray:
    return track.T_world_body.as_matrix().numpy()


def angle(R: np.ndarray) -> float:
    return math.acos(max(-1.0, min(1.0, (np.trace(R) - 1) / 2)))


def since_first(track: Track) -> np.ndarray:
    T = matrices(track)
    return np.linalg.inv(T[0]) @ T


def test_camera_control_sums_are_what_their_papers_print():
    reference, estimate = wander(3), wander(3, noise=0.05).scaled_by(0.4)
    found = numbers(reference, estimate)
    true, ours = since_first(reference), since_first(estimate)
    rotation = sum(angle(b[:3, :3] @ a[:3, :3].T) for a, b in zip(true, ours, strict=True))
    for paper in ("cameractrl", "cami2v", "recammaster"):
        assert found[f"{paper}_roterr"] == pytest.approx(rotation)
    t, u = true[:, :3, 3], ours[:, :3, 3]
    by_first = u * np.linalg.norm(t[1]) / np.linalg.norm(u[1])
    sums = [np.linalg.norm(a - b) for a, b in zip(t, by_first, strict=True)]
    assert found["cameractrl_transerr"] == found["recammaster_transerr"] == pytest.approx(sum(sums))
    squares = score_poses(reference, estimate, by="index").metrics["cameractrl_transerr"].statistics.sse
    assert squares == pytest.approx(sum(s * s for s in sums))  # the printed equation squares; the text does not
    longest = [max(np.linalg.norm(x, axis=1)) for x in (t, u)]
    for kind, scale in (("relative", longest[1]), ("absolute", longest[0])):
        rows = [np.concatenate([a[:, :3, :3], a[:, :3, 3:] / s], -1) for a, s in ((true, longest[0]), (ours, scale))]
        difference = rows[1] - rows[0]
        error = np.linalg.norm(difference[:, :, 3], axis=1).sum()
        assert found[f"cami2v_transerr_{kind}"] == pytest.approx(error)
        motion = np.linalg.norm(difference.reshape(COUNT, 12), axis=1).sum()
        assert found[f"cami2v_cammc_{kind}"] == pytest.approx(motion)


def test_das_takes_the_angle_of_the_mean_inner_product_of_quaternions_and_directions():
    reference, estimate = wander(4), wander(4, noise=0.1)
    found = numbers(reference, estimate)
    q, p = ((track.T_world_body[:1].inverse() @ track.T_world_body) for track in (reference, estimate))
    products = (q.rotation.wxyz * p.rotation.wxyz).sum(-1).abs()[1:]
    assert found["das_roterr"] == pytest.approx(math.degrees(math.acos(products.mean())))
    directions = [x.translation[1:] / x.translation[1:].norm(dim=-1, keepdim=True) for x in (q, p)]
    assert found["das_transerr"] == pytest.approx(
        math.degrees(math.acos((directions[0] * directions[1]).sum(-1).mean()))
    )


def test_a_constant_turn_is_half_its_angle_for_das_because_its_equation_multiplies_quaternions():
    reference = wander(5)
    turn = SO3.exp(torch.tensor([[0.0, 0.0, 0.0]] + [[0.0, 0.2, 0.0]] * (COUNT - 1), dtype=torch.float64))
    turned = SE3.from_parts(reference.T_world_body.rotation @ turn, reference.T_world_body.translation)
    found = numbers(reference, replace(reference, T_world_body=turned))
    assert found["das_roterr"] == pytest.approx(math.degrees(0.1))
    assert found["rotation_deg"] == pytest.approx(math.degrees(0.2) * (COUNT - 1) / COUNT)


@given(seeds, st.sampled_from([0.02, 0.2, 0.6]))
def test_accuracies_over_pairs_equal_a_loop_over_all_pairs(seed, noise):
    reference, estimate = wander(seed), wander(seed, noise=noise)
    found = numbers(reference, estimate)
    true, ours = matrices(reference), matrices(estimate)
    rotation, translation = [], []
    for i in range(COUNT):
        for j in range(i + 1, COUNT):
            a, b = (np.linalg.inv(T[i]) @ T[j] for T in (true, ours))
            rotation.append(math.degrees(angle(a[:3, :3].T @ b[:3, :3])))
            cosine = a[:3, 3] @ b[:3, 3] / np.linalg.norm(a[:3, 3]) / np.linalg.norm(b[:3, 3])
            translation.append(math.degrees(math.acos(min(1.0, abs(cosine)))))
    worst = np.maximum(rotation, translation)
    for degrees in (3, 5, 15, 30):
        assert found[f"rra_{degrees}"] == pytest.approx(np.mean(np.array(rotation) < degrees))
        assert found[f"rta_{degrees}"] == pytest.approx(np.mean(np.array(translation) < degrees))
        histogram, _ = np.histogram(worst, bins=np.arange(degrees + 1))
        assert found[f"auc_{degrees}"] == pytest.approx(np.mean(np.cumsum(histogram)) / len(worst))
    assert found["gen3r_auc_30"] == found["auc_30"]


def test_accuracies_over_pairs_do_not_depend_on_how_many_fit_in_memory(monkeypatch):
    from kinoeye.evaluation import pair_counts

    expected = numbers(wander(6), wander(6, noise=0.2), protocols=["rra_5", "rta_15", "auc_30"])
    monkeypatch.setattr(pair_counts, "_ROWS", 3)
    assert numbers(wander(6), wander(6, noise=0.2), protocols=["rra_5", "rta_15", "auc_30"]) == expected


def test_a_missing_pose_fails_in_each_of_its_pairs():
    reference = wander(7)
    part = Track(reference.T_world_body[: COUNT - 4], reference.times_s[: COUNT - 4])
    found = numbers(reference, part, missing="fail")
    kept = (COUNT - 4) * (COUNT - 5) / (COUNT * (COUNT - 1))
    assert [found[name] for name in ("rra_3", "rta_3", "auc_3")] == pytest.approx([kept] * 3)


def still(track: Track) -> Track:
    return replace(track, T_world_body=SE3(track.T_world_body.wxyz_xyz[:1].expand(len(track), 7)))


def test_an_estimate_that_rests_is_the_worst_where_direction_or_scale_is_judged():
    score = score_poses(wander(8), still(wander(8)), align="none", by="index")
    assert score.numbers["das_transerr"] == pytest.approx(180)
    assert score.numbers["rta_30"] == 0
    assert math.isinf(score.numbers["cameractrl_transerr"])
    assert score.metrics["cameractrl_transerr"].failed == COUNT
    # Its displacements are all zero: each misses the reference's by that one's share of the longest.
    assert score.numbers["cami2v_transerr_relative"] == score.numbers["cami2v_transerr_absolute"]


def test_a_reference_that_rests_has_no_direction_and_no_scale():
    rest = still(wander(9))
    found = numbers(rest, rest)
    undefined = {name for name, value in found.items() if math.isnan(value)}
    assert undefined == {
        "rpe_point_distance_percent",
        "translation_percent",
        "displacement_percent",
        "translation_direction_deg",
        *(f"rta_{degrees}" for degrees in (3, 5, 15, 30)),
        "cameractrl_transerr",
        "recammaster_transerr",
        "cami2v_transerr_absolute",
        "cami2v_cammc_absolute",
        "das_transerr",
    }
    assert found["auc_30"] == 1  # pairs at rest are judged by their rotation


def test_a_path_travelled_backwards_has_the_line_but_not_the_direction():
    reference = wander(10)
    origin = reference.T_world_body.translation
    mirrored = SE3.from_parts(reference.T_world_body.rotation, 2 * origin[:1] - origin)
    found = numbers(reference, replace(reference, T_world_body=mirrored))
    assert found["rta_3"] == 1  # as published: an essential matrix does not know the sign
    assert [found["translation_direction_deg"], found["das_transerr"]] == pytest.approx([180, 180])


def test_only_the_chosen_protocols_are_computed_and_an_unknown_one_is_named():
    score = score_poses(wander(11), wander(11), protocols=["auc_30", "ate_translation", "auc_30"])
    assert list(score.metrics) == ["auc_30", "ate_translation"]
    with pytest.raises(InputError, match="did you mean 'auc_30'"):
        score_poses(wander(11), wander(11), protocols=["auc30"])


@pytest.mark.parametrize("settings", [{"delta": 0}, {"delta": 1.5}, {"delta": -1, "delta_unit": "length"}])
def test_a_delta_that_is_none_is_refused(settings):
    with pytest.raises(ValueError, match="delta"):
        Settings(**settings)


def test_the_page_of_protocols_states_every_protocol_as_the_code_has_it():
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text()
    rows = {line.split("`")[1]: line.split("|") for line in page.splitlines() if line.startswith("| `")}
    assert set(rows) == set(PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        cells = [cell.strip() for cell in rows[name]]
        number = "one a path" if protocol.per == "path" else protocol.aggregate
        blind = ", ".join(sorted(protocol.invariant_to)) or "nothing"
        worst = "none" if math.isinf(protocol.worst) else f"{protocol.worst:.4g}"
        assert cells[3:9] == [protocol.unit, number, protocol.better, protocol.alignment, blind, worst], name
